// How soon and how fast a stored log is read, and how long its next writer takes after a death.
//
//   first_record   a reader is opened at a sequence, a time or a position, and has its record
//   replay         every record from the log's beginning, checked
//   recovery       a process is killed while it appends; a writer is opened, until it can append
//
// warm: the log lies in the page cache. cold: it was put out of it, which mincore(2) confirms; what
// the disk below keeps in a cache of its own stays there. --log-gib sets the log's size:
// --log-gib=10 is what the aims speak of. Not measured: a log whose index is missing; a loss of
// power.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bench/bench_run.hpp"
#include "bench/latency_counters.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/file.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/log_writer.hpp"

extern char** environ;

namespace millrace::bench {

namespace {

namespace fs = std::filesystem;
using engine::monotonic_now_ns;
using engine::storage_mode;

constexpr std::size_t payload_bytes = 192;
constexpr std::size_t record_bytes =
    engine::align_record(engine::record_header_bytes + payload_bytes);
constexpr std::uint64_t seed = 20'260'301;

std::size_t segment_bytes() {
    return run().is_quick ? std::size_t{1} << 20 : std::size_t{64} << 20;
}

engine::log_options options(storage_mode mode) {
    engine::log_options made;
    made.segment_bytes = segment_bytes();
    made.purpose = "benchmark";
    made.is_synchronous = false;
    made.storage = mode;
    made.low_space_bytes = 0;
    made.hot_directory = run().hot_directory;
    return made;
}

void append(engine::log_writer& writer, std::uint64_t count) {
    std::vector<std::byte> payload(payload_bytes, std::byte{0x5a});
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t number = writer.last_sequence().value + 1;
        std::memcpy(payload.data(), &number, sizeof number);
        engine::append_status status = writer.try_append(1, payload).status;
        while (status == engine::append_status::back_pressured) {
            ::sched_yield();
            status = writer.try_append(1, payload).status;
        }
        fail_if_not(status == engine::append_status::ok, engine::describe(status));
    }
}

// A number before every record: its payload begins with its sequence.
void check_record(const engine::record_view& view) {
    std::uint64_t number = 0;
    fail_if_not(view.payload_size == payload_bytes, "a record came back cut short");
    std::memcpy(&number, view.payload, sizeof number);
    fail_if_not(number == view.seq.value, "another record came back");
}

struct target {
    engine::sequence seq;
    engine::timestamp time;
    engine::position at;
};

// One log for all of the program, made when it is first asked for.
class stored_log {
public:
    stored_log() : path_(directory_ / "log") {
        const double bytes = run().log_gib * static_cast<double>(std::size_t{1} << 30);
        engine::log_writer writer(path_, options(storage_mode::direct));
        append(writer, static_cast<std::uint64_t>(bytes) / record_bytes);
        count_ = writer.last_sequence().value;
        writer.close();
        fail_if_not(writer.last_error() == 0, "the log was not closed in order");
    }
    [[nodiscard]] const fs::path& path() const { return path_; }
    // Of records anywhere in the log.
    [[nodiscard]] std::vector<target> choose(std::size_t how_many) const {
        std::mt19937_64 random(seed);
        std::uniform_int_distribution<std::uint64_t> any(1, count_);
        std::vector<target> chosen;
        engine::record_view view;
        for (std::size_t i = 0; i < how_many; ++i) {
            engine::log_reader reader(path_, engine::read_from::at_sequence({any(random)}));
            fail_if_not(reader.poll(view) == engine::read_status::record, "a record is missing");
            chosen.push_back({view.seq, view.time, view.at});
        }
        return chosen;
    }
    // The share of it that is in the page cache afterwards.
    [[nodiscard]] double drop_from_cache();
    [[nodiscard]] std::uint64_t count() const { return count_; }
    void has_grown_by(std::uint64_t records) {
        count_ += records;
        is_clean_ = false;
    }

private:
    bench_directory directory_;
    fs::path path_;
    std::uint64_t count_ = 0;
    bool is_clean_ = false;  // nothing of it waits to be written
};

double stored_log::drop_from_cache() {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    std::size_t pages = 0;
    std::size_t resident = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path_)) {
        if (!entry.is_regular_file() || entry.file_size() == 0) {
            continue;
        }
        const engine::unique_fd file = engine::open_file(entry.path(), O_RDONLY);
        const std::size_t size = engine::file_size(file.get(), entry.path().native());
        if (!is_clean_) {  // only clean pages go
            engine::sync_file(file.get(), entry.path().native());
        }
        ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
        const engine::mapping map(file.get(), size, engine::access::read_only,
                                  entry.path().native());
        std::vector<unsigned char> states((size + page - 1) / page);
        fail_if_not(::mincore(map.data(), size, states.data()) == 0, "mincore failed");
        pages += states.size();
        resident += static_cast<std::size_t>(std::count_if(
            states.begin(), states.end(), [](unsigned char state) { return (state & 1) != 0; }));
    }
    is_clean_ = true;
    return static_cast<double>(resident) / static_cast<double>(std::max<std::size_t>(pages, 1));
}

