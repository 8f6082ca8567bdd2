// A translated message on its way from a client to the session thread: this header, then the
// encoded body.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "engine/ring/byte_ring.hpp"
#include "engine/table/record.hpp"
#include "gateway/session/gate.hpp"

namespace millrace::gateway {

// The ring record's type field.
inline constexpr std::uint32_t outbound_message_type = 1;

// Followed by body_bytes of FIX fields in canonical order, without 8, 9, 34, 35, 49, 52, 56 and 10.
struct outbound_header {
    engine::origin origin;
    engine::correlation correlation;
    std::int64_t intended_ns = 0;  // UTC; 0: none
    std::int64_t committed_ns = 0;
    std::int64_t streamed_ns = 0;
    std::int64_t translated_ns = 0;
    std::uint32_t body_bytes = 0;
    std::uint8_t body_sum = 0;    // of the body's bytes, modulo 256, for the checksum
    std::uint8_t is_checked = 0;  // who made the body knows that the session's dictionary takes it
    std::uint8_t is_retried = 0;  // a parked record's second attempt
    std::uint8_t msg_type_bytes = 0;
    char msg_type[8] = {};
};
static_assert(sizeof(outbound_header) == 96);
static_assert(std::is_trivially_copyable_v<outbound_header>);

// What becomes of a route's messages while its session is not logged on.
enum class down_policy : std::uint8_t {
    hold,   // they wait for the next logon
    park,   // FIX_OUT notes them as undelivered, and they are not sent
    reject  // FIX_OUT notes them as rejected
};

// First in a body that may have been sent before, for the session's header.
inline constexpr std::string_view poss_resend_mark = "97=Y\x01";

// What a session says for itself: Logon, Heartbeat, TestRequest, ResendRequest, Reject and so on.
[[nodiscard]] constexpr bool is_admin_type(std::string_view msg_type) noexcept {
    return msg_type.size() == 1 &&
           std::string_view("012345A").find(msg_type[0]) != std::string_view::npos;
}

// One route's ring, and the session's word that it takes no more from it.
struct outbound_link {
    explicit outbound_link(std::size_t ring_bytes) : ring(ring_bytes) {}

    engine::byte_ring ring;
    std::atomic<bool> is_halted{false};       // writer: the session thread
    gate_level gate = gate_level::committed;  // set before the session runs; of each message's row
    down_policy when_down = down_policy::hold;  // set before the session runs
    std::int64_t hold_max_ns = 0;  // of a record's age; 0: any. Set before the session runs
    std::string source_id;  // set before the session has it: for the session's OutboundRoutingTag
};

}  // namespace millrace::gateway
