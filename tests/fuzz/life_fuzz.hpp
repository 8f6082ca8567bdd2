// What the fuzzers of the small text files run that outlive a crash: how a life ended, and what is
// in doubt.
//
// Each is read by every reader it could be meant for. What is accepted means what its lines say,
// and is the same again once it was written back.
//
// Threading  one thread
#pragma once

#include <span>
#include <vector>

#include "tests/fuzz/subjects.hpp"

namespace millrace::fuzz {

// The engine's life file and a gateway's.
void fuzz_life(std::span<const std::byte> input);
// A gateway's list of doubts and its decision about a route.
void fuzz_doubt(std::span<const std::byte> input);

[[nodiscard]] std::vector<seed_input> life_seeds();
[[nodiscard]] std::vector<seed_input> doubt_seeds();

}  // namespace millrace::fuzz
