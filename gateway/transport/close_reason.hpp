// Why a connection ended, as a value the session thread can act on and a text a person can read.
#pragma once

#include <cstdint>

namespace millrace::gateway {

enum class close_reason : std::uint8_t {
    none,            // never opened, or open
    local,           // we closed it on purpose
    peer_closed,     // orderly end from the other side
    reset,           // the network or the other side broke it; close_errno() says how
    slow_consumer,   // the pending tail outgrew its limit in bytes or in time
    frame_too_long,  // a frame beyond the configured limit
    logon_timeout,   // accepted, but no complete first frame in time
    refused,         // the first frame was none we take
    tls_failed,      // no TLS with this peer, or none any more; the connection's text() says why
    tls_unexpected   // the peer speaks TLS where nobody does
};

[[nodiscard]] const char* to_text(close_reason reason) noexcept;

}  // namespace millrace::gateway
