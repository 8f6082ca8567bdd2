// `millrace check` on the example of the documentation, and on every mistake it promises to name.
#include <regex>

#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

class Check : public CommandLine {
protected:
    Check() {
        const std::filesystem::path examples =
            std::filesystem::path(MILLRACE_SOURCE_ROOT) / "docs/examples";
        for (const char* name : {"orders.toml", "sessions.cfg"}) {
            std::filesystem::copy_file(examples / name, path() / name);
        }
        example_ = read_text(path() / "orders.toml");
    }

    // The example with its first `from` replaced; the line where that stands.
    long change(const std::string& from, const std::string& to) const {
        const std::size_t at = example_.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        std::string text = example_;
        text.replace(at, from.size(), to);
        write("orders.toml", text);
        return 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    }
    // `lines_down`: where the finding stands, from where the change begins.
    void expect_refused(const std::string& from, const std::string& to, long lines_down,
                        const std::vector<std::string>& parts) const {
        SCOPED_TRACE(to);
        const long line = change(from, to) + lines_down;
        const exit_result result = run({"check", file("orders.toml")});
        EXPECT_EQ(result.code, code_configuration);
        EXPECT_EQ(result.out, "") << "no graph of a wrong configuration";
        EXPECT_TRUE(has(result.err, file("orders.toml") + ":" + std::to_string(line) + ": "));
        for (const std::string& part : parts) {
            EXPECT_TRUE(has(result.err, part));
        }
        const exit_result started = run({"run", file("orders.toml")});
        EXPECT_EQ(started.code, code_configuration) << "run checks the same way";
        EXPECT_TRUE(has(started.err, file("orders.toml") + ":" + std::to_string(line) + ": "));
        EXPECT_FALSE(std::filesystem::exists(path() / "data")) << "refused before anything is made";
    }

    std::string example_;
};

TEST_F(Check, PrintsGraphAndThreadsOfTheExample) {
    const exit_result result = run({"check", file("orders.toml")});
    EXPECT_EQ(result.code, code_ok) << result.err;
    EXPECT_TRUE(has(result.out,
                    "table ORDER_OUT -> stream NEW_ORDERS -> client orders -> route "
                    "orders-to-venue (map new_order) -> session FIX.4.4:MILLRACE->VENUE\n"));
    EXPECT_TRUE(has(result.out, "-> table EXECUTION\n"));
    EXPECT_TRUE(has(result.out, "hot (any CPU, backoff): streamer:ORDER_OUT client:orders "));
    EXPECT_TRUE(has(result.out,
                    "sessions:\n  FIX.4.4:MILLRACE->VENUE: non-stop UTC; logon time; next boundary "
                    "never\n"));
    EXPECT_FALSE(std::filesystem::exists(path() / "data")) << "check makes nothing";
}

TEST_F(Check, RefusesAnUnknownKeyAndNamesTheNearest) {
    expect_refused("ring_slots", "ring_slot", 0, {"'ring_slot'", "ring_slots"});
    expect_refused("segment_bytes", "segmentbytes", 0, {"'segmentbytes'", "segment_bytes"});
}

TEST_F(Check, RefusesAnUnknownStream) {
    expect_refused("name = \"orders\"\nstream = \"NEW_ORDERS\"",
                   "name = \"orders\"\nstream = \"NEW_ORDER\"", 1, {"'NEW_ORDER'", "NEW_ORDERS"});
}

TEST_F(Check, RefusesAnUnknownColumn) {
    expect_refused("ClOrdID = \"CL_ORD_ID\"", "ClOrdID = \"CL_ORDER_ID\"", 0,
                   {"CL_ORDER_ID", "CL_ORD_ID"});
    expect_refused("where = \"QUANTITY > 0", "where = \"QUANTITTY > 0", 0, {"QUANTITY"});
}

TEST_F(Check, RefusesAFieldThatIsNotInTheDictionary) {
    expect_refused("Price = \"PRICE\"", "Prise = \"PRICE\"", 0, {"Prise", "Price"});
    expect_refused("EXEC_ID = \"ExecID\"", "EXEC_ID = \"ExecIDs\"", 0, {"ExecIDs", "ExecID"});
}

TEST_F(Check, RefusesARequiredFieldWithoutASource) {
    const long line = change("OrdType = {value = \"2\"}\n", "");
    const exit_result result = run({"check", file("orders.toml")});
    EXPECT_EQ(result.code, code_configuration);
    EXPECT_TRUE(has(result.err, "OrdType"));
    std::smatch found;
    ASSERT_TRUE(std::regex_search(result.err, found, std::regex("orders\\.toml:([0-9]+): ")))
        << result.err;
    EXPECT_LE(std::stol(found[1]), line);
    EXPECT_GT(std::stol(found[1]), line - 20) << "in the map";
}

