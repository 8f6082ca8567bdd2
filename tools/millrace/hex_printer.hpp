// Records of any log as hexadecimal digits for people, control records too.
#pragma once

#include <string>

#include "engine/log/log_reader.hpp"

namespace millrace::tools {

// A line with the record's header, then sixteen bytes of payload a line, and as characters.
void append_hex_record(std::string& out, const engine::record_view& record);

}  // namespace millrace::tools
