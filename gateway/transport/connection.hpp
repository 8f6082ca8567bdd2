// One established TCP connection, polled by the thread that owns it.
//
// Threading  one thread; a connection may be handed to another thread while nobody polls it
// Progress   every call returns at once; after construction nothing allocates or throws
// Invariant  bytes leave in the order of send(): behind a pending tail, later bytes queue
// Units      now_ns: monotonic clock
// Errors     statuses; once closed, reason() and close_errno() say why until the next open()
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/core/file.hpp"
#include "gateway/transport/address.hpp"
#include "gateway/transport/close_reason.hpp"
#include "gateway/transport/framer.hpp"

namespace millrace::gateway {

struct connection_options {
    framer_options framing;
    std::size_t pending_bytes_max = 1024 * 1024;
    std::int64_t pending_stall_ns_max =
        10'000'000'000;            // no byte leaves for so long: slow consumer
    int send_buffer_bytes = 0;     // SO_SNDBUF; 0: the system's default
    int receive_buffer_bytes = 0;  // SO_RCVBUF
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

    // Takes a connected socket, makes it non-blocking and sets its options.
    void open(engine::unique_fd socket, const socket_address& peer) noexcept;
    void close(close_reason reason, int error_number = 0) noexcept;
    // Exchanges everything, buffered bytes included: how an accepted connection reaches its
    // session.
    void swap(connection& other) noexcept;

    // One recv. Take all frames before calling it again: it ends their life.
    [[nodiscard]] receive_state receive() noexcept;
    // False: more bytes are needed, or the connection was closed (frame_too_long).
    [[nodiscard]] bool next_frame(std::string_view& frame) noexcept;

    send_state send(const char* bytes, std::size_t size, std::int64_t now_ns) noexcept;
    // Sends what is pending; closes a connection whose tail has stalled for too long.
    send_state flush(std::int64_t now_ns) noexcept;

    [[nodiscard]] bool is_open() const { return socket_.is_open(); }
    [[nodiscard]] int descriptor() const { return socket_.get(); }
    [[nodiscard]] std::size_t pending_bytes() const { return pending_end_ - pending_begin_; }
    [[nodiscard]] close_reason reason() const { return reason_; }
    [[nodiscard]] int close_errno() const { return close_errno_; }
    [[nodiscard]] const socket_address& peer() const { return peer_; }
    [[nodiscard]] const connection_counters& counters() const { return counters_; }  // since open()
    [[nodiscard]] const framer& framing() const { return framer_; }

private:
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
    std::int64_t pending_since_ns_ = 0;  // when a byte of the tail last left, or the tail began
    close_reason reason_ = close_reason::none;
    int close_errno_ = 0;
    connection_counters counters_;
};

}  // namespace millrace::gateway
