// How much of a long loop on one thread runs under ThreadSanitizer, which is many times slower and
// sees nothing in a single thread.
#pragma once

namespace millrace::engine::test {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool is_under_thread_sanitizer = true;
#else
inline constexpr bool is_under_thread_sanitizer = false;
#endif

[[nodiscard]] constexpr int sanitizer_share(int count) {
    return is_under_thread_sanitizer ? count / 10 : count;
}

}  // namespace millrace::engine::test
