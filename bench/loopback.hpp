// Sockets of the benchmarks on the loopback interface: not blocking, without delay.
//
// Errors  what cannot be had ends the program
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/core/file.hpp"

namespace millrace::bench {

// Listens on a port of its own.
[[nodiscard]] engine::unique_fd listen_on_loopback();
[[nodiscard]] std::uint16_t port_of(const engine::unique_fd& socket);
[[nodiscard]] engine::unique_fd connect_to_loopback(std::uint16_t port);
// Closed, if nobody waits.
[[nodiscard]] engine::unique_fd accept_one(const engine::unique_fd& listener);

// All of the bytes; waits for room by spinning.
void send_all(const engine::unique_fd& socket, std::string_view bytes);

// What has arrived on a socket, frame by frame.
class frame_reader {
public:
    explicit frame_reader(std::size_t capacity);

    enum class state : std::uint8_t { received, nothing, closed };
    // One recv().
    [[nodiscard]] state receive(const engine::unique_fd& socket);
    // The next whole frame, or nothing; valid until the next receive().
    [[nodiscard]] std::string_view next();

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace millrace::bench
