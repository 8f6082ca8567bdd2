// What the fuzzers of the Xlator run: frames, dictionaries, maps of a configuration, and conditions
// on the fields of a message.
//
// Threading  one thread
#pragma once

#include <span>
#include <vector>

#include "tests/fuzz/subjects.hpp"

namespace millrace::fuzz {

// Any bytes as a frame, as they are and once more with length and checksum put right: what is read
// lies within them, the strict check takes nothing that the lax one refuses, and the decoder sees
// the fields that a plain walk sees.
void fuzz_decoder(std::span<const std::byte> input);
// Any text as a dictionary: refused with file and line, or tables that read a frame, the same each
// time.
void fuzz_dictionary(std::span<const std::byte> input);
// Any text as a configuration: its maps are refused with lines of the text, or they translate a row
// and a message.
void fuzz_map(std::span<const std::byte> input);
// A condition, a NUL, then any bytes as a message: refused with the place, or it holds or does not,
// and `not` turns that round.
void fuzz_where(std::span<const std::byte> input);

[[nodiscard]] std::vector<seed_input> decoder_seeds();
[[nodiscard]] std::vector<seed_input> dictionary_seeds();
[[nodiscard]] std::vector<seed_input> map_seeds();
[[nodiscard]] std::vector<seed_input> where_seeds();

}  // namespace millrace::fuzz
