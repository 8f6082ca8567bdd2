// Where threads may run, and who is running.
#pragma once

#include <string>
#include <vector>

#include "engine/core/assert.hpp"

namespace millrace::engine {

// The CPUs this process may use (its affinity mask), ascending.
[[nodiscard]] std::vector<int> allowed_cpus();
// allowed_cpus bounded by the cgroup's CPU quota, rounded down, at least 1.
[[nodiscard]] int usable_cpu_count();
// Throws config_error if the CPU does not exist or is not allowed.
void pin_current_thread(int cpu);
void name_current_thread(const std::string& name);  // cut to the kernel's 15 characters

// Small ordinal of the calling thread, never reused.
[[nodiscard]] unsigned current_thread_ordinal() noexcept;

// Asserts, in builds with MILLRACE_DCHECKS, that one thread alone calls check(); the first caller
// owns it.
class thread_checker {
public:
    void check() noexcept {
#if defined(MILLRACE_DCHECKS) && MILLRACE_DCHECKS
        const unsigned caller = current_thread_ordinal();
        if (owner_ == 0) {
            owner_ = caller;
        }
        MILLRACE_ASSERT(owner_ == caller, "called from a second thread");
#endif
    }
    // The next caller becomes the owner; call it where a hand-over is synchronised otherwise.
    void detach() noexcept {
        owner_ = 0;
    }

private:
    unsigned owner_ = 0;
};

}  // namespace millrace::engine
