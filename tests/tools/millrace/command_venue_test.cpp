// `millrace venue` as a new user meets it: the example works beside the other examples, and a wrong
// file is refused with its line.
#include <cstdlib>
#include <cstring>

#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

class VenueCommand : public CommandLine {
protected:
    VenueCommand() {
        const std::filesystem::path examples =
            std::filesystem::path(MILLRACE_SOURCE_ROOT) / "docs/examples";
        for (const char* name : {"orders.toml", "sessions.cfg", "venue.cfg"}) {
            std::filesystem::copy_file(examples / name, path() / name);
        }
    }
    void replace(const std::string& name, const std::string& from, const std::string& to) const {
        std::string text = read_text(path() / name);
        const std::size_t at = text.find(from);
        ASSERT_NE(at, std::string::npos) << name << " has no " << from;
        write(name, text.replace(at, from.size(), to));
    }
    [[nodiscard]] std::string line_of(const std::string& name, const std::string& what) const {
        const std::string text = read_text(path() / name);
        const auto begin = text.begin();
        const auto at = static_cast<std::ptrdiff_t>(text.find(what));
        return file(name) + ":" + std::to_string(1 + std::count(begin, begin + at, '\n')) + ": ";
    }
    [[nodiscard]] std::size_t executions() const {
        const exit_result result =
            run({"table", "show", file("orders.toml"), "EXECUTION", "--format", "json"});
        return result.code == code_ok ? parse_lines(result.out).size() : 0;
    }
};

TEST_F(VenueCommand, PlaysTheExampleTogetherWithTheOtherExamples) {
    replace("venue.cfg", "SocketAcceptPort=9880", "SocketAcceptPort=0");
    millrace_process venue({"venue", file("venue.cfg")}, path());
    wait_until("it listens", [&] { return bool(has(venue.said(), "listening")); });
    EXPECT_TRUE(has(venue.said(), line_of("venue.cfg", "DataDictionary") +
                                      "DataDictionary=FIX44.xml does not exist: using"));
    std::string port = read_text(path() / "venue/port");
    port.pop_back();
    replace("sessions.cfg", "SocketConnectPort=9880", "SocketConnectPort=" + port);
    write("orders.csv",
          "CL_ORD_ID,SYMBOL,SIDE,PRICE,QUANTITY,ACCOUNT,CLIENT_ID\nA1,ABC,B,10.5,100,ACC,CLI\n");
    ASSERT_EQ(run({"append", file("orders.toml"), "ORDER_OUT", file("orders.csv")}).code, code_ok);
    millrace_process engine({"run", file("orders.toml")}, path());
    wait_until("the report is in EXECUTION", [&] { return executions() > 0; });
    engine.ask_to_stop();
    EXPECT_EQ(engine.wait(20).code, code_ok);
    venue.ask_to_stop();
    const exit_result result = venue.wait(20);
    EXPECT_EQ(result.code, code_ok);
    EXPECT_EQ(nlohmann::json::parse(result.out).at("orders"), 1);
}

TEST_F(VenueCommand, RefusesAPortThatIsNoneWithItsLine) {
    replace("venue.cfg", "SocketAcceptPort=9880", "SocketAcceptPort=99999");
    const exit_result result = run({"venue", file("venue.cfg")});
    EXPECT_EQ(result.code, code_configuration);
    EXPECT_TRUE(has(result.err, line_of("venue.cfg", "SocketAcceptPort") +
                                    "SocketAcceptPort=99999: expected a port from 0 to 65535"));
}

TEST_F(VenueCommand, RefusesADictionaryThatNobodyHasWithItsLine) {
    replace("venue.cfg", "DataDictionary=FIX44.xml", "DataDictionary=OURS.xml");
    const exit_result result = run({"venue", file("venue.cfg")});
    EXPECT_EQ(result.code, code_configuration);
    EXPECT_TRUE(has(result.err, line_of("venue.cfg", "DataDictionary") +
                                    "DataDictionary=OURS.xml: no such file"));
}

