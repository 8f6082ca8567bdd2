#include "gateway/session/schedule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/gateway/session/schedule_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::schedule_of;
using test::utc_ns;

// What holds one second before, at and one second after an instant: L logon time, s session time
// without it, - neither.
std::string around(schedule& times, const char* instant) {
    std::string seen;
    for (const std::int64_t offset_s : {-1, 0, 1}) {
        const schedule_state& state = times.at(utc_ns(instant) + offset_s * test::s_ns);
        EXPECT_FALSE(state.is_logon_time && !state.is_session_time);
        seen += state.is_logon_time ? 'L' : state.is_session_time ? 's' : '-';
    }
    return seen;
}

// The begin of the window an instant lies in, in hours before it; none: there is no window.
std::int64_t window_of(schedule& times, const char* instant) {
    const schedule_state& state = times.at(utc_ns(instant));
    EXPECT_TRUE(state.is_session_time) << instant;
    return state.window_begin_ns;
}

TEST(Schedule, BeginsAndEndsADailyWindowToTheSecond) {
    schedule times = schedule_of("StartTime=08:00:00|EndTime=17:00:00");
    EXPECT_EQ(around(times, "2026-03-02 08:00:00"), "-LL");
    EXPECT_EQ(around(times, "2026-03-02 12:00:00"), "LLL");
    EXPECT_EQ(around(times, "2026-03-02 17:00:00"), "L--");
    EXPECT_EQ(around(times, "2026-03-02 00:00:00"), "---");
    EXPECT_EQ(around(times, "2026-03-01 08:00:00"), "-LL");  // a Sunday
    EXPECT_EQ(window_of(times, "2026-03-02 16:59:59"), utc_ns("2026-03-02 08:00:00"));
    // Nanoseconds count too.
    EXPECT_FALSE(times.at(utc_ns("2026-03-02 08:00:00") - 1).is_session_time);
    EXPECT_EQ(times.at(utc_ns("2026-03-02 08:00:00") - 1).next_boundary_ns,
              utc_ns("2026-03-02 08:00:00"));
    EXPECT_TRUE(times.at(utc_ns("2026-03-02 17:00:00") - 1).is_session_time);
    EXPECT_EQ(times.at(utc_ns("2026-03-02 17:00:00")).next_boundary_ns,
              utc_ns("2026-03-03 08:00:00"));
}

TEST(Schedule, KeepsOneWindowAcrossMidnight) {
    schedule times = schedule_of("StartTime=22:00:00|EndTime=06:00:00");
    EXPECT_EQ(around(times, "2026-03-02 22:00:00"), "-LL");
    EXPECT_EQ(around(times, "2026-03-03 00:00:00"), "LLL");
    EXPECT_EQ(around(times, "2026-03-03 06:00:00"), "L--");
    EXPECT_EQ(window_of(times, "2026-03-02 23:59:59"), utc_ns("2026-03-02 22:00:00"));
    EXPECT_EQ(window_of(times, "2026-03-03 00:00:00"), utc_ns("2026-03-02 22:00:00"));
    EXPECT_EQ(window_of(times, "2026-03-03 05:59:59"), utc_ns("2026-03-02 22:00:00"));
}

TEST(Schedule, NeverStopsWhereStartAndEndAreEqual) {
    for (const char* lines : {"StartTime=00:00:00|EndTime=00:00:00",
                              "StartTime=17:00:00|EndTime=17:00:00|TimeZone=America/New_York",
                              "NonStopSession=Y", "NonStopSession=Y|StartTime=08:00:00",
                              "StartTime=08:00:00|EndTime=17:00:00|StartDay=mo|EndDay=fr|"
                              "NonStopSession=Y"}) {
        schedule times = schedule_of(lines);
        EXPECT_EQ(around(times, "2026-03-02 00:00:00"), "LLL") << lines;
        EXPECT_EQ(window_of(times, "2026-03-02 17:00:00"), 0) << lines;
        EXPECT_EQ(times.at(utc_ns("2026-03-02 17:00:00")).next_boundary_ns, schedule::never);
        EXPECT_FALSE(times.has_boundary());
    }
}

