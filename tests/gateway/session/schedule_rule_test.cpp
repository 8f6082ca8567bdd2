#include "gateway/session/schedule_rule.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/engine/core/temporary_directory.hpp"
#include "tests/gateway/session/schedule_test_support.hpp"

namespace millrace::gateway {
namespace {

constexpr const char* day = "StartTime=08:00:00|EndTime=17:00:00|";

std::string text_of(const std::string& lines) {
    return read_schedule(test::schedule_spec(lines)).text;
}

std::string refusal_of(const std::string& lines) {
    try {
        return "taken as " + text_of(lines);
    } catch (const settings_error& refused) {
        return refused.what();
    }
}

std::string at_line(long line, const std::string& rest) {
    return "test.cfg:" + std::to_string(test::schedule_line + line) + ": " + rest;
}

TEST(ScheduleRule, SaysWhatItRead) {
    EXPECT_EQ(text_of("StartTime=00:00:00|EndTime=00:00:00"), "non-stop UTC");
    EXPECT_EQ(text_of(day), "08:00:00 to 17:00:00 UTC");
    EXPECT_EQ(text_of(day + std::string("Weekdays=fri,WEDNESDAY")),
              "Wed,Fri 08:00:00 to 17:00:00 UTC");
    EXPECT_EQ(text_of("StartTime=17:00:00|EndTime=17:00:00|Weekdays=Mon,Tue,Wed,Thu,Fri"),
              "Mon-Fri 17:00:00 to 17:00:00 UTC");
    EXPECT_EQ(text_of("StartTime=17:00:00|EndTime=16:00:00|StartDay=Sunday|EndDay=fr|"
                      "TimeZone=America/New_York"),
              "Sun 17:00:00 to Fri 16:00:00 America/New_York");
    EXPECT_EQ(text_of("NonStopSession=Y|LogonDay=mo|LogonTime=07:00:00|LogoutDay=sa|"
                      "LogoutTime=01:00:00|UseLocalTime=Y"),
              "non-stop local time of the host, logon Mon 07:00:00 to Sat 01:00:00");
    EXPECT_EQ(text_of(day + std::string("Holidays=2028-02-29,2026-12-25,2026-12-25")),
              "08:00:00 to 17:00:00 UTC, 2 holidays");
    EXPECT_EQ(text_of(day + std::string("TimeZone=|Holidays=|UseLocalTime=N")),
              "08:00:00 to 17:00:00 UTC");
}

TEST(ScheduleRule, LeavesTimeForALogoutAndNotTooMuch) {
    const auto lead_s = [](const std::string& timeout) {
        return read_schedule(test::schedule_spec(day + ("LogoutTimeout=" + timeout))).logout_lead_s;
    };
    EXPECT_EQ(lead_s("0"), 1);
    EXPECT_EQ(lead_s("2"), 2);
    EXPECT_EQ(lead_s("300"), 10);
}

TEST(ScheduleRule, TakesTheLocalTimeOfTheHost) {
    ::setenv("TZ", "Asia/Kolkata", 1);
    const schedule_rule rule =
        read_schedule(test::schedule_spec(day + std::string("UseLocalTime=Y")));
    ::unsetenv("TZ");
    EXPECT_EQ(rule.zone.at(0).s, 19'800);
}

TEST(ScheduleRule, RefusesAZoneThatTheHostDoesNotKnowWithItsLineAndTheNearest) {
    EXPECT_EQ(refusal_of(day + std::string("TimeZone=Europe/Lodnon")),
              at_line(2,
                      "TimeZone=Europe/Lodnon: the host knows no time zone 'Europe/Lodnon' "
                      "(did you mean Europe/London?)"));
    EXPECT_EQ(refusal_of(day + std::string("TimeZone=Europe/London|UseLocalTime=Y")),
              at_line(2, "TimeZone=Europe/London: UseLocalTime=Y names another; one of the two"));
}

TEST(ScheduleRule, RefusesWhatDoesNotFitTogetherWithItsLine) {
    EXPECT_EQ(refusal_of(day + std::string("StartDay=mo|EndDay=fr|Weekdays=Mon")),
              at_line(4,
                      "Weekdays=Mon: StartDay and EndDay make a window of each week; one of "
                      "the two"));
    EXPECT_EQ(refusal_of(day + std::string("LogonDay=mo")),
              at_line(2, "LogonDay=mo: LogonDay and LogoutDay come together or not at all"));
    EXPECT_EQ(refusal_of(day + std::string("LogonTime=18:00:00|LogoutTime=19:00:00")),
              at_line(2,
                      "LogonTime=18:00:00: the session would never log on: no logon time lies "
                      "within its session time"));
    EXPECT_EQ(refusal_of(day + std::string("Weekdays=,")),
              at_line(2,
                      "Weekdays=,: expected days of the week with commas between them, such as "
                      "Mon,Tue"));
    EXPECT_EQ(refusal_of(day + std::string("Weekdays=Mon,Noday")),
              at_line(2,
                      "Weekdays=Mon,Noday: expected days of the week with commas between them, "
                      "such as Mon,Tue"));
    for (const char* dates : {"2026-02-29", "2026-13-01", "2026-12-32", "2026-12-1", "25.12.2026",
                              "2026-12-25;2026-12-26", "2026-00-01", "2026-01-00"}) {
        EXPECT_EQ(refusal_of(day + std::string("Holidays=") + dates),
                  at_line(2, "Holidays=" + std::string(dates) +
                                 ": expected dates as YYYY-MM-DD with commas between them"));
    }
    EXPECT_EQ(refusal_of("EndTime=17:00:00"),
              "test.cfg:6: StartTime is missing: every session has a schedule; NonStopSession=Y "
              "means always");
    EXPECT_EQ(refusal_of("NonStopSession=yes"), at_line(0, "NonStopSession=yes: expected Y or N"));
}

class ScheduleRuleHolidays : public testing::Test {
protected:
    std::string write(const std::string& text) {
        const std::string path = directory_ / "holidays.txt";
        std::ofstream(path) << text;
        return day + std::string("Holidays=2026-12-25|HolidaysFile=") + path;
    }

    engine::temporary_directory directory_;
};

TEST_F(ScheduleRuleHolidays, AreAlsoReadFromAFile) {
    const schedule_rule rule = read_schedule(test::schedule_spec(write(
        "# Frankfurt\n\n2026-05-01 Tag der Arbeit\n  2026-12-24\tHeiligabend\r\n2026-12-25\n")));
    EXPECT_EQ(rule.holidays,
              (std::vector<std::int64_t>{test::utc_s("2026-05-01 00:00:00") / 86'400,
                                         test::utc_s("2026-12-24 00:00:00") / 86'400,
                                         test::utc_s("2026-12-25 00:00:00") / 86'400}));
}

TEST_F(ScheduleRuleHolidays, AreRefusedWithTheLineOfTheirFile) {
    EXPECT_EQ(refusal_of(write("2026-05-01\n1 May 2026\n")),
              std::string(directory_ / "holidays.txt") +
                  ":2: expected a date as YYYY-MM-DD at the line's begin");
    const std::string missing = directory_ / "none.txt";
    EXPECT_EQ(refusal_of(day + std::string("HolidaysFile=") + missing),
              at_line(2, "HolidaysFile=" + missing + ": cannot be opened"));
}

}  // namespace
}  // namespace millrace::gateway
