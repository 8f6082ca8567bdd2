// Puts a histogram's percentiles into a benchmark's counters, pins its threads as the run's flags
// say, and says where the run was not a fair one.
#pragma once

#include <benchmark/benchmark.h>
#include <sched.h>

#include <string>
#include <utility>
#include <vector>

#include "bench/bench_run.hpp"
#include "engine/core/histogram.hpp"
#include "engine/core/thread.hpp"

namespace millrace::bench {

// Counters prefix_p50 ... prefix_max in the histogram's unit. A percentile with fewer than ten
// samples above it is left out: it would be another name for the maximum.
inline void report_latency(benchmark::State& state, const std::string& prefix,
                           const engine::histogram& latency) {
    const auto set = [&](const char* name, std::int64_t value) {
        state.counters[prefix + name] = static_cast<double>(value);
    };
    set("_p50", latency.percentile_ns(50));
    set("_p90", latency.percentile_ns(90));
    set("_p99", latency.percentile_ns(99));
    constexpr std::pair<const char*, double> tail[] = {
        {"_p999", 99.9}, {"_p9999", 99.99}, {"_p99999", 99.999}};
    for (const auto& [name, percentile] : tail) {
        if (static_cast<double>(latency.count()) * (1 - percentile / 100) >= 9.99) {
            set(name, latency.percentile_ns(percentile));
        }
    }
    set("_max", latency.max_ns());
    set("_samples", static_cast<std::int64_t>(latency.count()));
}

// Counters prefix_p50 and prefix_p99: how many times the other's.
inline void report_ratio(benchmark::State& state, const std::string& prefix,
                         const engine::histogram& of, const engine::histogram& to) {
    for (const auto& [suffix, percentile] :
         {std::pair<const char*, double>{"_p50", 50}, {"_p99", 99}}) {
        state.counters[prefix + suffix] = static_cast<double>(of.percentile_ns(percentile)) /
                                          static_cast<double>(to.percentile_ns(percentile));
    }
}

// Fewer CPUs than spinning threads make a latency a matter of the scheduler.
inline void label_threads(benchmark::State& state, int threads) {
    const int cpus = engine::usable_cpu_count();
    state.counters["cpus"] = cpus;
    state.counters["threads"] = threads;
    state.counters["oversubscribed"] = cpus < threads ? 1 : 0;
}

// While it stands, the calling thread, number `ordinal` of the benchmark, runs on the CPU that
// --cpus names for it. A thread inherits its maker's CPUs, so make the others first.
class thread_pin {
public:
    explicit thread_pin(std::size_t ordinal) {
        const std::vector<int>& cpus = run().cpus;
        if (ordinal < cpus.size() && ::sched_getaffinity(0, sizeof old_, &old_) == 0) {
            engine::pin_current_thread(cpus[ordinal]);
            is_pinned_ = true;
        }
    }
    thread_pin(const thread_pin&) = delete;
    thread_pin& operator=(const thread_pin&) = delete;
    ~thread_pin() {
        if (is_pinned_) {
            ::sched_setaffinity(0, sizeof old_, &old_);
        }
    }

private:
    cpu_set_t old_{};
    bool is_pinned_ = false;
};

}  // namespace millrace::bench