TEST_F(Check, RefusesTwoWritersOfOneLog) {
    const long line =
        change("name = \"EXECUTION\"\n", "name = \"EXECUTION\"\ndirectory = \"data/ORDER_OUT\"\n");
    const exit_result result = run({"check", file("orders.toml")});
    EXPECT_EQ(result.code, code_configuration);
    EXPECT_TRUE(has(result.err, file("orders.toml") + ":" + std::to_string(line + 1) + ": "));
    EXPECT_TRUE(has(result.err, "ORDER_OUT"));
}

TEST_F(Check, RefusesACpuThatDoesNotExist) {
    expect_refused("name = \"hot\"\n", "name = \"hot\"\ncpu = 4000\n", 1,
                   {"CPU 4000 does not exist"});
}

TEST_F(Check, RefusesARouteToASessionThatDoesNotSayWhereItStarts) {
    const long line = change("start = \"first\"\n", "");
    const exit_result result = run({"check", file("orders.toml")});
    EXPECT_EQ(result.code, code_configuration);
    EXPECT_TRUE(has(result.err, "start"));
    std::smatch found;
    ASSERT_TRUE(std::regex_search(result.err, found, std::regex("orders\\.toml:([0-9]+): ")))
        << result.err;
    EXPECT_LE(std::stol(found[1]), line);
    EXPECT_GE(std::stol(found[1]), line - 4) << "in the route";
}

TEST_F(Check, RefusesWhatIsNoToml) {
    expect_refused("[[stream]]", "[[stream", 0, {});
}

TEST_F(Check, RefusesWrongSettingsWithTheirOwnLine) {
    std::string settings = read_text(path() / "sessions.cfg");
    const std::size_t at = settings.find("HeartBtInt=30");
    ASSERT_NE(at, std::string::npos);
    settings.replace(at, 13, "HeartBtInt=soon");
    write("sessions.cfg", settings);
    const exit_result result = run({"check", file("orders.toml")});
    EXPECT_EQ(result.code, code_configuration);
    const long line =
        1 + std::count(settings.begin(), settings.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    EXPECT_TRUE(has(result.err, file("sessions.cfg") + ":" + std::to_string(line)));
    EXPECT_TRUE(has(result.err, "HeartBtInt"));
}

TEST_F(Check, RefusesAHandlerThatRunDoesNotHave) {
    const long line = change("table = \"EXECUTION\"\nmap = \"execution\"",
                             "handler = \"on_report\"\ntable = \"EXECUTION\"\nmap = \"execution\"");
    const exit_result refused = run({"check", file("orders.toml")});
    EXPECT_EQ(refused.code, code_configuration);
    EXPECT_TRUE(has(refused.err, ":" + std::to_string(line) + ": unknown event handler"));
    EXPECT_EQ(run({"run", file("orders.toml")}).code, code_configuration);
    EXPECT_EQ(run({"check", file("orders.toml"), "--handler", "on_report"}).code, code_ok)
        << "for whoever runs it by a program of his own";
}

TEST_F(Check, RefusesAFileWithNothingToRun) {
    write("empty.toml", "");
    for (const char* verb : {"check", "run"}) {
        const exit_result result = run({verb, file("empty.toml")});
        EXPECT_EQ(result.code, code_configuration) << verb;
        EXPECT_TRUE(has(result.err, file("empty.toml") + ": nothing to run"));
    }
}

TEST_F(Check, SaysEveryMistakeAtOnce) {
    std::string text = example_;
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"ClOrdID = \"CL_ORD_ID\"", "ClOrdID = \"CL_ORDER_ID\""},
             {"name = \"orders\"\nstream = \"NEW_ORDERS\"", "name = \"orders\"\nstream = \"OLD\""},
             {"name = \"hot\"\n", "name = \"hot\"\ncpu = 4000\n"}}) {
        text.replace(text.find(from), from.size(), to);
    }
    write("orders.toml", text);
    const exit_result result = run({"check", file("orders.toml")});
    EXPECT_EQ(result.code, code_configuration);
    EXPECT_TRUE(has(result.err, "'OLD'"));
    EXPECT_FALSE(has(result.err, "unknown agent"));
    EXPECT_TRUE(has(result.err, "CPU 4000"));
}

}  // namespace
}  // namespace millrace::tests
