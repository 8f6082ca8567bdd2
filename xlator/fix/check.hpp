// The fast check of a value against its rule.
//
// Progress  no allocation; falls back to the full parsers only where a short look cannot tell
#pragma once

#include <cstring>
#include <string_view>

#include "xlator/fix/dictionary.hpp"
#include "xlator/fix/rules.hpp"

namespace millrace::xlator::detail {

// Values are short: leaving at the first other byte is faster than what a vectorised loop sets up.
[[nodiscard]] inline bool are_digits(const char* at, std::size_t size) noexcept {
    for (const char* const end = at + size; at != end; ++at) {
        if (!is_digit(*at)) {
            return false;
        }
    }
    return true;
}

// Eight digits at once: each byte is '0' to '9'.
[[nodiscard]] inline bool are_eight_digits(std::uint64_t bytes) noexcept {
    constexpr std::uint64_t high = 0xF0F0'F0F0'F0F0'F0F0;
    constexpr std::uint64_t sixes = 0x0606'0606'0606'0606;
    constexpr std::uint64_t threes = 0x3030'3030'3030'3030;
    return (bytes & high) == threes && ((bytes + sixes) & high) == threes;
}

[[nodiscard]] inline std::uint32_t two_digits(const char* at) noexcept {
    return static_cast<std::uint32_t>((at[0] - '0') * 10 + (at[1] - '0'));
}

// Days up to the 28th at times before the last second of a day are sure to exist; the rest is for
// the full parser.
[[nodiscard]] inline bool passes_timestamp(std::string_view text) noexcept {
    if (text.size() == 17 || text.size() == 21) {
        const char* const at = text.data();
        std::uint64_t date = 0;
        std::memcpy(&date, at, sizeof(date));
        // HH:MM:SS with the colons replaced by digits
        char clock[8] = {at[9], at[10], '0', at[12], at[13], '0', at[15], at[16]};
        std::uint64_t time = 0;
        std::memcpy(&time, clock, sizeof(time));
        const std::uint32_t month = two_digits(at + 4);
        const std::uint32_t day = two_digits(at + 6);
        const bool is_sure = are_eight_digits(date) && are_eight_digits(time) && at[8] == '-' &&
                             at[11] == ':' && at[14] == ':' && at[0] == '2' && at[1] == '0' &&
                             month - 1 < 12 && day - 1 < 28 && two_digits(at + 9) < 24 &&
                             two_digits(at + 12) < 60 && two_digits(at + 15) < 60;
        if (is_sure && (text.size() == 17 || (at[17] == '.' && are_digits(at + 18, 3)))) {
            return true;
        }
    }
    return has_format(field_type::utc_timestamp, text);
}

[[nodiscard]] inline bool passes_count(std::string_view text) noexcept {
    return !text.empty() && (text.size() <= 9 ? are_digits(text.data(), text.size())
                                              : has_format(field_type::length, text));
}

[[nodiscard]] inline bool passes_decimal(std::string_view text) noexcept {
    if (text.size() > 18) {
        decimal value;
        return parse_decimal(text, value);
    }
    std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
    std::size_t digits = 0;
    for (; at < text.size() && is_digit(text[at]); ++at) {
        ++digits;
    }
    if (at < text.size() && text[at] == '.') {
        for (++at; at < text.size() && is_digit(text[at]); ++at) {
            ++digits;
        }
    }
    return at == text.size() && digits != 0;
}

[[nodiscard]] inline bool passes_integer(std::string_view text) noexcept {
    const std::string_view digits = !text.empty() && text[0] == '-' ? text.substr(1) : text;
    if (digits.size() > 18) {
        return has_format(field_type::integer, text);
    }
    return !digits.empty() && are_digits(digits.data(), digits.size());
}

// Every token is in the set; single spaces between.
[[nodiscard]] inline bool passes_tokens(const value_set& values, std::string_view text) noexcept {
    while (true) {
        const std::size_t space = text.find(' ');
        if (!values.contains(text.substr(0, space))) {
            return false;
        }
        if (space == std::string_view::npos) {
            return true;
        }
        text.remove_prefix(space + 1);
    }
}

[[gnu::always_inline]] [[nodiscard]] inline bool passes(const dictionary& dict,
                                                        const member_rule& rule,
                                                        std::string_view text) noexcept {
    switch (rule.check) {
        case value_check::text:
        case value_check::data:
            return !text.empty();
        case value_check::format:
            return has_format(rule.type, text);
        case value_check::character:
            return text.size() == 1;
        case value_check::integer:
            return passes_integer(text);
        case value_check::count:
            return passes_count(text);
        case value_check::decimal:
            return passes_decimal(text);
        case value_check::timestamp:
            return passes_timestamp(text);
        case value_check::boolean:
            return text.size() == 1 && (text[0] == 'Y' || text[0] == 'N');
        case value_check::set:
            return dict.values(rule.values).contains(text);
        case value_check::tokens:
            return passes_tokens(dict.values(rule.values), text);
        case value_check::undeclared:
            return false;
    }
    return false;
}

// What QuickFIX 1.15 takes for a value of the type; it is laxer than FIX about dates, times and
// numbers.
[[nodiscard]] bool has_quickfix_format(field_type type, std::string_view text) noexcept;

}  // namespace millrace::xlator::detail
