// What passes beside QuickFIX: ordinary application messages, in order, that the session's
// dictionary has nothing to say against. Everything else goes through the library untouched, and
// both ways put the same bytes on the wire.
//
// Threading  the session thread
// Progress   nothing allocates after construction, or throws
// Invariant  a message that is taken or made here is one that QuickFIX would have taken, and can
//            read back from FIX_OUT for a resend
// Source     the conditions: docs/gateway.md, The two lanes
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/quickfix/screen.hpp"
#include "gateway/quickfix/settings.hpp"
#include "gateway/session/outbound.hpp"
#include "xlator/fix/decoder.hpp"

namespace millrace::gateway {

// The frame is of this session's version and, as far as it checks them, from its peer and of now.
[[nodiscard]] bool is_own_header(const session_spec& session, const screened_frame& frame,
                                 std::int64_t utc_ns) noexcept;

class fast_lane {
public:
    // REQUIRES: both outlive this; `dict` is what the session validates with.
    fast_lane(const session_spec& session, const xlator::dictionary& dict);

    // The frame is an application message in its turn, and says nothing that only the library can
    // answer.
    [[nodiscard]] bool may_take(const screened_frame& frame, msg_seq_num expected,
                                std::int64_t utc_ns) noexcept;

    // The whole frame, in the beginning of room; empty: the body is none of the dictionary, unless
    // its maker has looked, or too large.
    [[nodiscard]] std::string_view make(std::span<char> room, const outbound_header& header,
                                        std::string_view body, msg_seq_num number,
                                        std::int64_t utc_ns) noexcept;

private:
    const session_spec* session_;
    std::uint8_t time_decimals_;
    bool is_sum_screened_;  // length and checksum are right, or the frame would not be here
    xlator::decoder decoder_;
};

}  // namespace millrace::gateway
