#include "gateway/session/schedule_rule.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <string_view>

#include "engine/core/error.hpp"
#include "gateway/session/schedule.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t s_per_day = 86'400;
constexpr std::int64_t logout_lead_s_min = 1;  // or there would be no Logout
constexpr std::int64_t logout_lead_s_max = 10;
constexpr std::array<std::string_view, 7> day_names = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};

std::string_view strip(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// Whether `size` digits stand there, and what they say.
bool take_digits(std::string_view text, std::size_t at, std::size_t size, int& value) {
    if (at + size > text.size()) {
        return false;
    }
    value = 0;
    for (const char byte : text.substr(at, size)) {
        if (byte < '0' || byte > '9') {
            return false;
        }
        value = value * 10 + (byte - '0');
    }
    return true;
}

// Days since 1970-01-01 of a date like 2026-12-25.
bool parse_date(std::string_view text, std::int64_t& day) {
    int year = 0;
    int month = 0;
    int of_month = 0;
    if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !take_digits(text, 0, 4, year) ||
        !take_digits(text, 5, 2, month) || !take_digits(text, 8, 2, of_month)) {
        return false;
    }
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(of_month)}};
    if (!date.ok()) {
        return false;
    }
    day = std::chrono::sys_days{date}.time_since_epoch().count();
    return true;
}

template <class Take>
void for_each_listed(std::string_view list, Take take) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        const std::string_view one = strip(list.substr(0, comma));
        if (!one.empty()) {
            take(one);
        }
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
}

std::string time_text(std::int64_t of_range_s) {
    const std::int64_t s = of_range_s % s_per_day;
    std::string text;
    for (const std::int64_t part : {s / 3600, s / 60 % 60, s % 60}) {
        text +=
            (text.empty() ? "" : ":") + std::string(part < 10 ? "0" : "") + std::to_string(part);
    }
    return text;
}

// "Mon-Fri", "Mon,Wed"; nothing for every day.
std::string days_text(std::uint8_t weekdays) {
    constexpr std::uint8_t monday_to_friday = 0x3e;
    if (weekdays == weekly_range::every_day || weekdays == monday_to_friday) {
        return weekdays == monday_to_friday ? "Mon-Fri " : "";
    }
    std::string text;
    for (std::size_t day = 0; day < day_names.size(); ++day) {
        if ((weekdays >> day & 1) != 0) {
            text += (text.empty() ? "" : ",") + std::string(day_names[day]);
        }
    }
    return text + ' ';
}

class schedule_reader {
public:
    explicit schedule_reader(const session_spec& spec) : spec_(spec) {}

    schedule_rule read() {
        read_zone();
        read_window();
        read_logon();
        rule_.logout_lead_s =
            std::clamp<std::int64_t>(spec_.logout_timeout_s, logout_lead_s_min, logout_lead_s_max);
        check_logon();
        read_holidays();
        if (!rule_.holidays.empty()) {
            rule_.text += ", " + std::to_string(rule_.holidays.size()) +
                          (rule_.holidays.size() == 1 ? " holiday" : " holidays");
        }
        return std::move(rule_);
    }

private:
    [[noreturn]] void fail(const setting& at, const std::string& reason) const {
        throw settings_error(spec_.file, at.line, at.key + "=" + at.value + ": " + reason);
    }
    // `fallback` where the key is not given.
    [[nodiscard]] std::int64_t time_of(const char* key, std::int64_t fallback) const;
    [[nodiscard]] int weekday_of(const setting& from, std::string_view name) const;
    [[nodiscard]] weekly_range range_of(std::int64_t begin_s, std::int64_t end_s,
                                        const setting* begin_day, const setting* end_day) const;
    [[nodiscard]] std::string range_text(const weekly_range& range, bool is_weekly) const;

    void read_zone();
    void read_window();
    void read_logon();
    void check_logon() const;
    void read_holidays();
    void read_holidays_file(const setting& from);

    const session_spec& spec_;
    schedule_rule rule_;
    std::int64_t start_s_ = 0;
    std::int64_t end_s_ = 0;
};

