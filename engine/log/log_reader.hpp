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

#include <deque>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "engine/log/reader_tail.hpp"
#include "engine/log/segment.hpp"
#include "engine/log/segment_cursor.hpp"

namespace millrace::engine {

// none if `next` continues the log of `before` and its numbers agree.
[[nodiscard]] damage_kind check_successor(const segment_info& before, const segment_info& next);
// The same, and that no record is missing between: those of `before` were read up to `end`, the
// last of them is `last`.
[[nodiscard]] damage_kind check_junction(const segment_info& before, position end, sequence last,
                                         const segment_info& next);

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
        oldest_here,
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
    // The same, but where the log's archive is out of reach, which first() refuses: without it.
    [[nodiscard]] static read_from oldest_here() { return {kind::oldest_here, {}, {}, {}}; }
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

// Where it ends. Each is included, and whichever is reached first ends it; none: it goes on.
struct read_until {
    std::optional<sequence> seq;
    std::optional<timestamp> time;
    std::optional<position> at;
    bool is_tail = false;  // what is committed when the reading begins; is_past() knows it not

    [[nodiscard]] bool is_past(const record_view& record) const noexcept {
        return (seq && record.seq > *seq) || (time && record.time > *time) ||
               (at && record.at > *at);
    }
    // Only like is told from like before the log is looked at.
    [[nodiscard]] bool ends_before(const read_from& begin) const noexcept;
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
    [[nodiscard]] sequence last_sequence() const { return tail_.cursor().last_sequence(); }
    [[nodiscard]] timestamp last_timestamp() const { return tail_.cursor().last_timestamp(); }
    [[nodiscard]] const damage_report& damage() const { return damage_; }
    // False: the file that is read has become shorter than a segment, and the reader is stopped by
    // that damage. One system call. Asked before a poll, it spares the process the SIGBUS of a page
    // that is gone, unless that goes in between.
    [[nodiscard]] bool check_file() noexcept;

    // Payloads at or behind `at` stay valid. By default only those of the current segment do.
    void keep_from(position at) noexcept;
    void keep_all() noexcept { keep_from({0}); }

private:
    template <class>
    friend class detail::reader_tail;

    void seek(const read_from& from, std::span<const std::uint64_t> indexes);
    [[nodiscard]] std::uint64_t oldest_kept() const noexcept;
    void open_segment(std::uint64_t index);
    [[nodiscard]] std::uint64_t choose_segment(const read_from& from,
                                               std::span<const std::uint64_t> indexes) const;
    [[nodiscard]] bool opens_with_snapshot(std::uint64_t index) const;
    void skip_to_record(const read_from& from);
    void skip_to_position(position at);
    // Throws damage_error: records before those of segment `oldest` are out of reach.
    void require_all_before(const segment_info& oldest) const;
    [[noreturn]] void refuse_position(position at, const std::string& reason) const;
    // What reader_tail asks.
    [[nodiscard]] bool refresh() noexcept { return segments_.back().refresh(); }
    [[nodiscard]] bool is_time_to_look() noexcept;
    [[nodiscard]] bool is_next_begun() const noexcept;
    [[nodiscard]] bool may_follow() noexcept;
    [[nodiscard]] bool is_left_behind() noexcept;
    [[nodiscard]] bool is_none_missing() noexcept;
    [[nodiscard]] bool enter(position end, damage_kind kind) noexcept;
    void stop(damage_kind kind) noexcept;

    [[nodiscard]] bool is_next_segment_named() const noexcept;
    void stop_at(std::uint64_t index, damage_kind kind, std::string detail) noexcept;
    void stop_before(std::uint64_t oldest, std::uint64_t index) noexcept;
    void drop_old_segments() noexcept;

    std::filesystem::path directory_;
    log_uuid uuid_;
    std::string schema_;
    std::uint64_t segment_bytes_ = 0;
    std::deque<segment> segments_;  // mapped ones, the current last
    detail::reader_tail<> tail_;
    position keep_from_{UINT64_MAX};
    damage_report damage_;
    sequence seq_floor_;  // records before it are passed over, also those not yet written
    timestamp time_floor_{INT64_MIN};
    std::int64_t next_look_ns_ = 0;
    std::uint32_t idle_polls_ = 0;
    bool with_control_ = false;
};

}  // namespace millrace::engine
