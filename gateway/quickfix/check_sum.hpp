// CheckSum (10), the last field of a frame: the sum of all bytes before it.
#pragma once

#include <cstddef>
#include <cstring>

namespace millrace {
namespace gateway {

constexpr std::size_t trailer_bytes = 7;  // 10=ddd and its SOH

inline bool is_digit(char byte) noexcept {
    return byte >= '0' && byte <= '9';
}

inline unsigned sum_of(const char* bytes, std::size_t size) noexcept {
    unsigned sum = 0;
    for (std::size_t i = 0; i < size; ++i) {
        sum += static_cast<unsigned char>(bytes[i]);
    }
    return sum;
}

// REQUIRES: trailer_bytes bytes.
inline bool is_trailer(const char* at) noexcept {
    return std::memcmp(at, "10=", 3) == 0 && is_digit(at[3]) && is_digit(at[4]) &&
           is_digit(at[5]) && at[6] == '\x01';
}

// Up to 999, which no sum is. REQUIRES: is_trailer(at).
inline unsigned stated_sum(const char* at) noexcept {
    return static_cast<unsigned>((at[3] - '0') * 100 + (at[4] - '0') * 10 + (at[5] - '0'));
}

// Whether the trailer states the sum of the bytes before it. REQUIRES: is_trailer there, and room
// for it.
inline bool is_sum_right(const char* frame, std::size_t size) noexcept {
    const std::size_t summed = size - trailer_bytes;
    return stated_sum(frame + summed) == (sum_of(frame, summed) & 0xffu);
}

}  // namespace gateway
}  // namespace millrace
