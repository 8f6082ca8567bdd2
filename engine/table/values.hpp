// The values a row holds beside the built-in integers: bounded text and exact decimals.
//
// Progress   nothing here allocates except to_string()
// Invariant  a text's bytes behind its size are zero, so equal texts are equal byte for byte
// Units      decimal: mantissa * 10^exponent; text capacity: bytes
// Errors     assign() and parse_decimal() answer; a literal that does not fit does not compile
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

namespace millrace::engine {

//  0      2                        2 + Capacity, rounded up to even
//  | size | bytes ... zeros        |
template <std::size_t Capacity>
class text {
    static_assert(Capacity >= 1 && Capacity <= 65535, "a text holds 1 to 65535 bytes");

public:
    static constexpr std::size_t capacity = Capacity;

    constexpr text() = default;

    // Implicit and for constants only: `order{.cl_ord_id = "A1"}` is checked by the compiler.
    template <std::size_t LiteralSize>
    consteval text(const char (&literal)[LiteralSize])
        : size_(static_cast<std::uint16_t>(LiteralSize - 1)) {
        static_assert(LiteralSize - 1 <= Capacity,
                      "the literal is longer than the text's capacity");
        std::copy_n(literal, LiteralSize - 1, bytes_);
    }

    // False, and nothing changed, if the value is longer than the capacity.
    [[nodiscard]] constexpr bool assign(std::string_view value) noexcept {
        if (value.size() > Capacity) {
            return false;
        }
        std::copy_n(value.data(), value.size(), bytes_);
        std::fill(bytes_ + value.size(), bytes_ + stored_size, '\0');
        size_ = static_cast<std::uint16_t>(value.size());
        return true;
    }

    constexpr void clear() noexcept { *this = text{}; }

    // Never reaches beyond the text, whatever the size field of a foreign row claims.
    [[nodiscard]] constexpr std::string_view view() const noexcept {
        return {bytes_, std::min<std::size_t>(size_, Capacity)};
    }
    [[nodiscard]] constexpr std::size_t size() const noexcept { return view().size(); }
    [[nodiscard]] constexpr bool is_empty() const noexcept { return size_ == 0; }

    friend constexpr bool operator==(const text& left, const text& right) noexcept {
        return left.view() == right.view();
    }
    friend constexpr auto operator<=>(const text& left, const text& right) noexcept {
        return left.view() <=> right.view();
    }

private:
    // Even, so that the compiler adds no padding byte of its own.
    static constexpr std::size_t stored_size = (Capacity + 1) / 2 * 2;

    std::uint16_t size_ = 0;
    char bytes_[stored_size] = {};
};

static_assert(sizeof(text<1>) == 4 && sizeof(text<20>) == 22 && sizeof(text<21>) == 24);
static_assert(alignof(text<20>) == 2 && std::is_trivially_copyable_v<text<20>>);
static_assert(std::is_standard_layout_v<text<20>>);

//  0          8          12     16
//  | mantissa | exponent | zero |
struct decimal {
    // The exponent of the empty decimal, which is also the default: no price is not a price of 0.
    static constexpr std::int32_t null_exponent = std::numeric_limits<std::int32_t>::min();

    std::int64_t mantissa = 0;
    std::int32_t exponent = null_exponent;
    std::uint32_t zero = 0;

    [[nodiscard]] constexpr bool is_null() const noexcept { return exponent == null_exponent; }

    // To and from any other {mantissa, exponent} pair. REQUIRES: not null, where Pair has no null.
    template <class Pair>
    [[nodiscard]] constexpr Pair to() const noexcept {
        Pair pair{};
        pair.mantissa = mantissa;
        pair.exponent = exponent;
        return pair;
    }
    template <class Pair>
    [[nodiscard]] static constexpr decimal of(const Pair& pair) noexcept {
        return {pair.mantissa, pair.exponent, 0};
    }
};

static_assert(sizeof(decimal) == 16 && alignof(decimal) == 8);
static_assert(offsetof(decimal, exponent) == 8 && offsetof(decimal, zero) == 12);
static_assert(std::is_trivially_copyable_v<decimal> && std::is_standard_layout_v<decimal>);

// By value, exact whatever the exponents: 1.5 equals 1.50. Null is equal to null, and the least.
[[nodiscard]] std::weak_ordering compare(const decimal& left, const decimal& right) noexcept;

[[nodiscard]] inline bool operator==(const decimal& left, const decimal& right) noexcept {
    return compare(left, right) == 0;
}
[[nodiscard]] inline std::weak_ordering operator<=>(const decimal& left,
                                                    const decimal& right) noexcept {
    return compare(left, right);
}

// The one representation of a value, without trailing zeros: equal values are equal bytes.
[[nodiscard]] decimal normalized(decimal value) noexcept;

enum class decimal_status : std::uint8_t { ok, malformed, overflow };

inline constexpr std::int32_t decimal_exponent_max = 9999;  // beyond it parse_decimal says overflow

// [+-]digits[.digits][e[+-]digits]; keeps the number of decimals: "1.50" is 150 * 10^-2.
[[nodiscard]] decimal_status parse_decimal(std::string_view text, decimal& value) noexcept;

inline constexpr std::size_t decimal_text_size_max = 96;
// Writes at most decimal_text_size_max bytes and returns how many; nothing for null. Plain digits
// up to 64 decimals, or 18 digits with the zeros appended; mantissa and exponent ("5e99") beyond.
[[nodiscard]] std::size_t format_decimal(const decimal& value, char* out) noexcept;
[[nodiscard]] std::string to_string(const decimal& value);

}  // namespace millrace::engine
