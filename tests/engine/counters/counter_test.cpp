#include "engine/counters/counter.hpp"

#include <gtest/gtest.h>

#include <type_traits>
#include <utility>

namespace millrace::engine {
namespace {

static_assert(!std::is_copy_constructible_v<counter>, "a copy would be a second writer");
static_assert(!std::is_copy_constructible_v<status_text>, "a copy would be a second writer");

TEST(Counter, UnboundHandleCountsForItself) {
    counter first;
    counter second;
    EXPECT_FALSE(first.is_bound());
    first.add(3);
    first.add(4);
    EXPECT_EQ(first.value(), 7U);
    EXPECT_EQ(second.value(), 0U);
    first.set(2);
    EXPECT_EQ(first.value(), 2U);
}

TEST(Counter, RaiseKeepsTheLargest) {
    counter c;
    for (const std::uint64_t value : {5U, 3U, 9U, 9U, 0U}) {
        c.raise_to(value);
    }
    EXPECT_EQ(c.value(), 9U);
}

TEST(Counter, MovedUnboundHandleKeepsItsValueApart) {
    counter source;
    source.add(5);
    counter target(std::move(source));
    target.add(1);
    EXPECT_EQ(target.value(), 6U);
    counter assigned;
    assigned.add(100);
    assigned = std::move(target);
    assigned.add(1);
    EXPECT_EQ(assigned.value(), 7U);
}

TEST(StatusText, UnboundHandleTakesTextAndForgetsIt) {
    status_text status;
    status.set("running");
    EXPECT_FALSE(status.is_bound());
}

}  // namespace
}  // namespace millrace::engine
