#include "engine/table/schema.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/core/types.hpp"
#include "engine/table/nearest.hpp"
#include "engine/table/values.hpp"

namespace millrace::engine {

namespace {

struct type_facts {
    std::string_view name;
    std::string_view phrase;
    std::size_t size;
    std::size_t alignment;
};

constexpr std::array<type_facts, column_type_count> types = {{
    {"i8", "an integer", 1, 1},
    {"i16", "an integer", 2, 2},
    {"i32", "an integer", 4, 4},
    {"i64", "an integer", 8, 8},
    {"u8", "an unsigned integer", 1, 1},
    {"u16", "an unsigned integer", 2, 2},
    {"u32", "an unsigned integer", 4, 4},
    {"u64", "an unsigned integer", 8, 8},
    {"decimal", "a decimal", sizeof(decimal), alignof(decimal)},
    {"character", "a character", 1, 1},
    {"text", "a text", 0, 2},
    {"timestamp", "a timestamp", 8, 8},
    {"boolean", "a boolean", 1, 1},
    {"bytes", "bytes", 0, 1},
    {"vartext", "a text", 0, 1},
}};

const type_facts& facts_of(column_type type) noexcept {
    return types[static_cast<std::size_t>(type)];
}

constexpr std::size_t text_capacity_max = 65535;

std::size_t align_up(std::size_t size, std::size_t alignment) {
    return (size + alignment - 1) / alignment * alignment;
}

std::size_t stored_size(const schema_column& column) {
    if (column.type == column_type::text) {
        return sizeof(std::uint16_t) + align_up(column.text_capacity, 2);
    }
    return facts_of(column.type).size;
}

bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

std::string quoted(std::string_view text) {
    return "'" + std::string(text) + "'";
}

// Cuts the text up to the separator off the front.
std::string_view take(std::string_view& text, char separator) {
    const std::size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

schema_column parse_column_line(std::string_view line) {
    schema_column column;
    column.name = std::string(take(line, ' '));
    parse_column_type(take(line, ' '), column);
    if (line == "key") {
        column.is_key = true;
    } else if (!line.empty()) {
        throw config_error("column " + column.name + ": unknown attribute " + quoted(line) +
                           ", expected nothing or key");
    }
    return column;
}

void check_column(const schema_column& column, bool is_last) {
    check_name("column", column.name);
    if (column.type == column_type::text &&
        (column.text_capacity == 0 || column.text_capacity > text_capacity_max)) {
        throw config_error("column " + column.name + ": text(" +
                           std::to_string(column.text_capacity) +
                           ") is out of range, a text holds 1 to 65535 bytes");
    }
    if (column.type != column_type::text && column.text_capacity != 0) {
        throw config_error("column " + column.name + ": only a text has a capacity");
    }
    if (is_trailing(column.type) && !is_last) {
        throw config_error("column " + column.name + ": " + column_type_text(column) +
                           " must be the last column, and the only one of its kind");
    }
    if (is_trailing(column.type) && column.is_key) {
        throw config_error("column " + column.name + ": " + column_type_text(column) +
                           " cannot be a key");
    }
}

}  // namespace

void check_name(std::string_view what, std::string_view name) {
    bool is_good = !name.empty() && is_letter(name[0]) && name.size() <= row_schema::name_size_max;
    for (const char c : name) {
        is_good = is_good && (is_letter(c) || (c >= '0' && c <= '9'));
    }
    if (!is_good) {
        throw config_error(std::string(what) + " " + quoted(name) +
                           ": a name is 1 to 64 letters, digits and _, and begins with no digit");
    }
}

void parse_column_type(std::string_view text, schema_column& column) {
    column.text_capacity = 0;
    if (text.starts_with("text(") && text.ends_with(")")) {
        const std::string_view digits = text.substr(5, text.size() - 6);
        const auto [end, code] =
            std::from_chars(digits.data(), digits.data() + digits.size(), column.text_capacity);
        if (code != std::errc{} || end != digits.data() + digits.size() ||
            column.text_capacity == 0 || column.text_capacity > text_capacity_max) {
            throw config_error("column " + column.name + ": " + quoted(text) +
                               ": a text holds 1 to 65535 bytes");
        }
        column.type = column_type::text;
        return;
    }
    if (text == "text") {
        throw config_error("column " + column.name +
                           ": a text needs its capacity in bytes, as in text(20); without one, as "
                           "the last column, it is a vartext");
    }
    if (text == "char" || text == "bool") {
        column.type = text == "char" ? column_type::character : column_type::boolean;
        return;
    }
    std::array<std::string_view, column_type_count> names;
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (types[i].name == text) {
            column.type = static_cast<column_type>(i);
            return;
        }
        // Users know these two by their short names; logs keep the long ones.
        names[i] = types[i].name == "character" ? "char"
                   : types[i].name == "boolean" ? "bool"
                                                : types[i].name;
    }
    throw config_error("column " + column.name + ": unknown type " + quoted(text) +
                       did_you_mean(text, names) +
                       ", expected i8 to i64, u8 to u64, decimal, char, text(N), timestamp, bool, "
                       "bytes or vartext");
}

std::string column_type_text(const schema_column& column) {
    std::string text(facts_of(column.type).name);
    if (column.type == column_type::text) {
        text += "(" + std::to_string(column.text_capacity) + ")";
    }
    return text;
}

std::string_view column_type_phrase(column_type type) noexcept {
    return facts_of(type).phrase;
}

row_schema::row_schema(std::string table_name, std::vector<schema_column> columns)
    : table_name_(std::move(table_name)), columns_(std::move(columns)) {
    check_name("table", table_name_);
    try {
        lay_out();
    } catch (const config_error& failure) {
        throw config_error("table " + table_name_ + ": " + failure.what());
    }
    hash_ = route_id(to_text());
}

void row_schema::lay_out() {
    if (columns_.empty()) {
        throw config_error("a table needs a column");
    }
    if (columns_.size() > column_count_max) {
        throw config_error(std::to_string(columns_.size()) + " columns, at most " +
                           std::to_string(column_count_max) + " are allowed");
    }
    std::size_t end = 0;
    std::size_t alignment = 1;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        schema_column& column = columns_[i];
        check_column(column, i + 1 == columns_.size());
        if (find(column.name) != i) {
            throw config_error("column " + column.name + ": the name is taken by another column");
        }
        const std::size_t own_alignment = facts_of(column.type).alignment;
        column.size = stored_size(column);
        column.offset = align_up(end, own_alignment);
        end = column.offset + column.size;
        alignment = std::max(alignment, own_alignment);
        if (column.is_key) {
            key_columns_.push_back(i);
        }
        if (column.type == column_type::text || column.type == column_type::boolean) {
            checked_columns_.push_back(i);
        }
    }
    const std::size_t fixed_size = align_up(end, alignment);
    if (fixed_size > fixed_size_max) {
        throw config_error("a row would take " + std::to_string(fixed_size) +
                           " bytes, at most 32768 are allowed; use a trailing vartext or bytes");
    }
    empty_fixed_.resize(fixed_size);
    for (schema_column& column : columns_) {
        if (is_trailing(column.type)) {
            column.offset = fixed_size;
        } else if (column.type == column_type::decimal) {
            const decimal null;
            std::memcpy(empty_fixed_.data() + column.offset, &null, sizeof null);
        }
    }
}

