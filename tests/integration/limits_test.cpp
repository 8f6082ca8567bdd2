// What engine and venue may cost: CPU while nothing or little happens; memory, disk and threads at
// full speed. CPU time is what a process used, not how long it took, so a busy machine changes
// nothing.
#include <gtest/gtest.h>

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "engine/core/file.hpp"
#include "engine/counters/counters_reader.hpp"
#include "tests/integration/demo_process.hpp"

namespace millrace::tests {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;  // it costs several times what it does otherwise
#else
constexpr bool is_sanitized = false;
#endif

using clock = std::chrono::steady_clock;

constexpr double window_s = 3;
// Of an idle process: a thread that takes more than this of a core is at work or waits by spinning.
constexpr double busy_cores_idle = 0.01;
// At a hundred orders a second each log's persister syncs once or twice for each of them, which
// takes a hundredth of a core; a thread that spins takes all that it gets.
constexpr double busy_cores_working = 0.05;

// All hot agents on one thread, as on a host of few CPUs, however many this one has.
constexpr const char* one_thread_text = R"toml(
[[thread]]
name = "hot"
agents = [
    "feeder", "streamer:ORDER_OUT", "client:orders", "gateway:fix", "streamer:fix.FIX_IN",
    "client:reports",
]
)toml";

struct cpu_use {
    double cores = 0;
    double wakeups_per_s = 0;
    int busy_threads = 0;
};

// Of a thread that lives `after`.
thread_time time_between(const cpu_time& before, pid_t thread, const thread_time& after) {
    const auto earlier = before.threads.find(thread);
    const thread_time begin = earlier == before.threads.end() ? thread_time{} : earlier->second;
    return {after.cpu_s - begin.cpu_s, after.wakeups - begin.wakeups};
}

// `wakeup_s`: what the host adds to each wakeup, which is not counted.
cpu_use use_between(const cpu_time& before, const cpu_time& after, double seconds,
                    double busy_cores, double wakeup_s) {
    cpu_use use;
    use.cores = (after.process_s - before.process_s) / seconds;
    for (const auto& [thread, used] : after.threads) {
        const thread_time between = time_between(before, thread, used);
        const double wakeups = static_cast<double>(between.wakeups);
        use.wakeups_per_s += wakeups / seconds;
        use.busy_threads += (between.cpu_s - wakeups * wakeup_s) / seconds > busy_cores ? 1 : 0;
    }
    use.cores -= use.wakeups_per_s * wakeup_s;
    return use;
}

// Waits until then as an idle thread does. Returns the CPU time of one wakeup, in seconds, without
// what it takes on a plain host: where a virtual machine leaves its idle state, it is some times
// that.
double wakeup_excess_s(clock::time_point until) {
    constexpr double plain_wakeup_s = 10e-6;
    const auto own_cpu_s = [] {
        timespec now{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
    };
    const double begin_s = own_cpu_s();
    int count = 0;
    for (; clock::now() < until; ++count) {
        std::this_thread::sleep_for(std::chrono::milliseconds(4));
    }
    return std::max(0.0, (own_cpu_s() - begin_s) / count - plain_wakeup_s);
}

// Of a process at full speed: how many of its threads spin, or work as much as one that does, which
// CPU time cannot tell apart. They are those that took more than half of what the busiest took,
// also where the CPUs are shared with others, for all that spin get the same.
int full_threads(const cpu_time& before, const cpu_time& after) {
    std::vector<double> used_s;
    for (const auto& [thread, used] : after.threads) {
        used_s.push_back(time_between(before, thread, used).cpu_s);
    }
    const double most_s = used_s.empty() ? 0 : *std::max_element(used_s.begin(), used_s.end());
    EXPECT_GT(most_s, 0.045) << "fewer than five ticks: nothing to measure";
    return static_cast<int>(std::count_if(used_s.begin(), used_s.end(),
                                          [&](double one_s) { return one_s > most_s / 2; }));
}

// The most it ever had resident; 0: no such process.
std::uint64_t most_memory_of(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) {
            return std::strtoull(line.c_str() + 6, nullptr, 10) << 10;
        }
    }
    return 0;
}

struct pair_use {
    cpu_use engine;
    cpu_use venue;
};

