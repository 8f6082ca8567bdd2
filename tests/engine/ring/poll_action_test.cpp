#include "engine/ring/poll_action.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace millrace::engine {
namespace {

TEST(PollAction, HandlerThatReturnsNothingConsumes) {
    int seen = 0;
    auto handler = [&](int value) { seen = value; };
    EXPECT_EQ(detail::call_handler(handler, 7), poll_action::consumed);
    EXPECT_EQ(seen, 7);
}

TEST(PollAction, HandlersAnswerIsPassedOn) {
    auto handler = [](bool stops) { return stops ? poll_action::stop : poll_action::consumed; };
    EXPECT_EQ(detail::call_handler(handler, true), poll_action::stop);
    EXPECT_EQ(detail::call_handler(handler, false), poll_action::consumed);
}

TEST(PollAction, MoveOnlyHandlersAreCalledInPlace) {
    auto handler = [owned = std::make_unique<int>(3)](int& out) { out = *owned; };
    int out = 0;
    EXPECT_EQ(detail::call_handler(handler, out), poll_action::consumed);
    EXPECT_EQ(out, 3);
}

}  // namespace
}  // namespace millrace::engine
