// UTCTimestamp as integer nanoseconds, and the calendar behind FIX's date and time types.
//
// Units      ns: since 1970-01-01 UTC; decimals: digits of the second's fraction that are written,
//            0 to 9
// Errors     impossible dates (31 February) and times are refused; 23:59:60 is a leap second and is
//            allowed
// Source     FIX 4.4 vol. 1, data types; civil_from_days: Neri and Schneider, Euclidean affine
//            functions
#pragma once

#include <cstdint>
#include <string_view>

#include "xlator/fix/digits.hpp"

namespace millrace::xlator {

inline constexpr std::int64_t ns_per_second = 1'000'000'000;
inline constexpr std::int64_t ns_per_day = 86'400 * ns_per_second;
inline constexpr std::size_t utc_timestamp_size_max = 27;  // YYYYMMDD-HH:MM:SS.nnnnnnnnn

// Whole years that 64 bits of nanoseconds hold.
inline constexpr std::int32_t utc_year_min = 1678;
inline constexpr std::int32_t utc_year_max = 2261;

struct utc_timestamp {
    std::int64_t ns = 0;
    std::uint8_t decimals =
        3;  // milliseconds, what FIX 4.4 knows; finer digits are cut when written

    friend constexpr bool operator==(utc_timestamp a, utc_timestamp b) noexcept {
        return a.ns == b.ns;
    }
    friend constexpr auto operator<=>(utc_timestamp a, utc_timestamp b) noexcept {
        return a.ns <=> b.ns;
    }
};

struct calendar_date {
    std::int32_t year = 1970;
    std::uint32_t month = 1;
    std::uint32_t day = 1;

