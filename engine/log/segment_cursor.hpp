// Walks the records of one segment.
//
// Threading  one thread; the segment is shared as record_words.hpp says
// Progress   wait-free, for the message path
// Invariant  a record that is given out passed its checks and follows the one before
// Errors     damage is a value; a cursor does not pass it
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "engine/log/record_order.hpp"
#include "engine/log/segment.hpp"

namespace millrace::engine {

// A committed record. The payload stays valid while its segment is mapped (see
// log_reader::keep_from).
struct record_view {
    position at;
    position end;
    sequence seq;
    timestamp time;
    std::uint16_t type = 0;
    std::uint8_t flags = 0;
    const std::byte* payload = nullptr;
    std::uint32_t payload_size = 0;

    [[nodiscard]] bool is_control() const { return (flags & record_flag_control) != 0; }
    [[nodiscard]] bool is_control(control_type which) const {
        return is_control() && type == static_cast<std::uint16_t>(which);
    }
    [[nodiscard]] std::span<const std::byte> bytes() const { return {payload, payload_size}; }
};

// Checks each record against the one before.
template <class Memory>
class basic_segment_cursor {
public:
    basic_segment_cursor() = default;
    explicit basic_segment_cursor(const segment& where)
        : basic_segment_cursor(where, where.info().header_bytes,
                               where.info().previous_last_sequence, where.info().base_timestamp) {}
    // Goes on at a record that begins at `offset`; `last` and `last_time` are of the one before.
    basic_segment_cursor(const segment& where, std::size_t offset, sequence last,
                         timestamp last_time)
        : segment_(&where), offset_(offset), last_sequence_(last), last_timestamp_(last_time) {}

    // none and record.payload set: a record; none and payload null: nothing here yet.
    [[nodiscard]] damage_kind next(record_view& record) noexcept;
    [[nodiscard]] std::size_t offset() const { return offset_; }
    [[nodiscard]] position at() const {
        return {segment_->info().first_position().value + offset_};
    }
    [[nodiscard]] sequence last_sequence() const { return last_sequence_; }
    [[nodiscard]] timestamp last_timestamp() const { return last_timestamp_; }

private:
    const segment* segment_ = nullptr;
    std::size_t offset_ = 0;
    sequence last_sequence_;
    timestamp last_timestamp_;
};

template <class Memory>
damage_kind basic_segment_cursor<Memory>::next(record_view& record) noexcept {
    record.payload = nullptr;
    const record_probe probe = probe_record<Memory>(*segment_, offset_);
    if (probe.state == record_state::absent) {
        return damage_kind::none;
    }
    if (probe.state == record_state::damaged) {
        return probe.kind;
    }
    const std::byte* bytes = segment_->data() + offset_;
    record_header header;
    std::memcpy(&header, bytes, sizeof header);
    if (const damage_kind kind = check_order(header, last_sequence_, last_timestamp_);
        kind != damage_kind::none) {
        return kind;
    }
    const std::uint64_t first = segment_->info().first_position().value;
    record.at = {first + offset_};
    offset_ += align_record(probe.length);
    record.end = {first + offset_};
    record.seq = {header.sequence};
    record.time = {header.timestamp};
    record.type = header.type;
    record.flags = header.flags;
    record.payload = bytes + record_header_bytes;
    record.payload_size = probe.length - static_cast<std::uint32_t>(record_header_bytes);
    last_sequence_ = record.seq;
    last_timestamp_ = record.time;
    return damage_kind::none;
}

extern template class basic_segment_cursor<native_memory>;
using segment_cursor = basic_segment_cursor<native_memory>;

}  // namespace millrace::engine
