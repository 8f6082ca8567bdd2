#include "tools/text/ndjson_reader.hpp"

#include <utility>

#include "engine/core/error.hpp"

namespace millrace::tools {

ndjson_reader::ndjson_reader(text_input input, const engine::row_schema& schema)
    : input_(std::move(input)), parser_(schema) {}

void ndjson_reader::refuse(const std::string& reason) const {
    throw engine::config_error(input_.name(), row_line_, reason);
}

bool ndjson_reader::read_line() {
    while (input_.peek() != text_input::end) {
        row_line_ = input_.line();
        text_.clear();
        for (int byte = input_.get(); byte != text_input::end && byte != '\n';
             byte = input_.get()) {
            if (text_.size() == row_size_max) {
                refuse("the line is longer than " + std::to_string(row_size_max) + " bytes");
            }
            text_ += static_cast<char>(byte);
        }
        if (text_.find_first_not_of(" \t\r") != std::string::npos) {
            return true;
        }
    }
    return false;
}

bool ndjson_reader::next(engine::row_builder& row) {
    if (!read_line()) {
        return false;
    }
    if (const std::string reason = parser_.fill(text_, row); !reason.empty()) {
        refuse(reason);
    }
    return true;
}

}  // namespace millrace::tools
