// Schedules against a model that knows no boundary: it walks minute by minute, looks at the wall
// clock of the C library, and notes the latest time it has ever shown.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/gateway/quickfix/port_test_support.hpp"
#include "tests/gateway/session/schedule_test_support.hpp"
#include "tests/xlator/allocation_count.hpp"

namespace millrace::gateway {
namespace {

constexpr std::int64_t s_per_day = 86'400;
constexpr std::array<const char*, 7> day_names = {"su", "mo", "tu", "we", "th", "fr", "sa"};

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
}

class c_library_zone {
public:
    explicit c_library_zone(const std::string& name) {
        ::setenv("TZ", (":" + name).c_str(), 1);
        ::tzset();
    }
    ~c_library_zone() {
        ::unsetenv("TZ");
        ::tzset();
    }
    c_library_zone(const c_library_zone&) = delete;
    c_library_zone& operator=(const c_library_zone&) = delete;

    [[nodiscard]] std::int64_t local_s(std::int64_t utc_s) const {
        const std::time_t at = utc_s;
        std::tm parts{};
        ::localtime_r(&at, &parts);
        return utc_s + parts.tm_gmtoff;
    }
};

// Minutes of a day, and days of the week; -1: each day.
struct model_range {
    int begin = 0;
    int end = 0;
    int begin_day = -1;
    int end_day = -1;

    // The local day on which the range that holds this local time began.
    [[nodiscard]] std::optional<std::int64_t> began_on(std::int64_t local_s) const {
        const std::int64_t today = floor_div(local_s, s_per_day);
        for (std::int64_t day = today; day >= today - 7; --day) {
            const auto weekday = static_cast<int>(((day + 4) % 7 + 7) % 7);
            if (begin_day >= 0 && weekday != begin_day) {
                continue;
            }
            std::int64_t days = begin_day >= 0 ? (end_day - begin_day + 7) % 7 : 0;
            if (days == 0 && end <= begin) {
                days = begin_day >= 0 ? 7 : 1;
            }
            if (local_s >= day * s_per_day + begin * 60 &&
                local_s < (day + days) * s_per_day + end * 60) {
                return day;
            }
        }
        return std::nullopt;
    }
};

struct model_rule {
    std::string zone = "UTC";
    bool is_non_stop = false;
    model_range window;
    std::optional<model_range> logon;
    std::vector<int> weekdays;           // none: all
    std::vector<std::int64_t> holidays;  // days since 1970
    int logout_timeout_s = 0;            // whole minutes

    [[nodiscard]] bool is_weekly() const { return window.begin_day >= 0; }
    [[nodiscard]] std::string lines() const;
};

std::string time_text(int minutes) {
    // 108 hours without the first digit.
    return std::to_string(100 + minutes / 60).substr(1) + ':' +
           std::to_string(100 + minutes % 60).substr(1) + ":00";
}

std::string model_rule::lines() const {
    std::string text = "TimeZone=" + zone + "|NonStopSession=" + (is_non_stop ? "Y" : "N");
    const auto add = [&](const char* key, const std::string& value) {
        text += '|' + std::string(key) + '=' + value;
    };
    const auto day = [](int one) { return day_names[static_cast<std::size_t>(one)]; };
    add("StartTime", time_text(window.begin));
    add("EndTime", time_text(window.end));
    if (is_weekly()) {
        add("StartDay", day(window.begin_day));
        add("EndDay", day(window.end_day));
    }
    if (logon) {
        add("LogonTime", time_text(logon->begin));
        add("LogoutTime", time_text(logon->end));
        if (logon->begin_day >= 0) {
            add("LogonDay", day(logon->begin_day));
            add("LogoutDay", day(logon->end_day));
        }
    }
    std::string list;
    for (const int one : weekdays) {
        list += std::string(list.empty() ? "" : ",") + day(one);
    }
    if (!list.empty()) {
        add("Weekdays", list);
    }
    list.clear();
    for (const std::int64_t one : holidays) {
        const std::time_t at = one * s_per_day;
        char date[16];
        list.append(date, std::strftime(date, sizeof date, "%Y-%m-%d,", std::gmtime(&at)));
    }
    if (!list.empty()) {
        add("Holidays", list);
    }
    add("LogoutTimeout", std::to_string(logout_timeout_s));
    return text;
}

// One minute of the walk.
struct seen {
    bool is_session_time = false;
    bool is_logon_time = false;
    std::int64_t window_begin_s = 0;