TEST(Schedule, BeginsAnewEachDayWhereEqualTimesAreSaidToStop) {
    schedule times = schedule_of(
        "StartTime=17:00:00|EndTime=17:00:00|TimeZone=America/New_York|NonStopSession=N");
    EXPECT_EQ(around(times, "2026-03-02 22:00:00"), "LLL");
    EXPECT_EQ(window_of(times, "2026-03-02 21:59:59"), utc_ns("2026-03-01 22:00:00"));
    EXPECT_EQ(window_of(times, "2026-03-02 22:00:00"), utc_ns("2026-03-02 22:00:00"));
    EXPECT_EQ(times.at(utc_ns("2026-03-02 22:00:00")).next_boundary_ns,
              utc_ns("2026-03-03 22:00:00"));
    // 8 March: clocks go forward, and the window has 23 hours.
    EXPECT_EQ(window_of(times, "2026-03-08 20:59:59"), utc_ns("2026-03-07 22:00:00"));
    EXPECT_EQ(window_of(times, "2026-03-08 21:00:00"), utc_ns("2026-03-08 21:00:00"));
}

TEST(Schedule, KeepsAWeekAsOneWindow) {
    schedule times = schedule_of(
        "StartDay=Sunday|StartTime=17:00:00|EndDay=Friday|EndTime=17:00:00|"
        "TimeZone=America/New_York");
    EXPECT_EQ(around(times, "2026-03-01 22:00:00"), "-LL");
    EXPECT_EQ(around(times, "2026-03-04 00:00:00"), "LLL");
    EXPECT_EQ(around(times, "2026-03-06 22:00:00"), "L--");
    EXPECT_EQ(around(times, "2026-03-07 12:00:00"), "---");
    EXPECT_EQ(window_of(times, "2026-03-06 21:59:59"), utc_ns("2026-03-01 22:00:00"));
    EXPECT_EQ(times.at(utc_ns("2026-03-07 12:00:00")).next_boundary_ns,
              utc_ns("2026-03-08 21:00:00"));  // clocks went forward this morning
    EXPECT_EQ(around(times, "2026-03-08 21:00:00"), "-LL");
}

TEST(Schedule, KeepsAWeekAsOneWindowAcrossTheWeekend) {
    schedule times = schedule_of("StartDay=fr|StartTime=20:00:00|EndDay=mo|EndTime=04:00:00");
    EXPECT_EQ(around(times, "2026-03-06 20:00:00"), "-LL");
    EXPECT_EQ(around(times, "2026-03-08 00:00:00"), "LLL");  // Sunday
    EXPECT_EQ(around(times, "2026-03-09 04:00:00"), "L--");
    EXPECT_EQ(window_of(times, "2026-03-07 23:59:59"), utc_ns("2026-03-06 20:00:00"));
    EXPECT_EQ(window_of(times, "2026-03-08 00:00:00"), utc_ns("2026-03-06 20:00:00"));
    EXPECT_EQ(window_of(times, "2026-03-09 03:59:59"), utc_ns("2026-03-06 20:00:00"));
    EXPECT_EQ(around(times, "2026-03-11 20:00:00"), "---");
}

TEST(Schedule, KeepsAWholeWeekWhereItEndsAsItBegins) {
    schedule times = schedule_of("StartDay=su|StartTime=00:00:00|EndDay=su|EndTime=00:00:00");
    EXPECT_EQ(around(times, "2026-03-08 00:00:00"), "LLL");
    EXPECT_EQ(window_of(times, "2026-03-07 23:59:59"), utc_ns("2026-03-01 00:00:00"));
    EXPECT_EQ(window_of(times, "2026-03-08 00:00:00"), utc_ns("2026-03-08 00:00:00"));
    schedule short_one = schedule_of("StartDay=su|StartTime=10:00:00|EndDay=su|EndTime=12:00:00");
    EXPECT_EQ(around(short_one, "2026-03-08 10:00:00"), "-LL");
    EXPECT_EQ(around(short_one, "2026-03-08 12:00:00"), "L--");
    EXPECT_EQ(around(short_one, "2026-03-09 11:00:00"), "---");
    schedule long_one = schedule_of("StartDay=su|StartTime=12:00:00|EndDay=su|EndTime=10:00:00");
    EXPECT_EQ(around(long_one, "2026-03-08 10:00:00"), "L--");
    EXPECT_EQ(around(long_one, "2026-03-08 12:00:00"), "-LL");
}

