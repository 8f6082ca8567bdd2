// FIX frames as a script's player makes and judges them; it shares no code with the engine's own
// reading and writing of frames, which it tests.
//
// Threading  any thread
// Errors     take_frame says what is wrong with the bytes, as a sentence
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::tools {

using frame_fields = std::vector<std::pair<std::string, std::string>>;  // tag, value

// 8, 9 and 10 are added unless they are among the fields.
[[nodiscard]] std::string compose_frame(const std::string& begin_string,
                                        const frame_fields& fields);

// "58=x|59=0" as fields; parts without a '=' are left out.
[[nodiscard]] frame_fields split_fields(std::string_view text);

// Bytes as a script writes them: '|' is SOH, '\|' a '|'. $length and $sum, each with +N or -N
// behind it, are what BodyLength and CheckSum of these bytes should be.
[[nodiscard]] std::string compose_raw(std::string_view text);

enum class take_result : std::uint8_t { frame, incomplete, malformed };

// The first frame of the bytes, which is taken off.
struct taken_frame {
    take_result result = take_result::incomplete;
    std::string bytes;
    frame_fields fields;
    std::string problem;  // malformed: why
};
[[nodiscard]] taken_frame take_frame(std::string& bytes);

// The n-th value of a tag; null: there is none.
[[nodiscard]] const std::string* find_value(const frame_fields& fields, std::string_view tag,
                                            std::size_t n = 0);

// With '|' for SOH.
[[nodiscard]] std::string readable(std::string_view bytes);

// 20260302-09:30:00
[[nodiscard]] std::string timestamp_text(std::int64_t utc_ns);
[[nodiscard]] bool is_timestamp(std::string_view text);

}  // namespace millrace::tools
