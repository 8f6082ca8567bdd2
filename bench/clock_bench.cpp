// What reading the clock costs: UTC as logs take it, calibrated, beside the system's own.
//
//   utc_now, calibrated:     one line of the process's clock and the TSC
//   utc_now, uncalibrated:   the same where no thread calibrates: the line that is not there, then
//                            CLOCK_REALTIME
//   clock_gettime:           CLOCK_REALTIME and CLOCK_MONOTONIC through the vDSO
//
// 64 readings between two looks of the benchmark's own clock, all in one run. Not measured: what
// the calibrating thread costs (five looks at four clocks, ten times a second).
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "bench/bench_run.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/clock_discipline.hpp"

namespace millrace::bench {

namespace {

constexpr int readings = 64;

template <class Read>
void measure(benchmark::State& state, Read read) {
    std::int64_t sum = 0;
    for ([[maybe_unused]] auto turn : state) {
        for (int i = 0; i < readings; ++i) {
            sum += read();
        }
        benchmark::DoNotOptimize(sum);
    }
    state.SetItemsProcessed(state.iterations() * readings);
    state.counters["per_reading"] =
        benchmark::Counter(static_cast<double>(state.iterations() * readings),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// This program has no log, so nobody else calibrates.
void draw_line() {
    static engine::host_clock source;
    static engine::clock_discipline discipline(source.ticks());
    for (int i = 0; i < 20; ++i) {
        engine::calibrate(source, discipline);
        ::usleep(10'000);
    }
    if (!engine::read_clock_status().is_calibrated()) {
        std::fprintf(stderr, "clock_bench: the clock is not calibrated after 200 ms\n");
        std::abort();
    }
}

void clock_utc_now_calibrated(benchmark::State& state) {
    draw_line();
    measure(state, [] { return engine::utc_now().ns; });
    const bool is_on_tsc =
        engine::read_clock_status().source == static_cast<std::uint64_t>(engine::tick_source::tsc);
    state.SetLabel(is_on_tsc ? "on the TSC" : "on CLOCK_MONOTONIC");
    engine::detail::publish_line(engine::tick_source::none, {});
}

void clock_utc_now_uncalibrated(benchmark::State& state) {
    measure(state, [] { return engine::utc_now().ns; });
}

void clock_gettime_realtime(benchmark::State& state) {
    measure(state, [] { return engine::detail::read_clock_ns(CLOCK_REALTIME); });
}

void clock_gettime_monotonic(benchmark::State& state) {
    measure(state, [] { return engine::detail::read_clock_ns(CLOCK_MONOTONIC); });
}

void register_all() {
    const double seconds = run().is_quick ? 0.01 : 0.5;
    // First, while there was never a line. The next one ends well before its line is too old.
    benchmark::RegisterBenchmark("clock_utc_now_uncalibrated", clock_utc_now_uncalibrated)
        ->MinTime(seconds);
    benchmark::RegisterBenchmark("clock_utc_now_calibrated", clock_utc_now_calibrated)
        ->MinTime(seconds);
    benchmark::RegisterBenchmark("clock_gettime_realtime", clock_gettime_realtime)
        ->MinTime(seconds);
    benchmark::RegisterBenchmark("clock_gettime_monotonic", clock_gettime_monotonic)
        ->MinTime(seconds);
}

}  // namespace

}  // namespace millrace::bench

int main(int argc, char** argv) {
    return millrace::bench::run_benchmarks(argc, argv, millrace::bench::register_all);
}
