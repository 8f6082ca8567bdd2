// One thread that runs agents round-robin until it is told to stop.
//
// Threading  construct, start, stop and destroy on one thread; request_stop from any thread and
//            from signal handlers; the observers from any thread
// Progress   per duty cycle one clock read, one indirect call per agent and three relaxed stores
// Units      work counts are the agents' own; times are nanoseconds
// Errors     the constructor throws config_error for a CPU that cannot be had; start() throws what
//            pinning or an agent's on_start threw, and then no thread is left behind
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "engine/agent/agent_group.hpp"
#include "engine/agent/idle.hpp"
#include "engine/core/types.hpp"

namespace millrace::engine {

struct runner_options {
    std::string name = "runner";  // of the thread; the kernel keeps 15 characters
    int cpu = -1;                 // negative: wherever the scheduler likes
    idle_config idle{};
};

// The runner's threads take no signals but the synchronous ones and SIGPROF: handlers run
// elsewhere.
class runner {
public:
    // The agents must outlive the runner; they work in the order given.
    runner(runner_options options, std::vector<agent_ref> agents);
    runner(const runner&) = delete;
    runner& operator=(const runner&) = delete;
    ~runner() { stop(); }

    // Returns when on_start of every agent has succeeded on the new thread. A runner starts once.
    void start();
    // Async-signal-safe: the thread leaves its loop after the duty cycle it is in.
    void request_stop() noexcept {
        // pairs with runner.cpp: run_agents
        stop_requested_.store(true, std::memory_order_release);
    }
    // Asks, waits until the agents are closed, joins. A second call does nothing.
    void stop() noexcept;

    [[nodiscard]] const runner_options& options() const noexcept { return options_; }
    [[nodiscard]] const std::vector<agent_ref>& agents() const noexcept { return group_.agents(); }
    // From start() until the agents are closed.
    [[nodiscard]] bool is_running() const noexcept {
        return is_running_.load(std::memory_order_acquire);
    }

    [[nodiscard]] std::uint64_t cycle_count() const noexcept {
        return stats_.cycles.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t work_count() const noexcept {
        return stats_.work.load(std::memory_order_relaxed);
    }
    // The longest time all agents together took for one duty cycle; parking and yielding excluded.
    [[nodiscard]] std::int64_t longest_cycle_ns() const noexcept {
        return stats_.longest_cycle_ns.load(std::memory_order_relaxed);
    }

private:
    void run_agents() noexcept;

    struct alignas(no_sharing_bytes) duty_stats {  // writer: the runner's thread
        std::atomic<std::uint64_t> cycles{0};
        std::atomic<std::uint64_t> work{0};
        std::atomic<std::int64_t> longest_cycle_ns{0};
    };
    static_assert(std::atomic<bool>::is_always_lock_free, "request_stop runs in signal handlers");

    runner_options options_;
    idle_strategy idle_;
    agent_group group_;
    std::thread thread_;
    bool was_started_ = false;
    duty_stats stats_;
    alignas(no_sharing_bytes) std::atomic<bool> stop_requested_{false};  // writer: whoever asks
    std::atomic<bool> is_running_{false};  // writer: the runner's thread
};

}  // namespace millrace::engine
