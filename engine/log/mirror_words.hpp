// How a reader in another process copies records of a hot segment, whose bytes may go meanwhile.
//
// Threading  one thread copies; the segment's writer and its persister go on beside it
// Progress   wait-free
// Invariant  what was copied counts only if the segment was not retired behind the copying: its
//            bytes go after the mark says so
// Units      offsets from the start of the segment
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/log/format.hpp"
#include "engine/log/record_words.hpp"

namespace millrace::engine::detail {

// The policy has two things beside native_memory's: a copy of bytes that may change meanwhile, and
// an acquire fence.

inline constexpr std::size_t mirror_bytes_max = std::size_t{1} << 20;  // at a time, and a record

// Whole records from `from` on, to the same place in `to`; returns where they end.
template <class Memory>
[[nodiscard]] std::size_t copy_records(const std::byte* source, std::span<std::byte> to,
                                       std::size_t from, std::size_t limit) noexcept {
    std::size_t end = from;
    while (end + record_header_bytes <= limit && end - from < mirror_bytes_max) {
        const std::byte* record = source + end;
        const std::uint64_t word = load_commit_word<Memory>(record);
        if (word == 0) {
            break;
        }
        const std::size_t length = commit_length(word);
        if (length < record_header_bytes || length > limit - end) {
            Memory::copy(to.data() + end, record, record_header_bytes);  // the cursor names it
            break;
        }
        const std::size_t bytes = std::min(align_record(length), limit - end);
        Memory::copy(to.data() + end, record, bytes);
        end += bytes;
    }
    return end;
}

// REQUIRES a copy before. False: what was copied may be of the hole.
template <class Memory, class Mark>
[[nodiscard]] bool was_there(const Mark& mark, std::uint64_t index) noexcept {
    // The look at the mark comes after the copying; persist_walk.hpp: leave_front moves the mark
    // before the bytes go.
    Memory::acquire_fence();
    return mark.retired_below() <= index;
}

}  // namespace millrace::engine::detail
