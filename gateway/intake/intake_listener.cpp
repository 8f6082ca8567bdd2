#include "gateway/intake/intake_listener.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "gateway/intake/local_socket.hpp"

namespace millrace::gateway {

namespace {

constexpr int backlog = 64;
constexpr int accepts_per_turn = 16;

}  // namespace

intake_listener::intake_listener(engine::ingest& ingest, intake_options options)
    : ingest_(&ingest), options_(std::move(options)) {
    socket_ = listen_locally(options_.path, options_.mode, backlog);
    connections_.reserve(options_.connections_max);
    polled_.reserve(options_.connections_max + 1);
}

intake_listener::~intake_listener() {
    close_locally(socket_, options_.path);
}

int intake_listener::do_work() noexcept {
    try {
        return serve(timeout_ms());
    } catch (const std::exception&) {
        return 0;  // no memory for a turn
    }
}

int intake_listener::timeout_ms() const noexcept {
    bool has_reader = false;
    for (const auto& one : connections_) {
        if (one->awaits_ingest() || one->has_more_to_read()) {
            return 0;
        }
        has_reader = has_reader || one->is_reading();
    }
    const bool is_quiet = engine::monotonic_now_ns() - last_row_ns_ > quiet_after_ns;
    return has_reader && !is_quiet ? look_ms : wait_ms;
}

void intake_listener::count_readers() noexcept {
    const auto readers = std::count_if(connections_.begin(), connections_.end(),
                                       [](const auto& one) { return one->is_reading(); });
    readers_ = static_cast<std::size_t>(readers);
    counters.readers.set(readers_);
    if (const std::uint64_t rows = counters.rows_read.value(); rows != rows_read_) {
        rows_read_ = rows;
        last_row_ns_ = engine::monotonic_now_ns();
    }
}

int intake_listener::serve(int timeout_ms) {
    polled_.clear();
    polled_.push_back({socket_.get(), POLLIN, 0});  // a closed one, -1, is passed over
    for (const auto& one : connections_) {
        const auto events = static_cast<short>((one->wants_to_read() ? POLLIN : 0) |
                                               (one->wants_to_write() ? POLLOUT : 0));
        polled_.push_back({one->fd(), events, 0});
    }
    static_cast<void>(::poll(polled_.data(), polled_.size(), timeout_ms));
    int work = 0;
    const std::size_t count = connections_.size();
    // That of the last turn: one that begins in this one is in nobody's way yet.
    const std::size_t readers = std::max<std::size_t>(readers_, 1);
    for (std::size_t step = 0; step < count; ++step) {
        const std::size_t at = (first_ + step) % count;
        const short seen = polled_[at + 1].revents;
        // A client that left answers unread is an error, behind which its last lines are still to
        // be read.
        work += connections_[at]->turn(
            {(seen & (POLLIN | POLLHUP | POLLERR)) != 0, (seen & POLLHUP) != 0, readers});
    }
    first_ = count == 0 ? 0 : (first_ + 1) % count;
    remove_closed();
    if ((polled_[0].revents & POLLIN) != 0) {
        work += accept_new();
    }
    counters.connections.set(connections_.size());
    count_readers();
    return work;
}

int intake_listener::accept_new() noexcept {
    int accepted = 0;
    while (accepted < accepts_per_turn) {
        engine::unique_fd socket = accept_locally(socket_.get());
        if (!socket.is_open()) {
            break;
        }
        ++accepted;
        try {
            admit(std::move(socket));
        } catch (const std::exception&) {
            // No producer is free yet, or no memory: the client sees the end, and comes again.
            counters.refused_connections.add(1);
        }
    }
    return accepted;
}

void intake_listener::admit(engine::unique_fd socket) {
    if (connections_.size() >= options_.connections_max) {
        counters.refused_connections.add(1);
        tell_off(socket.get(), "{\"line\":0,\"error\":\"too many connections: " +
                                   std::to_string(options_.connections_max) +
                                   " are open; try again later\"}\n");
        return;
    }
    const std::string user = peer_user(socket.get());
    connections_.push_back(
        std::make_unique<intake_connection>(options_, counters, *ingest_, std::move(socket), user));
    counters.accepted.add(1);
}

void intake_listener::remove_closed() noexcept {
    std::erase_if(connections_, [](const auto& one) { return !one->is_open(); });
}

void intake_listener::on_close() noexcept {
    close_locally(socket_, options_.path);
    for (const auto& one : connections_) {
        one->finish();
    }
    const std::int64_t until_ns = engine::monotonic_now_ns() + options_.close_timeout_ns;
    try {
        while (!connections_.empty() && engine::monotonic_now_ns() < until_ns) {
            static_cast<void>(serve(1));
        }
    } catch (const std::exception&) {
        // No memory for a turn: the clients see the end without their last answers.
    }
    connections_.clear();
    counters.connections.set(0);
    counters.readers.set(0);
}

}  // namespace millrace::gateway
