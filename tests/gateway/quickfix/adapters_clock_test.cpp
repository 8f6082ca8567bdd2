// That the library's schedule, as the wall sets it, lasts for ever.
#include <gtest/gtest.h>
#include <quickfix/FieldConvertors.h>
#include <quickfix/TimeRange.h>

#include <cstdint>
#include <ctime>

#include "gateway/quickfix/adapters.hpp"

namespace millrace {
namespace gateway {
namespace {

constexpr std::int64_t s_ns = 1000000000;
constexpr std::int64_t day_ns = 86400 * s_ns;

TEST(LibrarySchedule, HoldsWhenMidnightComesBetweenTwoLooksAtTheClock) {
    FIX::TimeRange always(FIX::UtcTimeOnlyConvertor::convert(detail::library_start_time),
                          FIX::UtcTimeOnlyConvertor::convert(detail::library_end_time));
    const std::int64_t midnight_ns = 20515 * day_ns;  // 2026-03-03
    const std::int64_t around_ns[] = {-day_ns / 2, -s_ns, -1000, -1, 0, 1, 1000, s_ns, day_ns / 2};
    for (const std::int64_t offset_ns : around_ns) {
        const FIX::UtcTimeStamp looked = detail::to_timestamp(midnight_ns + offset_ns);
        EXPECT_TRUE(always.isInRange(looked)) << offset_ns;
        // The store is asked later, or, of a clock that was set, an hour before or after.
        for (const std::int64_t later_ns :
             {std::int64_t{0}, std::int64_t{1}, s_ns, 3600 * s_ns, -s_ns, -3600 * s_ns}) {
            const FIX::UtcTimeStamp asked =
                detail::to_timestamp(midnight_ns + offset_ns + later_ns);
            EXPECT_TRUE(always.isInSameRange(looked, detail::creation_seen_at(asked)))
                << offset_ns << ' ' << later_ns;
        }
    }
}

TEST(LibrarySchedule, EndsAtMidnightWhereItIsTheDayOfFix) {
    const FIX::UtcTimeOnly midnight = FIX::UtcTimeOnlyConvertor::convert("00:00:00");
    FIX::TimeRange day(midnight, midnight);
    const std::int64_t midnight_ns = 20515 * day_ns;
    EXPECT_FALSE(day.isInSameRange(detail::to_timestamp(midnight_ns - 1000),
                                   detail::to_timestamp(midnight_ns)));
}

}  // namespace
}  // namespace gateway
}  // namespace millrace
