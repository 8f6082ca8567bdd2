#include "engine/log/recovery.hpp"

#include <algorithm>
#include <cstring>

#include "engine/core/error.hpp"
#include "engine/log/log_reader.hpp"

namespace millrace::engine {

namespace {

// Segment files follow one another and belong to one log. Bytes are scanned in the last one only.
void check_chain(const std::filesystem::path& directory,
                 const std::vector<std::uint64_t>& indexes) {
    segment_info before = read_segment_info(directory, indexes.front());
    for (std::size_t i = 1; i < indexes.size(); ++i) {
        if (indexes[i] != indexes[i - 1] + 1) {
            throw damage_error(directory.native() + ": segment " +
                               segment_file_name(indexes[i - 1] + 1) +
                               " is missing between two others; restore it from a copy");
        }
        segment_info next = read_segment_info(directory, indexes[i]);
        if (const damage_kind kind = check_successor(before, next); kind != damage_kind::none) {
            throw damage_error((directory / segment_file_name(indexes[i])).native() + ": " +
                               std::string(describe(kind)));
        }
        before = std::move(next);
    }
}

// A whole later record of this segment behind a bad one proves that the bad one is damage, not a
// torn tail. Later, because a torn payload may hold a copy of an earlier record, and that proves
// nothing.
bool has_later_record_behind(const segment& where, const recovered_tail& tail, std::size_t until) {
    for (std::size_t offset = tail.read_offset + record_alignment; offset < until;
         offset += record_alignment) {
        if (probe_record(where, offset).state != record_state::valid) {
            continue;
        }
        record_header header;
        std::memcpy(&header, where.data() + offset, sizeof header);
        if (header.timestamp > tail.last_timestamp.ns) {
            return true;
        }
    }
    return false;
}

}  // namespace

recovered_tail recover_tail(const std::filesystem::path& directory) {
    const std::vector<std::uint64_t> indexes = list_segments(directory);
    check_chain(directory, indexes);
    const segment last = segment::open(directory, indexes.back(), access::read_only);
    recovered_tail tail;
    tail.info = last.info();
    tail.last_sequence = tail.info.previous_last_sequence;
    tail.last_timestamp = tail.info.base_timestamp;
    tail.end_offset = tail.info.header_bytes;

    segment_cursor cursor(last);
    record_view record;
    damage_kind kind = damage_kind::none;
    bool has_end = false;
    while ((kind = cursor.next(record)) == damage_kind::none && record.payload != nullptr) {
        tail.last_sequence = record.seq;
        tail.last_timestamp = record.time;
        tail.is_closed = record.is_control(control_type::close);
        has_end = record.is_control(control_type::end);
        tail.end_offset = record.at.value - tail.info.first_position().value;
    }
    tail.read_offset = cursor.offset();
    if (!has_end) {
        tail.end_offset = tail.read_offset;
    } else if (list_segment_names(directory).back() == tail.info.index) {
        throw damage_error(
            directory.native() + ": segment " + segment_file_name(tail.info.index + 1) +
            " is missing; the one before says that it follows. Restore it from a copy");
    }
    const position end = tail.end();
    const std::size_t dirty_end =
        used_bytes({last.data(), tail.info.segment_bytes}, tail.read_offset);
    // A record that is whole but does not fit its place was not torn either.
    const bool is_misfit = kind == damage_kind::bad_sequence || kind == damage_kind::bad_timestamp;
    if (is_misfit || has_later_record_behind(last, tail, dirty_end)) {
        const std::string_view what =
            kind == damage_kind::none ? "zeros where a record was" : describe(kind);
        throw damage_error(
            (directory / segment_file_name(tail.info.index)).native() + ": position " +
            std::to_string(end.value) + ": " + std::string(what) +
            "; whole records stand there or behind, so the log is damaged, not torn. "
            "Restore the segment from a copy");
    }
    if (dirty_end > tail.read_offset) {
        tail.is_closed = false;
        tail.note = "torn tail at position " + std::to_string(end.value) + ": up to " +
                    std::to_string(dirty_end - tail.read_offset) +
                    " bytes of an uncommitted record were left behind and are kept as they are";
    } else if (!tail.is_closed) {
        tail.note = "the last writer did not close in order; the log ends at position " +
                    std::to_string(end.value) + ", sequence " +
                    std::to_string(tail.last_sequence.value);
    }
    return tail;
}

}  // namespace millrace::engine
