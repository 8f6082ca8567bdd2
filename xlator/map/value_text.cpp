#include "xlator/map/value_text.hpp"

#include <array>

#include "xlator/fix/digits.hpp"
#include "xlator/fix/utc_timestamp.hpp"

namespace millrace::xlator::detail {

namespace {

constexpr std::uint8_t digits_max = 18;
constexpr std::uint8_t decimals_max = 18;
constexpr std::string_view time_letters = "YmdHMS%";

bool parse_count(std::string_view text, std::uint8_t most, std::uint8_t& count) {
    std::uint64_t number = 0;
    if (!parse_unsigned(text, number) || number > most) {
        return false;
    }
    count = static_cast<std::uint8_t>(number);
    return true;
}

bool is_time_pattern(std::string_view text) {
    bool has_part = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            continue;
        }
        if (++i == text.size()) {
            return false;
        }
        const bool is_fraction = text[i] >= '1' && text[i] <= '9';
        if (!is_fraction && time_letters.find(text[i]) == std::string_view::npos) {
            return false;
        }
        has_part = has_part || text[i] != '%';
    }
    return has_part;
}

map_status put(std::string_view text, char*& at, const char* end) noexcept {
    if (static_cast<std::size_t>(end - at) < text.size()) {
        return map_status::overflow;
    }
    at = copy_bytes(at, text.data(), text.size());
    return map_status::ok;
}

map_status write_digits_of(std::int64_t number, std::uint8_t count, char*& at,
                           const char* end) noexcept {
    const bool is_negative = number < 0;
    const auto size = is_negative ? std::uint64_t{0} - static_cast<std::uint64_t>(number)
                                  : static_cast<std::uint64_t>(number);
    const unsigned digits = std::max<unsigned>(count, digit_count(size));
    if (end - at < static_cast<std::ptrdiff_t>(digits + (is_negative ? 1 : 0))) {
        return map_status::overflow;
    }
    if (is_negative) {
        *at++ = '-';
    }
    at = write_digits(at, size, digits);
    return map_status::ok;
}

map_status write_decimals_of(decimal number, std::uint8_t count, char*& at,
                             const char* end) noexcept {
    std::int64_t mantissa = 0;
    if (!rescale(number, -static_cast<std::int32_t>(count), mantissa)) {
        return map_status::bad_value;
    }
    std::array<char, decimal_size_max> room;
    const char* const written =
        write_decimal(room.data(), {mantissa, -static_cast<std::int32_t>(count)});
    return put({room.data(), static_cast<std::size_t>(written - room.data())}, at, end);
}

struct time_parts {
    calendar_date date;
    std::uint32_t second_of_day = 0;
    std::uint32_t ns = 0;
};

time_parts split(std::int64_t ns) noexcept {
    const auto [days, ns_of_day] = split_ns(ns);
    return {civil_from_days(days), static_cast<std::uint32_t>(ns_of_day / ns_per_second),
            static_cast<std::uint32_t>(ns_of_day % ns_per_second)};
}

char* write_time_part(char letter, const time_parts& time, char* out) noexcept {
    switch (letter) {
        case 'Y':
            return write_digits(out, static_cast<std::uint64_t>(time.date.year), 4);
        case 'm':
            return write_pair(out, time.date.month);
        case 'd':
            return write_pair(out, time.date.day);
        case 'H':
            return write_pair(out, time.second_of_day / 3600);
        case 'M':
            return write_pair(out, time.second_of_day / 60 % 60);
        case 'S':
            return write_pair(out, time.second_of_day % 60);
        case '%':
            *out++ = '%';
            return out;
        default:
            return write_fraction(out, time.ns, static_cast<unsigned>(letter - '0'));
    }
}

