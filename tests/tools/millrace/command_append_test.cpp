// Rows into a table, and the latest of each key out of it.
#include <unistd.h>

#include "engine/log/log_reader.hpp"
#include "engine/stream/table_log.hpp"
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

using Append = CommandLine;

TEST_F(Append, TakesACsvWithItsColumnsInAnyOrder) {
    write("a.csv",
          "SIDE,CL_ORD_ID,NOTE,QUANTITY,PRICE\n"
          "1,A1,plain,100,10.50\n"
          "2,A2,\"with, comma and \"\"quotes\"\"\",-7,\n");
    const exit_result result =
        run({"append", config(), "ORDER_OUT", file("a.csv"), "--user", "kim"});
    EXPECT_EQ(result.code, code_ok);
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(has(result.err, "2 rows appended to ORDER_OUT; the last sequence is 2"));
    const auto rows = dump("ORDER_OUT");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0]["row"]["PRICE"].dump(), "10.5");
    EXPECT_EQ(rows[0]["operation"], "insert");
    EXPECT_EQ(rows[0]["event"], "append");
    EXPECT_EQ(rows[0]["user"], "kim");
    EXPECT_EQ(rows[1]["row"]["NOTE"], "with, comma and \"quotes\"");
    EXPECT_EQ(rows[1]["row"]["QUANTITY"], -7);
    EXPECT_TRUE(rows[1]["row"]["PRICE"].is_null());
}

TEST_F(Append, TakesOneJsonObjectALine) {
    write(
        "a.ndjson",
        "{\"CL_ORD_ID\":\"A1\",\"SIDE\":\"1\",\"PRICE\":10.25,\"QUANTITY\":5,\"NOTE\":\"x\\ny\"}\n"
        "{\"QUANTITY\":6,\"CL_ORD_ID\":\"A2\",\"PRICE\":null}\n");
    const exit_result result = run({"append", config(), "ORDER_OUT", file("a.ndjson")});
    EXPECT_EQ(result.code, code_ok) << result.err;
    const auto rows = dump("ORDER_OUT");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0]["row"]["NOTE"], "x\ny");
    EXPECT_EQ(rows[1]["row"]["CL_ORD_ID"], "A2");
    EXPECT_TRUE(rows[1]["row"]["SIDE"].is_null());
}

TEST_F(Append, StopsAtABadCsvRowAndKeepsThoseBeforeIt) {
    struct bad_row {
        std::string row;
        std::string reason;
    };
    const bad_row cases[] = {
        {"A3,1,ten,1,", "column PRICE: 'ten' is not a decimal"},
        {"A3,1,1.5,1.5,", "column QUANTITY: "},
        {"A3,1,1.5,99999999999999999999,", "column QUANTITY: "},
        {"A3,12,1.5,1,", "column SIDE: "},
        {"A3-which-is-longer-than-20,1,1.5,1,", "column CL_ORD_ID: "},
        {",1,1.5,1,", "CL_ORD_ID"},
        {"A3,1,1.5", "3 fields, but the header names 5 columns"},
    };
    std::uint64_t kept = 0;
    for (const bad_row& one : cases) {
        SCOPED_TRACE(one.row);
        write("bad.csv", "CL_ORD_ID,SIDE,PRICE,QUANTITY,NOTE\nA1,1,1.5,1,\nA2,1,1.5,1,\n" +
                             one.row + "\nA4,1,1.5,1,\n");
        const exit_result result = run({"append", config(), "ORDER_OUT", file("bad.csv")});
        EXPECT_EQ(result.code, code_data);
        EXPECT_TRUE(has(result.err, file("bad.csv") + ":4: "));
        EXPECT_TRUE(has(result.err, one.reason));
        kept += 2;
        EXPECT_TRUE(has(result.err, "2 rows appended to ORDER_OUT; the last sequence is " +
                                        std::to_string(kept)));
    }
    EXPECT_EQ(sequences(dump("ORDER_OUT")), range(1, kept));
}

TEST_F(Append, StopsAtABadJsonLineAndKeepsThoseBeforeIt) {
    const std::string good = "{\"CL_ORD_ID\":\"A1\",\"QUANTITY\":5}\n";
    for (const std::string bad :
         {"{\"CL_ORD_ID\":\"A2\",\"QUANTITY\":}", "{\"CL_ORD_ID\":\"A2\",\"COLOUR\":5}",
          "{\"CL_ORD_ID\":\"A2\",\"QUANTITY\":\"many\"}", "[1]", "{\"QUANTITY\":5}"}) {
        SCOPED_TRACE(bad);
        write("bad.ndjson", good + bad + "\n" + good);
        const exit_result result = run({"append", config(), "ORDER_OUT", file("bad.ndjson")});
        EXPECT_EQ(result.code, code_data);
        EXPECT_TRUE(has(result.err, file("bad.ndjson") + ":2: "));
        EXPECT_TRUE(has(result.err, "1 rows appended"));
    }
    EXPECT_EQ(dump("ORDER_OUT").size(), 5U);
}

