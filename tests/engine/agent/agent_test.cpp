#include "engine/agent/agent.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/agent/recording_agent.hpp"

namespace millrace::engine {
namespace {

struct with_throwing_work : recording_agent {
    using recording_agent::recording_agent;
    int do_work() { return 0; }
};
struct with_throwing_close : recording_agent {
    using recording_agent::recording_agent;
    void on_close() {}
};
struct with_bool_work {
    static const char* name() { return "bool"; }
    static bool do_work() noexcept { return true; }
    static void on_start() {}
    static void on_close() noexcept {}
};
struct with_static_members {
    static const char* name() { return "static"; }
    static int do_work() noexcept { return 5; }
    static void on_start() {}
    static void on_close() noexcept {}
};

static_assert(agent<recording_agent>);
static_assert(agent<with_static_members>);
static_assert(!agent<with_throwing_work>, "the duty cycle may not throw");
static_assert(!agent<with_throwing_close>, "closing may not throw");
static_assert(!agent<with_bool_work>, "a work count is a count");
static_assert(!agent<int>);

TEST(AgentRef, PassesEveryCallOn) {
    std::vector<std::string> journal;
    recording_agent target("one", journal);
    target.work = 3;
    agent_ref ref(target);
    EXPECT_EQ(ref.name(), "one");
    ref.on_start();
    EXPECT_EQ(ref.do_work(), 3);
    EXPECT_EQ(ref.do_work(), 0);
    ref.on_close();
    EXPECT_EQ(journal, (std::vector<std::string>{"start one", "close one"}));
}

TEST(AgentRef, CopiesReferToTheSameAgent) {
    with_static_members target;
    const agent_ref first(target);
    agent_ref second = first;
    EXPECT_EQ(second.name(), "static");
    EXPECT_EQ(second.do_work(), 5);
}

}  // namespace
}  // namespace millrace::engine
