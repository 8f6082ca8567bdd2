// What a stage stamp costs the thread that puts it: the clock, and the ring to the cold thread.
//
//   stamp:   utc_now() and put(), on the session's or the client's thread
//   clock:   utc_now() alone, which a session reads after each send anyway
//
// 64 stamps between two looks of the benchmark's own clock; the ring is emptied outside. Not
// measured: the cold thread's appends, and the cache lines it takes from the hot one's core.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "bench/bench_run.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/clock_discipline.hpp"
#include "gateway/session/stage_stamps.hpp"

namespace millrace::bench {

namespace {

constexpr std::uint64_t batch = 64;
constexpr engine::log_uuid log{{1, 2, 3}};

// As in a process whose log helper does it.
void draw_line() {
    static engine::host_clock source;
    static engine::clock_discipline discipline(source.ticks());
    for (int i = 0; i < 20; ++i) {
        engine::calibrate(source, discipline);
        ::usleep(10'000);
    }
}

template <class Work>
void measure(benchmark::State& state, Work work) {
    draw_line();
    gateway::stamp_ring ring;
    std::uint64_t count = 0;
    std::uint64_t drained = 0;
    for ([[maybe_unused]] auto turn : state) {
        const std::int64_t begin_ns = engine::monotonic_now_ns();
        for (std::uint64_t i = 0; i < batch; ++i) {
            work(ring, ++count);
        }
        const std::int64_t end_ns = engine::monotonic_now_ns();
        state.SetIterationTime(static_cast<double>(end_ns - begin_ns) * 1e-9);
        drained += ring.drain([](const gateway::stage_stamp&) {}, gateway::stamp_ring::capacity);
    }
    if (drained != 0 && (drained != count || ring.dropped.value() != 0)) {
        std::fprintf(stderr, "stage_stamps_bench: stamps were lost\n");
        std::abort();
    }
    state.counters["each"] =
        benchmark::Counter(static_cast<double>(state.iterations() * batch),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void stamps_put_cost(benchmark::State& state) {
    measure(state, [](gateway::stamp_ring& ring, std::uint64_t number) {
        ring.put(gateway::stage::sent, log, {number}, engine::utc_now().ns);
    });
}

void stamps_clock_cost(benchmark::State& state) {
    measure(state, [](gateway::stamp_ring&, std::uint64_t) {
        benchmark::DoNotOptimize(engine::utc_now().ns);
    });
}

void register_all() {
    const double seconds = run().is_quick ? 0.01 : 0.3;
    benchmark::RegisterBenchmark("stamps_put_cost", stamps_put_cost)
        ->UseManualTime()
        ->MinTime(seconds);
    benchmark::RegisterBenchmark("stamps_clock_cost", stamps_clock_cost)
        ->UseManualTime()
        ->MinTime(seconds);
}

}  // namespace

}  // namespace millrace::bench

int main(int argc, char** argv) {
    return millrace::bench::run_benchmarks(argc, argv, millrace::bench::register_all);
}
