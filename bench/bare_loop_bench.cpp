// The bare loop: what a journaled order and its report cost at least, with no session rules at all.
//
//   this thread                                              responder thread
//   append order row (CRC) -> patch a pre-encoded order
//     -> append wire bytes -> send ---- loopback TCP ---->   busy-polled recv, whole order?
//   recv <-------------------- loopback TCP -------------    patch a pre-encoded report, send
//     -> frame, checksum -> append wire bytes
//     -> walk all fields -> append execution row
//
//   bare TCP: the same bytes to the same responder over the same sockets, nothing but send and
//   recv, in turns with the loop.
//
// It is the floor for everything that does this job with session rules. Both threads busy-poll
// non-blocking sockets with TCP_NODELAY. Every report is checked: number, checksum, fields; at the
// end all four logs are read back. Not measured: a network, a venue's own work, rolls (the logs fit
// into one segment), syncing to the disk.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "bench/bench_run.hpp"
#include "bench/latency_counters.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/file.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/log_writer.hpp"

namespace millrace::bench {

namespace {

using engine::monotonic_now_ns;

constexpr char soh = '\x01';
constexpr std::size_t number_digits = 8;
constexpr std::size_t time_digits = 12;  // HH:MM:SS.mmm

std::uint8_t byte_sum(std::string_view bytes) {
    unsigned sum = 0;
    for (const char c : bytes) {
        sum += static_cast<unsigned char>(c);
    }
    return static_cast<std::uint8_t>(sum);
}

void put_digits(char* at, std::uint64_t value, std::size_t digits) {
    for (std::size_t i = digits; i > 0; --i) {
        at[i - 1] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

// A whole message whose number (34 and 11) and sending time are patched in place.
class wire_template {
public:
    explicit wire_template(const std::string& body_with_bars) {
        std::string body;
        for (const char c : body_with_bars) {
            body += c == '|' ? soh : c;
        }
        bytes_ = std::string("8=FIX.4.4") + soh + "9=" + std::to_string(body.size()) + soh + body +
                 "10=000" + soh;
        msg_seq_num_ = bytes_.find(std::string(1, soh) + "34=") + 4;
        cl_ord_id_ = bytes_.find(std::string(1, soh) + "11=") + 4;
        time_ = bytes_.find(std::string(1, soh) + "52=") + 4 + std::strlen("20260301-");
    }

    std::string_view patch(std::uint64_t number, std::int64_t now_ns) {
        put_digits(bytes_.data() + msg_seq_num_, number, number_digits);
        put_digits(bytes_.data() + cl_ord_id_, number, number_digits);
        const auto ms = static_cast<std::uint64_t>(now_ns / 1'000'000) % 86'400'000;
        char* time = bytes_.data() + time_;
        put_digits(time, ms / 3'600'000, 2);
        put_digits(time + 3, ms / 60'000 % 60, 2);
        put_digits(time + 6, ms / 1000 % 60, 2);
        put_digits(time + 9, ms % 1000, 3);
        const std::size_t trailer = bytes_.size() - 7;
        put_digits(bytes_.data() + trailer + 3, byte_sum({bytes_.data(), trailer}), 3);
        return bytes_;
    }
    std::string_view bytes() const { return bytes_; }
    std::uint64_t number_in(std::string_view message) const {
        std::uint64_t number = 0;
        std::from_chars(message.data() + cl_ord_id_, message.data() + cl_ord_id_ + number_digits,
                        number);
        return number;
    }

private:
    std::string bytes_;
    std::size_t msg_seq_num_ = 0;
    std::size_t cl_ord_id_ = 0;
    std::size_t time_ = 0;
};

wire_template make_order() {
    return wire_template(
        "35=D|49=MILLRACE|56=VENUE|34=00000000|52=20260301-09:30:00.000|11=00000000|1=ACC-1|21=1|"
        "55=EURUSD|"
        "54=1|60=20260301-09:30:00.000|38=1000000|40=2|44=1.08215|59=0|");
}

wire_template make_report() {
    return wire_template(
        "35=8|49=VENUE|56=MILLRACE|34=00000000|52=20260301-09:30:00.000|37=O-4711|11=00000000|17=E-"
        "4711|150=F|"
        "39=2|1=ACC-1|55=EURUSD|54=1|38=1000000|40=2|44=1.08215|32=1000000|31=1.08214|151=0|14="
        "1000000|"
        "6=1.08214|60=20260301-09:30:00.000|");
}

struct execution_row {
    std::uint64_t msg_seq_num = 0;
    std::uint64_t cl_ord_id = 0;
    std::uint64_t field_count = 0;
    std::uint64_t last_qty = 0;
    char symbol[16] = {};
    char last_px[16] = {};
    char exec_type = 0;
    char ord_status = 0;
    char padding[126] = {};
};
static_assert(sizeof(execution_row) == 192);

// Size of the message at the front of `bytes`, or 0 while it is not whole.
std::size_t frame_size(std::string_view bytes) {
    constexpr std::size_t before_length = 12;  // 8=FIX.4.4| 9=
    const void* end = bytes.size() > before_length ? std::memchr(bytes.data() + before_length, soh,
                                                                 bytes.size() - before_length)
                                                   : nullptr;
    if (end == nullptr) {
        return 0;
    }
    const char* length_end = static_cast<const char*>(end);
    std::size_t body = 0;
    std::from_chars(bytes.data() + before_length, length_end, body);
    const std::size_t size = static_cast<std::size_t>(length_end - bytes.data()) + 1 + body + 7;
    return size <= bytes.size() ? size : 0;
}

bool is_checksum_right(std::string_view message) {
    const std::size_t trailer = message.size() - 7;
    unsigned stated = 0;
    std::from_chars(message.data() + trailer + 3, message.data() + trailer + 6, stated);
    return stated == byte_sum(message.substr(0, trailer));
}

void copy_text(char (&to)[16], std::string_view value) {
    std::memcpy(to, value.data(), std::min(value.size(), sizeof to - 1));
}

// Walks every field.
execution_row walk(std::string_view message) {
    execution_row row;
    const char* at = message.data();
    const char* const end = at + message.size();
    while (at < end) {
        unsigned tag = 0;
        while (*at != '=') {
            tag = tag * 10 + static_cast<unsigned>(*at++ - '0');
        }
        const char* begin = ++at;
        while (*at != soh) {
            ++at;
        }
        const std::string_view value(begin, static_cast<std::size_t>(at++ - begin));
        ++row.field_count;
        switch (tag) {
            case 34:
                std::from_chars(value.data(), value.data() + value.size(), row.msg_seq_num);
                break;
            case 11:
                std::from_chars(value.data(), value.data() + value.size(), row.cl_ord_id);
                break;
            case 32:
                std::from_chars(value.data(), value.data() + value.size(), row.last_qty);
                break;
            case 55:
                copy_text(row.symbol, value);
                break;
            case 31:
                copy_text(row.last_px, value);
                break;
            case 150:
                row.exec_type = value[0];
                break;
            case 39:
                row.ord_status = value[0];
                break;
            default:
                break;
        }
    }
    return row;
}

void check_call(bool is_ok, const char* call) {
    if (!is_ok) {
        throw std::runtime_error(std::string(call) + ": " + std::strerror(errno));
    }
}

// Two ends of one loopback connection.
struct connection {
    engine::unique_fd here;
    engine::unique_fd there;

    connection() {
        const engine::unique_fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        check_call(::bind(listener.get(), generic, size) == 0, "bind");
        check_call(::listen(listener.get(), 1) == 0, "listen");
        check_call(::getsockname(listener.get(), generic, &size) == 0, "getsockname");
        here.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        check_call(::connect(here.get(), generic, size) == 0, "connect");
        there.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        for (const int fd : {here.get(), there.get()}) {
            const int on = 1;
            check_call(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0,
                       "TCP_NODELAY");
            check_call(::fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "O_NONBLOCK");
        }
    }
};

void send_all(int fd, std::string_view bytes) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    fail_if_not(sent == static_cast<ssize_t>(bytes.size()), "send did not take a whole message");
}

// Busy-polls until at least `wanted` bytes are there or, for 0, a whole frame. Empty: the other end
// closed.
std::string_view receive(int fd, char (&buffer)[4096], std::size_t wanted) {
    std::size_t have = 0;
    for (std::uint32_t spins = 1;; ++spins) {
        const ssize_t n = ::recv(fd, buffer + have, sizeof buffer - have, 0);
        if (n == 0) {
            return {};
        }
        if (n > 0) {
            have += static_cast<std::size_t>(n);
            const std::size_t size = wanted != 0 ? wanted : frame_size({buffer, have});
            if (size != 0 && have >= size) {
                fail_if_not(have == size, "more than one message came");
                return {buffer, size};
            }
        }
        fail_if_not(n > 0 || errno == EAGAIN, "recv failed");
        if (spins % 8'192 == 0) {
            ::sched_yield();  // the other side is surely not running
        }
    }
}

// Ends when the other end closes.
void respond(int fd) {
    const thread_pin pin(1);
    const wire_template order = make_order();
    wire_template report = make_report();
    char buffer[4096];
    while (true) {
        const std::string_view message = receive(fd, buffer, order.bytes().size());
        if (message.empty()) {
            return;
        }
        send_all(fd, report.patch(order.number_in(message), 0));
    }
}

class loop {
public:
    loop()
        : orders_(directory_ / "orders", options()),
          fix_out_(directory_ / "fix_out", options()),
          fix_in_(directory_ / "fix_in", options()),
          executions_(directory_ / "executions", options()),
          responder_([this] { respond(connection_.there.get()); }) {}
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;
    ~loop() {
        ::shutdown(connection_.here.get(), SHUT_RDWR);
        responder_.join();
    }

    void run_bare_tcp() {
        const std::string_view order = order_.patch(++bare_number_, 0);
        const std::int64_t begin = monotonic_now_ns();
        send_all(connection_.here.get(), order);
        const std::string_view report = receive(connection_.here.get(), buffer_, report_size_);
        bare_ns.record(monotonic_now_ns() - begin);
        fail_if_not(walk(report).cl_ord_id == bare_number_, "another order's report came back");
    }

    void run_loop() {
        const std::uint64_t number = ++number_;
        std::memcpy(order_row_, &number, sizeof number);
        const std::int64_t begin = monotonic_now_ns();
        const engine::append_result row =
            orders_.try_append(1, std::as_bytes(std::span(order_row_)));
        const std::int64_t committed = monotonic_now_ns();
        const std::string_view order = order_.patch(number, row.time.ns);
        const engine::append_result out = append(fix_out_, order);
        const std::int64_t at_socket = monotonic_now_ns();
        send_all(connection_.here.get(), order);
        const std::string_view report = receive(connection_.here.get(), buffer_, 0);
        fail_if_not(is_checksum_right(report), "a checksum is wrong");
        const engine::append_result in = append(fix_in_, report);
        const execution_row execution = walk(report);
        const engine::append_result done =
            executions_.try_append(1, std::as_bytes(std::span(&execution, 1)));
        const std::int64_t end = monotonic_now_ns();
        loop_ns.record(end - begin);
        to_socket_ns.record(at_socket - committed);
        fail_if_not(row.seq.value == number && out.seq.value == number && in.seq.value == number &&
                        done.seq.value == number,
                    "an append was refused");
        fail_if_not(execution.cl_ord_id == number && execution.msg_seq_num == number &&
                        execution.field_count == 25 && execution.last_qty == 1'000'000 &&
                        execution.exec_type == 'F' &&
                        std::strcmp(execution.last_px, "1.08214") == 0,
                    "a report says something else");
    }

    // The warm-up's figures do not count.
    void forget() {
        loop_ns.reset();
        bare_ns.reset();
        to_socket_ns.reset();
    }

    void check_logs() {
        for (const engine::log_writer* log : {&orders_, &fix_out_, &fix_in_, &executions_}) {
            fail_if_not(log->end().value < log->segment_bytes(), "a log rolled during the run");
            engine::log_reader reader(log->directory(), engine::read_from::first());
            engine::record_view view;
            std::uint64_t count = 0;
            while (reader.poll(view) == engine::read_status::record) {
                ++count;
            }
            fail_if_not(count == number_, "a log lacks a record");
        }
    }

    engine::histogram loop_ns;
    engine::histogram bare_ns;
    engine::histogram to_socket_ns;

private:
    static engine::log_options options() {
        engine::log_options made;
        made.segment_bytes = std::size_t{64} << 20;
        made.purpose = "benchmark";
        made.sync_on_close = false;
        return made;
    }
    static engine::append_result append(engine::log_writer& log, std::string_view bytes) {
        return log.try_append(1, std::as_bytes(std::span(bytes)));
    }

    bench_directory directory_;
    engine::log_writer orders_;
    engine::log_writer fix_out_;
    engine::log_writer fix_in_;
    engine::log_writer executions_;
    connection connection_;
    wire_template order_ = make_order();
    const std::size_t report_size_ = make_report().bytes().size();
    char order_row_[192] = {};
    char buffer_[4096] = {};
    std::uint64_t number_ = 0;
    std::uint64_t bare_number_ = 0;
    std::thread responder_;
};

void bare_loop(benchmark::State& state) {
    const int rounds_per_turn = run().is_quick ? 20 : 100;
    const int warm_up_turns = run().is_quick ? 1 : 20;
    label_threads(state, 2);
    loop both;
    const thread_pin pin(0);
    const auto turn = [&] {
        for (int i = 0; i < rounds_per_turn; ++i) {
            both.run_bare_tcp();
        }
        for (int i = 0; i < rounds_per_turn; ++i) {
            both.run_loop();
        }
    };
    for (int i = 0; i < warm_up_turns; ++i) {
        turn();
    }
    both.forget();
    for (auto _ : state) {
        turn();
    }
    both.check_logs();
    report_latency(state, "loop_ns", both.loop_ns);
    report_latency(state, "bare_tcp_ns", both.bare_ns);
    report_latency(state, "record_to_socket_ns", both.to_socket_ns);
    const auto ratio = [&](const char* name, double percentile) {
        state.counters[name] = static_cast<double>(both.loop_ns.percentile_ns(percentile)) /
                               static_cast<double>(both.bare_ns.percentile_ns(percentile));
    };
    ratio("loop_to_bare_p50", 50);
    ratio("loop_to_bare_p99", 99);
}

void register_all() {
    benchmark::RegisterBenchmark("bare_loop", bare_loop)
        ->Iterations(run().is_quick ? 5 : 200)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
}

}  // namespace

}  // namespace millrace::bench

int main(int argc, char** argv) {
    return millrace::bench::run_benchmarks(argc, argv, millrace::bench::register_all);
}
