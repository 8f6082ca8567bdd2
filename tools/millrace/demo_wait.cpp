#include "tools/millrace/demo_wait.hpp"

#include <cstdio>
#include <string_view>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "tools/millrace/signals.hpp"

namespace millrace::tools {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr std::int64_t stall_ns = 60 * ns_per_s;
// A session tries again by itself while its log has no room.
constexpr std::int64_t session_patience_ns = 5 * ns_per_s;
constexpr int look_every_ms = 100;
constexpr int others_restart_ms = 3000;  // somebody who kills a venue by hand may start it by hand

bool is_halted(std::string_view state) {
    return state.starts_with("halted");
}

}  // namespace

const char* to_string(demo_end end) noexcept {
    switch (end) {
        case demo_end::answered:
            return "answered";
        case demo_end::stopped:
            return "stopped";
        case demo_end::stalled:
            return "stalled";
        case demo_end::venue:
            return "venue";
        case demo_end::halted:
            return "halted";
    }
    return "";
}

demo_wait::demo_wait(const demo_directory& directory, const demo_feeder& feeder,
                     const demo_tracker& tracker, demo_venue& venue, std::size_t order_count,
                     bool shows_progress)
    : directory_(directory),
      feeder_(&feeder),
      tracker_(&tracker),
      venue_(&venue),
      order_count_(order_count),
      shows_progress_(shows_progress),
      counters_(engine::counters_reader::open(directory.counters())) {}

void demo_wait::say(const std::string& text) const {
    std::fprintf(stderr, "%s%s\n", shows_progress_ ? "\n" : "", text.c_str());
}

void demo_wait::show_progress() const {
    if (!shows_progress_) {
        return;
    }
    std::fprintf(stderr, "\rfed %llu, acknowledged %llu, finished %llu of %zu; %llu reports   ",
                 static_cast<unsigned long long>(feeder_->fed_count()),
                 static_cast<unsigned long long>(tracker_->acknowledged_count()),
                 static_cast<unsigned long long>(tracker_->finished_count()), order_count_,
                 static_cast<unsigned long long>(tracker_->report_count()));
}

void demo_wait::end_progress() const {
    show_progress();
    if (shows_progress_) {
        std::fprintf(stderr, "\n");
    }
}

void demo_wait::look_at_counters() {
    for (const engine::counter_reading& one : counters_.list()) {
        if (one.label.ends_with(".is_logged_on")) {
            is_logged_on_ = one.value != 0;
        }
    }
}

// A session that refuses a message halts the route; only its own line says why.
std::string demo_wait::engines_word_on_halt() const {
    static_cast<void>(wait_for_stop(look_every_ms));  // lines are written by another thread
    const std::string text = engine::read_whole_file(directory_.engine_log());
    const std::size_t at = text.rfind(" halted at ");
    if (at == std::string::npos) {
        return "a route halted";
    }
    const std::size_t begin = text.rfind('\n', at);
    const std::size_t first = begin == std::string::npos ? 0 : begin + 1;
    return text.substr(first, text.find('\n', at) - first);
}

std::string demo_wait::find_halted() {
    std::string session;
    for (const engine::status_reading& one : counters_.list_statuses()) {
        if (!one.is_settled || !is_halted(one.text)) {
            continue;
        }
        const std::string what = one.label.substr(0, one.label.rfind('.')) + " " + one.text;
        if (!one.label.starts_with("session.")) {
            return what;
        }
        session = what;
    }
    for (const engine::counter_reading& one : counters_.list()) {
        if (one.label.ends_with(".halted_routes") && one.value > 0) {
            return engines_word_on_halt();
        }
    }
    const std::int64_t now_ns = engine::monotonic_now_ns();
    if (session.empty()) {
        session_halted_since_ns_ = 0;
    } else if (session_halted_since_ns_ == 0) {
        session_halted_since_ns_ = now_ns;
    }
    return now_ns - session_halted_since_ns_ > session_patience_ns ? session : std::string();
}

bool demo_wait::keep_venue() {
    if (venue_->is_alive()) {
        return true;
    }
    const std::string dead = std::to_string(venue_->pid());
    const std::uint64_t reports = tracker_->report_count();
    const bool may_restart = reports != reports_at_restart_;
    // Whoever ended it may have another one ready.
    for (int waited = 0; waited <= (may_restart ? 0 : others_restart_ms); waited += look_every_ms) {
        if (venue_->adopt()) {
            say("venue: pid " + dead + " died; pid " + std::to_string(venue_->pid()) +
                " has taken over");
            return true;
        }
        if (!may_restart && wait_for_stop(look_every_ms)) {
            return true;  // the signal ends the wait
        }
    }
    const std::string its_words = "; its own words are in " + directory_.venue_log().native();
    if (!may_restart) {
        say("venue: pid " + dead + " died again before a report came; giving up" + its_words);
        return false;
    }
    reports_at_restart_ = reports;
    try {
        venue_->restart();
    } catch (const engine::error& failure) {
        say("venue: pid " + dead + " died, and did not start again: " + failure.what());
        return false;
    }
    say("venue: pid " + dead + " died; restarted as pid " + std::to_string(venue_->pid()) +
        its_words);
    return true;
}

bool demo_wait::has_stalled(std::int64_t now_ns) {
    const std::uint64_t seen = tracker_->report_count() + feeder_->fed_count();
    if (seen != last_seen_) {
        last_seen_ = seen;
        last_change_ns_ = now_ns;
    }
    return now_ns - last_change_ns_ > stall_ns;
}

demo_end demo_wait::wait() {
    last_change_ns_ = engine::monotonic_now_ns();
    demo_end end = demo_end::answered;
    while (tracker_->finished_count() < order_count_) {
        if (wait_for_stop(look_every_ms)) {
            end = demo_end::stopped;
            break;
        }
        show_progress();
        if (const std::string halted = find_halted(); !halted.empty()) {
            say(halted + "\nno more orders can pass; what the engine said is in " +
                directory_.engine_log().native());
            end = demo_end::halted;
            break;
        }
        if (!keep_venue()) {
            end = demo_end::venue;
            break;
        }
        if (has_stalled(engine::monotonic_now_ns())) {
            say("no order and no report for " + std::to_string(stall_ns / ns_per_s) +
                " s; giving up; what the engine said is in " + directory_.engine_log().native());
            end = demo_end::stalled;
            break;
        }
    }
    look_at_counters();
    return end;
}

}  // namespace millrace::tools
