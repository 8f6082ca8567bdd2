// What a script's player said and heard, as a text to keep beside a test: what differs from run to
// run is masked.
//
// Threading  any thread
// Errors     none: a difference is a sentence
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace::tools {

// A line each; BodyLength (9), CheckSum (10) and every UTC timestamp are a '*'.
[[nodiscard]] std::string masked_transcript(const std::vector<std::string>& transcript);

// The first line in which they differ, with both; empty: there is none.
[[nodiscard]] std::string first_difference(std::string_view golden, std::string_view recorded);

}  // namespace millrace::tools
