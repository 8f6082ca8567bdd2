// What the schedule keys of a settings file hold.
//
// Threading  pure functions
// Errors     false: no such text
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace millrace {
namespace gateway {

// HH:MM:SS, as seconds since midnight.
bool parse_time_of_day(const std::string& text, std::int64_t& s);
// Two letters of an English name or more, whatever their case; Sunday is 0.
bool parse_weekday(const std::string& text, int& weekday);
// YYYY-MM-DD, as days since 1970-01-01.
bool parse_date(const std::string& text, std::int64_t& day);
// The parts between commas, without the blanks around them. Nothing has no parts.
std::vector<std::string> split_list(const std::string& text);

}  // namespace gateway
}  // namespace millrace
