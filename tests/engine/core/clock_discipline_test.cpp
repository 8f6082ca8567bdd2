#include "engine/core/clock_discipline.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace millrace::engine {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t s = 1'000'000'000;
constexpr std::int64_t interval = 100 * ms;

// A host whose counter does not run as its name says, and a clock that is to follow it.
class ClockDiscipline : public ::testing::Test {
protected:
    void pass(std::int64_t ns) {
        monotonic_ns_ += ns;
        ticks_ += static_cast<double>(ns) * ticks_per_ns_;
    }
    // False: this look drew no line.
    bool look(std::int64_t noise_ns = 0) {
        const clock_discipline::outcome made =
            clock_.take({ticks(), monotonic_ns_, realtime_ns() + noise_ns});
        if (made.is_changed) {
            changes_.push_back(made.change);
        }
        if (made.has_line) {
            line_ = made.line;
        }
        return made.has_line;
    }
    bool run(std::int64_t ns) {
        bool has_line = true;
        for (std::int64_t passed = 0; passed < ns; passed += interval) {
            pass(interval);
            has_line = look() && has_line;
        }
        return has_line;
    }
    void begin() {
        look();
        run(5 * s);
        ASSERT_TRUE(changes_.empty());
    }
    [[nodiscard]] std::uint64_t ticks() const { return static_cast<std::uint64_t>(ticks_); }
    [[nodiscard]] std::int64_t realtime_ns() const { return monotonic_ns_ + offset_ns_; }
    // What utc_now() says.
    [[nodiscard]] std::int64_t utc_ns() const { return line_.at(ticks() - line_.base_ticks); }
    [[nodiscard]] std::int64_t error_ns() const { return std::abs(realtime_ns() - utc_ns()); }

    clock_discipline clock_{tick_source::manual};
    detail::clock_line line_;
    std::vector<clock_change> changes_;
    double ticks_per_ns_ = 2.4 * 1.00003;
    double ticks_ = 12'345;
    std::int64_t monotonic_ns_ = 77 * s;
    std::int64_t offset_ns_ = 1'772'000'000 * s;
};

TEST_F(ClockDiscipline, DrawsNoLineBeforeItKnowsTheTicks) {
    EXPECT_FALSE(look());
    pass(10 * ms);
    EXPECT_FALSE(look());
    pass(10 * ms);
    EXPECT_TRUE(look());
    EXPECT_LE(error_ns(), 1);
}

TEST_F(ClockDiscipline, StaysWithinNanosecondsOfASteadyHost) {
    begin();
    for (int i = 0; i < 1000; ++i) {
        pass(interval);
        ASSERT_LE(error_ns(), 5) << "after interval " << i;  // before the look that corrects it
        ASSERT_TRUE(look());
    }
    EXPECT_TRUE(changes_.empty());
    EXPECT_EQ(clock_.status().steps, 0u);
}

TEST_F(ClockDiscipline, FollowsAHostWhoseTicksChangeTheirRateSlowly) {
    begin();
    for (int i = 0; i < 1000; ++i) {
        ticks_per_ns_ *= 1 + 1e-8;
        pass(interval);
        ASSERT_LE(error_ns(), 1000);
        look();
    }
}

TEST_F(ClockDiscipline, NoiseOfALookMovesTheClockLessThanItself) {
    begin();
    std::mt19937_64 random(7);
    for (int i = 0; i < 1000; ++i) {
        pass(interval);
        ASSERT_LE(error_ns(), 400);
        look(static_cast<std::int64_t>(random() % 1001) - 500);
    }
}

