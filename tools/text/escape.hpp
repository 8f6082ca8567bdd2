// Text made fit for a terminal, a JSON document or a CSV file.
#pragma once

#include <string>
#include <string_view>

#include "engine/table/json_text.hpp"

namespace millrace::tools {

// On one line and without control characters: \n, \t, \\ and \xNN; valid UTF-8 stays as it is.
void append_printable(std::string& out, std::string_view text);
// The bytes of a FIX message: as append_printable(), but the field separator SOH is shown as |.
void append_printable_wire(std::string& out, std::string_view bytes);

using engine::append_json_bytes;
using engine::append_json_text;

// A field of RFC 4180, quoted only where it must be.
void append_csv_field(std::string& out, std::string_view text);

}  // namespace millrace::tools