std::unique_ptr<stored_log>& the_log() {
    static std::unique_ptr<stored_log> log;
    if (log == nullptr) {
        log = std::make_unique<stored_log>();
    }
    return log;
}

enum class cache : std::uint8_t { warm, cold };

// False: the benchmark is over, since this file system does not let go of its pages.
bool prepare(benchmark::State& state, stored_log& log, cache wanted) {
    if (wanted == cache::cold && log.drop_from_cache() > 0.01) {
        state.SkipWithError(
            "the log stays in the page cache: give --dir a folder on a disk, not in memory");
        return false;
    }
    return true;
}

enum class from : std::uint8_t { sequence, time, position };

engine::read_from begin_at(from what, const target& where) {
    switch (what) {
        case from::sequence:
            return engine::read_from::at_sequence(where.seq);
        case from::time:
            return engine::read_from::at_time(where.time);
        case from::position:
            break;
    }
    return engine::read_from::at_position(where.at);
}

void log_first_record(benchmark::State& state, from what, cache wanted) {
    stored_log& log = *the_log();
    const std::size_t openings = wanted == cache::warm && !run().is_quick ? 200 : 20;
    const std::vector<target> targets = log.choose(openings);
    const thread_pin pin(0);
    engine::histogram took_ns;
    for (auto _ : state) {
        for (const target& where : targets) {
            if (!prepare(state, log, wanted)) {
                return;
            }
            engine::record_view view;
            const std::int64_t begin_ns = monotonic_now_ns();
            engine::log_reader reader(log.path(), begin_at(what, where));
            const engine::read_status status = reader.poll(view);
            took_ns.record(monotonic_now_ns() - begin_ns);
            fail_if_not(status == engine::read_status::record && view.seq == where.seq,
                        "reading began at another record");
            check_record(view);
        }
    }
    state.counters["log_gib"] = run().log_gib;
    state.counters["first_record_ms_p50"] = static_cast<double>(took_ns.percentile_ns(50)) / 1e6;
    report_latency(state, "first_record_ns", took_ns);
}

std::uint64_t read_all(const stored_log& log) {
    engine::log_reader reader(log.path(), engine::read_from::first());
    engine::record_view view;
    std::uint64_t seen = 0;
    while (reader.poll(view) == engine::read_status::record) {
        check_record(view);
        ++seen;
    }
    fail_if_not(seen == log.count(), "the replay is not complete");
    return seen;
}

void log_replay(benchmark::State& state, cache wanted) {
    stored_log& log = *the_log();
    const thread_pin pin(0);
    if (wanted == cache::warm) {
        read_all(log);
    }
    std::int64_t total_ns = 0;
    std::uint64_t records = 0;
    for (auto _ : state) {
        if (!prepare(state, log, wanted)) {
            return;
        }
        const std::int64_t begin_ns = monotonic_now_ns();
        records += read_all(log);
        const std::int64_t took_ns = monotonic_now_ns() - begin_ns;
        total_ns += took_ns;
        state.SetIterationTime(static_cast<double>(took_ns) * 1e-9);
    }
    const double per_s = static_cast<double>(records) * 1e9 / static_cast<double>(total_ns);
    state.counters["log_gib"] = run().log_gib;
    state.counters["records_per_s"] = per_s;
    state.counters["mib_per_s"] = per_s * record_bytes / (1 << 20);
}

