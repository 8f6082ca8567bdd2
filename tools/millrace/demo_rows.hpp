// Every row of a log from the first to the last there is, for whoever reads what nobody is writing.
//
// Errors  damage_error for a log that cannot be read; no log is no rows
#pragma once

#include <chrono>
#include <filesystem>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/table/row.hpp"
#include "engine/table/schema.hpp"

namespace millrace::tools {

// Calls visit(row, columns) with the indexes of the named columns.
template <class Visitor>
void for_each_row(const std::filesystem::path& directory,
                  const std::vector<std::string_view>& names, Visitor&& visit) {
    if (engine::list_segments(directory).empty()) {
        return;
    }
    const engine::sequence end =
        engine::log_reader(directory, engine::read_from::tail()).last_sequence();
    engine::log_reader reader(directory, engine::read_from::first());
    const engine::row_schema schema = engine::row_schema::parse(reader.schema());
    std::vector<std::size_t> columns;
    for (const std::string_view name : names) {
        columns.push_back(schema.index_of(name));
    }
    constexpr int looks_max = 5000;
    engine::record_view record;
    for (int looks = 0; reader.last_sequence() < end;) {
        const engine::read_status status = reader.poll(record);
        if (status == engine::read_status::damaged) {
            throw engine::damage_error(reader.damage().text());
        }
        if (status == engine::read_status::record) {
            visit(engine::row_view(schema, record.bytes()), columns);
        } else if (++looks > looks_max) {
            throw engine::damage_error(directory.native() + ": ends before its last record");
        } else {
            // To pass the torn end that a killed writer left takes a few looks.
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
}

}  // namespace millrace::tools
