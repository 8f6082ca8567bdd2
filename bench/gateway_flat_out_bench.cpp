// Orders to the wire as fast as they leave, into a sink that checks every frame and number.
//
//   full log of orders -> streamer -> ring -> translated -> session(s) -> FIX_OUT, hot -> send
//   NewOrderSingle -> Session::send, MemoryStore and FileStore                          -> send
//                                                                        one thread | the sink's
//
// On one session, and spread in turn over 32. The three run one after the other, and again with
// each repetition. All stages of Millrace are on one thread, QuickFIX is polled on it. Orders a
// second: at the sink, from its first to its last. The logs' own threads write FIX_OUT to the disk,
// index and seal it meanwhile; with less than four CPUs they take their time from the two that are
// measured.
#include <benchmark/benchmark.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "bench/fix_responder.hpp"
#include "bench/latency_counters.hpp"
#include "bench/millrace_setup.hpp"
#include "bench/quickfix_path.hpp"
#include "engine/stream/table_log.hpp"
#include "gateway/pipeline/pipeline.hpp"

namespace millrace::bench {

namespace {

// The engine, the sink, and the two threads that FIX_OUT keeps busy.
constexpr int busy_threads = 4;
constexpr std::int64_t patience_ns = 60'000'000'000;
// FIX_OUT must not wait for a disk that is slower than its memory: so much it takes for an order.
constexpr std::size_t fix_out_bytes_per_order = 768;

void fill_orders(const std::filesystem::path& directory, std::uint64_t orders,
                 std::size_t sessions) {
    engine::table_log_options options;
    options.purpose = "benchmark";
    options.sync_on_close = false;
    engine::table_log table(directory / "ORDER_OUT", order_schema(), options);
    order_row row;
    for (std::uint64_t number = 1; number <= orders; ++number) {
        fail_if_not(table.try_append(row.of(number, sessions)).status == engine::append_status::ok,
                    "ORDER_OUT refused an order");
    }
    table.close();
}

// Calls idle() between looks; ends the program if nothing more comes for a long time.
template <class Idle>
void wait_for_orders(const fix_responder& sink, std::uint64_t orders, Idle&& idle) {
    std::uint64_t seen = 0;
    std::int64_t since_ns = engine::monotonic_now_ns();
    while (sink.order_count(0) < orders) {
        idle();
        const std::int64_t now_ns = engine::monotonic_now_ns();
        if (sink.order_count(0) != seen) {
            seen = sink.order_count(0);
            since_ns = now_ns;
        }
        fail_if_not(now_ns - since_ns < patience_ns, "orders do not come to the sink");
    }
    fail_if_not(sink.order_count(0) == orders, "the sink got more orders than there are");
}

void report_rate(benchmark::State& state, const std::string& name, const fix_responder& sink) {
    const double seconds =
        static_cast<double>(sink.last_order_ns(0) - sink.first_order_ns(0)) * 1e-9;
    state.counters[name + "_per_s"] = static_cast<double>(sink.order_count(0)) / seconds;
    state.counters[name + "_seconds"] = seconds;
}

void run_millrace(benchmark::State& state, std::size_t sessions, std::uint64_t orders) {
    const bench_directory directory;
    fix_responder sink(1, fix_responder::task::check);
    millrace_setup setup;
    setup.directory = directory.path();
    setup.port = sink.port(0);
    setup.sessions = sessions;
    setup.has_reports = false;
    setup.undurable_messages_max = std::size_t{1} << 24;
    setup.hot_bytes_max = std::max<std::size_t>(
        std::size_t{512} << 20,
        std::min<std::size_t>(orders * fix_out_bytes_per_order, std::size_t{6} << 30));
    fill_orders(directory.path(), orders, sessions);
    gateway::pipeline pipeline(make_config(setup), options_of_pipeline());
    pipeline.open();
    pipeline.start();
    wait_for_orders(sink, orders,
                    [] { std::this_thread::sleep_for(std::chrono::milliseconds(2)); });
    report_rate(state, "millrace", sink);
    pipeline.stop();
    check_outcome(pipeline);
    std::uint64_t fast = 0;
    for (const auto& session : pipeline.gateways().front()->sessions()) {
        fast += session->counters.fast_out.value();
    }
    fail_if_not(fast == orders, "orders took the slow lane");
}

void run_quickfix(benchmark::State& state, const std::string& name, std::size_t sessions,
                  bool has_file) {
    constexpr std::uint64_t orders_between_polls = 64;
    const bench_directory directory;
    fix_responder sink(1, fix_responder::task::check);
    std::vector<std::string> senders;
    for (std::size_t i = 0; i < sessions; ++i) {
        senders.push_back("QUICK" + std::to_string(i));
    }
    const thread_pin pin(0);
    quickfix_client client(quickfix_setup(std::move(senders), sink.port(0),
                                          has_file ? directory.path() : std::filesystem::path()),
                           {nullptr, nullptr});
    wait_for_logon(client);
    const std::int64_t end_ns =
        engine::monotonic_now_ns() + static_cast<std::int64_t>(std::min(run().seconds, 2.0) * 1e9);
    std::uint64_t orders = 0;
    while (engine::monotonic_now_ns() < end_ns) {
        for (std::uint64_t i = 0; i < orders_between_polls; ++i) {
            client.build(++orders);
            fail_if_not(client.send(orders % sessions), "QuickFIX did not take an order");
        }
        client.poll();
    }
    wait_for_orders(sink, orders, [&] {
        client.poll();
        ::sched_yield();
    });
    report_rate(state, name, sink);
}

void gateway_orders_flat_out(benchmark::State& state) {
    const auto sessions = static_cast<std::size_t>(state.range(0));
    const std::uint64_t orders =
        run().is_quick ? 5'000
                       : static_cast<std::uint64_t>(std::min(run().seconds, 2.0) * 2'000'000);
    label_threads(state, busy_threads);
    for ([[maybe_unused]] auto turn : state) {
        run_millrace(state, sessions, orders);
        run_quickfix(state, "quickfix_memory", sessions, false);
        run_quickfix(state, "quickfix_file", sessions, true);
    }
    for (const char* rival : {"quickfix_memory", "quickfix_file"}) {
        state.counters[std::string("millrace_to_") + rival] =
            state.counters["millrace_per_s"].value /
            state.counters[std::string(rival) + "_per_s"].value;
    }
}

void register_all() {
    benchmark::RegisterBenchmark("gateway_orders_flat_out", gateway_orders_flat_out)
        ->Arg(1)
        ->Arg(32)
        ->Iterations(1)
        ->UseRealTime()
        ->Unit(benchmark::kSecond);
}

}  // namespace

}  // namespace millrace::bench

int main(int argc, char** argv) {
    return millrace::bench::run_benchmarks(argc, argv, millrace::bench::register_all);
}
