#include "gateway/session/schedule_rule.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "engine/core/error.hpp"
#include "engine/core/strip.hpp"
#include "gateway/quickfix/schedule_text.hpp"
#include "gateway/session/schedule.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t s_per_day = 86'400;
constexpr std::int64_t logout_lead_s_min = 1;  // or there would be no Logout
constexpr std::int64_t logout_lead_s_max = 10;
constexpr std::array<std::string_view, 7> day_names = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};

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
    [[nodiscard]] int weekday_of(const setting& from, const std::string& name) const;
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
    std::int64_t s = 0;
    if (!parse_time_of_day(found->value, s)) {
        fail(*found, "expected a time of day as HH:MM:SS");
    }
    return s;
}

int schedule_reader::weekday_of(const setting& from, const std::string& name) const {
    int weekday = 0;
    if (!parse_weekday(name, weekday)) {
        fail(from, "expected a day of the week, such as Monday or mo");
    }
    return weekday;
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
        for (const std::string& name : split_list(weekdays->value)) {
            rule_.window.weekdays = static_cast<std::uint8_t>(rule_.window.weekdays |
                                                              1U << weekday_of(*weekdays, name));
        }
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
        for (const std::string& date : split_list(listed->value)) {
            std::int64_t day = 0;
            if (!parse_date(date, day)) {
                fail(*listed, "expected dates as YYYY-MM-DD, with commas between them");
            }
            rule_.holidays.push_back(day);
        }
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
        const std::string_view text = engine::strip(line);
        if (text.empty() || text.front() == '#') {
            continue;
        }
        std::int64_t day = 0;
        if (!parse_date(std::string(text.substr(0, text.find_first_of(" \t"))), day)) {
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