map_status write_time_of(std::int64_t ns, std::string_view pattern, char*& at,
                         const char* end) noexcept {
    constexpr std::ptrdiff_t part_size_max = 9;
    const time_parts time = split(ns);
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (end - at < part_size_max) {
            return map_status::overflow;
        }
        if (pattern[i] == '%') {
            at = write_time_part(pattern[++i], time, at);
        } else {
            *at++ = pattern[i];
        }
    }
    return map_status::ok;
}

map_status write_plain(const row_value& value, char*& at, const char* end) noexcept {
    std::array<char, decimal_size_max> room;
    const char* written = room.data();
    switch (value.kind) {
        case column_kind::integer:
            written = write_signed(room.data(), value.number);
            break;
        case column_kind::decimal:
            if (!value.decimal.is_in_range()) {
                return map_status::bad_value;
            }
            written = write_decimal(room.data(), value.decimal);
            break;
        case column_kind::character:
            room[0] = static_cast<char>(value.number);
            ++written;
            break;
        case column_kind::timestamp:
            written = write_utc_timestamp(room.data(), {value.number, 3});
            break;
        case column_kind::boolean:
            return put(value.number != 0 ? "true" : "false", at, end);
        case column_kind::text:
        case column_kind::bytes:
            return put(value.text, at, end);
    }
    return put({room.data(), static_cast<std::size_t>(written - room.data())}, at, end);
}

}  // namespace

bool parse_format(std::string_view text, value_format& format) {
    if (text.empty()) {
        return false;
    }
    if (text.front() == '.') {
        format.how = value_format::form::decimals;
        return parse_count(text.substr(1), decimals_max, format.count);
    }
    if (is_digit(text.front())) {
        format.how = value_format::form::digits;
        return parse_count(text, digits_max, format.count);
    }
    format.how = value_format::form::time;
    format.pattern = text;
    return is_time_pattern(text);
}

bool can_have(column_kind kind, const value_format& format) noexcept {
    switch (format.how) {
        case value_format::form::plain:
            return kind != column_kind::bytes;
        case value_format::form::digits:
            return kind == column_kind::integer;
        case value_format::form::decimals:
            return kind == column_kind::integer || kind == column_kind::decimal;
        case value_format::form::time:
            return kind == column_kind::timestamp;
    }
    return false;
}

map_status write_value(const row_value& value, const value_format& format, char*& at,
                       const char* end) noexcept {
    switch (format.how) {
        case value_format::form::plain:
            return write_plain(value, at, end);
        case value_format::form::digits:
            return write_digits_of(value.number, format.count, at, end);
        case value_format::form::decimals:
            return write_decimals_of(
                value.kind == column_kind::integer ? decimal{value.number, 0} : value.decimal,
                format.count, at, end);
        case value_format::form::time:
            return write_time_of(value.number, format.pattern, at, end);
    }
    return map_status::bad_value;
}

std::string parse_template(std::string_view text, std::vector<template_part>& parts) {
    template_part part;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool is_doubled = i + 1 < text.size() && text[i + 1] == c;
        if ((c == '{' || c == '}') && is_doubled) {
            part.before += c;
            ++i;
        } else if (c == '}') {
            return "has a } without its {; a brace itself is written twice";
        } else if (c == '{') {
            const std::size_t close = text.find('}', i);
            if (close == std::string_view::npos) {
                return "has a { without its }; a brace itself is written twice";
            }
            const std::string_view inside = text.substr(i + 1, close - i - 1);
            const std::size_t colon = inside.find(':');
            part.name = inside.substr(0, colon);
            if (colon != std::string_view::npos) {
                part.format = inside.substr(colon + 1);
            }
            if (part.name.empty() || (colon != std::string_view::npos && part.format.empty())) {
                return "has {" + std::string(inside) + "}; expected {NAME} or {NAME:FORMAT}";
            }
            parts.push_back(std::move(part));
            part = {};
            i = close;
        } else {
            part.before += c;
        }
    }
    if (!part.before.empty()) {
        parts.push_back(std::move(part));
    }
    return {};
}

}  // namespace millrace::xlator::detail
