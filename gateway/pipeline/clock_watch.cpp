#include "gateway/pipeline/clock_watch.hpp"

#include <cstdio>
#include <cstdlib>

namespace millrace::gateway {

using engine::counter_kind;
using engine::counter_unit;

void clock_watch::bind(engine::counters_file& file) {
    is_calibrated_ = file.add_counter("clock.is_calibrated", counter_kind::gauge);
    steps_ = file.add_counter("clock.steps", counter_kind::counter);
    error_ = file.add_counter("clock.error", counter_kind::gauge, counter_unit::nanoseconds);
    slew_ = file.add_counter("clock.slew_ppb", counter_kind::gauge);
}

std::string clock_watch::look() {
    const engine::clock_status now = engine::read_clock_status();
    if (!now.is_calibrated()) {
        return {};  // nobody has looked yet
    }
    is_calibrated_.set(1);
    steps_.set(now.steps);
    error_.set(static_cast<std::uint64_t>(std::llabs(now.error_ns)));
    slew_.set(static_cast<std::uint64_t>(std::llabs(now.slew_ppb)));
    if (now.steps == said_steps_) {
        return {};
    }
    said_steps_ = now.steps;
    char text[256];
    std::snprintf(
        text, sizeof text,
        "clock: the host's clock was set %s by %.6f s; the logs go along and note it%s",
        now.step_ns < 0 ? "back" : "forward", static_cast<double>(std::llabs(now.step_ns)) * 1e-9,
        now.step_ns < 0 ? ", and their times rise by 1 ns a record until it has caught up" : "");
    return text;
}

}  // namespace millrace::gateway
