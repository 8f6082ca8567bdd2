// What the clock of a process is made of: the line by which ticks become UTC, and who may draw it.
//
//   UTC = base_utc_ns + (ticks - base_ticks) * rate
//
// One thread of the process measures and publishes a line every 100 ms (engine/log/clock_keeper),
// everybody reads it. A line counts for ticks_max ticks; behind that, and where nobody ever
// published one, CLOCK_REALTIME is read instead, so a process without that thread, a forked child
// and a thread that was stopped need no care.
//
// Threading  the holder of `is_held` publishes; any thread reads
// Progress   wait-free
// Units      ticks: of the source; rate: ns per tick in units of 2^-30
// Source     the kernel's own timekeeping (base, multiplier, shift)
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/core/latest_value.hpp"
#include "engine/core/types.hpp"

namespace millrace::engine {

// What the time is taken from between two looks at CLOCK_REALTIME.
enum class tick_source : std::uint64_t {
    none,       // CLOCK_REALTIME itself, at each call
    tsc,        // the processor's counter, where the kernel takes its own time from it
    monotonic,  // CLOCK_MONOTONIC
    manual,     // what a test says
};

// Numbers of the log format: the reason field of a CLOCK record.
enum class clock_reason : std::uint32_t {
    none = 0,
    step = 1,    // CLOCK_REALTIME was set by more than clock_step_ns; the clock went along at once
    drift = 2,   // slewing has moved the clock by clock_drift_ns against the monotonic clock
    behind = 3,  // the log's last record is later than the clock by more than clock_step_ns
};

inline constexpr std::int64_t clock_step_ns = 1'000'000'000;
inline constexpr std::int64_t clock_drift_ns = 10'000'000;
inline constexpr std::int64_t clock_slew_ppm_max = 500;

// The clock moved against the monotonic clock. An offset is UTC minus CLOCK_MONOTONIC.
struct clock_change {
    std::int64_t realtime_ns = 0;   // CLOCK_REALTIME, and
    std::int64_t monotonic_ns = 0;  // CLOCK_MONOTONIC at the same instant
    std::int64_t old_offset_ns = 0;
    std::int64_t new_offset_ns = 0;
    std::uint64_t reason = 0;  // a clock_reason
};

// For people and counters.
struct clock_status {
    std::uint64_t source = 0;     // a tick_source; none: nobody calibrates
    std::int64_t error_ns = 0;    // CLOCK_REALTIME minus the clock, at the last look
    std::int64_t slew_ppb = 0;    // by how much it runs faster than the monotonic clock
    std::int64_t offset_ns = 0;   // of the clock to CLOCK_MONOTONIC, at the last look
    std::uint64_t looks = 0;      // at CLOCK_REALTIME
    std::uint64_t steps = 0;      // of more than clock_step_ns
    std::int64_t step_ns = 0;     // the last one; negative: back
    std::int64_t stepped_ns = 0;  // UTC, after it; 0: there was none

    [[nodiscard]] bool is_calibrated() const { return source != 0; }
};

namespace detail {

inline constexpr unsigned clock_rate_bits = 30;

struct clock_line {
    std::uint64_t base_ticks = 0;
    std::int64_t base_utc_ns = 0;
    std::uint64_t rate = 0;
    std::uint64_t ticks_max = 0;  // chosen so that ticks_max * rate fits 64 bits; 0: no line

    // REQUIRES passed_ticks <= ticks_max.
    [[nodiscard]] std::int64_t at(std::uint64_t passed_ticks) const {
        return base_utc_ns + static_cast<std::int64_t>((passed_ticks * rate) >> clock_rate_bits);
    }
};

struct process_clock {
    // At most one of the two is a line; that of the TSC stands apart, so that reading it needs no
    // look at a source.
    latest_value<clock_line> tsc;
    latest_value<clock_line> other;
    std::atomic<tick_source> other_source{tick_source::none};  // stored before `other`
    latest_value<clock_change> change;
    latest_value<clock_status> status;
    std::atomic_flag is_held;                    // whoever publishes
    std::atomic<std::uint64_t> manual_ticks{0};  // a test
};

inline constinit process_clock the_clock;

// Draws the line of `source`, and takes away the other; none: takes away both. REQUIRES is_held.
void publish_line(tick_source source, const clock_line& line) noexcept;
// Everything but a fresh line of the TSC.
[[nodiscard]] timestamp utc_now_slowly() noexcept;

}  // namespace detail

// Of what the clock did; a writer that finds another number than before writes a CLOCK record.
[[nodiscard]] inline std::uint64_t clock_change_number() noexcept {
    return detail::the_clock.change.number();
}

[[nodiscard]] clock_status read_clock_status() noexcept;

}  // namespace millrace::engine
