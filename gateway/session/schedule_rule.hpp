// The schedule keys of a session's settings, checked, as plain values.
//
//   NonStopSession=Y                    one window that never ends
//   StartTime, EndTime                  a window each day, or on each of Weekdays
//   ... with StartDay, EndDay           a window each week
//   LogonTime, LogoutTime, LogonDay, LogoutDay
//                                       when to be logged on; nothing given: as long as the window
//   TimeZone, UseLocalTime              whose local times these are; nothing given: UTC
//   Holidays, HolidaysFile              local dates
//
// Threading  set-up only
// Errors     settings_error with file and line
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/quickfix/settings.hpp"
#include "gateway/session/time_zone.hpp"

namespace millrace::gateway {

// Local times that come again on certain days of the week.
struct weekly_range {
    static constexpr std::uint8_t every_day = 0x7f;

    std::uint8_t weekdays = every_day;  // on which it begins; bit 0 is Sunday
    std::int64_t begin_s = 0;           // from the midnight that this day begins with
    std::int64_t end_s = 0;             // the same; above begin_s

    friend bool operator==(const weekly_range&, const weekly_range&) = default;
};

struct schedule_rule {
    bool is_non_stop = false;
    bool is_weekly = false;
    weekly_range window;  // unless non-stop
    bool has_logon_times = false;
    weekly_range logon;                  // if it has
    std::vector<std::int64_t> holidays;  // days since 1970-01-01, ascending
    std::int64_t logout_lead_s = 0;      // so long before a window's end, at the latest, we log out
    time_zone zone;
    std::string text;  // for people: "Mon-Fri 08:00:00 to 17:00:00 Europe/London"
};

[[nodiscard]] schedule_rule read_schedule(const session_spec& spec);

}  // namespace millrace::gateway
