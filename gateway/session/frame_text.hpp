// A field of a frame as text.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/quickfix/screen.hpp"

namespace millrace::gateway {

// Empty where the frame has no such field. Valid while the frame's bytes are.
[[nodiscard]] inline std::string_view text_of(const screened_frame& frame,
                                              field_span span) noexcept {
    return span.is_present() ? std::string_view(frame.begin_of(span), span.size)
                             : std::string_view();
}

// The value of the first field of this tag, wherever the frame has it; for what the screen does not
// note. Valid while the bytes are.
[[nodiscard]] inline std::optional<std::string_view> find_field(std::string_view frame,
                                                                std::uint32_t tag) noexcept {
    char mark[16] = "\x01";
    const auto written = std::to_chars(mark + 1, mark + sizeof mark - 1, tag);
    *written.ptr = '=';
    const std::string_view wanted(mark, static_cast<std::size_t>(written.ptr + 1 - mark));
    const std::size_t at = frame.find(wanted);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view value = frame.substr(at + wanted.size());
    return value.substr(0, value.find('\x01'));
}

}  // namespace millrace::gateway
