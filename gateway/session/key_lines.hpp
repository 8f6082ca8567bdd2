// Small text files of a gateway's directory: a first line that says what it is, lines of a key, a
// blank and a value, and a last line, without which the file is not whole.
#pragma once

#include <string_view>

namespace millrace::gateway::detail {

inline constexpr std::string_view last_line = "end\n";

// Calls take(key, value) for each line between the first and the last; false: not such a file.
template <class Take>
[[nodiscard]] bool read_lines(std::string_view text, std::string_view first, Take&& take) {
    if (!text.starts_with(first)) {
        return false;
    }
    text.remove_prefix(first.size());
    if (!text.ends_with(last_line)) {
        return false;
    }
    text.remove_suffix(last_line.size());
    if (!text.empty() && !text.ends_with('\n')) {
        return false;
    }
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() + 1);
        const std::size_t blank = line.find(' ');
        if (blank == std::string_view::npos ||
            !take(line.substr(0, blank), line.substr(blank + 1))) {
            return false;
        }
    }
    return true;
}

}  // namespace millrace::gateway::detail
