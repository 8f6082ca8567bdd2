#include "gateway/session/fast_lane.hpp"

#include <cstdlib>

#include "engine/core/assert.hpp"
#include "gateway/quickfix/utc_timestamp.hpp"
#include "gateway/session/message_dictionary.hpp"
#include "xlator/fix/byte_sum.hpp"
#include "xlator/fix/frame.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

// What the library writes: older versions know whole seconds only.
std::uint8_t decimals_of(const session_spec& session) {
    if (session.begin_string < "FIX.4.2") {
        return 0;
    }
    if (const setting* const precision = session.find("TimestampPrecision")) {
        return static_cast<std::uint8_t>(std::strtoul(precision->value.c_str(), nullptr, 10));
    }
    return session.is_on("MillisecondsInTimeStamp", true) ? 3 : 0;
}

bool is_equal(const screened_frame& frame, field_span span, const std::string& text) noexcept {
    return frame.equals(span, text.data(), text.size());
}

}  // namespace

fast_lane::fast_lane(const session_spec& session, const xlator::dictionary& dict)
    : session_(&session),
      time_decimals_(decimals_of(session)),
      is_sum_screened_(session.validate_length_and_checksum),
      decoder_(dict, validation_of(session)) {}

bool is_own_header(const session_spec& session, const screened_frame& frame,
                   std::int64_t utc_ns) noexcept {
    const frame_facts& facts = frame.facts();
    const field_span sent = facts.sending_time;
    const std::int64_t latency_max_ns = static_cast<std::int64_t>(session.max_latency_s) * ns_per_s;
    std::int64_t sent_ns = 0;
    return is_equal(frame, facts.begin_string, session.begin_string) &&
           (!session.check_comp_id || (is_equal(frame, facts.sender, session.target) &&
                                       is_equal(frame, facts.target, session.sender))) &&
           parse_utc_timestamp(frame.begin_of(sent), sent.size, sent_ns) &&
           (!session.check_latency || std::llabs(utc_ns - sent_ns) <= latency_max_ns);
}

bool fast_lane::may_take(const screened_frame& frame, msg_seq_num expected,
                         std::int64_t utc_ns) noexcept {
    const frame_facts& facts = frame.facts();
    const std::string_view bytes(frame.data(), frame.size());
    const auto is_good = [&] {
        return (is_sum_screened_ ? decoder_.decode_scanned(bytes) : decoder_.decode(bytes)).is_ok();
    };
    return !facts.is_admin && facts.has_number && facts.number == expected && !facts.poss_dup &&
           !facts.poss_resend && !facts.appl_ver_id.is_present() &&
           is_own_header(*session_, frame, utc_ns) && is_good();
}

std::string_view fast_lane::make(std::span<char> room, const outbound_header& header,
                                 std::string_view body, msg_seq_num number,
                                 std::int64_t utc_ns) noexcept {
    const std::string_view msg_type(header.msg_type, header.msg_type_bytes);
    if (header.is_checked == 0 && !decoder_.decode_body(msg_type, body).is_ok()) {
        return {};
    }
    MILLRACE_DCHECK(decoder_.decode_body(msg_type, body).is_ok(), "checked by who made it");
    MILLRACE_DCHECK(header.body_sum == static_cast<std::uint8_t>(xlator::byte_sum(body)),
                    "summed by who made it");
    xlator::frame_header head;
    head.begin_string = session_->begin_string;
    head.msg_type = msg_type;
    head.msg_seq_num = number.value;
    head.sender_comp_id = session_->sender;
    head.sending_time = {utc_ns, time_decimals_};
    head.target_comp_id = session_->target;
    const xlator::encode_result made = xlator::frame(room, head, body, header.body_sum);
    return made.is_ok() ? std::string_view(room.data(), made.size) : std::string_view();
}

}  // namespace millrace::gateway
