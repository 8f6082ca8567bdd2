#include "xlator/fix/date_time.hpp"

#include <algorithm>

namespace millrace::xlator {

namespace {

constexpr std::int32_t minutes_per_hour = 60;
constexpr std::uint32_t zone_hours_max = 14;

bool two_digits(const char* at, std::uint32_t& value) noexcept {
    if (!is_digit(at[0]) || !is_digit(at[1])) {
        return false;
    }
    value = static_cast<std::uint32_t>((at[0] - '0') * 10 + (at[1] - '0'));
    return true;
}

// YYYYMM. REQUIRES six readable bytes.
bool read_month(const char* at, std::int32_t& year, std::uint32_t& month) noexcept {
    std::uint32_t century = 0;
    std::uint32_t rest = 0;
    if (!two_digits(at, century) || !two_digits(at + 2, rest) || !two_digits(at + 4, month)) {
        return false;
    }
    year = static_cast<std::int32_t>(century * 100 + rest);
    return month >= 1 && month <= 12;
}

bool read_fraction(std::string_view text, time_of_day& time) noexcept {
    if (text.empty()) {
        return true;
    }
    if (text[0] != '.' || text.size() < 2 || text.size() > 10) {
        return false;
    }
    std::int64_t fraction = 0;
    for (const char c : text.substr(1)) {
        if (!is_digit(c)) {
            return false;
        }
        fraction = fraction * 10 + (c - '0');
    }
    const std::size_t decimals = text.size() - 1;
    time.decimals = static_cast<std::uint8_t>(decimals);
    time.ns += fraction * static_cast<std::int64_t>(detail::powers_of_ten[9 - decimals]);
    return true;
}

// Empty, Z, +hh or +hh:mm (or -).
bool read_zone(std::string_view text, std::optional<std::int32_t>& offset_minutes) noexcept {
    if (text.empty()) {
        return true;
    }
    if (text == "Z") {
        offset_minutes = 0;
        return true;
    }
    std::uint32_t hour = 0;
    std::uint32_t minute = 0;
    if ((text[0] != '+' && text[0] != '-') || (text.size() != 3 && text.size() != 6) ||
        !two_digits(text.data() + 1, hour) || hour > zone_hours_max) {
        return false;
    }
    if (text.size() == 6 &&
        (text[3] != ':' || !two_digits(text.data() + 4, minute) || minute > 59)) {
        return false;
    }
    const auto offset = static_cast<std::int32_t>(hour * minutes_per_hour + minute);
    offset_minutes = text[0] == '-' ? -offset : offset;
    return true;
}

// Parses, and forgets.
template <class Value>
bool is_one(std::string_view text) noexcept {
    Value value;
    return parse_value(text, value);
}

char* write_zone(char* out, const std::optional<std::int32_t>& offset_minutes) noexcept {
    if (!offset_minutes) {
        return out;
    }
    if (*offset_minutes == 0) {
        *out++ = 'Z';
        return out;
    }
    *out++ = *offset_minutes < 0 ? '-' : '+';
    const auto size =
        static_cast<std::uint32_t>(*offset_minutes < 0 ? -*offset_minutes : *offset_minutes);
    out = detail::write_pair(out, size / minutes_per_hour);
    *out++ = ':';
    return detail::write_pair(out, size % minutes_per_hour);
}

}  // namespace

bool parse_value(std::string_view text, calendar_date& value) noexcept {
    calendar_date date;
    if (text.size() != 8 || !read_month(text.data(), date.year, date.month) ||
        !two_digits(text.data() + 6, date.day) || date.day < 1 ||
        date.day > days_in_month(date.year, date.month)) {
        return false;
    }
    value = date;
    return true;
}

bool parse_value(std::string_view text, time_of_day& value) noexcept {
    std::uint32_t hour = 0;
    std::uint32_t minute = 0;
    std::uint32_t second = 0;
    if (text.size() < 8 || text[2] != ':' || text[5] != ':' || !two_digits(text.data(), hour) ||
        !two_digits(text.data() + 3, minute) || !two_digits(text.data() + 6, second)) {
        return false;
    }
    const bool is_leap_second = hour == 23 && minute == 59 && second == 60;
    if (hour > 23 || minute > 59 || (second > 59 && !is_leap_second)) {
        return false;
    }
    time_of_day time;
    time.ns = (std::int64_t{hour} * 3600 + minute * 60 + second) * ns_per_second;
    if (!read_fraction(text.substr(8), time)) {
        return false;
    }
    value = time;
    return true;
}

bool parse_value(std::string_view text, month_year& value) noexcept {
    month_year made;
    if ((text.size() != 6 && text.size() != 8) || !read_month(text.data(), made.year, made.month)) {
        return false;
    }
    if (text.size() == 8 && text[6] == 'w') {
        made.week = static_cast<std::uint32_t>(text[7] - '0');
        if (made.week < 1 || made.week > 5) {
            return false;
        }
    } else if (text.size() == 8) {
        calendar_date date;
        if (!parse_value(text, date)) {
            return false;
        }
        made.day = date.day;
    }
    value = made;
    return true;
}

bool parse_value(std::string_view text, zoned_time& value) noexcept {
    const std::size_t clock_end = std::min(text.find_first_of("Z+-"), text.size());
    const std::string_view clock = text.substr(0, clock_end);
    zoned_time made;
    if (clock.size() == 5) {
        std::uint32_t hour = 0;
        std::uint32_t minute = 0;
        if (clock[2] != ':' || !two_digits(clock.data(), hour) || hour > 23 ||
            !two_digits(clock.data() + 3, minute) || minute > 59) {
            return false;
        }
        made.has_seconds = false;
        made.local.ns = (std::int64_t{hour} * 3600 + minute * 60) * ns_per_second;
    } else if (!parse_value(clock, made.local)) {
        return false;
    }
    if (!read_zone(text.substr(clock_end), made.offset_minutes)) {
        return false;
    }
    value = made;
    return true;
}

bool parse_value(std::string_view text, zoned_timestamp& value) noexcept {
    zoned_timestamp made;
    if (text.size() < 14 || text[8] != '-' || !parse_value(text.substr(0, 8), made.date) ||
        !parse_value(text.substr(9), made.time)) {
        return false;
    }
    value = made;
    return true;
}

std::optional<utc_timestamp> zoned_timestamp::utc() const noexcept {
    if (!time.offset_minutes || date.year < utc_year_min || date.year > utc_year_max) {
        return std::nullopt;
    }
    const std::int64_t local_ns = days_from_civil(date) * ns_per_day + time.local.ns;
    return utc_timestamp{local_ns - *time.offset_minutes * minutes_per_hour * ns_per_second,
                         time.local.decimals};
}

char* write_value(char* out, const calendar_date& value) noexcept {
    out = write_value(out, month_year{value.year, value.month, value.day, 0});
    return out;
}

char* write_value(char* out, const time_of_day& value) noexcept {
    constexpr std::int64_t leap_second_ns = 86'400 * ns_per_second;
    if (value.ns < leap_second_ns) {
        return write_time(out, value.ns, value.decimals);
    }
    // A second more than the day has: the one before it, named anew.
    char* const end = write_time(out, value.ns - ns_per_second, value.decimals);
    out[6] = '6';
    out[7] = '0';
    return end;
}

char* write_value(char* out, const month_year& value) noexcept {
    const auto year = static_cast<std::uint32_t>(value.year);
    out = detail::write_pair(out, year / 100);
    out = detail::write_pair(out, year % 100);
    out = detail::write_pair(out, value.month);
    if (value.week != 0) {
        *out++ = 'w';
        *out++ = static_cast<char>('0' + value.week);
    } else if (value.day != 0) {
        out = detail::write_pair(out, value.day);
    }
    return out;
}

char* write_value(char* out, const zoned_time& value) noexcept {
    char* end = write_value(out, value.local);
    if (!value.has_seconds) {
        end = out + 5;
    }
    return write_zone(end, value.offset_minutes);
}

char* write_value(char* out, const zoned_timestamp& value) noexcept {
    out = write_value(out, value.date);
    *out++ = '-';
    return write_value(out, value.time);
}

bool is_date(std::string_view text) noexcept {
    return is_one<calendar_date>(text);
}
bool is_time(std::string_view text) noexcept {
    return is_one<time_of_day>(text);
}
bool is_month_year(std::string_view text) noexcept {
    return is_one<month_year>(text);
}
bool is_tz_time(std::string_view text) noexcept {
    return is_one<zoned_time>(text);
}
bool is_tz_timestamp(std::string_view text) noexcept {
    return is_one<zoned_timestamp>(text);
}

}  // namespace millrace::xlator
