// Accepts connections and holds each until its first frame says which session it is for.
//
// Threading  one thread
// Progress   poll() returns at once, after a few accepts and one recv per pending connection
// Invariant  at most pending_max connections are held, none longer than logon_timeout_ns
// Units      now_ns: monotonic clock
// Errors     the constructor throws engine::io_error naming the address; afterwards counters
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/file.hpp"
#include "gateway/transport/address.hpp"
#include "gateway/transport/address_list.hpp"
#include "gateway/transport/connection.hpp"

namespace millrace::gateway {

struct listener_options {
    connection_options connection;
    std::size_t pending_max = 16;
    std::int64_t logon_timeout_ns = 10'000'000'000;
    std::int64_t handshake_timeout_ns = 5'000'000'000;  // of it, for TLS
    const tls_context* tls = nullptr;                   // null: in the clear
    int backlog = 64;
    bool reuse_address = true;
    address_list allowed;  // who may come; empty: everybody
};

struct listener_counters {
    std::uint64_t accepted = 0;
    std::uint64_t refused_full = 0;     // closed at once: pending_max connections were waiting
    std::uint64_t refused_address = 0;  // closed before a byte was read: not from one of `allowed`
    std::uint64_t timed_out = 0;        // no first frame in time
    std::uint64_t ended_early = 0;      // closed or broken before a first frame
    std::uint64_t accept_failures = 0;
    std::uint64_t tls_failed = 0;  // of those that ended early: no TLS came about
};

class listener {
public:
    listener(const socket_address& address, const listener_options& options);

    struct first_frame {
        connection* link = nullptr;  // null: nothing new
        std::string_view
            frame;  // in the link's buffer: lives on through swap(), until its next receive()
        // Why TLS did not come about with somebody; empty: it did, or none is spoken. Until the
        // next poll().
        std::string_view failure;
    };

    // At most one first frame or failure per call. The caller swaps the link into a session's
    // closed connection, or closes it; a link left open is closed by the next poll().
    [[nodiscard]] first_frame poll(std::int64_t now_ns) noexcept;

    // For connections that come from here on. REQUIRES: as of listener_options.
    void set_tls(const tls_context& tls) noexcept { options_.tls = &tls; }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::size_t pending_count() const;
    // Of the last that was refused for it.
    [[nodiscard]] const socket_address& refused_address() const { return refused_address_; }
    [[nodiscard]] const listener_counters& counters() const { return counters_; }

private:
    struct pending {
        std::unique_ptr<connection> link;
        std::int64_t deadline_ns = 0;
        std::int64_t handshake_deadline_ns = 0;
        bool offered = false;
    };

    void accept_new(std::int64_t now_ns) noexcept;
    [[nodiscard]] first_frame poll_one(pending& slot, std::int64_t now_ns) noexcept;
    [[nodiscard]] first_frame ended(pending& slot) noexcept;

    listener_options options_;
    engine::unique_fd socket_;
    std::uint16_t port_ = 0;
    std::vector<pending> slots_;
    std::string failure_;
    std::size_t next_slot_ = 0;  // where the round starts, so that no slot is preferred
    socket_address refused_address_;
    listener_counters counters_;
};

}  // namespace millrace::gateway
