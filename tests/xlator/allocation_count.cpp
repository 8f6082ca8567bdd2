#include "tests/xlator/allocation_count.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t count_of_thread = 0;

// From malloc, which sanitizers watch too; so every form of delete below is free.
void* allocate(std::size_t size) noexcept {
    ++count_of_thread;
    return std::malloc(std::max<std::size_t>(size, 1));
}

void* allocate(std::size_t size, std::align_val_t alignment) noexcept {
    ++count_of_thread;
    const auto unit = static_cast<std::size_t>(alignment);
    return std::aligned_alloc(unit, (std::max<std::size_t>(size, 1) + unit - 1) / unit * unit);
}

template <class... Alignment>
void* allocate_or_throw(std::size_t size, Alignment... alignment) {
    void* const made = allocate(size, alignment...);
    if (made == nullptr) {
        throw std::bad_alloc();
    }
    return made;
}

}  // namespace

namespace millrace::tests {

std::size_t allocation_count() noexcept {
    return count_of_thread;
}

}  // namespace millrace::tests

void* operator new(std::size_t size) {
    return allocate_or_throw(size);
}
void* operator new[](std::size_t size) {
    return allocate_or_throw(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate_or_throw(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return allocate_or_throw(size, alignment);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return allocate(size);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return allocate(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return allocate(size, alignment);
}

void operator delete(void* made) noexcept {
    std::free(made);
}
void operator delete[](void* made) noexcept {
    std::free(made);
}
void operator delete(void* made, std::size_t) noexcept {
    std::free(made);
}
void operator delete[](void* made, std::size_t) noexcept {
    std::free(made);
}
void operator delete(void* made, std::align_val_t) noexcept {
    std::free(made);
}
void operator delete[](void* made, std::align_val_t) noexcept {
    std::free(made);
}
void operator delete(void* made, std::size_t, std::align_val_t) noexcept {
    std::free(made);
}
void operator delete[](void* made, std::size_t, std::align_val_t) noexcept {
    std::free(made);
}
void operator delete(void* made, const std::nothrow_t&) noexcept {
    std::free(made);
}
void operator delete[](void* made, const std::nothrow_t&) noexcept {
    std::free(made);
}
void operator delete(void* made, std::align_val_t, const std::nothrow_t&) noexcept {
    std::free(made);
}
void operator delete[](void* made, std::align_val_t, const std::nothrow_t&) noexcept {
    std::free(made);
}
