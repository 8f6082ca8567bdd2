// The process's clock, calibrated from the fixed clocks, and when they say so: what the log
// helper's thread does in its own time.
//
// Threading  one thread; one at a time in a process
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>

#include "engine/core/clock.hpp"
#include "engine/core/clock_discipline.hpp"
#include "tests/golden/fixed_inputs.hpp"

namespace millrace::golden {

class fixed_clock final : public engine::clock_source {
public:
    // REQUIRES: a fixed_inputs outlives this.
    fixed_clock() {
        while (engine::detail::the_clock.is_held.test_and_set(std::memory_order_acquire)) {
            std::this_thread::yield();
        }
        run(2 * interval_ns);
    }
    fixed_clock(const fixed_clock&) = delete;
    fixed_clock& operator=(const fixed_clock&) = delete;
    ~fixed_clock() {
        engine::detail::publish_line(engine::tick_source::none, {});
        engine::detail::the_clock.status.publish({});
        // release: pairs with clock_keeper.cpp: work
        engine::detail::the_clock.is_held.clear(std::memory_order_release);
    }

    [[nodiscard]] engine::tick_source ticks() const noexcept override {
        return engine::tick_source::monotonic;
    }
    // The real-time clock is looked at in the middle between two looks at the other.
    [[nodiscard]] bool sample(engine::clock_sample& taken) noexcept override {
        const std::int64_t before_ns = engine::monotonic_now_ns();
        taken.realtime_ns = engine::detail::read_clock_ns(CLOCK_REALTIME);
        taken.monotonic_ns = before_ns + (engine::monotonic_now_ns() - before_ns) / 2;
        taken.ticks = static_cast<std::uint64_t>(taken.monotonic_ns);
        return true;
    }

    // All clocks go on, and this one is calibrated as they do.
    void run(std::int64_t ns) {
        for (std::int64_t left = ns; left > 0; left -= interval_ns) {
            fixed_inputs::pass(std::min(left, interval_ns));
            engine::calibrate(*this, discipline_);
        }
    }

private:
    static constexpr std::int64_t interval_ns = 100'000'000;

    engine::clock_discipline discipline_{engine::tick_source::monotonic};
};

}  // namespace millrace::golden
