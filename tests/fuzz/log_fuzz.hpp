// What the fuzzers of the audit log's readers run on one input, and the ordinary test too.
//
// Each function takes the bytes as they are, and once more with their checksums put right, since no
// fuzzer guesses a checksum. It aborts where a reader breaks its word.
//
// Threading  one thread
#pragma once

#include <span>
#include <vector>

#include "tests/fuzz/subjects.hpp"

namespace millrace::fuzz {

// A segment's file: header, records. The reader and the walk over damage must agree on what both
// can read.
void fuzz_segment(std::span<const std::byte> input);
// An index beside a known log: no seek may give another answer than without it.
void fuzz_index(std::span<const std::byte> input);
// Seals beside a known log: none may be called good that does not have the hash of the log's bytes.
void fuzz_seals(std::span<const std::byte> input);

// Seeds: what a fuzzer starts from.
[[nodiscard]] std::vector<seed_input> segment_seeds();
[[nodiscard]] std::vector<seed_input> index_seeds();
[[nodiscard]] std::vector<seed_input> seal_seeds();

}  // namespace millrace::fuzz
