#include "tools/text/column_names.hpp"

namespace millrace::tools::detail {

std::string missing_reason(const engine::schema_column& column) {
    if (column.is_key) {
        return "column " + column.name + " is missing: it is part of the key";
    }
    if (!engine::has_empty_value(column.type)) {
        return "column " + column.name +
               " is missing: " + std::string(engine::column_type_phrase(column.type)) +
               " cannot be empty";
    }
    return {};
}

std::string empty_key_reason(const engine::row_builder& row) {
    const engine::row_schema& schema = row.schema();
    for (const std::size_t index : schema.key_columns()) {
        if (row.view().is_empty(index)) {
            return "column " + schema.column(index).name + ": part of the key, and empty";
        }
    }
    return {};
}

}  // namespace millrace::tools::detail
