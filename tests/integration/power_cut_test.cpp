// The power goes under ORDER_OUT, FIX_OUT, FIX_IN and EXECUTION together, each loses a tail of its
// own, and the venue has run on. What each gate promises must hold, however often that happens.
//
// Of what the disks hold the calls that the program makes of the file system are asked
// (tests/engine/log/disk_model.hpp), not the logs themselves: a log that calls durable what it
// never synced fails here. MILLRACE_POWER_CUTS sets how often each venue sees its client die.
#include <gtest/gtest.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "tests/integration/power_cut_campaign.hpp"

namespace millrace::tests {

namespace {

constexpr int venues_min = 2;
constexpr int venues_max = 12;

int cuts_wanted() {
    const char* const given = std::getenv("MILLRACE_POWER_CUTS");
    return given != nullptr ? std::atoi(given) : 25;
}

// What must have come about, or the scenario has shown nothing.
using cases = std::vector<std::pair<const char*, std::uint64_t>>;

cases cases_of_every_scenario(const power_tally& tally) {
    return {{"ORDER_OUT lost its end", tally.lost_tails[0]},
            {"FIX_OUT lost its end", tally.lost_tails[1]},
            {"FIX_IN lost its end", tally.lost_tails[2]},
            {"EXECUTION lost its end", tally.lost_tails[3]},
            {"cuts while opening", static_cast<std::uint64_t>(tally.cuts_while_opening)},
            {"jumps", tally.jumps}};
}

// When the power goes is chance, so it goes on until everything has happened.
template <class Cases>
power_tally run(const power_scenario& scenario, Cases&& more_cases) {
    power_tally tally;
    cases missing;
    for (int i = 0; i < venues_max && !::testing::Test::HasFailure(); ++i) {
        const std::uint64_t seed = engine::test::test_seed() + static_cast<std::uint64_t>(i);
        power_cut_campaign(scenario, seed, tally).run(cuts_wanted());
        missing = cases_of_every_scenario(tally);
        const cases more = more_cases(tally);
        missing.insert(missing.end(), more.begin(), more.end());
        std::erase_if(missing, [](const auto& one) { return one.second > 0; });
        if (i + 1 >= venues_min && missing.empty()) {
            break;
        }
    }
    tally.print(scenario.name);
    for (const auto& [name, count] : missing) {
        ADD_FAILURE() << "never came about: " << name;
    }
    return tally;
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
    const power_tally tally =
        run({"gate = durable", gateway::gate_level::durable, gateway::in_doubt_policy::halt, false},
            [](const power_tally& so_far) {
                return cases{{"shown again", so_far.repeated_shows}};
            });
    EXPECT_EQ(tally.sent_and_gone, 0U);
}

TEST_F(PowerCut, CommittedOrdersInDoubtWaitForTheTruth) {
    run({"gate = committed, halt", gateway::gate_level::committed, gateway::in_doubt_policy::halt,
         false},
        [](const power_tally& so_far) {
            return cases{{"withdrawn", so_far.withdrawn},
                         {"bounded by the venue's request", so_far.bounded},
                         {"cut back", so_far.cut_back},
                         {"sent, and gone from the source", so_far.sent_and_gone},
                         {"rows that came again", so_far.repeated_rows}};
        });
}

TEST_F(PowerCut, CommittedOrdersInDoubtGoAgainMarkedWhereThePolicySaysSo) {
    const power_tally tally =
        run({"gate = committed, possresend", gateway::gate_level::committed,
             gateway::in_doubt_policy::possresend, false},
            [](const power_tally& so_far) {
                return cases{{"sent with 97=Y", so_far.poss_resent},
                             {"bounded by the venue's request", so_far.bounded}};
            });
    EXPECT_EQ(tally.withdrawn, 0U);
}

TEST_F(PowerCut, AResetIsDurableBeforeItsLogonLeaves) {
    run({"gate = committed, ResetOnLogon", gateway::gate_level::committed,
         gateway::in_doubt_policy::halt, true},
        [](const power_tally& so_far) {
            return cases{{"resets", so_far.resets}};
        });
}

}  // namespace millrace::tests
