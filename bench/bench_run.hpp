// What every benchmark program shares: the flags of a run, its surroundings in the JSON, the folder
// its logs lie in, and the end of a run whose answer is wrong.
//
// Threading  run() is fixed before the first benchmark begins; any thread may read it
// Units      seconds of a timed run; GiB of a stored log; records a second
// Errors     a flag that makes no sense ends the program with 2; a wrong answer aborts it
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::engine {
class histogram;
}

namespace millrace::bench {

struct run_options {
    std::vector<int> cpus;  // a benchmark's n-th thread runs on the n-th; beyond: anywhere
    std::filesystem::path directory;      // logs lie below it
    std::filesystem::path hot_directory;  // likewise those in memory; empty: the engine's own
    std::filesystem::path histograms;     // whole histograms are added to it; empty: to none
    double seconds = 4;                   // that a run at a given rate takes
    double log_gib = 0.25;                // of the logs that are replayed and recovered
    double rate_per_s = 250'000;          // at which records are meant to be appended
    double durable_append_s = 2;          // that appends take which are durable each
    std::uint64_t appends_flat_out = 2'000'000;  // at most; a rival's run ends after `seconds` too
    bool is_quick = false;                       // everything tiny: does it work, not how fast
    std::string
        child;  // what the program asks of a second process of itself; empty: it is the first
};
[[nodiscard]] const run_options& run();

// The program's main: takes our flags, then Google Benchmark's, registers and runs.
int run_benchmarks(int argc, char** argv, void (*register_benchmarks)());

// Adds one line of JSON to run().histograms, if that is set: the name, and each bucket as its
// highest value in nanoseconds and the count in it.
void write_histogram(const std::string& name, const engine::histogram& latency);

// Says so on stderr and aborts.
[[noreturn]] void fail(std::string_view what);
inline void fail_if_not(bool condition, std::string_view what) {
    if (!condition) [[unlikely]] {
        fail(what);
    }
}

// A folder of its own below run().directory, gone with this object.
class bench_directory {
public:
    bench_directory();
    bench_directory(const bench_directory&) = delete;
    bench_directory& operator=(const bench_directory&) = delete;
    ~bench_directory();
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

// bin/../share/millrace of the running program, in a build tree, a pack or an installation.
[[nodiscard]] std::filesystem::path data_directory();

}  // namespace millrace::bench
