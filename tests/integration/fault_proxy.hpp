// Stands between an engine and its venue: carries their bytes, and on demand loses them or ends the
// connection, as networks do.
//
//   engine -> [port] fault_proxy -> venue
//
// Threading  a thread of its own carries; the calls are for one other thread
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace millrace::tests {

class fault_proxy {
public:
    // Throws runtime_error where it cannot listen.
    explicit fault_proxy(std::uint16_t venue_port);
    ~fault_proxy();
    fault_proxy(const fault_proxy&) = delete;
    fault_proxy& operator=(const fault_proxy&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    // From here on what either side sends is lost, until the connection ends.
    void lose() { is_losing_ = true; }
    // Ends the connection that there is.
    void cut() { wants_cut_ = true; }

    [[nodiscard]] bool is_connected() const { return is_connected_; }
    // Orders that came from the engine for the first time, whether carried or lost.
    [[nodiscard]] std::uint64_t orders() const { return orders_; }
    // Of the connection that there is.
    [[nodiscard]] std::uint64_t orders_here() const { return orders_here_; }
    [[nodiscard]] std::uint64_t lost_orders() const { return lost_orders_; }
    [[nodiscard]] std::uint64_t connections() const { return connections_; }
    // Between two pieces from one side, while both are there and nothing is lost.
    [[nodiscard]] std::int64_t longest_silence_ns() const { return longest_silence_ns_; }
    // A side that was stopped or killed is not silent by its own fault: its next piece counts as
    // its first.
    void forgive_silence() { forgives_ = true; }

private:
    struct side;
    struct link;
    void run();

    std::uint16_t venue_port_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    std::atomic<bool> is_over_{false};
    std::atomic<bool> is_losing_{false};
    std::atomic<bool> wants_cut_{false};
    std::atomic<bool> forgives_{false};
    std::atomic<bool> is_connected_{false};
    std::atomic<std::uint64_t> orders_{0};
    std::atomic<std::uint64_t> orders_here_{0};
    std::atomic<std::uint64_t> lost_orders_{0};
    std::atomic<std::uint64_t> connections_{0};
    std::atomic<std::int64_t> longest_silence_ns_{0};
    std::thread thread_;
};

}  // namespace millrace::tests
