// What an order and its report cost at least: on the bare socket, and with what must be logged but
// no session rules.
//
//   bare TCP:   patch a pre-encoded order -> send; recv -> whole report
//   bare loop:  append order row (CRC) -> patch a pre-encoded order -> append wire bytes -> send
//               recv -> frame, checksum -> append wire bytes -> walk all fields -> append row
//
// Threading  the driver's thread
#pragma once

#include "bench/fix_wire.hpp"
#include "bench/loopback.hpp"
#include "bench/order_path.hpp"
#include "engine/log/log_writer.hpp"

namespace millrace::bench {

class bare_tcp_path final : public order_path {
public:
    bare_tcp_path(std::uint16_t port, std::size_t place);
    void poll() override;

private:
    void send(std::uint64_t number) override;

    engine::unique_fd socket_;
    frame_reader reader_;
    wire_template order_ = make_order();
    wire_template report_ = make_report("MILLRACE");
};

class bare_loop_path final : public order_path {
public:
    // Its four logs lie in the directory, made with these options.
    bare_loop_path(std::uint16_t port, std::size_t place, const std::filesystem::path& directory,
                   const engine::log_options& options);
    void poll() override;
    // Reads all four back.
    void check_logs();

private:
    void send(std::uint64_t number) override;
    void take(std::string_view report);

    engine::unique_fd socket_;
    frame_reader reader_;
    wire_template order_ = make_order();
    engine::log_writer orders_;
    engine::log_writer fix_out_;
    engine::log_writer fix_in_;
    engine::log_writer executions_;
    char order_row_[192] = {};
};

}  // namespace millrace::bench
