// Places where a test may end the process as if the power of its CPU were cut.
//
// Threading  arm before the threads that pass the points are started
// Progress   one load per point where they are built in, see below; nothing at all elsewhere
//
// A crash test arms one point, by name and how often it is passed before, and finds out what the
// next start makes of what was left. The names are "what.where"; crash_point_names lists them all.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace millrace::engine {

// Every point of engine/log, and those of others that keep files, so that a test reaches each.
[[nodiscard]] std::span<const std::string_view> crash_point_names();

// The process kills itself with SIGKILL when `name` is passed for the `nth` time from now, from 1.
// REQUIRES a name of crash_point_names().
void arm_crash_point(std::string_view name, std::uint64_t nth);

namespace detail {

void pass_crash_point(std::string_view name) noexcept;

}  // namespace detail

}  // namespace millrace::engine

#if (defined(MILLRACE_DCHECKS) && MILLRACE_DCHECKS) || \
    (defined(MILLRACE_CRASH_POINTS) && MILLRACE_CRASH_POINTS)
#define MILLRACE_HAS_CRASH_POINTS 1
#define MILLRACE_CRASH_POINT(name) ::millrace::engine::detail::pass_crash_point(name)
#else
#define MILLRACE_HAS_CRASH_POINTS 0
#define MILLRACE_CRASH_POINT(name) static_cast<void>(0)
#endif
