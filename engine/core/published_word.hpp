// One word by which a thread says how far it is, to any number of readers.
//
// Threading  one thread at a time publishes; any thread reads
// Progress   wait-free: one store, one load
// Invariant  who reads a value finds all that its publisher did before it
#pragma once

#include <atomic>

#include "engine/core/native_memory.hpp"

namespace millrace::engine {

// Flags and figures behind which something else stands; one that is nothing but itself is a relaxed
// atomic.
template <class Value, class Memory = native_memory>
class published_word {
public:
    explicit published_word(Value first = {}) noexcept : word_(first) {}

    void publish(Value value) noexcept {
        word_.store(value, std::memory_order_release);  // pairs with published_word.hpp: read
    }
    [[nodiscard]] Value read() const noexcept { return word_.load(std::memory_order_acquire); }
    // For the publisher, who needs nothing of itself.
    [[nodiscard]] Value own() const noexcept { return word_.load(std::memory_order_relaxed); }

private:
    typename Memory::template atomic<Value> word_;
};

}  // namespace millrace::engine
