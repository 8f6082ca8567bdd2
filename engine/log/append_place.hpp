// Where a writer stands in its segment, and the steps by which what it appends becomes visible.
//
// Threading  the log's writer
// Progress   wait-free; no system call, page fault or allocation
// Invariant  zeros stand behind a record before its commit word does; a segment is left only for
//            one that is begun
// Units      offsets from the start of the segment
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/core/assert.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/native_memory.hpp"
#include "engine/log/record_words.hpp"
#include "engine/log/segment.hpp"

namespace millrace::engine::detail {

template <class Memory = native_memory>
class append_place {
public:
    struct appended {
        sequence seq;
        timestamp time;
        position at;
    };

    // Of the last record there is, which the next one follows.
    void follow(sequence last, timestamp last_time) noexcept {
        last_sequence_ = last;
        last_timestamp_ = last_time;
    }
    void enter(const segment& next, std::size_t offset) noexcept {
        data_ = next.data();
        offset_ = offset;
        first_position_ = next.info().first_position().value;
        seed_ = next.seed();
    }

    // A claim of so many bytes is filled here.
    [[nodiscard]] std::span<std::byte> room(std::size_t payload_bytes) const noexcept {
        return {data_ + offset_ + record_header_bytes, payload_bytes};
    }
    appended commit(std::uint16_t type, std::span<std::byte> claimed, std::size_t used) noexcept;
    static void abort(std::span<std::byte> claimed) noexcept { clear_claim<Memory>(claimed, 0); }
    // REQUIRES: the payload stands in room(payload_bytes).
    appended publish(std::uint16_t type, std::uint8_t flags, std::size_t payload_bytes) noexcept;
    appended publish(control_type type) noexcept {
        return publish(static_cast<std::uint16_t>(type), record_flag_control, 0);
    }
    // Goes on in `next`, which is begun: whoever sees the end record finds it.
    void leave_for(const segment& next) noexcept;

    [[nodiscard]] std::byte* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
    [[nodiscard]] std::uint64_t first_position() const noexcept { return first_position_; }
    [[nodiscard]] position end() const noexcept { return {first_position_ + offset_}; }
    [[nodiscard]] sequence last_sequence() const noexcept { return last_sequence_; }
    [[nodiscard]] timestamp last_timestamp() const noexcept { return last_timestamp_; }

private:
    std::byte* data_ = nullptr;
    std::size_t offset_ = 0;
    std::uint64_t first_position_ = 0;
    sequence last_sequence_;
    timestamp last_timestamp_;
    std::uint32_t seed_ = 0;
};

template <class Memory>
auto append_place<Memory>::publish(std::uint16_t type, std::uint8_t flags,
                                   std::size_t payload_bytes) noexcept -> appended {
    const auto length = static_cast<std::uint32_t>(record_header_bytes + payload_bytes);
    const bool is_control = (flags & record_flag_control) != 0;
    const sequence seq = is_control ? last_sequence_ : last_sequence_.next();
    const timestamp time = std::max(utc_now(), timestamp{last_timestamp_.ns + 1});
    const std::uint64_t head[3] = {seq.value, static_cast<std::uint64_t>(time.ns),
                                   make_kind_word(type, flags)};
    commit_record<Memory>(data_ + offset_, length, seed_, head);
    const position at = end();
    offset_ += align_record(length);
    last_sequence_ = seq;
    last_timestamp_ = time;
    return {seq, time, at};
}

// What is claimed and not used is zeroed first: the next commit word will stand in it.
template <class Memory>
auto append_place<Memory>::commit(std::uint16_t type, std::span<std::byte> claimed,
                                  std::size_t used) noexcept -> appended {
    if (used < claimed.size()) {
        clear_claim<Memory>(claimed, used);
    }
    return publish(type, 0, used);
}

template <class Memory>
void append_place<Memory>::leave_for(const segment& next) noexcept {
    MILLRACE_ASSERT(next.info().previous_end == end(), "left for a segment that is not begun");
    publish(control_type::end);
    enter(next, next.info().header_bytes);
}

}  // namespace millrace::engine::detail
