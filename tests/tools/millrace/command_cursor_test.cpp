#include <algorithm>

#include "engine/core/file.hpp"
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
    EXPECT_EQ(unsure.code, code_usage);
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
        EXPECT_EQ(refused.code, code_usage);
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

TEST_F(CommandCursor, MakesNoneForANameThatWasMistyped) {
    append_orders(1, 20);
    ASSERT_EQ(set(log("ORDER_OUT"), "risk", {"--tail"}).code, code_ok);
    const exit_result reset = run({"cursor", "reset", log("ORDER_OUT"), "rsik", "--yes"});
    EXPECT_EQ(reset.code, code_failure);
    EXPECT_TRUE(has(reset.err, "nobody called 'rsik' reads here (did you mean risk?)"));
    EXPECT_FALSE(std::filesystem::exists(log("ORDER_OUT") + "/cursors/rsik"));
    EXPECT_EQ(show(log("ORDER_OUT"), "risk")["sequence"], 20);
}

TEST_F(CommandCursor, IsRemovedUnlessSomebodyHoldsIt) {
    append_orders(1, 1500);
    ASSERT_TRUE(has(set(log("ORDER_OUT"), "risk", {"--first"}).out, "retention waits for it"));
    const auto retain = [&] {
        return run({"log", "retain", log("ORDER_OUT"), "--segments", "1", "--dry-run"}).out;
    };
    EXPECT_TRUE(has(retain(), "kept for cursor risk"));
    const std::vector<std::string> remove = {"cursor", "remove", log("ORDER_OUT"), "risk", "--yes"};
    {
        const engine::file_lock held(log("ORDER_OUT") + "/cursors/risk.lock", "a reader");
        const exit_result refused = run(remove);
        EXPECT_EQ(refused.code, code_locked);
        EXPECT_TRUE(has(refused.err, "a reader"));
    }
    EXPECT_EQ(run({"cursor", "remove", log("ORDER_OUT"), "risk"}).code, code_usage)
        << "without a terminal it cannot ask";
    EXPECT_EQ(show(log("ORDER_OUT"), "risk")["sequence"], 0);
    EXPECT_EQ(run(remove).code, code_ok);
    EXPECT_FALSE(has(retain(), "kept for"));
    EXPECT_EQ(run(remove).code, code_failure) << "it is gone";

    // A damaged one too, which can be neither shown nor set.
    ASSERT_EQ(set(log("ORDER_OUT"), "risk", {"--first"}).code, code_ok);
    write("data/ORDER_OUT/cursors/risk", std::string(256, 'x'));
    EXPECT_EQ(run({"cursor", "show", log("ORDER_OUT"), "risk"}).code, code_damaged);
    EXPECT_EQ(run(remove).code, code_ok);
    write("data/ORDER_OUT/cursors/copier.route", config() + "\n");
    const exit_result route = run({"cursor", "remove", log("ORDER_OUT"), "copier", "--yes"});
    EXPECT_EQ(route.code, code_usage);
    EXPECT_TRUE(has(route.err, "is a route"));
}

TEST_F(CommandCursor, IsNotSetBehindTheEndOfItsLog) {
    append_orders(1, 20);
    for (const char* const name : {"fresh", "risk"}) {
        const exit_result refused = set(log("ORDER_OUT"), name, {"--sequence", "22", "--yes"});
        EXPECT_EQ(refused.code, code_failure);
        EXPECT_TRUE(has(refused.err,
                        "--sequence 22 is not in the log, which ends with sequence "
                        "20"));
        EXPECT_FALSE(std::filesystem::exists(log("ORDER_OUT") + "/cursors/fresh"));
        ASSERT_EQ(set(log("ORDER_OUT"), "risk", {"--sequence", "21", "--yes"}).code, code_ok);
    }
}