    friend bool operator==(const seen&, const seen&) = default;
};

std::vector<seen> walk(const model_rule& rule, std::int64_t from_s, std::size_t minutes) {
    const c_library_zone zone(rule.zone);
    const auto is_holiday = [&](std::int64_t day) {
        return std::find(rule.holidays.begin(), rule.holidays.end(), day) != rule.holidays.end();
    };
    // As the wall clock goes: a window is known from its begin on.
    constexpr std::int64_t run_up = 9 * 1'440;
    std::vector<seen> all;
    std::optional<std::int64_t> window;  // the local day it began on
    std::int64_t begin_s = 0;
    std::int64_t shown_s = 0;
    std::vector<std::size_t> last_minutes;
    for (std::int64_t i = -run_up; i < static_cast<std::int64_t>(minutes) + run_up; ++i) {
        const std::int64_t utc_s = from_s + i * 60;
        shown_s = std::max(shown_s, zone.local_s(utc_s));
        const std::int64_t today = floor_div(shown_s, s_per_day);
        std::optional<std::int64_t> now = rule.window.began_on(shown_s);
        if (now && !rule.is_weekly()) {
            const auto weekday = static_cast<int>((*now + 4) % 7);
            const bool is_day = rule.weekdays.empty() ||
                                std::find(rule.weekdays.begin(), rule.weekdays.end(), weekday) !=
                                    rule.weekdays.end();
            now = is_day && !is_holiday(*now) ? now : std::nullopt;
        }
        seen one;
        one.is_session_time = rule.is_non_stop || now.has_value();
        one.is_logon_time = one.is_session_time && (!rule.logon || rule.logon->began_on(shown_s)) &&
                            !((rule.is_non_stop || rule.is_weekly()) && is_holiday(today));
        if (!rule.is_non_stop) {
            if (now != window) {
                begin_s = utc_s;
                window = now;
            }
            one.window_begin_s = now ? begin_s : 0;
        }
        all.push_back(one);
    }
    // Where a window ends is known only behind it.
    const auto lead = static_cast<std::size_t>(rule.logout_timeout_s / 60);
    for (std::size_t i = 0; i < all.size() && !rule.is_non_stop;) {
        std::size_t end = i;
        while (end < all.size() && all[end].window_begin_s == all[i].window_begin_s) {
            ++end;
        }
        if (all[i].window_begin_s != 0 && end < all.size()) {
            for (std::size_t k = end - std::min(lead, (end - i) / 2); k < end; ++k) {
                all[k].is_logon_time = false;
            }
        }
        i = end;
    }
    all.erase(all.begin(), all.begin() + run_up);
    all.resize(minutes);
    return all;
}

void expect_as_walked(const model_rule& rule, const char* from, std::size_t days) {
    const std::string lines = rule.lines();
    const std::int64_t from_s = test::utc_s(from);
    const std::vector<seen> expected = walk(rule, from_s, days * 1'440);
    std::optional<schedule> made;
    try {
        made.emplace(test::schedule_of(lines));
    } catch (const settings_error& refused) {
        // Only what never logs on.
        for (const seen& one : expected) {
            ASSERT_FALSE(one.is_logon_time && rule.holidays.empty())
                << lines << ": " << refused.what();
        }
        return;
    }
    schedule& times = *made;
    std::size_t boundary = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const std::int64_t utc_s = from_s + static_cast<std::int64_t>(i) * 60;
        const schedule_state& state = times.at(utc_s * test::s_ns);
        const seen found{state.is_session_time, state.is_logon_time,
                         state.window_begin_ns / test::s_ns};
        ASSERT_EQ(found.is_session_time, expected[i].is_session_time) << lines << ' ' << utc_s;
        ASSERT_EQ(found.is_logon_time, expected[i].is_logon_time) << lines << ' ' << utc_s;
        // In the first minutes of the walk a window may have begun before it.
        ASSERT_EQ(found.window_begin_s, expected[i].window_begin_s) << lines << ' ' << utc_s;
        if (i >= boundary) {
            boundary = i + 1;
            while (boundary < expected.size() && expected[boundary] == expected[i]) {
                ++boundary;
            }
            const std::int64_t next_s = state.next_boundary_ns / test::s_ns;
            if (boundary < expected.size()) {
                ASSERT_EQ(next_s, from_s + static_cast<std::int64_t>(boundary) * 60)
                    << lines << ' ' << utc_s;
            } else {
                ASSERT_GE(next_s, from_s + static_cast<std::int64_t>(boundary) * 60)
                    << lines << ' ' << utc_s;
            }
        }
    }
}

void expect_as_walked_through_2026(const model_rule& rule) {
    expect_as_walked(rule, "2026-03-01 00:00:00", 50);  // both changes of spring, and Sydney's
    expect_as_walked(rule, "2026-09-25 00:00:00", 50);
}

constexpr std::array zones = {"UTC",          "Europe/London",     "America/New_York",
                              "Asia/Kolkata", "Australia/Sydney",  "Australia/Lord_Howe",
                              "Asia/Tokyo",   "America/Sao_Paulo", "Atlantic/Azores"};

TEST(ScheduleWalk, AgreesWithAMinuteByMinuteWalkOverDailyWindows) {
    for (const char* zone : zones) {
        for (const auto& [begin, end] : {std::pair{480, 1'020},
                                         {1'320, 360},
                                         {90, 90},
                                         {0, 1},
                                         {75, 105},
                                         {150, 30},
                                         {0, 0}}) {
            model_rule rule;
            rule.zone = zone;
            rule.window = {begin, end};
            expect_as_walked_through_2026(rule);
            if (HasFatalFailure()) {
                return;
            }
        }
    }
}

TEST(ScheduleWalk, AgreesWithAMinuteByMinuteWalkOverWeeksAndLogonTimes) {
    for (const char* zone : zones) {
        model_rule week;
        week.zone = zone;
        week.window = {1'020, 1'020, 0, 5};
        week.holidays = {test::utc_s("2026-03-08 00:00:00") / s_per_day,
                         test::utc_s("2026-10-25 00:00:00") / s_per_day};
        week.logout_timeout_s = 120;
        expect_as_walked_through_2026(week);
        model_rule weekend;
        weekend.zone = zone;
        weekend.window = {120, 150, 6, 1};
        weekend.logon = model_range{130, 100, 6, 1};
        expect_as_walked_through_2026(weekend);
        model_rule always;
        always.zone = zone;
        always.is_non_stop = true;
        always.logon = model_range{150, 90};
        expect_as_walked_through_2026(always);
        if (HasFatalFailure()) {
            return;
        }
    }
}

TEST(ScheduleWalk, AgreesWithAMinuteByMinuteWalkOverRandomRules) {
    std::mt19937_64 random(test::test_seed());
    const auto up_to = [&](int limit) {
        return static_cast<int>(random() % static_cast<std::uint64_t>(limit));
    };
    const auto range = [&](bool is_weekly) {
        model_range made{up_to(96) * 15, up_to(96) * 15};
        if (up_to(4) == 0) {
            made.begin = up_to(13) * 15;  // where clocks change
        }
        if (is_weekly) {
            made.begin_day = up_to(7);
            made.end_day = up_to(7);
        }
        return made;
    };
    for (int round = 0; round < 60; ++round) {
        model_rule rule;
        rule.zone = zones[static_cast<std::size_t>(up_to(zones.size()))];
        rule.window = range(up_to(3) == 0);
        rule.is_non_stop = up_to(6) == 0;
        rule.logout_timeout_s = up_to(3) * 60;
        if (rule.is_non_stop) {
            rule.window = {};
        }
        if (up_to(2) == 0) {
            rule.logon = range(rule.is_weekly() || up_to(4) == 0);
        }
        for (int day = 0; day < 7 && !rule.is_weekly() && !rule.is_non_stop; ++day) {
            if (up_to(3) != 0) {
                rule.weekdays.push_back(day);
            }
        }
        const bool is_spring = up_to(2) == 0;
        const char* const from = is_spring ? "2026-03-01 00:00:00" : "2026-09-25 00:00:00";
        for (int i = up_to(4); i > 0; --i) {
            rule.holidays.push_back(test::utc_s(from) / s_per_day + up_to(40));
        }
        expect_as_walked(rule, from, 50);
        if (HasFatalFailure()) {
            return;
        }
    }
}

TEST(ScheduleWalk, AsksForNoMemory) {
    schedule times = test::schedule_of(
        "Weekdays=Mon,Tue,Wed,Thu,Fri|StartTime=22:00:00|EndTime=21:00:00|LogonTime=22:05:00|"
        "LogoutTime=20:55:00|TimeZone=America/New_York|Holidays=2026-07-03,2026-12-25");
    const std::int64_t begin_ns = test::utc_ns("2026-01-01 00:00:00");
    std::size_t logon_times = 0;
    EXPECT_EQ(tests::allocations_in([&] {
                  for (std::int64_t hour = 0; hour < 8'760; ++hour) {
                      const std::int64_t at_ns = begin_ns + hour * 3'600 * test::s_ns;
                      logon_times += times.at(at_ns).is_logon_time ? 1 : 0;
                  }
              }),
              0U);
    EXPECT_GT(logon_times, 5'000U);
}

}  // namespace
}  // namespace millrace::gateway
