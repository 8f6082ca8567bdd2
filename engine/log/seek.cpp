#include "engine/log/seek.hpp"

#include "engine/core/assert.hpp"
#include "engine/log/index.hpp"

namespace millrace::engine {

namespace {

bool is_not_behind(const segment_info& info, const read_from& from) {
    switch (from.what) {
        case read_from::kind::at_sequence:
            return info.base_sequence <= from.seq;
        case read_from::kind::at_time:
            return info.base_timestamp < from.time;
        case read_from::kind::at_position:
            return info.first_position() <= from.at;
        default:
            return true;
    }
}

}  // namespace

segment_search find_segment(const std::filesystem::path& directory,
                            std::span<const std::uint64_t> indexes, const read_from& from) {
    MILLRACE_ASSERT(!indexes.empty(), "a log without segments has no place to begin");
    // Most readings begin in the newest segment, and one header tells.
    if (is_not_behind(read_segment_info(directory, indexes.back()), from)) {
        return {false, indexes.back()};
    }
    std::size_t low =
        0;  // segments before it do not lie behind what is sought; from `high` on all do
    std::size_t high = indexes.size() - 1;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (is_not_behind(read_segment_info(directory, indexes[middle]), from)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return {low == 0, low == 0 ? indexes.front() : indexes[low - 1]};
}

segment_cursor cursor_before(const std::filesystem::path& directory, const segment& where,
                             const read_from& from) noexcept {
    const index_lookup found = look_up(directory, where, from);
    if (found.answer != index_answer::found) {
        return segment_cursor(where);
    }
    const index_entry& entry = found.entry;
    return segment_cursor(where, entry.offset, {entry.sequence - 1}, {entry.timestamp - 1});
}

}  // namespace millrace::engine
