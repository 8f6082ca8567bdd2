// What it costs to hand a row to the one thread that writes a log, and how many rows many threads
// bring through it.
//
//   producer 1 --+
//   producer 2 ---> ingest agent -> log (direct, synchronous, nothing durable)
//   producer N --+            `--> each producer collects its acknowledgements
//
//   ingest_many_to_one_throughput/N   rows a second with N producers, each answered; beside it
//                                     the same rows appended by the writing thread itself
//
// Not measured: durable rows, and what a socket adds. Every row is checked to be answered once, in
// its producer's order, and the log to hold them all.
#include <benchmark/benchmark.h>

#include <atomic>
#include <thread>
#include <vector>

#include "bench/bench_run.hpp"
#include "bench/latency_counters.hpp"
#include "engine/agent/runner.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/thread.hpp"
#include "engine/ingest/ingest.hpp"
#include "engine/table/row.hpp"

namespace millrace::bench {

namespace {

std::vector<std::byte> make_row(const engine::row_schema& schema) {
    std::vector<std::byte> buffer(schema.payload_size());
    engine::row_builder row(schema, buffer);
    if (row.set_text(0, "A1") != engine::row_status::ok || row.finish().size != buffer.size()) {
        throw std::runtime_error("the row of this benchmark is none");
    }
    return buffer;
}

const engine::row_schema& orders() {
    static const engine::row_schema schema = engine::row_schema::parse(
        "table ORDERS\ncolumn ID text(20) key\ncolumn PRICE decimal\ncolumn QUANTITY i64\n"
        "column NOTE text(46)\n");
    return schema;
}

// Brings its share through; false: an answer was wrong.
bool bring(engine::ingest& agent, std::uint64_t count) {
    engine::ingest_producer producer = agent.make_producer();
    const auto row = make_row(orders());
    std::uint64_t accepted = 0;
    std::uint64_t answered = 0;
    while (answered < count) {
        if (accepted < count &&
            producer.try_submit(row, accepted + 1) == engine::submit_status::accepted) {
            ++accepted;
        } else {
            std::this_thread::yield();  // its turn is the agent's, where CPUs are few
        }
        for (engine::ingest_ack ack; producer.poll(ack);) {
            if (ack.ticket != ++answered || ack.status != engine::append_status::ok) {
                return false;
            }
        }
    }
    return true;
}

void ingest_many_to_one_throughput(benchmark::State& state) {
    const auto producers = static_cast<std::uint64_t>(state.range(0));
    const std::uint64_t share = run().appends_flat_out / 5 / producers;
    const int writing_cpu = run().cpus.empty() ? -1 : run().cpus.front();
    double alone_s = 0;
    double ingest_s = 0;
    for ([[maybe_unused]] auto turn : state) {
        const bench_directory directory;
        engine::table_log alone(directory.path() / "alone", orders(), {});
        alone.start();
        const auto row = make_row(orders());
        std::int64_t begin_ns = engine::monotonic_now_ns();
        {
            const thread_pin pin(0);
            for (std::uint64_t number = 0; number < share * producers; ++number) {
                fail_if_not(alone.try_append(row).status == engine::append_status::ok,
                            "a row was not appended");
            }
        }
        alone_s += static_cast<double>(engine::monotonic_now_ns() - begin_ns) * 1e-9;

        engine::table_log table(directory.path() / "ingest", orders(), {});
        table.start();
        engine::ingest agent(table, {});
        engine::runner writing({"ingest", writing_cpu, {.kind = engine::idle_kind::yield}},
                               {agent});
        writing.start();
        std::atomic<bool> is_right{true};
        begin_ns = engine::monotonic_now_ns();
        {
            std::vector<std::jthread> threads;
            for (std::uint64_t at = 0; at < producers; ++at) {
                threads.emplace_back([&, at] {
                    const thread_pin pin(at + 1);
                    if (!bring(agent, share)) {
                        // relaxed: the join orders it
                        is_right.store(false, std::memory_order_relaxed);
                    }
                });
            }
        }
        const std::int64_t spent_ns = engine::monotonic_now_ns() - begin_ns;
        ingest_s += static_cast<double>(spent_ns) * 1e-9;
        state.SetIterationTime(static_cast<double>(spent_ns) * 1e-9);
        writing.stop();
        fail_if_not(is_right.load(std::memory_order_relaxed) &&
                        table.log().last_sequence().value == share * producers,
                    "a row was lost, doubled or answered out of turn");
    }
    const double rows =
        static_cast<double>(share * producers) * static_cast<double>(state.iterations());
    state.counters["rows_per_s"] = rows / ingest_s;
    state.counters["alone_rows_per_s"] = rows / alone_s;
    state.counters["to_alone"] = ingest_s / alone_s;
    label_threads(state, static_cast<int>(producers) + 1);
}

void register_all() {
    benchmark::RegisterBenchmark("ingest_many_to_one_throughput", ingest_many_to_one_throughput)
        ->Arg(1)
        ->Arg(2)
        ->Arg(4)
        ->Arg(16)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

}  // namespace

}  // namespace millrace::bench

int main(int argc, char** argv) {
    return millrace::bench::run_benchmarks(argc, argv, millrace::bench::register_all);
}
