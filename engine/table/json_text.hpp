// Text as JSON has it, with its quotes and escapes.
//
// Threading  any
// Errors     none: what JSON cannot hold is replaced
// Source     RFC 8259; RFC 3629, section 4
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace::engine {

// A byte that is not part of valid UTF-8 becomes U+FFFD.
void append_json_text(std::string& out, std::string_view text);
// One character per byte, U+0000 to U+00FF: no byte is lost.
void append_json_bytes(std::string& out, std::string_view bytes);

// The bytes of the valid UTF-8 character at the start of the text, or 0.
[[nodiscard]] std::size_t utf8_size(std::string_view text);

}  // namespace millrace::engine
