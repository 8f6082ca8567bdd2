// The two things a log takes from its surroundings and writes down, clock and randomness, by a
// rule: so that a writer that does the same writes the same bytes.
//
// Threading  arms all of the process; what is written meanwhile is written on one thread
#pragma once

#include <cstdint>

namespace millrace::golden {

// 2026-03-01T09:30:00Z; each look at a clock is a microsecond later than the one before.
inline constexpr std::int64_t first_moment_ns = 1'772'357'400'000'000'000;
inline constexpr std::int64_t look_ns = 1'000;

// While it lives. `seed`: of what getrandom() answers.
class fixed_inputs {
public:
    explicit fixed_inputs(std::uint64_t seed);
    fixed_inputs(const fixed_inputs&) = delete;
    fixed_inputs& operator=(const fixed_inputs&) = delete;
    ~fixed_inputs();

    // All clocks go on.
    static void pass(std::int64_t ns) noexcept;
    // Somebody sets the real-time clock.
    static void set_by(std::int64_t ns) noexcept;
};

}  // namespace millrace::golden
