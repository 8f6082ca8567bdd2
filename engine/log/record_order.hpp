// Whether a record may follow the one before it: the rule that reader, verification and salvage
// share.
//
// Progress   wait-free, for the message path
// Invariant  a numbered record has the next sequence and a later time; a control record repeats the
//            last sequence at a later time; a gap record stands for lost records, so its sequence
//            may be later, and it is no event, so it repeats the last time
#pragma once

#include "engine/log/segment.hpp"

namespace millrace::engine {

[[nodiscard]] inline bool is_gap(const record_header& header) noexcept {
    return (header.flags & record_flag_control) != 0 &&
           header.type == static_cast<std::uint16_t>(control_type::gap);
}

// none, bad_sequence or bad_timestamp. `last` and `last_time` are those of the record before.
[[nodiscard]] inline damage_kind check_order(const record_header& header, sequence last,
                                             timestamp last_time) noexcept {
    const bool is_control = (header.flags & record_flag_control) != 0;
    const sequence expected = is_control ? last : last.next();
    if (header.sequence == expected.value && header.timestamp > last_time.ns) [[likely]] {
        return damage_kind::none;
    }
    if (is_gap(header)) {
        return header.sequence < last.value      ? damage_kind::bad_sequence
               : header.timestamp < last_time.ns ? damage_kind::bad_timestamp
                                                 : damage_kind::none;
    }
    return header.sequence != expected.value ? damage_kind::bad_sequence
                                             : damage_kind::bad_timestamp;
}

}  // namespace millrace::engine
