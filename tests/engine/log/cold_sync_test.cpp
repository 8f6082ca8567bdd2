#include "engine/log/cold_sync.hpp"

#include <gtest/gtest.h>

#include <array>
#include <mutex>
#include <thread>

#include "engine/core/clock.hpp"

namespace millrace::engine::detail::test {

TEST(Handover, GivesInOrderAndRefusesWhenFullOrEmpty) {
    handover<int, 4> hand;
    std::array<int, 9> items{};
    EXPECT_EQ(hand.try_pop(), nullptr);
    for (std::size_t first : {std::size_t{0}, std::size_t{5}}) {
        for (std::size_t i = 0; i < 4; ++i) {
            EXPECT_TRUE(hand.try_push(&items[first + i]));
        }
        EXPECT_EQ(hand.count_estimate(), 4u);
        EXPECT_FALSE(hand.try_push(&items[4]));
        for (std::size_t i = 0; i < 4; ++i) {
            EXPECT_EQ(hand.try_pop(), &items[first + i]);
        }
        EXPECT_EQ(hand.try_pop(), nullptr);
        EXPECT_EQ(hand.count_estimate(), 0u);
    }
}

TEST(Handover, CarriesWhatStandsBehindThePointerToTheOtherThread) {
    constexpr std::uint64_t count = 100'000;
    handover<std::uint64_t, 2> hand;
    std::array<std::uint64_t, 4> cells{};
    std::thread giver([&] {
        for (std::uint64_t i = 0; i < count;) {
            cells[i % 4] = i;  // at most two are under way, one in the taker's hands
            if (hand.try_push(&cells[i % 4])) {
                ++i;
            } else {
                std::this_thread::yield();
            }
        }
    });
    std::uint64_t seen = 0;
    while (seen < count) {
        if (const std::uint64_t* item = hand.try_pop()) {
            ASSERT_EQ(*item % 4, seen % 4);
            ++seen;
        } else {
            std::this_thread::yield();
        }
    }
    giver.join();
}

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
