// `millrace counters`, beside a running engine and behind one that has ended.
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

using CountersCommand = CommandLine;

TEST_F(CountersCommand, ShowsWhatARunningEngineCountsAndWhatItsLogsReport) {
    append_orders(1, 20);
    millrace_process process({"run", config()}, path());
    const auto counters = [&]() -> nlohmann::json {
        const exit_result result = run({"counters", config(), "--format", "json"});
        return result.code == code_ok ? nlohmann::json::parse(result.out).at("counters")
                                      : nlohmann::json::object();
    };
    wait_until("its log is durable", [&] {
        return counters().value("log.COPY.durable_sequence", std::uint64_t{0}) == 20;
    });
    const nlohmann::json all = counters();
    EXPECT_EQ(all.at("route.copier.highest"), 20);
    EXPECT_GE(all.at("log.COPY.syncs"), 1);
    EXPECT_GT(all.at("log.COPY.longest_sync"), 0);
    for (const char* none : {"back_pressured", "no_space", "sync_failures", "lost_names",
                             "sidecar_failures", "is_durability_halted"}) {
        EXPECT_EQ(all.at(std::string("log.COPY.") + none), 0) << none;
    }
    const exit_result states = run({"counters", (path() / "data").native(), "stream."});
    EXPECT_EQ(states.code, code_ok);
    EXPECT_TRUE(has(states.out, "stream.copier.state live\n"));
    EXPECT_TRUE(has(states.out, "stream.copier.last_sequence 20\n"));
    EXPECT_FALSE(has(states.out, "route.")) << "only what begins so";
    EXPECT_EQ(states.err, "");
    process.ask_to_stop();
    EXPECT_EQ(process.wait(20).code, code_ok);
    const exit_result after = run({"counters", config(), "log.COPY.durable"});
    EXPECT_EQ(after.out, "log.COPY.durable_sequence 20\n");
    EXPECT_TRUE(has(after.err, "runs no more"));
}

TEST_F(CountersCommand, SaysWhereThereAreNone) {
    const exit_result result = run({"counters", config()});
    EXPECT_EQ(result.code, code_failure);
    EXPECT_TRUE(has(result.err, "counters.dat"));
}

}  // namespace
}  // namespace millrace::tests
