// `millrace venue` as a new user meets it: the example works beside the other examples, and a wrong
// file is refused with its line.
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

}  // namespace
}  // namespace millrace::tests