// A route's note says which way its configuration is, and not where both lie.
TEST_F(CommandCursor, OfADirectoryThatWasMovedIsWhatItWas) {
    append_orders(1, 30);
    const auto run_on = [&](const std::string& configuration) {
        millrace_process engine({"run", configuration}, path());
        wait_until("it runs", [&] { return bool(has(engine.said(), "running")); });
        engine.ask_to_stop();
        EXPECT_EQ(engine.wait(20).code, code_ok);
    };
    run_on(config());
    std::filesystem::create_directory(file("moved"));
    std::filesystem::rename(file("data"), file("moved/data"));
    std::filesystem::rename(config(), file("moved/test.toml"));
    const std::string source = file("moved/data/ORDER_OUT");
    const auto expect_known = [&](const std::string& by) {
        EXPECT_EQ(show(by, "copier")["sequence"], 30);
        EXPECT_EQ(show(by, "copier")["kept_in"], file("moved/data/COPY"));
        EXPECT_EQ(set(by, "risk", {"--first", "--yes"}).code, code_ok);
        EXPECT_TRUE(has(run({"cursor", "list", by}).out, "copier"));
        EXPECT_EQ(run({"log", "retain", by, "--segments", "1"}).code, code_ok);
    };
    expect_known(source);
    write("moved/data/ORDER_OUT/cursors/copier.route", file("moved/test.toml") + "\n");
    expect_known(source);  // as notes were before
    // A link on the way.
    std::filesystem::rename(file("moved/data"), file("disk"));
    std::filesystem::create_directory_symlink(file("disk"), file("moved/data"));
    run_on(file("moved/test.toml"));
    expect_known(source);
    expect_known(file("disk/ORDER_OUT"));
}

TEST_F(CommandCursor, HidesNoOtherWhereOneCannotBeJudged) {
    append_orders(1, 20);
    const std::string source = log("ORDER_OUT");
    ASSERT_EQ(set(source, "risk", {"--sequence", "11"}).code, code_ok);
    write("data/ORDER_OUT/cursors/broken", std::string(256, 'x'));
    write("data/ORDER_OUT/cursors/gone.route", "/nowhere/at/all.toml\n");
    write("data/ORDER_OUT/cursors/former.route", "../../test.toml\n");
    const exit_result listed = run({"cursor", "list", source, "--format", "json"});
    EXPECT_EQ(listed.code, code_ok) << listed.err;
    const nlohmann::json rows = nlohmann::json::parse(listed.out);
    ASSERT_EQ(rows.size(), 4U);
    for (const nlohmann::json& row : rows) {
        const std::string name = row["name"];
        EXPECT_EQ(row.contains("trouble"), name != "risk") << row;
        EXPECT_EQ(row.dump().find("--force"), std::string::npos) << "cursor has no such flag";
        EXPECT_EQ(row["kind"], name == "risk" || name == "broken" ? "reader" : "route");
    }
    const std::string text = run({"cursor", "list", source}).out;
    EXPECT_TRUE(has(text,
                    "configuration /nowhere/at/all.toml is not there; if the route reads "
                    "this log no more, remove " +
                        source + "/cursors/gone.route\n"));
    EXPECT_TRUE(has(text, config() + " knows it no more; if"));
    EXPECT_TRUE(has(text, "no valid slot; the cursor is damaged"));
    EXPECT_EQ(show(source, "risk")["sequence"], 10);
    EXPECT_EQ(set(source, "risk", {"--tail", "--yes"}).code, code_ok);
    const exit_result shown = run({"cursor", "show", source, "gone"});
    EXPECT_EQ(shown.code, code_failure);
    EXPECT_TRUE(has(shown.err, "gone.route"));
}

TEST_F(CommandCursor, IsListedOnlyOfALogOrAConfigurationThatIsThere) {
    append_orders(1, 3);
    const exit_result missing = run({"cursor", "list", file("nosuch.toml")});
    EXPECT_EQ(missing.code, code_failure);
    EXPECT_TRUE(has(missing.err, file("nosuch.toml") + ": is not there"));
    const exit_result no_log = run({"cursor", "list", file("data")});
    EXPECT_EQ(no_log.code, code_failure);
    EXPECT_TRUE(has(no_log.err, "no audit log here"));
    EXPECT_EQ(missing.out + no_log.out, "");
    EXPECT_EQ(run({"cursor", "list", log("ORDER_OUT")}).code, code_ok);
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
