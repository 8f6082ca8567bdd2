#include "bench/bench_run.hpp"

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "bench/surroundings.hpp"
#include "engine/core/histogram.hpp"
#include "engine/core/thread.hpp"

namespace millrace::bench {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view help =
    "Flags of every benchmark program, before those of Google Benchmark (--benchmark_help):\n"
    "  --cpus=A,B,..      pins the threads of a benchmark, in this order; default: unpinned\n"
    "  --dir=DIR          where logs lie; default: MILLRACE_BENCH_DIR, else the temporary one\n"
    "  --hot-dir=DIR      where logs in memory lie; default: MILLRACE_BENCH_HOT_DIR, else "
    "/dev/shm\n"
    "  --seconds=S        length of a run at a given rate; default 4\n"
    "  --rate=N           records a second it aims at; default 250000\n"
    "  --log-gib=N        size of the logs that are replayed and recovered; default 0.25\n"
    "  --histograms=FILE  adds whole histograms to it, one JSON object a line\n"
    "  --quick            everything tiny: shows that it works, not how fast\n";

run_options& mutable_run() {
    static run_options options;
    return options;
}

[[noreturn]] void refuse(std::string_view flag, std::string_view why) {
    std::fprintf(stderr, "%.*s: %.*s; --help shows the flags\n", static_cast<int>(flag.size()),
                 flag.data(), static_cast<int>(why.size()), why.data());
    std::exit(2);
}

double number_above_zero(std::string_view flag, std::string_view text, double largest) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !(value > 0) ||
        value > largest) {
        refuse(flag, "wants a number above 0, at most " + std::to_string(largest));
    }
    return value;
}

std::vector<int> list_of_cpus(std::string_view flag, std::string_view text) {
    const std::vector<int> allowed = engine::allowed_cpus();
    std::vector<int> cpus;
    while (!text.empty()) {
        int cpu = -1;
        const char* const text_end = text.data() + text.size();
        const auto [end, error] = std::from_chars(text.data(), text_end, cpu);
        if (error != std::errc{} || (end != text_end && *end != ',')) {
            refuse(flag, "wants CPU numbers with commas between them");
        }
        if (std::find(allowed.begin(), allowed.end(), cpu) == allowed.end()) {
            refuse(flag, "CPU " + std::to_string(cpu) + " is not allowed to this process");
        }
        if (std::find(cpus.begin(), cpus.end(), cpu) != cpus.end()) {
            refuse(flag, "names CPU " + std::to_string(cpu) + " twice");
        }
        cpus.push_back(cpu);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        text.remove_prefix(text.empty() ? 0 : 1);
    }
    return cpus;
}

void be_quick(run_options& options) {
    options.is_quick = true;
    options.seconds = 0.05;
    options.durable_append_s = 0.05;
    options.log_gib = 0.02;
    options.appends_flat_out = 20'000;
}

// True: the flag is one of ours.
bool take_flag(std::string_view flag, run_options& options) {
    const std::size_t equals = flag.find('=');
    const std::string_view name = flag.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : flag.substr(equals + 1);
    if (flag == "--quick") {
        return true;  // taken first, so that the others win
    }
    if (name == "--cpus") {
        options.cpus = list_of_cpus(name, value);
    } else if (name == "--dir") {
        options.directory = value;
    } else if (name == "--hot-dir") {
        options.hot_directory = value;
    } else if (name == "--histograms") {
        options.histograms = value;
    } else if (name == "--child") {
        options.child = value;
    } else if (name == "--seconds") {
        options.seconds = number_above_zero(name, value, 3600);
        options.durable_append_s = options.seconds;
    } else if (name == "--rate") {
        options.rate_per_s = number_above_zero(name, value, 1e8);
    } else if (name == "--log-gib") {
        options.log_gib = number_above_zero(name, value, 1024);
    } else {
        return false;
    }
    return true;
}

const char* from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

// Takes ours out of the arguments and leaves the rest.
std::vector<char*> take_flags(int argc, char** argv, run_options& options) {
    options.directory = from_environment("MILLRACE_BENCH_DIR");
    options.hot_directory = from_environment("MILLRACE_BENCH_HOT_DIR");
    const std::vector<std::string_view> given(argv + 1, argv + argc);
    if (std::find(given.begin(), given.end(), "--help") != given.end()) {
        std::fwrite(help.data(), 1, help.size(), stdout);
        std::exit(0);
    }
    if (std::find(given.begin(), given.end(), "--quick") != given.end()) {
        be_quick(options);
    }
    std::vector<char*> left{argv[0]};
    for (int i = 1; i < argc; ++i) {
        if (!take_flag(argv[i], options)) {
            left.push_back(argv[i]);
        }
    }
    if (options.directory.empty()) {
        options.directory = fs::temp_directory_path();
    }
    return left;
}

}  // namespace

const run_options& run() {
    return mutable_run();
}

int run_benchmarks(int argc, char** argv, void (*register_benchmarks)()) {
    std::vector<char*> arguments = take_flags(argc, argv, mutable_run());
    std::string short_runs = "--benchmark_min_time=0.001";
    if (run().is_quick) {
        arguments.insert(arguments.begin() + 1, short_runs.data());
    }
    int count = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) {
        return 2;
    }
    for (const auto& [name, value] : surroundings()) {
        benchmark::AddCustomContext(name, value);
    }
    try {
        register_benchmarks();
        if (benchmark::RunSpecifiedBenchmarks() == 0) {
            return 2;  // the filter let none through
        }
    } catch (const std::exception& error) {
        fail(error.what());
    }
    benchmark::Shutdown();
    return 0;
}

void write_histogram(const std::string& name, const engine::histogram& latency) {
    if (run().histograms.empty()) {
        return;
    }
    std::ofstream file(run().histograms, std::ios::app);
    file << R"({"name": ")" << name << R"(", "unit": "ns", "count": )" << latency.count()
         << R"(, "buckets": [)";
    const char* between = "";
    latency.for_each_bucket([&](std::int64_t highest, std::uint64_t count) {
        file << between << "[" << highest << ", " << count << "]";
        between = ", ";
    });
    file << "]}\n";
    file.flush();
    fail_if_not(file.good(), "cannot write to " + run().histograms.native());
}

void fail(std::string_view what) {
    std::fprintf(stderr, "%s: %.*s\n", program_invocation_short_name, static_cast<int>(what.size()),
                 what.data());
    std::abort();
}

bench_directory::bench_directory() {
    std::string name = (run().directory / "millrace-bench-XXXXXX").native();
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error(
            "cannot make " + name +
            ": does the folder given by --dir exist, and may you write there?");
    }
    path_ = name;
}

bench_directory::~bench_directory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

fs::path data_directory() {
    return fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "share" / "millrace";
}

}  // namespace millrace::bench
