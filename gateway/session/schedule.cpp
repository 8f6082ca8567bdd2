#include "gateway/session/schedule.hpp"

#include <algorithm>
#include <utility>

#include "xlator/fix/utc_timestamp.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr std::int64_t s_per_day = 86'400;
constexpr std::int64_t days_ahead_max = 400;
constexpr int merged_max = 64;

constexpr std::int64_t floor_div(std::int64_t value, std::int64_t by) noexcept {
    return value / by - (value % by < 0 ? 1 : 0);
}

constexpr std::int64_t to_ns(std::int64_t utc_s) noexcept {
    return utc_s >= schedule::never / ns_per_s ? schedule::never : utc_s * ns_per_s;
}

// 1970-01-01 was a Thursday.
constexpr bool has_weekday(const weekly_range& range, std::int64_t day) noexcept {
    const std::int64_t weekday = day + 4 - floor_div(day + 4, 7) * 7;
    return (range.weekdays >> weekday & 1) != 0;
}

bool is_same(const schedule_state& a, const schedule_state& b) noexcept {
    return a.is_session_time == b.is_session_time && a.is_logon_time == b.is_logon_time &&
           a.window_begin_ns == b.window_begin_ns;
}

std::string utc_text(std::int64_t utc_ns) {
    if (utc_ns == schedule::never) {
        return "never";
    }
    char text[xlator::utc_timestamp_size_max];
    return {text, xlator::write_utc_timestamp(text, {utc_ns, 0})};
}

}  // namespace

// [begin, end) if `is_inside`; at `next` that changes, or it has to be looked at again.
struct schedule::span {
    bool is_inside = false;
    std::int64_t begin_s = 0;
    std::int64_t end_s = 0;
    std::int64_t next_s = 0;
};

schedule::schedule(schedule_rule rule) : rule_(std::move(rule)) {}

bool schedule::is_holiday(std::int64_t day) const noexcept {
    return std::binary_search(rule_.holidays.begin(), rule_.holidays.end(), day);
}

schedule::span schedule::span_at(const weekly_range& range, bool has_holidays,
                                 std::int64_t utc_s) const noexcept {
    const std::int64_t today = floor_div(rule_.zone.at(utc_s).s, s_per_day);
    // Empty where the clocks jump over all of it.
    const auto on = [&](std::int64_t day) {
        span found;
        if (has_weekday(range, day) && !(has_holidays && is_holiday(day))) {
            found.begin_s = rule_.zone.when_reached({day * s_per_day + range.begin_s});
            found.end_s = rule_.zone.when_reached({day * s_per_day + range.end_s});
        }
        return found;
    };
    const std::int64_t oldest = today - range.end_s / s_per_day - 2;
    for (std::int64_t day = today + 1; day >= oldest; --day) {
        span found = on(day);
        if (found.begin_s < found.end_s && found.begin_s <= utc_s && utc_s < found.end_s) {
            found.is_inside = true;
            found.next_s = found.end_s;
            return found;
        }
    }
    span outside;
    for (std::int64_t day = today - 1; day <= today + days_ahead_max; ++day) {
        const span found = on(day);
        if (found.begin_s < found.end_s && found.begin_s > utc_s) {
            outside.next_s = found.begin_s;
            return outside;
        }
    }
    outside.next_s = rule_.zone.when_reached({(today + days_ahead_max) * s_per_day});
    return outside;
}

schedule::span schedule::holiday_at(std::int64_t utc_s) const noexcept {
    const std::int64_t today = floor_div(rule_.zone.at(utc_s).s, s_per_day);
    span found;
    for (auto it = std::lower_bound(rule_.holidays.begin(), rule_.holidays.end(), today - 1);
         it != rule_.holidays.end(); ++it) {
        found.begin_s = rule_.zone.when_reached({*it * s_per_day});
        found.end_s = rule_.zone.when_reached({(*it + 1) * s_per_day});
        if (utc_s < found.end_s) {
            found.is_inside = utc_s >= found.begin_s;
            found.next_s = found.is_inside ? found.end_s : found.begin_s;
            return found;
        }
    }
    found.next_s = never;
    return found;
}

schedule_state schedule::state_at(std::int64_t utc_s) const noexcept {
    schedule_state state;
    std::int64_t next_s = never;
    state.is_session_time = state.is_logon_time = true;
    if (!rule_.is_non_stop) {
        const span window = span_at(rule_.window, !rule_.is_weekly, utc_s);
        next_s = window.next_s;
        state.is_session_time = state.is_logon_time = window.is_inside;
        if (window.is_inside) {
            state.window_begin_ns = to_ns(window.begin_s);
            const std::int64_t length_s = window.end_s - window.begin_s;
            const std::int64_t logout_s =
                window.end_s - std::min(rule_.logout_lead_s, length_s / 2);
            state.is_logon_time = utc_s < logout_s;
            next_s = state.is_logon_time ? logout_s : next_s;
        }
    }
    if (rule_.has_logon_times) {
        const span logon = span_at(rule_.logon, false, utc_s);
        state.is_logon_time = state.is_logon_time && logon.is_inside;
        next_s = std::min(next_s, logon.next_s);
    }
    if (rule_.is_non_stop || rule_.is_weekly) {
        const span holiday = holiday_at(utc_s);
        state.is_logon_time = state.is_logon_time && !holiday.is_inside;
        next_s = std::min(next_s, holiday.next_s);
    }
    state.next_boundary_ns = to_ns(next_s);
    return state;
}

void schedule::look(std::int64_t utc_ns) noexcept {
    const std::int64_t utc_s = floor_div(utc_ns, ns_per_s);
    schedule_state state = state_at(utc_s);
    // Where one thing changes and the whole does not, there is no boundary.
    for (int i = 0; i < merged_max && state.next_boundary_ns != never; ++i) {
        const schedule_state behind = state_at(state.next_boundary_ns / ns_per_s);
        if (!is_same(state, behind)) {
            break;
        }
        state.next_boundary_ns = behind.next_boundary_ns;
    }
    known_ = state;
    known_from_ns_ = utc_s * ns_per_s;
}

std::int64_t schedule::next_logon_ns(std::int64_t utc_ns) noexcept {
    const std::int64_t last_ns = utc_ns + days_ahead_max * s_per_day * ns_per_s;
    while (!at(utc_ns).is_logon_time) {
        utc_ns = known_.next_boundary_ns;
        if (utc_ns > last_ns) {
            return never;
        }
    }
    return utc_ns;
}

std::string schedule::describe(std::int64_t utc_ns) {
    const schedule_state& now = at(utc_ns);
    std::string text = rule_.text;
    text += now.is_logon_time     ? "; logon time"
            : now.is_session_time ? "; session time, not logon time"
                                  : "; not session time";
    if (now.window_begin_ns != 0) {
        text += " (window of " + utc_text(now.window_begin_ns) + ")";
    }
    return text + "; next boundary " + utc_text(now.next_boundary_ns);
}

}  // namespace millrace::gateway
