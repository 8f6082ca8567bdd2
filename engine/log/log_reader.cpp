#include "engine/log/log_reader.hpp"

#include <algorithm>
#include <ctime>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/seek.hpp"

namespace millrace::engine {

namespace {

// A writer that died left no end record, so an idle reader looks for the next file now and then.
constexpr std::int64_t look_interval_ns = 20'000'000;
constexpr std::uint32_t idle_polls_per_clock_read = 64;

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

std::string damage_report::text() const {
    std::string text = path + ": position " + std::to_string(at.value) + ": ";
    text += describe(kind);
    return detail.empty() ? text : text + " (" + detail + ")";
}

// Retention may remove the oldest segments while they are listed and opened; then the listing is
// old, not the log damaged.
log_reader::log_reader(std::filesystem::path directory, read_from from, bool with_control)
    : directory_(std::move(directory)), with_control_(with_control) {
    constexpr int attempts_max = 8;
    for (int attempt = 1;; ++attempt) {
        const std::uint64_t oldest = oldest_kept();
        try {
            seek(from);
            return;
        } catch (const error&) {
            if (attempt == attempts_max || oldest_kept() == oldest) {
                throw;
            }
        }
    }
}

position log_reader::next_position() const {
    return {segments_.back().info().first_position().value + cursor_.offset()};
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
    cursor_ = segment_cursor(segments_.back());
    has_successor_ = is_next_segment_begun();
}

void log_reader::seek(const read_from& from) {
    const std::vector<std::uint64_t> indexes = list_readable_segments(directory_);
    if (indexes.empty()) {
        throw error(directory_.native() + ": no audit log here (no segment files)");
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
    if (from.what == read_from::kind::at_position) {
        refuse_position(from.at, "lies before the oldest segment kept, which begins at offset " +
                                     std::to_string(oldest.first_position().value));
    }
    // Sequence 0 means none, so asking for what comes behind it asks for the first record there
    // ever was.
    if (from.what == read_from::kind::at_sequence && oldest.base_sequence.value > 1) {
        throw error(directory_.native() + ": sequence " + std::to_string(from.seq.value) +
                    " is no longer here; the oldest kept is " +
                    std::to_string(oldest.base_sequence.value));
    }
    return indexes.front();
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
    cursor_ = cursor_before(directory_, segments_.back(), from);
    record_view record;
    while (true) {
        const segment_cursor mark = cursor_;
        if (cursor_.next(record) != damage_kind::none || record.payload == nullptr) {
            return;
        }
        const bool is_found =
            !record.is_control() &&
            ((from.what == read_from::kind::at_sequence && record.seq >= from.seq) ||
             (from.what == read_from::kind::at_time && record.time >= from.time));
        if (is_found || record.is_control(control_type::end)) {
            cursor_ = mark;  // behind an end record lies the next segment: what is wanted is there,
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
    cursor_ = cursor_before(directory_, segments_.back(), read_from::at_position(at));
    record_view record;
    while (next_position() < at) {
        const segment_cursor mark = cursor_;
        const damage_kind kind = cursor_.next(record);
        if (kind != damage_kind::none) {
            stop(kind, info.index, {});
            throw damage_error(damage_.text());
        }
        if (record.payload == nullptr) {
            refuse_position(at, (has_successor_ ? "lies behind the end of a segment, which is "
                                                : "lies behind the end of the log, which is ") +
                                    std::to_string(next_position().value));
        }
        if (next_position() > at) {
            refuse_position(at, "is not where a record begins; the nearest are " +
                                    std::to_string(record.at.value) + " and " +
                                    std::to_string(record.end.value));
        }
        if (record.is_control(control_type::end) && next_position() == at) {
            cursor_ = mark;  // poll crosses it
            return;
        }
    }
}

bool log_reader::is_next_segment_begun() const noexcept {
    return is_segment_begun(directory_, segments_.back().info().index + 1);
}

bool log_reader::is_next_segment_named() const noexcept {
    std::error_code code;
    const bool is_there = std::filesystem::exists(
        directory_ / segment_file_name(segments_.back().info().index + 1), code);
    return is_there || code;
}

// The next segment is begun before the end record stands, but a loss of power may have taken the
// one and left the other. Then its file is there, made ahead, and the next writer begins on it.
void log_reader::leave_at_end_record(position at) noexcept {
    is_behind_end_ = true;
    end_record_ = at;
    has_successor_ = is_next_segment_begun();
    if (has_successor_ || is_next_segment_named()) {
        return;
    }
    if (is_archive(directory_)) {
        return;  // as far as it was archived
    }
    const std::uint64_t index = segments_.back().info().index + 1;
    if (const std::uint64_t oldest = oldest_kept(); oldest > index) {
        stop(damage_kind::removed_segment, index,
             "the oldest kept is " + segment_file_name(oldest));
    } else {
        stop(damage_kind::missing_segment, index, {});
    }
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
    stop(damage_kind::removed_segment, index + 1,
         "the oldest kept is " + segment_file_name(oldest_kept()));
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

// `expected_end` is where the next segment must say that this one ended; `kind` what stands there.
bool log_reader::enter_next_segment(position expected_end, damage_kind kind) noexcept {
    const std::uint64_t index = segments_.back().info().index + 1;
    try {
        segment next = segment::open(directory_, index, access::read_only);
        const segment_info& info = next.info();
        if (const damage_kind misfit = check_successor(segments_.back().info(), info);
            misfit != damage_kind::none) {
            stop(misfit, index, {});
            return false;
        }
        if (info.previous_end != expected_end || info.previous_last_sequence != last_sequence()) {
            const damage_kind hole = info.previous_end > expected_end ? damage_kind::missing_records
                                                                      : damage_kind::bad_header;
            stop(kind != damage_kind::none ? kind : hole, index - 1, {});
            return false;
        }
        segments_.push_back(std::move(next));
        is_behind_end_ = false;
        cursor_ = segment_cursor(segments_.back());
        drop_old_segments();
        has_successor_ = is_next_segment_begun();
        return true;
    } catch (const std::exception& failure) {
        if (const std::uint64_t oldest = oldest_kept(); oldest > index) {
            stop(damage_kind::removed_segment, index,
                 "the oldest kept is " + segment_file_name(oldest));
            return false;
        }
        stop(is_next_segment_begun() ? damage_kind::bad_header : damage_kind::missing_segment,
             index, failure.what());
        return false;
    }
}

void log_reader::stop(damage_kind kind, std::uint64_t index, std::string detail) noexcept {
    damage_ = {next_position(), kind, (directory_ / segment_file_name(index)).native(),
               std::move(detail)};
}

namespace {

bool is_newest(const std::filesystem::path& directory, std::uint64_t index) noexcept {
    try {
        const std::vector<std::uint64_t> indexes = list_segments(directory);
        return !indexes.empty() && indexes.back() <= index;
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace

// No valid record here: the tail, the torn end a dead writer left, or damage.
log_reader::tail_outcome log_reader::at_end_of_bytes(damage_kind kind) noexcept {
    if (segments_.back().refresh()) {
        return tail_outcome::retry;
    }
    if (!has_successor_) {
        if (kind == damage_kind::none) {
            if (++idle_polls_ % idle_polls_per_clock_read != 0) {
                return tail_outcome::wait;
            }
            const std::int64_t now = detail::read_clock_ns(CLOCK_MONOTONIC_COARSE);
            if (now < next_look_ns_) {
                return tail_outcome::wait;
            }
            next_look_ns_ = now + look_interval_ns;
        }
        has_successor_ = is_next_segment_begun();
        if (!has_successor_ && kind == damage_kind::none) {
            return is_left_behind() ? tail_outcome::stopped : tail_outcome::wait;
        }
        if (!has_successor_) {
            stop(kind, segments_.back().info().index, {});
            return tail_outcome::stopped;
        }
    }
    // A record may have been committed between the look at its place and the look for the next
    // segment.
    if (segments_.back().refresh()) {
        return tail_outcome::retry;
    }
    record_view record;
    const segment_cursor mark = cursor_;
    const bool is_late_record =
        cursor_.next(record) == damage_kind::none && record.payload != nullptr;
    cursor_ = mark;
    const position expected_end = is_behind_end_ ? end_record_ : next_position();
    if (is_late_record || enter_next_segment(expected_end, kind)) {
        return tail_outcome::retry;
    }
    if (kind == damage_kind::none && !is_behind_end_ &&
        damage_.kind == damage_kind::missing_segment &&
        is_newest(directory_, segments_.back().info().index)) {
        damage_ = {};  // nothing said that there is a next one but a look that failed
        has_successor_ = false;
        return tail_outcome::wait;
    }
    return tail_outcome::stopped;
}

read_status log_reader::poll(record_view& record) noexcept {
    if (damage_.kind != damage_kind::none) [[unlikely]] {
        return read_status::damaged;
    }
    while (true) {
        const damage_kind kind = cursor_.next(record);
        if (kind != damage_kind::none || record.payload == nullptr) [[unlikely]] {
            switch (at_end_of_bytes(kind)) {
                case tail_outcome::retry:
                    continue;
                case tail_outcome::wait:
                    return read_status::none;
                case tail_outcome::stopped:
                    return read_status::damaged;
            }
        }
        idle_polls_ = 0;
        if (!record.is_control()) [[likely]] {
            if (record.seq < seq_floor_ || record.time < time_floor_) [[unlikely]] {
                continue;
            }
            return read_status::record;
        }
        if (record.is_control(control_type::end)) {
            leave_at_end_record(record.at);
            if (damage_.kind != damage_kind::none) {
                return read_status::damaged;
            }
        } else if (with_control_) {
            return read_status::record;
        }
    }
}

}  // namespace millrace::engine
