// How a segment changes hands: helper, writer, persister, helper.
//
// Threading  each step: the thread that has the segment
// Progress   begin_segment and roll_over are wait-free and make no system call
// Invariant  whoever sees that a segment is left finds the next one begun; whoever takes a segment
//            over finds it as the one before left it, and that one does not touch it again
// Errors     none: each hand-over has room for all segments there are
#pragma once

#include <cstddef>

#include "engine/core/assert.hpp"
#include "engine/core/native_memory.hpp"
#include "engine/log/append_place.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/handover.hpp"
#include "engine/log/segment.hpp"

namespace millrace::engine::detail {

template <class Item, std::size_t Capacity, class Memory>
void hand_over(Item* item, handover<Item, Capacity, Memory>& to) noexcept {
    const bool has_room = to.try_push(item);
    MILLRACE_ASSERT(has_room, "more segments are handed over than there are");
}

// From the return on readers find it, and the persister follows.
template <class Item, std::size_t Capacity, class Memory>
void begin_segment(Item& next, const segment_start& start, const host_identity& host,
                   handover<Item, Capacity, Memory>& begun) noexcept {
    MILLRACE_CRASH_POINT("roll.before_begin");
    next.bytes.template begin<Memory>(start, host);
    MILLRACE_CRASH_POINT("roll.after_begin");
    hand_over(&next, begun);
}

// Goes on in `next`: it is begun before the end record stands.
template <class Item, std::size_t Capacity, class Memory>
void roll_over(append_place<Memory>& place, Item& next, const segment_start& start,
               const host_identity& host, handover<Item, Capacity, Memory>& begun) noexcept {
    begin_segment(next, start, host, begun);
    place.leave_for(next.bytes);
    MILLRACE_CRASH_POINT("roll.after_end");
}

}  // namespace millrace::engine::detail
