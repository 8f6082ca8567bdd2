#include "engine/table/row_fields.hpp"

#include "engine/table/nearest.hpp"

namespace millrace::engine {

std::string unknown_name(const row_schema& schema, const row_fields& fields,
                         std::string_view name) {
    std::vector<std::string_view> known;
    for (const schema_column& column : schema.columns()) {
        known.push_back(column.name);
    }
    const std::vector<std::string_view> lent = fields.names();
    known.insert(known.end(), lent.begin(), lent.end());
    return "unknown column " + std::string(name) + " in table " + schema.table_name() +
           ", nor is there such a field in " + fields.describe() + did_you_mean(name, known);
}

}  // namespace millrace::engine
