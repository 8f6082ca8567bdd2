#include "gateway/session/settlement.hpp"

#include <gtest/gtest.h>

namespace millrace::gateway {
namespace {

TEST(Settlement, RunsOnlyBeforeAResetThatWouldCutSomethingOff) {
    settlement plain(false);
    EXPECT_FALSE(plain.begin(true, 0));
    settlement resets(true);
    EXPECT_FALSE(resets.begin(false, 0));
    EXPECT_FALSE(resets.is_running());
    EXPECT_TRUE(resets.begin(true, 0));
    EXPECT_EQ(resets.step(), settlement_step::logging_on);
    EXPECT_FALSE(resets.connection_ended(false));
    EXPECT_FALSE(resets.is_running());
    EXPECT_FALSE(resets.begin(false, 0));  // everything proven: now it resets
}

TEST(Settlement, GivesUpAfterThreeLostConnectionsUntilTheNumbersWereReset) {
    settlement one(true);
    for (int lost = 1; lost <= settlement::lost_connections_max; ++lost) {
        EXPECT_TRUE(one.begin(true, 0));
        EXPECT_EQ(one.connection_ended(true), lost == settlement::lost_connections_max);
    }
    EXPECT_FALSE(one.begin(true, 0));   // resets
    EXPECT_FALSE(one.begin(true, 0));   // and again, if that connection was lost before it did
    EXPECT_FALSE(one.begin(false, 0));  // it did
    EXPECT_TRUE(one.begin(true, 0));    // the next generation has its own chance
}

// A peer that answers a TestRequest before it has what it asked for has proven nothing by it.
TEST(Settlement, AsksAgainBehindWhatThePeerAskedForButNotForEver) {
    settlement one(true);
    EXPECT_FALSE(one.peer_has_asked());
    EXPECT_FALSE(one.is_to_ask());
    EXPECT_TRUE(one.begin(true, 0));
    for (int question = 1; question <= settlement::questions_max; ++question) {
        EXPECT_TRUE(one.is_to_ask());
        one.ask(0);
        EXPECT_FALSE(one.is_to_ask());
        EXPECT_EQ(one.peer_has_asked(), question < settlement::questions_max);
    }
    EXPECT_FALSE(one.is_to_ask());
    EXPECT_EQ(one.step(), settlement_step::asking);
    EXPECT_FALSE(one.connection_ended(true));
    EXPECT_TRUE(one.begin(true, 0));
    one.ask(0);
    EXPECT_TRUE(one.peer_has_asked());
    EXPECT_TRUE(one.is_to_ask()) << "another connection has its own questions";
}

TEST(Settlement, IsPatientWhileThePeerSpeaks) {
    settlement one(true);
    EXPECT_TRUE(one.begin(true, 1000));
    EXPECT_FALSE(one.is_overdue(999 + settlement::patience_default_ns));
    one.heard(2000);
    EXPECT_FALSE(one.is_overdue(1999 + settlement::patience_default_ns));
    EXPECT_TRUE(one.is_overdue(2000 + settlement::patience_default_ns));
    one.give_up();
    EXPECT_FALSE(one.is_overdue(3000 + settlement::patience_default_ns));
    EXPECT_FALSE(one.begin(true, 0));
}

}  // namespace
}  // namespace millrace::gateway
