#include "gateway/transport/readiness.hpp"

#include <cerrno>

#include "engine/core/error.hpp"

namespace millrace::gateway {

readiness::readiness(std::size_t slots)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), states_(slots, idle), events_(slots) {
    if (!epoll_.is_open()) {
        throw engine::io_error{"epoll_create1", "a gateway's sockets", errno};
    }
}

void readiness::watch(std::size_t slot, int socket) noexcept {
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLRDHUP;
    wanted.data.u64 = slot;
    const bool is_watched = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket, &wanted) == 0;
    // What came before is looked at once.
    states_[slot] = is_watched ? ready : unwatched;
}

void readiness::poll() noexcept {
    for (std::uint8_t& known : states_) {
        known = known == ready ? idle : known;
    }
    const int found =
        ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), 0);
    for (int i = 0; i < found; ++i) {
        std::uint8_t& known = states_[events_[static_cast<std::size_t>(i)].data.u64];
        known = known == idle ? ready : known;
    }
}

}  // namespace millrace::gateway
