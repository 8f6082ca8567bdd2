#include "engine/table/json_text.hpp"

namespace millrace::engine {

namespace {

constexpr char digits[] = "0123456789abcdef";

void append_hex(std::string& out, unsigned char byte) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
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
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        out += "\\u00";
        append_hex(out, static_cast<unsigned char>(c));
    } else {
        out += c;
    }
}

}  // namespace

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

}  // namespace millrace::engine
