// The clocks of a host as a test wants them: what utc_now() says follows from them alone while one
// of these lives.
//
// Threading  one thread; one at a time in a process
// Units      ticks: four a nanosecond
#pragma once

#include <unistd.h>

#include <algorithm>

#include "engine/core/clock_discipline.hpp"

namespace millrace::engine::test {

class manual_clock final : public clock_source {
public:
    static constexpr std::int64_t interval_ns = 100'000'000;
    static constexpr std::int64_t ticks_per_ns = 4;

    explicit manual_clock(std::int64_t realtime_ns = 1'772'357'400'000'000'000) {
        while (detail::the_clock.is_held.test_and_set(std::memory_order_acquire)) {
            ::usleep(50);  // the log helper's thread is at it
        }
        now_ = {1'000'000, 5'000'000'000, realtime_ns};
        run(2 * interval_ns);
    }
    manual_clock(const manual_clock&) = delete;
    manual_clock& operator=(const manual_clock&) = delete;
    ~manual_clock() {
        detail::publish_line(tick_source::none, {});
        detail::the_clock.status.publish({});
        detail::the_clock.is_held.clear(std::memory_order_release);
    }

    [[nodiscard]] tick_source ticks() const noexcept override { return tick_source::manual; }
    [[nodiscard]] bool sample(clock_sample& taken) noexcept override {
        taken = now_;
        return true;
    }

    // All clocks go on, and nobody looks.
    void pass(std::int64_t ns) {
        now_.ticks += static_cast<std::uint64_t>(ns * ticks_per_ns);
        now_.monotonic_ns += ns;
        now_.realtime_ns += ns;
        detail::the_clock.manual_ticks.store(now_.ticks, std::memory_order_relaxed);
    }
    void look() { calibrate(*this, discipline_); }
    // All clocks go on, calibrated as they do.
    void run(std::int64_t ns) {
        for (std::int64_t left = ns; left > 0; left -= interval_ns) {
            pass(std::min(left, interval_ns));
            look();
        }
    }
    // Somebody sets CLOCK_REALTIME.
    void set_by(std::int64_t ns) { now_.realtime_ns += ns; }

    [[nodiscard]] const clock_sample& now() const { return now_; }
    [[nodiscard]] const clock_status& status() const { return discipline_.status(); }

private:
    clock_sample now_;
    clock_discipline discipline_{tick_source::manual};
};

}  // namespace millrace::engine::test
