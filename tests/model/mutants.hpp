// Whether programs are right in every run, and whether each memory order of the shipped code that
// they use matters to one of them.
//
// Threading  one thread
// Errors     expectations of googletest fail; what was found is printed
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/model/explorer.hpp"

namespace millrace::model {

struct named_program {
    const char* name;
    explorer::program build;
};

// MILLRACE_MODEL_FULL: the longer forms.
[[nodiscard]] bool is_full();

// A store whose order among its thread's stores nobody can tell.
struct free_order {
    std::string site;
    std::string why;
};

// "slot_ring.hpp publish #2": the second access in this function, of those known.
[[nodiscard]] std::map<site, std::string> name_sites(std::span<const site> known);

// Prints the number of runs of each; one that has fewer than `runs_min` shows nothing.
void expect_every_run_is_right(std::span<const named_program> programs,
                               std::uint64_t runs_min = 10);
// Makes each release and acquire relaxed, one at a time, and lets each store come behind the next
// release store of its thread. Every such mutant must fail in one of the programs, but the swaps in
// `free`, which must not. Prints a table, and how many there were of each.
//
// `files`: where the explored orders stand, by their paths from the root. The programs must come to
// each acquire and release in their text, and to none elsewhere in the product.
void expect_every_mutant_is_caught(std::span<const named_program> programs,
                                   const std::vector<std::string>& files,
                                   const std::vector<free_order>& free);

// Acquires and releases in a text of C++, but for those in comments.
[[nodiscard]] std::size_t count_orders(std::string_view text);

}  // namespace millrace::model
