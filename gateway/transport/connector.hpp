// Brings up an initiator's connection: the primary first, then the backups, then a growing pause.
//
// Threading  one thread
// Progress   poll() returns at once; addresses were resolved before
// Units      now_ns: monotonic clock
// Errors     a failed attempt is a status with its errno; the connector goes on by itself
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/file.hpp"
#include "gateway/transport/address.hpp"

namespace millrace::gateway {

struct connector_options {
    std::int64_t connect_timeout_ns = 5'000'000'000;
    std::int64_t retry_min_ns = 1'000'000'000;   // after a round in which no endpoint worked
    std::int64_t retry_max_ns = 30'000'000'000;  // the pause doubles up to this
    socket_address source;                       // size 0: not bound
};

enum class connector_state : std::uint8_t {
    stopped,
    waiting,  // for the next attempt
    connecting,
    connected,  // poll() has handed out a socket; connection_ended() starts again
    failed      // returned by poll() once for each failed attempt
};

class connector {
public:
    // endpoints: in order of preference, each with its addresses. Throws engine::config_error if
    // there is none.
    connector(std::vector<std::vector<socket_address>> endpoints, const connector_options& options);

    void start(std::int64_t now_ns) noexcept;
    void stop() noexcept;
    // connected: socket is the connected, non-blocking socket and address() its peer.
    [[nodiscard]] connector_state poll(std::int64_t now_ns, engine::unique_fd& socket) noexcept;
    // was_good: the session had been logged on, so the next attempt begins with the primary and
    // without a pause longer than retry_min_ns. Otherwise the next address is tried, as if this one
    // had failed.
    void connection_ended(bool was_good, std::int64_t now_ns) noexcept;

    [[nodiscard]] connector_state state() const { return state_; }
    [[nodiscard]] const socket_address& address() const { return addresses_[index_].address; }
    [[nodiscard]] std::size_t endpoint_index() const { return addresses_[index_].endpoint; }
    [[nodiscard]] std::size_t endpoint_count() const { return addresses_.back().endpoint + 1; }
    // From the next start() or connection_ended(true) on, the endpoint behind the present one is
    // the primary.
    void prefer_next() noexcept;
    [[nodiscard]] int last_errno() const { return last_errno_; }  // of the last failed attempt
    [[nodiscard]] std::int64_t next_attempt_ns() const { return next_attempt_ns_; }
    [[nodiscard]] std::uint64_t attempts() const { return attempts_; }

private:
    struct candidate {
        socket_address address;
        std::size_t endpoint;
    };

    [[nodiscard]] connector_state begin_attempt(std::int64_t now_ns,
                                                engine::unique_fd& socket) noexcept;
    [[nodiscard]] connector_state await_attempt(std::int64_t now_ns,
                                                engine::unique_fd& socket) noexcept;
    [[nodiscard]] connector_state attempt_failed(int error_number, std::int64_t now_ns) noexcept;
    void advance(std::int64_t now_ns) noexcept;

    std::vector<candidate> addresses_;
    connector_options options_;
    engine::unique_fd socket_;
    connector_state state_ = connector_state::stopped;
    std::size_t index_ = 0;
    std::size_t primary_ = 0;  // where a round begins
    std::int64_t next_attempt_ns_ = 0;
    std::int64_t deadline_ns_ = 0;
    std::int64_t pause_ns_ = 0;
    std::uint64_t attempts_ = 0;
    int last_errno_ = 0;
};

}  // namespace millrace::gateway