class ScriptCommand : public CommandLine {
protected:
    ScriptCommand() {
        write("asks.script", "logon\nsend 35=1|112=HELLO\nexpect 35=0|112=$answer\nlogout\n");
        write("answers.script",
              "logon\nexpect 35=1\nsend 35=0|112=$112\nexpect 35=5\nsend 35=5\ndisconnect\n");
    }
    // Plays both against each other: the output of the one that connects.
    exit_result play(const std::vector<std::string>& more) {
        millrace_process listens({"venue", "--script", file("answers.script"), "--port", "0",
                                  "--sender", "OURS", "--target", "THEIRS", "--timeout", "60"},
                                 path());
        wait_until("it listens", [&] { return bool(has(listens.said(), "listening on port ")); });
        const std::string said = listens.said();
        const std::string port = std::to_string(std::atoi(
            said.c_str() + said.find("listening on port ") + std::strlen("listening on port ")));
        std::vector<std::string> words = {
            "venue",    "--script", file("asks.script"), "--connect", "127.0.0.1:" + port,
            "--sender", "THEIRS",   "--target",          "OURS",      "--timeout",
            "60"};
        words.insert(words.end(), more.begin(), more.end());
        const exit_result result = run(words);
        listened = listens.wait(90).code;
        return result;
    }

    int listened = -1;
};

TEST_F(ScriptCommand, PlaysBothSidesAndComparesWithAGoldenLog) {
    const exit_result first =
        play({"--set", "answer=HELLO", "--record", file("golden"), "--write-bytes", "3"});
    EXPECT_EQ(first.code, code_ok) << first.err;
    EXPECT_EQ(listened, code_ok);
    const std::string golden = read_text(path() / "golden");
    EXPECT_TRUE(has(golden, "\n> 8=FIX.4.4|9=*|35=1|34=2|49=THEIRS|52=*|56=OURS|112=HELLO|10=*|\n"))
        << golden;
    EXPECT_EQ(play({"--set", "answer=HELLO", "--golden", file("golden")}).code, code_ok);
    write("golden", golden.substr(0, golden.find('\n') + 1));
    const exit_result other = play({"--set", "answer=HELLO", "--golden", file("golden")});
    EXPECT_EQ(other.code, code_negative);
    EXPECT_TRUE(has(other.err, "line 2: the golden log has (its end), but this was > 8=FIX.4.4"))
        << other.err;
}

TEST_F(ScriptCommand, SaysWhichLineWasNotMet) {
    const exit_result result = play({"--set", "answer=BYE"});
    EXPECT_EQ(result.code, code_negative);
    EXPECT_TRUE(has(result.err, file("asks.script") +
                                    ":3: 'expect 35=0|112=$answer': 112 is not BYE; came: 8=FIX"))
        << result.err;
    EXPECT_EQ(listened, code_negative);
}

TEST_F(ScriptCommand, RefusesAWrongScriptAndAWrongCommandLine) {
    write("wrong.script", "logon\nexpct 35=0\n");
    const exit_result wrong =
        run({"venue", "--script", file("wrong.script"), "--connect", "127.0.0.1:9"});
    EXPECT_EQ(wrong.code, code_data);
    EXPECT_TRUE(has(wrong.err, file("wrong.script") + ":2: unknown statement 'expct'"))
        << wrong.err;
    const exit_result unset =
        run({"venue", "--script", file("asks.script"), "--connect", "127.0.0.1:9"});
    EXPECT_EQ(unset.code, code_data);
    EXPECT_TRUE(has(unset.err, "unknown variable $answer")) << unset.err;
    write("listens.script", "only listens\nlogon\n");
    EXPECT_EQ(run({"venue", "--script", file("listens.script"), "--connect", "127.0.0.1:9"}).code,
              code_usage);
    EXPECT_EQ(run({"venue", "--script", file("asks.script"), "--connect", "nowhere"}).code,
              code_usage);
    EXPECT_EQ(run({"venue", "--script", file("asks.script"), "--set", "x"}).code, code_usage);
    EXPECT_EQ(run({"venue"}).code, code_usage);
    EXPECT_EQ(run({"venue", "--connect", "127.0.0.1:9"}).code, code_usage);
}

}  // namespace
}  // namespace millrace::tests
