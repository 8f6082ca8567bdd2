// A row from one JSON object, its members named like the columns.
//
// Numbers keep their digits (a decimal never becomes a double), null is the empty value, and a
// string for a bytes column holds one byte per character, U+0000 to U+00FF.
//
// Threading  one thread; not for the message path
// Errors     fill() answers a reason fit to follow "file:line: "
// Source     RFC 8259
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ingest/ingest.hpp"
#include "engine/table/row.hpp"

namespace millrace::gateway {

// A value of @read or @until: a word alone, or one member of an object.
struct place_text {
    std::string member;  // empty: a word alone
    std::string value;
};

// Members whose names begin with @, which no column's does: they say how, and not what.
struct row_settings {
    std::optional<engine::ack_level> level;      // "@level": "committed" or "durable"
    std::optional<engine::operation> operation;  // "@operation": "insert", "modify", "delete"
    std::optional<engine::short_name> event;     // "@event": 16 bytes at most
    std::optional<std::string> table;            // "@table": the one the sender means
    std::optional<bool> stops_at_error;          // "@stop_at_error"
    // What asks for a reading; they never hold for the connection.
    std::optional<std::vector<place_text>> read;   // "@read": "first", or {"sequence": 5}
    std::optional<std::vector<place_text>> until;  // "@until": likewise
    std::optional<std::string> where;              // "@where": a condition
    bool has_row = false;                          // some member is a column

    // What `later` says, else what this says, of what may hold for the connection.
    void take(const row_settings& later);
};

class row_json {
public:
    // REQUIRES: the schema outlives this.
    explicit row_json(const engine::row_schema& schema) : schema_(schema) {}

    // Clears the row and fills it. An empty text, or why the line is no row. Settings are refused
    // where they are null; an object that holds nothing else then fills no row.
    [[nodiscard]] std::string fill(std::string_view line, engine::row_builder& row,
                                   row_settings* settings = nullptr);

private:
    const engine::row_schema& schema_;
    std::vector<bool> is_set_;
};

}  // namespace millrace::gateway
