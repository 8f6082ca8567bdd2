#include "tools/millrace/hex_printer.hpp"

#include <algorithm>
#include <cstdio>

#include "tools/millrace/control_printer.hpp"

namespace millrace::tools {

namespace {

constexpr std::size_t bytes_per_line = 16;

void append_line(std::string& out, std::size_t offset, std::span<const std::byte> bytes) {
    char part[32];
    std::snprintf(part, sizeof part, "  %06zx ", offset);
    out += part;
    std::string characters;
    for (std::size_t i = 0; i < bytes_per_line; ++i) {
        if (i >= bytes.size()) {
            out += "   ";
            continue;
        }
        const auto byte = static_cast<unsigned char>(bytes[i]);
        std::snprintf(part, sizeof part, " %02x", byte);
        out += part;
        characters += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
    }
    out += "  |" + characters + "|\n";
}

}  // namespace

void append_hex_record(std::string& out, const engine::record_view& record) {
    out += "position " + std::to_string(record.at.value) + "  sequence " +
           std::to_string(record.seq.value) + "  " + to_string(record.time) + "  type " +
           (record.is_control() ? control_name(record) : std::to_string(record.type)) +
           "  payload " + std::to_string(record.payload_size) + "\n";
    const std::span<const std::byte> bytes = record.bytes();
    for (std::size_t at = 0; at < bytes.size(); at += bytes_per_line) {
        append_line(out, at, bytes.subspan(at, std::min(bytes_per_line, bytes.size() - at)));
    }
}

}  // namespace millrace::tools
