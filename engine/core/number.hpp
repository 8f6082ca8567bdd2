// A whole number out of text that holds nothing else.
#pragma once

#include <charconv>
#include <string_view>
#include <system_error>

namespace millrace::engine {

// False: not a number, one the type does not hold, or more than one; the value is then unspecified.
template <class Number>
[[nodiscard]] bool parse_number(std::string_view text, Number& number, int base = 10) noexcept {
    const char* const end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, number, base);
    return code == std::errc{} && stop == end;
}

}  // namespace millrace::engine
