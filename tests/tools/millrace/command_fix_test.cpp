// FIX messages in files, by the command line.
#include "tests/tools/millrace/command_support.hpp"
#include "tests/xlator/fix_text.hpp"

namespace millrace::tests {
namespace {

class CommandFix : public CommandLine {
protected:
    CommandFix() {
        write("a.log",
              "20260302-09:30:00.1 : " + with_bars(frame_of(order_fields)) + "\n" +
                  with_bars(frame_of("35=8|34=2|49=V|52=20260302-09:30:00.250|56=M|11=A1|17=E1|"
                                     "37=V1|150=0|39=0|54=1|55=VOD.L|14=0|151=100|6=0|")) +
                  "\n" + with_bars(frame_of("35=0|34=3|49=V|52=20260302-09:30:01|56=M|")) + "\n");
    }
    static constexpr const char* order_fields =
        "35=D|34=1|49=M|52=20260302-09:30:00|56=V|11=A1|55=VOD.L|54=1|60=20260302-09:30:00|38=100|"
        "40=1|";
};

TEST_F(CommandFix, PrintsAFileOrStandardInput) {
    const exit_result result = run({"fix", "print", file("a.log")});
    EXPECT_EQ(result.code, code_ok) << result.err;
    EXPECT_TRUE(has(result.out, "20260302-09:30:00.1  BeginString(8)=FIX.4.4|"));
    EXPECT_TRUE(has(result.out, "ExecType(150)=0 (new)"));
    EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3);
    EXPECT_EQ(run({"fix", "print"}).out, "") << "nothing comes from standard input";
    const auto rows = parse_lines(
        run({"fix", "print", file("a.log"), "--format", "json", "--type", "D,Heartbeat"}).out);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[1]["fields"][2]["meaning"], "Heartbeat");
}

TEST_F(CommandFix, FollowsOneOrderWithTheTimeBetweenItsMessages) {
    const exit_result result = run({"fix", "print", file("a.log"), "--order", "A1"});
    EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 2);
    EXPECT_TRUE(has(result.out, "+0.250000000 s  BeginString(8)"));
}

TEST_F(CommandFix, FollowsAnOrderThroughMessagesThatAreNotShown) {
    write("chain.log", with_bars(frame_of("35=D|34=1|52=20260302-09:30:00|11=A1|")) + "\n" +
                           with_bars(frame_of("35=G|34=2|52=20260302-09:30:01|11=A2|41=A1|")) +
                           "\n" + with_bars(frame_of("35=8|34=1|52=20260302-09:30:02|11=A2|")) +
                           "\n");
    const auto lines = [&](const std::vector<std::string>& choice) {
        std::vector<std::string> words = {"fix", "print", file("chain.log"), "--order", "A1"};
        words.insert(words.end(), choice.begin(), choice.end());
        const std::string out = run(words).out;
        return std::count(out.begin(), out.end(), '\n');
    };
    EXPECT_EQ(lines({}), 3);
    EXPECT_EQ(lines({"--type", "8"}), 1);
    EXPECT_EQ(lines({"--where", "MsgType=8"}), 1);
}

TEST_F(CommandFix, ReadsWhatLogDumpPrints) {
    write("rows.ndjson", "{\"CL_ORD_ID\":\"A1\",\"QUANTITY\":1,\"NOTE\":\"" +
                             with_bars(frame_of(order_fields)) + "\"}\n");
    ASSERT_EQ(run({"append", config(), "ORDER_OUT", file("rows.ndjson")}).code, code_ok);
    write("dump.txt", run({"log", "dump", log("ORDER_OUT")}).out);
    const exit_result result = run({"fix", "validate", file("dump.txt")});
    EXPECT_EQ(result.out, "1 messages, 0 of them bad\n");
}

TEST_F(CommandFix, ConditionsOfLogDumpMayAskForFieldsOfAMessage) {
    std::string rows;
    for (const std::string quantity : {"100", "200"}) {
        std::string fields = order_fields;
        fields.replace(fields.find("38=100"), 6, "38=" + quantity);
        const nlohmann::json row = {
            {"CL_ORD_ID", "A" + quantity}, {"QUANTITY", 1}, {"NOTE", frame_of(fields)}};
        rows += row.dump() + "\n";
    }
    write("rows.ndjson", rows);
    ASSERT_EQ(run({"append", config(), "ORDER_OUT", file("rows.ndjson")}).code, code_ok);
    const auto found =
        dump("ORDER_OUT", {"--dictionary", "FIX44", "--where", "MsgType = 'D' and OrderQty > 150"});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0]["row"]["CL_ORD_ID"], "A200");
    const exit_result without = run({"log", "dump", log("ORDER_OUT"), "--where", "OrderQty > 150"});
    EXPECT_EQ(without.code, code_usage);
    EXPECT_TRUE(has(without.err, "unknown column OrderQty"));
    EXPECT_EQ(run({"log", "dump", log("ORDER_OUT"), "--dictionary", "FIX4O"}).code, code_usage);
}

