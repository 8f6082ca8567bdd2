#include "engine/core/process_clock.hpp"

#include "engine/core/clock.hpp"

namespace millrace::engine {

namespace detail {

namespace {

// So far the counters of two cores may lie apart; a line drawn on one then begins in the other's
// future.
constexpr std::uint64_t early_ticks_max = 100'000;

std::uint64_t read_ticks(tick_source source) noexcept {
#if defined(__x86_64__)
    if (source == tick_source::tsc) {
        return read_tsc();
    }
#endif
    if (source == tick_source::manual) {
        // relaxed: a test's own order of things
        return the_clock.manual_ticks.load(std::memory_order_relaxed);
    }
    return static_cast<std::uint64_t>(read_clock_ns(CLOCK_MONOTONIC));
}

bool is_drawn(const latest_value<clock_line>& from, clock_line& line) noexcept {
    // Lines come ten times a second, so twice in turn is overtaken only who was stopped in between.
    return from.number() != 0 && (from.read(line) || from.read(line)) && line.ticks_max != 0;
}

}  // namespace

void publish_line(tick_source source, const clock_line& line) noexcept {
    if (source == tick_source::tsc) {
        the_clock.tsc.publish(line);
        return;
    }
    clock_line before;
    if (is_drawn(the_clock.tsc, before)) {
        the_clock.tsc.publish({});
    }
    the_clock.other_source.store(source, std::memory_order_relaxed);
    the_clock.other.publish(source == tick_source::none ? clock_line{} : line);
}

timestamp utc_now_slowly() noexcept {
    clock_line line;
    tick_source source = tick_source::tsc;
    bool has_line = is_drawn(the_clock.tsc, line);
    if (!has_line && is_drawn(the_clock.other, line)) {
        // relaxed: the line's acquire makes it visible
        source = the_clock.other_source.load(std::memory_order_relaxed);
        has_line = source != tick_source::none;
    }
    if (has_line) {
        const std::uint64_t ticks = read_ticks(source);
        if (ticks - line.base_ticks <= line.ticks_max) {
            return {line.at(ticks - line.base_ticks)};
        }
        if (line.base_ticks - ticks <= early_ticks_max) {
            return {line.base_utc_ns};
        }
    }
    return {read_clock_ns(CLOCK_REALTIME)};
}

}  // namespace detail

clock_status read_clock_status() noexcept {
    clock_status status;
    if (detail::the_clock.status.read(status) || detail::the_clock.status.read(status)) {
        return status;
    }
    return {};
}

}  // namespace millrace::engine
