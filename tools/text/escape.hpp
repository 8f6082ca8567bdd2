// Text made fit for a terminal, a JSON document or a CSV file.
#pragma once

#include <string>
#include <string_view>

namespace millrace::tools {

// On one line and without control characters: \n, \t, \\ and \xNN; valid UTF-8 stays as it is.
void append_printable(std::string& out, std::string_view text);
// The bytes of a FIX message: as append_printable(), but the field separator SOH is shown as |.
void append_printable_wire(std::string& out, std::string_view bytes);

// With its quotes. A byte that is not part of valid UTF-8 becomes U+FFFD, for JSON cannot hold it.
void append_json_text(std::string& out, std::string_view text);
// With its quotes, one character per byte, U+0000 to U+00FF: no byte is lost.
void append_json_bytes(std::string& out, std::string_view bytes);

// A field of RFC 4180, quoted only where it must be.
void append_csv_field(std::string& out, std::string_view text);

}  // namespace millrace::tools
