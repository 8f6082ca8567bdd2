// What readers in other processes cost the writer of a hot log: nothing its tail should show.
//
//   [appender] --record--> hot log --persister--> disk      at a fixed rate
//                             ^
//                             `-- another process: none, one that stands still, dies, or crawls
//
//   alone     nobody reads
//   stopped   a reader has the segment mapped and is stopped by a signal; in the end it reads on,
//             and has to find every record of the turn
//   killed    a reader follows, and is killed in the midst of the turn
//   slow      a reader takes a record a millisecond
//
// The four take turns in one run, so that a disturbance meets all. call_ns is from before an append
// to behind it, late_ns from when it was meant; STOPPED_to_alone_p9999 and the like are the ratios
// of call_ns. Behind each turn: what the log takes of memory stays within its limit, which a turn's
// records exceed, and in the end every record is read back. On a machine without a CPU for the
// reader, its share is the scheduler's. Not measured: several readers; readers in this process.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <string>
#include <vector>

#include "bench/bench_run.hpp"
#include "bench/journal.hpp"
#include "bench/latency_counters.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/file.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/log_writer.hpp"

namespace millrace::bench {

namespace {

namespace fs = std::filesystem;
using engine::monotonic_now_ns;

constexpr std::size_t payload_bytes = 64;
constexpr std::size_t segment_bytes = std::size_t{1} << 20;
constexpr std::size_t hot_bytes_max = 8 * segment_bytes;
constexpr std::int64_t patience_ns = 60'000'000'000;
constexpr int ready_pipe = 3;  // where a child says that it reads
constexpr int turns = 4;

enum class beside : std::uint8_t { nobody, stopped, killed, slow };
constexpr std::array<const char*, 4> names = {"alone", "stopped", "killed", "slow"};

std::uint64_t records_per_turn() {
    return std::max<std::uint64_t>(
        100, static_cast<std::uint64_t>(run().rate_per_s * run().seconds / turns));
}

// The child: KIND,DIRECTORY. Reads from the end of the log on, and checks that nothing is missing.
[[noreturn]] void read_beside(std::string_view what) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const std::string_view kind = what.substr(0, what.find(','));
    const std::uint64_t wanted = kind == names[2] ? records_per_turn() / 2 : records_per_turn();
    engine::log_reader reader(what.substr(kind.size() + 1), engine::read_from::tail());
    engine::record_view record;
    fail_if_not(reader.poll(record) == engine::read_status::none, "the log is written too early");
    std::uint64_t expected = reader.last_sequence().value;
    fail_if_not(::write(ready_pipe, "r", 1) == 1, "nobody waits for this reader");
    const std::int64_t until_ns = monotonic_now_ns() + patience_ns;
    for (std::uint64_t count = 0; count < wanted;) {
        const engine::read_status status = reader.poll(record);
        fail_if_not(status != engine::read_status::damaged, "a reader meets damage");
        fail_if_not(monotonic_now_ns() < until_ns, "a reader does not come to its last record");
        if (status == engine::read_status::record) {
            ++count;
            fail_if_not(record.seq.value == ++expected, "a reader misses a record");
            check_number({record.payload, record.payload_size}, expected);
        }
        if (kind == names[3]) {
            ::usleep(1'000);
        } else if (status == engine::read_status::none) {
            ::usleep(50);
        }
    }
    if (kind == names[2]) {
        ::raise(SIGKILL);
    }
    ::_exit(0);
}

class reading_process {
public:
    reading_process(const fs::path& log, beside how) : how_(how) {
        int ends[2];
        fail_if_not(::pipe2(ends, O_CLOEXEC) == 0, "no pipe");
        const engine::unique_fd said(ends[0]);
        engine::unique_fd saying(ends[1]);
        std::vector<std::string> words = {
            "log_readers_bench",
            std::string("--child=") + names[static_cast<std::size_t>(how)] + "," + log.native(),
            "--hot-dir=" + run().hot_directory.native(),
            "--seconds=" + std::to_string(run().seconds),
            "--rate=" + std::to_string(run().rate_per_s)};
        std::vector<char*> arguments;
        for (std::string& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, saying.get(), ready_pipe);
        const int error =
            ::posix_spawn(&id_, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        fail_if_not(error == 0, "a second process could not be started");
        saying = {};
        char word = 0;
        fail_if_not(::read(said.get(), &word, 1) == 1, "the reader did not start: see above");
        if (how_ == beside::stopped) {
            int status = 0;
            ::kill(id_, SIGSTOP);
            fail_if_not(::waitpid(id_, &status, WUNTRACED) == id_ && WIFSTOPPED(status),
                        "the reader does not stand still");
        }
    }
    reading_process(const reading_process&) = delete;
    reading_process& operator=(const reading_process&) = delete;
    ~reading_process() = default;

    // Ends it, and the run unless it did what it was there for.
    void end() {
        if (how_ == beside::stopped) {
            ::kill(id_, SIGCONT);
        } else if (how_ == beside::slow) {
            ::kill(id_, SIGKILL);
        }
        int status = 0;
        fail_if_not(::waitpid(id_, &status, 0) == id_, "the reader is gone");
        fail_if_not(how_ == beside::stopped ? WIFEXITED(status) && WEXITSTATUS(status) == 0
                                            : WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
                    "the reader did not end as it should: see above");
    }

private:
    beside how_;
    pid_t id_ = 0;
};

struct latencies {
    engine::histogram call_ns;
    engine::histogram late_ns;
};

class watched_log {
public:
    watched_log()
        : hot_(run().hot_directory.empty() ? engine::default_hot_directory() : run().hot_directory),
          writer_(directory_ / "log", options()) {
        hot_ /= engine::to_string(writer_.uuid());
    }
    [[nodiscard]] const fs::path& directory() const { return writer_.directory(); }

