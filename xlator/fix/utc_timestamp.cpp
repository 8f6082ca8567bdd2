#include "xlator/fix/utc_timestamp.hpp"

namespace millrace::xlator {

namespace {

// int64 nanoseconds reach from late 1677 to early 2262; whole years keep the arithmetic clear of
// both ends.
constexpr std::uint32_t year_min = 1678;
constexpr std::uint32_t year_max = 2261;

bool two_digits(const char* at, std::uint32_t& value) noexcept {
    if (!is_digit(at[0]) || !is_digit(at[1])) {
        return false;
    }
    value = static_cast<std::uint32_t>((at[0] - '0') * 10 + (at[1] - '0'));
    return true;
}

// YYYYMMDD. REQUIRES eight readable bytes.
bool parse_date(const char* at, calendar_date& date) noexcept {
    std::uint32_t century = 0;
    std::uint32_t year = 0;
    if (!two_digits(at, century) || !two_digits(at + 2, year) || !two_digits(at + 4, date.month) ||
        !two_digits(at + 6, date.day)) {
        return false;
    }
    date.year = static_cast<std::int32_t>(century * 100 + year);
    return date.month >= 1 && date.month <= 12 && date.day >= 1 &&
           date.day <= days_in_month(date.year, date.month);
}

struct time_parts {
    std::uint32_t seconds = 0;  // of the day, 86400 for a leap second
    std::uint32_t ns = 0;
    std::uint8_t decimals = 0;
};

bool parse_fraction(std::string_view text, time_parts& parts) noexcept {
    if (text.empty()) {
        return true;
    }
    if (text[0] != '.' || text.size() < 2 || text.size() > 10) {
        return false;
    }
    std::uint32_t fraction = 0;
    for (const char c : text.substr(1)) {
        if (!is_digit(c)) {
            return false;
        }
        fraction = fraction * 10 + static_cast<std::uint32_t>(c - '0');
    }
    const std::size_t decimals = text.size() - 1;
    parts.decimals = static_cast<std::uint8_t>(decimals);
    parts.ns = fraction * static_cast<std::uint32_t>(detail::powers_of_ten[9 - decimals]);
    return true;
}

bool parse_time(std::string_view text, time_parts& parts) noexcept {
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
    parts.seconds = hour * 3600 + minute * 60 + second;
    return parse_fraction(text.substr(8), parts);
}

// Empty, Z, +hh or +hh:mm (or -).
bool is_zone(std::string_view text) noexcept {
    if (text.empty() || text == "Z") {
        return true;
    }
    std::uint32_t hour = 0;
    std::uint32_t minute = 0;
    if ((text[0] != '+' && text[0] != '-') || (text.size() != 3 && text.size() != 6) ||
        !two_digits(text.data() + 1, hour) || hour > 14) {
        return false;
    }
    return text.size() == 3 ||
           (text[3] == ':' && two_digits(text.data() + 4, minute) && minute <= 59);
}

}  // namespace

bool parse_utc_timestamp(std::string_view text, utc_timestamp& value) noexcept {
    calendar_date date;
    time_parts parts;
    if (text.size() < 17 || text[8] != '-' || !parse_date(text.data(), date) ||
        !parse_time(text.substr(9), parts)) {
        return false;
    }
    const auto year = static_cast<std::uint32_t>(date.year);
    if (year < year_min || year > year_max) {
        return false;
    }
    value.ns = days_from_civil(date) * ns_per_day +
               static_cast<std::int64_t>(parts.seconds) * ns_per_second + parts.ns;
    value.decimals = parts.decimals;
    return true;
}

bool is_date(std::string_view text) noexcept {
    calendar_date date;
    return text.size() == 8 && parse_date(text.data(), date);
}

bool is_time(std::string_view text) noexcept {
    time_parts parts;
    return parse_time(text, parts);
}

bool is_month_year(std::string_view text) noexcept {
    if (text.size() == 8 && text[6] != 'w') {
        return is_date(text);
    }
    std::uint32_t year = 0;
    std::uint32_t month = 0;
    if ((text.size() != 6 && text.size() != 8) || !two_digits(text.data(), year) ||
        !two_digits(text.data() + 2, year) || !two_digits(text.data() + 4, month) || month < 1 ||
        month > 12) {
        return false;
    }
    return text.size() == 6 || (text[7] >= '1' && text[7] <= '5');
}

bool is_tz_time(std::string_view text) noexcept {
    if (text.size() < 5) {
        return false;
    }
    const std::size_t clock_end = text.find_first_of("Z+-");
    const std::string_view clock = text.substr(0, clock_end);
    const std::string_view zone =
        clock_end == std::string_view::npos ? std::string_view{} : text.substr(clock_end);
    std::uint32_t hour = 0;
    std::uint32_t minute = 0;
    if (clock.size() == 5) {
        return clock[2] == ':' && two_digits(clock.data(), hour) && hour <= 23 &&
               two_digits(clock.data() + 3, minute) && minute <= 59 && is_zone(zone);
    }
    return is_time(clock) && is_zone(zone);
}

bool is_tz_timestamp(std::string_view text) noexcept {
    return text.size() >= 14 && text[8] == '-' && is_date(text.substr(0, 8)) &&
           is_tz_time(text.substr(9));
}

}  // namespace millrace::xlator
