// Rows from text, by column name: header-led CSV or one JSON object a line.
//
// A column that the input lacks is empty; that is an error for a key column, and for an integer or
// a boolean, which have no empty value. Of what a dump says of its records (record.*) the operation
// is taken, in CSV; the rest is the dumped log's and passed over. Rows before a bad one have been
// handed out and stay what they are.
//
// Threading  one thread
// Errors     config_error: file:line: reason; io_error if reading fails
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/table/row.hpp"
#include "tools/text/text_input.hpp"

namespace millrace::tools {

class row_reader {
public:
    static constexpr std::size_t row_size_max = 4 * 1024 * 1024;

    virtual ~row_reader() = default;
    row_reader(const row_reader&) = delete;
    row_reader& operator=(const row_reader&) = delete;

    // Clears the builder and fills it with the next row; false at the end. Its operation is the
    // input's, else insert. REQUIRES: the schema of the reader.
    [[nodiscard]] virtual bool next(engine::row_builder& row) = 0;
    // Where the row handed out last begins.
    [[nodiscard]] virtual long line() const = 0;

protected:
    row_reader() = default;
};

enum class input_format { csv, ndjson };

// By the name's ending (.csv, .ndjson, .jsonl, .json), else by the first byte: { begins an object.
[[nodiscard]] input_format guess_format(text_input& input);

// REQUIRES: the schema outlives the reader.
[[nodiscard]] std::unique_ptr<row_reader> make_row_reader(text_input input,
                                                          const engine::row_schema& schema);

}  // namespace millrace::tools
