#include <string_view>

#include "xlator/fix/check.hpp"

namespace millrace::xlator::detail {

namespace {

bool is_number_between(std::string_view text, int low, int high) noexcept {
    int value = 0;
    for (const char c : text) {
        if (!is_digit(c)) {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    return value >= low && value <= high;
}

bool is_quickfix_integer(std::string_view text) noexcept {
    if (!text.empty() && text[0] == '-') {
        text.remove_prefix(1);
    }
    return !text.empty() && are_digits(text.data(), text.size());
}

bool is_quickfix_decimal(std::string_view text) noexcept {
    std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
    bool has_digit = false;
    for (; at < text.size() && is_digit(text[at]); ++at) {
        has_digit = true;
    }
    if (at < text.size() && text[at] == '.') {
        for (++at; at < text.size() && is_digit(text[at]); ++at) {
            has_digit = true;
        }
    }
    return at == text.size() && has_digit;
}

bool is_quickfix_date(std::string_view text) noexcept {
    return text.size() == 8 && are_digits(text.data(), 4) &&
           is_number_between(text.substr(4, 2), 1, 12) &&
           is_number_between(text.substr(6, 2), 1, 31);
}

bool is_quickfix_time(std::string_view text) noexcept {
    if (text.size() < 8 || text.size() > 18 || text[2] != ':' || text[5] != ':' ||
        !is_number_between(text.substr(0, 2), 0, 23) ||
        !is_number_between(text.substr(3, 2), 0, 59) ||
        !is_number_between(text.substr(6, 2), 0, 60)) {
        return false;
    }
    return text.size() == 8 || (text[8] == '.' && are_digits(text.data() + 9, text.size() - 9));
}

}  // namespace

bool has_quickfix_format(field_type type, std::string_view text) noexcept {
    if (is_decimal(type)) {
        return is_quickfix_decimal(text);
    }
    switch (type) {
        case field_type::integer:
        case field_type::num_in_group:
        case field_type::seq_num:
        case field_type::length:
            return is_quickfix_integer(text);
        case field_type::character:
            return text.size() == 1;
        case field_type::boolean:
            return text == "Y" || text == "N";
        case field_type::utc_timestamp:
            return text.size() >= 17 && text.size() <= 27 && text[8] == '-' &&
                   is_quickfix_date(text.substr(0, 8)) && is_quickfix_time(text.substr(9));
        case field_type::utc_date:
            return is_quickfix_date(text);
        case field_type::utc_time:
            return is_quickfix_time(text);
        default:
            return true;
    }
}

}  // namespace millrace::xlator::detail
