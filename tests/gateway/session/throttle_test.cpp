#include "gateway/session/throttle.hpp"

#include <gtest/gtest.h>

namespace millrace::gateway {
namespace {

constexpr std::int64_t ms_ns = 1'000'000;

int taken_at(throttle& limit, std::int64_t now_ns) {
    int taken = 0;
    while (taken < 1000 && limit.may_take(now_ns)) {
        limit.take(now_ns);
        ++taken;
    }
    return taken;
}

TEST(Throttle, WithoutARateLimitsNothing) {
    EXPECT_FALSE(throttle({}).is_limited());
    EXPECT_TRUE(throttle({1}).is_limited());
}

TEST(Throttle, LetsABurstThroughAndThenTheRate) {
    throttle limit({100, 5});  // one each 10 ms
    const std::int64_t begin_ns = 1000 * ms_ns;
    EXPECT_EQ(taken_at(limit, begin_ns), 5);
    EXPECT_EQ(taken_at(limit, begin_ns + 9 * ms_ns), 0);
    EXPECT_EQ(taken_at(limit, begin_ns + 10 * ms_ns), 1);
    EXPECT_EQ(taken_at(limit, begin_ns + 35 * ms_ns), 2);
    EXPECT_EQ(taken_at(limit, begin_ns + 10'000 * ms_ns),
              5);  // silence saves up one burst, not more
}

TEST(Throttle, HoldsTheRateOverAnyInterval) {
    throttle limit({1000, 1});
    int taken = 0;
    for (std::int64_t now_ns = 0; now_ns < 2000 * ms_ns; now_ns += 7 * ms_ns / 10) {
        if (limit.may_take(now_ns)) {
            limit.take(now_ns);
            ++taken;
        }
    }
    EXPECT_LE(taken, 2000);
    EXPECT_GE(taken, 1400);  // a look each 0.7 ms, one message each second look at least
}

}  // namespace
}  // namespace millrace::gateway