std::int64_t schedule_reader::time_of(const char* key, std::int64_t fallback) const {
    const setting* const found = spec_.find(key);
    if (found == nullptr) {
        return fallback;
    }
    int hour = 0;
    int minute = 0;
    int second = 0;
    const std::string_view text = found->value;
    if (text.size() != 8 || !take_digits(text, 0, 2, hour) || !take_digits(text, 3, 2, minute) ||
        !take_digits(text, 6, 2, second) || hour > 23 || minute > 59 || second > 59) {
        fail(*found, "expected a time of day as HH:MM:SS");
    }
    return hour * 3600 + minute * 60 + second;
}

int schedule_reader::weekday_of(const setting& from, std::string_view name) const {
    const auto* const found =
        std::find_if(day_names.begin(), day_names.end(), [&](std::string_view one) {
            return name.size() >= 2 && (name[0] | 0x20) == (one[0] | 0x20) &&
                   (name[1] | 0x20) == one[1];
        });
    if (found == day_names.end()) {
        fail(from, "expected a day of the week, such as Monday or mo");
    }
    return static_cast<int>(found - day_names.begin());
}

// A range never has no length: where it ends as it begins, it lasts until it begins again.
weekly_range schedule_reader::range_of(std::int64_t begin_s, std::int64_t end_s,
                                       const setting* begin_day, const setting* end_day) const {
    weekly_range range;
    range.begin_s = begin_s;
    range.end_s = end_s;
    std::int64_t period_s = s_per_day;
    if (begin_day != nullptr && end_day != nullptr) {
        const int begin = weekday_of(*begin_day, begin_day->value);
        const int days = (weekday_of(*end_day, end_day->value) - begin + 7) % 7;
        range.weekdays = static_cast<std::uint8_t>(1U << begin);
        range.end_s += days * s_per_day;
        period_s = 7 * s_per_day;
    }
    range.end_s += range.end_s <= range.begin_s ? period_s : 0;
    return range;
}

std::string schedule_reader::range_text(const weekly_range& range, bool is_weekly) const {
    if (!is_weekly) {
        return days_text(range.weekdays) + time_text(range.begin_s) + " to " +
               time_text(range.end_s);
    }
    std::size_t begin = 0;
    while ((range.weekdays >> begin & 1) == 0) {
        ++begin;
    }
    const std::size_t end = (begin + static_cast<std::size_t>(range.end_s / s_per_day)) % 7;
    return std::string(day_names[begin]) + ' ' + time_text(range.begin_s) + " to " +
           std::string(day_names[end]) + ' ' + time_text(range.end_s);
}

void schedule_reader::read_zone() {
    const setting* const named = spec_.find("TimeZone");
    const bool has_name = named != nullptr && !named->value.empty();
    if (spec_.is_on("UseLocalTime", false)) {
        if (has_name) {
            fail(*named, "UseLocalTime=Y names another; one of the two");
        }
        rule_.zone = time_zone::of_host();
    } else if (has_name) {
        try {
            rule_.zone = time_zone::load(named->value);
        } catch (const engine::config_error& problem) {
            fail(*named, problem.what());
        }
    }
}

void schedule_reader::read_window() {
    start_s_ = time_of("StartTime", 0);
    end_s_ = time_of("EndTime", 0);
    const setting* const start_day = spec_.find("StartDay");
    const setting* const end_day = spec_.find("EndDay");
    const setting* const weekdays = spec_.find("Weekdays");
    rule_.is_weekly = start_day != nullptr && end_day != nullptr;
    rule_.is_non_stop = spec_.is_on("NonStopSession",
                                    start_s_ == end_s_ && !rule_.is_weekly && weekdays == nullptr);
    if (rule_.is_non_stop) {
        rule_.is_weekly = false;
        rule_.text = "non-stop " + rule_.zone.name();
        return;
    }
    if (weekdays != nullptr && rule_.is_weekly) {
        fail(*weekdays, "StartDay and EndDay make a window of each week; one of the two");
    }
    rule_.window = range_of(start_s_, end_s_, start_day, end_day);
    if (weekdays != nullptr) {
        rule_.window.weekdays = 0;
        for_each_listed(weekdays->value, [&](std::string_view name) {
            rule_.window.weekdays = static_cast<std::uint8_t>(rule_.window.weekdays |
                                                              1U << weekday_of(*weekdays, name));
        });
        if (rule_.window.weekdays == 0) {
            fail(*weekdays, "expected days of the week, such as Mon,Tue");
        }
    }
    rule_.text = range_text(rule_.window, rule_.is_weekly) + ' ' + rule_.zone.name();
}

