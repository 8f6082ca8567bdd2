#include "engine/log/handover.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>

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
    constexpr std::uint64_t count = 20'000;
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

}  // namespace millrace::engine::detail::test
