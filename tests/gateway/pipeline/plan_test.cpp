#include "gateway/pipeline/plan.hpp"

#include <gtest/gtest.h>

#include "tests/gateway/pipeline/config_support.hpp"

namespace millrace::gateway::test {
namespace {

using names = std::vector<std::string>;

const names example_agents = {"streamer:ORDER_OUT", "client:orders", "streamer:venue.FIX_IN",
                              "client:reports", "gateway:venue"};

pipeline_config example() {
    return load_config(example_path());
}

pipeline_config without_threads() {
    pipeline_config config = example();
    config.threads.clear();
    return config;
}

thread_config thread(const std::string& name, names agents, int cpu = -1) {
    thread_config made;
    made.name = name;
    made.agents = std::move(agents);
    made.cpu = cpu;
    return made;
}

names all_agents(const std::vector<planned_thread>& plan) {
    names all;
    for (const planned_thread& one : plan) {
        all.insert(all.end(), one.agents.begin(), one.agents.end());
    }
    std::sort(all.begin(), all.end());
    return all;
}

TEST(Plan, NamesEveryAgentInTheOrderOfTheData) {
    EXPECT_EQ(agent_names(example()), example_agents);
}

TEST(Plan, HasOneStreamerForAllStreamsOfATable) {
    pipeline_config config = example();
    config.clients.push_back(config.clients.front());
    config.clients.back().name = "more";
    names expected = example_agents;
    expected.insert(expected.begin() + 4, "client:more");
    EXPECT_EQ(agent_names(config), expected);
}

TEST(Plan, RunsEverythingOnOneThreadBelowFourCpus) {
    for (int cpus = 1; cpus <= 3; ++cpus) {
        const auto plan = plan_threads(without_threads(), {}, cpus);
        ASSERT_EQ(plan.size(), 1U) << cpus;
        EXPECT_EQ(plan[0].name, "mr-hot");
        EXPECT_EQ(plan[0].cpu, -1);
        EXPECT_EQ(plan[0].agents, example_agents);
    }
}

TEST(Plan, GivesEachGatewayAThreadFromFourCpusOn) {
    pipeline_config config = without_threads();
    config.gateways.push_back(config.gateways.front());
    config.gateways.back().name = "dark";
    for (int cpus = 4; cpus <= 8; ++cpus) {
        const auto plan = plan_threads(config, {}, cpus);
        ASSERT_EQ(plan.size(), 3U) << cpus;
        EXPECT_EQ(plan[0].name, "mr-stream");
        EXPECT_EQ(plan[0].agents, (names{"streamer:ORDER_OUT", "client:orders",
                                         "streamer:venue.FIX_IN", "client:reports"}));
        EXPECT_EQ(plan[1].name, "mr-gateway:venue");
        EXPECT_EQ(plan[1].agents, names{"gateway:venue"});
        EXPECT_EQ(plan[2].agents, names{"gateway:dark"});
    }
}

TEST(Plan, MakesNoThreadWithoutAgents) {
    const pipeline_config nothing = parse_config("/conf/a.toml", "");
    const auto plan_of = [&](int cpus) { return plan_threads(nothing, {}, cpus); };
    EXPECT_TRUE(plan_of(1).empty());
    EXPECT_TRUE(plan_of(8).empty());
    pipeline_config gateway_alone = without_threads();
    gateway_alone.clients.clear();
    const auto plan = plan_threads(gateway_alone, {}, 8);
    ASSERT_EQ(plan.size(), 1U);
    EXPECT_EQ(plan[0].agents, names{"gateway:venue"});
}

TEST(Plan, LetsAnApplicationsAgentWorkFirst) {
    for (const int cpus : {1, 8}) {
        const auto plan = plan_threads(without_threads(), {"feeder", "second"}, cpus);
        ASSERT_FALSE(plan.empty());
        ASSERT_GE(plan[0].agents.size(), 3U);
        EXPECT_EQ(plan[0].agents[0], "feeder");
        EXPECT_EQ(plan[0].agents[1], "second");
        EXPECT_EQ(plan[0].agents[2], "streamer:ORDER_OUT");
    }
}

TEST(Plan, ObeysTheThreadSectionsWhateverTheCpus) {
    pipeline_config config = without_threads();
    config.idle.kind = engine::idle_kind::yield;
    // Named in another order than the data walks: they work in the data's.
    config.threads = {thread("io", {"gateway:venue"}, 2),
                      thread("work", {"client:reports", "client:orders", "streamer:venue.FIX_IN",
                                      "streamer:ORDER_OUT"})};
    config.threads[0].idle = engine::parse_idle_config("spin");
    for (int cpus = 1; cpus <= 8; ++cpus) {
        const auto plan = plan_threads(config, {}, cpus);
        ASSERT_EQ(plan.size(), 2U);
        EXPECT_EQ(plan[0].name, "io");
        EXPECT_EQ(plan[0].cpu, 2);
        EXPECT_EQ(plan[0].idle.kind, engine::idle_kind::spin);
        EXPECT_EQ(plan[0].agents, names{"gateway:venue"});
        EXPECT_EQ(plan[1].idle.kind, engine::idle_kind::yield) << "as [idle] says";
        EXPECT_EQ(plan[1].agents, (names{"streamer:ORDER_OUT", "client:orders",
                                         "streamer:venue.FIX_IN", "client:reports"}));
    }
}

TEST(Plan, PutsAFeederWhereASectionNamesItElseOnAThreadOfItsOwn) {
    pipeline_config config = example();
    ASSERT_EQ(config.threads.size(), 1U);
    auto plan = plan_threads(config, {"feeder"}, 2);
    ASSERT_EQ(plan.size(), 2U);
    EXPECT_EQ(plan[0].name, "hot");
    EXPECT_EQ(plan[1].name, "mr-rest");
    EXPECT_EQ(plan[1].agents, names{"feeder"});
    config.threads[0].agents.push_back("feeder");
    plan = plan_threads(config, {"feeder"}, 2);
    ASSERT_EQ(plan.size(), 1U);
    EXPECT_EQ(plan[0].agents.front(), "feeder");
    EXPECT_EQ(plan_threads(config, {}, 2)[0].agents.size(), example_agents.size())
        << "a section may name a feeder that this program does not have";
}

TEST(Plan, RunsEveryAgentOnceWhateverThePlan) {
    names expected = example_agents;
    expected.push_back("feeder");
    std::sort(expected.begin(), expected.end());
    for (int cpus = 1; cpus <= 8; ++cpus) {
        EXPECT_EQ(all_agents(plan_threads(without_threads(), {"feeder"}, cpus)), expected);
        EXPECT_EQ(all_agents(plan_threads(example(), {"feeder"}, cpus)), expected);
    }
}

TEST(Plan, IsPrintedWithCpuIdleAndAgents) {
    pipeline_config config = without_threads();
    config.threads = {thread("io", {"gateway:venue"}, 1), thread("rest", {"client:orders"})};
    config.threads[0].idle = engine::parse_idle_config("spin");
    std::vector<planned_thread> plan = plan_threads(config, {}, 2);
    plan.resize(2);
    EXPECT_EQ(describe(plan),
              "  io (CPU 1, spin): gateway:venue\n"
              "  rest (any CPU, backoff): client:orders\n"
              "  mr-cold (any CPU, sleeping): writes down what the others say\n");
}

TEST(Plan, PrintsTheGraphARouteALine) {
    const std::string graph = describe_graph(example());
    EXPECT_NE(graph.find("table ORDER_OUT -> stream NEW_ORDERS -> client orders -> route "
                         "orders-to-venue (map new_order) -> session FIX.4.4:MILLRACE->VENUE\n"),
              std::string::npos)
        << graph;
    EXPECT_NE(graph.find("table venue.FIX_IN -> stream venue.FIX_IN -> client reports -> route "
                         "reports-to-table (map execution) -> table EXECUTION\n"),
              std::string::npos)
        << graph;
    EXPECT_NE(graph.find("gateway venue: "), std::string::npos) << graph;
}

}  // namespace
}  // namespace millrace::gateway::test
