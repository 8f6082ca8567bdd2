#include "engine/log/log_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "engine/core/assert.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"

namespace millrace::engine {

namespace {

// A writer that died left no end record, so an idle reader looks for the next file now and then.
constexpr std::int64_t look_interval_ns = 20'000'000;
constexpr std::uint32_t idle_polls_per_clock_read = 64;

record_header load_header(const std::byte* record) {
    record_header header;
    std::memcpy(&header, record, sizeof header);
    return header;
}

}  // namespace

segment_cursor::segment_cursor(const segment& where)
    : segment_(&where),
      offset_(where.info().header_bytes),
      last_sequence_(where.info().previous_last_sequence),
      last_timestamp_(where.info().base_timestamp) {}

damage_kind segment_cursor::next(record_view& record) noexcept {
    record.payload = nullptr;
    const record_probe probe = probe_record(*segment_, offset_);
    if (probe.state == record_state::absent) {
        return damage_kind::none;
    }
    if (probe.state == record_state::damaged) {
        return probe.kind;
    }
    const std::byte* bytes = segment_->data() + offset_;
    const record_header header = load_header(bytes);
    const bool is_control = (header.flags & record_flag_control) != 0;
    const sequence expected = is_control ? last_sequence_ : last_sequence_.next();
    if (header.sequence != expected.value) {
        return damage_kind::bad_sequence;
    }
    if (header.timestamp <= last_timestamp_.ns) {
        return damage_kind::bad_timestamp;
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

damage_kind check_successor(const segment_info& before, const segment_info& next) {
    if (next.index != before.index + 1) {
        return damage_kind::missing_segment;
    }
    const bool is_same_log = next.uuid == before.uuid && next.segment_bytes == before.segment_bytes;
    const bool is_continuation =
        next.base_sequence == next.previous_last_sequence.next() &&
        next.previous_last_sequence.next() >= before.base_sequence &&
        next.previous_end >= before.first_record() && next.previous_end <= next.first_position() &&
        next.base_timestamp >= before.base_timestamp && next.epoch >= before.epoch;
    return is_same_log && is_continuation ? damage_kind::none : damage_kind::bad_header;
}

std::string damage_report::text() const {
    return path + ": position " + std::to_string(at.value) + ": " + std::string(describe(kind));
}

log_reader::log_reader(std::filesystem::path directory, read_from from, bool with_control)
    : directory_(std::move(directory)), with_control_(with_control) {
    seek(from);
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
    cursor_ = segment_cursor(segments_.back());
}

void log_reader::seek(const read_from& from) {
    const std::vector<std::uint64_t> indexes = list_segments(directory_);
    if (indexes.empty()) {
        throw error(directory_.native() + ": no audit log here (no segment files)");
    }
    const segment_info info = read_segment_info(directory_, indexes.back());
    uuid_ = info.uuid;
    schema_ = info.schema;
    segment_bytes_ = info.segment_bytes;
    if (from.what == read_from::kind::at_sequence) {
        seq_floor_ = from.seq;
    } else if (from.what == read_from::kind::at_time) {
        time_floor_ = from.time;
    }
    open_segment(choose_segment(from));
    skip_until(from);
}

// The newest segment at or before which the wanted record can lie.
std::uint64_t log_reader::choose_segment(const read_from& from) const {
    const std::vector<std::uint64_t> indexes = list_segments(directory_);
    if (from.what == read_from::kind::first) {
        return indexes.front();
    }
    for (auto it = indexes.rbegin(); it != indexes.rend(); ++it) {
        const segment_info info = read_segment_info(directory_, *it);
        bool is_it = false;
        switch (from.what) {
            case read_from::kind::first:
            case read_from::kind::tail:
                is_it = true;
                break;
            case read_from::kind::at_sequence:
                is_it = info.base_sequence <= from.seq;
                break;
            case read_from::kind::at_time:
                is_it = info.base_timestamp < from.time;
                break;
            case read_from::kind::at_position:
                is_it = info.first_position() <= from.at;
                break;
            case read_from::kind::last_snapshot: {
                const segment candidate = segment::open(directory_, *it, access::read_only);
                segment_cursor cursor(candidate);
                record_view record;
                is_it = cursor.next(record) == damage_kind::none && record.payload != nullptr &&
                        record.is_control(control_type::snapshot);
                break;
            }
        }
        if (is_it) {
            return *it;
        }
    }
    if (from.what == read_from::kind::at_position) {
        throw error(directory_.native() + ": offset " + std::to_string(from.at.value) +
                    " lies before the oldest segment kept");
    }
    return indexes.front();
}

void log_reader::skip_until(const read_from& from) {
    if (from.what == read_from::kind::first || from.what == read_from::kind::last_snapshot) {
        return;
    }
    if (from.what == read_from::kind::at_position && from.at == segments_.back().info().first_position()) {
        return;  // the start of a segment means its first record
    }
    record_view record;
    position before{segments_.back().info().first_record()};
    while (true) {
        const segment_cursor mark = cursor_;
        const damage_kind kind = cursor_.next(record);
        if (from.what == read_from::kind::at_position && next_position() > from.at &&
            record.payload != nullptr && record.at != from.at) {
            throw error(directory_.native() + ": offset " + std::to_string(from.at.value) +
                        " is not where a record begins; the nearest are " +
                        std::to_string(record.at.value) + " and " + std::to_string(record.end.value));
        }
        if (kind != damage_kind::none || record.payload == nullptr) {
            break;  // poll meets it again and says so
        }
        const bool is_found =
            !record.is_control() &&
            ((from.what == read_from::kind::at_sequence && record.seq >= from.seq) ||
             (from.what == read_from::kind::at_time && record.time >= from.time));
        if (is_found || (from.what == read_from::kind::at_position && record.at == from.at)) {
            cursor_ = mark;
            return;
        }
        before = record.end;
        if (record.is_control(control_type::end)) {
            cursor_ = mark;
            return;  // nothing in this segment; the wanted record is the next segment's first, or later
        }
    }
    if (from.what == read_from::kind::at_position && from.at != before) {
        throw error(directory_.native() + ": offset " + std::to_string(from.at.value) +
                    " is not where a record begins; the log ends at " + std::to_string(before.value));
    }
}

bool log_reader::next_segment_exists() const noexcept {
    char path[4096];
    const std::string name = segment_file_name(segments_.back().info().index + 1);
    const int length = std::snprintf(path, sizeof path, "%s/%s", directory_.c_str(), name.c_str());
    return length > 0 && static_cast<std::size_t>(length) < sizeof path && ::access(path, R_OK) == 0;
}

bool log_reader::enter_next_segment() noexcept {
    try {
        segment next = segment::open(directory_, segments_.back().info().index + 1, access::read_only);
        const position here = next_position();
        damage_kind kind = check_successor(segments_.back().info(), next.info());
        if (kind == damage_kind::none && (next.info().previous_last_sequence != last_sequence() ||
                                          next.info().previous_end > here)) {
            kind = damage_kind::bad_header;
        }
        if (kind != damage_kind::none) {
            damage_ = {here, kind, (directory_ / segment_file_name(next.info().index)).native()};
            return false;
        }
        segments_.push_back(std::move(next));
        cursor_ = segment_cursor(segments_.back());
        drop_old_segments();
        return true;
    } catch (const std::exception&) {
        damage_ = {next_position(), damage_kind::missing_segment,
                   (directory_ / segment_file_name(segments_.back().info().index + 1)).native()};
        return false;
    }
}

read_status log_reader::stop(damage_kind kind) noexcept {
    if (damage_.kind == damage_kind::none) {
        damage_ = {next_position(), kind,
                   (directory_ / segment_file_name(segments_.back().info().index)).native()};
    }
    return read_status::damaged;
}

// No valid record here: the tail, the torn end a dead writer left, or damage.
read_status log_reader::at_end_of_bytes(damage_kind kind) noexcept {
    if (kind == damage_kind::none) {
        if (++idle_polls_ % idle_polls_per_clock_read != 0) {
            return read_status::none;
        }
        const std::int64_t now = detail::read_clock_ns(CLOCK_MONOTONIC_COARSE);
        if (now < next_look_ns_) {
            return read_status::none;
        }
        next_look_ns_ = now + look_interval_ns;
    }
    if (!next_segment_exists()) {
        return kind == damage_kind::none ? read_status::none : stop(kind);
    }
    // The successor's header says where this segment ended; a record may have been committed since we looked.
    record_view record;
    const segment_cursor mark = cursor_;
    const bool is_late_record = cursor_.next(record) == damage_kind::none && record.payload != nullptr;
    cursor_ = mark;
    if (is_late_record) {
        return read_status::none;  // the next poll returns it
    }
    try {
        const segment_info next =
            read_segment_info(directory_, segments_.back().info().index + 1);
        if (next.previous_end != next_position()) {
            return stop(kind == damage_kind::none ? damage_kind::bad_header : kind);
        }
    } catch (const std::exception&) {
        return stop(damage_kind::bad_header);
    }
    return enter_next_segment() ? read_status::none : stop(damage_kind::bad_header);
}

read_status log_reader::poll(record_view& record) noexcept {
    if (damage_.kind != damage_kind::none) [[unlikely]] {
        return read_status::damaged;
    }
    while (true) {
        const damage_kind kind = cursor_.next(record);
        if (kind != damage_kind::none || record.payload == nullptr) [[unlikely]] {
            return at_end_of_bytes(kind);
        }
        idle_polls_ = 0;
        if (!record.is_control()) [[likely]] {
            if (record.seq < seq_floor_ || record.time < time_floor_) [[unlikely]] {
                continue;
            }
            return read_status::record;
        }
        if (record.is_control(control_type::end) && !enter_next_segment()) {
            return stop(damage_kind::missing_segment);
        }
        if (with_control_ && !record.is_control(control_type::end)) {
            return read_status::record;
        }
    }
}

}  // namespace millrace::engine
