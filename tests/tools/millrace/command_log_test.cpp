// Reading logs: formats, ranges, the tail, and what is said of a log that is damaged.
#include "engine/log/log_reader.hpp"
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

class Log : public CommandLine {
protected:
    // Not in the constructor, since it asserts.
    void SetUp() override {
        append_orders(1, 30);
        rows_ = dump("ORDER_OUT");
        ASSERT_EQ(sequences(rows_), range(1, 30));
    }
    [[nodiscard]] std::string position(std::size_t sequence) const {
        return rows_[sequence - 1]["position"].dump();
    }
    [[nodiscard]] std::string time(std::size_t sequence) const {
        return rows_[sequence - 1]["timestamp"];
    }
    [[nodiscard]] std::vector<std::uint64_t> shown(std::vector<std::string> options) const {
        return sequences(dump("ORDER_OUT", std::move(options)));
    }

    std::vector<nlohmann::json> rows_;
};

TEST_F(Log, IsDumpedAsTextOneRowALine) {
    const exit_result result = run({"log", "dump", log("ORDER_OUT")});
    EXPECT_EQ(result.code, code_ok);
    EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 30);
    EXPECT_TRUE(has(result.out, "CL_ORD_ID=A7 SIDE=1 PRICE=7.5 QUANTITY=700 NOTE=\"note, 7\""));
    EXPECT_TRUE(has(result.out, time(7)));
    EXPECT_TRUE(has(result.out, "event=append"));
}

TEST_F(Log, IsDumpedAsCsvUnderAHeader) {
    const exit_result result = run({"log", "dump", log("ORDER_OUT"), "--format", "csv"});
    EXPECT_EQ(result.code, code_ok);
    EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 31);
    EXPECT_TRUE(result.out.starts_with("record.sequence,record.position,record.timestamp,"));
    EXPECT_TRUE(has(result.out, ",A7,1,7.5,700,\"note, 7\"\n"));
}

TEST_F(Log, IsReadFromAnyRecordToAnyOther) {
    for (const std::size_t first : {1U, 2U, 17U, 30U}) {
        const std::vector<std::vector<std::string>> begins = {
            {"--offset", position(first)},
            {"--sequence", std::to_string(first)},
            {"--time", time(first)},
        };
        for (const std::vector<std::string>& begin : begins) {
            SCOPED_TRACE(begin[0] + " " + begin[1]);
            EXPECT_EQ(shown(begin), range(first, 30));
        }
        const std::vector<std::vector<std::string>> ends = {
            {"--until-offset", position(first)},
            {"--until-sequence", std::to_string(first)},
            {"--until-time", time(first)},
        };
        for (const std::vector<std::string>& end : ends) {
            SCOPED_TRACE(end[0] + " " + end[1]);
            EXPECT_EQ(shown(end), range(1, first)) << "the end is included";
        }
    }
    EXPECT_EQ(shown({"--sequence", "11", "--until-offset", position(13)}), range(11, 13));
    EXPECT_EQ(shown({"--time", time(11), "--until-sequence", "12"}), range(11, 12));
    EXPECT_TRUE(shown({"--sequence", "31"}).empty());
    EXPECT_EQ(shown({"--offset", "0", "--until-sequence", "1"}), range(1, 1));
}

TEST_F(Log, PrintsOnlyRowsThatMatch) {
    EXPECT_EQ(shown({"--where", "QUANTITY > 2800"}), range(29, 30));
    EXPECT_EQ(shown({"--where", "CL_ORD_ID = 'A5'", "--until-sequence", "4"}), range(1, 0));
    const exit_result wrong = run({"log", "dump", log("ORDER_OUT"), "--where", "QUANTITTY > 1"});
    EXPECT_EQ(wrong.code, code_usage) << "it stands on the command line";
    EXPECT_TRUE(has(wrong.err, "--where, character 1: "));
    EXPECT_TRUE(has(wrong.err, "QUANTITY"));
}

