// Values out of text, values as text in a given form, and texts made of several of them.
//
//     "8"                    of an integer: at least so many digits
//     ".2"                   of a number: exactly so many decimals
//     "%Y-%m-%d %H:%M:%S.%3" of a time: %Y %m %d %H %M %S, %1 to %9 decimals of the second, %%
//
//     "ORD-{ACCOUNT}-{@sequence:8}"   values by name, each with its form; {{ and }} are braces
//
// Threading  constant after set-up; any thread
// Progress   writing: no allocation, no exception
// Errors     a number that would have to be rounded is bad_value; a reading that fails says why
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xlator/fix/decimal.hpp"
#include "xlator/fix/digits.hpp"
#include "xlator/fix/reflection.hpp"
#include "xlator/map/map_result.hpp"
#include "xlator/map/map_spec.hpp"

namespace millrace::xlator::detail {

// A value in the form of its column, made at set-up, from a row, or from a field's text.
struct row_value {
    column_kind kind = column_kind::text;
    std::int64_t number = 0;  // integer, timestamp, boolean, character
    xlator::decimal decimal;
    std::string_view text;
};

// False: the text of a FIX field of this type is no value of this kind.
[[nodiscard]] bool read_fix_text(field_type type, column_kind kind, std::string_view text,
                                 row_value& value) noexcept;
// The same for text written by the user: defaults, constants and the row side of pairs.
[[nodiscard]] bool read_row_text(column_kind kind, std::string_view text,
                                 row_value& value) noexcept;
// What a field is read as whose value gets a form.
[[nodiscard]] column_kind kind_of_formatted(field_type type) noexcept;

// What is made up while one record is translated lies here.
using text_room = std::array<char, 1024>;

struct value_format {
    enum class form : std::uint8_t {
        plain,     // as FIX has it; a boolean is true or false, as in pairs
        digits,    // `count` of them, or more
        decimals,  // exactly `count`
        time,      // `pattern`
    };
    form how = form::plain;
    std::uint8_t count = 0;
    std::string pattern;
};

// False: the text is none of the three.
[[nodiscard]] bool parse_format(std::string_view text, value_format& format);
// Whether values of this kind can be written so.
[[nodiscard]] bool can_have(column_kind kind, const value_format& format) noexcept;

// Appends the value at `at`. Not ok: the room is too small, or the value cannot have the form.
[[nodiscard]] map_status write_value(const row_value& value, const value_format& format, char*& at,
                                     const char* end) noexcept;

// One value of a template, and the fixed text before it.
struct template_part {
    std::string before;
    std::string name;  // empty: the fixed text alone, at the end
    std::string format;
};
// Empty, or why the text is no template.
[[nodiscard]] std::string parse_template(std::string_view text, std::vector<template_part>& parts);

// The same, its names found.
struct text_part {
    enum class origin : std::uint8_t { none, named, time, sequence };
    std::string before;
    origin from = origin::none;
    int index = -1;  // named: the column, or the field's tag
    column_kind kind = column_kind::text;
    field_type type = field_type::string;  // of a field
    value_format format;
};

// Appends the text. `value_of(part, value)` reads a named value: ok, required_empty where there is
// none, or bad_value; what it says otherwise ends the text.
template <class ValueOf>
[[nodiscard]] map_status write_text(std::span<const text_part> parts, const record_facts& facts,
                                    ValueOf value_of, char*& at, const char* end) noexcept {
    for (const text_part& part : parts) {
        if (static_cast<std::size_t>(end - at) < part.before.size()) {
            return map_status::overflow;
        }
        at = copy_bytes(at, part.before.data(), part.before.size());
        if (part.from == text_part::origin::none) {
            continue;
        }
        row_value value;
        if (part.from == text_part::origin::named) {
            if (const map_status read = value_of(part, value); read != map_status::ok) {
                return read;
            }
        } else if (part.from == text_part::origin::time) {
            value.kind = column_kind::timestamp;
            value.number = facts.now.ns;
        } else {
            value.kind = column_kind::integer;
            value.number = static_cast<std::int64_t>(facts.sequence);
        }
        if (const map_status written = write_value(value, part.format, at, end);
            written != map_status::ok) {
            return written;
        }
    }
    return map_status::ok;
}

// The text made in `room`, and then as the column has it. Not ok: required_empty or bad_value.
template <class ValueOf>
[[nodiscard]] map_status read_made_text(std::span<const text_part> parts, const record_facts& facts,
                                        ValueOf value_of, column_kind kind, text_room& room,
                                        row_value& value) noexcept {
    char* at = room.data();
    const map_status made = write_text(parts, facts, value_of, at, room.data() + room.size());
    if (made == map_status::required_empty) {
        return made;
    }
    const std::string_view text(room.data(), static_cast<std::size_t>(at - room.data()));
    return made == map_status::ok && read_row_text(kind, text, value) ? map_status::ok
                                                                      : map_status::bad_value;
}

}  // namespace millrace::xlator::detail
