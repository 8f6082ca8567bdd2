#include "engine/agent/agent_group.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/engine/agent/recording_agent.hpp"

namespace millrace::engine {
namespace {

using journal = std::vector<std::string>;

struct three_agents {
    journal events;
    recording_agent a{"a", events};
    recording_agent b{"b", events};
    recording_agent c{"c", events};
    agent_group group{{a, b, c}};
};

TEST(AgentGroup, StartsInOrderAndClosesInReverse) {
    three_agents t;
    EXPECT_FALSE(t.group.is_started());
    t.group.start();
    EXPECT_TRUE(t.group.is_started());
    t.group.close();
    EXPECT_FALSE(t.group.is_started());
    t.group.close();
    EXPECT_EQ(t.events,
              (journal{"start a", "start b", "start c", "close c", "close b", "close a"}));
}

TEST(AgentGroup, StepAddsTheWorkOfAll) {
    three_agents t;
    t.group.start();
    t.a.work = 2;
    t.c.work = 5;
    EXPECT_EQ(t.group.step(), 7);
    EXPECT_EQ(t.group.step(), 0);
    EXPECT_EQ(t.b.cycles, 2U);
}

TEST(AgentGroup, DrainEndsWithTheFirstIdleCycleOrAtItsLimit) {
    three_agents t;
    t.group.start();
    t.a.work = 4;
    EXPECT_EQ(t.group.drain(100), 4);
    EXPECT_EQ(t.a.cycles, 2U);
    t.a.work = 4;
    EXPECT_EQ(t.group.drain(1), 4);
    EXPECT_EQ(t.a.cycles, 3U);
    EXPECT_EQ(t.group.drain(0), 0);
    EXPECT_EQ(t.a.cycles, 3U);
}

TEST(AgentGroup, FailedStartClosesOnlyWhatHadStarted) {
    three_agents t;
    t.c.fails_to_start = true;
    EXPECT_THROW(t.group.start(), std::runtime_error);
    EXPECT_FALSE(t.group.is_started());
    EXPECT_EQ(t.events, (journal{"start a", "start b", "close b", "close a"}));
    t.c.fails_to_start = false;
    t.events.clear();
    t.group.start();
    EXPECT_EQ(t.events, (journal{"start a", "start b", "start c"}));
}

TEST(AgentGroup, DestructorCloses) {
    journal events;
    recording_agent a("a", events);
    {
        agent_group group;
        group.add(a);
        group.start();
    }
    EXPECT_EQ(events, (journal{"start a", "close a"}));
}

TEST(AgentGroupDeathTest, RefusesAgentsAfterTheStart) {
    three_agents t;
    t.group.start();
    EXPECT_DEATH(t.group.add(t.a), "before it starts");
    EXPECT_DEATH(t.group.start(), "starts once");
}

}  // namespace
}  // namespace millrace::engine
