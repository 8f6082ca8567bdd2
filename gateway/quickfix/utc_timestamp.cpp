#include "gateway/quickfix/utc_timestamp.hpp"

namespace millrace {
namespace gateway {

namespace {

bool is_digit(char byte) noexcept {
    return byte >= '0' && byte <= '9';
}

bool parse_two(const char* at, int limit, int& value) noexcept {
    if (!is_digit(at[0]) || !is_digit(at[1])) {
        return false;
    }
    value = (at[0] - '0') * 10 + (at[1] - '0');
    return value <= limit;
}

}  // namespace

// Counting years from March, so that the leap day is last.
std::int64_t days_from_civil(int year, int month, int day) noexcept {
    const std::int64_t y = month <= 2 ? year - 1 : year;
    const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
    const std::int64_t year_of_era = y - era * 400;
    const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const std::int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

bool parse_utc_timestamp(const char* text, std::size_t size, std::int64_t& utc_ns) noexcept {
    if (size < 17 || size == 18 || size > 27 || text[8] != '-' || text[11] != ':' ||
        text[14] != ':' || (size > 17 && text[17] != '.')) {
        return false;
    }
    int century = 0;
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!parse_two(text, 99, century) || !parse_two(text + 2, 99, year) ||
        !parse_two(text + 4, 12, month) || !parse_two(text + 6, 31, day) ||
        !parse_two(text + 9, 23, hour) || !parse_two(text + 12, 59, minute) ||
        !parse_two(text + 15, 60, second) || month == 0 || day == 0) {
        return false;
    }
    std::int64_t fraction_ns = 0;
    std::int64_t digit_ns = 100000000;
    for (std::size_t at = 18; at < size; ++at, digit_ns /= 10) {
        if (!is_digit(text[at])) {
            return false;
        }
        fraction_ns += (text[at] - '0') * digit_ns;
    }
    const int full_year = century * 100 + year;
    if (full_year < 1970 || full_year > 2200) {
        return false;
    }
    const std::int64_t days = days_from_civil(full_year, month, day);
    utc_ns = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000000000 + fraction_ns;
    return true;
}

}  // namespace gateway
}  // namespace millrace
