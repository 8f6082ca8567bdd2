#include "engine/agent/runner.hpp"

#include <signal.h>

#include <algorithm>
#include <exception>
#include <future>
#include <utility>

#include "engine/core/assert.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/core/thread.hpp"

namespace millrace::engine {

namespace {

void check_cpu(const runner_options& options) {
    if (options.cpu < 0) {
        return;
    }
    const std::vector<int> cpus = allowed_cpus();
    if (std::find(cpus.begin(), cpus.end(), options.cpu) == cpus.end()) {
        throw config_error("runner '" + options.name + "': CPU " + std::to_string(options.cpu) +
                           " does not exist or is not allowed to this process");
    }
}

// Blocks signals while a thread is created, which inherits the mask, so that none slips in before
// its first line.
class blocked_signals {
public:
    blocked_signals() {
        sigset_t mask;
        sigfillset(&mask);
        for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF}) {
            sigdelset(&mask, number);
        }
        ::pthread_sigmask(SIG_BLOCK, &mask, &previous_);
    }
    blocked_signals(const blocked_signals&) = delete;
    blocked_signals& operator=(const blocked_signals&) = delete;
    ~blocked_signals() { ::pthread_sigmask(SIG_SETMASK, &previous_, nullptr); }

private:
    sigset_t previous_{};
};

}  // namespace

runner::runner(runner_options options, std::vector<agent_ref> agents)
    : options_(std::move(options)), idle_(options_.idle), group_(std::move(agents)) {
    check_cpu(options_);
    if (group_.agents().empty()) {
        throw config_error("runner '" + options_.name + "' has no agents");
    }
}

void runner::start() {
    // A stop may have been asked for already, by a signal: then the agents start and close.
    MILLRACE_ASSERT(!std::exchange(was_started_, true), "a runner starts once");
    std::promise<void> started;
    std::future<void> outcome = started.get_future();
    {
        const blocked_signals blocked;
        thread_ = std::thread([this, started = std::move(started)]() mutable {
            try {
                name_current_thread(options_.name);
                if (options_.cpu >= 0) {
                    pin_current_thread(options_.cpu);
                }
                group_.start();
            } catch (...) {
                started.set_exception(std::current_exception());
                return;
            }
            // pairs with runner.hpp: is_running
            is_running_.store(true, std::memory_order_release);
            started.set_value();
            run_agents();
        });
    }
    try {
        outcome.get();
    } catch (...) {
        thread_.join();
        throw;
    }
}

void runner::run_agents() noexcept {
    std::uint64_t cycles = 0;
    std::uint64_t work = 0;
    std::int64_t longest_ns = 0;
    std::int64_t cycle_start_ns = monotonic_now_ns();
    // pairs with runner.hpp: request_stop
    while (!stop_requested_.load(std::memory_order_acquire)) {
        const std::int64_t work_count = group_.step();
        // One clock read per cycle, behind the work: it delays no record, and serves as the next
        // cycle's start.
        std::int64_t now_ns = monotonic_now_ns();
        longest_ns = std::max(longest_ns, now_ns - cycle_start_ns);
        work += static_cast<std::uint64_t>(work_count);
        ++cycles;
        // relaxed: observers want each figure for itself
        stats_.cycles.store(cycles, std::memory_order_relaxed);
        stats_.work.store(work, std::memory_order_relaxed);
        stats_.longest_cycle_ns.store(longest_ns, std::memory_order_relaxed);
        if (idle_.idle(work_count, now_ns)) {
            now_ns = monotonic_now_ns();
        }
        cycle_start_ns = now_ns;
    }
    group_.close();
    // pairs with runner.hpp: is_running
    is_running_.store(false, std::memory_order_release);
}

void runner::stop() noexcept {
    request_stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

}  // namespace millrace::engine
