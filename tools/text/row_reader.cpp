#include "tools/text/row_reader.hpp"

#include "tools/text/csv_reader.hpp"
#include "tools/text/ndjson_reader.hpp"

namespace millrace::tools {

input_format guess_format(text_input& input) {
    const std::string& name = input.name();
    if (name.ends_with(".csv")) {
        return input_format::csv;
    }
    if (name.ends_with(".ndjson") || name.ends_with(".jsonl") || name.ends_with(".json")) {
        return input_format::ndjson;
    }
    return input.peek() == '{' ? input_format::ndjson : input_format::csv;
}

std::unique_ptr<row_reader> make_row_reader(text_input input, const engine::row_schema& schema) {
    if (guess_format(input) == input_format::ndjson) {
        return std::make_unique<ndjson_reader>(std::move(input), schema);
    }
    return std::make_unique<csv_reader>(std::move(input), schema);
}

}  // namespace millrace::tools