// 29 March 2026, 01:00 UTC: the clocks of London go from 01:00 to 02:00.
TEST(Schedule, ReachesATimeThatIsSkippedWhenTheClocksJumpOverIt) {
    schedule begins = schedule_of("StartTime=01:30:00|EndTime=17:00:00|TimeZone=Europe/London");
    EXPECT_EQ(around(begins, "2026-03-28 01:30:00"), "-LL");
    EXPECT_EQ(around(begins, "2026-03-29 01:00:00"), "-LL");
    EXPECT_EQ(around(begins, "2026-03-30 00:30:00"), "-LL");
    EXPECT_EQ(window_of(begins, "2026-03-29 12:00:00"), utc_ns("2026-03-29 01:00:00"));
    schedule ends = schedule_of("StartTime=22:00:00|EndTime=01:30:00|TimeZone=Europe/London");
    EXPECT_EQ(around(ends, "2026-03-29 01:00:00"), "L--");
    EXPECT_EQ(around(ends, "2026-03-30 00:30:00"), "L--");
    // All of it is skipped.
    schedule inside = schedule_of("StartTime=01:15:00|EndTime=01:45:00|TimeZone=Europe/London");
    EXPECT_EQ(around(inside, "2026-03-28 01:15:00"), "-LL");
    EXPECT_EQ(around(inside, "2026-03-29 01:00:00"), "---");
    EXPECT_EQ(inside.at(utc_ns("2026-03-28 12:00:00")).next_boundary_ns,
              utc_ns("2026-03-30 00:15:00"));
}

// 25 October 2026, 01:00 UTC: the clocks of London go from 02:00 to 01:00.
TEST(Schedule, ReachesATimeThatComesTwiceTheFirstTime) {
    schedule begins = schedule_of("StartTime=01:30:00|EndTime=17:00:00|TimeZone=Europe/London");
    EXPECT_EQ(around(begins, "2026-10-25 00:30:00"), "-LL");
    EXPECT_EQ(around(begins, "2026-10-25 01:30:00"), "LLL");
    EXPECT_EQ(window_of(begins, "2026-10-25 12:00:00"), utc_ns("2026-10-25 00:30:00"));
    schedule ends = schedule_of("StartTime=22:00:00|EndTime=01:30:00|TimeZone=Europe/London");
    EXPECT_EQ(around(ends, "2026-10-25 00:30:00"), "L--");
    EXPECT_EQ(around(ends, "2026-10-25 01:30:00"), "---");
    schedule inside = schedule_of("StartTime=01:15:00|EndTime=01:45:00|TimeZone=Europe/London");
    EXPECT_EQ(around(inside, "2026-10-25 00:15:00"), "-LL");
    EXPECT_EQ(around(inside, "2026-10-25 00:45:00"), "L--");
    EXPECT_EQ(around(inside, "2026-10-25 01:15:00"), "---");
    // Windows that touch do so there as well.
    schedule touching =
        schedule_of("StartTime=01:30:00|EndTime=01:30:00|NonStopSession=N|TimeZone=Europe/London");
    EXPECT_EQ(window_of(touching, "2026-10-25 00:29:59"), utc_ns("2026-10-24 00:30:00"));
    EXPECT_EQ(window_of(touching, "2026-10-25 00:30:00"), utc_ns("2026-10-25 00:30:00"));
    EXPECT_EQ(window_of(touching, "2026-10-25 01:30:00"), utc_ns("2026-10-25 00:30:00"));
}

