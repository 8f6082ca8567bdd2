#include "tools/venue/decimal.hpp"

#include <limits>

namespace millrace {
namespace tools {

bool parse_decimal(const std::string& text, std::int64_t& value) {
    std::size_t at = 0;
    const bool is_negative = !text.empty() && text[0] == '-';
    if (is_negative) {
        ++at;
    }
    constexpr int places_max = 8;
    int places = -1;  // -1: no point seen
    int digits = 0;
    notional sum = 0;
    constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '.' && places < 0) {
            places = 0;
            continue;
        }
        if (c < '0' || c > '9') {
            return false;
        }
        ++digits;
        if (places >= places_max) {
            if (c != '0') {
                return false;
            }
            continue;
        }
        if (places >= 0) {
            ++places;
        }
        sum = sum * 10 + (c - '0');
        if (sum > largest) {
            return false;
        }
    }
    if (digits == 0) {
        return false;
    }
    for (int place = places < 0 ? 0 : places; place < places_max; ++place) {
        sum *= 10;
    }
    if (sum > largest) {
        return false;
    }
    value = static_cast<std::int64_t>(is_negative ? -sum : sum);
    return true;
}

std::string format_decimal(std::int64_t value) {
    const bool is_negative = value < 0;
    std::uint64_t rest = static_cast<std::uint64_t>(value);
    if (is_negative) {
        rest = 0 - rest;
    }
    constexpr auto scale = static_cast<std::uint64_t>(decimal_scale);
    std::string text(is_negative ? "-" : "");
    text += std::to_string(rest / scale);
    const std::uint64_t fraction = rest % scale;
    if (fraction != 0) {
        std::string digits = std::to_string(scale + fraction);  // a leading 1 keeps the zeros
        digits[0] = '.';
        digits.erase(digits.find_last_not_of('0') + 1);
        text += digits;
    }
    return text;
}

std::int64_t average_price(notional sum, std::int64_t quantity) {
    if (quantity == 0) {
        return 0;
    }
    const notional half = quantity / 2;
    return static_cast<std::int64_t>((sum < 0 ? sum - half : sum + half) / quantity);
}

std::int64_t decimal_step(std::int64_t quantity) {
    std::int64_t step = decimal_scale;
    while (step > 1 && quantity % step != 0) {
        step /= 10;
    }
    return step;
}

}  // namespace tools
}  // namespace millrace