pair_use measure(pid_t engine, pid_t venue, double busy_cores) {
    const cpu_time engine_before = cpu_time_of(engine);
    const cpu_time venue_before = cpu_time_of(venue);
    const auto begin = clock::now();
    const double wakeup_s = wakeup_excess_s(begin + std::chrono::duration_cast<clock::duration>(
                                                        std::chrono::duration<double>(window_s)));
    const double seconds = std::chrono::duration<double>(clock::now() - begin).count();
    const pair_use use = {
        use_between(engine_before, cpu_time_of(engine), seconds, busy_cores, wakeup_s),
        use_between(venue_before, cpu_time_of(venue), seconds, busy_cores, wakeup_s)};
    std::printf(
        "in %.2f s, without %.1f us of the host's a wakeup: engine %.3f cores, %.0f wakeups/s, %d "
        "busy threads; venue %.3f cores, %.0f wakeups/s, %d busy threads\n",
        seconds, wakeup_s * 1e6, use.engine.cores, use.engine.wakeups_per_s,
        use.engine.busy_threads, use.venue.cores, use.venue.wakeups_per_s, use.venue.busy_threads);
    return use;
}

// A directory in which a demo has run, with the thread plan above.
class ResourceLimits : public ::testing::Test {
protected:
    void SetUp() override {
        if (is_sanitized) {
            GTEST_SKIP() << "limits are those of the product, not of a sanitizer's build";
        }
        const exit_result first = run_millrace(demo_of(10), directory_.path());
        ASSERT_EQ(first.code, 0) << first.out << first.err;
        rewrite([](std::string text) { return text + one_thread_text; });
    }
    ~ResourceLimits() override { kill_venue(demo()); }

