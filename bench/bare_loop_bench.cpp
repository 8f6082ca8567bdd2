// The bare loop: what a journaled order and its report cost at least, with no session rules at all.
//
//   this thread                                              responder thread
//   append order row (CRC) -> patch a pre-encoded order
//     -> append wire bytes -> send ---- loopback TCP ---->   busy-polled recv, whole order?
//   recv <-------------------- loopback TCP -------------    patch a pre-encoded report, send
//     -> frame, checksum -> append wire bytes
//     -> walk all fields -> append execution row
//
//   bare TCP: the same bytes to the same responder, nothing but send and recv, in turns with the
//   loop.
//
// It is the floor for everything that does this job with session rules; gateway_latency_bench has
// both beside Millrace. Both threads busy-poll non-blocking sockets with TCP_NODELAY. Every report
// is checked: number, checksum, fields; at the end all four logs are read back. Not measured: a
// network, a venue's own work, rolls (the logs fit into one segment), syncing to the disk.
#include <benchmark/benchmark.h>

#include "bench/bare_paths.hpp"
#include "bench/fix_responder.hpp"
#include "bench/latency_counters.hpp"
#include "bench/order_driver.hpp"

namespace millrace::bench {

namespace {

engine::log_options synchronous_options() {
    engine::log_options options;
    options.purpose = "benchmark";
    options.sync_on_close = false;
    return options;
}

void bare_loop(benchmark::State& state) {
    order_turn rounds;
    rounds.orders = run().is_quick ? 20 : 100;
    const int warm_up_turns = run().is_quick ? 1 : 20;
    label_threads(state, 2);
    const bench_directory directory;
    fix_responder responder(2, fix_responder::task::report);
    order_driver driver;
    bare_tcp_path bare(responder.port(0), 0);
    bare_loop_path loop(responder.port(1), 1, directory.path(), synchronous_options());
    const thread_pin pin(0);
    driver.on_start();
    const auto turn = [&] {
        for (order_path* const path :
             {static_cast<order_path*>(&bare), static_cast<order_path*>(&loop)}) {
            responder.attend(path->place());
            driver.run_here(*path, rounds);
        }
    };
    for (int i = 0; i < warm_up_turns; ++i) {
        turn();
    }
    bare.forget();
    loop.forget();
    for ([[maybe_unused]] auto one : state) {
        turn();
    }
    driver.on_close();
    loop.check_logs();
    report_latency(state, "loop_ns", loop.order_to_report_ns);
    report_latency(state, "bare_tcp_ns", bare.order_to_report_ns);
    report_latency(state, "record_to_socket_ns", loop.record_to_socket_ns);
    report_ratio(state, "loop_to_bare", loop.order_to_report_ns, bare.order_to_report_ns);
}

void register_all() {
    benchmark::RegisterBenchmark("bare_loop", bare_loop)
        ->Iterations(run().is_quick ? 5 : 200)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
}

}  // namespace

}  // namespace millrace::bench

int main(int argc, char** argv) {
    return millrace::bench::run_benchmarks(argc, argv, millrace::bench::register_all);
}
