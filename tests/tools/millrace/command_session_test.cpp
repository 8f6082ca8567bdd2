#include "gateway/session/doubt_file.hpp"
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

using gateway::doubt_decision;
using gateway::doubt_entry;

constexpr const char* route = "orders-to-venue";

// The example's engine after a loss of power: FIX_OUT has nothing of its route, the source has six
// orders, of which one is not the stream's and the last came after the host was up again.
class CommandSession : public CommandLine {
protected:
    CommandSession() {
        const std::filesystem::path from =
            std::filesystem::path(MILLRACE_SOURCE_ROOT) / "docs/examples";
        std::filesystem::copy(from / "orders.toml", path() / "orders.toml");
        std::filesystem::copy(from / "sessions.cfg", path() / "sessions.cfg");
        std::filesystem::create_directories(gateway_directory());
        gateway::correlation_table correlations(16);
        gateway::fix_out_log out(gateway_directory() / "FIX_OUT", {}, correlations);
        static_cast<void>(out.open_session("FIX.4.4:MILLRACE->VENUE"));
        append(
            "A1,IBM,B,1.5,100\nA2,IBM,B,1.5,200\nA3,,B,1.5,300\nA4,IBM,S,1.5,400\nA5,IBM,S,1,5\n");
        append("A6,IBM,B,1.5,600\n");
    }

    [[nodiscard]] std::filesystem::path gateway_directory() const { return path() / "data/venue"; }
    [[nodiscard]] std::string orders() const { return file("orders.toml"); }
    void append(const std::string& rows) const {
        write("rows.csv", "CL_ORD_ID,SYMBOL,SIDE,PRICE,QUANTITY\n" + rows);
        const exit_result result = run({"append", orders(), "ORDER_OUT", file("rows.csv")});
        ASSERT_EQ(result.code, code_ok) << result.err;
    }
    void leave_in_doubt(std::uint32_t asked_from) const {
        doubt_entry entry;
        entry.route = route;
        entry.session = "FIX.4.4:MILLRACE->VENUE";
        entry.generation = 1;
        entry.through = engine::sequence{5};
        entry.from = {50};
        entry.numbers = 1000;
        entry.asked_from = {asked_from};
        gateway::write_doubts(gateway_directory(), {entry});
    }
    [[nodiscard]] exit_result decide(std::vector<std::string> more) const {
        std::vector<std::string> arguments = {"session", "doubt", orders(), "--route", route};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(std::move(arguments));
    }
    [[nodiscard]] nlohmann::json listed() const {
        const exit_result result = run({"session", "doubt", orders(), "--format", "json"});
        EXPECT_EQ(result.code, code_ok) << result.err;
        return nlohmann::json::parse(result.out);
    }
};

