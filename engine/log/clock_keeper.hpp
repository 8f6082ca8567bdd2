// Calibrates the process's clock, on a thread of its own: no disk and no log stands before it.
//
// Threading  keep_clock() from any thread; the keeper belongs to its own
// Progress   the thread reads a few clocks ten times a second, and sleeps
// Invariant  one publisher at a time: whoever does not get the clock leaves it to who has it
#pragma once

#include <cstdint>

#include "engine/core/clock_discipline.hpp"

namespace millrace::engine {

// From here on this process's clock is calibrated; whoever opens a log with threads has it so.
// Returns at once; until the first line is drawn, a fifth of a second later, UTC is CLOCK_REALTIME.
// A forked child needs a call of its own.
void keep_clock();

namespace detail {

class clock_keeper {
public:
    static constexpr std::int64_t interval_ns = 100'000'000;

    // One look. REQUIRES: from one thread.
    void work() noexcept;

private:
    host_clock source_;
    clock_discipline discipline_{source_.ticks()};
};

}  // namespace detail

}  // namespace millrace::engine
