// What a thread does when its agents found nothing to do.
//
// Threading  an idle_strategy belongs to the thread that calls it
// Progress   spin and yield return at once; parking and sleeping give the CPU away for up to
//            park_max_ns, and where nothing comes for long for up to quiet_park_max_ns
// Units      nanoseconds of monotonic time, not numbers of turns: a turn lasts as long as the
//            agents make it
// Errors     parse_idle_config and the constructor throw config_error
// Source     Agrona's idle strategies
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::engine {

enum class idle_kind : std::uint8_t {
    spin,      // never gives the CPU away: lowest latency, one core each
    yield,     // lets other threads of this CPU run
    backoff,   // spins, then yields, then parks for ever longer
    sleeping,  // parks at once, park_min_ns each time
};

struct idle_config {
    idle_kind kind = idle_kind::backoff;
    std::int64_t spin_ns = 20'000;              // backoff: without work this long it yields instead
    std::int64_t park_after_ns = 1'000'000;     // backoff: without work this long it parks instead
    std::int64_t park_min_ns = 50'000;          // the first park; each one is twice as long,
    std::int64_t park_max_ns = 1'000'000;       // up to this,
    std::int64_t quiet_after_ns = 500'000'000;  // or, without work this long,
    std::int64_t quiet_park_max_ns = 4'000'000;  // up to this, if that is more
};

// "spin", "yield", "backoff" or "sleeping" with the default times.
[[nodiscard]] idle_config parse_idle_config(std::string_view text);
[[nodiscard]] std::string_view to_string(idle_kind kind) noexcept;

class idle_strategy {
public:
    explicit idle_strategy(const idle_config& config);

    // Call after each duty cycle with its work count and a monotonic time taken after it. Returns
    // whether time passed that is not the cycle's own, so that the caller reads the clock again.
    bool idle(std::int64_t work_count, std::int64_t now_ns) noexcept {
        if (work_count > 0) {
            idle_since_ns_ = not_idle;
            return false;
        }
        return wait(now_ns);
    }

    [[nodiscard]] const idle_config& config() const noexcept { return config_; }

private:
    static constexpr std::int64_t not_idle = -1;

    bool wait(std::int64_t now_ns) noexcept;
    bool back_off(std::int64_t now_ns) noexcept;

    idle_config config_;
    std::int64_t idle_since_ns_ = not_idle;
    std::int64_t park_ns_ = 0;
};

}  // namespace millrace::engine
