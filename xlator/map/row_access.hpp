// Rows by column index, as maps read and write them: values, their spelling, and conditions.
//
// Row is what outbound_map.hpp says it is.
//
// Threading  constant after compiling; any thread
// Progress   no allocation, no exception
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xlator/fix/digits.hpp"
#include "xlator/map/value_text.hpp"

namespace millrace::xlator::detail {

// A column's value as pairs and conditions spell it: a boolean is true or false, a number its
// digits. `room` holds what is made up. REQUIRES: not decimal, timestamp or bytes.
template <class Row>
[[nodiscard]] std::string_view spelling_of(column_kind kind, const Row& row, std::size_t column,
                                           std::span<char, decimal_size_max> room) noexcept {
    switch (kind) {
        case column_kind::character:
            room[0] = row.character(column);
            return {room.data(), 1};
        case column_kind::boolean:
            return row.boolean(column) ? "true" : "false";
        case column_kind::integer: {
            const char* const end = write_signed(room.data(), row.integer(column));
            return {room.data(), static_cast<std::size_t>(end - room.data())};
        }
        default:
            return row.text(column);
    }
}

template <class Row>
[[nodiscard]] row_value value_of(column_kind kind, const Row& row, std::size_t column) noexcept {
    row_value value;
    value.kind = kind;
    switch (kind) {
        case column_kind::integer:
            value.number = row.integer(column);
            break;
        case column_kind::decimal:
            value.decimal = row.decimal(column);
            break;
        case column_kind::character:
            value.number = row.character(column);
            break;
        case column_kind::timestamp:
            value.number = row.timestamp(column);
            break;
        case column_kind::boolean:
            value.number = row.boolean(column) ? 1 : 0;
            break;
        case column_kind::text:
        case column_kind::bytes:
            value.text = row.text(column);
            break;
    }
    return value;
}

// A template's value out of a row.
template <class Row>
[[nodiscard]] auto values_of(const Row& row) noexcept {
    return [&row](const text_part& part, row_value& value) {
        const auto column = static_cast<std::size_t>(part.index);
        if (row.is_empty(column)) {
            return map_status::required_empty;
        }
        value = value_of(part.kind, row, column);
        return map_status::ok;
    };
}

// Into a row: RowSink is what inbound_map.hpp says it is. False: the column cannot hold the value.
template <class RowSink>
[[nodiscard]] bool store(const row_value& value, column_kind kind, std::size_t column,
                         RowSink& row) noexcept {
    switch (kind) {
        case column_kind::integer:
            return row.set_integer(column, value.number);
        case column_kind::decimal:
            return row.set_decimal(column, value.decimal);
        case column_kind::character:
            return row.set_character(column, static_cast<char>(value.number));
        case column_kind::text:
        case column_kind::bytes:
            return row.set_text(column, value.text);
        case column_kind::timestamp:
            return row.set_timestamp(column, value.number);
        case column_kind::boolean:
            return row.set_boolean(column, value.number != 0);
    }
    return false;
}

struct text_pair {
    std::string from;
    std::string to;
};

struct map_condition {
    int column = -1;
    column_kind kind = column_kind::text;
    std::vector<std::string> values;
    bool is_negated = false;
};

template <class Row>
[[nodiscard]] bool holds(const map_condition& condition, const Row& row) noexcept {
    const auto column = static_cast<std::size_t>(condition.column);
    std::array<char, decimal_size_max> room;
    const std::string_view value = row.is_empty(column)
                                       ? std::string_view()
                                       : spelling_of(condition.kind, row, column, std::span(room));
    for (const std::string& one : condition.values) {
        if (one == value) {
            return !condition.is_negated;
        }
    }
    return condition.is_negated;
}

}  // namespace millrace::xlator::detail
