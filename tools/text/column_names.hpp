// What the readers share: columns by name, and what must not be missing.
//
// Errors  the sentences lack the file and line, which the reader puts before them
#pragma once

#include <string>
#include <string_view>

#include "engine/table/row.hpp"

namespace millrace::tools::detail {

// Why a row without this column is refused; empty: it is not.
[[nodiscard]] std::string missing_reason(const engine::schema_column& column);

// Why the filled row is refused; empty: it is not.
[[nodiscard]] std::string empty_key_reason(const engine::row_builder& row);

}  // namespace millrace::tools::detail
