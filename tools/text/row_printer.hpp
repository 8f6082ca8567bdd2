// Records of a table's log as text for people, JSON and CSV for programs; one record a line.
//
// In text, empty columns are left out, and the SOH of a bytes column is shown as |. CSV quotes as
// in RFC 4180 and ends its lines with LF; csv_reader takes it back.
//
// Threading  one thread
// Units      timestamps as 2026-03-01T09:30:00.000000001Z; ids as 16 hexadecimal digits
// Errors     parse_row_format() throws config_error
#pragma once

#include <string>
#include <string_view>

#include "engine/log/log_reader.hpp"
#include "engine/table/row.hpp"

namespace millrace::tools {

enum class row_format { text, json, csv };

[[nodiscard]] row_format parse_row_format(std::string_view name);

class row_printer {
public:
    // REQUIRES: the schema outlives the printer.
    row_printer(row_format format, const engine::row_schema& schema)
        : format_(format), schema_(schema) {}

    // The line that names the columns, of CSV; nothing otherwise.
    void append_header(std::string& out) const;
    // One line with its end. REQUIRES: the row is the record's payload, checked.
    void append_row(std::string& out, const engine::record_view& record,
                    const engine::row_view& row) const;

private:
    void append_text_row(std::string& out, const engine::record_view& record,
                         const engine::row_view& row) const;
    void append_json_row(std::string& out, const engine::record_view& record,
                         const engine::row_view& row) const;
    void append_csv_row(std::string& out, const engine::record_view& record,
                        const engine::row_view& row) const;

    row_format format_;
    const engine::row_schema& schema_;
};

}  // namespace millrace::tools
