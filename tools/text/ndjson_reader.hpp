// Rows from NDJSON: one object a line, its members named like the columns.
//
// Numbers keep their digits (a decimal never becomes a double), null is the empty value, and a
// string for a bytes column holds one byte per character, U+0000 to U+00FF. Blank lines are passed
// over.
//
// Threading  one thread
// Errors     config_error: file:line: reason
// Source     RFC 8259; the line form is that of ndjson.org
#pragma once

#include <string>

#include "gateway/intake/row_json.hpp"
#include "tools/text/row_reader.hpp"

namespace millrace::tools {

class ndjson_reader final : public row_reader {
public:
    // REQUIRES: the schema outlives the reader.
    ndjson_reader(text_input input, const engine::row_schema& schema);

    [[nodiscard]] bool next(engine::row_builder& row) override;
    [[nodiscard]] long line() const override { return row_line_; }

private:
    [[nodiscard]] bool read_line();
    [[noreturn]] void refuse(const std::string& reason) const;

    text_input input_;
    gateway::row_json parser_;
    std::string text_;
    long row_line_ = 1;
};

}  // namespace millrace::tools
