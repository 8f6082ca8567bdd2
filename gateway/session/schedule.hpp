// When a session is: its windows and its logon times, as instants.
//
// A window is one life of the numbers, and its begin names it: whoever knows when the numbers began
// knows whether they are this window's. Between windows there is no session time. Logon time is
// what a session is connected in, and a part of session time; it ends a little before the window,
// so that the Logout is answered in it.
//
// Threading  one thread
// Progress   at() compares two integers; past a boundary it works out the next, without allocating
// Invariant  windows do not overlap
// Units      ns of UTC; boundaries are whole seconds
// Source     local times: time_zone.hpp
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "gateway/session/schedule_rule.hpp"

namespace millrace::gateway {

struct schedule_state {
    bool is_session_time = false;
    bool is_logon_time = false;
    // Of the window; 0 where there is none, and where it never began.
    std::int64_t window_begin_ns = 0;
    std::int64_t next_boundary_ns = 0;  // so long all this holds

    friend bool operator==(const schedule_state&, const schedule_state&) = default;
};

class schedule {
public:
    explicit schedule(schedule_rule rule);
    // Throws settings_error.
    explicit schedule(const session_spec& spec) : schedule(read_schedule(spec)) {}

    [[nodiscard]] const schedule_state& at(std::int64_t utc_ns) noexcept {
        if (utc_ns < known_from_ns_ || utc_ns >= known_.next_boundary_ns) [[unlikely]] {
            look(utc_ns);
        }
        return known_;
    }
    [[nodiscard]] bool is_non_stop() const noexcept { return rule_.is_non_stop; }
    // Of the last answer: it does not hold for ever.
    [[nodiscard]] bool has_boundary() const noexcept { return known_.next_boundary_ns != never; }
    // When it is next logon time, at or behind utc_ns; `never` if not within some 400 days.
    [[nodiscard]] std::int64_t next_logon_ns(std::int64_t utc_ns) noexcept;
    // "Mon-Fri 08:00:00 to 17:00:00 UTC; session time, logon time; next boundary 20260302-17:00:00"
    [[nodiscard]] std::string describe(std::int64_t utc_ns);

    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

private:
    struct span;
    void look(std::int64_t utc_ns) noexcept;
    [[nodiscard]] schedule_state state_at(std::int64_t utc_s) const noexcept;
    [[nodiscard]] span span_at(const weekly_range& range, bool has_holidays,
                               std::int64_t utc_s) const noexcept;
    [[nodiscard]] span holiday_at(std::int64_t utc_s) const noexcept;
    [[nodiscard]] bool is_holiday(std::int64_t day) const noexcept;

    schedule_rule rule_;
    schedule_state known_;
    std::int64_t known_from_ns_ = never;  // nothing is known yet
};

}  // namespace millrace::gateway
