// Reads a whole text into lines of values, for the tests of the readers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/table/row_text.hpp"
#include "tools/text/row_reader.hpp"

namespace millrace::test {

struct reading {
    std::vector<std::string> rows;  // values joined with /
    std::vector<long> lines;
    std::string failure;
};

[[nodiscard]] inline const engine::row_schema& order_schema() {
    static const engine::row_schema schema = engine::row_schema::parse(
        "table ORDER_OUT\n"
        "column CL_ORD_ID text(8) key\n"
        "column SIDE character\n"
        "column PRICE decimal\n"
        "column QTY i32\n"
        "column ACTIVE boolean\n"
        "column SENT timestamp\n"
        "column WIRE bytes\n");
    return schema;
}

[[nodiscard]] inline reading read_all(std::string text, const std::string& name,
                                      const engine::row_schema& schema = order_schema()) {
    reading result;
    std::vector<std::byte> buffer(schema.payload_size(64));
    engine::row_builder row(schema, buffer);
    try {
        const std::unique_ptr<tools::row_reader> reader =
            tools::make_row_reader(tools::text_input::from_memory(std::move(text), name), schema);
        while (reader->next(row)) {
            std::string line;
            for (std::size_t i = 0; i < schema.column_count(); ++i) {
                line += i == 0 ? "" : "/";
                engine::append_value_text(row.view(), i, line);
            }
            result.rows.push_back(line);
            result.lines.push_back(reader->line());
        }
    } catch (const engine::config_error& failure) {
        result.failure = failure.what();
    }
    return result;
}

}  // namespace millrace::test
