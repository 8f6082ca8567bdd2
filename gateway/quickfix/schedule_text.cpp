#include "gateway/quickfix/schedule_text.hpp"

#include <algorithm>

#include "gateway/quickfix/utc_timestamp.hpp"

namespace millrace {
namespace gateway {

namespace {

// Whether `size` digits stand there, and what they say.
bool take_digits(const std::string& text, std::size_t at, std::size_t size, int& value) {
    value = 0;
    for (std::size_t i = at; i < at + size; ++i) {
        if (i >= text.size() || text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (text[i] - '0');
    }
    return true;
}

int days_of_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

}  // namespace

bool parse_time_of_day(const std::string& text, std::int64_t& s) {
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (text.size() != 8 || text[2] != ':' || text[5] != ':' || !take_digits(text, 0, 2, hour) ||
        !take_digits(text, 3, 2, minute) || !take_digits(text, 6, 2, second) || hour > 23 ||
        minute > 59 || second > 59) {
        return false;
    }
    s = hour * 3600 + minute * 60 + second;
    return true;
}

bool parse_weekday(const std::string& text, int& weekday) {
    static const char names[] = "sumotuwethfrsa";
    const auto lower = [](char byte) {
        return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
    };
    for (int day = 0; text.size() >= 2 && day < 7; ++day) {
        if (lower(text[0]) == names[2 * day] && lower(text[1]) == names[2 * day + 1]) {
            weekday = day;
            return true;
        }
    }
    return false;
}

bool parse_date(const std::string& text, std::int64_t& day) {
    int year = 0;
    int month = 0;
    int of_month = 0;
    if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !take_digits(text, 0, 4, year) ||
        !take_digits(text, 5, 2, month) || !take_digits(text, 8, 2, of_month) || month < 1 ||
        month > 12 || of_month < 1 || of_month > days_of_month(year, month)) {
        return false;
    }
    day = days_from_civil(year, month, of_month);
    return true;
}

std::vector<std::string> split_list(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t comma = std::min(text.find(',', begin), text.size());
        std::string part = text.substr(begin, comma - begin);
        part.erase(0, std::min(part.find_first_not_of(" \t"), part.size()));
        part.erase(part.find_last_not_of(" \t") + 1);
        parts.push_back(part);
        begin = comma + 1;
    }
    return parts;
}

}  // namespace gateway
}  // namespace millrace
