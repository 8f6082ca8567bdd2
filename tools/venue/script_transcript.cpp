#include "tools/venue/script_transcript.hpp"

#include <algorithm>

#include "tools/venue/script_frame.hpp"

namespace millrace::tools {

namespace {

std::string masked(std::string_view line) {
    std::string made;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find('|'), line.size());
        const std::string_view field = line.substr(0, end);
        const std::size_t equals = field.find('=');
        const std::string_view tag = field.substr(0, equals);
        const bool is_masked =
            equals != std::string_view::npos &&
            (tag == "9" || tag == "10" || is_timestamp(field.substr(equals + 1)));
        made += is_masked ? std::string(tag) + "=*" : std::string(field);
        made += end < line.size() ? "|" : "";
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return made;
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

}  // namespace

std::string masked_transcript(const std::vector<std::string>& transcript) {
    std::string text;
    for (const std::string& line : transcript) {
        text += masked(line) + "\n";
    }
    return text;
}

std::string first_difference(std::string_view golden, std::string_view recorded) {
    for (std::size_t number = 1; !golden.empty() || !recorded.empty(); ++number) {
        const std::string_view wanted = golden.empty() ? "(its end)" : take_line(golden);
        const std::string_view found = recorded.empty() ? "(its end)" : take_line(recorded);
        if (wanted != found) {
            return "line " + std::to_string(number) + ": the golden log has " +
                   std::string(wanted) + ", but this was " + std::string(found);
        }
    }
    return "";
}

}  // namespace millrace::tools