TEST_F(CommandFix, FindsAsGrepDoes) {
    EXPECT_EQ(run({"fix", "grep", "35=D", file("a.log"), "--count"}).out, "1\n");
    EXPECT_EQ(run({"fix", "grep", "MsgType=^0$", file("a.log")}).out,
              with_bars(frame_of("35=0|34=3|49=V|52=20260302-09:30:01|56=M|")) + "\n");
    EXPECT_EQ(run({"fix", "grep", "nothing", file("a.log")}).code, 1);
    EXPECT_EQ(run({"fix", "grep", "35=D", file("a.log"), "--invert", "--count"}).out, "2\n");
}

TEST_F(CommandFix, ValidatesAndNamesWhatIsWrongAndWhere) {
    const exit_result good = run({"fix", "validate", file("a.log")});
    EXPECT_EQ(good.code, code_ok) << good.out;
    EXPECT_EQ(good.out, "3 messages, 0 of them bad\n");
    std::string bad = order_fields;
    bad.replace(bad.find("54=1"), 4, "54=Z");
    write("b.log", "x\n" + with_bars(frame_of(bad)) + "\n" + "8=FIX.4.4|9=5|35=0|\n");
    const exit_result result = run({"fix", "validate", file("b.log")});
    EXPECT_EQ(result.code, 1);
    EXPECT_TRUE(has(result.out, file("b.log") + ":2: offset 2: NewOrderSingle 1: value is not one "
                                                "of the tag's values (373=5), Side(54)\n"));
    EXPECT_TRUE(has(result.out, ":3: offset "));
    EXPECT_TRUE(has(result.out, "garbled: it ends without a trailer\n2 messages, 2 of them bad\n"));
    const exit_result json = run({"fix", "validate", file("b.log"), "--format", "json"});
    EXPECT_EQ(json.code, 1);
    const auto found = parse_lines(json.out);
    ASSERT_EQ(found.size(), 2U) << json.out;
    EXPECT_EQ(found[0], nlohmann::json({{"file", file("b.log")},
                                        {"line", 2},
                                        {"offset", 2},
                                        {"msg_type", "D"},
                                        {"message", "NewOrderSingle"},
                                        {"msg_seq_num", "1"},
                                        {"finding", "value is not one of the tag's values"},
                                        {"reason", 5},
                                        {"tag", 54},
                                        {"name", "Side"}}));
    EXPECT_EQ(found[1]["finding"], "garbled: it ends without a trailer");
    EXPECT_FALSE(found[1].contains("reason"));
    const exit_result none = run({"fix", "validate", file("a.log"), "--format", "json"});
    EXPECT_EQ(none.code, code_ok);
    EXPECT_EQ(none.out, "");
}

TEST_F(CommandFix, ComparesTwoFiles) {
    std::string other = order_fields;
    other.replace(other.find("38=100"), 6, "38=200");
    write("b.log", with_bars(frame_of(other)) + "\n");
    const exit_result result = run({"fix", "diff", file("a.log"), file("b.log")});
    EXPECT_EQ(result.code, 1);
    EXPECT_TRUE(has(result.out,
                    "NewOrderSingle ClOrdID(11)=A1, lines 1 and 1\n"
                    "  OrderQty(38): 100 -> 200\n"));
    EXPECT_TRUE(has(result.out, "only in A: ExecutionReport ClOrdID(11)=A1, line 2\n"));
    const exit_result json = run({"fix", "diff", file("a.log"), file("b.log"), "--format", "json"});
    EXPECT_EQ(json.code, 1);
    const auto rows = parse_lines(json.out);
    ASSERT_EQ(rows.size(), 3U) << json.out;
    EXPECT_EQ(rows[0]["fields"][0]["b"]["value"], "200");
    EXPECT_FALSE(rows[1].contains("b"));
    EXPECT_EQ(run({"fix", "diff", file("a.log"), file("a.log"), "--format", "json"}).out, "");
    EXPECT_EQ(run({"fix", "diff", file("a.log"), file("a.log")}).code, code_ok);
    EXPECT_EQ(run({"fix", "diff", file("a.log"), file("b.log"), "--by", "x"}).code, code_usage);
}

TEST_F(CommandFix, SaysWhichDictionaryFileOrPatternItCannotTake) {
    const exit_result unknown = run({"fix", "print", file("a.log"), "--dictionary", "FIX4.4"});
    EXPECT_EQ(unknown.code, code_usage);
    EXPECT_TRUE(has(unknown.err, "--dictionary: unknown dictionary 'FIX4.4'"));
    EXPECT_EQ(run({"fix", "print", file("none.log")}).code, code_failure);
    const exit_result pattern = run({"fix", "grep", "54=[", file("a.log")});
    EXPECT_EQ(pattern.code, code_usage);
    EXPECT_TRUE(has(pattern.err, "'[' is no regular expression"));
    EXPECT_EQ(run({"fix", "print", file("a.log"), "--dictionary", "FIX50SP2"}).code, code_ok);
}

}  // namespace
}  // namespace millrace::tests
