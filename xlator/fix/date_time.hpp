// FIX's other dates and times as values: LocalMktDate and UTCDateOnly, UTCTimeOnly, MonthYear, and
// times with a zone; and the parts of a multiple-value string. Fields of these types are read as
// text, whose format the decoder has checked:
//
//     month_year maturity;
//     if (const auto text = leg.get<LegMaturityMonthYear>(); text && parse_value(*text, maturity))
//     for (const std::string_view one : values_in(*order.get<ExecInst>())) { ... }
//
// Threading  functions of their arguments; any thread
// Progress   no allocation, no exception
// Errors     parse_value() is false, and leaves the value untouched, for a text that is none: days
//            and times that do not exist too. write_value() writes at most date_time_size_max bytes
// Source     FIX 4.4 vol. 1 and FIX 5.0 SP2, data types
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "xlator/fix/utc_timestamp.hpp"

namespace millrace::xlator {

inline constexpr std::size_t date_time_size_max = 33;  // YYYYMMDD-HH:MM:SS.nnnnnnnnn+hh:mm

// YYYYMM, YYYYMMDD or YYYYMMwW.
struct month_year {
    std::int32_t year = 1970;
    std::uint32_t month = 1;
    std::uint32_t day = 0;   // 0: none is given
    std::uint32_t week = 0;  // of the month, 1 to 5; 0: none is given

    friend bool operator==(const month_year&, const month_year&) = default;
};

// HH:MM:SS with 0 to 9 decimals; 23:59:60 is a leap second.
struct time_of_day {
    std::int64_t ns = 0;  // since midnight
    std::uint8_t decimals = 0;

    friend bool operator==(const time_of_day& a, const time_of_day& b) { return a.ns == b.ns; }
};

// HH:MM or HH:MM:SS with decimals, and Z, +hh, +hh:mm or nothing behind it.
struct zoned_time {
    time_of_day local;
    bool has_seconds = true;
    std::optional<std::int32_t> offset_minutes;  // east of UTC; none: the place's own

    friend bool operator==(const zoned_time&, const zoned_time&) = default;
};

// A day before that.
struct zoned_timestamp {
    calendar_date date;
    zoned_time time;

    // Where the text names a zone; years 1678 to 2261, else nothing.
    [[nodiscard]] std::optional<utc_timestamp> utc() const noexcept;
    friend bool operator==(const zoned_timestamp&, const zoned_timestamp&) = default;
};

[[nodiscard]] bool parse_value(std::string_view text, calendar_date& value) noexcept;
[[nodiscard]] bool parse_value(std::string_view text, time_of_day& value) noexcept;
[[nodiscard]] bool parse_value(std::string_view text, month_year& value) noexcept;
[[nodiscard]] bool parse_value(std::string_view text, zoned_time& value) noexcept;
[[nodiscard]] bool parse_value(std::string_view text, zoned_timestamp& value) noexcept;

// REQUIRES: a value that parse_value() could give; years 0 to 9999. Zones are written as Z or
// +hh:mm.
char* write_value(char* out, const calendar_date& value) noexcept;
char* write_value(char* out, const time_of_day& value) noexcept;
char* write_value(char* out, const month_year& value) noexcept;
char* write_value(char* out, const zoned_time& value) noexcept;
char* write_value(char* out, const zoned_timestamp& value) noexcept;

[[nodiscard]] bool is_date(std::string_view text) noexcept;        // YYYYMMDD, a day that exists
[[nodiscard]] bool is_time(std::string_view text) noexcept;        // HH:MM:SS with 0 to 9 decimals
[[nodiscard]] bool is_month_year(std::string_view text) noexcept;  // YYYYMM, YYYYMMDD, YYYYMMw1..5
[[nodiscard]] bool is_tz_time(std::string_view text) noexcept;     // HH:MM[:SS][Z or +hh[:mm]]
[[nodiscard]] bool is_tz_timestamp(std::string_view text) noexcept;

// The parts of a MultipleValueString or MultipleCharValue, which single spaces separate.
class values_in {
public:
    class iterator {
    public:
        using iterator_category = std::forward_iterator_tag;
        using difference_type = std::ptrdiff_t;
        using value_type = std::string_view;
        using pointer = const std::string_view*;
        using reference = std::string_view;

        iterator() = default;
        explicit iterator(std::string_view rest) noexcept : rest_(rest), is_end_(rest.empty()) {}
        std::string_view operator*() const noexcept { return rest_.substr(0, rest_.find(' ')); }
        iterator& operator++() noexcept {
            const std::size_t space = rest_.find(' ');
            is_end_ = space == std::string_view::npos;
            rest_.remove_prefix(is_end_ ? rest_.size() : space + 1);
            return *this;
        }
        iterator operator++(int) noexcept {
            const iterator before = *this;
            ++*this;
            return before;
        }
        bool operator==(const iterator& other) const noexcept {
            return is_end_ == other.is_end_ && (is_end_ || rest_.data() == other.rest_.data());
        }

    private:
        std::string_view rest_;
        bool is_end_ = true;
    };

    explicit values_in(std::string_view text) noexcept : text_(text) {}
    [[nodiscard]] iterator begin() const noexcept { return iterator(text_); }
    [[nodiscard]] static iterator end() noexcept { return {}; }
    [[nodiscard]] bool contains(std::string_view value) const noexcept {
        for (const std::string_view one : *this) {
            if (one == value) {
                return true;
            }
        }
        return false;
    }

private:
    std::string_view text_;
};

}  // namespace millrace::xlator
