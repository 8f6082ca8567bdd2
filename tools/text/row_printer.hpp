// Records of a table's log as text for people, JSON and CSV for programs; one record a line.
//
// In text, empty columns are left out, and the SOH of a bytes column is shown as |. CSV quotes as
// in RFC 4180 and ends its lines with LF; csv_reader takes it back.
//
// Threading  one thread
// Units      timestamps as 2026-03-01T09:30:00.000000001Z; a route as 16 hexadecimal digits; a
//            correlation as the first 16 digits of its log's uuid and the sequence
// Errors     parse_row_format() throws config_error
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "engine/log/log_reader.hpp"
#include "engine/table/row_object.hpp"

namespace millrace::tools {

enum class row_format { text, json, csv };

[[nodiscard]] row_format parse_row_format(std::string_view name);

class row_printer {
public:
    using schemas_by_log = engine::schemas_by_log;

    // `log`: where the rows were first written; one that begins a chain is shown with that log and
    // its sequence as its correlation. `inner`: the bytes column holds rows of other logs, as a
    // reject log's does, and those of these logs are shown as the rows they are. REQUIRES: the
    // schema outlives the printer.
    row_printer(row_format format, const engine::row_schema& schema, const engine::log_uuid& log,
                schemas_by_log inner = {})
        : format_(format),
          schema_(schema),
          log_id_(engine::correlation_log_id(log)),
          inner_(std::move(inner)) {}

    // For the rows that follow: the log they were first written to, where it is another.
    void set_log(const engine::log_uuid& log) { log_id_ = engine::correlation_log_id(log); }

    // The line that names the columns, of CSV; nothing otherwise.
    void append_header(std::string& out) const;
    // One line with its end. REQUIRES: the row is the record's payload, checked.
    void append_row(std::string& out, const engine::record_view& record,
                    const engine::row_view& row) const;

private:
    void append_text_row(std::string& out, const engine::record_view& record,
                         const engine::row_view& row) const;
    void append_csv_row(std::string& out, const engine::record_view& record,
                        const engine::row_view& row) const;

    void append_text_values(std::string& out, const engine::row_view& row,
                            const engine::correlation& own) const;
    [[nodiscard]] bool append_inner(std::string& out, const engine::row_view& row,
                                    std::size_t index) const;
    [[nodiscard]] engine::correlation own_of(const engine::record_view& record) const {
        return {log_id_, record.seq.value};
    }
    [[nodiscard]] engine::correlation correlation_of(const engine::record_view& record,
                                                     const engine::row_view& row) const {
        return row.correlation_or(own_of(record));
    }

    row_format format_;
    const engine::row_schema& schema_;
    std::uint64_t log_id_;
    schemas_by_log inner_;
};

}  // namespace millrace::tools
