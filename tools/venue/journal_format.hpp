// The lines of the venue's journal: how they are written, and how whole entries are found again.
//
// An entry is one line of its own, or an order line with "reports":k and the k report lines behind
// it, which were written together. The file is ASCII: bytes from 0x80 on stand as \u0080 to \u00ff.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "tools/venue/book.hpp"

namespace millrace::tools {

using journal_line = nlohmann::json;

void append_order_line(std::string& text, const std::string& session, std::uint32_t generation,
                       const venue_request& request, arrival how, std::size_t report_count);
void append_report_line(std::string& text, const std::string& session, const venue_request& request,
                        const std::string& order_id, const venue_report& report);
void append_event_line(std::string& text, std::string_view event, const std::string& session,
                       std::uint32_t generation);

[[nodiscard]] venue_request parse_order_line(const journal_line& line);
[[nodiscard]] venue_report parse_report_line(const journal_line& line);
[[nodiscard]] arrival parse_arrival(const journal_line& line);
// The text of a member, byte for byte as it was written; empty if it is absent.
[[nodiscard]] std::string text_of(const journal_line& line, const char* key);

// Calls back for each whole entry, its first line first, and returns where the last whole one ends.
// Throws engine::damage_error, naming path and line, for a line that has its newline and is no
// journal line.
std::size_t read_entries(const std::string& text, const std::string& path,
                         const std::function<void(const std::vector<journal_line>&)>& handle);

}  // namespace millrace::tools
