// What an append costs the thread that makes it, alone and unhurried: claim, copy, header, clock,
// CRC, commit.
//
//   append   64 appends between two readings of the clock, direct and hot
//   parts    the clock alone, the CRC alone: what of the above they are
//
// Not measured: the roll to a new segment (counted and timed apart), syncing; log_rivals_bench has
// the tail of single appends, log_visible_bench and log_replay_bench the readers. Rolled segments
// are removed as the run goes.
#include <benchmark/benchmark.h>
#include <sched.h>

#include <filesystem>
#include <vector>

#include "bench/bench_run.hpp"
#include "bench/latency_counters.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/crc32c.hpp"
#include "engine/log/log_writer.hpp"

namespace millrace::bench {

namespace {

namespace fs = std::filesystem;
using engine::monotonic_now_ns;

constexpr std::uint64_t batch_count = 64;

engine::log_options options() {
    engine::log_options made;
    made.segment_bytes = std::size_t{64} << 20;
    made.purpose = "benchmark";
    made.sync_on_close = false;
    return made;
}

// Segments made ahead, synced behind the writer.
engine::log_options options_ahead(engine::storage_mode mode) {
    engine::log_options made = options();
    made.is_synchronous = false;
    made.storage = mode;
    made.low_space_bytes = 0;
    made.hot_directory = run().hot_directory;
    return made;
}

void log_append(benchmark::State& state) {
    const auto payload_bytes = static_cast<std::size_t>(state.range(0));
    const bench_directory directory;
    const bool is_hot = state.range(1) != 0;
    engine::log_writer writer(directory / "log",
                              is_hot ? options_ahead(engine::storage_mode::hot) : options());
    const std::vector<std::byte> payload(payload_bytes, std::byte{0x5a});
    engine::histogram per_append_ps;  // picoseconds, so that a batch's mean keeps its digits
    engine::histogram roll_ns;
    std::uint64_t segment = 0;
    std::uint64_t appended = 0;
    std::uint64_t refused = 0;
    std::int64_t total_ns = 0;
    const thread_pin pin(0);
    for (auto _ : state) {
        const std::int64_t begin = monotonic_now_ns();
        for (std::uint64_t i = 0; i < batch_count; ++i) {
            while (writer.try_append(1, payload).status != engine::append_status::ok) {
                ++refused;  // as fast as this the disk does not follow for long
                ::sched_yield();
            }
        }
        const std::int64_t took = monotonic_now_ns() - begin;
        appended += batch_count;
        const std::uint64_t now_in = writer.end().value / writer.segment_bytes();
        if (now_in != segment) {
            roll_ns.record(took);
            if (!is_hot) {  // else its persister is not done with it
                fs::remove(directory / "log" / engine::segment_file_name(segment));
            }
            segment = now_in;
            continue;
        }
        total_ns += took;
        per_append_ps.record(took * 1000 / static_cast<std::int64_t>(batch_count));
    }
    fail_if_not(writer.last_sequence().value == appended, "an append was lost");
    fail_if_not(is_hot || refused == 0, "an append was refused");
    state.SetLabel(is_hot ? "hot" : "direct");
    state.counters["back_pressured"] = static_cast<double>(refused);
    state.SetItemsProcessed(static_cast<std::int64_t>(appended));
    const auto in_segments = static_cast<double>(per_append_ps.count() * batch_count);
    state.counters["append_ns_p50"] = static_cast<double>(per_append_ps.percentile_ns(50)) / 1000;
    state.counters["append_ns_p99"] = static_cast<double>(per_append_ps.percentile_ns(99)) / 1000;
    state.counters["append_ns_p999"] =
        static_cast<double>(per_append_ps.percentile_ns(99.9)) / 1000;
    state.counters["append_ns_max"] = static_cast<double>(per_append_ps.max_ns()) / 1000;
    state.counters["records_per_s"] = in_segments * 1e9 / static_cast<double>(total_ns);
    state.counters["rolls"] = static_cast<double>(roll_ns.count());
    state.counters["roll_ms_max"] = static_cast<double>(roll_ns.max_ns()) / 1e6;
}

void part_clock(benchmark::State& state) {
    for (auto _ : state) {
        benchmark::DoNotOptimize(engine::utc_now());
    }
}

// As record_checksum is called for a payload of this size.
void part_crc(benchmark::State& state) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)) + 24, std::byte{0x5a});
    std::uint32_t crc = 0;
    for (auto _ : state) {
        crc = engine::crc32c_prefixed(7, crc, bytes.data(), bytes.size());
        benchmark::DoNotOptimize(crc);
    }
}

void register_all() {
    const auto batches = static_cast<std::int64_t>(run().appends_flat_out / batch_count);
    benchmark::RegisterBenchmark("log_append", log_append)
        ->Args({64, 0})
        ->Args({192, 0})
        ->Args({216, 0})
        ->Args({64, 1})
        ->Args({192, 1})
        ->Iterations(batches);
    benchmark::RegisterBenchmark("part_clock", part_clock);
    benchmark::RegisterBenchmark("part_crc", part_crc)->Arg(64)->Arg(192)->Arg(216);
}

}  // namespace

}  // namespace millrace::bench

int main(int argc, char** argv) {
    return millrace::bench::run_benchmarks(argc, argv, millrace::bench::register_all);
}
