// Which of many sockets have something to read, by one system call for all.
//
// Threading  one thread
// Progress   poll() returns at once; nothing allocates after construction
// Errors     the constructor throws io_error; a socket that cannot be watched is always ready
#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/core/file.hpp"

namespace millrace::gateway {

class readiness {
public:
    // Sockets are known by their slots, 0 to slots - 1.
    explicit readiness(std::size_t slots);

    // The slot's socket is this from here on. A socket that is closed leaves by itself.
    void watch(std::size_t slot, int socket) noexcept;
    // What can be read now, or has ended.
    void poll() noexcept;
    [[nodiscard]] bool is_ready(std::size_t slot) const noexcept { return states_[slot] != idle; }

private:
    static constexpr std::uint8_t idle = 0;
    static constexpr std::uint8_t ready = 1;
    static constexpr std::uint8_t unwatched = 2;

    engine::unique_fd epoll_;
    std::vector<std::uint8_t> states_;
    std::vector<epoll_event> events_;
};

}  // namespace millrace::gateway
