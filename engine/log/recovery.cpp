#include "engine/log/recovery.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/index.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/retained.hpp"
#include "engine/log/seal_file.hpp"

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

// Nothing: its header fails its checks, as where a loss of power took the activation part, or it is
// not there.
std::optional<segment_info> try_read_info(const std::filesystem::path& directory,
                                          std::uint64_t index) {
    try {
        return read_segment_info(directory, index);
    } catch (const damage_error&) {
        return std::nullopt;
    } catch (const io_error& failure) {
        if (failure.error_number() == ENOENT) {
            return std::nullopt;
        }
        throw;
    }
}

void set_aside(const std::filesystem::path& path) {
    std::error_code code;
    if (std::filesystem::exists(path, code)) {
        std::filesystem::path aside = path;
        aside += ".lost";
        rename_file(path, aside);
    }
}

struct old_mark {
    durable_mark mark;  // not open: no loss of power is known of, or the log has none
    log_uuid uuid;
    std::uint64_t segment_bytes = 0;
};

// If the host was started anew since the newest segment was begun. REQUIRES a segment.
old_mark open_old_mark(const std::filesystem::path& directory,
                       const std::vector<std::uint64_t>& indexes) {
    std::optional<segment_info> newest;
    for (auto it = indexes.rbegin(); it != indexes.rend() && !newest; ++it) {
        newest = try_read_info(directory, *it);
    }
    const std::filesystem::path first = directory / segment_file_name(indexes.front());
    std::optional<log_uuid> uuid;
    if (!newest) {
        uuid = detail::uuid_without_activation(open_file(first, O_RDONLY).get(), first);
    } else if (newest->boot_id != detail::read_host_identity().boot_id) {
        uuid = newest->uuid;
    }
    if (!uuid) {
        return {};
    }
    return {durable_mark::open_if_there(directory, *uuid), *uuid,
            newest ? newest->segment_bytes
                   : file_size(open_file(first, O_RDONLY).get(), first.native())};
}

struct records_end {
    position at;            // behind the last record, an end record counted
    bool is_whole = false;  // where the next segment says it is
};

records_end find_records_end(const std::filesystem::path& directory, std::uint64_t index) {
    const segment here = segment::open(directory, index, access::read_only);
    segment_cursor cursor(here);
    record_view record;
    records_end found{here.info().first_record(), false};
    position before_end = found.at;
    while (cursor.next(record) == damage_kind::none && record.payload != nullptr) {
        found.at = record.end;
        before_end = record.is_control(control_type::end) ? record.at : record.end;
    }
    const std::optional<segment_info> next = try_read_info(directory, index + 1);
    found.is_whole = next && before_end == next->previous_end &&
                     cursor.last_sequence() == next->previous_last_sequence;
    return found;
}

// Whether nothing follows it, not even a segment made ahead. An archive has no names of this kind.
bool is_last_name(const std::filesystem::path& directory, std::uint64_t index) {
    const std::vector<std::uint64_t> names = list_segment_names(directory);
    return !names.empty() && names.back() == index;
}

}  // namespace

void detail::check_no_log_was(const std::filesystem::path& directory) {
    if (!list_readable_segments(directory).empty()) {
        throw config_error(directory.native() +
                           ": holds an archive, in which no log can be begun or gone on with; use "
                           "the log's own directory, or a new one");
    }
    std::string left;
    if (const std::optional<std::filesystem::path> link = read_archive_link(directory)) {
        left = "its older ones are in the archive " + link->native();
    } else if (const position durable = durable_mark::position_of_any(directory);
               durable > position{}) {
        left =
            "durable.mark says that it was durable up to position " + std::to_string(durable.value);
    } else if (const std::optional<std::filesystem::path> seals = find_any_seal(directory)) {
        left = seals->filename().native() + " holds seals";
    } else if (std::filesystem::exists(directory / retained_name)) {
        left = std::string(retained_name) + " says that its oldest ones were removed on purpose";
    }
    if (!left.empty()) {
        throw damage_error(directory.native() + ": a log was here, and none of its segments is: " +
                           left + ". Restore them from a copy; or begin a log in a new directory");
    }
}

bool has_lost_hot_tier(const std::filesystem::path& directory) {
    const std::optional<detail::hot_location> where = detail::read_hot_location(directory);
    return where ? detail::is_gone(*where) : detail::is_loss_accepted(directory);
}

