// The power goes under ORDER_OUT, FIX_OUT, FIX_IN and EXECUTION together, each loses a tail of its
// own, and the venue has run on. What each gate promises must hold, however often that happens.
//
// Of what the disks hold the calls that the program makes of the file system are asked
// (tests/engine/log/disk_model.hpp), not the logs themselves: a log that calls durable what it
// never synced fails here. MILLRACE_POWER_CUTS sets how often each venue sees its client die.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/integration/power_cut_campaign.hpp"

namespace millrace::tests {

namespace {

constexpr int venues_per_scenario = 2;

int cuts_wanted() {
    const char* const given = std::getenv("MILLRACE_POWER_CUTS");
    return given != nullptr ? std::atoi(given) : 25;
}

power_tally run(const power_scenario& scenario) {
    power_tally tally;
    for (int i = 0; i < venues_per_scenario && !::testing::Test::HasFailure(); ++i) {
        const std::uint64_t seed = engine::test::test_seed() + static_cast<std::uint64_t>(i);
        power_cut_campaign(scenario, seed, tally).run(cuts_wanted());
    }
    tally.print(scenario.name);
    return tally;
}

void expect_lost_tails(const power_tally& tally) {
    for (std::size_t i = 0; i < log_count; ++i) {
        EXPECT_GT(tally.lost_tails[i], 0U) << "log " << i << " never lost its end";
    }
    EXPECT_GT(tally.cuts_while_opening, 0);
}

}  // namespace

class PowerCut : public ::testing::Test {
protected:
    void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        GTEST_SKIP() << "calls are not observed under a sanitizer";
#endif
    }
};

TEST_F(PowerCut, BehindADurableGateNothingIsEverInDoubt) {
    const power_tally tally = run(
        {"gate = durable", gateway::gate_level::durable, gateway::in_doubt_policy::halt, false});
    expect_lost_tails(tally);
    EXPECT_GT(tally.jumps, 0U);
    EXPECT_EQ(tally.sent_and_gone, 0U);
    EXPECT_GT(tally.repeated_shows, 0U);
}

TEST_F(PowerCut, CommittedOrdersInDoubtWaitForTheTruth) {
    const power_tally tally = run({"gate = committed, halt", gateway::gate_level::committed,
                                   gateway::in_doubt_policy::halt, false});
    expect_lost_tails(tally);
    EXPECT_GT(tally.withdrawn, 0U);
    EXPECT_GT(tally.bounded, 0U);
    EXPECT_GT(tally.cut_back, 0U);
    EXPECT_GT(tally.sent_and_gone, 0U);
    EXPECT_GT(tally.repeated_rows, 0U);
}

TEST_F(PowerCut, CommittedOrdersInDoubtGoAgainMarkedWhereThePolicySaysSo) {
    const power_tally tally = run({"gate = committed, possresend", gateway::gate_level::committed,
                                   gateway::in_doubt_policy::possresend, false});
    expect_lost_tails(tally);
    EXPECT_GT(tally.poss_resent, 0U);
    EXPECT_GT(tally.bounded, 0U);
    EXPECT_EQ(tally.withdrawn, 0U);
}

TEST_F(PowerCut, AResetIsDurableBeforeItsLogonLeaves) {
    const power_tally tally = run({"gate = committed, ResetOnLogon", gateway::gate_level::committed,
                                   gateway::in_doubt_policy::halt, true});
    expect_lost_tails(tally);
    EXPECT_GT(tally.resets, 0U);
}

}  // namespace millrace::tests
