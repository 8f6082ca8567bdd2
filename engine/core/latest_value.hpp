// Hands the newest value of a small struct from one thread to any number of readers.
//
// Threading  one publisher; any thread reads
// Progress   both sides are wait-free: a read that was overtaken says so instead of trying for ever
// Invariant  the slot a read chose is not written before a later value has been published, so a
//            publisher that is stopped half way disturbs nobody
// Errors     read() answers false: nothing published yet, or two values came within one read
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "engine/core/native_memory.hpp"
#include "engine/core/types.hpp"

namespace millrace::engine {

template <class Value, class Memory = native_memory>
class latest_value {
    static_assert(std::is_trivially_copyable_v<Value>, "values are copied as words");
    static_assert(sizeof(Value) % sizeof(std::uint64_t) == 0, "a value is a number of whole words");
    static constexpr std::size_t word_count = sizeof(Value) / sizeof(std::uint64_t);
    using words = std::array<std::uint64_t, word_count>;
    using atomic_word = typename Memory::template atomic<std::uint64_t>;

public:
    void publish(const Value& value) noexcept {
        const std::uint64_t next = number_.load(std::memory_order_relaxed) + 1;
        const words from = std::bit_cast<words>(value);
        slot& to = slots_[next % 2];
        for (std::size_t i = 0; i < word_count; ++i) {
            // release: pairs with latest_value.hpp: read. Who sees one of these words sees the
            // number before it, and so that the slot is being written.
            to[i].bits.store(from[i], std::memory_order_release);
        }
        // release: pairs with latest_value.hpp: read
        number_.store(next, std::memory_order_release);
    }

    [[nodiscard]] bool read(Value& value) const noexcept {
        const std::uint64_t number = number_.load(std::memory_order_acquire);
        value = load(slots_[number % 2], std::make_index_sequence<word_count>());
        // relaxed: the acquires above keep it behind them
        return number_.load(std::memory_order_relaxed) == number && number != 0;
    }

    // Of values published; nothing is handed over with it.
    [[nodiscard]] std::uint64_t number() const noexcept {
        return number_.load(std::memory_order_relaxed);
    }

private:
    struct word {
        atomic_word bits{0};
    };
    using slot = std::array<word, word_count>;

    // Written out word by word, so that the value stays in registers.
    template <std::size_t... Index>
    [[nodiscard]] static Value load(const slot& from, std::index_sequence<Index...>) noexcept {
        return std::bit_cast<Value>(words{from[Index].bits.load(std::memory_order_acquire)...});
    }

    alignas(cache_line_bytes) atomic_word number_{0};  // publisher
    slot slots_[2]{};                                  // publisher
};

}  // namespace millrace::engine
