// One established TCP connection, in the clear or with TLS, polled by the thread that owns it.
//
// Threading  one thread; a connection may be handed to another thread while nobody polls it
// Progress   every call returns at once; after construction nothing allocates or throws, but for a
//            TLS handshake, and for what OpenSSL takes for a record and gives back
// Invariant  bytes leave in the order of send(): behind a pending tail, later bytes queue
// Units      now_ns: monotonic clock
// Errors     statuses; once closed, reason() and close_errno() say why until the next open()
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/core/file.hpp"
#include "gateway/transport/address.hpp"
#include "gateway/transport/close_reason.hpp"
#include "gateway/transport/framer.hpp"
#include "gateway/transport/tls_channel.hpp"

namespace millrace::gateway {

struct connection_options {
    framer_options framing;
    std::size_t pending_bytes_max = 1024 * 1024;
    std::int64_t pending_stall_ns_max =
        10'000'000'000;            // no byte leaves for so long: slow consumer
    int send_buffer_bytes = 0;     // SO_SNDBUF; 0: the system's default
    int receive_buffer_bytes = 0;  // SO_RCVBUF
    int busy_poll_us = 0;          // SO_BUSY_POLL; 0: the system's default
    bool no_delay = true;          // TCP_NODELAY
};

enum class receive_state : std::uint8_t { received, idle, closed };
enum class send_state : std::uint8_t { sent, pending, closed };

struct connection_counters {
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t frames_in = 0;
    std::uint64_t partial_sends = 0;
    std::uint64_t pending_bytes_high = 0;
};

class connection {
public:
    explicit connection(const connection_options& options);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    // Takes a connected socket, makes it non-blocking and sets its options. With `tls` the
    // handshake begins; `host`: whom a client means to reach. REQUIRES: tls outlives this call.
    void open(engine::unique_fd socket, const socket_address& peer,
              const tls_context* tls = nullptr, std::string_view host = {}) noexcept;
    void close(close_reason reason, int error_number = 0) noexcept;
    // Exchanges everything, buffered bytes included: how an accepted connection reaches its
    // session.
    void swap(connection& other) noexcept;

    // One recv, which carries on a handshake too. Take all frames before calling it again: it ends
    // their life.
    [[nodiscard]] receive_state receive() noexcept;
    // False: more bytes are needed, or the connection was closed (frame_too_long).
    [[nodiscard]] bool next_frame(std::string_view& frame) noexcept;

    // REQUIRES: !is_securing()
    send_state send(const char* bytes, std::size_t size, std::int64_t now_ns) noexcept;
    // Sends what is pending; closes a connection whose tail has stalled for too long.
    send_state flush(std::int64_t now_ns) noexcept;

    [[nodiscard]] bool is_open() const { return socket_.is_open(); }
    // Open, and the handshake is not over: nothing can be sent.
    [[nodiscard]] bool is_securing() const noexcept {
        return tls_ != nullptr && socket_.is_open() && !tls_->is_established();
    }
    // receive() has something to give although the socket has nothing to read.
    [[nodiscard]] bool has_unread() const noexcept { return tls_ != nullptr && tls_->has_unread(); }
    // Null: in the clear.
    [[nodiscard]] const tls_channel* tls() const noexcept { return tls_.get(); }
    // A close that TLS is the reason of.
    void fail_tls(std::string_view why) noexcept;
    // Why it was closed, in words that name the peer if that was TLS.
    [[nodiscard]] std::string_view close_text() const noexcept;
    // SO_BUSY_POLL was wanted, and the system refused it.
    [[nodiscard]] bool is_busy_poll_refused() const noexcept { return is_busy_poll_refused_; }
    [[nodiscard]] int descriptor() const { return socket_.get(); }
    [[nodiscard]] std::size_t pending_bytes() const { return pending_end_ - pending_begin_; }
    [[nodiscard]] close_reason reason() const { return reason_; }
    [[nodiscard]] int close_errno() const { return close_errno_; }
    [[nodiscard]] const socket_address& peer() const { return peer_; }
    [[nodiscard]] const connection_counters& counters() const { return counters_; }  // since open()
    [[nodiscard]] const framer& framing() const { return framer_; }

private:
    void set_options() noexcept;
    // Of connection_tls.cpp.
    void begin_tls(const tls_context& context, std::string_view host) noexcept;
    [[nodiscard]] receive_state receive_tls() noexcept;
    [[nodiscard]] bool handshake() noexcept;
    [[nodiscard]] send_state send_tls(std::string_view bytes, std::int64_t now_ns) noexcept;
    [[nodiscard]] tls_output pending_room() noexcept;
    [[nodiscard]] bool take(const tls_output& output, tls_state state) noexcept;
    [[nodiscard]] close_reason reason_of_break() noexcept;
    void say_end(close_reason reason) noexcept;

    // False after it closed the connection.
    [[nodiscard]] bool push_pending() noexcept;
    void compact_pending(std::size_t wanted) noexcept;
    // Bytes the socket took, or -1 after it closed the connection.
    [[nodiscard]] std::ptrdiff_t push(const char* bytes, std::size_t size) noexcept;
    [[nodiscard]] send_state append_pending(const char* bytes, std::size_t size,
                                            std::int64_t now_ns) noexcept;

    connection_options options_;
    engine::unique_fd socket_;
    socket_address peer_;
    framer framer_;
    std::unique_ptr<char[]> pending_;
    std::size_t pending_begin_ = 0;
    std::size_t pending_end_ = 0;
    // When a byte of the tail last left, or the tail began; none: the next flush() is told.
    std::optional<std::int64_t> pending_since_ns_;
    close_reason reason_ = close_reason::none;
    int close_errno_ = 0;
    bool is_busy_poll_refused_ = false;
    std::unique_ptr<tls_channel> tls_;  // null: in the clear
    connection_counters counters_;
};

}  // namespace millrace::gateway