TEST_F(Log, FindsRowsByWhatTheirEnvelopesSay) {
    write("change.csv", "CL_ORD_ID,QUANTITY\nA2,22\n");
    ASSERT_EQ(run({"append", config(), "ORDER_OUT", file("change.csv"), "--operation", "modify",
                   "--user", "kim"})
                  .code,
              code_ok);
    EXPECT_EQ(shown({"--where", "record.operation = 'modify'"}), range(31, 31));
    EXPECT_EQ(shown({"--where", "record.user = 'kim' and record.event = 'append'"}), range(31, 31));
    const engine::log_reader log_itself(log("ORDER_OUT"), engine::read_from::first());
    const std::string uuid = to_string(log_itself.uuid());
    const std::string begin = uuid.substr(0, 8) + uuid.substr(9, 4) + uuid.substr(14, 4);
    EXPECT_EQ(rows_[6]["correlation"]["log"], begin) << "as the uuid begins that `log info` prints";
    EXPECT_EQ(rows_[6]["correlation"]["sequence"], 7);
    EXPECT_EQ(shown({"--where", "record.correlation = '" + begin + ":7'"}), range(7, 7));
    EXPECT_EQ(shown({"--where", "record.correlation = '" + uuid + ":7'"}), range(7, 7));
    const exit_result text = run({"log", "dump", log("ORDER_OUT"), "--sequence", "7"});
    EXPECT_TRUE(has(text.out, "correlation=" + begin + ":7\n"));
}

TEST_F(Log, SaysWhatARangeNamesThatIsNotThere) {
    struct bad_range {
        std::vector<std::string> options;
        int code;
        std::string reason;
    };
    const std::uint64_t inside = rows_[6]["position"].get<std::uint64_t>() + 8;
    const bad_range cases[] = {
        {{"--sequence", "32"},
         code_failure,
         "--sequence 32 is not in the log, which ends with "
         "sequence 30"},
        {{"--until-sequence", "31"}, code_failure, "--until-sequence 31 is not in the log"},
        {{"--until-offset", std::to_string(inside)}, code_failure, "is not where a record begins"},
        {{"--until-offset", "99999999"}, code_failure, "99999999"},
        {{"--sequence", "3", "--until-sequence", "2"}, code_usage, "ends before it begins"},
        {{"--offset", position(3), "--until-offset", position(2)}, code_usage, "--until-offset"},
        {{"--time", time(3), "--until-time", time(2)}, code_usage, "--until-time"},
    };
    for (const bad_range& one : cases) {
        SCOPED_TRACE(one.options[0] + " " + one.options[1]);
        std::vector<std::string> arguments = {"log", "dump", log("ORDER_OUT")};
        arguments.insert(arguments.end(), one.options.begin(), one.options.end());
        const exit_result result = run(arguments);
        EXPECT_EQ(result.code, one.code);
        EXPECT_EQ(result.out, "");
        EXPECT_TRUE(has(result.err, one.reason));
    }
    EXPECT_TRUE(shown({"--time", "2100-01-01T00:00:00Z"}).empty()) << "a time names no record";
}

TEST_F(Log, SaysThatItsOutputWasLostAndNotThatNobodyReadsOn) {
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"log", "dump", log("ORDER_OUT")},
             {"log", "info", log("ORDER_OUT")},
             {"table", "show", config(), "ORDER_OUT"},
             {"check", config()},
             {"--version"},
             {"demo", "--dir", file("demo"), "--count", "2", "--json"}}) {
        SCOPED_TRACE(arguments[0]);
        const exit_result full = run_into("> /dev/full", arguments);
        EXPECT_EQ(full.code, code_failure);
        EXPECT_TRUE(has(full.err, "write standard output: "));
    }
    const exit_result closed =
        run_into("| { exec 0<&-; sleep 1; }", {"log", "dump", log("ORDER_OUT")});
    EXPECT_EQ(closed.code, code_ok);
    EXPECT_EQ(closed.err, "");
}

TEST_F(Log, NamesTheNearestRecordsOfAnOffsetThatIsNone) {
    const std::uint64_t inside = rows_[6]["position"].get<std::uint64_t>() + 8;
    const exit_result result =
        run({"log", "dump", log("ORDER_OUT"), "--offset", std::to_string(inside)});
    EXPECT_EQ(result.code, code_failure);
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(
        has(result.err, "offset " + std::to_string(inside) + " is not where a record begins"));
    EXPECT_TRUE(has(result.err, position(7) + " and " + position(8)));
    EXPECT_EQ(run({"log", "dump", log("ORDER_OUT"), "--offset", "99999999"}).code, code_failure);
}

