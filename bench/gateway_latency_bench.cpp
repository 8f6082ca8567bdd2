// An order and its report: through Millrace, through stock QuickFIX, and over what there is at
// least.
//
//   driver's thread                                              responder's thread
//   bare_tcp         order ------------------------ TCP -------> the same for all: whole order?
//   bare_loop        logs, no session rules                      patch a pre-encoded report, send
//   millrace         row -> log -> the real pipeline
//   quickfix_memory  NewOrderSingle -> Session::send
//   quickfix_file    <------------------------- report --------
//
// All stages of Millrace run on the driver's thread, which is its pipeline's; QuickFIX is polled on
// it. The paths take turns of some hundred orders, each on a connection of its own.
//
// gateway_ping_pong: one order at a time; what it takes from the record to the entry of send(), and
// to the report handled. gateway_order_to_report/RATE: an open loop, from the time each order was
// meant for; a path that cannot hold the rate gets half of what it does flat out. .../flat_out: as
// many as there is room for, so its latencies are those of a queue.
//
// Not counted: the first orders of a turn, when its caches are another's. Not measured: a network,
// a venue's own work.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "bench/bare_paths.hpp"
#include "bench/fix_responder.hpp"
#include "bench/latency_counters.hpp"
#include "bench/millrace_path.hpp"
#include "bench/quickfix_path.hpp"

namespace millrace::bench {

namespace {

constexpr std::uint64_t not_counted = 16;
constexpr double turn_s = 0.1;
constexpr std::uint64_t flat_out_outstanding = 256;

engine::log_options bare_log_options() {
    engine::log_options options;  // as the pipeline keeps its logs
    options.purpose = "benchmark";
    options.sync_on_close = false;
    options.is_synchronous = false;
    options.storage = engine::storage_mode::hot;
    options.hot_directory = run().hot_directory;
    options.low_space_bytes = 0;
    return options;
}

// All paths, ready.
class rivals {
public:
    rivals() : responder_(5, fix_responder::task::report) {
        const auto folder = [this](const char* name) {
            const std::filesystem::path made = directory_ / name;
            std::filesystem::create_directories(made);
            return made;
        };
        add(std::make_unique<bare_tcp_path>(responder_.port(0), 0));
        add(std::make_unique<bare_loop_path>(responder_.port(1), 1, folder("bare_loop"),
                                             bare_log_options()));
        auto millrace =
            std::make_unique<millrace_path>(driver_, responder_.port(2), 2, folder("millrace"));
        millrace_ = millrace.get();
        add(std::move(millrace));
        add(std::make_unique<quickfix_path>("quickfix_memory", "QFMEMORY", responder_.port(3), 3,
                                            std::filesystem::path()));
        add(std::make_unique<quickfix_path>("quickfix_file", "QFINFILE", responder_.port(4), 4,
                                            folder("quickfix_file")));
    }
    ~rivals() {
        responder_.attend_all();
        millrace_->stop();
    }

    [[nodiscard]] std::vector<std::unique_ptr<order_path>>& paths() { return paths_; }
    void run(order_path& path, const order_turn& turn) {
        responder_.attend(path.place());
        driver_.run(path, turn);
    }
    [[nodiscard]] double turn_seconds() const { return driver_.turn_seconds(); }
    [[nodiscard]] order_path& find(const std::string& name) {
        return **std::find_if(paths_.begin(), paths_.end(),
                              [&](const auto& one) { return one->name() == name; });
    }
    void forget() {
        for (const auto& path : paths_) {
            path->forget();
        }
    }

private:
    void add(std::unique_ptr<order_path> path) { paths_.push_back(std::move(path)); }

