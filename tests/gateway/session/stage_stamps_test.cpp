#include "gateway/session/stage_stamps.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace millrace::gateway {
namespace {

constexpr engine::log_uuid log{{0x41, 0x42, 3, 4, 5, 6, 7, 8, 9}};

std::vector<stage_stamp> drained(stamp_ring& ring, std::size_t limit) {
    std::vector<stage_stamp> found;
    ring.drain([&](const stage_stamp& stamp) { found.push_back(stamp); }, limit);
    return found;
}

TEST(StampRing, KeepsWhatItWasGivenInOrder) {
    stamp_ring ring;
    ring.put(stage::sent, log, {7}, 1000);
    ring.put(stage::handled, log, {5}, 900);
    const auto found = drained(ring, 10);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].log_id, engine::correlation_log_id(log));
    EXPECT_EQ(found[0].sequence, 7U);
    EXPECT_EQ(found[0].time_ns, 1000);
    EXPECT_EQ(found[0].which, static_cast<std::uint32_t>(stage::sent));
    EXPECT_EQ(found[1].which, static_cast<std::uint32_t>(stage::handled));
    EXPECT_EQ(found[1].reserved, 0U);
}

TEST(StampRing, DropsAndCountsWhatFindsNoRoom) {
    stamp_ring ring;
    for (std::uint64_t i = 1; i <= stamp_ring::capacity + 3; ++i) {
        ring.put(stage::sent, log, {i}, 0);
    }
    EXPECT_EQ(ring.dropped.value(), 3U);
    const auto found = drained(ring, 2 * stamp_ring::capacity);
    ASSERT_EQ(found.size(), stamp_ring::capacity);
    EXPECT_EQ(found.back().sequence, stamp_ring::capacity) << "the oldest are kept";
    ring.put(stage::sent, log, {99'999}, 0);
    EXPECT_EQ(drained(ring, 1).size(), 1U);
}

}  // namespace
}  // namespace millrace::gateway
