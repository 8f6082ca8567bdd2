// Which log file is mapped at an address: for the one who must say so in a signal handler, when a
// page of it could not be had.
//
// Threading  any thread notes and forgets; name_mapped_segment() is async-signal-safe
// Progress   no lock and no allocation; noting claims one of a fixed number of places, and where
//            none is free the file is just not named
// Units      bytes of address space
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>

namespace millrace::engine {

// Stands for one mapping of a segment's file while it lives. Goes before the mapping.
class mapped_segment {
public:
    mapped_segment() = default;
    mapped_segment(const std::byte* data, std::size_t size,
                   const std::filesystem::path& path) noexcept;
    mapped_segment(mapped_segment&& other) noexcept : place_(std::exchange(other.place_, 0)) {}
    mapped_segment& operator=(mapped_segment&& other) noexcept {
        forget();
        place_ = std::exchange(other.place_, 0);
        return *this;
    }
    mapped_segment(const mapped_segment&) = delete;
    mapped_segment& operator=(const mapped_segment&) = delete;
    ~mapped_segment() { forget(); }

private:
    void forget() noexcept;
    std::size_t place_ = 0;  // from 1; 0: none
};

// Writes the file's path, cut in front where it is too long, and a zero. False: no segment that is
// known lies there. Async-signal-safe. REQUIRES room for a zero.
[[nodiscard]] bool name_mapped_segment(const void* address, std::span<char> text) noexcept;

}  // namespace millrace::engine