TEST(Schedule, FollowsTheClocksOfItsZone) {
    struct expected {
        const char* zone;
        const char* begins;  // 09:30 there
    };
    for (const expected& one : {expected{"Europe/London", "2026-03-27 09:30:00"},
                                {"Europe/London", "2026-03-30 08:30:00"},
                                {"America/New_York", "2026-03-06 14:30:00"},
                                {"America/New_York", "2026-03-09 13:30:00"},
                                {"America/New_York", "2026-10-30 13:30:00"},
                                {"America/New_York", "2026-11-02 14:30:00"},
                                {"Australia/Sydney", "2026-04-02 22:30:00"},
                                {"Australia/Sydney", "2026-04-05 23:30:00"},
                                {"Australia/Sydney", "2026-10-04 22:30:00"},
                                {"Asia/Kolkata", "2026-03-29 04:00:00"},
                                {"Asia/Kolkata", "2026-10-25 04:00:00"},
                                // Behind the years that tzdata lists.
                                {"America/New_York", "2061-07-01 13:30:00"},
                                {"America/New_York", "2061-12-01 14:30:00"}}) {
        schedule times =
            schedule_of("StartTime=09:30:00|EndTime=16:00:00|TimeZone=" + std::string(one.zone));
        EXPECT_EQ(around(times, one.begins), "-LL") << one.zone << ' ' << one.begins;
        EXPECT_EQ(around(times, one.begins).size(), 3U);
    }
}

TEST(Schedule, HasOnlyTheWeekdaysOnWhichAWindowBegins) {
    schedule times = schedule_of(
        "Weekdays=Mon,tue, Wednesday,THU,Fri|StartTime=22:00:00|"
        "EndTime=06:00:00");
    EXPECT_EQ(around(times, "2026-03-06 22:00:00"), "-LL");  // Friday
    EXPECT_EQ(around(times, "2026-03-07 06:00:00"), "L--");  // into Saturday
    EXPECT_EQ(around(times, "2026-03-07 22:00:00"), "---");
    EXPECT_EQ(around(times, "2026-03-08 22:00:00"), "---");
    EXPECT_EQ(around(times, "2026-03-09 05:00:00"), "---");
    EXPECT_EQ(around(times, "2026-03-09 22:00:00"), "-LL");
    EXPECT_EQ(times.at(utc_ns("2026-03-07 12:00:00")).next_boundary_ns,
              utc_ns("2026-03-09 22:00:00"));
}

TEST(Schedule, HasNoWindowThatBeginsOnAHoliday) {
    schedule day = schedule_of(
        "StartTime=08:00:00|EndTime=17:00:00|"
        "Holidays=2026-12-25, 2026-12-28,2027-01-01");
    EXPECT_EQ(around(day, "2026-12-24 17:00:00"), "L--");
    EXPECT_EQ(around(day, "2026-12-25 12:00:00"), "---");
    EXPECT_EQ(day.at(utc_ns("2026-12-24 20:00:00")).next_boundary_ns,
              utc_ns("2026-12-26 08:00:00"));
    EXPECT_EQ(around(day, "2026-12-28 08:00:00"), "---");
    EXPECT_EQ(around(day, "2026-12-29 08:00:00"), "-LL");
    // The window that began before lasts into it, and the one that begins on it does not.
    schedule night = schedule_of(
        "StartTime=22:00:00|EndTime=06:00:00|TimeZone=Asia/Kolkata|"
        "Holidays=2026-12-25");
    EXPECT_EQ(around(night, "2026-12-24 16:30:00"), "-LL");
    EXPECT_EQ(around(night, "2026-12-24 18:30:00"), "LLL");  // midnight there
    EXPECT_EQ(around(night, "2026-12-25 00:30:00"), "L--");
    EXPECT_EQ(around(night, "2026-12-25 16:30:00"), "---");
    EXPECT_EQ(around(night, "2026-12-26 16:30:00"), "-LL");
}

