#include "engine/core/thread.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fstream>

#include "engine/core/error.hpp"

namespace millrace::engine {

namespace {

// CPUs granted by a quota, or a negative value where there is none.
double cgroup_quota_cpus() {
    std::ifstream v2("/sys/fs/cgroup/cpu.max");
    std::string quota;
    double period = 0;
    if (v2 >> quota >> period && quota != "max" && period > 0) {
        return std::stod(quota) / period;
    }
    std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
    std::ifstream v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    double quota_us = -1;
    if (v1_quota >> quota_us && v1_period >> period && quota_us > 0 && period > 0) {
        return quota_us / period;
    }
    return -1;
}

std::string list_cpus(const std::vector<int>& cpus) {
    std::string text;
    for (const int cpu : cpus) {
        text += (text.empty() ? "" : ", ") + std::to_string(cpu);
    }
    return text;
}

}  // namespace

std::vector<int> allowed_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<int> cpus;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) {
        throw io_error("sched_getaffinity", "", errno);
    }
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(static_cast<unsigned>(cpu), &set)) {
            cpus.push_back(cpu);
        }
    }
    return cpus;
}

int usable_cpu_count() {
    const auto count = static_cast<int>(allowed_cpus().size());
    const double quota = cgroup_quota_cpus();
    return quota < 0 ? count : std::clamp(static_cast<int>(quota), 1, count);
}

void pin_current_thread(int cpu) {
    const std::vector<int> cpus = allowed_cpus();
    if (std::find(cpus.begin(), cpus.end(), cpu) == cpus.end()) {
        throw config_error(
            "CPU " + std::to_string(cpu) +
            " does not exist or is not allowed to this process; allowed: " + list_cpus(cpus));
    }
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(cpu), &set);
    const int code = ::pthread_setaffinity_np(::pthread_self(), sizeof set, &set);
    if (code != 0) {
        throw io_error("pthread_setaffinity_np", "", code);
    }
}

void name_current_thread(const std::string& name) {
    ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
}

unsigned current_thread_ordinal() noexcept {
    // relaxed: only uniqueness matters, nothing is published through it
    static std::atomic<unsigned> next{1};
    thread_local const unsigned ordinal = next.fetch_add(1, std::memory_order_relaxed);
    return ordinal;
}

}  // namespace millrace::engine
