#include "engine/core/process_clock.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "engine/core/clock.hpp"
#include "tests/engine/core/manual_clock.hpp"

namespace millrace::engine {
namespace {

using test::manual_clock;

bool is_that_of_the_system(timestamp time) {
    return std::abs(time.ns - detail::read_clock_ns(CLOCK_REALTIME)) < 1'000'000'000;
}

TEST(ProcessClock, IsTheHostsRealTimeWhereNobodyCalibrates) {
    EXPECT_TRUE(is_that_of_the_system(utc_now()));
    EXPECT_FALSE(read_clock_status().is_calibrated());
}

TEST(ProcessClock, RunsOnTicksBetweenTwoLooks) {
    manual_clock clock;
    ASSERT_TRUE(read_clock_status().is_calibrated());
    const std::int64_t before_ns = utc_now().ns;
    EXPECT_EQ(before_ns, clock.now().realtime_ns);
    clock.pass(1'000);
    EXPECT_EQ(utc_now().ns, before_ns + 1'000);
    clock.set_by(-3'600'000'000'000);
    clock.pass(1'000);
    EXPECT_EQ(utc_now().ns, before_ns + 2'000);  // nobody has looked
    clock.look();
    EXPECT_EQ(utc_now().ns, before_ns + 2'000 - 3'600'000'000'000);
    EXPECT_EQ(read_clock_status().steps, 1u);
    EXPECT_EQ(read_clock_status().step_ns, -3'600'000'000'000);
}

TEST(ProcessClock, ALineThatNobodyRenewsCountsForTenSeconds) {
    manual_clock clock;
    const std::int64_t before_ns = utc_now().ns;
    clock.pass(9'999'000'000);
    EXPECT_EQ(utc_now().ns, before_ns + 9'999'000'000);
    clock.pass(2'000'000);
    EXPECT_TRUE(is_that_of_the_system(utc_now()));
}

TEST(ProcessClock, AnotherCoresCounterThatIsALittleBehindSaysNoEarlierTimeThanTheLine) {
    manual_clock clock;
    const std::int64_t line_ns = utc_now().ns;
    auto& ticks = detail::the_clock.manual_ticks;
    const std::uint64_t now = ticks.load(std::memory_order_relaxed);
    ticks.store(now - 50, std::memory_order_relaxed);
    EXPECT_EQ(utc_now().ns, line_ns);
    ticks.store(now - 500'000, std::memory_order_relaxed);
    EXPECT_TRUE(is_that_of_the_system(utc_now()));
}

TEST(ProcessClock, ChangesAreCounted) {
    manual_clock clock;
    const std::uint64_t before = clock_change_number();
    clock.run(1'000'000'000);
    EXPECT_EQ(clock_change_number(), before);
    clock.set_by(2'000'000'000);
    clock.look();
    EXPECT_EQ(clock_change_number(), before + 1);
    clock_change change;
    ASSERT_TRUE(detail::the_clock.change.read(change));
    EXPECT_EQ(change.new_offset_ns - change.old_offset_ns, 2'000'000'000);
}

// On the host's own clocks. A loaded machine may stop the test between two readings, so the nearest
// of many counts.
TEST(ProcessClock, CalibratedOnThisHostAgreesWithItsRealTime) {
    while (detail::the_clock.is_held.test_and_set(std::memory_order_acquire)) {
        ::usleep(50);
    }
    host_clock source;
    clock_discipline discipline(source.ticks());
    for (int i = 0; i < 5 || (i < 100 && !read_clock_status().is_calibrated()); ++i) {
        calibrate(source, discipline);
        ::usleep(30'000);
    }
    ASSERT_TRUE(read_clock_status().is_calibrated());
    std::int64_t nearest_ns = INT64_MAX;
    std::int64_t previous_ns = 0;
    for (int i = 0; i < 1000; ++i) {
        const std::int64_t before_ns = detail::read_clock_ns(CLOCK_REALTIME);
        const std::int64_t now_ns = utc_now().ns;
        const std::int64_t after_ns = detail::read_clock_ns(CLOCK_REALTIME);
        const std::int64_t middle_ns = before_ns + (after_ns - before_ns) / 2;
        nearest_ns = std::min(nearest_ns, std::abs(now_ns - middle_ns));
        EXPECT_GE(now_ns, previous_ns);
        previous_ns = now_ns;
    }
    EXPECT_LT(nearest_ns, 20'000);
    detail::publish_line(tick_source::none, {});
    detail::the_clock.status.publish({});
    detail::the_clock.is_held.clear(std::memory_order_release);
}

}  // namespace
}  // namespace millrace::engine