TEST_F(Append, NamesTheNearestColumnOfAWrongHeader) {
    write("a.csv", "CL_ORD_ID,SIDE,PRISE,QUANTITY,NOTE\nA1,1,1.5,1,\n");
    const exit_result result = run({"append", config(), "ORDER_OUT", file("a.csv")});
    EXPECT_EQ(result.code, code_data);
    EXPECT_TRUE(has(result.err, file("a.csv") + ":1: "));
    EXPECT_TRUE(has(result.err, "PRISE"));
    EXPECT_TRUE(has(result.err, "PRICE"));
    EXPECT_FALSE(std::filesystem::exists(file("data/ORDER_OUT"))) << "no log is made for nothing";
}

TEST_F(Append, NamesTheNearestTable) {
    write("a.csv", "CL_ORD_ID\nA1\n");
    for (const char* verb : {"append", "show"}) {
        const exit_result result = std::string_view(verb) == "append"
                                       ? run({"append", config(), "ORDR_OUT", file("a.csv")})
                                       : run({"table", "show", config(), "ORDR_OUT"});
        EXPECT_EQ(result.code, code_configuration);
        EXPECT_TRUE(has(result.err, "no table 'ORDR_OUT'"));
        EXPECT_TRUE(has(result.err, "ORDER_OUT?"));
    }
}

TEST_F(Append, SaysWhichFileIsNotThere) {
    const exit_result result = run({"append", config(), "ORDER_OUT", file("nowhere.csv")});
    EXPECT_EQ(result.code, code_failure);
    EXPECT_TRUE(has(result.err, file("nowhere.csv")));
    EXPECT_EQ(run({"append", file("nowhere.toml"), "ORDER_OUT"}).code, code_failure);
}

TEST_F(Append, RefusesAUserThatNoRecordCouldHold) {
    write("a.csv", "CL_ORD_ID,QUANTITY\nA1,1\n");
    const exit_result result =
        run({"append", config(), "ORDER_OUT", file("a.csv"), "--user", "seventeen-letters"});
    EXPECT_EQ(result.code, code_usage);
    EXPECT_TRUE(has(result.err, "--user"));
    EXPECT_FALSE(std::filesystem::exists(path() / "data")) << "refused before anything is made";
}

TEST_F(Append, IsToldWhoHoldsTheTable) {
    append_orders(1, 2);
    const engine::row_schema schema = engine::row_schema::parse(
        engine::log_reader(log("ORDER_OUT"), engine::read_from::first()).schema());
    engine::table_log_options options;
    options.segment_bytes = 64 * 1024;
    options.purpose = "a test";
    engine::table_log holder(log("ORDER_OUT"), schema, options);
    const exit_result refused = run({"append", config(), "ORDER_OUT", file("orders.csv")});
    EXPECT_EQ(refused.code, code_locked);
    EXPECT_TRUE(has(refused.err, "pid " + std::to_string(::getpid())));
    EXPECT_TRUE(has(refused.err, "a test"));
    EXPECT_EQ(dump("ORDER_OUT").size(), 2U) << "reading needs no lock";
    holder.close();
    EXPECT_EQ(run({"append", config(), "ORDER_OUT", file("orders.csv")}).code, code_ok);
    EXPECT_EQ(dump("ORDER_OUT").size(), 4U);
}

TEST_F(Append, WaitsForAHolderThatIsSoonDone) {
    append_orders(1, 2);
    // As an engine that starts, or an append beside this one.
    engine::file_lock holder(std::filesystem::path(log("ORDER_OUT")) / "writer.lock", "a test");
    const std::jthread release([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        holder.release();
    });
    EXPECT_EQ(run({"append", config(), "ORDER_OUT", file("orders.csv")}).code, code_ok);
    EXPECT_EQ(dump("ORDER_OUT").size(), 4U);
}

TEST_F(Append, TakesBackWhatDumpPrinted) {
    append_orders(1, 20);
    const exit_result dumped = run({"log", "dump", log("ORDER_OUT"), "--format", "csv"});
    ASSERT_EQ(dumped.code, code_ok) << dumped.err;
    write("dumped.csv", dumped.out);
    const exit_result result = run({"append", config(), "COPY", file("dumped.csv")});
    ASSERT_EQ(result.code, code_ok) << result.err;
    const auto from = dump("ORDER_OUT");
    const auto to = dump("COPY");
    ASSERT_EQ(to.size(), 20U);
    for (std::size_t i = 0; i < to.size(); ++i) {
        EXPECT_EQ(to[i]["row"], from[i]["row"]);
    }
}

