// Reads FIX UTC timestamps: YYYYMMDD-HH:MM:SS, optionally with three to nine decimals.
#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace {
namespace gateway {

// False: the text is no such timestamp, or outside the years 1970 to 2200.
bool parse_utc_timestamp(const char* text, std::size_t size, std::int64_t& utc_ns) noexcept;

}  // namespace gateway
}  // namespace millrace
