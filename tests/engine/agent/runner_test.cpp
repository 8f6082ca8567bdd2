#include "engine/agent/runner.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/thread.hpp"
#include "tests/engine/agent/recording_agent.hpp"

namespace millrace::engine {
namespace {

using journal = std::vector<std::string>;

// Bounded so that a defect fails instead of hanging; on a busy host it only takes longer.
bool eventually(const std::function<bool()>& condition) {
    for (int turn = 0; turn < 20'000; ++turn) {
        if (condition()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
    return false;
}

struct two_agents {
    journal events;
    recording_agent a{"a", events};
    recording_agent b{"b", events};
};

TEST(Runner, RunsEverythingOnItsOwnThreadInOrder) {
    two_agents t;
    runner r({.name = "test"}, {t.a, t.b});
    EXPECT_FALSE(r.is_running());
    r.start();
    EXPECT_TRUE(r.is_running());
    EXPECT_NE(t.a.thread, std::this_thread::get_id());
    EXPECT_EQ(t.a.thread, t.b.thread);
    t.a.work = 4;
    t.b.work = 3;
    EXPECT_TRUE(eventually([&] { return r.work_count() == 7; }));
    EXPECT_TRUE(eventually([&, seen = r.cycle_count()] { return r.cycle_count() > seen + 2; }));
    r.stop();
    EXPECT_FALSE(r.is_running());
    EXPECT_FALSE(t.a.ran_elsewhere || t.b.ran_elsewhere);
    EXPECT_EQ(t.events, (journal{"start a", "start b", "close b", "close a"}));
    EXPECT_EQ(t.a.cycles, r.cycle_count());
    EXPECT_EQ(t.b.cycles, r.cycle_count());
    r.stop();
    EXPECT_EQ(t.events.size(), 4U);
}

TEST(Runner, StartReportsWhatOnStartThrew) {
    two_agents t;
    t.b.fails_to_start = true;
    runner r({.name = "test"}, {t.a, t.b});
    try {
        r.start();
        FAIL() << "b does not start";
    } catch (const std::runtime_error& failure) {
        EXPECT_STREQ(failure.what(), "b cannot start");
    }
    EXPECT_FALSE(r.is_running());
    EXPECT_EQ(t.events, (journal{"start a", "close a"}));
    EXPECT_EQ(t.a.cycles, 0U);
}

TEST(Runner, RefusesACpuThatDoesNotExistBeforeAnythingStarts) {
    two_agents t;
    try {
        const runner r({.name = "hot", .cpu = 100'000}, {t.a});
        FAIL() << "no machine has that CPU";
    } catch (const config_error& failure) {
        EXPECT_NE(std::string(failure.what()).find("runner 'hot': CPU 100000"), std::string::npos);
    }
    EXPECT_TRUE(t.events.empty());
}

TEST(Runner, RefusesToRunNothing) {
    EXPECT_THROW(runner({.name = "empty"}, {}), config_error);
}

TEST(Runner, RefusesAnIdleStrategyThatContradictsItself) {
    two_agents t;
    runner_options options;
    options.idle.park_min_ns = 0;
    EXPECT_THROW(runner(options, {t.a}), config_error);
}

struct cpu_watching_agent : recording_agent {
    using recording_agent::recording_agent;
    int do_work() noexcept {
        cpu.store(::sched_getcpu(), std::memory_order_relaxed);
        return recording_agent::do_work();
    }
    std::atomic<int> cpu{-1};
};

TEST(Runner, PinsItsThread) {
    journal events;
    cpu_watching_agent watcher("watcher", events);
    const int cpu = allowed_cpus().back();
    runner r({.name = "pinned", .cpu = cpu, .idle = parse_idle_config("yield")}, {watcher});
    r.start();
    EXPECT_TRUE(eventually([&] { return watcher.cpu.load(std::memory_order_relaxed) == cpu; }));
    EXPECT_TRUE(eventually([&, seen = r.cycle_count()] { return r.cycle_count() > seen + 100; }));
    EXPECT_EQ(watcher.cpu.load(std::memory_order_relaxed), cpu);
}

TEST(Runner, EveryIdleStrategyStops) {
    for (const char* const kind : {"spin", "yield", "backoff", "sleeping"}) {
        two_agents t;
        runner r({.name = kind, .idle = parse_idle_config(kind)}, {t.a});
        r.start();
        EXPECT_TRUE(eventually([&] { return r.cycle_count() > 3; })) << kind;
        r.stop();
        EXPECT_EQ(t.events, (journal{"start a", "close a"})) << kind;
    }
}

TEST(Runner, StopBeforeStartStillStartsAndClosesTheAgents) {
    two_agents t;
    runner r({.name = "test"}, {t.a});
    r.request_stop();
    r.start();
    r.stop();
    EXPECT_EQ(t.events, (journal{"start a", "close a"}));
    EXPECT_EQ(t.a.cycles, 0U);
}

TEST(Runner, DestructorStops) {
    two_agents t;
    {
        runner r({.name = "test"}, {t.a});
        r.start();
    }
    EXPECT_EQ(t.events, (journal{"start a", "close a"}));
}

struct slow_agent : recording_agent {
    using recording_agent::recording_agent;
    int do_work() noexcept {
        if (recording_agent::do_work() == 0) {
            return 0;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return 1;
    }
};

TEST(Runner, RemembersItsLongestCycle) {
    journal events;
    slow_agent slow("slow", events);
    slow.work = 1;
    runner r({.name = "slow"}, {slow});
    r.start();
    EXPECT_TRUE(eventually([&] { return r.work_count() == 1; }));
    EXPECT_GE(r.longest_cycle_ns(), 20'000'000);
}

runner* signalled_runner = nullptr;
std::atomic<pthread_t> handling_thread;

TEST(Runner, StopsFromASignalHandlerThatNeverRunsOnItsThread) {
    two_agents t;
    runner r({.name = "test"}, {t.a});
    r.start();
    signalled_runner = &r;
    struct sigaction action {};
    struct sigaction previous {};
    action.sa_handler = [](int) {
        handling_thread.store(::pthread_self(), std::memory_order_relaxed);
        signalled_runner->request_stop();
    };
    ASSERT_EQ(::sigaction(SIGTERM, &action, &previous), 0);
    ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
    EXPECT_TRUE(eventually([&] { return !r.is_running(); }));
    EXPECT_EQ(handling_thread.load(std::memory_order_relaxed), ::pthread_self());
    ASSERT_EQ(::sigaction(SIGTERM, &previous, nullptr), 0);
}

TEST(RunnerDeathTest, StartsOnce) {
    two_agents t;
    EXPECT_DEATH(
        {
            runner r({.name = "test"}, {t.a});
            r.start();
            r.stop();
            r.start();
        },
        "starts once");
}

}  // namespace
}  // namespace millrace::engine