    bench_directory directory_;
    order_driver driver_;
    fix_responder responder_;
    std::vector<std::unique_ptr<order_path>> paths_;
    millrace_path* millrace_ = nullptr;
};

order_turn one_at_a_time(std::uint64_t orders) {
    order_turn turn;
    turn.orders = not_counted + orders;
    turn.not_counted = not_counted;
    return turn;
}

order_turn flat_out(std::uint64_t orders) {
    order_turn turn = one_at_a_time(orders);
    turn.outstanding_max = flat_out_outstanding;
    turn.orders_at_once = flat_out_outstanding;
    return turn;
}

order_turn paced(double rate_per_s) {
    order_turn turn =
        one_at_a_time(std::max<std::uint64_t>(static_cast<std::uint64_t>(rate_per_s * turn_s), 10));
    turn.rate_per_s = rate_per_s;
    turn.outstanding_max = order_path::outstanding_max;
    turn.orders_at_once = flat_out_outstanding;
    return turn;
}

void report_paths(benchmark::State& state, rivals& all, const std::string& benchmark) {
    for (const auto& path : all.paths()) {
        report_latency(state, path->name() + "_report_ns", path->order_to_report_ns);
        write_histogram(benchmark + "/" + path->name() + "/order_to_report",
                        path->order_to_report_ns);
    }
    const engine::histogram& millrace = all.find("millrace").order_to_report_ns;
    for (const char* floor : {"bare_tcp", "bare_loop"}) {
        report_ratio(state, std::string("millrace_to_") + floor, millrace,
                     all.find(floor).order_to_report_ns);
    }
    for (const char* rival : {"quickfix_memory", "quickfix_file"}) {
        report_ratio(state, std::string(rival) + "_to_millrace", all.find(rival).order_to_report_ns,
                     millrace);
    }
}

void report_to_socket(benchmark::State& state, rivals& all) {
    const engine::histogram& millrace = all.find("millrace").record_to_socket_ns;
    for (const char* name : {"bare_loop", "millrace", "quickfix_memory", "quickfix_file"}) {
        const engine::histogram& one = all.find(name).record_to_socket_ns;
        report_latency(state, std::string(name) + "_socket_ns", one);
        write_histogram(std::string("gateway_ping_pong/") + name + "/record_to_socket", one);
    }
    report_ratio(state, "socket_millrace_to_bare_loop", millrace,
                 all.find("bare_loop").record_to_socket_ns);
    for (const std::string name : {"quickfix_memory", "quickfix_file"}) {
        report_latency(state, name + "_send_ns", all.find(name).call_to_socket_ns);
        report_ratio(state, "socket_" + name + "_to_millrace", all.find(name).record_to_socket_ns,
                     millrace);
        report_ratio(state, "send_" + name + "_to_millrace", all.find(name).call_to_socket_ns,
                     millrace);
    }
}

void gateway_ping_pong(benchmark::State& state) {
    const std::uint64_t orders = run().is_quick ? 20 : 500;
    label_threads(state, 2);
    rivals all;
    const auto round = [&] {
        for (const auto& path : all.paths()) {
            all.run(*path, one_at_a_time(orders));
        }
    };
    for (int i = 0; i < (run().is_quick ? 1 : 10); ++i) {
        round();
    }
    all.forget();
    const std::int64_t end_ns =
        engine::monotonic_now_ns() + static_cast<std::int64_t>(run().seconds * 5e9);  // five paths
    for ([[maybe_unused]] auto turn : state) {
        do {
            round();
        } while (engine::monotonic_now_ns() < end_ns);
    }
    report_paths(state, all, "gateway_ping_pong");
    report_to_socket(state, all);
}

// What the path does flat out, in orders a second.
double measure_flat_out(rivals& all, order_path& path) {
    const std::uint64_t orders = run().is_quick ? 20 : 5000;
    if (!run().is_quick) {
        all.run(path, flat_out(orders));  // which warms up
    }
    all.run(path, flat_out(orders));
    return static_cast<double>(not_counted + orders) / all.turn_seconds();
}

void gateway_order_to_report(benchmark::State& state, double rate_per_s) {
    label_threads(state, 2);
    rivals all;
    std::vector<order_turn> turns;
    std::vector<double> per_s(all.paths().size());
    for (const auto& path : all.paths()) {
        const double most = measure_flat_out(all, *path);
        const bool is_held = rate_per_s <= 0.8 * most;
        turns.push_back(rate_per_s == 0 ? flat_out(std::max<std::uint64_t>(
                                              static_cast<std::uint64_t>(most * turn_s), 10))
                                        : paced(is_held ? rate_per_s : 0.5 * most));
    }
    all.forget();
    const int rounds = std::max(1, static_cast<int>(run().seconds / turn_s));
    for ([[maybe_unused]] auto turn : state) {
        for (int i = 0; i < rounds; ++i) {
            for (std::size_t path = 0; path < turns.size(); ++path) {
                all.run(*all.paths()[path], turns[path]);
                per_s[path] += static_cast<double>(turns[path].orders) / all.turn_seconds();
            }
        }
    }
    const std::string benchmark =
        "gateway_order_to_report/" +
        (rate_per_s == 0 ? "flat_out" : std::to_string(static_cast<int>(rate_per_s)));
    report_paths(state, all, benchmark);
    for (std::size_t path = 0; path < turns.size(); ++path) {
        state.counters[all.paths()[path]->name() + "_rate_per_s"] = per_s[path] / rounds;
    }
}

void register_all() {
    const auto once = [](benchmark::internal::Benchmark* one) {
        one->Iterations(1)->UseRealTime()->Unit(benchmark::kSecond);
    };
    once(benchmark::RegisterBenchmark("gateway_ping_pong", gateway_ping_pong));
    for (const double rate : {1e3, 1e4, 5e4}) {
        const std::string name =
            "gateway_order_to_report/" + std::to_string(static_cast<int>(rate));
        once(benchmark::RegisterBenchmark(name.c_str(), [rate](benchmark::State& state) {
            gateway_order_to_report(state, rate);
        }));
    }
    once(benchmark::RegisterBenchmark(
        "gateway_order_to_report/flat_out",
        [](benchmark::State& state) { gateway_order_to_report(state, 0); }));
}

}  // namespace

}  // namespace millrace::bench

int main(int argc, char** argv) {
    return millrace::bench::run_benchmarks(argc, argv, millrace::bench::register_all);
}
