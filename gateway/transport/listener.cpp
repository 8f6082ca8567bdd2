#include "gateway/transport/listener.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "engine/core/error.hpp"

namespace millrace::gateway {

namespace {

// One poll must stay short even when somebody floods the port.
constexpr int accepts_per_poll = 8;

}  // namespace

listener::listener(const socket_address& address, const listener_options& options)
    : options_(options) {
    const std::string where = to_string(address);
    if (options.pending_max == 0) {
        throw engine::config_error{"listener on " + where + ": pending_max must be at least 1"};
    }
    socket_.reset(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_.is_open()) {
        throw engine::io_error{"socket", where, errno};
    }
    const int reuse = options.reuse_address ? 1 : 0;
    if (::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) != 0) {
        throw engine::io_error{"setsockopt", where, errno};
    }
    if (::bind(socket_.get(), address.get(), address.size) != 0) {
        throw engine::io_error{"bind", where, errno};
    }
    if (::listen(socket_.get(), options.backlog) != 0) {
        throw engine::io_error{"listen", where, errno};
    }
    socket_address bound;
    bound.size = sizeof bound.storage;
    if (::getsockname(socket_.get(), bound.get(), &bound.size) != 0) {
        throw engine::io_error{"getsockname", where, errno};
    }
    port_ = bound.port();
    slots_.resize(options.pending_max);
    for (pending& slot : slots_) {
        slot.link = std::make_unique<connection>(options.connection);
    }
}

listener::first_frame listener::poll(std::int64_t now_ns) noexcept {
    for (pending& slot : slots_) {
        if (slot.offered) {
            slot.link->close(close_reason::refused);
            slot.offered = false;
        }
    }
    accept_new(now_ns);
    for (std::size_t round = 0; round < slots_.size(); ++round) {
        pending& slot = slots_[next_slot_];
        next_slot_ = (next_slot_ + 1) % slots_.size();
        if (!slot.link->is_open()) {
            continue;
        }
        const first_frame found = poll_one(slot, now_ns);
        if (found.link != nullptr) {
            return found;
        }
    }
    return {};
}

std::size_t listener::pending_count() const {
    std::size_t count = 0;
    for (const pending& slot : slots_) {
        count += slot.link->is_open() ? 1 : 0;
    }
    return count;
}

void listener::accept_new(std::int64_t now_ns) noexcept {
    for (int round = 0; round < accepts_per_poll; ++round) {
        socket_address peer;
        peer.size = sizeof peer.storage;
        engine::unique_fd accepted{
            ::accept4(socket_.get(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
        if (!accepted.is_open()) {
            if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR &&
                errno != ECONNABORTED) {
                ++counters_.accept_failures;
            }
            return;
        }
        if (!options_.allowed.is_empty() && !options_.allowed.is_in(peer)) {
            ++counters_.refused_address;
            refused_address_ = peer;
            continue;
        }
        pending* free_slot = nullptr;
        for (pending& slot : slots_) {
            if (!slot.link->is_open()) {
                free_slot = &slot;
                break;
            }
        }
        if (free_slot == nullptr) {
            ++counters_.refused_full;
            continue;
        }
        ++counters_.accepted;
        free_slot->link->open(std::move(accepted), peer);
        free_slot->deadline_ns = now_ns + options_.logon_timeout_ns;
        free_slot->offered = false;
    }
}

listener::first_frame listener::poll_one(pending& slot, std::int64_t now_ns) noexcept {
    const receive_state received = slot.link->receive();
    if (received == receive_state::received) {
        first_frame found;
        if (slot.link->next_frame(found.frame)) {
            found.link = slot.link.get();
            slot.offered = true;
            return found;
        }
    }
    if (!slot.link->is_open()) {
        ++counters_.ended_early;
        return {};
    }
    if (now_ns >= slot.deadline_ns) {
        ++counters_.timed_out;
        slot.link->close(close_reason::logon_timeout);
    }
    return {};
}

}  // namespace millrace::gateway
