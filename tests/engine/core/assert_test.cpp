#include "engine/core/assert.hpp"

#include <gtest/gtest.h>

namespace millrace::engine {
namespace {

TEST(Assert, PassesWhatHoldsAndEvaluatesItOnce) {
    int evaluations = 0;
    MILLRACE_ASSERT(++evaluations == 1, "evaluated once");
    EXPECT_EQ(evaluations, 1);
}

TEST(AssertDeathTest, NamesFileConditionAndMessage) {
    EXPECT_DEATH(MILLRACE_ASSERT(1 + 1 == 3, "sums are wrong"),
                 "assert_test.cpp:[0-9]+: sums are wrong \\(1 \\+ 1 == 3\\)");
}

TEST(AssertDeathTest, RecordChecksStandOnlyWhereTheyAreSwitchedOn) {
#if defined(MILLRACE_DCHECKS) && MILLRACE_DCHECKS
    EXPECT_DEATH(MILLRACE_DCHECK(false, "checked"), "checked");
#else
    MILLRACE_DCHECK(false, "not checked in this build");
    SUCCEED();
#endif
}

}  // namespace
}  // namespace millrace::engine