    friend constexpr bool operator==(const calendar_date&, const calendar_date&) = default;
};

[[nodiscard]] constexpr bool is_leap_year(std::int32_t year) noexcept {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

[[nodiscard]] constexpr std::uint32_t days_in_month(std::int32_t year,
                                                    std::uint32_t month) noexcept {
    constexpr std::uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap_year(year) ? 29U : days[month - 1];
}

// Days since 1970-01-01.
[[nodiscard]] constexpr std::int64_t days_from_civil(calendar_date date) noexcept {
    const std::int32_t year =
        date.month <= 2 ? date.year - 1 : date.year;  // the year starts in March
    const std::int32_t era = (year >= 0 ? year : year - 399) / 400;
    const auto year_of_era = static_cast<std::uint32_t>(year - era * 400);
    const std::uint32_t month = date.month > 2 ? date.month - 3 : date.month + 9;
    const std::uint32_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    const std::uint32_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return static_cast<std::int64_t>(era) * 146'097 + static_cast<std::int64_t>(day_of_era) -
           719'468;
}

// REQUIRES a day between the years -32800 and 32767.
[[nodiscard]] constexpr calendar_date civil_from_days(std::int64_t days) noexcept {
    constexpr std::uint32_t eras = 82;  // of 400 years, so that everything below is unsigned
    const auto shifted = static_cast<std::uint32_t>(days + 719'468 + 146'097 * std::int64_t{eras});
    const std::uint32_t quarters = 4 * shifted + 3;
    const std::uint32_t century = quarters / 146'097;
    const std::uint32_t of_century = 4 * (quarters % 146'097 / 4) + 3;
    const std::uint64_t scaled = std::uint64_t{2'939'745} * of_century;
    const auto year_of_century = static_cast<std::uint32_t>(scaled >> 32);
    const std::uint32_t day_of_year = static_cast<std::uint32_t>(scaled) / 2'939'745 / 4;
    const std::uint32_t month_and_day = 2141 * day_of_year + 197'913;
    const std::uint32_t month = month_and_day >> 16;
    const std::uint32_t day = (month_and_day & 0xFFFF) / 2141 + 1;
    const bool is_next_year =
        day_of_year >= 306;  // January and February, as the year starts in March
    const std::uint32_t year = 100 * century + year_of_century + (is_next_year ? 1 : 0);
    return {static_cast<std::int32_t>(year) - static_cast<std::int32_t>(400 * eras),
            is_next_year ? month - 12 : month, day};
}

// Days since 1970-01-01, and what is left of the last.
struct day_and_time {
    std::int64_t days = 0;
    std::int64_t ns_of_day = 0;
};

[[nodiscard]] constexpr day_and_time split_ns(std::int64_t ns) noexcept {
    std::int64_t days = ns / ns_per_day;
    std::int64_t rest = ns - days * ns_per_day;
    if (rest < 0) {
        rest += ns_per_day;
        --days;
    }
    return {days, rest};
}

// YYYYMMDD-HH:MM:SS with 0 to 9 decimals, years 1678 to 2261 (what int64 nanoseconds hold).
[[nodiscard]] bool parse_utc_timestamp(std::string_view text, utc_timestamp& value) noexcept;

namespace detail {

constexpr char* write_pair(char* out, std::uint32_t value) noexcept {
    out[0] = digit_pairs[value * 2];
    out[1] = digit_pairs[value * 2 + 1];
    return out + 2;
}

// The divisors are constants so that the compiler multiplies instead.
constexpr char* write_fraction(char* out, std::uint32_t ns, unsigned decimals) noexcept {
    switch (decimals) {
        case 3: {
            const std::uint32_t ms = ns / 1'000'000;
            *out++ = static_cast<char>('0' + ms / 100);
            return write_pair(out, ms % 100);
        }
        case 6:
            return write_digits(out, ns / 1'000, 6);
        case 9:
            return write_digits(out, ns, 9);
        default:
            return write_digits(out, ns / powers_of_ten[9 - decimals], decimals);
    }
}

}  // namespace detail

constexpr char* write_date(char* out, std::int64_t days) noexcept {
    const calendar_date date = civil_from_days(days);
    const auto year = static_cast<std::uint32_t>(date.year);
    out = detail::write_pair(out, year / 100);
    out = detail::write_pair(out, year % 100);
    out = detail::write_pair(out, date.month);
    return detail::write_pair(out, date.day);
}

constexpr char* write_time(char* out, std::int64_t ns_of_day, unsigned decimals) noexcept {
    const auto unsigned_ns = static_cast<std::uint64_t>(ns_of_day);
    const auto seconds = static_cast<std::uint32_t>(unsigned_ns / std::uint64_t{ns_per_second});
    const std::uint32_t minutes = seconds / 60;
    const std::uint32_t hours = minutes / 60;
    out = detail::write_pair(out, hours);
    *out++ = ':';
    out = detail::write_pair(out, minutes - hours * 60);
    *out++ = ':';
    out = detail::write_pair(out, seconds - minutes * 60);
    if (decimals != 0) {
        *out++ = '.';
        out = detail::write_fraction(
            out, static_cast<std::uint32_t>(unsigned_ns - seconds * std::uint64_t{ns_per_second}),
            decimals);
    }
    return out;
}

// How many bytes write_utc_timestamp() writes.
[[nodiscard]] constexpr std::size_t utc_timestamp_size(utc_timestamp value) noexcept {
    return value.decimals == 0 ? 17U : 18U + value.decimals;
}

namespace detail {

// The day a thread wrote last: nearly every timestamp is of today.
struct day_text {
    std::int64_t days = INT64_MIN;
    char text[8]{};
};
inline constinit thread_local day_text last_day{};

}  // namespace detail

// Writes at most utc_timestamp_size_max bytes and returns the end. REQUIRES value.decimals <= 9.
inline char* write_utc_timestamp(char* out, utc_timestamp value) noexcept {
    const auto [days, ns_of_day] = split_ns(value.ns);
    detail::day_text& day = detail::last_day;
    if (day.days != days) [[unlikely]] {
        write_date(day.text, days);
        day.days = days;
    }
    std::memcpy(out, day.text, sizeof(day.text));
    out[8] = '-';
    return write_time(out + 9, ns_of_day, value.decimals);
}

}  // namespace millrace::xlator
