// What an append costs while what was appended is synced behind it, and when it is durable: an
// audit log, direct and hot, beside a plain file, RocksDB, LMDB and a bare copy in one run, by one
// loop.
//
//   paced      [appender] --record--> journal     at a fixed rate, from the time each was meant
//              [syncer]   --every 5 ms--> disk    a log has its persister, which is only watched
//   flat_out   the same, one append right after the other
//   each       [appender] --record--> journal --> disk    each append returns once it is durable
//
//   call_ns      from before the append to behind it
//   late_ns      from when it was meant to be appended to behind it: with what the scheduler and
//                stalled appends before it took
//   durable_ns   from behind the append until it is known to be on the disk
//
// A rival that cannot hold the asked rate is run at half of what it did flat out on the spot:
// rate_per_s says at what. In flat_out one reading of the clock is part of each call. A call goes
// through one virtual function, with all of them alike. All records are read back. Not measured:
// several appenders; readers beside the writer.
#include <benchmark/benchmark.h>
#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/bench_run.hpp"
#include "bench/journal.hpp"
#include "bench/latency_counters.hpp"
#include "engine/core/clock.hpp"

namespace millrace::bench {

namespace {

using engine::monotonic_now_ns;

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::uint64_t trial_records = 50'000;
constexpr std::int64_t trial_ns = second_ns / 5;

constexpr journal_kind kinds[] = {
    {"millrace_direct", open_direct_log},
    {"millrace_hot", open_hot_log},
    {"plain_file", open_plain_file},
    {"rocksdb_wal", open_rocksdb},
    {"lmdb", open_lmdb},
};
// Beside them, of what the machine does to a thread that appends.
constexpr journal_kind floor_kind = {"bare_copy", open_bare_copy};

void sleep_until(std::int64_t when_ns) {
    const timespec when{when_ns / second_ns, when_ns % second_ns};
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, nullptr);
}

// The thread behind the appender: has a rival sync every 5 ms, and notes when each record was
// durable.
class syncer {
public:
    syncer(journal& to, std::uint64_t records_max)
        : journal_(to), committed_ns_(records_max + 1), thread_([this] { work(); }) {}
    syncer(const syncer&) = delete;
    syncer& operator=(const syncer&) = delete;
    ~syncer() { stop(); }

    // The appender, behind each append.
    void committed(std::uint64_t number, std::int64_t when_ns) {
        committed_ns_[number] = when_ns;
        appended_.store(number, std::memory_order_release);
    }
    // Until everything that was appended is durable; what comes later is counted.
    void count_from_here() {
        // relaxed: this thread wrote it
        const std::uint64_t appended = appended_.load(std::memory_order_relaxed);
        while (durable_.load(std::memory_order_acquire) < appended) {
            sleep_until(monotonic_now_ns() + sync_interval_ns);
        }
        first_counted_.store(appended + 1, std::memory_order_release);
    }
    // Returns once everything is durable.
    void stop() {
        is_stopped_.store(true, std::memory_order_release);
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    [[nodiscard]] const engine::histogram& durable_ns() const { return durable_ns_; }

private:
    void work() {
        const thread_pin pin(1);
        ::prctl(PR_SET_TIMERSLACK, 1UL);
        const std::int64_t every_ns = journal_.make_durable_every_ns();
        std::int64_t next_ns = monotonic_now_ns() + every_ns;
        std::uint64_t done = 0;
        while (true) {
            const bool is_last = is_stopped_.load(std::memory_order_acquire);
            const std::uint64_t appended = appended_.load(std::memory_order_acquire);
            if (is_last && done == appended) {
                return;
            }
            if (done < appended) {
                // A log may answer with a record whose time is not noted yet.
                const std::uint64_t durable = std::min(journal_.make_durable(appended), appended);
                note(done, durable);
                done = durable;
                durable_.store(done, std::memory_order_release);
            }
            next_ns = std::max(next_ns + every_ns, monotonic_now_ns());
            sleep_until(next_ns);
        }
    }
    void note(std::uint64_t done, std::uint64_t durable) {
        const std::int64_t now_ns = monotonic_now_ns();
        const std::uint64_t first = first_counted_.load(std::memory_order_acquire);
        for (std::uint64_t number = std::max(done + 1, first); number <= durable; ++number) {
            durable_ns_.record(now_ns - committed_ns_[number]);
        }
    }

    journal& journal_;
    std::vector<std::int64_t> committed_ns_;  // by number: the appender, before appended_ says so
    engine::histogram durable_ns_;            // the thread
    alignas(engine::no_sharing_bytes) std::atomic<std::uint64_t> appended_{0};
    alignas(engine::no_sharing_bytes) std::atomic<std::uint64_t> durable_{0};
    std::atomic<std::uint64_t> first_counted_{UINT64_MAX};
    std::atomic<bool> is_stopped_{false};
    std::thread thread_;
};

struct bench_case {
    const journal_kind* kind;
    std::size_t payload_bytes;
    std::string name;
};

// Appends and counts; spins while it is refused.
class appender {
public:
    appender(journal& to, std::size_t payload_bytes)
        : journal_(to), payload_(payload_bytes, std::byte{0x5a}) {}

