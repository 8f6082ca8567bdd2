#include "gateway/session/time_zone.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "engine/core/error.hpp"
#include "tests/engine/core/temporary_directory.hpp"
#include "tests/gateway/session/schedule_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::utc_s;

std::string refusal_of(const std::string& name) {
    try {
        return "taken as " + time_zone::load(name).name();
    } catch (const engine::config_error& refused) {
        return refused.what();
    }
}

TEST(TimeZone, IsUtcUnlessItIsNamed) {
    const time_zone zone;
    EXPECT_EQ(zone.name(), "UTC");
    EXPECT_EQ(zone.at(-1).s, -1);
    EXPECT_EQ(zone.when_reached({utc_s("2026-03-02 08:00:00")}), utc_s("2026-03-02 08:00:00"));
}

TEST(TimeZone, ReachesLocalTimesInTheirOrder) {
    const time_zone zone = time_zone::load("Europe/London");
    EXPECT_EQ(zone.name(), "Europe/London");
    EXPECT_EQ(zone.at(utc_s("2026-07-01 12:00:00")).s, utc_s("2026-07-01 13:00:00"));
    for (const char* change : {"2026-03-29 00:00:00", "2026-10-25 00:00:00"}) {
        std::int64_t last_s = 0;
        for (std::int64_t s = 0; s < 4 * 3'600; ++s) {
            const local_time local{utc_s(change) + s};
            const std::int64_t reached_s = zone.when_reached(local);
            EXPECT_GE(reached_s, last_s);
            EXPECT_GE(zone.at(reached_s), local);
            EXPECT_LT(zone.at(reached_s - 1), local);
            last_s = reached_s;
        }
    }
}

TEST(TimeZone, RefusesANameThatTheHostDoesNotKnow) {
    EXPECT_EQ(refusal_of("Amercia/New_York"),
              "the host knows no time zone 'Amercia/New_York' (did you mean America/New_York?)");
    EXPECT_EQ(refusal_of("europe/london"),
              "the host knows no time zone 'europe/london' (did you mean Europe/London?)");
    // Files and names that are no zones of the database.
    for (const char* name : {"/etc/localtime", "../zoneinfo/UTC", "Europe//London", "zone.tab",
                             "localtime", "Fixed/UTC+01:00:00", "Europe", "No Such Place"}) {
        EXPECT_EQ(refusal_of(name).rfind("the host knows no time zone", 0), 0U) << name;
    }
}

TEST(TimeZone, SaysThatAHostHasNoZones) {
    const engine::temporary_directory empty;
    ::setenv("TZDIR", std::string(empty / "").c_str(), 1);
    EXPECT_EQ(refusal_of("Europe/Nowhere"),
              "the host has no time zones in " + std::string(empty / "") + "; install tzdata");
    ::unsetenv("TZDIR");
}

}  // namespace
}  // namespace millrace::gateway
