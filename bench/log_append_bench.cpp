// What an append costs, how soon another core sees it, and how fast a log is read back.
//
//   append:   claim, copy, header, clock, CRC, commit: one thread, 64 appends between two clock
//             reads
//   parts:    the clock alone, the CRC alone: what of the above they are
//   visible:  append to log A -> other core sees it -> appends to log B -> first core sees that
//             beside a bare cache line handed back and forth in the same run, in turns
//   replay:   every record of a closed log, checked          one thread, warm page cache
//   paced:    appends of 192 B at 250 000 a second, each timed alone, while what was appended is
//             synced every 5 ms behind the writer: direct, then hot
//
// Not measured: in append, the roll to a new segment (counted and timed apart) and syncing; a cold
// page cache. Rolled segments are removed as the run goes. MILLRACE_BENCH_DIR says where the logs
// lie (default: the system's temporary directory), MILLRACE_BENCH_HOT_DIR where those in memory do
// (default: as log_options::hot_directory).
#include <benchmark/benchmark.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bench/latency_counters.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/crc32c.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/log_writer.hpp"

namespace millrace::bench {

namespace {

namespace fs = std::filesystem;
using engine::monotonic_now_ns;

constexpr std::uint64_t batch_count = 64;

class bench_directory {
public:
    bench_directory() {
        const char* given = std::getenv("MILLRACE_BENCH_DIR");
        std::string name = ((given != nullptr ? fs::path(given) : fs::temp_directory_path()) /
                            "millrace-bench-XXXXXX")
                               .native();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("cannot make " + name);
        }
        path_ = name;
    }
    bench_directory(const bench_directory&) = delete;
    bench_directory& operator=(const bench_directory&) = delete;
    ~bench_directory() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    [[nodiscard]] fs::path operator/(const char* name) const { return path_ / name; }

private:
    fs::path path_;
};

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
    if (const char* given = std::getenv("MILLRACE_BENCH_HOT_DIR")) {
        made.hot_directory = given;
    }
    return made;
}

void fail_if_not(bool condition, const char* what) {
    if (!condition) {
        std::fprintf(stderr, "log_append_bench: %s\n", what);
        std::abort();
    }
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
    const thread_pin pin(0, 1);
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
BENCHMARK(log_append)
    ->Args({64, 0})
    ->Args({192, 0})
    ->Args({216, 0})
    ->Args({64, 1})
    ->Args({192, 1})
    ->Iterations(30'000);

// How late each append was done against when it was meant to be, and what the call itself took. The
// first holds what the scheduler did to the loop; the second is the writer's own.
void log_append_paced(benchmark::State& state) {
    constexpr std::int64_t interval_ns = 4000;
    const auto mode =
        state.range(0) == 0 ? engine::storage_mode::direct : engine::storage_mode::hot;
    const bench_directory directory;
    engine::log_writer writer(directory / "log", options_ahead(mode));
    const std::vector<std::byte> payload(192, std::byte{0x5a});
    engine::histogram call_ns;
    engine::histogram late_ns;
    std::uint64_t appended = 0;
    std::uint64_t waited = 0;
    const thread_pin pin(0, 2);
    const std::int64_t begin = monotonic_now_ns();
    for (auto _ : state) {
        const std::int64_t meant = begin + static_cast<std::int64_t>(appended) * interval_ns;
        std::int64_t before = monotonic_now_ns();
        while (before < meant) {
            before = monotonic_now_ns();
        }
        engine::append_result result = writer.try_append(1, payload);
        while (result.status == engine::append_status::back_pressured) {
            ++waited;
            result = writer.try_append(1, payload);
        }
        const std::int64_t after = monotonic_now_ns();
        fail_if_not(result.status == engine::append_status::ok, "an append was refused");
        ++appended;
        call_ns.record(after - before);
        late_ns.record(after - meant);
    }
    const engine::position end = writer.end();
    fail_if_not(writer.wait_durable(end, 60'000'000'000) == engine::durable_wait::durable,
                "the log did not become durable");
    fail_if_not(writer.last_sequence().value == appended, "records are missing");
    const engine::storage_report report = writer.storage();
    label_threads(state, 1);  // the others sleep nearly always
    state.SetLabel(mode == engine::storage_mode::hot ? "hot" : "direct");
    report_latency(state, "call_ns", call_ns);
    report_latency(state, "late_ns", late_ns);
    state.counters["call_ns_p9999"] = static_cast<double>(call_ns.percentile_ns(99.99));
    state.counters["back_pressured"] = static_cast<double>(waited);
    state.counters["syncs"] = static_cast<double>(report.sync_count);
    state.counters["sync_ms_max"] = static_cast<double>(report.sync_ns_max) / 1e6;
}
BENCHMARK(log_append_paced)->Arg(0)->Arg(1)->Iterations(2'000'000)->UseRealTime();

void part_clock(benchmark::State& state) {
    for (auto _ : state) {
        benchmark::DoNotOptimize(engine::utc_now());
    }
}
BENCHMARK(part_clock);

// As record_checksum is called for a payload of this size.
void part_crc(benchmark::State& state) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)) + 24, std::byte{0x5a});
    std::uint32_t crc = 0;
    for (auto _ : state) {
        crc = engine::crc32c_prefixed(7, crc, bytes.data(), bytes.size());
        benchmark::DoNotOptimize(crc);
    }
}
BENCHMARK(part_crc)->Arg(64)->Arg(192)->Arg(216);

