#include "xlator/fix/utc_timestamp.hpp"

#include "xlator/fix/date_time.hpp"

namespace millrace::xlator {

bool parse_utc_timestamp(std::string_view text, utc_timestamp& value) noexcept {
    calendar_date date;
    time_of_day time;
    if (text.size() < 17 || text[8] != '-' || !parse_value(text.substr(0, 8), date) ||
        !parse_value(text.substr(9), time) || date.year < utc_year_min ||
        date.year > utc_year_max) {
        return false;
    }
    value.ns = days_from_civil(date) * ns_per_day + time.ns;
    value.decimals = time.decimals;
    return true;
}

}  // namespace millrace::xlator
