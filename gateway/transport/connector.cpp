#include "gateway/transport/connector.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "engine/core/error.hpp"

namespace millrace::gateway {

connector::connector(std::vector<std::vector<socket_address>> endpoints,
                     const connector_options& options)
    : options_(options), pause_ns_(options.retry_min_ns) {
    for (std::size_t endpoint = 0; endpoint < endpoints.size(); ++endpoint) {
        for (const socket_address& address : endpoints[endpoint]) {
            addresses_.push_back({address, endpoint});
        }
    }
    if (addresses_.empty()) {
        throw engine::config_error{"an initiator needs at least one address to connect to"};
    }
    if (options.retry_min_ns <= 0 || options.retry_max_ns < options.retry_min_ns ||
        options.connect_timeout_ns <= 0) {
        throw engine::config_error{
            "connector: timeouts must be positive and the longest pause not below the shortest"};
    }
}

void connector::start(std::int64_t now_ns) noexcept {
    if (state_ != connector_state::stopped) {
        return;
    }
    index_ = primary_;
    pause_ns_ = options_.retry_min_ns;
    next_attempt_ns_ = now_ns;
    state_ = connector_state::waiting;
}

void connector::stop() noexcept {
    socket_.reset();
    state_ = connector_state::stopped;
}

connector_state connector::poll(std::int64_t now_ns, engine::unique_fd& socket) noexcept {
    switch (state_) {
        case connector_state::waiting:
            return now_ns < next_attempt_ns_ ? state_ : begin_attempt(now_ns, socket);
        case connector_state::connecting:
            return await_attempt(now_ns, socket);
        case connector_state::stopped:
        case connector_state::connected:
        case connector_state::failed:
            break;
    }
    return state_;
}

void connector::connection_ended(bool was_good, std::int64_t now_ns) noexcept {
    if (state_ != connector_state::connected) {
        return;
    }
    state_ = connector_state::waiting;
    if (was_good) {
        index_ = primary_;
        pause_ns_ = options_.retry_min_ns;
        next_attempt_ns_ = now_ns + options_.retry_min_ns;
        return;
    }
    advance(now_ns);
}

connector_state connector::begin_attempt(std::int64_t now_ns, engine::unique_fd& socket) noexcept {
    ++attempts_;
    const socket_address& target = address();
    socket_.reset(::socket(target.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_.is_open()) {
        return attempt_failed(errno, now_ns);
    }
    if (options_.source.size != 0) {
        const int reuse = 1;
        static_cast<void>(
            ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse));
        if (::bind(socket_.get(), options_.source.get(), options_.source.size) != 0) {
            return attempt_failed(errno, now_ns);
        }
    }
    if (::connect(socket_.get(), target.get(), target.size) == 0) {
        state_ = connector_state::connected;
        socket = std::move(socket_);
        return state_;
    }
    if (errno != EINPROGRESS && errno != EINTR) {
        return attempt_failed(errno, now_ns);
    }
    deadline_ns_ = now_ns + options_.connect_timeout_ns;
    state_ = connector_state::connecting;
    return state_;
}

connector_state connector::await_attempt(std::int64_t now_ns, engine::unique_fd& socket) noexcept {
    pollfd waiting{socket_.get(), POLLOUT, 0};
    const int ready = ::poll(&waiting, 1, 0);
    if (ready > 0) {
        int error_number = 0;
        socklen_t size = sizeof error_number;
        if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error_number, &size) != 0) {
            error_number = errno;
        }
        if (error_number != 0) {
            return attempt_failed(error_number, now_ns);
        }
        state_ = connector_state::connected;
        socket = std::move(socket_);
        return state_;
    }
    if (now_ns >= deadline_ns_) {
        return attempt_failed(ETIMEDOUT, now_ns);
    }
    return state_;
}

connector_state connector::attempt_failed(int error_number, std::int64_t now_ns) noexcept {
    last_errno_ = error_number;
    socket_.reset();
    state_ = connector_state::waiting;
    advance(now_ns);
    return connector_state::failed;
}

void connector::prefer_next() noexcept {
    const std::size_t wanted = (endpoint_index() + 1) % endpoint_count();
    primary_ = 0;
    while (addresses_[primary_].endpoint != wanted) {
        ++primary_;
    }
}

void connector::advance(std::int64_t now_ns) noexcept {
    index_ = (index_ + 1) % addresses_.size();
    if (index_ != primary_) {
        next_attempt_ns_ = now_ns;
        return;
    }
    next_attempt_ns_ = now_ns + pause_ns_;
    pause_ns_ = std::min(pause_ns_ * 2, options_.retry_max_ns);
}

}  // namespace millrace::gateway
