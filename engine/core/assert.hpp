// Checks for programmer errors.
//
// MILLRACE_ASSERT is on in every build and stands off the per-record path (set-up, roll, recovery,
// batch).
// MILLRACE_DCHECK stands on the per-record path; it is on where MILLRACE_DCHECKS is 1 (dev, asan,
// tsan).
#pragma once

namespace millrace::engine {

[[noreturn]] void assertion_failed(const char* condition, const char* message, const char* file,
                                   int line) noexcept;

}  // namespace millrace::engine

#define MILLRACE_ASSERT(condition, message) \
    (static_cast<bool>(condition)           \
         ? static_cast<void>(0)             \
         : ::millrace::engine::assertion_failed(#condition, message, __FILE__, __LINE__))

#if defined(MILLRACE_DCHECKS) && MILLRACE_DCHECKS
#define MILLRACE_DCHECK(condition, message) MILLRACE_ASSERT(condition, message)
#else
#define MILLRACE_DCHECK(condition, message) static_cast<void>(0)
#endif