detail::unsynced_part detail::find_unsynced_part(const std::filesystem::path& directory,
                                                 const segment_indexes& indexes) {
    const old_mark found = indexes.empty() ? old_mark() : open_old_mark(directory, indexes);
    if (!found.mark.is_open()) {
        return {};
    }
    const position marked = found.mark.durable_position();
    return {find_durable(directory, found.uuid, found.segment_bytes, indexes.front(), marked),
            marked, found.segment_bytes};
}

position detail::find_unsynced(const std::filesystem::path& directory) {
    return find_unsynced_part(directory, list_segments(directory)).from;
}

position detail::find_durable(const std::filesystem::path& directory, const log_uuid& uuid,
                              std::uint64_t segment_bytes, std::uint64_t first, position marked) {
    return std::max(marked, read_sealed_end(directory, uuid, segment_bytes,
                                            std::max(first, marked.value / segment_bytes)));
}

void detail::check_durable_is_there(const std::filesystem::path& directory,
                                    const recovered_tail& tail, std::uint64_t first,
                                    position marked) {
    const position durable =
        find_durable(directory, tail.info.uuid, tail.info.segment_bytes, first, marked);
    if (durable > tail.read_end()) {
        throw damage_error(
            directory.native() + ": the log was durable up to position " +
            std::to_string(durable.value) + ", as its " +
            (durable > marked ? "seals say" : "durable.mark says") + ", and ends at " +
            std::to_string(tail.read_end().value) +
            "; records are lost. Restore the log from a copy, its durable.mark and seals included");
    }
}

std::string detail::set_aside_behind_gap(const std::filesystem::path& directory,
                                         const segment_indexes& indexes,
                                         const unsynced_part& unsynced) {
    if (unsynced.from == position{UINT64_MAX}) {
        return {};
    }
    const std::uint64_t segment_bytes = unsynced.segment_bytes;
    // The first whose records cannot be read in order. From the mark on, though seals may prove
    // more: bytes between the two are nowhere else held against anything when a log is opened.
    std::uint64_t lost = std::max(indexes.front(), unsynced.marked.value / segment_bytes);
    position end{lost * segment_bytes};
    if (lost <= indexes.back() && try_read_info(directory, lost)) {
        records_end found{};
        while (++lost <= indexes.back() &&
               (found = find_records_end(directory, lost - 1)).is_whole) {
        }
        end = found.at;
    }
    if (lost > indexes.back()) {
        return {};
    }
    if (end < unsynced.from) {
        throw damage_error((directory / segment_file_name(end.value / segment_bytes)).native() +
                           ": the log was durable up to position " +
                           std::to_string(unsynced.from.value) + " and breaks off at " +
                           std::to_string(end.value) + ". Restore the segment from a copy");
    }
    // Index and seals first, and durably: those of a segment set aside must not lie beside the next
    // one of its number.
    for (std::uint64_t index = lost; index <= indexes.back(); ++index) {
        set_aside(directory / index_file_name(index));
        set_aside(directory / seal_file_name(index));
    }
    sync_directory(directory);
    // Some may have been set aside already, when the power went again in the midst of this.
    for (auto it = indexes.rbegin(); it != indexes.rend() && *it >= lost; ++it) {
        set_aside(directory / segment_file_name(*it));
    }
    sync_directory(directory);
    return "the host lost power, and what was not durable has a gap before segment " +
           std::to_string(lost) + "; segments up to " + std::to_string(indexes.back()) +
           " were set aside under the ending .lost";
}

recovered_tail recover_tail(const std::filesystem::path& directory, position unsynced_from) {
    return detail::recover_listed_tail(
        directory,
        is_archive(directory) ? list_readable_segments(directory) : list_segments(directory),
        unsynced_from);
}

recovered_tail detail::recover_listed_tail(const std::filesystem::path& directory,
                                           const segment_indexes& indexes, position unsynced_from) {
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
    } else if (tail.read_end() < unsynced_from && is_last_name(directory, tail.info.index)) {
        throw damage_error(
            directory.native() + ": segment " + segment_file_name(tail.info.index + 1) +
            " is missing; the one before says that it follows. Restore it from a copy");
    }
    const position end = tail.end();
    const std::size_t dirty_end =
        used_bytes({last.data(), tail.info.segment_bytes}, tail.read_offset);
    // A record that is whole but does not fit its place was not torn either.
    const bool is_misfit = kind == damage_kind::bad_sequence || kind == damage_kind::bad_timestamp;
    const bool is_synced = end < unsynced_from;
    if (is_synced && (is_misfit || has_later_record_behind(last, tail, dirty_end))) {
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
