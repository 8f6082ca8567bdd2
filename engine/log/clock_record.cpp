#include "engine/log/clock_record.hpp"

#include <cstdio>

#include "engine/core/clock.hpp"

namespace millrace::engine {

namespace {

// A number no change has: the next look finds another one.
constexpr std::uint64_t none_seen = UINT64_MAX;

std::int64_t read_offset_ns() noexcept {
    const clock_status status = read_clock_status();
    return status.is_calibrated() ? status.offset_ns : utc_now().ns - monotonic_now_ns();
}

double seconds(std::int64_t ns) {
    return static_cast<double>(ns) * 1e-9;
}

}  // namespace

std::string describe(const clock_payload& payload) {
    const std::int64_t moved_ns = payload.new_offset_ns - payload.old_offset_ns;
    char text[200];
    switch (static_cast<clock_reason>(payload.reason)) {
        case clock_reason::step:
            std::snprintf(text, sizeof text, "the host's clock was set %s by %.6f s",
                          moved_ns < 0 ? "back" : "forward",
                          seconds(moved_ns < 0 ? -moved_ns : moved_ns));
            break;
        case clock_reason::drift:
            std::snprintf(text, sizeof text,
                          "slewing moved the clock by %.6f s against the monotonic clock",
                          seconds(moved_ns));
            break;
        case clock_reason::behind:
            std::snprintf(text, sizeof text,
                          "the clock is %.6f s behind the log's last record; times rise by 1 ns "
                          "a record until it has caught up",
                          seconds(-moved_ns));
            break;
        default:
            std::snprintf(text, sizeof text, "the clock moved by %.6f s (reason %u)",
                          seconds(moved_ns), payload.reason);
    }
    return text;
}

namespace detail {

void clock_notes::begin(timestamp last) noexcept {
    const std::int64_t now_ns = utc_now().ns;
    offset_ns_ = read_offset_ns();
    seen_ = clock_change_number();
    is_behind_ = last.ns - clock_step_ns > now_ns;
    if (is_behind_) {
        offset_ns_ += last.ns - now_ns;
        seen_ = none_seen;
    }
}

bool clock_notes::make(clock_payload& payload) const noexcept {
    payload = {};
    // First: of a change that comes meanwhile nothing must be passed over.
    payload.number = clock_change_number();
    clock_change change;
    if (is_behind_) {
        payload.reason = static_cast<std::uint32_t>(clock_reason::behind);
        payload.realtime_ns = read_clock_ns(CLOCK_REALTIME);
        payload.monotonic_ns = monotonic_now_ns();
        payload.new_offset_ns = read_offset_ns();
    } else if (the_clock.change.read(change)) {
        payload.reason = static_cast<std::uint32_t>(change.reason);
        payload.realtime_ns = change.realtime_ns;
        payload.monotonic_ns = change.monotonic_ns;
        payload.new_offset_ns = change.new_offset_ns;
    } else {
        return false;
    }
    payload.old_offset_ns = offset_ns_;
    return true;
}

void clock_notes::written(const clock_payload& payload) noexcept {
    is_behind_ = false;
    seen_ = payload.number;
    offset_ns_ = payload.new_offset_ns;
    // relaxed: a figure for itself, of one writing thread
    count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace detail

}  // namespace millrace::engine