// The numbers of a longer window outlive a holiday; the connection does not.
TEST(Schedule, IsNotConnectedOnAHolidayInAWeekOrAlways) {
    schedule week = schedule_of(
        "StartDay=su|StartTime=17:00:00|EndDay=fr|EndTime=17:00:00|Holidays=2026-12-24|"
        "TimeZone=Europe/London");
    EXPECT_EQ(around(week, "2026-12-24 00:00:00"), "Lss");
    EXPECT_EQ(around(week, "2026-12-25 00:00:00"), "sLL");
    EXPECT_EQ(window_of(week, "2026-12-25 00:00:00"), utc_ns("2026-12-20 17:00:00"));
    schedule always = schedule_of("NonStopSession=Y|Holidays=2026-07-01|TimeZone=Europe/London");
    EXPECT_EQ(around(always, "2026-06-30 23:00:00"), "Lss");
    EXPECT_EQ(around(always, "2026-07-01 23:00:00"), "sLL");
    EXPECT_EQ(window_of(always, "2026-07-01 12:00:00"), 0);
    EXPECT_EQ(always.at(utc_ns("2026-07-02 12:00:00")).next_boundary_ns, schedule::never);
}

TEST(Schedule, IsConnectedInLogonTimeAlone) {
    schedule day =
        schedule_of("StartTime=08:00:00|EndTime=17:00:00|LogonTime=08:05:00|LogoutTime=16:55:00");
    EXPECT_EQ(around(day, "2026-03-02 08:00:00"), "-ss");
    EXPECT_EQ(around(day, "2026-03-02 08:05:00"), "sLL");
    EXPECT_EQ(around(day, "2026-03-02 16:55:00"), "Lss");
    EXPECT_EQ(around(day, "2026-03-02 17:00:00"), "s--");
    // Longer than the window it is no longer than that.
    schedule wide =
        schedule_of("StartTime=08:00:00|EndTime=17:00:00|LogonTime=07:00:00|LogoutTime=18:00:00");
    EXPECT_EQ(around(wide, "2026-03-02 07:00:00"), "---");
    EXPECT_EQ(around(wide, "2026-03-02 08:00:00"), "-LL");
    EXPECT_EQ(around(wide, "2026-03-02 17:00:00"), "L--");
    EXPECT_EQ(wide.at(utc_ns("2026-03-02 06:30:00")).next_boundary_ns,
              utc_ns("2026-03-02 08:00:00"));
    // One of the two is that of the window.
    schedule late = schedule_of("StartTime=08:00:00|EndTime=17:00:00|LogonTime=09:00:00");
    EXPECT_EQ(around(late, "2026-03-02 09:00:00"), "sLL");
    EXPECT_EQ(around(late, "2026-03-02 17:00:00"), "L--");
    schedule week = schedule_of(
        "StartDay=mo|StartTime=08:00:00|EndDay=fr|EndTime=17:00:00|LogonTime=09:00:00|"
        "LogoutTime=16:00:00");
    EXPECT_EQ(around(week, "2026-03-02 09:00:00"), "sLL");
    EXPECT_EQ(around(week, "2026-03-03 17:00:00"), "LLL");
    EXPECT_EQ(around(week, "2026-03-06 16:00:00"), "Lss");
    schedule always = schedule_of(
        "NonStopSession=Y|LogonDay=su|LogonTime=17:00:00|LogoutDay=fr|LogoutTime=17:00:00");
    EXPECT_EQ(around(always, "2026-03-01 17:00:00"), "sLL");
    EXPECT_EQ(around(always, "2026-03-06 17:00:00"), "Lss");
    EXPECT_EQ(window_of(always, "2026-03-07 12:00:00"), 0);
}

