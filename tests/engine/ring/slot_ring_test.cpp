#include "engine/ring/slot_ring.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "engine/core/error.hpp"

namespace millrace::engine {
namespace {

struct slot {
    std::uint64_t number = 0;
    std::uint64_t words[6] = {};
};
static_assert(sizeof(slot) == one_line_slot_bytes);
static_assert(sizeof(detail::ring_cell<slot, native_memory>) == cache_line_bytes);

using ring = slot_ring<slot>;

slot numbered(std::uint64_t number) {
    return {number, {number, 0, 0, 0, 0, ~number}};
}

void push_all(ring& target, std::uint64_t first, std::size_t count) {
    for (std::uint64_t number = first; number != first + count; ++number) {
        ASSERT_EQ(target.try_push(numbered(number)), push_status::ok);
    }
}

std::vector<std::uint64_t> poll_numbers(ring& source, std::size_t limit) {
    std::vector<std::uint64_t> numbers;
    const std::size_t count = source.poll(
        [&](const slot& s) {
            EXPECT_EQ(s.words[5], ~s.number);
            numbers.push_back(s.number);
        },
        limit);
    EXPECT_EQ(count, numbers.size());
    return numbers;
}

using numbers = std::vector<std::uint64_t>;

TEST(SlotRing, DeliversInOrder) {
    ring r(8);
    push_all(r, 100, 3);
    EXPECT_EQ(poll_numbers(r, 10), (numbers{100, 101, 102}));
    EXPECT_EQ(poll_numbers(r, 10), numbers{});
}

TEST(SlotRing, RefusesPushWhenFull) {
    for (const std::size_t capacity : {2, 4, 64}) {
        ring r(capacity);
        push_all(r, 0, capacity);
        EXPECT_EQ(r.try_push(numbered(99)), push_status::back_pressured);
        EXPECT_EQ(poll_numbers(r, 1), numbers{0});
        EXPECT_EQ(r.try_push(numbered(capacity)), push_status::ok);
        EXPECT_EQ(r.try_push(numbered(99)), push_status::back_pressured);
        numbers expected;
        for (std::uint64_t n = 1; n <= capacity; ++n) {
            expected.push_back(n);
        }
        EXPECT_EQ(poll_numbers(r, capacity + 1), expected);
    }
}

TEST(SlotRing, PollStopsAtItsLimit) {
    ring r(8);
    push_all(r, 0, 5);
    EXPECT_EQ(poll_numbers(r, 0), numbers{});
    EXPECT_EQ(poll_numbers(r, 2), (numbers{0, 1}));
    EXPECT_EQ(poll_numbers(r, 2), (numbers{2, 3}));
    EXPECT_EQ(poll_numbers(r, std::numeric_limits<std::size_t>::max()), numbers{4});
}

TEST(SlotRing, StoppedSlotComesFirstAtTheNextPoll) {
    ring r(4);
    push_all(r, 0, 3);
    const auto stop_at_one = [](const slot& s) {
        return s.number == 1 ? poll_action::stop : poll_action::consumed;
    };
    EXPECT_EQ(r.poll(stop_at_one, 4), 1U);
    EXPECT_EQ(r.poll(stop_at_one, 4), 0U);
    EXPECT_EQ(r.consumer_sequence_estimate(), 1U);
    EXPECT_EQ(poll_numbers(r, 4), (numbers{1, 2}));
}

TEST(SlotRing, PollNeverReadsTheSameSlotTwiceWithoutWrap) {
    // The whole ring is committed and nothing is given back until poll ends: it must not go round.
    ring r(2);
    push_all(r, 0, 2);
    EXPECT_EQ(poll_numbers(r, 1000), (numbers{0, 1}));
}

TEST(SlotRing, PeekKeepsSlotsUntilReleased) {
    ring r(4);
    push_all(r, 0, 4);
    for (int turn = 0; turn < 2; ++turn) {
        const auto seen = r.peek(3);
        ASSERT_EQ(seen.count(), 3U);
        EXPECT_EQ(seen[0].number, 0U);
        EXPECT_EQ(seen[2].number, 2U);
    }
    EXPECT_EQ(r.try_push(numbered(4)), push_status::back_pressured);
    r.release(2);
    push_all(r, 4, 2);
    EXPECT_EQ(r.peek(100).count(), 4U);
    EXPECT_EQ(r.peek(100)[3].number, 5U);
    r.release(0);
    EXPECT_EQ(poll_numbers(r, 10), (numbers{2, 3, 4, 5}));
    EXPECT_EQ(r.peek(1).count(), 0U);
}

TEST(SlotRing, BatchShowsNothingBeforeItsCommit) {
    ring r(8);
    auto batch = r.try_claim(5);
    ASSERT_EQ(batch.count(), 5U);
    for (std::size_t i = 0; i < 5; ++i) {
        batch[i] = numbered(i);
    }
    EXPECT_EQ(poll_numbers(r, 8), numbers{});
    batch.commit(3);
    EXPECT_EQ(batch.count(), 0U);
    EXPECT_EQ(poll_numbers(r, 8), (numbers{0, 1, 2}));
}

TEST(SlotRing, BatchThatIsDroppedLeavesNoTrace) {
    ring r(4);
    push_all(r, 0, 1);
    {
        auto batch = r.try_claim(3);
        ASSERT_EQ(batch.count(), 3U);
        batch[0] = numbered(77);
    }
    r.try_claim(3).commit(0);
    EXPECT_EQ(r.producer_sequence_estimate(), 1U);
    push_all(r, 1, 3);
    EXPECT_EQ(poll_numbers(r, 4), (numbers{0, 1, 2, 3}));
}

TEST(SlotRing, BatchIsCutToWhatIsFree) {
    ring r(4);
    EXPECT_EQ(r.try_claim(0).count(), 0U);
    EXPECT_EQ(r.try_claim(100).count(), 4U);
    push_all(r, 0, 3);
    EXPECT_EQ(r.try_claim(100).count(), 1U);
    push_all(r, 3, 1);
    EXPECT_EQ(r.try_claim(100).count(), 0U);
    EXPECT_EQ(poll_numbers(r, 3).size(), 3U);
    EXPECT_EQ(r.try_claim(2).count(), 2U);
    EXPECT_EQ(r.try_claim(100).count(), 3U);
}

TEST(SlotRing, BatchAcrossTheWrapIsInOrder) {
    ring r(4);
    for (std::uint64_t number = 0; number < 300; number += 3) {
        auto batch = r.try_claim(3);
        ASSERT_EQ(batch.count(), 3U);
        for (std::size_t i = 0; i < 3; ++i) {
            batch[i] = numbered(number + i);
        }
        batch.commit(3);
        ASSERT_EQ(poll_numbers(r, 4), (numbers{number, number + 1, number + 2}));
    }
}

TEST(SlotRing, ObserversSeeBothSequences) {
    ring r(4);
    EXPECT_EQ(r.capacity(), 4U);
    push_all(r, 0, 3);
    EXPECT_EQ(r.producer_sequence_estimate(), 3U);
    EXPECT_EQ(r.consumer_sequence_estimate(), 0U);
    r.release(2);
    EXPECT_EQ(r.consumer_sequence_estimate(), 2U);
}

TEST(SlotRing, RefusesCapacitiesThatAreNoPowerOfTwo) {
    for (const std::size_t capacity :
         {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{1000}, ring::capacity_max + 1,
          ring::capacity_max * 2, std::numeric_limits<std::size_t>::max()}) {
        EXPECT_THROW(ring{capacity}, config_error) << capacity;
    }
}

TEST(SlotRing, SlotsOfOtherSizesWork) {
    struct large {
        std::uint64_t words[15];
    };
    static_assert(sizeof(detail::ring_cell<large, native_memory>) == 2 * cache_line_bytes);
    slot_ring<large> wide(2);
    slot_ring<char> narrow(2);
    for (std::uint64_t n = 0; n < 5; ++n) {
        large value{};
        value.words[14] = n;
        ASSERT_EQ(wide.try_push(value), push_status::ok);
        ASSERT_EQ(narrow.try_push(static_cast<char>('a' + n)), push_status::ok);
        EXPECT_EQ(wide.peek(1)[0].words[14], n);
        EXPECT_EQ(narrow.peek(1)[0], static_cast<char>('a' + n));
        wide.release(1);
        narrow.release(1);
    }
}

TEST(SlotRing, KeepsTheWritersApart) {
    const auto r = std::make_unique<ring>(2);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(r.get()) % no_sharing_bytes, 0U);
    EXPECT_GE(sizeof(ring), 3 * no_sharing_bytes);
}

#if defined(MILLRACE_DCHECKS) && MILLRACE_DCHECKS
TEST(SlotRingDeathTest, StopsMisuse) {
    ring r(4);
    EXPECT_DEATH(r.release(1), "released a slot that was not committed");
    EXPECT_DEATH(r.release(5), "more slots released than the ring has");
    EXPECT_DEATH(r.try_claim(2).commit(3), "more slots committed than claimed");
    EXPECT_DEATH(static_cast<void>(r.peek(1)[0]), "slot index outside the view");
    auto first = r.try_claim(1);
    auto second = r.try_claim(1);
    first.commit(1);
    EXPECT_DEATH(second.commit(1), "committed twice or out of turn");
}
#endif

}  // namespace
}  // namespace millrace::engine
