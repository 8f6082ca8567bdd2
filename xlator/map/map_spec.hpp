// What a declarative map between rows and messages says, before it is compiled.
//
// Whoever reads the configuration fills these structs; `line` is where the text stood, for error
// messages.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace millrace::xlator {

enum class column_kind : std::uint8_t {
    integer,
    decimal,
    character,
    text,
    timestamp,
    boolean,
    bytes
};

struct column {
    std::string name;
    column_kind kind = column_kind::text;
    bool is_required = false;  // a row without a value for it is none
};

// One translation of a value: "B" in the row is "1" in the message. The FIX side may also be the
// enumerator's name
// ("buy"); a boolean's row side is true or false.
struct value_pair {
    std::string row;
    std::string fix;
};

enum class value_source : std::uint8_t {
    none,      // only the default
    column,    // text names a column
    constant,  // text is the value
    now,       // the time of translation
    composed,  // text is a template: value_text.hpp
};

// Holds where the column has one of the values, or, negated, none of them. An empty column has the
// value "".
struct column_condition {
    std::string column;
    std::vector<std::string> values;
    bool is_negated = false;
};

// Row to message, and row to row: where one field, or one column, comes from.
struct field_rule {
    std::string field;  // its name; row to row: the column's
    value_source source = value_source::none;
    std::string text;
    std::optional<std::string> default_text;  // taken where the column is empty
    std::vector<value_pair> pairs;
    long line = 0;
    std::string fallback = {};                  // a column taken before the default
    std::optional<column_condition> when = {};  // where it does not hold the field is left out
    std::optional<int> decimals = {};           // of a time's second, 0 to 9; else 3
    std::string format = {};                    // of a column's value or the time: value_text.hpp
};

struct group_rule;

// One possible entry of a group; left out where all its columns are empty.
struct group_entry_rule {
    std::vector<field_rule> fields;
    std::vector<group_rule> groups;
    long line = 0;
};

struct group_rule {
    std::string counter;
    std::vector<group_entry_rule> entries;
    long line = 0;
};

struct outbound_spec {
    std::string name;
    std::string message;  // name or MsgType
    std::vector<field_rule> fields;
    std::vector<group_rule> groups;
    long line = 0;
};

// Message to row: where one column comes from.
struct column_rule {
    std::string column;
    std::string field;                    // a field of header or body, or of an entry of `group`
    std::string group;                    // a counter, or empty
    std::size_t entry = 0;                // which entry of the group, from 0 ...
    std::string match_field;              // ... or the first entry where this field ...
    std::string match_value;              // ... has this value
    std::optional<std::string> constant;  // instead of a field
    std::optional<std::string> default_text;  // taken where the field is absent
    std::vector<value_pair> pairs;
    long line = 0;
    std::string fallback;  // a field taken before the default; outside of groups
    std::string composed;  // instead of a field: a template of fields, value_text.hpp
    std::string format;    // of the field's value, or of the time
    bool is_now = false;   // instead of a field: the time of translation
    // On a field (named by `column`); where it does not hold the column is not touched.
    std::optional<column_condition> when;
};

struct inbound_spec {
    std::string name;
    std::string message;  // name or MsgType
    std::vector<column_rule> columns;
    long line = 0;
};

// Row to row: every column of the target that gets something.
struct row_spec {
    std::string name;
    std::vector<field_rule> columns;
    long line = 0;
};

struct spec_error {
    long line = 0;
    std::string message;
};

// Either a map, or why there is none: all errors, not only the first.
template <class Map>
struct compile_result {
    std::optional<Map> map;
    std::vector<spec_error> errors;

    [[nodiscard]] explicit operator bool() const { return map.has_value(); }
};

}  // namespace millrace::xlator
