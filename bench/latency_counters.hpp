// Puts a histogram's percentiles into a benchmark's counters, and says where the run was not a fair
// one.
#pragma once

#include <benchmark/benchmark.h>
#include <sched.h>

#include <string>
#include <vector>

#include "engine/core/histogram.hpp"
#include "engine/core/thread.hpp"

namespace millrace::bench {

// Counters prefix_p50 ... prefix_max in the histogram's unit.
inline void report_latency(benchmark::State& state, const std::string& prefix,
                           const engine::histogram& latency) {
    const auto set = [&](const char* name, std::int64_t value) {
        state.counters[prefix + name] = static_cast<double>(value);
    };
    set("_p50", latency.percentile_ns(50));
    set("_p90", latency.percentile_ns(90));
    set("_p99", latency.percentile_ns(99));
    set("_p999", latency.percentile_ns(99.9));
    set("_max", latency.max_ns());
    set("_samples", static_cast<std::int64_t>(latency.count()));
}

// Fewer CPUs than spinning threads make a latency a matter of the scheduler.
inline void label_threads(benchmark::State& state, int threads) {
    const int cpus = engine::usable_cpu_count();
    state.counters["cpus"] = cpus;
    state.counters["threads"] = threads;
    if (cpus < threads) {
        state.SetLabel("oversubscribed");
    }
}

// While it stands, the calling thread, number `ordinal` of the run, has a CPU of its own where
// there are enough; else the scheduler decides. A thread inherits its maker's CPUs, so make the
// others first.
class thread_pin {
public:
    thread_pin(int ordinal, int threads) {
        is_old_known_ = ::sched_getaffinity(0, sizeof old_, &old_) == 0;
        const std::vector<int> cpus = engine::allowed_cpus();
        if (static_cast<int>(cpus.size()) >= threads) {
            engine::pin_current_thread(cpus[cpus.size() - 1 - static_cast<std::size_t>(ordinal)]);
        }
    }
    thread_pin(const thread_pin&) = delete;
    thread_pin& operator=(const thread_pin&) = delete;
    ~thread_pin() {
        if (is_old_known_) {
            ::sched_setaffinity(0, sizeof old_, &old_);
        }
    }

private:
    cpu_set_t old_{};
    bool is_old_known_ = false;
};

}  // namespace millrace::bench
