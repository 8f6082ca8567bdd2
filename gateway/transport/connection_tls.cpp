// A connection with TLS: what the socket has goes through the channel, and what the channel has for
// the socket is the pending tail: one send() takes all of it, and a slow peer is one here too.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "engine/core/assert.hpp"
#include "gateway/transport/connection.hpp"

namespace millrace::gateway {

void connection::begin_tls(const tls_context& context, std::string_view host) noexcept {
    try {
        if (tls_ == nullptr) {
            tls_ = std::make_unique<tls_channel>();
        }
    } catch (const std::bad_alloc&) {
        close(close_reason::reset, ENOMEM);
        return;
    }
    if (!tls_->begin(context, peer_, host)) {
        close(close_reason::tls_failed, ENOMEM);
        return;
    }
    if (context.role() == tls_role::client) {
        static_cast<void>(handshake());
    }
}

receive_state connection::receive_tls() noexcept {
    bool is_ended = false;
    int error_number = 0;
    const std::span<char> input = tls_->input_room();
    if (!input.empty()) {
        const ssize_t received = ::recv(socket_.get(), input.data(), input.size(), MSG_DONTWAIT);
        if (received > 0) {
            tls_->commit_input(static_cast<std::size_t>(received));
            counters_.bytes_in += static_cast<std::uint64_t>(received);
        } else if (received == 0) {
            is_ended = true;
        } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            is_ended = true;
            error_number = errno;
        }
    }
    if (is_securing() && !handshake()) {
        if (is_open() && is_ended) {
            fail_tls(error_number == 0 ? "the peer closed the connection during the handshake"
                                       : std::strerror(error_number));
        }
        return is_open() ? receive_state::idle : receive_state::closed;
    }
    const std::span<char> room = framer_.writable();
    MILLRACE_DCHECK(!room.empty(), "frames were not taken before receiving again");
    tls_output output = pending_room();
    std::size_t size = 0;
    const tls_state state = tls_->read(room, size, output);
    if (!take(output, state)) {
        return receive_state::closed;
    }
    if (size > 0) {
        framer_.commit(size);
        return receive_state::received;
    }
    if (state == tls_state::ended || is_ended) {
        close(error_number == 0 ? close_reason::peer_closed : close_reason::reset, error_number);
    }
    return is_open() ? receive_state::idle : receive_state::closed;
}

// True: it is over, and well.
bool connection::handshake() noexcept {
    tls_output output = pending_room();
    const tls_state state = tls_->advance(output);
    return take(output, state) && state == tls_state::ok;
}

send_state connection::send_tls(std::string_view bytes, std::int64_t now_ns) noexcept {
    MILLRACE_DCHECK(!is_securing(), "sent before the handshake was over");
    const bool had_tail = pending_bytes() > 0;
    while (!bytes.empty()) {
        const std::size_t size = std::min(bytes.size(), tls_channel::record_bytes_max);
        const std::size_t wanted = size + tls_channel::record_overhead_max;
        if (wanted > options_.pending_bytes_max - pending_bytes() &&
            flush(now_ns) == send_state::closed) {
            return send_state::closed;
        }
        if (wanted > options_.pending_bytes_max - pending_bytes()) {
            close(close_reason::slow_consumer);
            return send_state::closed;
        }
        compact_pending(wanted);
        tls_output output = pending_room();
        if (tls_->write(bytes.substr(0, size), output) != tls_state::ok) {
            close(close_reason::tls_failed);
            return send_state::closed;
        }
        pending_end_ += output.used;
        bytes.remove_prefix(size);
    }
    const send_state state = flush(now_ns);
    if (state == send_state::pending) {
        counters_.partial_sends += had_tail ? 0 : 1;
        counters_.pending_bytes_high =
            std::max<std::uint64_t>(counters_.pending_bytes_high, pending_bytes());
    }
    return state;
}

tls_output connection::pending_room() noexcept {
    return {{pending_.get() + pending_end_, options_.pending_bytes_max - pending_end_}, 0};
}

// False after it closed the connection.
bool connection::take(const tls_output& output, tls_state state) noexcept {
    pending_end_ += output.used;
    if (state == tls_state::failed) {
        // Of what goes out now the end is an alert: it tells the peer why, if it is still there.
        static_cast<void>(::send(socket_.get(), pending_.get() + pending_begin_, pending_bytes(),
                                 MSG_NOSIGNAL | MSG_DONTWAIT));
        close(close_reason::tls_failed);
        return false;
    }
    return output.used == 0 || push_pending();
}

// A peer that refuses us says why and goes: that can be here, unread, when a send finds it gone.
close_reason connection::reason_of_break() noexcept {
    const std::span<char> input = tls_->input_room();
    const ssize_t received = ::recv(socket_.get(), input.data(), input.size(), MSG_DONTWAIT);
    if (received > 0) {
        tls_->commit_input(static_cast<std::size_t>(received));
    }
    tls_output nothing;
    tls_state state = tls_state::ok;
    if (!tls_->is_established()) {
        state = tls_->advance(nothing);
    }
    char passed_over[4096];
    std::size_t size = 1;
    while (tls_->is_established() && state == tls_state::ok && size > 0) {
        state = tls_->read(passed_over, size, nothing);
    }
    return state == tls_state::failed ? close_reason::tls_failed : close_reason::reset;
}

// Behind a tail it could not be read, and nothing waits for it.
void connection::say_end(close_reason reason) noexcept {
    const bool is_orderly = reason == close_reason::local || reason == close_reason::refused ||
                            reason == close_reason::peer_closed;
    if (is_orderly && tls_->is_established() && pending_bytes() == 0) {
        tls_output output = pending_room();
        tls_->say_end(output);
        static_cast<void>(
            ::send(socket_.get(), output.room.data(), output.used, MSG_NOSIGNAL | MSG_DONTWAIT));
    }
    tls_->end();
}

void connection::fail_tls(std::string_view why) noexcept {
    tls_->fail(why);
    close(close_reason::tls_failed);
}

std::string_view connection::close_text() const noexcept {
    if (reason_ == close_reason::tls_failed && tls_ != nullptr && !tls_->text().empty()) {
        return tls_->text();
    }
    return to_text(reason_);
}

}  // namespace millrace::gateway
