// What the rings stand on: prefaulted memory, and the policy through which they touch shared
// memory.
//
// Threading  ring_memory belongs to its ring; the policy is stateless
// Errors     ring_memory throws io_error when the pages cannot be had
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace millrace::engine {

// The machine's own atomics. A model checker puts its own type here and so runs the shipped ring
// code: it sees each atomic access with its order, and is told of each plain access to bytes that
// change hands.
struct native_memory {
    template <class Value>
    using atomic = std::atomic<Value>;
    template <class Value>
    using atomic_ref = std::atomic_ref<Value>;

    static void reading(const void* /*bytes*/, std::size_t /*size*/) noexcept {}
    static void writing(const void* /*bytes*/, std::size_t /*size*/) noexcept {}
};

// Zeroed, page-aligned, private pages that exist before the constructor returns, so that no push
// ever faults.
class ring_memory {
public:
    ring_memory() = default;
    explicit ring_memory(std::size_t size);
    ring_memory(ring_memory&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    ring_memory& operator=(ring_memory&& other) noexcept;
    ring_memory(const ring_memory&) = delete;
    ring_memory& operator=(const ring_memory&) = delete;
    ~ring_memory();

    [[nodiscard]] std::byte* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

namespace detail {
// Returns capacity; throws config_error unless it is a power of two within [min, max].
std::size_t checked_ring_capacity(std::size_t capacity, std::size_t min, std::size_t max,
                                  const char* unit);
}  // namespace detail

}  // namespace millrace::engine
