// Keeps a clock that runs on ticks in agreement with CLOCK_REALTIME: measures the ticks against the
// monotonic clock, slews, follows a step at once.
//
// The line it draws is continuous but for steps, and never runs faster or slower than the monotonic
// clock by more than 500 ppm. The error seen is to be gone in a second, so small errors, which are
// mostly those of the look itself, move the rate little.
//
// Threading  one thread
// Progress   no call waits; sample() reads clocks a few times
// Units      offsets: UTC minus CLOCK_MONOTONIC, ns
// Errors     samples that contradict what was known of the ticks (the host slept, a guest was
//            moved) begin the measuring anew and keep the rate until then
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/core/process_clock.hpp"

namespace millrace::engine {

// One instant on three clocks.
struct clock_sample {
    std::uint64_t ticks = 0;
    std::int64_t monotonic_ns = 0;
    std::int64_t realtime_ns = 0;
};

// Where samples come from; tests have their own.
class clock_source {
public:
    [[nodiscard]] virtual tick_source ticks() const noexcept = 0;
    // False: the reading was disturbed; nothing is learnt from it.
    [[nodiscard]] virtual bool sample(clock_sample& taken) noexcept = 0;

protected:
    ~clock_source() = default;
};

// The host's: the TSC where it is invariant and the kernel's own choice, else CLOCK_MONOTONIC.
class host_clock final : public clock_source {
public:
    host_clock();
    [[nodiscard]] tick_source ticks() const noexcept override { return ticks_; }
    [[nodiscard]] bool sample(clock_sample& taken) noexcept override;

private:
    [[nodiscard]] std::uint64_t read_ticks() const noexcept;
    tick_source ticks_;
};

class clock_discipline {
public:
    static constexpr std::int64_t measure_min_ns = 20'000'000;  // before the first line
    static constexpr std::int64_t line_valid_ns = 10'000'000'000;

    explicit clock_discipline(tick_source ticks) noexcept : source_(ticks) {}

    // What the sample leads to. REQUIRES samples in the order of their instants.
    struct outcome {
        bool has_line = false;
        detail::clock_line line;
        bool is_changed = false;
        clock_change change;
    };
    [[nodiscard]] outcome take(const clock_sample& now) noexcept;
    [[nodiscard]] const clock_status& status() const noexcept { return status_; }

private:
    static constexpr std::size_t window_samples = 32;

    [[nodiscard]] bool measure(const clock_sample& now) noexcept;
    void begin_window(const clock_sample& first) noexcept;
    [[nodiscard]] std::int64_t now_by_line(std::uint64_t ticks) const noexcept;
    void draw(outcome& made, const clock_sample& now, std::int64_t utc_ns, double slew) noexcept;
    void note_step(std::int64_t step_ns, const clock_sample& now) noexcept;
    void note(outcome& made, const clock_sample& now, std::int64_t offset_ns,
              clock_reason reason) noexcept;

    tick_source source_;
    clock_status status_;
    detail::clock_line line_;
    std::array<clock_sample, window_samples> window_{};
    std::size_t sample_count_ = 0;      // since the window began
    double ns_per_tick_ = 0;            // 0: not known
    std::int64_t noted_offset_ns_ = 0;  // as of the last change, or the first line
    bool has_line_ = false;
};

// Takes a sample and publishes what follows from it. REQUIRES: the caller holds
// the_clock.is_held.
void calibrate(clock_source& source, clock_discipline& discipline) noexcept;

}  // namespace millrace::engine