TEST_F(ClockDiscipline, SlewsASmallErrorAwayAtNoMoreThan500Ppm) {
    begin();
    offset_ns_ -= 200 * ms;
    std::int64_t before_ns = utc_ns() - monotonic_ns_;
    look();
    for (int i = 0; i < 4500; ++i) {
        pass(interval);
        const std::int64_t now_ns = utc_ns() - monotonic_ns_;
        ASSERT_LE(std::abs(now_ns - before_ns), 50'002);  // 500 ppm of 100 ms
        before_ns = now_ns;
        look();
        ASSERT_LE(std::abs(utc_ns() - monotonic_ns_ - now_ns), 1) << "the line jumped";
        ASSERT_LE(std::abs(clock_.status().slew_ppb), 500'000);
    }
    EXPECT_LE(error_ns(), 5);
    EXPECT_EQ(clock_.status().steps, 0u);
    // The way was noted every 10 ms, end to end.
    ASSERT_EQ(changes_.size(), 19u);
    for (std::size_t i = 0; i < changes_.size(); ++i) {
        EXPECT_EQ(changes_[i].reason, static_cast<std::uint64_t>(clock_reason::drift));
        EXPECT_LE(changes_[i].new_offset_ns, changes_[i].old_offset_ns - clock_drift_ns);
        EXPECT_GE(changes_[i].new_offset_ns, changes_[i].old_offset_ns - clock_drift_ns - 50'002);
        if (i > 0) {
            EXPECT_EQ(changes_[i].old_offset_ns, changes_[i - 1].new_offset_ns);
        }
    }
}

class ClockStep : public ClockDiscipline, public ::testing::WithParamInterface<std::int64_t> {};

TEST_P(ClockStep, IsFollowedAtOnceAndNoted) {
    begin();
    const std::int64_t before_ns = offset_ns_;
    pass(interval);
    offset_ns_ += GetParam();
    look();
    EXPECT_LE(error_ns(), 1);
    ASSERT_EQ(changes_.size(), 1u);
    EXPECT_EQ(changes_[0].reason, static_cast<std::uint64_t>(clock_reason::step));
    EXPECT_EQ(changes_[0].realtime_ns, realtime_ns());
    EXPECT_EQ(changes_[0].monotonic_ns, monotonic_ns_);
    EXPECT_NEAR(static_cast<double>(changes_[0].old_offset_ns - before_ns), 0, 5);
    EXPECT_EQ(changes_[0].new_offset_ns, offset_ns_);
    EXPECT_EQ(clock_.status().steps, 1u);
    EXPECT_NEAR(static_cast<double>(clock_.status().step_ns), static_cast<double>(GetParam()), 5);
    run(10 * s);
    EXPECT_LE(error_ns(), 5);
    EXPECT_EQ(changes_.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(BackAndForward, ClockStep,
                         ::testing::Values(-3600 * s, 3600 * s, -s - 1000, s + 1000));

TEST_F(ClockDiscipline, TakesASecondAndNoMoreForAnErrorToBeSlewed) {
    begin();
    offset_ns_ += s - 1000;
    look();
    EXPECT_TRUE(changes_.empty());
    EXPECT_EQ(clock_.status().slew_ppb, 500'000);
}

TEST_F(ClockDiscipline, KeepsTheRateOverAHostThatSleptAndNotesTheJump) {
    begin();
    // The ticks and UTC went on, the monotonic clock did not.
    ticks_ += 3600.0 * static_cast<double>(s) * ticks_per_ns_;
    offset_ns_ += 3600 * s;
    pass(interval);
    look();
    EXPECT_LE(error_ns(), 40'000);  // an hour at the precision of the rate
    ASSERT_EQ(changes_.size(), 1u);
    EXPECT_EQ(changes_[0].reason, static_cast<std::uint64_t>(clock_reason::step));
    run(20 * s);
    EXPECT_LE(error_ns(), 5);
    EXPECT_EQ(changes_.size(), 1u);
}

TEST_F(ClockDiscipline, MeasuresAnewWhenTheTicksWentBack) {
    begin();
    ticks_ = 99;  // the guest was moved to another host
    pass(interval);
    look();
    run(20 * s);
    EXPECT_LE(error_ns(), 5);
}

}  // namespace
}  // namespace millrace::engine
