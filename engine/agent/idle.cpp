#include "engine/agent/idle.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "engine/core/error.hpp"

namespace millrace::engine {

namespace {

constexpr std::array<std::pair<std::string_view, idle_kind>, 4> idle_names{{
    {"spin", idle_kind::spin},
    {"yield", idle_kind::yield},
    {"backoff", idle_kind::backoff},
    {"sleeping", idle_kind::sleeping},
}};

// A sleep of a second or more would outlast what a stop may take.
constexpr std::int64_t park_limit_ns = 999'999'999;

void relax_cpu() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// A signal that ends the sleep early only means one more duty cycle.
void park(std::int64_t duration_ns) noexcept {
    const timespec duration{0, static_cast<long>(duration_ns)};
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &duration, nullptr);
}

}  // namespace

idle_config parse_idle_config(std::string_view text) {
    for (const auto& [name, kind] : idle_names) {
        if (name == text) {
            idle_config config;
            config.kind = kind;
            return config;
        }
    }
    throw config_error("unknown idle strategy '" + std::string(text) +
                       "'; expected spin, yield, backoff or sleeping");
}

std::string_view to_string(idle_kind kind) noexcept {
    for (const auto& [name, value] : idle_names) {
        if (value == kind) {
            return name;
        }
    }
    return "?";
}

idle_strategy::idle_strategy(const idle_config& config) : config_(config) {
    if (config.spin_ns < 0 || config.park_after_ns < config.spin_ns) {
        throw config_error("idle strategy: spin_ns must not be negative or beyond park_after_ns");
    }
    if (config.park_min_ns <= 0 || config.park_max_ns < config.park_min_ns ||
        config.park_max_ns > park_limit_ns) {
        throw config_error("idle strategy: expected 0 < park_min_ns <= park_max_ns <= " +
                           std::to_string(park_limit_ns));
    }
    if (config.quiet_park_max_ns > park_limit_ns) {
        throw config_error("idle strategy: expected quiet_park_max_ns <= " +
                           std::to_string(park_limit_ns));
    }
}

bool idle_strategy::wait(std::int64_t now_ns) noexcept {
    switch (config_.kind) {
        case idle_kind::spin:
            relax_cpu();
            return false;
        case idle_kind::yield:
            ::sched_yield();
            return true;
        case idle_kind::sleeping:
            park(config_.park_min_ns);
            return true;
        case idle_kind::backoff:
            break;
    }
    return back_off(now_ns);
}

bool idle_strategy::back_off(std::int64_t now_ns) noexcept {
    if (idle_since_ns_ == not_idle) {
        idle_since_ns_ = now_ns;
        park_ns_ = config_.park_min_ns;
    }
    const std::int64_t idle_ns = now_ns - idle_since_ns_;
    if (idle_ns < config_.spin_ns) {
        relax_cpu();
        return false;
    }
    if (idle_ns < config_.park_after_ns) {
        ::sched_yield();
        return true;
    }
    park(park_ns_);
    const bool is_quiet = idle_ns >= config_.quiet_after_ns;
    park_ns_ =
        std::min(park_ns_ * 2, is_quiet ? std::max(config_.park_max_ns, config_.quiet_park_max_ns)
                                        : config_.park_max_ns);
    return true;
}

}  // namespace millrace::engine
