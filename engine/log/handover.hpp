// A few pointers on their way from one thread to another.
//
// Threading  one giver, one taker
// Progress   wait-free on both sides, without a system call: a thread that appends to a log may
//            touch it
// Invariant  what stands behind a pointer when it is pushed is visible to who pops it
// Errors     full and empty are values
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "engine/core/native_memory.hpp"
#include "engine/core/types.hpp"

namespace millrace::engine::detail {

// Owns nothing of what it hands over.
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
        pushed_.store(pushed + 1, std::memory_order_release);  // pairs with handover.hpp: try_pop
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
        popped_.store(popped + 1, std::memory_order_release);  // pairs with handover.hpp: try_push
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