TEST_F(Log, RefusesARangeThatIsNone) {
    const std::vector<std::vector<std::string>> cases = {
        {"--sequence", "x"},
        {"--sequence", "-1"},
        {"--offset", "1e3"},
        {"--time", "yesterday"},
        {"--until-time", "2026-13-01T00:00:00Z"},
        {"--until-sequence", ""},
        {"--sequence", "1", "--offset", "0"},
        {"--time", "0", "--sequence", "1"},
        {"--format", "yaml"},
    };
    for (const std::vector<std::string>& one : cases) {
        SCOPED_TRACE(one[0] + " " + one[1]);
        std::vector<std::string> arguments = {"log", "dump", log("ORDER_OUT")};
        arguments.insert(arguments.end(), one.begin(), one.end());
        const exit_result result = run(arguments);
        EXPECT_EQ(result.code, code_usage);
        EXPECT_TRUE(has(result.err, one[0]));
        EXPECT_EQ(result.out, "");
    }
}

TEST_F(Log, IsFollowedWhileItGrows) {
    const temporary_directory watched;
    millrace_process tail({"log", "tail", log("ORDER_OUT"), "--sequence", "29", "--format", "json"},
                          watched.path());
    const auto lines = [&] {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(watched.path())) {
            if (entry.path().extension() == ".out") {
                const std::string text = read_text(entry.path());
                count = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
            }
        }
        return count;
    };
    wait_until("it prints what is there", [&] { return lines() == 2; });
    append_orders(31, 40);
    wait_until("it prints what comes", [&] { return lines() == 12; });
    EXPECT_FALSE(tail.has_ended());
    tail.ask_to_stop();
    const exit_result result = tail.wait(20);
    EXPECT_EQ(result.code, code_ok);
    EXPECT_EQ(sequences(parse_lines(result.out)), range(29, 40));
}

TEST_F(Log, IsDumpedInHexWithItsControlRecords) {
    const exit_result result = run({"log", "dump", log("ORDER_OUT"), "--format", "hex"});
    EXPECT_EQ(result.code, code_ok);
    EXPECT_TRUE(has(result.out,
                    "position " + position(7) + "  sequence 7  " + time(7) + "  type 1  payload "));
    EXPECT_TRUE(has(result.out, "6e 6f 74 65 2c 20 37"));
    EXPECT_TRUE(has(result.out, "note, 7"));
    EXPECT_TRUE(has(result.out, "  type close  payload 0\n"));
    const exit_result one =
        run({"log", "dump", log("ORDER_OUT"), "--format", "hex", "--where", "CL_ORD_ID = 'A7'"});
    EXPECT_EQ(one.code, code_ok);
    EXPECT_EQ(one.out.find("position "), 0U);
    EXPECT_EQ(one.out.find("position ", 1), std::string::npos);
}

TEST_F(Log, IsFollowedBehindADumpToo) {
    const temporary_directory watched;
    millrace_process dumping(
        {"log", "dump", log("ORDER_OUT"), "--follow", "--format", "json", "--until-sequence", "35"},
        watched.path());
    append_orders(31, 40);
    const exit_result result = dumping.wait(20);
    EXPECT_EQ(result.code, code_ok);
    EXPECT_EQ(sequences(parse_lines(result.out)), range(1, 35));
}

// Nobody appends: what ends it has been written.
TEST_F(Log, IsFollowedNoFurtherThanAnEndThatHasBeenWritten) {
    const auto ends = [&](std::vector<std::string> range) {
        std::vector<std::string> arguments = {"log", "tail", log("ORDER_OUT"), "--format", "json"};
        arguments.insert(arguments.end(), range.begin(), range.end());
        millrace_process tail(std::move(arguments), path());
        const exit_result result = tail.wait(20);
        EXPECT_EQ(result.code, code_ok) << range.back();
        return sequences(parse_lines(result.out));
    };
    const std::vector<std::uint64_t> none;
    EXPECT_EQ(ends({"--until-sequence", "7"}), none);
    EXPECT_EQ(ends({"--until-sequence", "30"}), none);
    EXPECT_EQ(ends({"--until-offset", position(30)}), none);
    EXPECT_EQ(ends({"--until-time", time(29)}), none);
    EXPECT_EQ(ends({"--sequence", "29", "--until-sequence", "30"}), range(29, 30));
    EXPECT_EQ(ends({"--sequence", "29", "--until-offset", position(30)}), range(29, 30));
}

