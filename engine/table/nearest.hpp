// Finds what the user most likely meant, for messages about unknown names.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace millrace::engine {

// Letters to insert, drop, replace or swap with their neighbour; upper and lower case are one.
[[nodiscard]] std::size_t edit_distance(std::string_view left, std::string_view right);

// The candidate with the least distance, or nothing if even that shares too little with the word.
[[nodiscard]] std::string_view nearest_name(std::string_view word,
                                            std::span<const std::string_view> candidates);

// " (did you mean PRICE?)" or nothing, to be appended to a message.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> candidates);

[[nodiscard]] bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept;

}  // namespace millrace::engine
