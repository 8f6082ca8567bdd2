// What the rings stand on: prefaulted memory.
//
// Threading  it belongs to its ring
// Errors     the constructor throws io_error when the pages cannot be had
#pragma once

#include <cstddef>
#include <utility>

namespace millrace::engine {

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
