// Finds the place in a log where a reading begins, by sequence, time or position, without reading
// what lies before it: a binary search over segment headers, then over the segment's index.
//
// Progress  O(log segments) headers are read, O(log entries) of one index, and no record
// Errors    find_segment() throws what reading a header throws
#pragma once

#include <filesystem>
#include <span>

#include "engine/log/log_reader.hpp"

namespace millrace::engine {

struct segment_search {
    bool is_before_all = false;  // what is sought lies before the oldest segment
    std::uint64_t index = 0;     // the newest segment at or before which it can lie
};
// REQUIRES: `indexes` ascending and not empty; from: tail, at_sequence, at_time or at_position.
[[nodiscard]] segment_search find_segment(const std::filesystem::path& directory,
                                          std::span<const std::uint64_t> indexes,
                                          const read_from& from);

// Stands at a record that does not lie behind what is sought: as near before it as the segment's
// index knows, or at the segment's start.
[[nodiscard]] segment_cursor cursor_before(const std::filesystem::path& directory,
                                           const segment& where, const read_from& from) noexcept;

}  // namespace millrace::engine
