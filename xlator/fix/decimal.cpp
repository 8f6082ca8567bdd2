#include "xlator/fix/decimal.hpp"

namespace millrace::xlator {

namespace {

constexpr std::uint64_t magnitude_max = static_cast<std::uint64_t>(INT64_MAX);

// Appends one digit; false if the mantissa would not fit.
bool push_digit(std::uint64_t& magnitude, char c) noexcept {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (magnitude > (magnitude_max - digit) / 10) {
        return false;
    }
    magnitude = magnitude * 10 + digit;
    return true;
}

// The digits of `all` behind the point that carry value: trailing zeros are dropped where they
// cannot be kept.
std::size_t kept_fraction(std::string_view all) noexcept {
    std::size_t size = all.size();
    while (size != 0 && all[size - 1] == '0') {
        --size;
    }
    return size;
}

bool parse_exact(std::string_view whole, std::string_view fraction, bool is_negative,
                 decimal& value) noexcept {
    if (fraction.size() > static_cast<std::size_t>(decimal_exponent_max)) {
        return false;
    }
    std::uint64_t magnitude = 0;
    for (const char c : whole) {
        if (!push_digit(magnitude, c)) {
            return false;
        }
    }
    for (const char c : fraction) {
        if (!push_digit(magnitude, c)) {
            return false;
        }
    }
    const auto signed_magnitude = static_cast<std::int64_t>(magnitude);
    value.mantissa = is_negative ? -signed_magnitude : signed_magnitude;
    value.exponent = -static_cast<std::int32_t>(fraction.size());
    return true;
}

}  // namespace

bool parse_decimal(std::string_view text, decimal& value) noexcept {
    const bool is_negative = !text.empty() && text.front() == '-';
    if (is_negative) {
        text.remove_prefix(1);
    }
    std::size_t at = 0;
    while (at < text.size() && is_digit(text[at])) {
        ++at;
    }
    const std::string_view whole = text.substr(0, at);
    std::string_view fraction;
    if (at < text.size()) {
        if (text[at] != '.') {
            return false;
        }
        fraction = text.substr(at + 1);
        for (const char c : fraction) {
            if (!is_digit(c)) {
                return false;
            }
        }
    }
    if (whole.empty() && fraction.empty()) {
        return false;
    }
    return parse_exact(whole, fraction, is_negative, value) ||
           parse_exact(whole, fraction.substr(0, kept_fraction(fraction)), is_negative, value);
}

bool rescale(decimal value, std::int32_t exponent, std::int64_t& mantissa) noexcept {
    if (value.mantissa == 0) {
        mantissa = 0;
        return true;
    }
    std::int64_t result = value.mantissa;
    std::int32_t at = value.exponent;
    while (at > exponent) {
        if (__builtin_mul_overflow(result, std::int64_t{10}, &result)) {
            return false;
        }
        --at;
    }
    while (at < exponent) {
        if (result % 10 != 0) {
            return false;
        }
        result /= 10;
        ++at;
    }
    mantissa = result;
    return true;
}

}  // namespace millrace::xlator
