#include <algorithm>

#include "engine/table/nearest.hpp"
#include "gateway/pipeline/config_parts.hpp"

namespace millrace::gateway::detail {

namespace {

engine::schema_column read_column(const config_file& file, const config_node& node) {
    const config_section section(file, node, "a column", {"name", "type", "key"});
    engine::schema_column column;
    column.name = section.text("name");
    file.at(section.line_of("name"), [&] { engine::check_name("column", column.name); });
    const std::string type = section.text("type");
    file.at(section.line_of("type"), [&] { engine::parse_column_type(type, column); });
    column.is_key = section.boolean_or("key", false);
    return column;
}

std::vector<engine::schema_column> read_columns(const config_section& section) {
    const config_file& file = section.file();
    const config_node& list = section.require("columns");
    if (list.kind != node_kind::array || list.elements.empty()) {
        section.fail("columns",
                     "'columns' must be a list: [{name = \"PRICE\", type = \"decimal\"}, ...]");
    }
    std::vector<engine::schema_column> columns;
    file.each(list.elements, [&](const config_node& node) {
        engine::schema_column column = read_column(file, node);
        const bool is_taken = std::any_of(columns.begin(), columns.end(), [&](const auto& other) {
            return engine::equal_ignoring_case(other.name, column.name);
        });
        if (is_taken) {
            file.fail(node.line, "column '" + column.name + "' is described twice");
        }
        columns.push_back(std::move(column));
    });
    return columns;
}

}  // namespace

table_config read_table(const config_file& file, const config_node& node,
                        const pipeline_config& config) {
    const config_section section(
        file, node, "[[table]]",
        {"name", "directory", "columns", "retain", "storage", "hot_bytes_max", "sync_delay_max_us",
         "sync_bytes_max", "low_space_bytes", "seal_key_file"});
    const std::string name = section.text("name");
    file.at(section.line_of("name"), [&] { engine::check_name("table", name); });
    std::vector<engine::schema_column> columns = read_columns(section);
    engine::row_schema schema = file.at(
        section.line_of("columns"), [&] { return engine::row_schema(name, std::move(columns)); });
    return {name,
            section.has("directory") ? file.resolve(section.text("directory"))
                                     : config.directory / name,
            std::move(schema),
            section.line(),
            section.lines(),
            read_retention(section),
            read_log_storage(section, config.storage)};
}

}  // namespace millrace::gateway::detail
