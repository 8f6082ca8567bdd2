// Schedules from a few lines of settings, and instants as people write them.
#pragma once

#include <cstdio>
#include <ctime>
#include <string>
#include <utility>

#include "gateway/session/schedule.hpp"

namespace millrace::test {

inline constexpr std::int64_t s_ns = 1'000'000'000;

// "2026-03-02 08:00:00", UTC
[[nodiscard]] inline std::int64_t utc_s(const char* text) {
    std::tm parts{};
    if (std::sscanf(text, "%d-%d-%d %d:%d:%d", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                    &parts.tm_hour, &parts.tm_min, &parts.tm_sec) != 6) {
        return -1;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    return ::timegm(&parts);
}
[[nodiscard]] inline std::int64_t utc_ns(const char* text) {
    return utc_s(text) * s_ns;
}

// An acceptor with these lines, '|' between them.
[[nodiscard]] inline gateway::session_spec schedule_spec(const std::string& lines) {
    std::string text =
        "[DEFAULT]\nConnectionType=acceptor\nSocketAcceptPort=0\nUseDataDictionary=N\n"
        "LogoutTimeout=0\n[SESSION]\nBeginString=FIX.4.4\nSenderCompID=A\nTargetCompID=B\n" +
        lines;
    for (char& byte : text) {
        byte = byte == '|' ? '\n' : byte;
    }
    return gateway::parse_settings("test.cfg", text, {}).sessions.at(0);
}

// The Logout takes as long as the lines' LogoutTimeout says; unless they do, no time at all, and
// logon time ends with the window.
[[nodiscard]] inline gateway::schedule schedule_of(const gateway::session_spec& spec) {
    gateway::schedule_rule rule = gateway::read_schedule(spec);
    rule.logout_lead_s = spec.logout_timeout_s;
    return gateway::schedule(std::move(rule));
}
[[nodiscard]] inline gateway::schedule schedule_of(const std::string& lines) {
    return schedule_of(schedule_spec(lines));
}

// The first line of the schedule keys in schedule_spec().
inline constexpr long schedule_line = 10;

}  // namespace millrace::test
