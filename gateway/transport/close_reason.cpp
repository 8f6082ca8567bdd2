#include "gateway/transport/close_reason.hpp"

namespace millrace::gateway {

const char* to_text(close_reason reason) noexcept {
    switch (reason) {
        case close_reason::none:
            return "none";
        case close_reason::local:
            return "closed by us";
        case close_reason::peer_closed:
            return "closed by the peer";
        case close_reason::reset:
            return "connection broken";
        case close_reason::slow_consumer:
            return "slow consumer: the peer does not read what we send";
        case close_reason::frame_too_long:
            return "a frame longer than the limit";
        case close_reason::logon_timeout:
            return "no first message in time";
        case close_reason::refused:
            return "first message refused";
        case close_reason::tls_failed:
            return "TLS failed";
        case close_reason::tls_unexpected:
            return "the peer speaks TLS, and this side does not";
    }
    return "unknown";
}

}  // namespace millrace::gateway
