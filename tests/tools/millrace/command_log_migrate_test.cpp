// Tables whose columns change: what the log follows by itself, and what is migrated.
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

class CommandLogMigrate : public CommandLine {
protected:
    // The configuration with `was` in the first table replaced.
    void change(std::string_view name, const std::string& was, const std::string& is) const {
        std::string text(tables_text);
        ASSERT_NE(text.find(was), std::string::npos);
        text.replace(text.find(was), was.size(), is);
        write(name, text);
    }
    static constexpr const char* quantity = "{name = \"QUANTITY\", type = \"i64\"},";
};

TEST_F(CommandLogMigrate, ALogFollowsANewColumnAndOldRowsHaveItEmpty) {
    append_orders(1, 10);
    change("test.toml", quantity,
           std::string(quantity) + "\n    {name = \"DESK\", type = \"text(8)\"},");
    write("more.csv", "CL_ORD_ID,SIDE,PRICE,QUANTITY,DESK,NOTE\nB1,1,2.5,100,EU,new\n");
    const exit_result appended = run({"append", config(), "ORDER_OUT", file("more.csv")});
    ASSERT_EQ(appended.code, code_ok) << appended.err;
    const auto rows = dump("ORDER_OUT");
    ASSERT_EQ(rows.size(), 11U);
    EXPECT_EQ(rows[9]["row"]["NOTE"], "note, 10");
    EXPECT_TRUE(rows[9]["row"]["DESK"].is_null());
    EXPECT_EQ(rows[10]["row"]["DESK"], "EU");
    EXPECT_EQ(dump("ORDER_OUT", {"--where", "DESK is empty"}).size(), 10U);
    EXPECT_EQ(run({"log", "verify", log("ORDER_OUT")}).code, code_ok);
    const exit_result shown = run({"table", "show", config(), "ORDER_OUT", "--format", "json"});
    EXPECT_EQ(shown.code, code_ok) << shown.err;
    EXPECT_EQ(parse_lines(shown.out).size(), 11U);
    EXPECT_EQ(run({"log", "export", log("ORDER_OUT"), "--evidence", file("evidence")}).code,
              code_ok);
}

TEST_F(CommandLogMigrate, RefusesOtherChangesAndMigratesThem) {
    append_orders(1, 20);
    change("test.toml", quantity, "{name = \"ACCOUNT\", type = \"text(4)\"},");
    write("more.csv", "CL_ORD_ID,SIDE,PRICE,ACCOUNT,NOTE\nB1,1,2.5,X,new\n");
    const exit_result refused = run({"append", config(), "ORDER_OUT", file("more.csv")});
    EXPECT_EQ(refused.code, code_configuration);
    EXPECT_TRUE(has(refused.err, "column QUANTITY: was i64, is not there"));
    EXPECT_TRUE(has(refused.err, "log migrate"));

    const exit_result migrated = run(
        {"log", "migrate", log("ORDER_OUT"), file("data/NEW"), "--schema", config(), "ORDER_OUT"});
    ASSERT_EQ(migrated.code, code_ok) << migrated.err;
    EXPECT_TRUE(has(migrated.out, "sequences 1 to 20"));
    std::filesystem::rename(log("ORDER_OUT"), file("data/OLD"));
    std::filesystem::rename(file("data/NEW"), log("ORDER_OUT"));
    EXPECT_EQ(run({"append", config(), "ORDER_OUT", file("more.csv")}).code, code_ok);
    const auto rows = dump("ORDER_OUT");
    EXPECT_EQ(sequences(rows), range(1, 21));
    EXPECT_TRUE(has(rows[19]["row"]["PRICE"].dump(), "20.5"));
    EXPECT_FALSE(rows[19]["row"].contains("QUANTITY"));
}

TEST_F(CommandLogMigrate, SaysWhatABrokenOffOneHasLeft) {
    append_orders(1, 20);
    const auto migrate = [&] {
        return run({"log", "migrate", log("ORDER_OUT"), file("new"), "--schema", config(), "COPY"});
    };
    std::filesystem::create_directories(file("new.tmp/log"));
    const exit_result refused = migrate();
    EXPECT_EQ(refused.code, code_usage);
    EXPECT_TRUE(has(refused.err, file("new.tmp") + ": is in the way of " + file("new")));
    write("new.tmp/unfinished", "pid 4711, host a\n");
    const exit_result made = migrate();
    EXPECT_EQ(made.code, code_ok) << made.err;
    EXPECT_TRUE(has(made.out, "note: " + file("new.tmp") + ": a copy that was broken off"));
    EXPECT_FALSE(std::filesystem::exists(file("new.tmp")));
    EXPECT_EQ(run({"log", "verify", file("new")}).code, code_ok);
}

// Also of a log whose older rows came from a third.
TEST_F(CommandLogMigrate, ARowKeepsItsCorrelation) {
    append_orders(1, 20);
    const auto migrate = [&](const std::string& to) {
        const exit_result made =
            run({"log", "migrate", log("ORDER_OUT"), to, "--schema", config(), "ORDER_OUT"});
        EXPECT_EQ(made.code, code_ok) << made.err;
        std::filesystem::rename(log("ORDER_OUT"), to + ".old");
        std::filesystem::rename(to, log("ORDER_OUT"));
    };
    const auto first = dump("ORDER_OUT");
    migrate(file("once"));
    append_orders(21, 30);
    const auto second = dump("ORDER_OUT");
    migrate(file("twice"));
    append_orders(31, 32);
    const auto rows = dump("ORDER_OUT");
    ASSERT_EQ(rows.size(), 32U);
    EXPECT_EQ(rows[4]["correlation"], first[4]["correlation"]);
    EXPECT_EQ(parse_lines(run({"table", "show", config(), "ORDER_OUT", "--format", "json"}).out),
              rows);
    EXPECT_EQ(rows[19]["correlation"], first[19]["correlation"]);
    EXPECT_EQ(rows[20]["correlation"], second[20]["correlation"]);
    EXPECT_EQ(rows[29]["correlation"], second[29]["correlation"]);
    EXPECT_NE(rows[20]["correlation"]["log"], first[4]["correlation"]["log"]);
    EXPECT_NE(rows[30]["correlation"]["log"], rows[20]["correlation"]["log"]);
    const std::string wanted = first[4]["correlation"]["log"];
    EXPECT_EQ(dump("ORDER_OUT", {"--where", "record.correlation = '" + wanted + ":5'"}).size(), 1U);
    EXPECT_EQ(run({"log", "verify", log("ORDER_OUT")}).code, code_ok);
}

TEST_F(CommandLogMigrate, CutsTextsOnlyWhenToldTo) {
    append_orders(1, 20);
    change("test.toml", "text(20)", "text(2)");
    const std::vector<std::string> command = {"log",      "migrate", log("ORDER_OUT"), file("out"),
                                              "--schema", config(),  "ORDER_OUT"};
    const exit_result refused = run(command);
    EXPECT_EQ(refused.code, code_usage);
    EXPECT_TRUE(has(refused.err, "sequence 10: column CL_ORD_ID"));
    std::vector<std::string> cutting = command;
    cutting.emplace_back("--truncate");
    const exit_result cut = run(cutting);
    EXPECT_EQ(cut.code, code_ok) << cut.err;
    EXPECT_TRUE(has(cut.out, "rows with a text cut 11"));
}

}  // namespace
}  // namespace millrace::tests