row_schema row_schema::parse(std::string_view text) {
    if (text.size() > text_form_size_max) {
        throw config_error("row schema: longer than 65536 bytes");
    }
    long line_number = 1;
    std::string_view line = take(text, '\n');
    if (!line.starts_with("table ")) {
        throw config_error("row schema", line_number, "expected: table NAME");
    }
    const std::string table_name(line.substr(6));
    std::vector<schema_column> columns;
    while (!text.empty()) {
        line = take(text, '\n');
        ++line_number;
        if (!line.starts_with("column ")) {
            throw config_error("row schema", line_number, "expected: column NAME TYPE [key]");
        }
        if (columns.size() == column_count_max) {
            throw config_error("row schema", line_number, "more than 512 columns");
        }
        try {
            columns.push_back(parse_column_line(line.substr(7)));
        } catch (const config_error& failure) {
            throw config_error("row schema", line_number, failure.what());
        }
    }
    return row_schema(table_name, std::move(columns));
}

std::string row_schema::to_text() const {
    std::string text = "table " + table_name_ + "\n";
    for (const schema_column& column : columns_) {
        text += "column " + column.name + " " + column_type_text(column);
        text += column.is_key ? " key\n" : "\n";
    }
    return text;
}

std::optional<std::size_t> row_schema::find(std::string_view column_name) const noexcept {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (equal_ignoring_case(columns_[i].name, column_name)) {
            return i;
        }
    }
    return std::nullopt;
}

std::size_t row_schema::index_of(std::string_view column_name) const {
    if (const std::optional<std::size_t> index = find(column_name)) {
        return *index;
    }
    std::vector<std::string_view> names;
    names.reserve(columns_.size());
    for (const schema_column& column : columns_) {
        names.push_back(column.name);
    }
    throw config_error("unknown column " + std::string(column_name) +
                       did_you_mean(column_name, names) + " in table " + table_name_);
}

}  // namespace millrace::engine