TEST_F(Append, ChangesAndRemovesRowsThatShowThenHasOrNot) {
    append_orders(1, 4);
    write("change.csv", "CL_ORD_ID,SIDE,QUANTITY\nA2,2,22\n");
    write("remove.csv", "CL_ORD_ID,QUANTITY\nA3,0\n");
    ASSERT_EQ(
        run({"append", config(), "ORDER_OUT", file("change.csv"), "--operation", "modify"}).code,
        code_ok);
    ASSERT_EQ(
        run({"append", config(), "ORDER_OUT", file("remove.csv"), "--operation", "delete"}).code,
        code_ok);
    EXPECT_EQ(
        run({"append", config(), "ORDER_OUT", file("remove.csv"), "--operation", "drop"}).code,
        code_usage);
    const exit_result shown = run({"table", "show", config(), "ORDER_OUT", "--format", "json"});
    ASSERT_EQ(shown.code, code_ok) << shown.err;
    std::vector<std::pair<std::string, int>> rows;
    for (const nlohmann::json& row : parse_lines(shown.out)) {
        rows.emplace_back(row["row"]["CL_ORD_ID"], row["row"]["QUANTITY"]);
    }
    std::sort(rows.begin(), rows.end());
    const std::vector<std::pair<std::string, int>> expected = {
        {"A1", 100}, {"A2", 22}, {"A4", 400}};
    EXPECT_EQ(rows, expected);
    EXPECT_EQ(dump("ORDER_OUT").size(), 6U) << "the log has every version";
    for (const nlohmann::json& row : parse_lines(shown.out)) {
        const auto of_log = dump("ORDER_OUT", {"--sequence", row["sequence"].dump(),
                                               "--until-offset", row["position"].dump()});
        ASSERT_EQ(of_log.size(), 1U) << "the row's own place";
        EXPECT_EQ(of_log[0], row);
    }
}

TEST_F(Append, DoesWhatTheDumpedRowsDid) {
    append_orders(1, 3);
    write("change.csv", "record.operation,CL_ORD_ID,SIDE,QUANTITY\nmodify,A2,2,22\ndelete,A3,,0\n");
    ASSERT_EQ(run({"append", config(), "ORDER_OUT", file("change.csv")}).code, code_ok);
    write("dumped.csv", run({"log", "dump", log("ORDER_OUT"), "--format", "csv"}).out);
    ASSERT_EQ(run({"append", config(), "COPY", file("dumped.csv")}).code, code_ok);
    std::vector<std::string> operations;
    for (const nlohmann::json& row : dump("COPY")) {
        operations.push_back(row["operation"]);
    }
    EXPECT_EQ(operations,
              (std::vector<std::string>{"insert", "insert", "insert", "modify", "delete"}));
    const auto rows_of = [&](const char* table) {
        std::string rows;
        for (const auto& row :
             parse_lines(run({"table", "show", config(), table, "--format", "json"}).out)) {
            rows += row["row"].dump() + "\n";
        }
        return rows;
    };
    EXPECT_EQ(rows_of("COPY"), rows_of("ORDER_OUT"));
    write("wrong.csv", "record.operation,CL_ORD_ID,QUANTITY\ninsrt,A9,1\n");
    const exit_result wrong = run({"append", config(), "ORDER_OUT", file("wrong.csv")});
    EXPECT_EQ(wrong.code, code_data);
    EXPECT_TRUE(has(wrong.err, file("wrong.csv") + ":2: record.operation: 'insrt'"));
    ASSERT_EQ(run({"append", config(), "COPY", file("dumped.csv"), "--operation", "insert"}).code,
              code_ok);
    EXPECT_EQ(dump("COPY", {"--sequence", "10"})[0]["operation"], "insert")
        << "the command line goes before the file";
}

TEST_F(Append, ShowsATableInEveryFormat) {
    append_orders(1, 3);
    const exit_result text = run({"table", "show", config(), "ORDER_OUT"});
    EXPECT_EQ(std::count(text.out.begin(), text.out.end(), '\n'), 3);
    EXPECT_TRUE(has(text.out, "CL_ORD_ID=A2"));
    const exit_result csv = run({"table", "show", config(), "ORDER_OUT", "--format", "csv"});
    EXPECT_EQ(std::count(csv.out.begin(), csv.out.end(), '\n'), 4);
    EXPECT_EQ(run({"table", "show", config(), "ORDER_OUT", "--format", "xml"}).code, code_usage);
    EXPECT_EQ(run({"table", "show", config(), "COPY"}).code, code_failure) << "there is no log yet";
}

}  // namespace
}  // namespace millrace::tests