// The peer answers a Logout in the window, and not in the next.
TEST(Schedule, EndsLogonTimeBeforeTheWindowByTheTimeALogoutTakes) {
    schedule day = schedule_of("StartTime=08:00:00|EndTime=17:00:00|LogoutTimeout=5");
    EXPECT_EQ(around(day, "2026-03-02 16:59:55"), "Lss");
    EXPECT_EQ(around(day, "2026-03-02 17:00:00"), "s--");
    schedule early =
        schedule_of("StartTime=08:00:00|EndTime=17:00:00|LogoutTime=16:55:00|LogoutTimeout=5");
    EXPECT_EQ(around(early, "2026-03-02 16:55:00"), "Lss");
    EXPECT_EQ(around(early, "2026-03-02 16:59:55"), "sss");
    schedule late =
        schedule_of("StartTime=08:00:00|EndTime=17:00:00|LogoutTime=16:59:58|LogoutTimeout=5");
    EXPECT_EQ(around(late, "2026-03-02 16:59:55"), "Lss");
    schedule touching =
        schedule_of("StartTime=17:00:00|EndTime=17:00:00|NonStopSession=N|LogoutTimeout=5");
    EXPECT_EQ(around(touching, "2026-03-02 17:00:00"), "sLL");
    // At most half of a window.
    schedule tiny = schedule_of("StartTime=08:00:00|EndTime=08:00:04|LogoutTimeout=60");
    EXPECT_EQ(around(tiny, "2026-03-02 08:00:02"), "Lss");
    schedule always = schedule_of("NonStopSession=Y|LogoutTimeout=5");
    EXPECT_EQ(around(always, "2026-03-02 00:00:00"), "LLL");
}

TEST(Schedule, AnswersTheSameInWhateverOrderItIsAsked) {
    schedule times = schedule_of("StartTime=22:00:00|EndTime=06:00:00|TimeZone=Australia/Sydney");
    std::vector<schedule_state> forward;
    const std::int64_t begin_ns = utc_ns("2026-04-01 00:00:00");
    constexpr std::int64_t step_ns = 1'800 * test::s_ns;
    for (std::int64_t i = 0; i < 500; ++i) {
        forward.push_back(times.at(begin_ns + i * step_ns));
    }
    for (std::int64_t i = 499; i >= 0; --i) {
        EXPECT_EQ(times.at(begin_ns + i * step_ns), forward[static_cast<std::size_t>(i)]) << i;
    }
    EXPECT_FALSE(times.at(0).is_session_time);  // 10:00 in Sydney
    EXPECT_FALSE(times.at(-1).is_session_time);
}

TEST(Schedule, KnowsWhenItIsLogonTimeNext) {
    schedule times = schedule_of("Weekdays=Mon|StartTime=08:00:00|EndTime=17:00:00");
    EXPECT_EQ(times.next_logon_ns(utc_ns("2026-03-03 12:00:00")), utc_ns("2026-03-09 08:00:00"));
    EXPECT_EQ(times.next_logon_ns(utc_ns("2026-03-09 12:00:00")), utc_ns("2026-03-09 12:00:00"));
    std::string closed = "StartTime=08:00:00|EndTime=17:00:00|Weekdays=Mon|Holidays=";
    for (std::int64_t week = 0; week < 70; ++week) {
        const std::time_t monday = test::utc_s("2026-03-02 00:00:00") + week * 7 * 86'400;
        char date[16];
        closed.append(date, std::strftime(date, sizeof date, "%Y-%m-%d,", std::gmtime(&monday)));
    }
    schedule never = schedule_of(closed);
    EXPECT_EQ(never.next_logon_ns(utc_ns("2026-03-01 12:00:00")), schedule::never);
}

TEST(Schedule, DescribesItselfAndNow) {
    schedule times = schedule_of(
        "Weekdays=Mon,Tue,Wed,Thu,Fri|StartTime=08:00:00|EndTime=17:00:00|LogonTime=08:05:00|"
        "LogoutTime=16:55:00|TimeZone=Europe/London|Holidays=2026-12-25");
    EXPECT_EQ(times.describe(utc_ns("2026-07-01 07:02:00")),
              "Mon-Fri 08:00:00 to 17:00:00 Europe/London, logon 08:05:00 to 16:55:00, 1 holiday; "
              "session time, not logon time (window of 20260701-07:00:00); next boundary "
              "20260701-07:05:00");
    EXPECT_EQ(times.describe(utc_ns("2026-07-03 22:00:00")),
              "Mon-Fri 08:00:00 to 17:00:00 Europe/London, logon 08:05:00 to 16:55:00, 1 holiday; "
              "not session time; next boundary 20260706-07:00:00");
    EXPECT_EQ(schedule_of("NonStopSession=Y").describe(0),
              "non-stop UTC; logon time; next boundary never");
}

}  // namespace
}  // namespace millrace::gateway