TEST_F(CommandSession, ListsWhatIsInDoubtAndWhatThePeerProved) {
    const exit_result nothing = run({"session", "doubt", orders()});
    EXPECT_EQ(nothing.code, code_ok) << nothing.err;
    EXPECT_EQ(nothing.out, "nothing is in doubt\n");

    leave_in_doubt(0);
    EXPECT_EQ(sequences(listed()["records"]), (std::vector<std::uint64_t>{1, 2, 4, 5}));
    EXPECT_TRUE(listed()["asked_from"].is_null());
    EXPECT_EQ(listed()["received_max"], 1000);
    EXPECT_TRUE(listed()["decisions"].empty());

    leave_in_doubt(52);
    const nlohmann::json proved = listed();
    EXPECT_EQ(sequences(proved["records"]), (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(proved["received_max"], 2);
    EXPECT_EQ(proved["first_number"], 50);
    EXPECT_EQ(proved["records"][0]["row"]["CL_ORD_ID"], "A1");
    const exit_result text = run({"session", "doubt", orders()});
    EXPECT_TRUE(has(text.out, "route orders-to-venue, session FIX.4.4:MILLRACE->VENUE"));
    EXPECT_TRUE(has(text.out, "asked for messages from 52 on: it has at most the first 2"));
    EXPECT_TRUE(has(text.out, "decided: none yet"));
    EXPECT_TRUE(has(text.out, "A2"));
    EXPECT_FALSE(has(text.out, "A4"));

    leave_in_doubt(50);
    EXPECT_TRUE(listed()["records"].empty());
    EXPECT_TRUE(has(run({"session", "doubt", orders()}).out, "it has none of these"));
}

TEST_F(CommandSession, NotesTheDecisionForTheEngine) {
    leave_in_doubt(0);
    const exit_result unsure = decide({"--decide", "withdraw", "--through", "2"});
    EXPECT_EQ(unsure.code, code_usage);
    EXPECT_TRUE(has(unsure.err, "2 records in doubt, 1 to 2, are never sent"));
    EXPECT_TRUE(has(unsure.err, "--yes"));
    EXPECT_TRUE(gateway::read_verdicts(gateway_directory(), route).empty());

    EXPECT_EQ(decide({"--decide", "withdraw", "--through", "3", "--yes"}).code, code_ok);
    auto verdicts = gateway::read_verdicts(gateway_directory(), route);
    ASSERT_EQ(verdicts.size(), 1U);
    EXPECT_EQ(verdicts[0].decision, doubt_decision::withdraw);
    EXPECT_EQ(verdicts[0].through, engine::sequence{2}) << "3 is not the route's";
    EXPECT_FALSE(verdicts[0].by.empty());
    EXPECT_EQ(listed()["decisions"][0]["decision"], "withdraw");

    const exit_result again = decide({"--decide", "send", "--through", "2", "--yes"});
    EXPECT_EQ(again.code, code_usage) << "what is decided stays decided";
    EXPECT_TRUE(has(again.err, "withdraw up to sequence 2"));
    const exit_result all = decide({"--decide", "possresend", "--all", "--yes"});
    EXPECT_EQ(all.code, code_ok) << all.err;
    EXPECT_TRUE(has(all.out, "from sequence 4 to 5 (2 records)"));
    verdicts = gateway::read_verdicts(gateway_directory(), route);
    ASSERT_EQ(verdicts.size(), 2U) << "the first stands";
    EXPECT_EQ(verdicts[0].decision, doubt_decision::withdraw);
    EXPECT_EQ(verdicts[1].decision, doubt_decision::possresend);
    EXPECT_EQ(verdicts[1].through, engine::sequence{5});
    EXPECT_EQ(decide({"--revoke"}).code, code_usage) << "without --yes";
    EXPECT_EQ(decide({"--revoke", "--yes"}).code, code_ok);
    EXPECT_TRUE(gateway::read_verdicts(gateway_directory(), route).empty());
}

TEST_F(CommandSession, RefusesWhatMakesNoSense) {
    leave_in_doubt(0);
    EXPECT_EQ(decide({"--decide", "send"}).code, code_usage);
    EXPECT_EQ(decide({"--decide", "send", "--all", "--through", "1"}).code, code_usage);
    EXPECT_EQ(decide({"--decide", "forget", "--all"}).code, code_usage);
    EXPECT_EQ(decide({"--all"}).code, code_usage);
    EXPECT_EQ(run({"session", "doubt", orders(), "--decide", "send", "--all"}).code, code_usage);
    const exit_result early = decide({"--decide", "send", "--through", "0", "--yes"});
    EXPECT_EQ(early.code, code_usage);
    EXPECT_TRUE(has(early.err, "no record in doubt up to there"));
    const exit_result unknown = run({"session", "doubt", orders(), "--route", "orders-to-venu",
                                     "--decide", "send", "--all", "--yes"});
    EXPECT_EQ(unknown.code, code_usage);
    EXPECT_TRUE(has(unknown.err, "orders-to-venue"));
    write("data/venue/doubt", "nonsense");
    EXPECT_EQ(run({"session", "doubt", orders()}).code, code_damaged);
}

std::string replaced(std::string text, const std::string& part, const std::string& by) {
    const std::size_t at = text.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return text.replace(at, part.size(), by);
}

// What the engine itself does when it comes up under another boot than it went down with. FIX_OUT
// lost nothing here, which nobody can know: the numbers jump all the same.
TEST_F(CommandSession, TheEngineSaysThatThePowerWasLostAndJumps) {
    const std::filesystem::path life = gateway_directory() / "life";
    std::filesystem::remove_all(gateway_directory());  // the engine makes its own
    {
        millrace_process engine({"run", orders()}, path());
        wait_until("its life has begun", [&] { return std::filesystem::exists(life); });
        EXPECT_TRUE(has(read_text(life), "state open"));
        EXPECT_TRUE(has(read_text(life), "numbers_at_risk 66560"));
        EXPECT_TRUE(has(read_text(life), "route orders-to-venue\tFIX.4.4:MILLRACE->VENUE"));
        wait_until("it runs", [&] { return bool(has(engine.said(), "running")); });
        engine.kill_hard();
    }
    {
        millrace_process engine({"run", orders()}, path());
        wait_until("it runs", [&] { return bool(has(engine.said(), "running")); });
        EXPECT_FALSE(has(engine.said(), "power was lost")) << "it was only killed";
        engine.kill_hard();
    }
    const std::string open = read_text(life);
    const std::size_t boot = open.find("boot ") + 5;
    write("data/venue/life", std::string(open).replace(boot, open.find('\n', boot) - boot,
                                                       "11111111-2222-3333-4444-555555555555"));
    {
        millrace_process engine({"run", orders()}, path());
        wait_until("it says so", [&] { return bool(has(engine.said(), "power was lost")); });
        EXPECT_TRUE(has(engine.said(), "FIX.4.4:MILLRACE->VENUE from 1 to 66561"));
        const exit_result listed = run({"session", "doubt", orders()});
        EXPECT_TRUE(has(listed.out, "route orders-to-venue")) << listed.err;
        engine.ask_to_stop();
        EXPECT_EQ(engine.wait(20).code, code_ok);
    }
    EXPECT_TRUE(has(read_text(life), "state closed"));
    const std::vector<nlohmann::json> rows = dump("venue/FIX_OUT");
    ASSERT_FALSE(rows.empty());
    EXPECT_EQ(rows.back()["row"]["KIND"], "set");
    EXPECT_EQ(rows.back()["row"]["NEXT_SENDER"], 66561);
    // A gateway that does not know how it ended does not guess.
    write("data/venue/life", replaced(open, "state open", "state what"));
    const exit_result refused = run({"run", orders()});
    EXPECT_EQ(refused.code, code_damaged);
    EXPECT_TRUE(has(refused.err, "does not say how the gateway's last life ended"));
}

}  // namespace
}  // namespace millrace::tests
