// Exact decimal numbers: mantissa times ten to the power of exponent, never floating point.
//
// Units   exponent: powers of ten, -18 to 18
// Errors  a text or number that does not fit is refused, never rounded
#pragma once

#include <cstdint>
#include <string_view>

#include "xlator/fix/digits.hpp"

namespace millrace::xlator {

inline constexpr std::int32_t decimal_exponent_max = 18;
inline constexpr std::size_t decimal_size_max = 40;  // bytes of the longest text

struct decimal {
    std::int64_t mantissa = 0;
    std::int32_t exponent = 0;

    // By value: 1.50 equals 1.5.
    friend constexpr bool operator==(const decimal& left, const decimal& right) noexcept {
        const decimal a = left.normalized();
        const decimal b = right.normalized();
        return a.mantissa == b.mantissa && a.exponent == b.exponent;
    }

    // Without trailing zeros; zero has exponent 0.
    [[nodiscard]] constexpr decimal normalized() const noexcept {
        if (mantissa == 0) {
            return {};
        }
        decimal result = *this;
        while (result.mantissa % 10 == 0) {
            result.mantissa /= 10;
            ++result.exponent;
        }
        return result;
    }

    [[nodiscard]] constexpr bool is_in_range() const noexcept {
        return exponent >= -decimal_exponent_max && exponent <= decimal_exponent_max;
    }
};

// The mantissa of value at the given exponent; false if that would round or overflow.
[[nodiscard]] bool rescale(decimal value, std::int32_t exponent, std::int64_t& mantissa) noexcept;

// FIX float: optional minus, digits, optional point and digits; at least one digit. "1." and ".5"
// are FIX. Keeps trailing zeros, so that what was read can be written back unchanged.
[[nodiscard]] bool parse_decimal(std::string_view text, decimal& value) noexcept;

// Writes at most decimal_size_max bytes and returns the end. REQUIRES value.is_in_range().
inline char* write_decimal(char* out, decimal value) noexcept {
    auto magnitude = static_cast<std::uint64_t>(value.mantissa);
    if (value.mantissa < 0) {
        *out++ = '-';
        magnitude = 0 - magnitude;
    }
    if (value.exponent >= 0) {
        out = write_unsigned(out, magnitude);
        const int zeros = magnitude == 0 ? 0 : value.exponent;
        for (int i = 0; i < zeros; ++i) {
            *out++ = '0';
        }
        return out;
    }
    const auto fraction = static_cast<unsigned>(-value.exponent);
    const unsigned digits = digit_count(magnitude);
    if (digits <= fraction) {
        *out++ = '0';
        *out++ = '.';
        for (unsigned i = digits; i < fraction; ++i) {
            *out++ = '0';
        }
        return write_digits(out, magnitude, digits);
    }
    // The digits go one place to the right, then the whole part moves back: cheaper than a
    // division.
    write_digits(out + 1, magnitude, digits);
    const unsigned whole = digits - fraction;
    for (unsigned i = 0; i < whole; ++i) {
        out[i] = out[i + 1];
    }
    out[whole] = '.';
    return out + digits + 1;
}

}  // namespace millrace::xlator
