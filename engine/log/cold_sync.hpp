// How the cold threads of a log wait for one another: a lock, a bell, a hand-over of pointers.
//
// Threading  cold_lock and cold_event: any thread; handover: one giver, one taker
// Progress   handover is wait-free on both sides, and the only one of these that a thread appending
//            to a log may touch; the others may sleep
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <ctime>

#include "engine/core/native_memory.hpp"
#include "engine/core/types.hpp"

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

// A few pointers on their way from one thread to another. Owns nothing.
template <class Type, std::size_t Capacity, class Memory = native_memory>
class handover {
    static_assert((Capacity & (Capacity - 1)) == 0, "a power of two");

public:
    [[nodiscard]] bool try_push(Type* item) noexcept {
        const std::uint64_t pushed = pushed_.load(std::memory_order_relaxed);
        if (pushed - popped_.load(std::memory_order_acquire) == Capacity) {
            return false;
        }
        Type*& slot = slots_[pushed % Capacity];
        Memory::writing(&slot, sizeof slot);
        slot = item;
        pushed_.store(pushed + 1, std::memory_order_release);  // pairs with cold_sync.hpp: try_pop
        return true;
    }
    // Null: nothing there.
    [[nodiscard]] Type* try_pop() noexcept {
        const std::uint64_t popped = popped_.load(std::memory_order_relaxed);
        if (pushed_.load(std::memory_order_acquire) == popped) {
            return nullptr;
        }
        Type* const& slot = slots_[popped % Capacity];
        Memory::reading(&slot, sizeof slot);
        Type* item = slot;
        popped_.store(popped + 1, std::memory_order_release);  // pairs with cold_sync.hpp: try_push
        return item;
    }
    // For the giver, to whom it is at least what is there, and the taker, to whom it is at most
    // that.
    [[nodiscard]] std::size_t count_estimate() const noexcept {
        // relaxed: nothing is reached through either; a push or a pop looks again, and acquires
        const std::uint64_t popped = popped_.load(std::memory_order_relaxed);
        return static_cast<std::size_t>(pushed_.load(std::memory_order_relaxed) - popped);
    }

private:
    using atomic_count = typename Memory::template atomic<std::uint64_t>;
    alignas(no_sharing_bytes) atomic_count pushed_{0};  // giver
    alignas(no_sharing_bytes) atomic_count popped_{0};  // taker
    alignas(no_sharing_bytes) std::array<Type*, Capacity> slots_{};
};

}  // namespace millrace::engine::detail
