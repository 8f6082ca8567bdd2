// The two clocks: UTC for timestamps, monotonic for durations.
//
// Progress  one vDSO call each, no system call on a host whose clock source is the TSC
#pragma once

#include <ctime>

#include "engine/core/types.hpp"

namespace millrace::engine {

namespace detail {

inline std::int64_t read_clock_ns(clockid_t clock) noexcept {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace detail

[[nodiscard]] inline timestamp utc_now() noexcept {
    return {detail::read_clock_ns(CLOCK_REALTIME)};
}

[[nodiscard]] inline std::int64_t monotonic_now_ns() noexcept {
    return detail::read_clock_ns(CLOCK_MONOTONIC);
}

}  // namespace millrace::engine
