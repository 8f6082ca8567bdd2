// A row type: the table's name and its columns, laid out like a C++ struct of the same members.
//
// Threading  immutable after construction; any thread may read it
// Invariant  columns stand in ascending offsets, naturally aligned; a trailing column comes last
// Units      offset, size: bytes from the start of the fixed part (behind the record's envelope)
// Errors     the constructor and parse() throw config_error with the reason
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/table/record.hpp"

namespace millrace::engine {

enum class column_type : std::uint8_t {
    i8,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
    decimal,
    character,
    text,
    timestamp,
    boolean,
    bytes,    // trailing: any bytes
    vartext,  // trailing: text of any length
};

inline constexpr std::size_t column_type_count = 15;

[[nodiscard]] constexpr bool is_signed_integer(column_type type) noexcept {
    return type <= column_type::i64;
}
[[nodiscard]] constexpr bool is_unsigned_integer(column_type type) noexcept {
    return type >= column_type::u8 && type <= column_type::u64;
}
[[nodiscard]] constexpr bool is_integer(column_type type) noexcept {
    return type <= column_type::u64;
}
[[nodiscard]] constexpr bool is_trailing(column_type type) noexcept {
    return type >= column_type::bytes;
}
// Integers and booleans always have a value; the others may be empty.
[[nodiscard]] constexpr bool has_empty_value(column_type type) noexcept {
    return !is_integer(type) && type != column_type::boolean;
}

struct schema_column {
    std::string name;
    column_type type = column_type::i64;
    std::size_t text_capacity = 0;  // text only
    bool is_key = false;

    // Filled in by row_schema. A trailing column stands at the fixed part's end and has size 0.
    std::size_t offset = 0;
    std::size_t size = 0;

    friend bool operator==(const schema_column&, const schema_column&) = default;
};

class row_schema {
public:
    static constexpr std::size_t column_count_max = 512;
    static constexpr std::size_t fixed_size_max = 32 * 1024;
    static constexpr std::size_t name_size_max = 64;
    static constexpr std::size_t text_form_size_max = 64 * 1024;

    row_schema(std::string table_name, std::vector<schema_column> columns);

    // The text form that stands in a log's header: "table NAME", then lines "column NAME TYPE
    // [key]".
    [[nodiscard]] static row_schema parse(std::string_view text);
    [[nodiscard]] std::string to_text() const;

    [[nodiscard]] const std::string& table_name() const noexcept { return table_name_; }
    [[nodiscard]] std::span<const schema_column> columns() const noexcept { return columns_; }
    [[nodiscard]] std::size_t column_count() const noexcept { return columns_.size(); }
    [[nodiscard]] const schema_column& column(std::size_t index) const noexcept {
        return columns_[index];
    }
    [[nodiscard]] std::span<const std::size_t> key_columns() const noexcept { return key_columns_; }

    [[nodiscard]] std::size_t fixed_size() const noexcept { return empty_fixed_.size(); }
    [[nodiscard]] bool has_trailing() const noexcept { return is_trailing(columns_.back().type); }
    // The payload of a row whose trailing column holds trailing_size bytes.
    [[nodiscard]] std::size_t payload_size(std::size_t trailing_size = 0) const noexcept {
        return row_envelope_size + fixed_size() + trailing_size;
    }

    // Names are found whatever their case.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view column_name) const noexcept;
    // As find(), but throws config_error that names the nearest column.
    [[nodiscard]] std::size_t index_of(std::string_view column_name) const;

    // Equal schemas have equal hashes: of the text form.
    [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
    friend bool operator==(const row_schema& left, const row_schema& right) noexcept {
        return left.table_name_ == right.table_name_ && left.columns_ == right.columns_;
    }

    // The fixed part of a row in which nothing is set.
    [[nodiscard]] std::span<const std::byte> empty_fixed() const noexcept { return empty_fixed_; }
    // Columns whose bytes can be wrong: texts and booleans.
    [[nodiscard]] std::span<const std::size_t> checked_columns() const noexcept {
        return checked_columns_;
    }

private:
    void lay_out();

    std::string table_name_;
    std::vector<schema_column> columns_;
    std::vector<std::size_t> key_columns_;
    std::vector<std::size_t> checked_columns_;
    std::vector<std::byte> empty_fixed_;
    std::uint64_t hash_ = 0;
};

// As to_text() writes them, "text(20)", "i64" ..., and "char" and "bool". Throws config_error.
void parse_column_type(std::string_view text, schema_column& column);
[[nodiscard]] std::string column_type_text(const schema_column& column);
// What a user calls such a value: "an integer", "a decimal" ...
[[nodiscard]] std::string_view column_type_phrase(column_type type) noexcept;

// Throws config_error unless the name is [A-Za-z_][A-Za-z0-9_]*; `what` begins the sentence.
void check_name(std::string_view what, std::string_view name);

}  // namespace millrace::engine
