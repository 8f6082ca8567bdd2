// The two clocks: UTC for timestamps, monotonic for durations.
//
// UTC runs on the processor's counter and is slewed to CLOCK_REALTIME where a thread of the process
// calibrates it (process_clock.hpp), and is CLOCK_REALTIME where none does. It may go back: when
// CLOCK_REALTIME was set back by more than a second. Logs keep their own order.
//
// Threading  any thread
// Progress   wait-free; no system call on a host whose clock source is the TSC
// Invariant  who has seen what another thread did after it read the clock reads no earlier time,
//            steps aside
#pragma once

#include <ctime>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "engine/core/process_clock.hpp"
#include "engine/core/types.hpp"

namespace millrace::engine {

namespace detail {

inline std::int64_t read_clock_ns(clockid_t clock) noexcept {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

#if defined(__x86_64__)
// Not before the loads in front of it: the time of an effect must not precede that of its cause.
inline std::uint64_t read_tsc() noexcept {
    _mm_lfence();
    return __rdtsc();
}
#endif

}  // namespace detail

[[nodiscard]] inline timestamp utc_now() noexcept {
#if defined(__x86_64__)
    // First, so that the line's loads need not wait for it.
    const std::uint64_t ticks = detail::read_tsc();
    detail::clock_line line;
    if (detail::the_clock.tsc.read(line)) [[likely]] {
        const std::uint64_t passed = ticks - line.base_ticks;
        if (passed <= line.ticks_max) [[likely]] {
            return {line.at(passed)};
        }
    }
#endif
    return detail::utc_now_slowly();
}

[[nodiscard]] inline std::int64_t monotonic_now_ns() noexcept {
    return detail::read_clock_ns(CLOCK_MONOTONIC);
}

}  // namespace millrace::engine
