// A session in its windows: when it is connected, when it leaves, and when its numbers begin anew.
#include <cstdio>
#include <utility>

#include "engine/core/clock.hpp"
#include "gateway/session/fix_session.hpp"
#include "xlator/fix/utc_timestamp.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

}  // namespace

void fix_session::follow_schedule(std::int64_t now_ns) noexcept {
    next_look_ns_ = now_ns + options_.schedule_look_ns;
    if (is_stopping_) {
        return;
    }
    const std::int64_t utc_ns = engine::utc_now().ns;
    const schedule_state state = schedule_.at(utc_ns);
    // A clock that is set back does not bring an older window's numbers back.
    const bool is_new_window = state.is_session_time && state.window_begin_ns > window_ns_;
    if (link_.is_open() && (!state.is_session_time || is_new_window)) {
        events_->say(event_level::info, name(), "the session's window is over; closing");
        end_link(close_reason::local, now_ns);
    }
    const bool has_its_numbers = !is_new_window || begin_window(state, utc_ns);
    set_logon_time(state.is_logon_time && has_its_numbers, now_ns);
    if (link_.is_open() && !is_logon_time_) {
        leave(now_ns);
    }
}

// False: FIX_OUT refuses the reset, and without it nothing is to be connected.
bool fix_session::begin_window(const schedule_state& window, std::int64_t utc_ns) noexcept {
    if (!ledger_.reset_at({utc_ns})) {
        if (!std::exchange(is_reset_refused_, true)) {
            events_->say(event_level::error, name(),
                         "FIX_OUT refuses the reset with which a new window begins (no space?); "
                         "the session stays down until it takes it");
        }
        return false;
    }
    is_reset_refused_ = false;
    is_logon_time_ = false;  // if it is, it begins anew
    window_ns_ = window.window_begin_ns;
    publish_state();
    return true;
}

void fix_session::set_logon_time(bool is_logon_time, std::int64_t now_ns) noexcept {
    if (is_logon_time == is_logon_time_) {
        return;
    }
    is_logon_time_ = is_logon_time;
    if (schedule_.has_boundary()) {
        events_->say(event_level::info, name(),
                     is_logon_time ? "logon time begins" : "logon time is over");
    }
    if (connector_ != nullptr && !link_.is_open()) {
        connector_->stop();
        if (is_logon_time && !is_down()) {
            connector_->start(now_ns);  // at once, and with the primary
        }
    }
    publish_state();
}

// What the peer has asked for comes first, as long as the window lasts.
void fix_session::leave(std::int64_t now_ns) noexcept {
    if (!is_logged_on_) {
        end_link(close_reason::local, now_ns);
        return;
    }
    // What a kill holds back is not asked for before the kill is over.
    if (is_leaving_ || (resend_.is_running() && !is_killed_)) {
        return;
    }
    begin_logout("the session's time is over", now_ns);
}

void fix_session::begin_logout(const char* text, std::int64_t now_ns) noexcept {
    is_leaving_ = true;
    stop_deadline_ns_ = now_ns + (static_cast<std::int64_t>(spec_.logout_timeout_s) + 1) * ns_per_s;
    static_cast<void>(port_->logout(text));
    next_tick_ns_ = now_ns;  // the Logout goes out with the next tick
    publish_state();
}

void fix_session::say_refused(std::int64_t utc_ns) noexcept {
    counters.refused_before_logon.add(1);
    const std::int64_t next_ns = schedule_.next_logon_ns(utc_ns);
    char text[96];
    char next[xlator::utc_timestamp_size_max] = {};
    if (next_ns != schedule::never) {
        xlator::write_utc_timestamp(next, {next_ns, 0});
    }
    std::snprintf(text, sizeof text, "refused a Logon outside its logon time%s%s",
                  next[0] == '\0' ? "" : "; the next begins ", next);
    events_->say(event_level::warning, name(), text);
}

}  // namespace millrace::gateway
