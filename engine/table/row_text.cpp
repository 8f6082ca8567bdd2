#include "engine/table/row_text.hpp"

#include <charconv>

namespace millrace::engine {

namespace {

constexpr std::size_t shown_size_max = 40;

// What the user wrote, cut to a length a message can bear.
std::string quoted(std::string_view value) {
    std::string text = "'" + std::string(value.substr(0, shown_size_max));
    return text += value.size() > shown_size_max ? "...'" : "'";
}

std::string is_not(std::string_view value, column_type type) {
    return quoted(value) + " is not " + std::string(column_type_phrase(type));
}

std::string integer_range(column_type type) {
    switch (type) {
        case column_type::i8:
            return "-128 to 127";
        case column_type::i16:
            return "-32768 to 32767";
        case column_type::i32:
            return "-2147483648 to 2147483647";
        case column_type::i64:
            return "-9223372036854775808 to 9223372036854775807";
        case column_type::u8:
            return "0 to 255";
        case column_type::u16:
            return "0 to 65535";
        case column_type::u32:
            return "0 to 4294967295";
        default:
            return "0 to 18446744073709551615";
    }
}

std::string does_not_fit(std::string_view value, const schema_column& column) {
    return quoted(value) + " does not fit " + column_type_text(column) + " (" +
           integer_range(column.type) + ")";
}

template <class Integer>
std::errc read_integer(std::string_view text, Integer& value) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size() || text.empty()) {
        return std::errc::invalid_argument;
    }
    return code;
}

std::string parse_integer(row_builder& row, std::size_t index, std::string_view value) {
    const schema_column& column = row.schema().column(index);
    row_status status = row_status::ok;
    std::errc code{};
    if (value.starts_with('-') || is_signed_integer(column.type)) {
        std::int64_t number = 0;
        code = read_integer(value, number);
        status = code == std::errc{} ? row.set_integer(index, number) : row_status::out_of_range;
    } else {
        std::uint64_t number = 0;
        code = read_integer(value, number);
        status = code == std::errc{} ? row.set_unsigned_integer(index, number)
                                     : row_status::out_of_range;
    }
    if (code == std::errc::invalid_argument) {
        return is_not(value, column.type);
    }
    return status == row_status::ok ? std::string{} : does_not_fit(value, column);
}

std::string parse_decimal_value(row_builder& row, std::size_t index, std::string_view value) {
    decimal number;
    switch (parse_decimal(value, number)) {
        case decimal_status::malformed:
            return is_not(value, column_type::decimal);
        case decimal_status::overflow:
            return quoted(value) + " has more digits than a decimal holds";
        case decimal_status::ok:
            break;
    }
    return std::string(row.set_decimal(index, number) == row_status::ok
                           ? std::string_view{}
                           : to_string(row_status::wrong_type));
}

std::string parse_boolean(row_builder& row, std::size_t index, std::string_view value) {
    const bool is_true = value == "true" || value == "Y" || value == "1";
    if (!is_true && value != "false" && value != "N" && value != "0") {
        return is_not(value, column_type::boolean) + " (true or false, Y or N, 1 or 0)";
    }
    return std::string(row.set_boolean(index, is_true) == row_status::ok
                           ? std::string_view{}
                           : to_string(row_status::wrong_type));
}

std::string parse_text(row_builder& row, std::size_t index, std::string_view value) {
    const schema_column& column = row.schema().column(index);
    const row_status status = is_trailing(column.type)
                                  ? row.set_trailing(std::as_bytes(std::span(value)))
                                  : row.set_text(index, value);
    if (status == row_status::ok) {
        return {};
    }
    std::string reason = quoted(value) + " has " + std::to_string(value.size()) + " bytes, ";
    return reason += is_trailing(column.type) ? "more than a row may have"
                                              : "more than " + column_type_text(column) + " holds";
}

}  // namespace

std::string parse_value(row_builder& row, std::size_t index, std::string_view value) {
    const schema_column& column = row.schema().column(index);
    if (value.empty() && has_empty_value(column.type)) {
        return std::string(row.set_empty(index) == row_status::ok
                               ? std::string_view{}
                               : to_string(row_status::no_empty_value));
    }
    if (is_integer(column.type)) {
        return parse_integer(row, index, value);
    }
    row_status status = row_status::ok;
    timestamp time;
    switch (column.type) {
        case column_type::decimal:
            return parse_decimal_value(row, index, value);
        case column_type::boolean:
            return parse_boolean(row, index, value);
        case column_type::character:
            if (value.size() != 1) {
                return is_not(value, column.type) + ", it has " + std::to_string(value.size()) +
                       " bytes";
            }
            status = row.set_character(index, value[0]);
            break;
        case column_type::timestamp:
            if (!parse(value, time)) {
                return is_not(value, column.type) + ", as in 2026-03-01T09:30:00.000000001Z";
            }
            status = row.set_timestamp(index, time);
            break;
        default:
            return parse_text(row, index, value);
    }
    return status == row_status::ok ? std::string{} : std::string(to_string(status));
}

void append_value_text(const row_view& row, std::size_t index, std::string& out) {
    const column_type type = row.schema().column(index).type;
    char buffer[decimal_text_size_max];
    if (is_signed_integer(type)) {
        out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, row.integer(index)).ptr);
        return;
    }
    if (is_unsigned_integer(type)) {
        out.append(buffer,
                   std::to_chars(buffer, buffer + sizeof buffer, row.unsigned_integer(index)).ptr);
        return;
    }
    if (row.is_empty(index)) {
        return;
    }
    switch (type) {
        case column_type::decimal:
            out.append(buffer, format_decimal(row.decimal_value(index), buffer));
            break;
        case column_type::character:
            out += row.character(index);
            break;
        case column_type::text:
        case column_type::vartext:
            out += row.text(index);
            break;
        case column_type::timestamp:
            out += to_string(row.timestamp(index));
            break;
        case column_type::boolean:
            out += row.boolean(index) ? "true" : "false";
            break;
        default: {
            const std::span<const std::byte> bytes = row.trailing();
            out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        }
    }
}

std::string missing_reason(const schema_column& column) {
    if (column.is_key) {
        return "column " + column.name + " is missing: it is part of the key";
    }
    if (!has_empty_value(column.type)) {
        return "column " + column.name +
               " is missing: " + std::string(column_type_phrase(column.type)) + " cannot be empty";
    }
    return {};
}

std::string empty_key_reason(const row_builder& row) {
    const row_schema& schema = row.schema();
    for (const std::size_t index : schema.key_columns()) {
        if (row.view().is_empty(index)) {
            return "column " + schema.column(index).name + ": part of the key, and empty";
        }
    }
    return {};
}

}  // namespace millrace::engine