TEST_F(Log, IsFollowedAcrossAChangeOfItsColumns) {
    struct expectation {
        std::string format;
        std::string old_row;
        std::string new_row;
        std::string new_header;  // of CSV
    };
    const expectation cases[] = {
        {"text", " NOTE=\"note, 30\" ", " QUANTITY=3100 VENUE=XETR ", ""},
        {"json", "\"NOTE\":\"note, 30\"", "\"VENUE\":\"XETR\"", ""},
        {"csv", ",\"note, 30\"\n", ",3100,XETR,", ",QUANTITY,VENUE,NOTE\n"},
    };
    const auto has_printed = [](const std::filesystem::path& directory, const std::string& text) {
        for (const auto& entry : std::filesystem::directory_iterator(directory)) {
            if (has(read_text(entry.path()), text)) {
                return true;
            }
        }
        return false;
    };
    const temporary_directory watched[3];
    std::vector<std::unique_ptr<millrace_process>> following;
    for (std::size_t i = 0; i < 3; ++i) {
        following.push_back(std::make_unique<millrace_process>(
            std::vector<std::string>{"log", "dump", log("ORDER_OUT"), "--follow", "--sequence",
                                     "30", "--until-sequence", "31", "--where", "QUANTITY >= 3000",
                                     "--format", cases[i].format},
            watched[i].path()));
    }
    for (std::size_t i = 0; i < 3; ++i) {
        wait_until("it prints what is there",
                   [&] { return has_printed(watched[i].path(), cases[i].old_row); });
    }
    std::string tables(tables_text);
    const std::string before = "    {name = \"NOTE\", type = \"vartext\"},\n]";
    tables.insert(tables.find(before), "    {name = \"VENUE\", type = \"text(6)\"},\n");
    write("test.toml", tables);
    write("late.csv", "CL_ORD_ID,QUANTITY,VENUE\nA31,3100,XETR\nA32,3200,XETR\n");
    const exit_result appended = run({"append", config(), "ORDER_OUT", file("late.csv")});
    ASSERT_EQ(appended.code, code_ok) << appended.err;
    for (std::size_t i = 0; i < 3; ++i) {
        const exit_result result = following[i]->wait(20);
        EXPECT_EQ(result.code, code_ok) << result.err;
        EXPECT_TRUE(has(result.out, cases[i].old_row));
        EXPECT_TRUE(has(result.out, cases[i].new_row));
        EXPECT_TRUE(has(result.out, cases[i].new_header));
        EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'),
                  cases[i].format == "csv" ? 4 : 2)
            << result.out;
    }
}

TEST_F(Log, IsReportedWithThePositionOfItsDamage) {
    const std::uint64_t at = rows_[9]["position"].get<std::uint64_t>();
    {
        std::fstream segment(path() / "data/ORDER_OUT" / engine::segment_file_name(0),
                             std::ios::in | std::ios::out | std::ios::binary);
        segment.seekp(static_cast<std::streamoff>(at + 40));
        segment.put('!');
        ASSERT_TRUE(segment.good());
    }
    const exit_result dumped = run({"log", "dump", log("ORDER_OUT"), "--format", "json"});
    EXPECT_EQ(dumped.code, code_damaged);
    EXPECT_EQ(sequences(parse_lines(dumped.out)), range(1, 9)) << "what is whole is printed";
    EXPECT_TRUE(has(dumped.err, std::to_string(at)));
    EXPECT_TRUE(has(dumped.err, "checksum"));
    const exit_result shown = run({"table", "show", config(), "ORDER_OUT"});
    EXPECT_EQ(shown.code, code_damaged);
    EXPECT_TRUE(has(shown.err, std::to_string(at)));
    EXPECT_EQ(run({"append", config(), "ORDER_OUT", file("orders.csv")}).code, code_damaged);
    EXPECT_EQ(run({"log", "dump", log("ORDER_OUT"), "--offset", position(20)}).code, code_damaged)
        << "nothing behind the damage is believed";
}

TEST_F(Log, SaysWhereThereIsNone) {
    const exit_result result = run({"log", "dump", file("nowhere")});
    EXPECT_EQ(result.code, code_failure);
    EXPECT_TRUE(has(result.err, file("nowhere")));
}

}  // namespace
}  // namespace millrace::tests
