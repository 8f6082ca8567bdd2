#include "engine/table/values.hpp"

#include <array>
#include <charconv>

#include "engine/core/number.hpp"

namespace millrace::engine {

namespace {

__extension__ typedef __int128 int128;

constexpr std::int32_t plain_exponent_min = -64;
constexpr std::int32_t plain_exponent_max = 20;
// With zeros appended: any so many digits are a mantissa, so that the text is read back.
constexpr std::int32_t plain_digits_max = 18;

constexpr std::array<std::int64_t, 19> powers_of_ten = [] {
    std::array<std::int64_t, 19> powers{1};
    for (std::size_t i = 1; i < powers.size(); ++i) {
        powers[i] = powers[i - 1] * 10;
    }
    return powers;
}();

std::uint64_t magnitude(std::int64_t value) noexcept {
    const auto bits = static_cast<std::uint64_t>(value);
    return value < 0 ? 0 - bits : bits;
}

// REQUIRES: left has the greater exponent.
std::weak_ordering compare_scaled(const decimal& left, const decimal& right) noexcept {
    const std::int64_t difference = std::int64_t{left.exponent} - right.exponent;
    if (difference > 18 && left.mantissa != 0) {
        // At least 10^19 steps of the right's, which is more than any mantissa counts.
        return left.mantissa > 0 ? std::weak_ordering::greater : std::weak_ordering::less;
    }
    // 2^63 * 10^18 fits 127 bits; and where the left is zero, its exponent means nothing.
    int128 scaled = left.mantissa;
    scaled *= left.mantissa == 0 ? 1 : powers_of_ten[static_cast<std::size_t>(difference)];
    if (scaled == right.mantissa) {
        return std::weak_ordering::equivalent;
    }
    return scaled < right.mantissa ? std::weak_ordering::less : std::weak_ordering::greater;
}

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

// Reads digits while there are any into a magnitude of at most 19 digits.
struct digit_reader {
    std::string_view text;
    std::size_t at = 0;
    std::uint64_t value = 0;
    std::size_t count = 0;
    bool has_overflowed = false;

    std::size_t read() noexcept {
        const std::size_t start = at;
        for (; at < text.size() && is_digit(text[at]); ++at) {
            const auto digit = static_cast<std::uint64_t>(text[at] - '0');
            // 2^63 is the magnitude of the least mantissa; the sign is looked at later.
            if (value > ((std::uint64_t{1} << 63) - digit) / 10) {
                has_overflowed = true;
            } else {
                value = value * 10 + digit;
            }
        }
        count += at - start;
        return at - start;
    }
};

// Up to 6 digits, so that the sum with the decimals cannot overflow.
bool read_exponent(std::string_view text, std::int32_t& exponent) noexcept {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) {
            return false;
        }
    }
    if (text.size() > 7) {
        return false;
    }
    return parse_number(text, exponent);
}

}  // namespace

std::weak_ordering compare(const decimal& left, const decimal& right) noexcept {
    if (left.is_null() || right.is_null()) {
        return static_cast<int>(right.is_null()) <=> static_cast<int>(left.is_null());
    }
    if (left.exponent == right.exponent) {
        return left.mantissa <=> right.mantissa;
    }
    return left.exponent > right.exponent ? compare_scaled(left, right)
                                          : 0 <=> compare_scaled(right, left);
}

decimal normalized(decimal value) noexcept {
    if (value.is_null()) {
        return {};
    }
    if (value.mantissa == 0) {
        return {0, 0, 0};
    }
    while (value.mantissa % 10 == 0 && value.exponent < std::numeric_limits<std::int32_t>::max()) {
        value.mantissa /= 10;
        ++value.exponent;
    }
    value.zero = 0;
    return value;
}

decimal_status parse_decimal(std::string_view text, decimal& value) noexcept {
    bool is_negative = false;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        is_negative = text[0] == '-';
        text.remove_prefix(1);
    }
    digit_reader digits{text};
    if (digits.read() == 0) {
        return decimal_status::malformed;
    }
    std::size_t decimal_count = 0;
    if (digits.at < text.size() && text[digits.at] == '.') {
        ++digits.at;
        decimal_count = digits.read();
        if (decimal_count == 0) {
            return decimal_status::malformed;
        }
    }
    std::int32_t exponent = 0;
    if (digits.at < text.size()) {
        if ((text[digits.at] != 'e' && text[digits.at] != 'E') ||
            !read_exponent(text.substr(digits.at + 1), exponent)) {
            return decimal_status::malformed;
        }
    }
    constexpr std::uint64_t mantissa_max = std::numeric_limits<std::int64_t>::max();
    if (digits.has_overflowed || digits.value > mantissa_max + (is_negative ? 1 : 0) ||
        decimal_count > std::size_t{decimal_exponent_max}) {
        return decimal_status::overflow;
    }
    exponent -= static_cast<std::int32_t>(decimal_count);
    if (exponent < -decimal_exponent_max || exponent > decimal_exponent_max) {
        return decimal_status::overflow;
    }
    value.mantissa = static_cast<std::int64_t>(is_negative ? 0 - digits.value : digits.value);
    value.exponent = exponent;
    value.zero = 0;
    return decimal_status::ok;
}

std::size_t format_decimal(const decimal& value, char* out) noexcept {
    if (value.is_null()) {
        return 0;
    }
    char* const start = out;
    char digits[20];
    const auto count = static_cast<std::int32_t>(
        std::to_chars(digits, digits + sizeof digits, magnitude(value.mantissa)).ptr - digits);
    if (value.mantissa < 0) {
        *out++ = '-';
    }
    // A row may hold any exponent, and a sum with it could overflow.
    const bool is_too_long =
        value.exponent > 0 && value.mantissa != 0 && value.exponent > plain_digits_max - count;
    if (value.exponent < plain_exponent_min || value.exponent > plain_exponent_max || is_too_long) {
        out = std::copy_n(digits, count, out);
        *out++ = 'e';
        return static_cast<std::size_t>(std::to_chars(out, out + 12, value.exponent).ptr - start);
    }
    if (value.exponent >= 0) {
        out = std::copy_n(digits, count, out);
        if (value.mantissa != 0) {
            out = std::fill_n(out, value.exponent, '0');
        }
        return static_cast<std::size_t>(out - start);
    }
    const std::int32_t whole_count =
        count + value.exponent;  // may be negative: zeros to put before
    if (whole_count > 0) {
        out = std::copy_n(digits, whole_count, out);
        *out++ = '.';
        out = std::copy_n(digits + whole_count, -value.exponent, out);
    } else {
        *out++ = '0';
        *out++ = '.';
        out = std::fill_n(out, -whole_count, '0');
        out = std::copy_n(digits, count, out);
    }
    return static_cast<std::size_t>(out - start);
}

std::string to_string(const decimal& value) {
    char text[decimal_text_size_max];
    return std::string(text, format_decimal(value, text));
}

}  // namespace millrace::engine
