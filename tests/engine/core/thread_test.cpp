#include "engine/core/thread.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <set>
#include <string>
#include <thread>

#include "engine/core/error.hpp"

namespace millrace::engine::test {

TEST(Thread, AllowedCpusAreThoseOfTheAffinityMask) {
    const std::vector<int> cpus = allowed_cpus();
    ASSERT_FALSE(cpus.empty());
    EXPECT_TRUE(std::is_sorted(cpus.begin(), cpus.end()));
    EXPECT_GE(usable_cpu_count(), 1);
    EXPECT_LE(usable_cpu_count(), static_cast<int>(cpus.size()));
}

TEST(Thread, PinningLeavesExactlyThatCpu) {
    const std::vector<int> before = allowed_cpus();
    std::thread([&] {
        pin_current_thread(before.back());
        EXPECT_EQ(allowed_cpus(), std::vector<int>{before.back()});
        EXPECT_EQ(::sched_getcpu(), before.back());
        EXPECT_EQ(usable_cpu_count(), 1);
    }).join();
    EXPECT_EQ(allowed_cpus(), before) << "only the calling thread is pinned";
}

TEST(Thread, RefusesACpuThatIsNotThereAndListsThoseThatAre) {
    for (const int cpu : {-1, 1023, 1024, 100'000}) {
        try {
            pin_current_thread(cpu);
            FAIL() << cpu;
        } catch (const config_error& failure) {
            const std::string text = failure.what();
            EXPECT_NE(text.find("CPU " + std::to_string(cpu) + " does not exist"),
                      std::string::npos);
            EXPECT_NE(text.find("allowed: " + std::to_string(allowed_cpus().front())),
                      std::string::npos);
        }
    }
}

TEST(Thread, NamesAreCutToWhatTheKernelKeeps) {
    std::thread([] {
        char name[32] = "";
        name_current_thread("a-name-that-is-far-too-long");
        ASSERT_EQ(::pthread_getname_np(::pthread_self(), name, sizeof name), 0);
        EXPECT_STREQ(name, "a-name-that-is-");
    }).join();
}

TEST(Thread, OrdinalsAreNeverShared) {
    std::set<unsigned> seen{current_thread_ordinal()};
    EXPECT_TRUE(seen.count(current_thread_ordinal()) == 1);
    for (int i = 0; i < 10; ++i) {
        unsigned ordinal = 0;
        std::thread([&] { ordinal = current_thread_ordinal(); }).join();
        EXPECT_TRUE(seen.insert(ordinal).second);
        EXPECT_NE(ordinal, 0u);
    }
}

#if defined(MILLRACE_DCHECKS) && MILLRACE_DCHECKS && !defined(__SANITIZE_THREAD__)
TEST(ThreadCheckerDeathTest, StopsASecondThread) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_DEATH(
        {
            thread_checker owner;
            owner.check();
            std::thread([&] { owner.check(); }).join();
        },
        "called from a second thread");
}
#endif

TEST(ThreadChecker, LetsTheNextThreadInAfterADetach) {
    thread_checker owner;
    owner.check();
    owner.check();
    owner.detach();
    std::thread([&] { owner.check(); }).join();
    owner.detach();
    owner.check();
}

}  // namespace millrace::engine::test
