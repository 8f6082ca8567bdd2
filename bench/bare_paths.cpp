#include "bench/bare_paths.hpp"

#include <cstring>
#include <span>

#include "engine/log/log_reader.hpp"

namespace millrace::bench {

namespace {

constexpr std::size_t buffer_bytes = std::size_t{256} << 10;

engine::append_result append(engine::log_writer& log, std::span<const std::byte> bytes) {
    engine::append_result result = log.try_append(1, bytes);
    while (result.status == engine::append_status::back_pressured) {
        result = log.try_append(1, bytes);  // its next segment is about to be there
    }
    fail_if_not(result.status == engine::append_status::ok, "an append was refused");
    return result;
}

engine::append_result append(engine::log_writer& log, std::string_view bytes) {
    return append(log, std::as_bytes(std::span(bytes)));
}

}  // namespace

bare_tcp_path::bare_tcp_path(std::uint16_t port, std::size_t place)
    : order_path("bare_tcp", place), socket_(connect_to_loopback(port)), reader_(buffer_bytes) {}

void bare_tcp_path::send(std::uint64_t number) {
    send_all(socket_, order_.patch({number, number}, engine::utc_now().ns));
}

void bare_tcp_path::poll() {
    const frame_reader::state state = reader_.receive(socket_);
    fail_if_not(state != frame_reader::state::closed, "the responder closed the bare connection");
    for (std::string_view report = reader_.next(); !report.empty(); report = reader_.next()) {
        answered(report_.cl_ord_id_of(report));
    }
}

bare_loop_path::bare_loop_path(std::uint16_t port, std::size_t place,
                               const std::filesystem::path& directory,
                               const engine::log_options& options)
    : order_path("bare_loop", place),
      socket_(connect_to_loopback(port)),
      reader_(buffer_bytes),
      orders_(directory / "orders", options),
      fix_out_(directory / "fix_out", options),
      fix_in_(directory / "fix_in", options),
      executions_(directory / "executions", options) {}

void bare_loop_path::send(std::uint64_t number) {
    std::memcpy(order_row_, &number, sizeof number);
    const engine::append_result row = append(orders_, std::as_bytes(std::span(order_row_)));
    recorded();
    const std::string_view order = order_.patch({number, number}, row.time.ns);
    append(fix_out_, order);
    send_all(socket_, order);
}

void bare_loop_path::poll() {
    const frame_reader::state state = reader_.receive(socket_);
    fail_if_not(state != frame_reader::state::closed, "the responder closed the bare loop");
    for (std::string_view report = reader_.next(); !report.empty(); report = reader_.next()) {
        take(report);
    }
}

void bare_loop_path::take(std::string_view report) {
    fail_if_not(is_checksum_right(report), "a report's checksum is wrong");
    append(fix_in_, report);
    const execution_row execution = walk_report(report);
    append(executions_, std::as_bytes(std::span(&execution, 1)));
    answered(execution.cl_ord_id);
    fail_if_not(
        is_expected(execution, execution.cl_ord_id) && execution.msg_seq_num == execution.cl_ord_id,
        "a report says something else");
}

void bare_loop_path::check_logs() {
    for (engine::log_writer* log : {&orders_, &fix_out_, &fix_in_, &executions_}) {
        engine::log_reader reader(log->directory(), engine::read_from::first());
        engine::record_view view;
        std::uint64_t count = 0;
        while (reader.poll(view) == engine::read_status::record) {
            count += view.is_control() ? 0 : 1;
        }
        fail_if_not(count == answered(), "a log lacks a record");
    }
}

}  // namespace millrace::bench
