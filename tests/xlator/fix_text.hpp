// FIX text as people write it: | for the delimiter, length and checksum computed.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

namespace millrace::tests {

[[nodiscard]] inline std::string with_soh(std::string_view text) {
    std::string bytes(text);
    for (char& c : bytes) {
        c = c == '|' ? '\x01' : c;
    }
    return bytes;
}

[[nodiscard]] inline std::string with_bars(std::string_view bytes) {
    std::string text(bytes);
    for (char& c : text) {
        c = c == '\x01' ? '|' : c;
    }
    return text;
}

// fields is everything from 35= up to the trailer, delimiters already in place.
[[nodiscard]] inline std::string seal(std::string_view fields,
                                      std::string_view begin_string = "FIX.4.4") {
    std::string frame = "8=" + std::string(begin_string) + "\x01" +
                        "9=" + std::to_string(fields.size()) + "\x01" + std::string(fields);
    unsigned sum = 0;
    for (const char c : frame) {
        sum += static_cast<unsigned char>(c);
    }
    const std::string digits = std::to_string(1000 + sum % 256).substr(1);
    return frame + "10=" + digits + "\x01";
}

// "35=D|34=1|..." with bars.
[[nodiscard]] inline std::string frame_of(std::string_view fields,
                                          std::string_view begin_string = "FIX.4.4") {
    return seal(with_soh(fields), begin_string);
}

// MILLRACE_TEST_SEED replays a run.
[[nodiscard]] inline unsigned long long test_seed(unsigned long long otherwise) {
    const char* text = std::getenv("MILLRACE_TEST_SEED");
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

}  // namespace millrace::tests
