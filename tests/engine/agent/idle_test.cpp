#include "engine/agent/idle.hpp"

#include <gtest/gtest.h>

#include <string>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"

namespace millrace::engine {
namespace {

idle_config quick_backoff() {
    idle_config config;
    config.kind = idle_kind::backoff;
    config.spin_ns = 1'000;
    config.park_after_ns = 2'000;
    config.park_min_ns = 1'000'000;
    config.park_max_ns = 4'000'000;
    return config;
}

// How long the strategy kept the thread when told that it is `now_ns`. A sleep is never shorter
// than asked for.
std::int64_t idle_for(idle_strategy& strategy, std::int64_t now_ns) {
    const std::int64_t start_ns = monotonic_now_ns();
    static_cast<void>(strategy.idle(0, now_ns));
    return monotonic_now_ns() - start_ns;
}

TEST(IdleConfig, ParsesEachKindAndPrintsItBack) {
    for (const char* const text : {"spin", "yield", "backoff", "sleeping"}) {
        EXPECT_EQ(to_string(parse_idle_config(text).kind), text);
    }
    EXPECT_EQ(idle_config{}.kind, idle_kind::backoff);
}

TEST(IdleConfig, RefusesOtherText) {
    for (const char* const text : {"", "Spin", "spin ", "busy"}) {
        try {
            static_cast<void>(parse_idle_config(text));
            FAIL() << text;
        } catch (const config_error& failure) {
            EXPECT_NE(std::string(failure.what()).find("expected spin, yield"), std::string::npos);
        }
    }
}

TEST(IdleConfig, RefusesTimesThatContradictEachOther) {
    const auto refused = [](auto change) {
        idle_config config;
        change(config);
        EXPECT_THROW(idle_strategy{config}, config_error);
    };
    refused([](idle_config& c) { c.spin_ns = -1; });
    refused([](idle_config& c) { c.park_after_ns = c.spin_ns - 1; });
    refused([](idle_config& c) { c.park_min_ns = 0; });
    refused([](idle_config& c) { c.park_max_ns = c.park_min_ns - 1; });
    refused([](idle_config& c) { c.park_max_ns = 1'000'000'000; });
    refused([](idle_config& c) { c.quiet_park_max_ns = 1'000'000'000; });
}

TEST(IdleStrategy, SpinAsksForNoNewClockReading) {
    idle_strategy strategy(parse_idle_config("spin"));
    EXPECT_FALSE(strategy.idle(0, 1));
    EXPECT_FALSE(strategy.idle(0, 1'000'000'000'000));
}

TEST(IdleStrategy, YieldAndSleepingAskForANewClockReading) {
    idle_strategy yielding(parse_idle_config("yield"));
    EXPECT_TRUE(yielding.idle(0, 1));
    idle_strategy sleeping(parse_idle_config("sleeping"));
    EXPECT_GE(idle_for(sleeping, 1), sleeping.config().park_min_ns);
}

TEST(IdleStrategy, BackoffSpinsThenYieldsThenParksByTime) {
    idle_strategy strategy(quick_backoff());
    const std::int64_t start_ns = 1'000'000;
    for (int turn = 0; turn < 1000; ++turn) {
        EXPECT_FALSE(strategy.idle(0, start_ns)) << "turns do not count, time does";
    }
    EXPECT_FALSE(strategy.idle(0, start_ns + 999));
    EXPECT_TRUE(strategy.idle(0, start_ns + 1'000));
    EXPECT_TRUE(strategy.idle(0, start_ns + 1'999));
    EXPECT_GE(idle_for(strategy, start_ns + 2'000), 1'000'000);
}

TEST(IdleStrategy, ParksDoubleUpToTheirLimit) {
    idle_strategy strategy(quick_backoff());
    EXPECT_FALSE(strategy.idle(0, 0));
    EXPECT_GE(idle_for(strategy, 2'000), 1'000'000);
    EXPECT_GE(idle_for(strategy, 3'000), 2'000'000);
    EXPECT_GE(idle_for(strategy, 4'000), 4'000'000);
    EXPECT_GE(idle_for(strategy, 5'000), 4'000'000);
}

TEST(IdleStrategy, ParksLongerWhereNothingComesForLong) {
    idle_config config = quick_backoff();
    config.park_max_ns = 1'000'000;
    config.quiet_after_ns = 10'000;
    config.quiet_park_max_ns = 8'000'000;
    idle_strategy strategy(config);
    EXPECT_FALSE(strategy.idle(0, 0));
    EXPECT_TRUE(strategy.idle(0, 8'000));
    EXPECT_TRUE(strategy.idle(0, 9'000));
    EXPECT_TRUE(strategy.idle(0, 10'000)) << "still a park of the usual length";
    EXPECT_GE(idle_for(strategy, 11'000), 2'000'000);
    EXPECT_GE(idle_for(strategy, 12'000), 4'000'000);
    EXPECT_GE(idle_for(strategy, 13'000), 8'000'000);
    EXPECT_GE(idle_for(strategy, 14'000), 8'000'000);
}

TEST(IdleStrategy, WorkBeginsTheBackoffAnew) {
    idle_strategy strategy(quick_backoff());
    EXPECT_FALSE(strategy.idle(0, 0));
    EXPECT_TRUE(strategy.idle(0, 1'500));
    EXPECT_FALSE(strategy.idle(1, 1'600));
    EXPECT_FALSE(strategy.idle(0, 50'000)) << "the idle time counts from the first idle turn";
    EXPECT_FALSE(strategy.idle(0, 50'999));
    EXPECT_TRUE(strategy.idle(0, 51'000));
}

}  // namespace
}  // namespace millrace::engine
