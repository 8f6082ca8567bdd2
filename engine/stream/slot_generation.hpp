// Which of two slots that are written in turn is the newer one. Each write counts one up, and what
// a file says it has come to need not be far from the end, so the count goes round.
//
// Threading  none
// Invariant  0 is no generation: what was never written has it
#pragma once

#include <cstdint>

namespace millrace::engine {

[[nodiscard]] constexpr bool is_newer_generation(std::uint64_t one, std::uint64_t other) noexcept {
    return static_cast<std::int64_t>(one - other) > 0;
}
[[nodiscard]] constexpr std::uint64_t next_generation(std::uint64_t generation) noexcept {
    return generation == UINT64_MAX ? 1 : generation + 1;
}

}  // namespace millrace::engine
