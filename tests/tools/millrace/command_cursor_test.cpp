#include <algorithm>

#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

class CommandCursor : public CommandLine {
protected:
    // So far; 0 while there is no log yet.
    [[nodiscard]] std::size_t rows(std::string_view table) const {
        const std::string out = run({"log", "dump", log(table)}).out;
        return static_cast<std::size_t>(std::count(out.begin(), out.end(), '\n'));
    }
    [[nodiscard]] nlohmann::json show(const std::string& target, const std::string& name) const {
        const exit_result result = run({"cursor", "show", target, name, "--format", "json"});
        EXPECT_EQ(result.code, code_ok) << result.err;
        return nlohmann::json::parse(result.out);
    }
    [[nodiscard]] exit_result set(const std::string& target, const std::string& name,
                                  std::vector<std::string> to) const {
        std::vector<std::string> arguments = {"cursor", "set", target, name};
        arguments.insert(arguments.end(), to.begin(), to.end());
        return run(std::move(arguments));
    }
};

TEST_F(CommandCursor, SetsShowsAndResetsTheCursorOfAnotherProcess) {
    append_orders(1, 50);
    EXPECT_EQ(set(log("ORDER_OUT"), "risk", {"--sequence", "11"}).code, code_ok);
    nlohmann::json row = show(log("ORDER_OUT"), "risk");
    EXPECT_EQ(row["sequence"], 10);
    EXPECT_EQ(row["lag_records"], 40);
    EXPECT_EQ(row["log_sequence"], 50);
    EXPECT_EQ(row["position"], dump("ORDER_OUT", {"--sequence", "11"}).front()["position"]);
    EXPECT_EQ(row["kind"], "reader");
    EXPECT_EQ(row["holder"], "");

    EXPECT_EQ(set(log("ORDER_OUT"), "risk", {"--tail", "--yes"}).code, code_ok);
    row = show(config(), "risk");  // by the configuration too
    EXPECT_EQ(row["lag_records"], 0);
    EXPECT_EQ(row["sequence"], 50);

    const exit_result unsure = run({"cursor", "reset", log("ORDER_OUT"), "risk"});
    EXPECT_EQ(unsure.code, code_configuration);
    EXPECT_TRUE(has(unsure.err, "--yes"));
    EXPECT_EQ(show(log("ORDER_OUT"), "risk")["sequence"], 50);
    EXPECT_EQ(run({"cursor", "reset", log("ORDER_OUT"), "risk", "--yes"}).code, code_ok);
    EXPECT_EQ(show(log("ORDER_OUT"), "risk")["lag_records"], 50);
}

TEST_F(CommandCursor, ListsRoutesAndCursorsAndRefusesToSetAnOrigin) {
    append_orders(1, 30);
    exit_result listed = run({"cursor", "list", config()});
    ASSERT_EQ(listed.code, code_ok) << listed.err;
    EXPECT_TRUE(has(listed.out, "copier"));
    EXPECT_TRUE(has(listed.out, "not begun"));
    {
        millrace_process engine({"run", config()}, path());
        wait_until("the copy", [&] { return rows("COPY") == 30U; });
        engine.ask_to_stop();
        EXPECT_EQ(engine.wait(20).code, code_ok);
    }
    ASSERT_EQ(set(log("ORDER_OUT"), "risk", {"--first"}).code, code_ok);
    // By the directory alone: the route has noted itself there.
    for (const std::string& target : {config(), log("ORDER_OUT")}) {
        const nlohmann::json row = show(target, "copier");
        EXPECT_EQ(row["sequence"], 30);
        EXPECT_EQ(row["kind"], "table");
        EXPECT_EQ(row["lag_records"], 0);
        EXPECT_EQ(show(target, "risk")["lag_records"], 30);
        const exit_result refused = set(target, "copier", {"--first", "--yes"});
        EXPECT_EQ(refused.code, code_configuration);
        EXPECT_TRUE(has(refused.err, "highest origin"));
        EXPECT_TRUE(has(refused.err, "new name"));
    }
}

// An older copy of the log is put back, as after a loss of power its end is gone.
TEST_F(CommandCursor, SaysWhichRecordsAReaderHasDoneThatTheLogHasLost) {
    append_orders(1, 20);
    std::filesystem::copy(log("ORDER_OUT"), file("copy"));
    append_orders(21, 30);
    ASSERT_EQ(set(log("ORDER_OUT"), "risk", {"--tail"}).code, code_ok);
    EXPECT_FALSE(show(log("ORDER_OUT"), "risk").contains("lost_last"));
    std::filesystem::copy(file("copy"), log("ORDER_OUT"),
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::overwrite_existing);
    append_orders(31, 70);  // sequences 21 to 60
    for (const std::string& target : {config(), log("ORDER_OUT")}) {
        const nlohmann::json row = show(target, "risk");
        EXPECT_EQ(row["sequence"], 20);
        EXPECT_EQ(row["lag_records"], 40);
        EXPECT_EQ(row["lost_first"], 21);
        EXPECT_EQ(row["lost_last"], 30);
        EXPECT_TRUE(has(run({"cursor", "list", target}).out, "lost records 21 to 30"));
    }
}

TEST_F(CommandCursor, SaysWhatIsWrongWithItsArguments) {
    append_orders(1, 3);
    EXPECT_EQ(set(log("ORDER_OUT"), "risk", {}).code, code_usage);
    EXPECT_EQ(set(log("ORDER_OUT"), "risk", {"--first", "--tail"}).code, code_usage);
    EXPECT_EQ(set(log("ORDER_OUT"), "risk", {"--sequence", "x"}).code, code_usage);
    EXPECT_EQ(set(log("ORDER_OUT"), "a/b", {"--first"}).code, code_configuration);
    const exit_result unknown = run({"cursor", "show", log("ORDER_OUT"), "nobody"});
    EXPECT_EQ(unknown.code, code_failure);
    EXPECT_TRUE(has(unknown.err, "nobody called 'nobody'"));
}

}  // namespace
}  // namespace millrace::tests
