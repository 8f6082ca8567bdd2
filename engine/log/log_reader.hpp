// Reads an audit log from any point to its tail, and on as it grows: replay and live are one
// cursor.
//
// Threading  a reader belongs to one thread; any number of readers, in any process, beside the
//            writer
// Progress   poll is wait-free while inside a segment; crossing into the next one maps a file
// Invariant  records come in order, each once; a record that fails its checks stops the reader for
//            good
// Units      positions as in core/types.hpp
// Errors     opening and seeking throw; poll returns a status, and damage() says where and what
#pragma once

#include <cstring>
#include <deque>
#include <filesystem>
#include <span>
#include <string>

#include "engine/log/record_order.hpp"
#include "engine/log/segment.hpp"

namespace millrace::engine {

// A committed record. The payload stays valid while the reader keeps its segment (see keep_from).
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

// Walks the records of one segment, checking each against the one before.
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

// none if `next` continues the log of `before` and its numbers agree.
[[nodiscard]] damage_kind check_successor(const segment_info& before, const segment_info& next);

enum class read_status : std::uint8_t {
    record,   // one record
    none,     // nothing further is committed yet
    damaged,  // stopped; see damage()
};

struct damage_report {
    position at;
    damage_kind kind = damage_kind::none;
    std::string path;    // of the segment file
    std::string detail;  // what the system or the header check said, if there is more to say
    [[nodiscard]] std::string text() const;
};

// Where a reading begins.
struct read_from {
    enum class kind : std::uint8_t {
        first,
        tail,
        at_sequence,
        at_time,
        at_position,
        last_snapshot
    };
    kind what = kind::first;
    sequence seq;    // at_sequence: from this record on, which must not lie before the oldest kept
    timestamp time;  // at_time: the first record at or after it
    position at;     // at_position: must be where a record begins, or the end of the log

    [[nodiscard]] static read_from first() { return {}; }
    [[nodiscard]] static read_from tail() { return {kind::tail, {}, {}, {}}; }
    [[nodiscard]] static read_from at_sequence(sequence s) {
        return {kind::at_sequence, s, {}, {}};
    }
    [[nodiscard]] static read_from at_time(timestamp t) { return {kind::at_time, {}, t, {}}; }
    [[nodiscard]] static read_from at_position(position p) {
        return {kind::at_position, {}, {}, p};
    }
    // The newest segment that opens with a snapshot, else the first: where an owner's recovery
    // begins.
    [[nodiscard]] static read_from last_snapshot() { return {kind::last_snapshot, {}, {}, {}}; }
};

class log_reader {
public:
    // Throws if there is no log in `directory`, or no record where reading shall begin.
    log_reader(std::filesystem::path directory, read_from from, bool with_control = false);

    [[nodiscard]] read_status poll(record_view& record) noexcept;

    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
    [[nodiscard]] const log_uuid& uuid() const { return uuid_; }
    // That the last record returned was first written to: this log, or the one it was salvaged or
    // migrated from. A record that begins a chain is named by it in correlations.
    [[nodiscard]] const log_uuid& original_log() const {
        return segments_.back().info().original_log();
    }
    // Of the newest segment when reading began.
    [[nodiscard]] const std::string& schema() const { return schema_; }
    // Of the segment the last record returned stands in; another version, another text.
    [[nodiscard]] const std::string& segment_schema() const {
        return segments_.back().info().schema;
    }
    [[nodiscard]] std::uint32_t segment_schema_version() const {
        return segments_.back().info().schema_version;
    }
    [[nodiscard]] std::uint64_t segment_bytes() const { return segment_bytes_; }
    // Behind the last record returned or skipped.
    [[nodiscard]] position next_position() const;
    [[nodiscard]] sequence last_sequence() const { return cursor_.last_sequence(); }
    [[nodiscard]] timestamp last_timestamp() const { return cursor_.last_timestamp(); }
    [[nodiscard]] const damage_report& damage() const { return damage_; }
    // False: the file that is read has become shorter than a segment, and the reader is stopped by
    // that damage. One system call. Asked before a poll, it spares the process the SIGBUS of a page
    // that is gone, unless that goes in between.
    [[nodiscard]] bool check_file() noexcept;

    // Payloads at or behind `at` stay valid. By default only those of the current segment do.
    void keep_from(position at) noexcept;
    void keep_all() noexcept { keep_from({0}); }

private:
    enum class tail_outcome : std::uint8_t { retry, wait, stopped };

    void seek(const read_from& from);
    [[nodiscard]] std::uint64_t oldest_kept() const noexcept;
    [[nodiscard]] bool is_left_behind() noexcept;
    void open_segment(std::uint64_t index);
    [[nodiscard]] std::uint64_t choose_segment(const read_from& from,
                                               std::span<const std::uint64_t> indexes) const;
    [[nodiscard]] bool opens_with_snapshot(std::uint64_t index) const;
    void skip_to_record(const read_from& from);
    void skip_to_position(position at);
    [[noreturn]] void refuse_position(position at, const std::string& reason) const;
    [[nodiscard]] tail_outcome at_end_of_bytes(damage_kind kind) noexcept;
    [[nodiscard]] bool enter_next_segment(position expected_end, damage_kind kind) noexcept;
    [[nodiscard]] bool is_next_segment_begun() const noexcept;
    [[nodiscard]] bool is_next_segment_named() const noexcept;
    void leave_at_end_record(position at) noexcept;
    void stop(damage_kind kind, std::uint64_t index, std::string detail) noexcept;
    void drop_old_segments() noexcept;

    std::filesystem::path directory_;
    log_uuid uuid_;
    std::string schema_;
    std::uint64_t segment_bytes_ = 0;
    std::deque<segment> segments_;  // mapped ones, the current last
    segment_cursor cursor_;
    position keep_from_{UINT64_MAX};
    damage_report damage_;
    sequence seq_floor_;  // records before it are passed over, also those not yet written
    timestamp time_floor_{INT64_MIN};
    std::int64_t next_look_ns_ = 0;
    std::uint32_t idle_polls_ = 0;
    bool has_successor_ = false;  // a segment behind the current one is known to be begun
    bool with_control_ = false;
    bool is_behind_end_ = false;  // the current segment's end record was read, which stands at
    position end_record_;         // this
};

}  // namespace millrace::engine
