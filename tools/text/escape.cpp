#include "tools/text/escape.hpp"

#include <cstddef>

namespace millrace::tools {

namespace {

constexpr char digits[] = "0123456789abcdef";

void append_hex(std::string& out, unsigned char byte) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// U+0080 to U+009F: a terminal may obey them.
bool is_upper_control(std::string_view text) {
    return text.size() == 2 && text[0] == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0;
}

void append_escape(std::string& out, char c) {
    if (c == '\n') {
        out += "\\n";
    } else if (c == '\t') {
        out += "\\t";
    } else if (c == '\r') {
        out += "\\r";
    } else {
        out += "\\x";
        append_hex(out, static_cast<unsigned char>(c));
    }
}

void append_visible(std::string& out, std::string_view text, bool is_wire) {
    while (!text.empty()) {
        const char c = text[0];
        const std::size_t size = engine::utf8_size(text);
        if (is_wire && c == '\x01') {
            out += '|';
        } else if (c == '\\') {
            out += "\\\\";
        } else if (size == 0 || is_control(c)) {
            append_escape(out, c);
        } else if (is_upper_control(text.substr(0, size))) {
            append_escape(out, c);
            append_escape(out, text[1]);
        } else {
            out += text.substr(0, size);
        }
        text.remove_prefix(size == 0 ? 1 : size);
    }
}

}  // namespace

void append_printable(std::string& out, std::string_view text) {
    append_visible(out, text, false);
}

void append_printable_wire(std::string& out, std::string_view bytes) {
    append_visible(out, bytes, true);
}

void append_csv_field(std::string& out, std::string_view text) {
    if (text.find_first_of("\",\r\n") == std::string_view::npos) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        out += c;
        if (c == '"') {
            out += '"';
        }
    }
    out += '"';
}

}  // namespace millrace::tools
