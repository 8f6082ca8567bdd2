// System calls that fail, or wait, when a test wants them to. The program's own definitions of
// fdatasync, fsync and posix_fallocate come before the C library's.
#pragma once

#include <atomic>
#include <cstdint>

namespace millrace::engine::test {

struct failing_call {
    std::atomic<int> failures_left{0};  // fail so many times, with
    std::atomic<int> error_number{0};   // this
    std::atomic<bool> is_held{false};   // wait while it is set
    std::atomic<std::uint64_t> calls{0};

    void fail(int times, int number) {
        error_number.store(number, std::memory_order_relaxed);
        failures_left.store(times, std::memory_order_release);
    }
    // 0: go on.
    [[nodiscard]] int pass() noexcept;
};

extern failing_call fdatasync_call;
extern failing_call fsync_call;
extern failing_call fallocate_call;

// Puts all of them right again, whatever a test did.
class failing_calls_guard {
public:
    failing_calls_guard() { reset(); }
    failing_calls_guard(const failing_calls_guard&) = delete;
    failing_calls_guard& operator=(const failing_calls_guard&) = delete;
    ~failing_calls_guard() { reset(); }

private:
    static void reset();
};

}  // namespace millrace::engine::test
