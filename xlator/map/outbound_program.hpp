// What a compiled outbound map does for each row, step by step: made by compile_outbound(), carried
// out by outbound_map.
//
// Threading  constant after compiling
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "xlator/fix/check.hpp"
#include "xlator/map/map_spec.hpp"
#include "xlator/map/row_access.hpp"
#include "xlator/map/value_text.hpp"

namespace millrace::xlator {

namespace detail {

// How a column's value becomes FIX text.
enum class convert : std::uint8_t {
    literal,  // bytes fixed at set-up: one or more whole fields
    integer,
    decimal,
    character,
    text,
    timestamp,
    timestamp_date,  // the day of a timestamp
    timestamp_time,  // its time of day
    boolean,
    data,      // length and bytes
    pairs,     // the translation of the row's value
    composed,  // text made of parts
    now,
    group,
};

// "tag=" of any tag up to seven digits; written as eight bytes at once.
struct short_prefix {
    static constexpr std::size_t size_max = 8;
    std::array<char, size_max> text{};
    std::uint8_t size = 0;
};

struct map_step {
    convert how = convert::literal;
    column_kind kind = column_kind::text;
    bool is_required = false;
    bool must_check = false;  // the written text may break the field's rule
    short_prefix prefix;      // of a field that is converted
    int tag = 0;
    int column = -1;
    std::uint32_t fields = 0;   // of a literal
    std::string bytes;          // a literal; of data: "lengthtag="
    std::string data_prefix;    // of data: "tag="
    std::string default_bytes;  // whole fields; empty: no default
    std::uint32_t default_fields = 0;
    member_rule rule;
    std::vector<text_pair> pairs;
    std::vector<text_part> parts;
    std::uint32_t group = 0;      // index of the group's program
    std::uint32_t fallback = 0;   // index, from 1, of the step taken where the column is empty
    std::uint32_t condition = 0;  // index, from 1, of the condition to be met
    std::uint8_t decimals = 3;    // of a time's second
};

struct map_entry {
    std::vector<map_step> steps;  // in the order of the group's members
    std::vector<int> columns;     // whose emptiness leaves the entry out; none: never left out
};

struct map_group {
    int counter_tag = 0;
    bool is_required = false;
    std::string prefix;  // "453="
    std::vector<map_entry> entries;
};

}  // namespace detail

}  // namespace millrace::xlator
