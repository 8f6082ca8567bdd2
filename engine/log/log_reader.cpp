#include "engine/log/log_reader.hpp"

#include <algorithm>
#include <ctime>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/archive_gap.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/recovery.hpp"
#include "engine/log/seek.hpp"

namespace millrace::engine {

namespace {

// A writer that died left no end record, so an idle reader looks for the next file now and then.
constexpr std::int64_t look_interval_ns = 20'000'000;
constexpr std::uint32_t idle_polls_per_clock_read = 64;

bool is_newest(const std::filesystem::path& directory, std::uint64_t index) noexcept {
    try {
        const std::vector<std::uint64_t> indexes = list_segments(directory);
        return !indexes.empty() && indexes.back() <= index;
    } catch (const std::exception&) {
        return false;
    }
}

// From where a loss of power may have taken anything; none: it took nothing, or none can be told.
position find_unsynced_or_none(const std::filesystem::path& directory) noexcept {
    try {
        return detail::find_unsynced(directory);
    } catch (const std::exception&) {
        return {UINT64_MAX};
    }
}

}  // namespace

template class basic_segment_cursor<native_memory>;

damage_kind check_successor(const segment_info& before, const segment_info& next) {
    if (next.index != before.index + 1) {
        return damage_kind::missing_segment;
    }
    if (next.uuid != before.uuid) {
        return damage_kind::foreign_segment;
    }
    const bool is_continuation =
        next.base_sequence == next.previous_last_sequence.next() &&
        next.previous_last_sequence.next() >= before.base_sequence &&
        next.previous_end >= before.first_record() && next.previous_end <= next.first_position() &&
        next.base_timestamp >= before.base_timestamp && next.epoch >= before.epoch &&
        next.segment_bytes == before.segment_bytes;
    return is_continuation ? damage_kind::none : damage_kind::bad_header;
}

damage_kind check_junction(const segment_info& before, position end, sequence last,
                           const segment_info& next) {
    if (const damage_kind misfit = check_successor(before, next); misfit != damage_kind::none) {
        return misfit;
    }
    if (next.previous_end == end && next.previous_last_sequence == last) {
        return damage_kind::none;
    }
    return next.previous_end > end ? damage_kind::missing_records : damage_kind::bad_header;
}

std::string damage_report::text() const {
    std::string text = path + ": position " + std::to_string(at.value) + ": ";
    text += describe(kind);
    return detail.empty() ? text : text + " (" + detail + ")";
}

// Retention may remove the oldest segments while they are listed and opened; then the listing is
// old, not the log damaged.
bool read_until::ends_before(const read_from& begin) const noexcept {
    switch (begin.what) {
        case read_from::kind::at_sequence:
            return seq && *seq < begin.seq;
        case read_from::kind::at_time:
            return time && *time < begin.time;
        case read_from::kind::at_position:
            return at && *at < begin.at;
        default:
            return false;
    }
}

log_reader::log_reader(std::filesystem::path directory, read_from from, bool with_control)
    : directory_(std::move(directory)), with_control_(with_control) {
    constexpr int attempts_max = 8;
    for (int attempt = 1;; ++attempt) {
        const std::vector<std::uint64_t> indexes = list_readable_segments(directory_);
        try {
            seek(from, indexes);
            return;
        } catch (const error&) {
            const bool is_same = !indexes.empty() && oldest_kept() == indexes.front();
            if (attempt == attempts_max || indexes.empty() || is_same) {
                throw;
            }
        }
    }
}

position log_reader::next_position() const {
    return tail_.cursor().at();
}

void log_reader::keep_from(position at) noexcept {
    keep_from_ = at;
    drop_old_segments();
}

void log_reader::drop_old_segments() noexcept {
    while (segments_.size() > 1 &&
           segments_.front().info().first_position().value + segment_bytes_ <= keep_from_.value) {
        segments_.pop_front();
    }
}

void log_reader::open_segment(std::uint64_t index) {
    segments_.clear();
    segments_.push_back(segment::open(directory_, index, access::read_only));
    const segment_info& info = segments_.back().info();
    if (info.uuid != uuid_ || info.segment_bytes != segment_bytes_) {
        throw damage_error((directory_ / segment_file_name(index)).native() + ": " +
                           std::string(describe(damage_kind::foreign_segment)));
    }
    tail_.enter_segment(segments_.back(), is_next_begun());
}

void log_reader::seek(const read_from& from, std::span<const std::uint64_t> indexes) {
    if (indexes.empty()) {
        refuse_without_segments(directory_);
    }
    for (std::size_t i = 1; i < indexes.size(); ++i) {
        if (indexes[i] != indexes[i - 1] + 1) {
            throw damage_error((directory_ / segment_file_name(indexes[i - 1] + 1)).native() +
                               ": " + std::string(describe(damage_kind::missing_segment)) +
                               "; restore it from a copy");
        }
    }
    const segment_info info = read_segment_info(directory_, indexes.back());
    uuid_ = info.uuid;
    schema_ = info.schema;
    segment_bytes_ = info.segment_bytes;
    open_segment(choose_segment(from, indexes));
    switch (from.what) {
        case read_from::kind::first:
        case read_from::kind::oldest_here:
        case read_from::kind::last_snapshot:
            break;
        case read_from::kind::at_position:
            skip_to_position(from.at);
            break;
        case read_from::kind::at_sequence:
            seq_floor_ = from.seq;
            skip_to_record(from);
            break;
        case read_from::kind::at_time:
            time_floor_ = from.time;
            skip_to_record(from);
            break;
        case read_from::kind::tail:
            skip_to_record(from);
            break;
    }
}

// The newest segment at or before which the wanted record can lie.
std::uint64_t log_reader::choose_segment(const read_from& from,
                                         std::span<const std::uint64_t> indexes) const {
    if (from.what == read_from::kind::first) {
        require_all_before(read_segment_info(directory_, indexes.front()));
        return indexes.front();
    }
    if (from.what == read_from::kind::oldest_here) {
        return indexes.front();
    }
    if (from.what == read_from::kind::last_snapshot) {
        const auto it = std::find_if(indexes.rbegin(), indexes.rend(), [this](std::uint64_t index) {
            return opens_with_snapshot(index);
        });
        return it == indexes.rend() ? indexes.front() : *it;
    }
    if (const segment_search found = find_segment(directory_, indexes, from);
        !found.is_before_all) {
        return found.index;
    }
    const segment_info oldest = read_segment_info(directory_, indexes.front());
    const std::optional<archive_gap> gap = find_archive_gap(directory_, uuid_, oldest.index);
    const std::string reason = gap ? ". " + gap->text : std::string();
    if (from.what == read_from::kind::at_position) {
        refuse_position(from.at, "lies before the oldest segment kept, which begins at offset " +
                                     std::to_string(oldest.first_position().value) + reason);
    }
    // Sequence 0 means none, so asking for what comes behind it asks for the first record there
    // ever was.
    if (from.what == read_from::kind::at_sequence && oldest.base_sequence.value > 1) {
        throw error(directory_.native() + ": sequence " + std::to_string(from.seq.value) +
                    " is no longer here; the oldest kept is " +
                    std::to_string(oldest.base_sequence.value) + reason);
    }
    require_all_before(oldest);
    return indexes.front();
}

void log_reader::require_all_before(const segment_info& oldest) const {
    if (const auto gap = find_archive_gap(directory_, uuid_, oldest.index)) {
        throw damage_error(gap->text + ". What is here begins with sequence " +
                           std::to_string(oldest.base_sequence.value));
    }
}

bool log_reader::opens_with_snapshot(std::uint64_t index) const {
    const segment candidate = segment::open(directory_, index, access::read_only);
    segment_cursor cursor(candidate);
    record_view record;
    return cursor.next(record) == damage_kind::none && record.payload != nullptr &&
           record.is_control(control_type::snapshot);
}

// To the first record wanted, or to the end. Damage on the way is left for poll, which meets it
// again.
void log_reader::skip_to_record(const read_from& from) {
    segment_cursor& cursor = tail_.cursor();
    cursor = cursor_before(directory_, segments_.back(), from);
    record_view record;
    while (true) {
        const segment_cursor mark = cursor;
        if (cursor.next(record) != damage_kind::none || record.payload == nullptr) {
            return;
        }
        const bool is_found =
            !record.is_control() &&
            ((from.what == read_from::kind::at_sequence && record.seq >= from.seq) ||
             (from.what == read_from::kind::at_time && record.time >= from.time));
        if (is_found || record.is_control(control_type::end)) {
            cursor = mark;  // behind an end record lies the next segment: what is wanted is there,
                            // or later
            return;
        }
    }
}

void log_reader::refuse_position(position at, const std::string& reason) const {
    throw error(directory_.native() + ": offset " + std::to_string(at.value) + " " + reason);
}

void log_reader::skip_to_position(position at) {
    const segment_info& info = segments_.back().info();
    if (at == info.first_position()) {
        return;  // the start of a segment means its first record
    }
    if (at < info.first_record()) {
        refuse_position(at, "lies in a segment header; the first record there begins at " +
                                std::to_string(info.first_record().value));
    }
    segment_cursor& cursor = tail_.cursor();
    cursor = cursor_before(directory_, segments_.back(), read_from::at_position(at));
    record_view record;
    while (next_position() < at) {
        const segment_cursor mark = cursor;
        const damage_kind kind = cursor.next(record);
        if (kind != damage_kind::none) {
            stop(kind);
            throw damage_error(damage_.text());
        }
        if (record.payload == nullptr) {
            refuse_position(at,
                            (tail_.has_successor() ? "lies behind the end of a segment, which is "
                                                   : "lies behind the end of the log, which is ") +
                                std::to_string(next_position().value));
        }
        if (next_position() > at) {
            refuse_position(at, "is not where a record begins; the nearest are " +
                                    std::to_string(record.at.value) + " and " +
                                    std::to_string(record.end.value));
        }
        if (record.is_control(control_type::end) && next_position() == at) {
            cursor = mark;  // poll crosses it
            return;
        }
    }
}

bool log_reader::is_next_begun() const noexcept {
    return is_segment_begun(directory_, segments_.back().info().index + 1);
}

bool log_reader::is_next_segment_named() const noexcept {
    std::error_code code;
    const bool is_there = std::filesystem::exists(
        directory_ / segment_file_name(segments_.back().info().index + 1), code);
    return is_there || code;
}

// The next segment is begun before the end record stands, but a loss of power may have taken the
// one and left the other. Then its file is there, made ahead, and the next writer begins on it; or
// a writer set it aside behind a gap, and the power went again before its own was there.
bool log_reader::may_follow() noexcept {
    if (is_next_segment_named() || is_archive(directory_)) {  // an archive: as far as it goes
        return true;
    }
    const std::uint64_t index = segments_.back().info().index + 1;
    if (position{index * segment_bytes_} >= find_unsynced_or_none(directory_)) {
        return true;
    }
    if (const std::uint64_t oldest = oldest_kept(); oldest > index) {
        stop_before(oldest, index);
    } else {
        stop_at(index, damage_kind::missing_segment, {});
    }
    return false;
}

// A reader that stands at the end a dead writer left waits for a segment that retention may have
// removed, its own with it.
bool log_reader::is_left_behind() noexcept {
    const std::uint64_t index = segments_.back().info().index;
    std::error_code code;
    if (std::filesystem::exists(directory_ / segment_file_name(index), code) || code ||
        oldest_kept() <= index + 1) {
        return false;
    }
    stop_before(oldest_kept(), index + 1);
    return true;
}

// 0 where nothing is kept, or it cannot be told.
std::uint64_t log_reader::oldest_kept() const noexcept {
    try {
        const std::vector<std::uint64_t> indexes = list_readable_segments(directory_);
        return indexes.empty() ? 0 : indexes.front();
    } catch (const std::exception&) {
        return 0;
    }
}

// `end` is where the next segment must say that this one ended; `kind` what stands there.
bool log_reader::enter(position end, damage_kind kind) noexcept {
    const std::uint64_t index = segments_.back().info().index + 1;
    try {
        segment next = segment::open(directory_, index, access::read_only);
        const segment_info& before = segments_.back().info();
        const damage_kind misfit = check_junction(before, end, last_sequence(), next.info());
        if (misfit != damage_kind::none) {
            const bool is_of_next = check_successor(before, next.info()) != damage_kind::none;
            stop_at(is_of_next ? index : index - 1,
                    is_of_next || kind == damage_kind::none ? misfit : kind, {});
            return false;
        }
        segments_.push_back(std::move(next));
        tail_.enter_segment(segments_.back(), is_next_begun());
        drop_old_segments();
        return true;
    } catch (const unpack_error& failure) {
        stop_at(index, damage_kind::bad_archived, failure.reason() + "; restore it from a copy");
        damage_.path = failure.path().native();
        return false;
    } catch (const std::exception& failure) {
        if (const std::uint64_t oldest = oldest_kept(); oldest > index) {
            stop_before(oldest, index);
            return false;
        }
        stop_at(index, is_next_begun() ? damage_kind::bad_header : damage_kind::missing_segment,
                failure.what());
        return false;
    }
}

void log_reader::stop_at(std::uint64_t index, damage_kind kind, std::string detail) noexcept {
    damage_ = {next_position(), kind, (directory_ / segment_file_name(index)).native(),
               std::move(detail)};
}

// Segment `index` is not here and older than all that are: removed, or in an archive that is gone.
void log_reader::stop_before(std::uint64_t oldest, std::uint64_t index) noexcept {
    try {
        if (const auto gap = find_archive_gap(directory_, uuid_, oldest)) {
            stop_at(index, damage_kind::missing_segment, gap->text);
            return;
        }
    } catch (const std::exception&) {
        // archive.at itself cannot be read: what is known is said
    }
    stop_at(index, damage_kind::removed_segment, "the oldest kept is " + segment_file_name(oldest));
}

void log_reader::stop(damage_kind kind) noexcept {
    stop_at(segments_.back().info().index, kind, {});
}

// Nothing said that there is a next segment but a look that failed.
bool log_reader::is_none_missing() noexcept {
    if (damage_.kind != damage_kind::missing_segment ||
        !is_newest(directory_, segments_.back().info().index)) {
        return false;
    }
    damage_ = {};
    return true;
}

bool log_reader::check_file() noexcept {
    if (damage_.kind == damage_kind::none && segments_.back().is_cut()) {
        stop_at(segments_.back().info().index, damage_kind::cut_segment, "restore it from a copy");
    }
    return damage_.kind == damage_kind::none;
}

bool log_reader::is_time_to_look() noexcept {
    if (++idle_polls_ % idle_polls_per_clock_read != 0) {
        return false;
    }
    const std::int64_t now = detail::read_clock_ns(CLOCK_MONOTONIC_COARSE);
    if (now < next_look_ns_) {
        return false;
    }
    next_look_ns_ = now + look_interval_ns;
    return true;
}

read_status log_reader::poll(record_view& record) noexcept {
    if (damage_.kind != damage_kind::none) [[unlikely]] {
        return read_status::damaged;
    }
    while (true) {
        if (const read_status status = tail_.next(record, *this); status != read_status::record)
            [[unlikely]] {
            return status;
        }
        idle_polls_ = 0;
        if (!record.is_control()) [[likely]] {
            if (record.seq < seq_floor_ || record.time < time_floor_) [[unlikely]] {
                continue;
            }
            return read_status::record;
        }
        if (with_control_) {
            return read_status::record;
        }
    }
}

}  // namespace millrace::engine
