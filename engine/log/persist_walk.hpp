// The way of a persister through its log: what is committed is brought home, then said to be
// durable, and a segment that is home whole is given back.
//
// Threading  the persister's thread; begun() takes from the writer, resume comes before the thread
// Progress   the walk is wait-free, what the disk does is not
// Invariant  nothing is called durable before the disk has said that it is; a segment is given back
//            once, after its end record was walked or its writer is gone, and not touched again
// Units      offsets from the start of the front segment
//
// The disk behind it gives:
//   look_around()                    before each pass
//   entered()                        the front is now another one
//   walked()                         there may be more behind durable_offset() than before
//   damaged(kind)                    a committed record fails its checks: halts
//   is_halted()                      nothing more becomes durable
//   bring_home(has_more, is_forced)  of the front, what was walked
//   say_durable(end, last)           all before `end` is home
//   retire_front()                   all of the front is home, and read from there: the mark says
//                                    so. False: not yet
//   free_front()                     its memory goes
//   may_drop_front()                 halted: whether the front can go as it is
//   give_back(segment)               to who makes and unmaps segments
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "engine/core/assert.hpp"
#include "engine/core/native_memory.hpp"
#include "engine/log/handover.hpp"
#include "engine/log/segment_cursor.hpp"
#include "engine/log/stored_segment.hpp"

namespace millrace::engine::detail {

enum class homecoming : std::uint8_t {
    home,
    later,   // more is waited for, or the time of the next attempt
    failed,  // there is something else to do now
};

template <class Disk, class Memory = native_memory>
class persist_walk {
public:
    using cursor_type = basic_segment_cursor<Memory>;
    using begun_segments = handover<stored_segment, stored_segments_max, Memory>;

    // `step_bytes`: about as much is brought home at a time.
    persist_walk(Disk& disk, std::size_t step_bytes) : disk_(disk), step_bytes_(step_bytes) {}

    [[nodiscard]] begun_segments& begun() noexcept { return begun_; }
    // One that is open already: from `offset` on.
    void resume(stored_segment* open_one, std::size_t offset);

    // As far as it goes now.
    void pass(bool is_forced) noexcept;
    // REQUIRES that the writer is gone: its last segment has no end record and is done all the
    // same. True: all is home.
    [[nodiscard]] bool finish() noexcept;

    [[nodiscard]] const std::deque<stored_segment*>& segments() const noexcept { return segments_; }
    [[nodiscard]] stored_segment& front() const noexcept { return *segments_.front(); }
    [[nodiscard]] const cursor_type& walked() const noexcept { return walked_; }
    [[nodiscard]] std::size_t written_offset() const noexcept { return written_offset_; }
    [[nodiscard]] std::size_t durable_offset() const noexcept { return durable_offset_; }
    [[nodiscard]] bool is_ended() const noexcept { return is_ended_; }
    [[nodiscard]] bool has_pending() const noexcept { return walked_.offset() > durable_offset_; }
    // For the disk: what was walked is written now, durable or not.
    void note_written() noexcept { written_offset_ = walked_.offset(); }

private:
    static constexpr int final_attempts = 3;

    void enter(std::size_t offset) noexcept;
    [[nodiscard]] bool persist_front(bool is_forced) noexcept;
    [[nodiscard]] bool pass_over_front() noexcept;
    [[nodiscard]] bool walk() noexcept;
    [[nodiscard]] bool leave_front() noexcept;
    void drop_front() noexcept;

    Disk& disk_;
    std::size_t step_bytes_;
    begun_segments begun_;
    std::deque<stored_segment*> segments_;  // the front is being persisted
    cursor_type walked_;                    // behind the last record seen
    std::size_t written_offset_ = 0;
    std::size_t durable_offset_ = 0;
    bool is_inside_ = false;  // the front was entered
    bool is_ended_ = false;   // the front's end record was walked
};

template <class Disk, class Memory>
void persist_walk<Disk, Memory>::resume(stored_segment* open_one, std::size_t offset) {
    MILLRACE_ASSERT(segments_.empty(), "resumed in the middle of a life");
    segments_.push_back(open_one);
    enter(offset);
}

template <class Disk, class Memory>
void persist_walk<Disk, Memory>::pass(bool is_forced) noexcept {
    while (stored_segment* next = begun_.try_pop()) {
        segments_.push_back(next);
    }
    disk_.look_around();
    while (!segments_.empty() && persist_front(is_forced)) {
    }
}

template <class Disk, class Memory>
bool persist_walk<Disk, Memory>::finish() noexcept {
    for (int attempt = 0; attempt < final_attempts; ++attempt) {
        pass(true);
        const bool is_last_durable = segments_.size() == 1 && is_inside_ && !has_pending();
        if (is_last_durable && !disk_.is_halted() && !leave_front()) {
            continue;
        }
        if (segments_.empty()) {
            return true;
        }
    }
    return false;
}

template <class Disk, class Memory>
void persist_walk<Disk, Memory>::enter(std::size_t offset) noexcept {
    Memory::reading(segments_.front(), sizeof(stored_segment));
    walked_ = cursor_type(front().bytes);
    record_view record;
    while (walked_.offset() < offset && walked_.next(record) == damage_kind::none &&
           record.payload != nullptr) {
    }
    written_offset_ = offset;
    durable_offset_ = offset;
    is_inside_ = true;
    is_ended_ = false;
    disk_.entered();
}

// Returns whether there is more to do now.
template <class Disk, class Memory>
bool persist_walk<Disk, Memory>::persist_front(bool is_forced) noexcept {
    if (!is_inside_) {
        enter(0);
    }
    if (disk_.is_halted()) {
        return pass_over_front();
    }
    const bool has_more = walk();
    if (has_pending()) {
        switch (disk_.bring_home(has_more, is_forced)) {
            case homecoming::home:
                break;
            case homecoming::later:
                return false;
            case homecoming::failed:
                return true;
        }
        durable_offset_ = walked_.offset();
        disk_.say_durable(walked_.at(), walked_.last_sequence());
    }
    return is_ended_ ? leave_front() : has_more;
}

// Durability has halted: the writer goes on, and its old segments are given back as they are.
template <class Disk, class Memory>
bool persist_walk<Disk, Memory>::pass_over_front() noexcept {
    const bool has_more = walk();
    note_written();
    if (!is_ended_ || !disk_.may_drop_front()) {
        return has_more;
    }
    drop_front();
    return true;
}

// Up to the last committed record, or as far as one step goes. Returns whether more follow.
template <class Disk, class Memory>
bool persist_walk<Disk, Memory>::walk() noexcept {
    record_view record;
    while (!is_ended_ && walked_.offset() - written_offset_ < step_bytes_) {
        const damage_kind kind = walked_.next(record);
        if (kind != damage_kind::none) {
            disk_.damaged(kind);
            return false;
        }
        if (record.payload == nullptr) {
            break;
        }
        is_ended_ = record.is_control(control_type::end);
    }
    disk_.walked();
    return !is_ended_ && walked_.offset() - written_offset_ >= step_bytes_;
}

// All of the front is durable and nothing is added to it. False: try again later.
template <class Disk, class Memory>
bool persist_walk<Disk, Memory>::leave_front() noexcept {
    if (!disk_.retire_front()) {
        return false;
    }
    disk_.free_front();
    drop_front();
    return true;
}

template <class Disk, class Memory>
void persist_walk<Disk, Memory>::drop_front() noexcept {
    stored_segment* done = segments_.front();
    segments_.pop_front();
    is_inside_ = false;
    disk_.give_back(done);
}

}  // namespace millrace::engine::detail