// Spins, and gives way only when the other side is surely not running: a fair machine never gets
// there.
template <class Condition>
void spin_until(Condition&& is_met) {
    for (std::uint32_t spins = 1; !is_met(); ++spins) {
        if (spins % 65'536 == 0) {
            ::sched_yield();
        }
    }
}

// Hands a number back and forth: send(n) here shows there, and there it answers with n.
struct cache_line_pair {
    alignas(engine::no_sharing_bytes) std::atomic<std::uint64_t> there{0};
    alignas(engine::no_sharing_bytes) std::atomic<std::uint64_t> back{0};
};

constexpr std::uint64_t rounds_per_turn = 500;
constexpr std::size_t visible_payload_bytes = 64;

// The other core: answers over the lines in odd turns, over the logs in even ones, until turn
// UINT64_MAX.
void answer_turns(cache_line_pair& lines, const std::atomic<std::uint64_t>& turn,
                  const fs::path& to_read, engine::log_writer& answers) {
    const thread_pin pin(1, 2);
    engine::log_reader reader(to_read, engine::read_from::first());
    engine::record_view view;
    std::vector<std::byte> payload(visible_payload_bytes);
    std::uint64_t line = 0;
    std::uint64_t my_turn = 0;
    while (true) {
        std::uint64_t asked = 0;
        spin_until([&] { return (asked = turn.load(std::memory_order_acquire)) != my_turn; });
        if (asked == UINT64_MAX) {
            return;
        }
        my_turn = asked;
        for (std::uint64_t i = 0; i < rounds_per_turn; ++i) {
            if (my_turn % 2 == 1) {
                ++line;
                spin_until([&] { return lines.there.load(std::memory_order_acquire) == line; });
                lines.back.store(line, std::memory_order_release);
            } else {
                spin_until([&] { return reader.poll(view) == engine::read_status::record; });
                std::memcpy(payload.data(), view.payload, payload.size());
                fail_if_not(answers.try_append(1, payload).status == engine::append_status::ok,
                            "an append was refused");
            }
        }
    }
}

void log_visible(benchmark::State& state) {
    const bench_directory directory;
    engine::log_writer to(directory / "to", options());
    engine::log_writer from(directory / "from", options());
    cache_line_pair lines;
    std::atomic<std::uint64_t> turn{0};
    label_threads(state, 2);
    std::thread other([&] { answer_turns(lines, turn, directory / "to", from); });
    const thread_pin pin(0, 2);
    engine::log_reader reader(directory / "from", engine::read_from::first());
    engine::record_view view;
    engine::histogram line_ns;
    engine::histogram log_ns;
    std::vector<std::byte> payload(visible_payload_bytes, std::byte{1});
    std::uint64_t line = 0;
    std::uint64_t sent = 0;
    for (auto _ : state) {
        // relaxed: this thread alone writes it
        turn.store(turn.load(std::memory_order_relaxed) + 1, std::memory_order_release);
        for (std::uint64_t i = 0; i < rounds_per_turn; ++i) {
            const std::int64_t begin = monotonic_now_ns();
            lines.there.store(++line, std::memory_order_release);
            spin_until([&] { return lines.back.load(std::memory_order_acquire) == line; });
            line_ns.record(monotonic_now_ns() - begin);
        }
        turn.store(turn.load(std::memory_order_relaxed) + 1, std::memory_order_release);
        for (std::uint64_t i = 0; i < rounds_per_turn; ++i) {
            const std::int64_t begin = monotonic_now_ns();
            std::memcpy(payload.data(), &++sent, sizeof sent);
            benchmark::DoNotOptimize(to.try_append(1, payload));
            spin_until([&] { return reader.poll(view) == engine::read_status::record; });
            log_ns.record(monotonic_now_ns() - begin);
            std::uint64_t answer = 0;
            std::memcpy(&answer, view.payload, sizeof answer);
            fail_if_not(answer == sent, "another record came back");
        }
    }
    turn.store(UINT64_MAX, std::memory_order_release);
    other.join();
    report_latency(state, "line_round_trip_ns", line_ns);
    report_latency(state, "log_round_trip_ns", log_ns);
    state.counters["log_to_line_p50"] = static_cast<double>(log_ns.percentile_ns(50)) /
                                        static_cast<double>(line_ns.percentile_ns(50));
}
BENCHMARK(log_visible)->Iterations(40)->UseRealTime();

void log_replay(benchmark::State& state) {
    constexpr std::uint64_t count = 1'000'000;
    const auto payload_bytes = static_cast<std::size_t>(state.range(0));
    const bench_directory directory;
    {
        engine::log_writer writer(directory / "log", options());
        const std::vector<std::byte> payload(payload_bytes, std::byte{0x5a});
        for (std::uint64_t i = 0; i < count; ++i) {
            fail_if_not(writer.try_append(1, payload).status == engine::append_status::ok,
                        "an append was refused");
        }
    }
    const thread_pin pin(0, 1);
    for (auto _ : state) {
        engine::log_reader reader(directory / "log", engine::read_from::first());
        engine::record_view view;
        std::uint64_t seen = 0;
        while (reader.poll(view) == engine::read_status::record) {
            ++seen;
        }
        fail_if_not(seen == count && view.payload == nullptr, "the replay is not complete");
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(count * state.iterations()));
    state.SetBytesProcessed(static_cast<std::int64_t>(
        count * state.iterations() *
        engine::align_record(engine::record_header_bytes + payload_bytes)));
}
BENCHMARK(log_replay)->Arg(64)->Arg(192)->Unit(benchmark::kMillisecond)->MinTime(0.5);

}  // namespace

}  // namespace millrace::bench

BENCHMARK_MAIN();
