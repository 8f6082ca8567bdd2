// What the fuzzers of the two files run that say how far a reader has come.
//
// A second reading of the same bytes, by the byte picture in the headers alone, says what must be
// found: the newest good slot, or a refusal. Each input is taken as it is, and once more with
// magic, owner and checksum of most slots put right.
//
// Threading  one thread
#pragma once

#include <span>
#include <vector>

#include "tests/fuzz/subjects.hpp"

namespace millrace::fuzz {

// LOG/cursors/NAME, by reader_cursor and by read_reader_cursor.
void fuzz_cursor(std::span<const std::byte> input);
// A route's checkpoint, by checkpoint and by read_checkpoint.
void fuzz_checkpoint(std::span<const std::byte> input);

// New, moved once and often, torn in the newest slot, in both, of another owner, cut short.
[[nodiscard]] std::vector<seed_input> cursor_seeds();
[[nodiscard]] std::vector<seed_input> checkpoint_seeds();

}  // namespace millrace::fuzz
