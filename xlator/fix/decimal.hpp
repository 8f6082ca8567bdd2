// Exact decimal numbers: mantissa times ten to the power of exponent, never floating point.
//
// Units   exponent: powers of ten, -18 to 18
// Errors  a text or number that does not fit is refused, never rounded
#pragma once

#include <compare>
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

    // By value too.
    friend constexpr std::weak_ordering operator<=>(const decimal& left,
                                                    const decimal& right) noexcept {
        const bool is_negative = left.mantissa < 0;
        if (is_negative != (right.mantissa < 0)) {
            return is_negative ? std::weak_ordering::less : std::weak_ordering::greater;
        }
        const std::weak_ordering by_size = compare_sizes(left.normalized(), right.normalized());
        return is_negative ? 0 <=> by_size : by_size;
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

private:
    // Without the sign. Numbers of as many places before the point differ by no more digits than
    // one of them has, so bringing them to one exponent does not overflow.
    static constexpr std::weak_ordering compare_sizes(const decimal& left,
                                                      const decimal& right) noexcept {
        std::uint64_t a = magnitude_of(left.mantissa);
        std::uint64_t b = magnitude_of(right.mantissa);
        if (a == 0 || b == 0) {
            return a <=> b;
        }
        const std::int32_t a_places = static_cast<std::int32_t>(digit_count(a)) + left.exponent;
        const std::int32_t b_places = static_cast<std::int32_t>(digit_count(b)) + right.exponent;
        if (a_places != b_places) {
            return a_places <=> b_places;
        }
        for (std::int32_t i = right.exponent; i < left.exponent; ++i) {
            a *= 10;
        }
        for (std::int32_t i = left.exponent; i < right.exponent; ++i) {
            b *= 10;
        }
        return a <=> b;
    }
    static constexpr std::uint64_t magnitude_of(std::int64_t value) noexcept {
        const auto bits = static_cast<std::uint64_t>(value);
        return value < 0 ? 0 - bits : bits;
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
