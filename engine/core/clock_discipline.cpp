#include "engine/core/clock_discipline.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "engine/core/clock.hpp"

namespace millrace::engine {

namespace {

using detail::clock_line;
using detail::clock_rate_bits;

constexpr double slew_max = static_cast<double>(clock_slew_ppm_max) * 1e-6;
constexpr double correction_ns = 1e9;  // an error is to be gone after so long
constexpr double rate_unit = static_cast<double>(std::uint64_t{1} << clock_rate_bits);
// Ticks that pass at another rate than before by more than this, and by more than a look's own
// error, are no longer the same ticks.
constexpr double rate_change_max = 1e-3;
constexpr double look_error_ns = 100'000;

constexpr int looks = 5;
constexpr std::int64_t look_ns_max = 50'000;

bool is_tsc_trusted() {
#if defined(__x86_64__)
    constexpr unsigned power_leaf = 0x80000007;
    constexpr unsigned invariant_tsc = 1U << 8;
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    if (__get_cpuid(power_leaf, &a, &b, &c, &d) == 0 || (d & invariant_tsc) == 0) {
        return false;
    }
    // The kernel watches it, and says another name when it has found it wanting.
    std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    std::string name;
    return (file >> name) && name == "tsc";
#else
    return false;
#endif
}

}  // namespace

host_clock::host_clock() : ticks_(is_tsc_trusted() ? tick_source::tsc : tick_source::monotonic) {}

std::uint64_t host_clock::read_ticks() const noexcept {
#if defined(__x86_64__)
    if (ticks_ == tick_source::tsc) {
        return detail::read_tsc();
    }
#endif
    return static_cast<std::uint64_t>(monotonic_now_ns());
}

// The best of a few looks: the one in which the least time passed.
bool host_clock::sample(clock_sample& taken) noexcept {
    std::int64_t least_ns = look_ns_max;
    bool is_taken = false;
    for (int i = 0; i < looks; ++i) {
        const std::uint64_t ticks_before = read_ticks();
        const std::int64_t before_ns = monotonic_now_ns();
        const std::int64_t realtime_ns = detail::read_clock_ns(CLOCK_REALTIME);
        const std::int64_t after_ns = monotonic_now_ns();
        const std::uint64_t ticks_after = read_ticks();
        if (after_ns - before_ns < least_ns) {
            least_ns = after_ns - before_ns;
            taken.ticks = ticks_before + (ticks_after - ticks_before) / 2;
            taken.monotonic_ns = before_ns + (after_ns - before_ns) / 2;
            taken.realtime_ns = realtime_ns;
            is_taken = true;
        }
    }
    return is_taken;
}

void clock_discipline::begin_window(const clock_sample& first) noexcept {
    window_[0] = first;
    sample_count_ = 1;
}

// False: nothing is known yet.
bool clock_discipline::measure(const clock_sample& now) noexcept {
    if (sample_count_ == 0) {
        begin_window(now);
        return ns_per_tick_ > 0;
    }
    const clock_sample& last = window_[(sample_count_ - 1) % window_samples];
    const auto ticks = static_cast<double>(static_cast<std::int64_t>(now.ticks - last.ticks));
    const auto passed_ns = static_cast<double>(now.monotonic_ns - last.monotonic_ns);
    const double surplus_ns = std::abs(ticks * ns_per_tick_ - passed_ns);
    const bool is_other_rate =
        ns_per_tick_ > 0 && surplus_ns > look_error_ns && surplus_ns > passed_ns * rate_change_max;
    if (ticks <= 0 || passed_ns <= 0 || is_other_rate) {
        begin_window(now);
        return ns_per_tick_ > 0;
    }
    const std::size_t oldest = sample_count_ < window_samples ? 0 : sample_count_;
    const clock_sample first = window_[oldest % window_samples];
    const std::int64_t window_ns = now.monotonic_ns - first.monotonic_ns;
    window_[sample_count_++ % window_samples] = now;
    if (window_ns >= measure_min_ns) {
        ns_per_tick_ =
            static_cast<double>(window_ns) / static_cast<double>(now.ticks - first.ticks);
    }
    return ns_per_tick_ > 0;
}

// Also behind what the line counts for.
std::int64_t clock_discipline::now_by_line(std::uint64_t ticks) const noexcept {
    const auto passed = static_cast<double>(static_cast<std::int64_t>(ticks - line_.base_ticks));
    return line_.base_utc_ns + std::llround(passed * (static_cast<double>(line_.rate) / rate_unit));
}

void clock_discipline::draw(outcome& made, const clock_sample& now, std::int64_t utc_ns,
                            double slew) noexcept {
    line_.base_ticks = now.ticks;
    line_.base_utc_ns = utc_ns;
    line_.rate = static_cast<std::uint64_t>(std::llround(ns_per_tick_ * (1 + slew) * rate_unit));
    line_.ticks_max = static_cast<std::uint64_t>(static_cast<double>(line_valid_ns) / ns_per_tick_);
    status_.source = static_cast<std::uint64_t>(source_);
    status_.offset_ns = utc_ns - now.monotonic_ns;
    status_.slew_ppb = std::llround(slew * 1e9);
    made.has_line = true;
    made.line = line_;
}

void clock_discipline::note(outcome& made, const clock_sample& now, std::int64_t offset_ns,
                            clock_reason reason) noexcept {
    made.is_changed = true;
    made.change = {now.realtime_ns, now.monotonic_ns, noted_offset_ns_, offset_ns,
                   static_cast<std::uint64_t>(reason)};
    noted_offset_ns_ = offset_ns;
}

void clock_discipline::note_step(std::int64_t step_ns, const clock_sample& now) noexcept {
    ++status_.steps;
    status_.step_ns = step_ns;
    status_.stepped_ns = now.realtime_ns;
}

clock_discipline::outcome clock_discipline::take(const clock_sample& now) noexcept {
    outcome made;
    if (!measure(now)) {
        return made;
    }
    ++status_.looks;
    if (!has_line_) {
        has_line_ = true;
        noted_offset_ns_ = now.realtime_ns - now.monotonic_ns;
        draw(made, now, now.realtime_ns, 0);
        return made;
    }
    const std::int64_t utc_ns = now_by_line(now.ticks);
    const std::int64_t error_ns = now.realtime_ns - utc_ns;
    status_.error_ns = error_ns;
    if (std::abs(error_ns) > clock_step_ns) {
        note_step(error_ns, now);
        // What it was against the monotonic clock just before, slewing included.
        noted_offset_ns_ = utc_ns - now.monotonic_ns;
        draw(made, now, now.realtime_ns, 0);
        note(made, now, now.realtime_ns - now.monotonic_ns, clock_reason::step);
        return made;
    }
    const double wanted = static_cast<double>(error_ns) / correction_ns;
    draw(made, now, utc_ns, std::clamp(wanted, -slew_max, slew_max));
    // The ticks may have gone on where the monotonic clock did not: while the host slept.
    const std::int64_t offset_ns = utc_ns - now.monotonic_ns;
    const std::int64_t moved_ns = offset_ns - noted_offset_ns_;
    if (std::abs(moved_ns) > clock_step_ns) {
        note_step(moved_ns, now);
        note(made, now, offset_ns, clock_reason::step);
    } else if (std::abs(moved_ns) >= clock_drift_ns) {
        note(made, now, offset_ns, clock_reason::drift);
    }
    return made;
}

void calibrate(clock_source& source, clock_discipline& discipline) noexcept {
    clock_sample now;
    if (!source.sample(now)) {
        return;
    }
    const clock_discipline::outcome made = discipline.take(now);
    if (made.has_line) {
        detail::publish_line(source.ticks(), made.line);
        detail::the_clock.status.publish(discipline.status());
    }
    if (made.is_changed) {  // behind the line: who sees it reads the clock as it is now
        detail::the_clock.change.publish(made.change);
    }
}

}  // namespace millrace::engine
