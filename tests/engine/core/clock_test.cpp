#include "engine/core/clock.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace millrace::engine {
namespace {

TEST(Clock, UtcIsThatOfTheSystem) {
    const auto system_ns = [] {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
    };
    // A step of the clock between two readings would fail this; three tries make that an accident.
    bool is_between = false;
    for (int attempt = 0; attempt < 3 && !is_between; ++attempt) {
        const std::int64_t before = system_ns();
        const std::int64_t now = utc_now().ns;
        is_between = before <= now && now <= system_ns();
    }
    EXPECT_TRUE(is_between);
}

TEST(Clock, MonotonicTimeNeverGoesBack) {
    std::int64_t previous = monotonic_now_ns();
    for (int i = 0; i < 10'000; ++i) {
        const std::int64_t now = monotonic_now_ns();
        ASSERT_GE(now, previous);
        previous = now;
    }
}

}  // namespace
}  // namespace millrace::engine
