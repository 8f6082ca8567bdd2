// The fast check of a value against its rule.
//
// Progress  no allocation; falls back to the full parsers only where a short look cannot tell
#pragma once

#include <string_view>

#include "xlator/fix/dictionary.hpp"
#include "xlator/fix/rules.hpp"

namespace millrace::xlator::detail {

[[nodiscard]] inline bool are_digits(const char* at, std::size_t size) noexcept {
    unsigned bad = 0;
    for (std::size_t i = 0; i < size; ++i) {
        bad |= static_cast<unsigned>(static_cast<unsigned char>(at[i]) - '0') > 9 ? 1U : 0U;
    }
    return bad == 0;
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

[[nodiscard]] inline bool passes(const dictionary& dict, const member_rule& rule,
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

// What QuickFIX 1.15 takes for a value of the type; it is laxer than FIX about dates, times and numbers.
[[nodiscard]] bool has_quickfix_format(field_type type, std::string_view text) noexcept;

}  // namespace millrace::xlator::detail
