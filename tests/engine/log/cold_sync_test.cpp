#include "engine/log/cold_sync.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <thread>

#include "engine/core/clock.hpp"

namespace millrace::engine::detail::test {

TEST(ColdEvent, DoesNotSleepOverARingSinceTheTicket) {
    cold_event bell;
    const std::uint32_t ticket = bell.ticket();
    bell.ring();
    const std::int64_t begin = monotonic_now_ns();
    bell.wait(ticket, 60'000'000'000);
    EXPECT_LT(monotonic_now_ns() - begin, 30'000'000'000);
}

TEST(ColdEvent, WakesEveryWaiterAndEndsAWaitByItself) {
    cold_event bell;
    bell.wait(bell.ticket(), 1'000'000);
    std::atomic<int> awake{0};
    std::array<std::thread, 3> waiters;
    const std::uint32_t ticket = bell.ticket();
    for (std::thread& waiter : waiters) {
        waiter = std::thread([&] {
            bell.wait(ticket, 60'000'000'000);
            awake.fetch_add(1, std::memory_order_relaxed);
        });
    }
    bell.ring();
    for (std::thread& waiter : waiters) {
        waiter.join();
    }
    EXPECT_EQ(awake.load(std::memory_order_relaxed), 3);
}

TEST(ColdLock, LetsOneInAtATime) {
    cold_lock lock;
    std::uint64_t count = 0;
    std::array<std::thread, 4> threads;
    for (std::thread& thread : threads) {
        thread = std::thread([&] {
            for (int i = 0; i < 20'000; ++i) {
                const std::lock_guard<cold_lock> held(lock);
                ++count;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(count, 80'000u);
}

}  // namespace millrace::engine::detail::test
