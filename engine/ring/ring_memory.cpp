#include "engine/ring/ring_memory.hpp"

#include <sys/mman.h>

#include <bit>
#include <cerrno>
#include <string>

#include "engine/core/error.hpp"

namespace millrace::engine {

namespace {

constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

}  // namespace

ring_memory::ring_memory(std::size_t size) : size_(size) {
    void* const address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address == MAP_FAILED) {
        throw io_error("mmap", std::to_string(size) + " bytes for a ring", errno);
    }
    data_ = static_cast<std::byte*>(address);
    if (size >= huge_page_bytes) {
        // Fewer TLB misses where the host offers huge pages; a refusal only means small pages.
        static_cast<void>(::madvise(address, size, MADV_HUGEPAGE));
    }
    // Unlike touching each page, this reports a lack of memory as an error and not as a kill.
    if (::madvise(address, size, MADV_POPULATE_WRITE) != 0) {
        const int code = errno;
        if (code != EINVAL) {
            ::munmap(address, size);
            data_ = nullptr;
            throw io_error("madvise(MADV_POPULATE_WRITE)",
                           std::to_string(size) + " bytes for a ring", code);
        }
        // Kernels before 5.14 do not know the advice.
        constexpr std::size_t page_bytes = 4096;
        for (std::size_t offset = 0; offset < size; offset += page_bytes) {
            const_cast<volatile std::byte*>(data_)[offset] = std::byte{0};
        }
    }
}

ring_memory& ring_memory::operator=(ring_memory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

ring_memory::~ring_memory() {
    if (data_ != nullptr) {
        ::munmap(data_, size_);
    }
}

namespace detail {

std::size_t checked_ring_capacity(std::size_t capacity, std::size_t min, std::size_t max,
                                  const char* unit) {
    if (!std::has_single_bit(capacity) || capacity < min || capacity > max) {
        throw config_error("ring capacity is " + std::to_string(capacity) + " " + unit +
                           "; give a power of two from " + std::to_string(min) + " to " +
                           std::to_string(max));
    }
    return capacity;
}

}  // namespace detail

}  // namespace millrace::engine
