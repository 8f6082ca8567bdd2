// The subjects there are fuzzers for: one list for the fuzzers, the ordinary test and the corpus.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzz_support.hpp"

namespace millrace::fuzz {

struct seed_input {
    std::string name;
    bytes content;
};

struct subject {
    std::string_view name;  // of its fuzzer, NAME_fuzz, and its folder of the corpus
    void (*run)(std::span<const std::byte>);  // aborts where a reader breaks its word
    std::vector<seed_input> (*seeds)();
    std::string_view
        golden_suffix;   // the golden logs' files of this kind are seeds too; empty: none
    int mutation_count;  // in the ordinary test
};

[[nodiscard]] std::span<const subject> all_subjects();
// What `subject` starts from: its own seeds and the golden logs' files, zeros at the end left out.
[[nodiscard]] std::vector<seed_input> seeds_of(const subject& one);

}  // namespace millrace::fuzz