    [[nodiscard]] std::filesystem::path demo() const { return directory_.path() / "demo"; }
    [[nodiscard]] std::string config() const { return (demo() / "millrace.toml").native(); }
    [[nodiscard]] std::vector<std::string> demo_of(int count) const {
        return {"demo",   "--dir", demo().native(), "--count", std::to_string(count),
                "--rate", "100",   "--json"};
    }
    void rewrite(const std::function<std::string(std::string)>& change) const {
        engine::write_file_atomically(config(), change(engine::read_whole_file(config())));
    }
    [[nodiscard]] std::uint64_t counter(const std::string& label) const {
        const auto all = engine::counters_reader::open(demo() / "counters.dat").list();
        const auto found = std::find_if(all.begin(), all.end(),
                                        [&](const auto& one) { return one.label == label; });
        return found == all.end() ? 0 : found->value;
    }
    static void wait_until(const std::string& what, const std::function<bool()>& holds) {
        const auto deadline = clock::now() + std::chrono::seconds(30);
        while (!holds()) {
            ASSERT_LT(clock::now(), deadline) << "waited in vain: " << what;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }

    temporary_directory directory_;
};

TEST_F(ResourceLimits, AnIdleEngineAndAnIdleVenueTakeUnderATwentiethOfACore) {
    // `run` knows one handler.
    rewrite([](std::string text) {
        const std::string_view own = "\"on_report\"";
        return text.replace(text.find(own), own.size(), "\"ack\"");
    });
    std::filesystem::remove(demo() / "counters.dat");
    millrace_process venue({"venue", (demo() / "venue.cfg").native()}, directory_.path());
    millrace_process engine({"run", config()}, directory_.path());
    ASSERT_NO_FATAL_FAILURE(wait_until("logged on", [&] {
        return std::filesystem::exists(demo() / "counters.dat") &&
               counter("session.FIX.4.4:MILLRACE->VENUE.is_logged_on") == 1;
    }));
    const pair_use use = measure(engine.pid(), venue.pid(), busy_cores_idle);
    EXPECT_EQ(counter("session.FIX.4.4:MILLRACE->VENUE.is_logged_on"), 1U);
    EXPECT_LT(use.engine.cores, 0.05);
    EXPECT_LT(use.venue.cores, 0.05);
    EXPECT_LT(use.engine.wakeups_per_s, 2'000);
    EXPECT_LT(use.venue.wakeups_per_s, 2'000);
    EXPECT_LE(use.engine.busy_threads, 1);
    EXPECT_LE(use.venue.busy_threads, 1);
    engine.ask_to_stop();
    EXPECT_EQ(engine.wait(20).code, 0);
}

TEST_F(ResourceLimits, AHundredOrdersASecondTakeUnderHalfACore) {
    std::filesystem::remove(demo() / "counters.dat");
    millrace_process engine(demo_of(2000), directory_.path());
    ASSERT_NO_FATAL_FAILURE(wait_until("orders go out", [&] {
        return std::filesystem::exists(demo() / "counters.dat") &&
               counter("route.orders-to-venue.delivered") >= 20;
    }));
    const std::uint64_t delivered = counter("route.orders-to-venue.delivered");
    const pair_use use = measure(engine.pid(), venue_pid(demo()), busy_cores_working);
    EXPECT_GT(counter("route.orders-to-venue.delivered"), delivered + 100) << "nothing to measure";
    EXPECT_LT(use.engine.cores, 0.5);
    EXPECT_LT(use.venue.cores, 0.5);
    EXPECT_LE(use.engine.busy_threads, 1);
    EXPECT_LE(use.venue.busy_threads, 1);
    engine.ask_to_stop();
    EXPECT_EQ(engine.wait(20).code, 1) << "stopped before its last order";
}

using FullSpeed = ResourceLimits;

// MILLRACE_LIMITS_ORDERS: 100,000 in the slow run, whose limits are 1 GiB of memory and 2 GiB of
// disk; fewer have a part of that, over what an empty demo takes.
TEST_F(FullSpeed, StaysWithinMemoryDiskAndOneFullThreadAndLosesNothing) {
    const char* given = std::getenv("MILLRACE_LIMITS_ORDERS");
    const std::uint64_t count = given != nullptr ? std::strtoull(given, nullptr, 10) : 20'000;
    ASSERT_GT(count, 0U) << "MILLRACE_LIMITS_ORDERS is no number of orders";
    const std::uint64_t memory_max = (std::uint64_t{192} << 20) + count * 8'000;
    const std::uint64_t disk_max = (std::uint64_t{256} << 20) + count * 18'000;
    std::filesystem::remove(demo() / "counters.dat");
    millrace_process process({"demo", "--dir", demo().native(), "--count", std::to_string(count),
                              "--rate", "max", "--json"},
                             directory_.path());
    // Memory of both together, looked at until the last moment: the engine ends its venue with
    // itself. Threads while orders go out: before and behind, one thread opens and reconciles.
    std::uint64_t engine_bytes = 0;
    std::uint64_t venue_bytes = 0;
    std::vector<std::pair<cpu_time, cpu_time>> used;  // of engine and venue, at both ends
    const auto deadline = clock::now() + std::chrono::seconds(300);
    while (!process.has_ended() && clock::now() < deadline) {
        engine_bytes = std::max(engine_bytes, most_memory_of(process.pid()));
        venue_bytes = std::max(venue_bytes, most_memory_of(venue_pid(demo())));
        const std::uint64_t sent = std::filesystem::exists(demo() / "counters.dat")
                                       ? counter("route.orders-to-venue.delivered")
                                       : 0;
        if (sent > count / 10 && sent < count - count / 10) {
            used.resize(std::min<std::size_t>(used.size(), 1));
            used.emplace_back(cpu_time_of(process.pid()), cpu_time_of(venue_pid(demo())));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    const exit_result result = process.wait(1);
    kill_venue(demo());
    ASSERT_EQ(result.code, 0) << result.out << result.err;
    ASSERT_GT(venue_bytes, 0U) << "the venue was never there to be measured";
    const auto books = nlohmann::json::parse(result.out);
    EXPECT_EQ(books["orders"], count);
    EXPECT_EQ(books["acknowledged"].get<std::uint64_t>() + books["rejected"].get<std::uint64_t>(),
              count);
    EXPECT_EQ(books["lost"], 0);
    EXPECT_EQ(books["duplicated"], 0);
    EXPECT_TRUE(books["reconciled"].get<bool>()) << result.err;
    ASSERT_EQ(used.size(), 2U) << "nobody looked while orders went out";
    const int engine_threads = full_threads(used[0].first, used[1].first);
    const int venue_threads = full_threads(used[0].second, used[1].second);
    EXPECT_EQ(engine_threads, 1);
    EXPECT_EQ(venue_threads, 1);
    const std::uint64_t disk = disk_bytes(demo());
    std::printf("%llu orders: %d + %d full threads, %llu + %llu MiB of memory, %llu MiB of disk\n",
                static_cast<unsigned long long>(count), engine_threads, venue_threads,
                static_cast<unsigned long long>(engine_bytes >> 20),
                static_cast<unsigned long long>(venue_bytes >> 20),
                static_cast<unsigned long long>(disk >> 20));
    EXPECT_LT(engine_bytes + venue_bytes, memory_max);
    EXPECT_LT(disk, disk_max);
}

}  // namespace

}  // namespace millrace::tests
