#include "gateway/transport/listener.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <new>
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
        if (found.link != nullptr || !found.failure.empty()) {
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
        free_slot->link->open(std::move(accepted), peer, options_.tls);
        free_slot->deadline_ns = now_ns + options_.logon_timeout_ns;
        free_slot->handshake_deadline_ns = now_ns + options_.handshake_timeout_ns;
        free_slot->offered = false;
    }
}

listener::first_frame listener::poll_one(pending& slot, std::int64_t now_ns) noexcept {
    connection& link = *slot.link;
    const receive_state received = link.receive();
    if (received == receive_state::received) {
        first_frame found;
        if (link.next_frame(found.frame)) {
            found.link = &link;
            slot.offered = true;
            return found;
        }
        if (link.is_open() && link.tls() == nullptr && link.framing().is_tls()) {
            link.close(close_reason::tls_unexpected);
        }
    }
    if (link.is_open() && link.pending_bytes() > 0) {
        static_cast<void>(link.flush(now_ns));  // of a handshake
    }
    if (link.is_securing() && now_ns >= slot.handshake_deadline_ns) {
        link.fail_tls("the handshake was not over in time");
    }
    if (!link.is_open()) {
        return ended(slot);
    }
    if (now_ns >= slot.deadline_ns) {
        ++counters_.timed_out;
        link.close(close_reason::logon_timeout);
    }
    return {};
}

listener::first_frame listener::ended(pending& slot) noexcept {
    ++counters_.ended_early;
    first_frame found;
    const close_reason reason = slot.link->reason();
    if (reason == close_reason::tls_failed || reason == close_reason::tls_unexpected) {
        ++counters_.tls_failed;
        try {
            failure_ = reason == close_reason::tls_failed
                           ? std::string(slot.link->close_text())
                           : to_string(slot.link->peer()) + ": " + to_text(reason);
            found.failure = failure_;
        } catch (const std::bad_alloc&) {
            found.failure = to_text(reason);
        }
    }
    return found;
}

}  // namespace millrace::gateway