    std::uint64_t append() {
        put_number(payload_, ++number_);
        while (!journal_.try_append(payload_)) {
            ++refused_;
        }
        return number_;
    }
    // Records a second, flat out, of a short trial.
    double try_out(syncer* behind) {
        const std::int64_t begin_ns = monotonic_now_ns();
        std::int64_t now_ns = begin_ns;
        const std::uint64_t first = number_;
        while (now_ns < begin_ns + trial_ns && number_ - first < trial_records) {
            const std::uint64_t number = append();
            now_ns = monotonic_now_ns();
            if (behind != nullptr) {
                behind->committed(number, now_ns);
            }
        }
        return static_cast<double>(number_ - first) * 1e9 / static_cast<double>(now_ns - begin_ns);
    }
    [[nodiscard]] std::uint64_t number() const { return number_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

private:
    journal& journal_;
    std::vector<std::byte> payload_;
    std::uint64_t number_ = 0;
    std::uint64_t refused_ = 0;
};

struct latencies {
    engine::histogram call_ns;
    engine::histogram late_ns;
};

std::uint64_t count_at(double rate_per_s, double seconds) {
    return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rate_per_s * seconds));
}

void append_paced(appender& to, syncer* behind, double rate_per_s, std::uint64_t count,
                  latencies& found) {
    const double interval_ns = 1e9 / rate_per_s;
    const std::int64_t begin_ns = monotonic_now_ns();
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::int64_t meant_ns =
            begin_ns + static_cast<std::int64_t>(static_cast<double>(i) * interval_ns);
        std::int64_t before_ns = monotonic_now_ns();
        while (before_ns < meant_ns) {
            before_ns = monotonic_now_ns();
        }
        const std::uint64_t number = to.append();
        const std::int64_t after_ns = monotonic_now_ns();
        if (behind != nullptr) {
            behind->committed(number, after_ns);
        }
        found.call_ns.record(after_ns - before_ns);
        found.late_ns.record(after_ns - meant_ns);
    }
}

void report(benchmark::State& state, const bench_case& what, const std::string& metric,
            const engine::histogram& latency) {
    report_latency(state, metric, latency);
    write_histogram(what.name + "/" + metric, latency);
}

void finish(benchmark::State& state, journal& to, const appender& with) {
    fail_if_not(to.count_stored() == with.number(), "records are missing");
    state.counters["back_pressured"] = static_cast<double>(with.refused());
    for (const auto& [name, value] : to.counters()) {
        state.counters[name] = value;
    }
}

