// Where a reader stands in a log, and what it does where the records of a segment end.
//
// Threading  one thread
// Progress   wait-free inside a segment; what happens at its end is the log's
// Invariant  a segment is left only when its writer has left it and all its records were read
// Errors     damage ends the reading; the log is told where, and says it
//
// The log behind it gives, for the segment the reader is in:
//   refresh()             more of its bytes, or the same from elsewhere? Then they are looked at
//   is_time_to_look()     an idle reader may look for the next segment, which costs
//   is_next_begun()       whether the next segment is begun
//   may_follow()          behind an end record, with the next not begun: whether it may still come
//   is_left_behind()      whether it never will, and this is not the log's end
//   enter(end, kind)      goes on in the next one, by enter_segment; false: damage
//   is_none_missing()     it was not there to enter, and there is none: then that is no damage
//   stop(kind)            the damage here is damage
#pragma once

#include <cstdint>

#include "engine/log/segment_cursor.hpp"

namespace millrace::engine {

enum class read_status : std::uint8_t {
    record,   // one record
    none,     // nothing further is committed yet
    damaged,  // stopped; see damage()
};

namespace detail {

template <class Memory = native_memory>
class reader_tail {
public:
    using cursor_type = basic_segment_cursor<Memory>;

    [[nodiscard]] cursor_type& cursor() noexcept { return cursor_; }
    [[nodiscard]] const cursor_type& cursor() const noexcept { return cursor_; }
    [[nodiscard]] bool has_successor() const noexcept { return has_successor_; }
    // Of the current segment's records, as far as they were read: what the next one must agree
    // with.
    [[nodiscard]] position end() const noexcept {
        return is_behind_end_ ? end_record_ : cursor_.at();
    }

    // `has_successor`: the one behind it is known to be begun.
    void enter_segment(const segment& where, bool has_successor) noexcept {
        cursor_ = cursor_type(where);
        is_behind_end_ = false;
        has_successor_ = has_successor;
    }
    // The next record, control records but the end record too.
    template <class Log>
    [[nodiscard]] read_status next(record_view& record, Log& log) noexcept;

private:
    enum class outcome : std::uint8_t { retry, wait, stopped };

    template <class Log>
    [[nodiscard]] outcome at_end_of_bytes(damage_kind kind, Log& log) noexcept;

    cursor_type cursor_;
    bool has_successor_ = false;  // a segment behind the current one is known to be begun
    bool is_behind_end_ = false;  // the current segment's end record was read, which stands at
    position end_record_;         // this
};

template <class Memory>
template <class Log>
read_status reader_tail<Memory>::next(record_view& record, Log& log) noexcept {
    while (true) {
        const damage_kind kind = cursor_.next(record);
        if (kind == damage_kind::none && record.payload != nullptr) [[likely]] {
            if (!record.is_control(control_type::end)) [[likely]] {
                return read_status::record;
            }
            is_behind_end_ = true;
            end_record_ = record.at;
            has_successor_ = log.is_next_begun();
            if (!has_successor_ && !log.may_follow()) {
                return read_status::damaged;
            }
            continue;
        }
        switch (at_end_of_bytes(kind, log)) {
            case outcome::retry:
                continue;
            case outcome::wait:
                return read_status::none;
            case outcome::stopped:
                return read_status::damaged;
        }
    }
}

// No valid record here: the tail, the torn end a dead writer left, or damage.
template <class Memory>
template <class Log>
auto reader_tail<Memory>::at_end_of_bytes(damage_kind kind, Log& log) noexcept -> outcome {
    if (log.refresh()) {
        return outcome::retry;
    }
    if (!has_successor_) {
        if (kind == damage_kind::none && !log.is_time_to_look()) {
            return outcome::wait;
        }
        has_successor_ = log.is_next_begun();
        if (!has_successor_ && kind == damage_kind::none) {
            return log.is_left_behind() ? outcome::stopped : outcome::wait;
        }
        if (!has_successor_) {
            log.stop(kind);
            return outcome::stopped;
        }
    }
    // A record may have been committed between the look at its place and the look for the next
    // segment.
    if (log.refresh()) {
        return outcome::retry;
    }
    record_view record;
    const cursor_type mark = cursor_;
    const bool is_late_record =
        cursor_.next(record) == damage_kind::none && record.payload != nullptr;
    cursor_ = mark;
    if (is_late_record || log.enter(end(), kind)) {
        return outcome::retry;
    }
    if (kind == damage_kind::none && !is_behind_end_ && log.is_none_missing()) {
        has_successor_ = false;
        return outcome::wait;
    }
    return outcome::stopped;
}

}  // namespace detail

}  // namespace millrace::engine
