// One command from one thread to another: served once or withdrawn, never both.
#include "gateway/session/command_slot.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace millrace::gateway {
namespace {

session_command numbered(std::uint32_t number) {
    session_command made;
    made.verb = session_verb::resend;
    made.begin = {number};
    return made;
}

TEST(CommandSlot, HandsOverOneCommandAndItsOutcome) {
    command_slot slot(2);
    EXPECT_FALSE(slot.is_asked());
    const std::int64_t asked_ns = engine::monotonic_now_ns();
    ASSERT_TRUE(slot.try_ask(numbered(7)));
    EXPECT_TRUE(slot.is_asked());
    EXPECT_FALSE(slot.try_ask(numbered(8))) << "one at a time";
    EXPECT_FALSE(slot.is_answered());
    slot.serve([](const session_command& command, std::span<session_outcome> outcomes) {
        ASSERT_EQ(outcomes.size(), 2U);
        outcomes[1].is_done = command.begin == msg_seq_num{7};
    });
    EXPECT_FALSE(slot.is_asked());
    ASSERT_TRUE(slot.is_answered());
    EXPECT_TRUE(slot.outcomes()[1].is_done);
    EXPECT_FALSE(slot.outcomes()[0].is_done);
    EXPECT_GE(slot.done_ns(), asked_ns);
    EXPECT_FALSE(slot.try_withdraw()) << "it was carried out";
    EXPECT_FALSE(slot.try_ask(numbered(8))) << "its outcome is not taken yet";
    slot.clear();
    EXPECT_TRUE(slot.try_ask(numbered(8)));
}

TEST(CommandSlot, ServesNothingThatWasWithdrawn) {
    command_slot slot(1);
    ASSERT_TRUE(slot.try_ask(numbered(7)));
    ASSERT_TRUE(slot.try_withdraw());
    bool is_served = false;
    slot.serve([&](const session_command&, std::span<session_outcome>) { is_served = true; });
    EXPECT_FALSE(is_served);
    EXPECT_FALSE(slot.is_answered());
    EXPECT_TRUE(slot.try_ask(numbered(8)));
}

// Whoever asks also withdraws, as fast as it can, while the other side serves.
TEST(CommandSlot, ServesEachCommandOnceUnlessItIsWithdrawn) {
    constexpr std::uint32_t commands = 1'000;
    command_slot slot(1);
    std::atomic<bool> is_over{false};
    std::uint32_t served = 0;
    std::thread session([&] {
        while (!is_over.load(std::memory_order_acquire)) {
            if (slot.is_asked()) {
                slot.serve([&](const session_command& command, std::span<session_outcome> outcome) {
                    ++served;
                    outcome[0].after.next_sender = command.begin;
                });
            } else {
                std::this_thread::yield();
            }
        }
    });
    std::uint32_t answered = 0;
    for (std::uint32_t number = 1; number <= commands; ++number) {
        ASSERT_TRUE(slot.try_ask(numbered(number)));
        if (number % 2 == 0 && slot.try_withdraw()) {
            continue;
        }
        while (!slot.is_answered()) {
            std::this_thread::yield();
        }
        EXPECT_EQ(slot.outcomes()[0].after.next_sender, msg_seq_num{number});
        ++answered;
        slot.clear();
    }
    is_over.store(true, std::memory_order_release);
    session.join();
    EXPECT_EQ(served, answered);
    EXPECT_GE(answered, commands / 2);
}

}  // namespace
}  // namespace millrace::gateway