void schedule_reader::read_logon() {
    const setting* day = spec_.find("LogonDay");
    const setting* out_day = spec_.find("LogoutDay");
    if ((day == nullptr) != (out_day == nullptr)) {
        fail(day != nullptr ? *day : *out_day,
             "LogonDay and LogoutDay come together or not at all");
    }
    if (day == nullptr && spec_.find("LogonTime") == nullptr &&
        spec_.find("LogoutTime") == nullptr) {
        return;
    }
    if (day == nullptr && rule_.is_weekly) {
        day = spec_.find("StartDay");
        out_day = spec_.find("EndDay");
    }
    const std::int64_t logon_s = time_of("LogonTime", start_s_);
    const std::int64_t logout_s = time_of("LogoutTime", end_s_);
    rule_.logon = range_of(logon_s, logout_s, day, out_day);
    const std::int64_t period_s = day != nullptr ? 7 * s_per_day : s_per_day;
    rule_.has_logon_times = rule_.logon.end_s - rule_.logon.begin_s != period_s;
    if (rule_.has_logon_times) {
        rule_.text += ", logon " + range_text(rule_.logon, day != nullptr);
    }
}

// Whatever the date: some week of a year must have both, or the session never logs on.
void schedule_reader::check_logon() const {
    if (!rule_.has_logon_times) {
        return;
    }
    schedule_rule alone;
    alone.is_non_stop = rule_.is_non_stop;
    alone.is_weekly = rule_.is_weekly;
    alone.window = rule_.window;
    alone.has_logon_times = true;
    alone.logon = rule_.logon;
    alone.logout_lead_s = rule_.logout_lead_s;
    constexpr std::int64_t somewhen_ns = 1'767'225'600'000'000'000;
    if (schedule(std::move(alone)).next_logon_ns(somewhen_ns) == schedule::never) {
        for (const char* key : {"LogonTime", "LogoutTime", "LogonDay"}) {
            if (const setting* const found = spec_.find(key)) {
                fail(*found,
                     "the session would never log on: no logon time lies within its "
                     "session time");
            }
        }
    }
}

void schedule_reader::read_holidays() {
    if (const setting* const listed = spec_.find("Holidays")) {
        for_each_listed(listed->value, [&](std::string_view date) {
            std::int64_t day = 0;
            if (!parse_date(date, day)) {
                fail(*listed, "expected dates as YYYY-MM-DD, with commas between them");
            }
            rule_.holidays.push_back(day);
        });
    }
    if (const setting* const file = spec_.find("HolidaysFile")) {
        read_holidays_file(*file);
    }
    std::sort(rule_.holidays.begin(), rule_.holidays.end());
    rule_.holidays.erase(std::unique(rule_.holidays.begin(), rule_.holidays.end()),
                         rule_.holidays.end());
}

// A date a line; what stands behind it, or behind #, is for people.
void schedule_reader::read_holidays_file(const setting& from) {
    std::ifstream file(from.value);
    if (!file.is_open()) {
        fail(from, "cannot be opened");
    }
    std::string line;
    for (long number = 1; std::getline(file, line); ++number) {
        const std::string_view text = strip(line);
        if (text.empty() || text.front() == '#') {
            continue;
        }
        std::int64_t day = 0;
        if (!parse_date(text.substr(0, text.find_first_of(" \t")), day)) {
            throw settings_error(from.value, number,
                                 "expected a date as YYYY-MM-DD at the "
                                 "line's begin");
        }
        rule_.holidays.push_back(day);
    }
    if (file.bad()) {
        fail(from, "cannot be read");
    }
}

}  // namespace

schedule_rule read_schedule(const session_spec& spec) {
    return schedule_reader(spec).read();
}

}  // namespace millrace::gateway
