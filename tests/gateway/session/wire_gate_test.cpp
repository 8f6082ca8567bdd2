#include "gateway/session/wire_gate.hpp"

#include <gtest/gtest.h>

#include <string>

namespace millrace::gateway {
namespace {

TEST(WireGate, LetsFramesGoInOrderAsTheDiskComesOn) {
    wire_gate gate(64);
    EXPECT_TRUE(gate.is_empty());
    ASSERT_TRUE(gate.hold("one", {100}));
    gate.note({3}, 7);
    ASSERT_TRUE(gate.hold("two", {100}));
    ASSERT_TRUE(gate.hold("three", {200}));
    EXPECT_EQ(gate.held_bytes(), 11U);
    EXPECT_TRUE(gate.take({99}).bytes.empty());
    const wire_gate::released_frame first = gate.take({100});
    EXPECT_EQ(first.bytes, "one");
    EXPECT_EQ(first.record, engine::sequence{3});
    EXPECT_EQ(first.begin_ns, 7);
    EXPECT_EQ(gate.take({199}).bytes, "two");
    EXPECT_TRUE(gate.take({199}).bytes.empty());
    EXPECT_EQ(gate.take({200}).bytes, "three");
    EXPECT_TRUE(gate.is_empty());
}

TEST(WireGate, IsBoundedAndUsesItsRoomAgain) {
    wire_gate gate(10);
    for (int round = 0; round < 100; ++round) {
        ASSERT_TRUE(gate.hold("12345", {1}));
        ASSERT_TRUE(gate.hold("6789", {1}));
        EXPECT_TRUE(gate.is_filling());
        EXPECT_FALSE(gate.hold("ab", {1})) << "and nothing of it is kept";
        EXPECT_EQ(gate.take({1}).bytes, "12345");
        ASSERT_TRUE(gate.hold("abcde", {1}));
        EXPECT_EQ(gate.take({1}).bytes, "6789");
        EXPECT_EQ(gate.take({1}).bytes, "abcde");
        EXPECT_FALSE(gate.is_filling());
    }
    wire_gate many(1 << 20);
    for (std::size_t i = 0; i < wire_gate::frames_max; ++i) {
        ASSERT_TRUE(many.hold("x", {i}));
    }
    EXPECT_FALSE(many.hold("x", {0}));
    many.clear();
    EXPECT_TRUE(many.is_empty());
    EXPECT_EQ(many.held_bytes(), 0U);
    EXPECT_TRUE(many.take({UINT64_MAX}).bytes.empty());
}

}  // namespace
}  // namespace millrace::gateway
