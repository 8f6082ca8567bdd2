// Values as text, for files, command lines and configuration. Not for the message path.
//
// Errors  parse_value() answers a reason fit to follow "column PRICE: "
#pragma once

#include <string>
#include <string_view>

#include "engine/table/row.hpp"

namespace millrace::engine {

// Sets the column from its text form; an empty text is the empty value, where the type has one.
// Returns an empty string, or the reason why the value was refused and nothing was set.
[[nodiscard]] std::string parse_value(row_builder& row, std::size_t index, std::string_view value);

// Appends what parse_value() would read back; nothing for an empty value.
void append_value_text(const row_view& row, std::size_t index, std::string& out);

// Why a row from text that lacks this column is refused; empty: it is not.
[[nodiscard]] std::string missing_reason(const schema_column& column);
// Why the filled row is refused; empty: it is not.
[[nodiscard]] std::string empty_key_reason(const row_builder& row);

}  // namespace millrace::engine
