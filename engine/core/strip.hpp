// Lines of files without the blanks around what they say.
#pragma once

#include <string_view>

namespace millrace::engine {

[[nodiscard]] constexpr std::string_view strip(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace millrace::engine
