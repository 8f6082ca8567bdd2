// The policy through which rings and logs touch memory that threads share.
//
// Threading  stateless
// Progress   nothing is added: each call compiles to the access it names, or to nothing
#pragma once

#include <atomic>
#include <cstddef>

namespace millrace::engine {

// The machine's own atomics. A model checker puts its own type here and so runs the shipped code:
// it sees each atomic access with its order and its place in the source, and is told of each plain
// access to bytes that change hands.
struct native_memory {
    template <class Value>
    using atomic = std::atomic<Value>;
    template <class Value>
    using atomic_ref = std::atomic_ref<Value>;

    static void reading(const void* /*bytes*/, std::size_t /*size*/) noexcept {}
    static void writing(const void* /*bytes*/, std::size_t /*size*/) noexcept {}
};

}  // namespace millrace::engine