std::uint64_t records_before_death() {
    return segment_bytes() / 2 / record_bytes;
}

// The child: a process of its own, since threads do not survive a fork. MODE,DIRECTORY.
[[noreturn]] void append_and_die(std::string_view what) {
    const storage_mode mode = what.starts_with("hot,") ? storage_mode::hot : storage_mode::direct;
    engine::log_writer writer(what.substr(what.find(',') + 1), options(mode));
    append(writer, records_before_death());
    ::raise(SIGKILL);
    ::_exit(1);
}

void let_a_writer_die(const stored_log& log, storage_mode mode) {
    const bool is_hot = mode == storage_mode::hot;
    std::vector<std::string> words = {
        "log_replay_bench",
        std::string("--child=") + (is_hot ? "hot," : "direct,") + log.path().native(),
        "--hot-dir=" + run().hot_directory.native()};
    if (run().is_quick) {
        words.emplace_back("--quick");
    }
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    pid_t child = 0;
    int status = 0;
    fail_if_not(
        ::posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, arguments.data(), environ) == 0,
        "a second process could not be started");
    fail_if_not(
        ::waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
        "the writer that was to die did not: see above");
}

void log_recovery(benchmark::State& state, storage_mode mode, cache wanted) {
    stored_log& log = *the_log();
    const int deaths = run().is_quick ? 2 : 5;
    engine::histogram took_ns;
    for (auto _ : state) {
        for (int death = 0; death < deaths; ++death) {
            let_a_writer_die(log, mode);
            log.has_grown_by(records_before_death());
            if (!prepare(state, log, wanted)) {
                return;
            }
            const std::int64_t begin_ns = monotonic_now_ns();
            engine::log_writer writer(log.path(), options(mode));
            append(writer, 1);
            took_ns.record(monotonic_now_ns() - begin_ns);
            log.has_grown_by(1);
            fail_if_not(!writer.recovery_note().empty(), "recovery found a close in order");
            fail_if_not(writer.last_sequence().value == log.count(),
                        "a record that was committed is gone");
        }
    }
    state.counters["log_gib"] = run().log_gib;
    state.counters["recovery_ms_max"] = static_cast<double>(took_ns.max_ns()) / 1e6;
    state.counters["recovery_ms_p50"] = static_cast<double>(took_ns.percentile_ns(50)) / 1e6;
}

template <class Body>
void add(const std::string& name, Body body) {
    benchmark::RegisterBenchmark(name.c_str(), body)
        ->Iterations(1)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
}

void register_all() {
    if (!run().child.empty()) {
        append_and_die(run().child);
    }
    const std::pair<const char*, cache> caches[] = {{"/warm", cache::warm}, {"/cold", cache::cold}};
    const std::pair<const char*, from> beginnings[] = {
        {"/sequence", from::sequence}, {"/time", from::time}, {"/position", from::position}};
    const std::pair<const char*, storage_mode> modes[] = {{"/direct", storage_mode::direct},
                                                          {"/hot", storage_mode::hot}};
    for (const auto& [cache_name, wanted] : caches) {
        for (const auto& [name, what] : beginnings) {
            add(std::string("log_first_record") + name + cache_name,
                [what = what, wanted = wanted](benchmark::State& state) {
                    log_first_record(state, what, wanted);
                });
        }
        benchmark::RegisterBenchmark(
            (std::string("log_replay") + cache_name).c_str(),
            [wanted = wanted](benchmark::State& state) { log_replay(state, wanted); })
            ->Iterations(1)
            ->UseManualTime()
            ->Unit(benchmark::kMillisecond);
    }
    // Last: they lengthen the log.
    for (const auto& [cache_name, wanted] : caches) {
        for (const auto& [name, mode] : modes) {
            add(std::string("log_recovery") + name + cache_name,
                [mode = mode, wanted = wanted](benchmark::State& state) {
                    log_recovery(state, mode, wanted);
                });
        }
    }
}

}  // namespace

}  // namespace millrace::bench

int main(int argc, char** argv) {
    return millrace::bench::run_benchmarks(argc, argv, millrace::bench::register_all);
}
