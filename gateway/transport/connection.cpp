#include "gateway/transport/connection.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/core/assert.hpp"

namespace millrace::gateway {

namespace {

// Best effort: a system that refuses a tuning option still carries the session.
bool set_option(int fd, int level, int name, int value) noexcept {
    return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

}  // namespace

connection::connection(const connection_options& options)
    : options_(options), framer_(options.framing), pending_(new char[options.pending_bytes_max]) {}

connection::~connection() {
    close(close_reason::local);
}

void connection::open(engine::unique_fd socket, const socket_address& peer, const tls_context* tls,
                      std::string_view host) noexcept {
    close(close_reason::local);
    socket_ = std::move(socket);
    peer_ = peer;
    framer_.clear();
    pending_begin_ = 0;
    pending_end_ = 0;
    pending_since_ns_.reset();
    reason_ = close_reason::none;
    close_errno_ = 0;
    counters_ = connection_counters{};

    const int flags = ::fcntl(socket_.get(), F_GETFL);
    if (flags < 0 || ::fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
        // A socket that could block would stop the whole thread.
        close(close_reason::reset, errno);
        return;
    }
    set_options();
    if (tls == nullptr) {
        tls_.reset();
        return;
    }
    begin_tls(*tls, host);
}

void connection::set_options() noexcept {
    if (options_.no_delay) {
        set_option(socket_.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    }
    if (options_.send_buffer_bytes > 0) {
        set_option(socket_.get(), SOL_SOCKET, SO_SNDBUF, options_.send_buffer_bytes);
    }
    if (options_.receive_buffer_bytes > 0) {
        set_option(socket_.get(), SOL_SOCKET, SO_RCVBUF, options_.receive_buffer_bytes);
    }
    is_busy_poll_refused_ =
        options_.busy_poll_us > 0 &&
        !set_option(socket_.get(), SOL_SOCKET, SO_BUSY_POLL, options_.busy_poll_us);
}

void connection::close(close_reason reason, int error_number) noexcept {
    if (!socket_.is_open()) {
        return;
    }
    if (tls_ != nullptr) {
        say_end(reason);
    }
    reason_ = reason;
    close_errno_ = error_number;
    const bool is_ours = reason == close_reason::local || reason == close_reason::refused ||
                         reason == close_reason::tls_failed;
    if (is_ours) {
        // Unread input would turn our close into a reset, which can destroy a Logout, or an alert,
        // that the peer has not read yet.
        ::shutdown(socket_.get(), SHUT_WR);
        char discarded[4096];
        for (int round = 0; round < 16; ++round) {
            if (::recv(socket_.get(), discarded, sizeof discarded, MSG_DONTWAIT) <= 0) {
                break;
            }
        }
    }
    socket_.reset();
    pending_begin_ = 0;
    pending_end_ = 0;
}

void connection::swap(connection& other) noexcept {
    std::swap(options_, other.options_);
    std::swap(socket_, other.socket_);
    std::swap(peer_, other.peer_);
    framer_.swap(other.framer_);
    std::swap(pending_, other.pending_);
    std::swap(pending_begin_, other.pending_begin_);
    std::swap(pending_end_, other.pending_end_);
    std::swap(pending_since_ns_, other.pending_since_ns_);
    std::swap(reason_, other.reason_);
    std::swap(close_errno_, other.close_errno_);
    std::swap(is_busy_poll_refused_, other.is_busy_poll_refused_);
    std::swap(tls_, other.tls_);
    std::swap(counters_, other.counters_);
}

receive_state connection::receive() noexcept {
    if (!socket_.is_open()) {
        return receive_state::closed;
    }
    if (tls_ != nullptr) {
        return receive_tls();
    }
    const std::span<char> room = framer_.writable();
    MILLRACE_DCHECK(!room.empty(), "frames were not taken before receiving again");
    if (room.empty()) {
        return receive_state::idle;
    }
    const ssize_t received = ::recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (received > 0) {
        framer_.commit(static_cast<std::size_t>(received));
        counters_.bytes_in += static_cast<std::uint64_t>(received);
        return receive_state::received;
    }
    if (received == 0) {
        close(close_reason::peer_closed);
        return receive_state::closed;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        return receive_state::idle;
    }
    close(close_reason::reset, errno);
    return receive_state::closed;
}

bool connection::next_frame(std::string_view& frame) noexcept {
    switch (framer_.next(frame)) {
        case frame_status::frame:
            ++counters_.frames_in;
            return true;
        case frame_status::too_long:
            close(close_reason::frame_too_long);
            return false;
        case frame_status::incomplete:
            break;
    }
    return false;
}

send_state connection::send(const char* bytes, std::size_t size, std::int64_t now_ns) noexcept {
    if (!socket_.is_open()) {
        return send_state::closed;
    }
    if (tls_ != nullptr) {
        return send_tls({bytes, size}, now_ns);
    }
    if (pending_bytes() > 0) {
        return append_pending(bytes, size, now_ns);
    }
    const std::ptrdiff_t pushed = push(bytes, size);
    if (pushed < 0) {
        return send_state::closed;
    }
    const std::size_t taken = static_cast<std::size_t>(pushed);
    if (taken == size) {
        return send_state::sent;
    }
    ++counters_.partial_sends;
    pending_since_ns_ = now_ns;
    return append_pending(bytes + taken, size - taken, now_ns);
}

send_state connection::flush(std::int64_t now_ns) noexcept {
    if (!socket_.is_open()) {
        return send_state::closed;
    }
    if (pending_bytes() == 0) {
        return send_state::sent;
    }
    if (!pending_since_ns_) {
        pending_since_ns_ = now_ns;
    }
    const std::size_t before = pending_bytes();
    if (!push_pending()) {
        return send_state::closed;
    }
    if (pending_bytes() == 0) {
        return send_state::sent;
    }
    if (pending_bytes() < before) {
        pending_since_ns_ = now_ns;
    }
    if (now_ns - *pending_since_ns_ >= options_.pending_stall_ns_max) {
        close(close_reason::slow_consumer);
        return send_state::closed;
    }
    return send_state::pending;
}

bool connection::push_pending() noexcept {
    const std::ptrdiff_t pushed = push(pending_.get() + pending_begin_, pending_bytes());
    if (pushed < 0) {
        return false;
    }
    pending_begin_ += static_cast<std::size_t>(pushed);
    if (pending_bytes() == 0) {
        pending_begin_ = 0;
        pending_end_ = 0;
        pending_since_ns_.reset();
    }
    return true;
}

std::ptrdiff_t connection::push(const char* bytes, std::size_t size) noexcept {
    const ssize_t sent = ::send(socket_.get(), bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
        counters_.bytes_out += static_cast<std::uint64_t>(sent);
        return sent;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS) {
        return 0;
    }
    const int error_number = errno;
    close(tls_ == nullptr ? close_reason::reset : reason_of_break(), error_number);
    return -1;
}

send_state connection::append_pending(const char* bytes, std::size_t size,
                                      std::int64_t now_ns) noexcept {
    if (size > options_.pending_bytes_max - pending_bytes()) {
        close(close_reason::slow_consumer);
        return send_state::closed;
    }
    compact_pending(size);
    std::memcpy(pending_.get() + pending_end_, bytes, size);
    pending_end_ += size;
    counters_.pending_bytes_high =
        std::max<std::uint64_t>(counters_.pending_bytes_high, pending_bytes());
    return flush(now_ns);
}

void connection::compact_pending(std::size_t wanted) noexcept {
    if (wanted > options_.pending_bytes_max - pending_end_) {
        std::memmove(pending_.get(), pending_.get() + pending_begin_, pending_bytes());
        pending_end_ -= pending_begin_;
        pending_begin_ = 0;
    }
}

}  // namespace millrace::gateway
