// Calibrates the process's clock, from the thread that works for all its logs.
//
// Threading  the log helper's thread; keep_clock() from any
// Progress   work() reads a few clocks ten times a second, and no more than one between
// Invariant  one publisher at a time: whoever does not get the clock leaves it to who has it
#pragma once

#include <cstdint>

#include "engine/core/clock_discipline.hpp"

namespace millrace::engine {

// From here on this process's clock is calibrated, also if it has no log with threads. Returns at
// once; until the first line is drawn, a fifth of a second later, UTC is CLOCK_REALTIME.
void keep_clock();

namespace detail {

class clock_keeper {
public:
    static constexpr std::int64_t interval_ns = 100'000'000;

    void work() noexcept;

private:
    host_clock source_;
    clock_discipline discipline_{source_.ticks()};
    std::int64_t next_ns_ = 0;
};

}  // namespace detail

}  // namespace millrace::engine