    void append_turn(latencies& found) {
        const double interval_ns = 1e9 / run().rate_per_s;
        const std::int64_t begin_ns = monotonic_now_ns();
        for (std::uint64_t i = 0; i < records_per_turn(); ++i) {
            const std::int64_t meant_ns =
                begin_ns + static_cast<std::int64_t>(static_cast<double>(i) * interval_ns);
            std::int64_t before_ns = monotonic_now_ns();
            while (before_ns < meant_ns) {
                before_ns = monotonic_now_ns();
            }
            append();
            const std::int64_t after_ns = monotonic_now_ns();
            found.call_ns.record(after_ns - before_ns);
            found.late_ns.record(after_ns - meant_ns);
        }
        look_at_memory();
    }
    void count_all() const {
        engine::log_reader reader(writer_.directory(), engine::read_from::first());
        engine::record_view record;
        std::uint64_t count = 0;
        while (reader.poll(record) == engine::read_status::record) {
            check_number({record.payload, record.payload_size}, ++count);
        }
        fail_if_not(count == number_, "records are missing");
    }
    void report(benchmark::State& state) const {
        state.counters["back_pressured"] = static_cast<double>(refused_);
        state.counters["hot_mib_max"] = static_cast<double>(hot_bytes_seen_) / (1 << 20);
        state.counters["hot_mib_limit"] = static_cast<double>(hot_bytes_max) / (1 << 20);
    }

private:
    static engine::log_options options() {
        engine::log_options made;
        made.purpose = "benchmark";
        made.segment_bytes = segment_bytes;
        made.is_synchronous = false;
        made.storage = engine::storage_mode::hot;
        made.hot_directory = run().hot_directory;
        made.hot_bytes_max = hot_bytes_max;
        made.low_space_bytes = 0;
        made.sync_delay_max_ns = sync_interval_ns;
        return made;
    }
    void append() {
        put_number(payload_, ++number_);
        engine::append_result result = writer_.try_append(1, payload_);
        while (result.status == engine::append_status::back_pressured) {
            ++refused_;
            result = writer_.try_append(1, payload_);
        }
        fail_if_not(result.status == engine::append_status::ok, engine::describe(result.status));
    }
    // What its files take, not how long they are.
    void look_at_memory() {
        std::uint64_t taken = 0;
        std::error_code gone;
        for (const fs::directory_entry& file : fs::directory_iterator(hot_, gone)) {
            struct stat status {};
            const bool is_segment = file.path().extension() == ".alog";
            if (is_segment && ::stat(file.path().c_str(), &status) == 0) {
                taken += static_cast<std::uint64_t>(status.st_blocks) * 512;
            }
        }
        fail_if_not(taken > 0, "the log takes no memory where it should: " + hot_.native());
        fail_if_not(taken <= hot_bytes_max, "the log takes more memory than it may");
        hot_bytes_seen_ = std::max(hot_bytes_seen_, taken);
    }

    bench_directory directory_;
    fs::path hot_;
    engine::log_writer writer_;
    std::array<std::byte, payload_bytes> payload_{};
    std::uint64_t number_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t hot_bytes_seen_ = 0;
};

void report_all(benchmark::State& state, const std::array<latencies, names.size()>& found) {
    const auto far_out = [&](std::size_t kind) {
        return static_cast<double>(found[kind].call_ns.percentile_ns(99.99));
    };
    for (std::size_t kind = 0; kind < names.size(); ++kind) {
        const std::string name = names[kind];
        report_latency(state, name + "_call_ns", found[kind].call_ns);
        report_latency(state, name + "_late_ns", found[kind].late_ns);
        write_histogram("log_readers/" + name + "_call_ns", found[kind].call_ns);
        write_histogram("log_readers/" + name + "_late_ns", found[kind].late_ns);
        // As report_latency does: a percentile with ten samples above it.
        if (kind != 0 && found[kind].call_ns.count() >= 100'000) {
            state.counters[name + "_to_alone_p9999"] = far_out(kind) / far_out(0);
        }
    }
}

void log_readers(benchmark::State& state) {
    std::array<latencies, names.size()> found;
    {
        watched_log log;
        const thread_pin pin(0);
        latencies warm_up;
        log.append_turn(warm_up);
        for (auto _ : state) {
            for (std::size_t turn = 0; turn < turns * names.size(); ++turn) {
                const std::size_t kind = turn % names.size();
                if (kind == 0) {
                    log.append_turn(found[kind]);
                    continue;
                }
                reading_process reader(log.directory(), static_cast<beside>(kind));
                log.append_turn(found[kind]);
                reader.end();
            }
        }
        log.count_all();
        log.report(state);
    }
    label_threads(state, 2);
    report_all(state, found);
}

void register_all() {
    if (!run().child.empty()) {
        read_beside(run().child);
    }
    benchmark::RegisterBenchmark("log_readers", log_readers)
        ->Iterations(1)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
}

}  // namespace

}  // namespace millrace::bench

int main(int argc, char** argv) {
    return millrace::bench::run_benchmarks(argc, argv, millrace::bench::register_all);
}
