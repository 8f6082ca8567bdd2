#include "tools/text/escape.hpp"

#include <cstddef>
#include <cstdint>

namespace millrace::tools {

namespace {

constexpr char digits[] = "0123456789abcdef";

void append_hex(std::string& out, unsigned char byte) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
}

// The bytes of the valid UTF-8 character at the start of the text, or 0 (RFC 3629, section 4).
std::size_t utf8_size(std::string_view text) {
    const auto at = [text](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned lead = at(0);
    if (lead < 0x80) {
        return 1;
    }
    const std::size_t size = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
    for (std::size_t i = 1; i < size; ++i) {
        if (at(i) < 0x80 || at(i) > 0xbf) {
            return 0;
        }
    }
    // Overlong forms, surrogates, and what lies beyond U+10FFFF.
    const bool is_bad = (lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) > 0x9f) ||
                        (lead == 0xf0 && at(1) < 0x90) || (lead == 0xf4 && at(1) > 0x8f);
    return is_bad ? 0 : size;
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
        const std::size_t size = utf8_size(text);
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

void append_json_ascii(std::string& out, char c) {
    if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
    } else if (c == '\n') {
        out += "\\n";
    } else if (c == '\t') {
        out += "\\t";
    } else if (c == '\r') {
        out += "\\r";
    } else if (is_control(c)) {
        out += "\\u00";
        append_hex(out, static_cast<unsigned char>(c));
    } else {
        out += c;
    }
}

}  // namespace

void append_printable(std::string& out, std::string_view text) {
    append_visible(out, text, false);
}

void append_printable_wire(std::string& out, std::string_view bytes) {
    append_visible(out, bytes, true);
}

void append_json_text(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t size = utf8_size(text);
        if (size == 0) {
            out += "\\ufffd";
        } else if (size == 1) {
            append_json_ascii(out, text[0]);
        } else {
            out += text.substr(0, size);
        }
        text.remove_prefix(size == 0 ? 1 : size);
    }
    out += '"';
}

void append_json_bytes(std::string& out, std::string_view bytes) {
    out += '"';
    for (const char c : bytes) {
        if (static_cast<unsigned char>(c) < 0x80) {
            append_json_ascii(out, c);
        } else {
            out += "\\u00";
            append_hex(out, static_cast<unsigned char>(c));
        }
    }
    out += '"';
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
