// Rows from CSV as in RFC 4180, with a header line that names the columns.
//
// Lines end in LF or CRLF; a quoted field may hold commas, quotes (doubled) and line ends; blank
// lines are passed over. Columns called record.* (what `log dump` prints about a record) are passed
// over too.
//
// Threading  one thread
// Errors     config_error: file:line: reason, line being where the row begins
// Source     RFC 4180
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tools/text/row_reader.hpp"

namespace millrace::tools {

class csv_reader final : public row_reader {
public:
    // Reads the header. REQUIRES: the schema outlives the reader.
    csv_reader(text_input input, const engine::row_schema& schema);

    [[nodiscard]] bool next(engine::row_builder& row) override;
    [[nodiscard]] long line() const override { return row_line_; }

private:
    static constexpr std::size_t ignored = static_cast<std::size_t>(-1);
    static constexpr std::size_t operation = static_cast<std::size_t>(-2);

    // Splits one line into fields_, and field_count_; false at the end.
    [[nodiscard]] bool read_fields();
    void read_field(std::string& field);
    void read_quoted(std::string& field);
    void read_plain(std::string& field);
    void take(std::string& field);
    [[nodiscard]] bool skip_comma();
    // At the end of a line or of the input; takes it.
    [[nodiscard]] bool skip_line_end();
    void read_header();
    void check_missing() const;
    void set_operation(engine::row_builder& row, std::string_view name) const;
    [[noreturn]] void refuse(const std::string& reason) const;

    text_input input_;
    const engine::row_schema& schema_;
    std::vector<std::size_t> columns_;  // by field: index in the schema, ignored or operation
    std::vector<std::string> fields_;   // kept for their memory
    std::size_t field_count_ = 0;
    std::size_t row_size_ = 0;
    bool has_quotes_ = false;  // in this row
    long row_line_ = 1;
};

}  // namespace millrace::tools