void run_paced(benchmark::State& state, const bench_case& what) {
    const bench_directory directory;
    const auto to = what.kind->open(directory.path(), sync_policy::behind);
    appender with(*to, what.payload_bytes);
    syncer behind(*to, trial_records + count_at(run().rate_per_s, run().seconds));
    const thread_pin pin(0);
    latencies found;
    for (auto _ : state) {
        const double held = with.try_out(&behind) / 2;
        behind.count_from_here();
        const double rate = std::min(run().rate_per_s, held);
        const std::int64_t begin_ns = monotonic_now_ns();
        append_paced(with, &behind, rate, count_at(rate, run().seconds), found);
        state.SetIterationTime(static_cast<double>(monotonic_now_ns() - begin_ns) * 1e-9);
        state.counters["rate_per_s"] = rate;
    }
    behind.stop();
    label_threads(state, 2);
    report(state, what, "call_ns", found.call_ns);
    report(state, what, "late_ns", found.late_ns);
    report(state, what, "durable_ns", behind.durable_ns());
    finish(state, *to, with);
}

void run_flat_out(benchmark::State& state, const bench_case& what) {
    const bench_directory directory;
    const auto to = what.kind->open(directory.path(), sync_policy::behind);
    appender with(*to, what.payload_bytes);
    syncer behind(*to, run().appends_flat_out);
    const thread_pin pin(0);
    engine::histogram call_ns;
    const auto limit_ns = static_cast<std::int64_t>(run().seconds * 1e9);
    for (auto _ : state) {
        const std::int64_t begin_ns = monotonic_now_ns();
        std::int64_t before_ns = begin_ns;
        while (with.number() < run().appends_flat_out && before_ns - begin_ns < limit_ns) {
            const std::uint64_t number = with.append();
            const std::int64_t after_ns = monotonic_now_ns();
            behind.committed(number, after_ns);
            call_ns.record(after_ns - before_ns);
            before_ns = after_ns;
        }
        state.SetIterationTime(static_cast<double>(before_ns - begin_ns) * 1e-9);
        state.counters["records_per_s"] =
            static_cast<double>(with.number()) * 1e9 / static_cast<double>(before_ns - begin_ns);
    }
    behind.stop();
    label_threads(state, 2);
    report(state, what, "call_ns", call_ns);
    finish(state, *to, with);
}

void run_each(benchmark::State& state, const bench_case& what) {
    const bench_directory directory;
    const auto to = what.kind->open(directory.path(), sync_policy::each);
    appender with(*to, what.payload_bytes);
    const thread_pin pin(0);
    latencies found;
    with.append();  // the first sync also writes what a fresh file is made of
    for (auto _ : state) {
        const double rate = with.try_out(nullptr) / 2;
        const std::int64_t begin_ns = monotonic_now_ns();
        append_paced(with, nullptr, rate, count_at(rate, run().durable_append_s), found);
        state.SetIterationTime(static_cast<double>(monotonic_now_ns() - begin_ns) * 1e-9);
        state.counters["rate_per_s"] = rate;
    }
    label_threads(state, 1);
    report(state, what, "call_ns", found.call_ns);
    report(state, what, "late_ns", found.late_ns);
    finish(state, *to, with);
}

void register_one(const std::string& topology, const journal_kind& kind, std::size_t bytes,
                  void (*body)(benchmark::State&, const bench_case&)) {
    const bench_case what{&kind, bytes, topology + "/" + kind.name + "/" + std::to_string(bytes)};
    benchmark::RegisterBenchmark(what.name.c_str(),
                                 [what, body](benchmark::State& state) { body(state, what); })
        ->UseManualTime()
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
}

void register_all() {
    for (const std::size_t bytes : {std::size_t{64}, std::size_t{192}}) {
        for (const journal_kind& kind : kinds) {
            register_one("log_append_paced", kind, bytes, run_paced);
        }
        register_one("log_append_paced", floor_kind, bytes, run_paced);
        for (const journal_kind& kind : kinds) {
            register_one("log_append_flat_out", kind, bytes, run_flat_out);
        }
    }
    for (const journal_kind& kind : kinds) {
        register_one("log_append_each", kind, 192, run_each);
    }
}

}  // namespace

}  // namespace millrace::bench

int main(int argc, char** argv) {
    return millrace::bench::run_benchmarks(argc, argv, millrace::bench::register_all);
}
