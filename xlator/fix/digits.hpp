// Unsigned integers to and from decimal digits.
//
// Progress  no branch on the locale, no allocation; each call writes exactly the bytes it returns
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace millrace::xlator {

namespace detail {

inline constexpr std::array<std::uint64_t, 20> powers_of_ten = [] {
    std::array<std::uint64_t, 20> table{};
    std::uint64_t power = 1;
    for (auto& entry : table) {
        entry = power;
        power *= 10;
    }
    return table;
}();

inline constexpr std::array<char, 200> digit_pairs = [] {
    std::array<char, 200> table{};
    for (std::size_t i = 0; i < 100; ++i) {
        table[2 * i] = static_cast<char>('0' + i / 10);
        table[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return table;
}();

}  // namespace detail

[[nodiscard]] constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

[[nodiscard]] constexpr unsigned digit_count(std::uint64_t value) noexcept {
    // 1233 / 4096 is log10(2), close enough for 64 bits; zero counts as one digit.
    const auto guess = (static_cast<unsigned>(std::bit_width(value | 1)) * 1233U) >> 12;
    return guess + (value >= detail::powers_of_ten[guess] || guess == 0 ? 1U : 0U);
}

// Writes value with exactly `digits` digits, leading zeros included. REQUIRES value < 10^digits.
constexpr char* write_digits(char* out, std::uint64_t value, unsigned digits) noexcept {
    char* const end = out + digits;
    char* at = end;
    while (value >= 100) {
        const auto pair = static_cast<std::size_t>(value % 100) * 2;
        value /= 100;
        at -= 2;
        at[0] = detail::digit_pairs[pair];
        at[1] = detail::digit_pairs[pair + 1];
    }
    if (at - out >= 2) {
        const auto pair = static_cast<std::size_t>(value) * 2;
        at -= 2;
        at[0] = detail::digit_pairs[pair];
        at[1] = detail::digit_pairs[pair + 1];
        value = 0;
        while (at > out) {
            *--at = '0';
        }
    } else if (at > out) {
        *--at = static_cast<char>('0' + value);
    }
    return end;
}

constexpr char* write_unsigned(char* out, std::uint64_t value) noexcept {
    return write_digits(out, value, digit_count(value));
}

constexpr char* write_signed(char* out, std::int64_t value) noexcept {
    auto magnitude = static_cast<std::uint64_t>(value);
    if (value < 0) {
        *out++ = '-';
        magnitude = 0 - magnitude;
    }
    return write_unsigned(out, magnitude);
}

// Digits only, at least one, no sign; false on anything else or if the number needs more than 64
// bits.
[[nodiscard]] constexpr bool parse_unsigned(std::string_view text, std::uint64_t& value) noexcept {
    if (text.empty()) {
        return false;
    }
    std::uint64_t result = 0;
    for (const char c : text) {
        const auto digit = static_cast<std::uint64_t>(static_cast<unsigned char>(c)) - '0';
        if (digit > 9 || result > (UINT64_MAX - digit) / 10) {
            return false;
        }
        result = result * 10 + digit;
    }
    value = result;
    return true;
}

// Optional minus and digits; false if the number needs more than 64 bits.
[[nodiscard]] constexpr bool parse_signed(std::string_view text, std::int64_t& value) noexcept {
    const bool is_negative = !text.empty() && text.front() == '-';
    if (is_negative) {
        text.remove_prefix(1);
    }
    std::uint64_t magnitude = 0;
    if (!parse_unsigned(text, magnitude)) {
        return false;
    }
    const std::uint64_t limit = static_cast<std::uint64_t>(INT64_MAX) + (is_negative ? 1 : 0);
    if (magnitude > limit) {
        return false;
    }
    value = static_cast<std::int64_t>(is_negative ? 0 - magnitude : magnitude);
    return true;
}

// Copies a short run of bytes without a call; writes exactly size bytes, reads exactly size bytes.
[[gnu::always_inline]] inline char* copy_bytes(char* out, const char* from,
                                               std::size_t size) noexcept {
    if (size >= 8) [[likely]] {
        if (size > 32) {
            std::memcpy(out, from, size);
            return out + size;
        }
        if (size > 16) {
            std::memcpy(out, from, 16);
            std::memcpy(out + size - 16, from + size - 16, 16);
            return out + size;
        }
        std::memcpy(out, from, 8);
        std::memcpy(out + size - 8, from + size - 8, 8);
        return out + size;
    }
    if (size >= 4) {
        std::memcpy(out, from, 4);
        std::memcpy(out + size - 4, from + size - 4, 4);
        return out + size;
    }
    if (size >= 2) {
        std::memcpy(out, from, 2);
        std::memcpy(out + size - 2, from + size - 2, 2);
        return out + size;
    }
    if (size == 1) {
        *out = *from;
    }
    return out + size;
}

}  // namespace millrace::xlator
