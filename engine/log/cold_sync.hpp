// How the cold threads of a log wait for one another: a lock and a bell.
//
// Threading  any thread
// Progress   both may sleep, so a thread that appends to a log touches neither
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>
#include <ctime>

namespace millrace::engine::detail {

// Never on the message path. For std::lock_guard.
class cold_lock {
public:
    void lock() noexcept {
        while (is_held_.test_and_set(std::memory_order_acquire)) {
            is_held_.wait(true, std::memory_order_relaxed);
        }
    }
    void unlock() noexcept {
        is_held_.clear(std::memory_order_release);  // pairs with cold_sync.hpp: lock
        is_held_.notify_one();
    }

private:
    std::atomic_flag is_held_;
};

// A bell that is not missed: take a ticket, look, and wait for a ring since then.
class cold_event {
public:
    [[nodiscard]] std::uint32_t ticket() const noexcept {
        return rings_.load(std::memory_order_acquire);
    }
    // Returns at once if it rang since the ticket was taken, else at the next ring or after
    // timeout_ns.
    void wait(std::uint32_t seen, std::int64_t timeout_ns) const noexcept {
        const timespec timeout{static_cast<time_t>(timeout_ns / 1'000'000'000),
                               static_cast<long>(timeout_ns % 1'000'000'000)};
        ::syscall(SYS_futex, &rings_, FUTEX_WAIT_PRIVATE, seen, &timeout, nullptr, 0);
    }
    void ring() noexcept {
        // release: pairs with cold_sync.hpp: ticket
        rings_.fetch_add(1, std::memory_order_release);
        ::syscall(SYS_futex, &rings_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
    }

private:
    std::atomic<std::uint32_t> rings_{0};
    static_assert(sizeof(std::atomic<std::uint32_t>) == 4);  // the kernel compares these four bytes
};

}  // namespace millrace::engine::detail
