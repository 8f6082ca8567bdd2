// "Did you mean": the candidate closest to a misspelt name.
#pragma once

#include <span>
#include <string_view>

namespace millrace::xlator {

// Insertions, deletions, substitutions and swaps of neighbours, letter case ignored.
[[nodiscard]] std::size_t edit_distance(std::string_view left, std::string_view right);

// The nearest candidate, or empty if none is near enough to be meant.
[[nodiscard]] std::string_view nearest_name(std::string_view name,
                                            std::span<const std::string_view> candidates);

}  // namespace millrace::xlator
