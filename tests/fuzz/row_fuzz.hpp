// What the fuzzers of row schemas and of rows run.
//
// Threading  one thread
#pragma once

#include <span>
#include <vector>

#include "tests/fuzz/subjects.hpp"

namespace millrace::fuzz {

// Any text as a schema: refused by a config_error, or laid out within its limits and without
// overlap, and the same again from its own text.
void fuzz_schema(std::span<const std::byte> input);
// A schema's text, a NUL, then any bytes as a payload: what check() accepts is read column by
// column within the payload's bytes, and what its values say as text is read back to the same row.
// Taken as it is, and once more with envelope, sizes of texts and booleans put right.
void fuzz_row(std::span<const std::byte> input);

[[nodiscard]] std::vector<seed_input> schema_seeds();
[[nodiscard]] std::vector<seed_input> row_seeds();

}  // namespace millrace::fuzz
