// Reads FIX UTC timestamps: YYYYMMDD-HH:MM:SS, optionally with three to nine decimals.
#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace {
namespace gateway {

// False: the text is no such timestamp, or outside the years 1970 to 2200.
bool parse_utc_timestamp(const char* text, std::size_t size, std::int64_t& utc_ns) noexcept;

// Days since 1970-01-01 of a date of the Gregorian calendar.
std::int64_t days_from_civil(int year, int month, int day) noexcept;

}  // namespace gateway
}  // namespace millrace
