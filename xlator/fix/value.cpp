#include "xlator/fix/value.hpp"

#include <limits>

#include "xlator/fix/date_time.hpp"

namespace millrace::xlator {

namespace {

bool is_count(std::string_view text) noexcept {
    std::uint64_t value = 0;
    return parse_unsigned(text, value) && value <= std::numeric_limits<std::int32_t>::max();
}

bool is_letter(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool has_letters(std::string_view text, std::size_t size) noexcept {
    if (text.size() != size) {
        return false;
    }
    for (const char c : text) {
        if (!is_letter(c)) {
            return false;
        }
    }
    return true;
}

// Words separated by single spaces; of one character each where is_chars.
bool is_token_list(std::string_view text, bool is_chars) noexcept {
    std::size_t size = 0;
    for (const char c : text) {
        if (c == ' ') {
            if (size == 0 || (is_chars && size != 1)) {
                return false;
            }
            size = 0;
        } else {
            ++size;
        }
    }
    return size != 0 && (!is_chars || size == 1);
}

bool is_decimal_text(std::string_view text) noexcept {
    decimal value;
    return parse_decimal(text, value);
}

bool is_integer_text(std::string_view text) noexcept {
    std::int64_t value = 0;
    return parse_signed(text, value);
}

bool is_timestamp_text(std::string_view text) noexcept {
    utc_timestamp value;
    return parse_utc_timestamp(text, value);
}

bool is_day_of_month(std::string_view text) noexcept {
    std::uint64_t day = 0;
    return text.size() <= 2 && parse_unsigned(text, day) && day >= 1 && day <= 31;
}

bool has_text_format(field_type type, std::string_view text) noexcept {
    switch (type) {
        case field_type::local_mkt_date:
        case field_type::utc_date:
            return is_date(text);
        case field_type::utc_time:
            return is_time(text);
        case field_type::month_year:
            return is_month_year(text);
        case field_type::tz_time:
            return is_tz_time(text);
        case field_type::tz_timestamp:
            return is_tz_timestamp(text);
        case field_type::currency:
            return has_letters(text, 3);
        case field_type::country:
            return has_letters(text, 2);
        case field_type::multiple_value_string:
            return is_token_list(text, false);
        case field_type::multiple_char_value:
            return is_token_list(text, true);
        default:
            return true;
    }
}

}  // namespace

bool has_format(field_type type, std::string_view text) noexcept {
    if (text.empty()) {
        return false;
    }
    switch (type) {
        case field_type::price:
        case field_type::amt:
        case field_type::qty:
        case field_type::floating:
        case field_type::price_offset:
        case field_type::percentage:
            return is_decimal_text(text);
        case field_type::integer:
            return is_integer_text(text);
        case field_type::num_in_group:
        case field_type::seq_num:
        case field_type::length:
            return is_count(text);
        case field_type::day_of_month:
            return is_day_of_month(text);
        case field_type::character:
            return text.size() == 1;
        case field_type::boolean:
            return text == "Y" || text == "N";
        case field_type::utc_timestamp:
            return is_timestamp_text(text);
        default:
            return has_text_format(type, text);
    }
}

std::string_view to_string(field_type type) noexcept {
    static constexpr std::string_view names[] = {"STRING",
                                                 "CHAR",
                                                 "PRICE",
                                                 "INT",
                                                 "AMT",
                                                 "QTY",
                                                 "CURRENCY",
                                                 "MULTIPLEVALUESTRING",
                                                 "MULTIPLECHARVALUE",
                                                 "EXCHANGE",
                                                 "UTCTIMESTAMP",
                                                 "BOOLEAN",
                                                 "LOCALMKTDATE",
                                                 "DATA",
                                                 "FLOAT",
                                                 "PRICEOFFSET",
                                                 "MONTHYEAR",
                                                 "DAYOFMONTH",
                                                 "UTCDATEONLY",
                                                 "UTCTIMEONLY",
                                                 "NUMINGROUP",
                                                 "PERCENTAGE",
                                                 "SEQNUM",
                                                 "LENGTH",
                                                 "COUNTRY",
                                                 "LANGUAGE",
                                                 "TZTIMEONLY",
                                                 "TZTIMESTAMP",
                                                 "XMLDATA"};
    static_assert(std::size(names) == static_cast<std::size_t>(field_type::xml_data) + 1);
    return names[static_cast<std::size_t>(type)];
}

}  // namespace millrace::xlator
