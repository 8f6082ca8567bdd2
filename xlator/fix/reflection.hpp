// What a dictionary says, as plain constants: fields, value sets, messages, groups.
//
// The generated declarations fill these tables at compile time; tools, maps and validation read
// them at run time.
//
// Threading  constants; any thread
// Source     FIX 4.4 vol. 1, data types; the names are those of QuickFIX's dictionary format
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace millrace::xlator {

enum class field_type : std::uint8_t {
    string,
    character,
    price,
    integer,
    amt,
    qty,
    currency,
    multiple_value_string,
    multiple_char_value,
    exchange,
    utc_timestamp,
    boolean,
    local_mkt_date,
    data,
    floating,
    price_offset,
    month_year,
    day_of_month,
    utc_date,
    utc_time,
    num_in_group,
    percentage,
    seq_num,
    length,
    country,
    language,
    tz_time,
    tz_timestamp,
    xml_data,
};

// How the enum class of a field stands for its wire text.
enum class enum_form : std::uint8_t {
    none,       // the field has no value set, or is a Boolean
    character,  // the enumerator is the character
    integer,    // the enumerator is the number
    text,       // the enumerator is the index in the value table
    tokens,     // no enum class: a space-separated list of values of the set
};

struct enum_value_info {
    std::string_view value;  // as on the wire
    std::string_view name;
};

struct field_info {
    int tag = 0;
    std::string_view name;
    field_type type = field_type::string;
    enum_form form = enum_form::none;
    std::span<const enum_value_info> values;
    int length_tag = 0;  // of a data field: the field that holds its length
    int data_tag = 0;    // of such a length field: its data field
};

struct group_info;

struct member_info {
    int tag = 0;
    std::string_view name;
    bool is_required = false;
    const group_info* group = nullptr;  // set where tag is a group's counter
    // Whether it is set: g++ cannot compare addresses in a constant expression under
    // -fsanitize=null.
    bool is_group = false;
    // As the member's own line in the dictionary has it, whatever component the line stands in.
    bool is_declared_required = false;
    bool is_direct = true;  // not through a component
};

struct group_info {
    int counter_tag = 0;
    std::string_view name;
    std::span<const member_info> members;  // in dictionary order; the first one is the delimiter
};

struct message_info {
    std::string_view msg_type;
    std::string_view name;
    bool is_admin = false;
    std::span<const member_info> members;  // in dictionary order, components expanded
};

struct dictionary_info {
    std::string_view name;               // of the dialect: the last part of its namespace
    std::string_view begin_string;       // BeginString(8)
    std::span<const field_info> fields;  // ascending by tag
    std::span<const member_info> header;
    std::span<const member_info> trailer;
    std::span<const message_info> messages;
};

[[nodiscard]] constexpr bool is_decimal(field_type type) noexcept {
    return type == field_type::price || type == field_type::amt || type == field_type::qty ||
           type == field_type::floating || type == field_type::price_offset ||
           type == field_type::percentage;
}

[[nodiscard]] constexpr bool is_integer(field_type type) noexcept {
    return type == field_type::integer || type == field_type::day_of_month ||
           type == field_type::num_in_group || type == field_type::seq_num ||
           type == field_type::length;
}

// Written as text by the caller and, where the type has a format, checked.
[[nodiscard]] constexpr bool is_text(field_type type) noexcept {
    return !is_decimal(type) && !is_integer(type) && type != field_type::character &&
           type != field_type::boolean && type != field_type::utc_timestamp;
}

[[nodiscard]] constexpr bool is_data(field_type type) noexcept {
    return type == field_type::data || type == field_type::xml_data;
}

// FIX's own spelling: "UTCTIMESTAMP".
[[nodiscard]] std::string_view to_string(field_type type) noexcept;

}  // namespace millrace::xlator
