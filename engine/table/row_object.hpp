// A row as one JSON object: as the tools print it and a socket hands it out.
//
//   {"sequence":7,"position":4096,"timestamp":"...","operation":"insert", ... ,"row":{...}}
//
// Integers, decimals and booleans are JSON as they stand; an empty value is null.
//
// Threading  any
// Units      timestamps as 2026-03-01T09:30:00.000000001Z; a route as 16 hexadecimal digits
// Errors     none
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "engine/table/row.hpp"

namespace millrace::engine {

using schemas_by_log = std::map<log_uuid, row_schema>;

// Where the row stands in its log.
struct row_place {
    sequence seq;
    position at;
    timestamp time;
};

// One line with its end. `own`: what a row that begins a chain is known by. `inner`: the bytes
// column holds rows of other logs, and those of these are shown as the rows they are.
void append_row_object(std::string& out, const row_place& place, const row_view& row,
                       const correlation& own, const schemas_by_log& inner = {});
// Its members without the place and the braces.
void append_row_members(std::string& out, const row_view& row, const correlation& own,
                        const schemas_by_log& inner = {});

// Of the row that this bytes column holds, as a reject log's does; null: it holds none of `inner`.
[[nodiscard]] const row_schema* inner_schema(const row_view& row, std::size_t index,
                                             const schemas_by_log& inner) noexcept;
// Such a row's own correlation: the record it stands in carries its chain on.
[[nodiscard]] correlation inner_correlation(const row_view& row) noexcept;

// A route's id as people see it.
[[nodiscard]] std::string route_text(std::uint64_t route);

}  // namespace millrace::engine
