// A field of a frame as text.
#pragma once

#include <string_view>

#include "gateway/quickfix/screen.hpp"

namespace millrace::gateway {

// Empty where the frame has no such field. Valid while the frame's bytes are.
[[nodiscard]] inline std::string_view text_of(const screened_frame& frame,
                                              field_span span) noexcept {
    return span.is_present() ? std::string_view(frame.begin_of(span), span.size)
                             : std::string_view();
}

}  // namespace millrace::gateway
