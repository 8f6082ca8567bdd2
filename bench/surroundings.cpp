#include "bench/surroundings.hpp"

#include <sys/utsname.h>
#include <sys/vfs.h>

#include <fstream>

#include "bench/bench_run.hpp"
#include "engine/core/thread.hpp"

namespace millrace::bench {

namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line.empty() ? "unknown" : line;
}

std::string processor() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        const std::size_t colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    return "unknown";
}

std::string kernel() {
    utsname names{};
    return ::uname(&names) == 0 ? std::string(names.sysname) + " " + names.release : "unknown";
}

// As the mount table has it: the last mount whose point is a prefix of the path.
std::string file_system_of(const fs::path& where) {
    std::error_code ignored;
    const std::string path = fs::weakly_canonical(where, ignored).native() + "/";
    std::ifstream mounts("/proc/self/mounts");
    std::string best = "unknown";
    std::size_t best_size = 0;
    for (std::string device, point, type, rest; mounts >> device >> point >> type;) {
        std::getline(mounts, rest);
        const std::string prefix = point == "/" ? "/" : point + "/";
        if (path.starts_with(prefix) && prefix.size() >= best_size) {
            best_size = prefix.size();
            best = type;
        }
    }
    return best;
}

fs::path of_cpu(int cpu) {
    return "/sys/devices/system/cpu/cpu" + std::to_string(cpu);
}

std::string pinned_cpus() {
    std::string text;
    for (const int cpu : run().cpus) {
        text += (text.empty() ? "" : ",") + std::to_string(cpu);
    }
    return text.empty() ? "none" : text;
}

}  // namespace

std::string cpu_distance(int first, int second) {
    const auto same = [&](const char* what) {
        const std::string here = first_line(of_cpu(first) / what);
        return here != "unknown" && here == first_line(of_cpu(second) / what);
    };
    if (first_line(of_cpu(first) / "topology/core_id") == "unknown") {
        return "unknown";
    }
    if (!same("topology/physical_package_id")) {
        return "two sockets";
    }
    if (same("topology/core_id")) {
        return "one core";
    }
    return same("cache/index3/shared_cpu_list") ? "one L3" : "one socket";
}

std::vector<std::pair<std::string, std::string>> surroundings() {
    const std::vector<int>& cpus = run().cpus;
    const int first = cpus.empty() ? engine::allowed_cpus().front() : cpus.front();
    const fs::path hot = run().hot_directory.empty() ? "/dev/shm" : run().hot_directory;
    return {
        {"processor", processor()},
        {"kernel", kernel()},
        {"governor", first_line(of_cpu(first) / "cpufreq/scaling_governor")},
        {"clock_source",
         first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource")},
        {"usable_cpus", std::to_string(engine::usable_cpu_count())},
        {"pinned_cpus", pinned_cpus()},
        {"pinned_distance", cpus.size() < 2 ? "none" : cpu_distance(cpus[0], cpus[1])},
        {"file_system", file_system_of(run().directory)},
        {"hot_file_system", file_system_of(hot)},
        {"commit", MILLRACE_BENCH_COMMIT},
        {"compiler", MILLRACE_BENCH_COMPILER},
        {"flags", MILLRACE_BENCH_FLAGS},
        {"is_quick", run().is_quick ? "true" : "false"},
    };
}

}  // namespace millrace::bench
