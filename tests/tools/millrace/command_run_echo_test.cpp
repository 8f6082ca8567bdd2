// The example that sends back what comes: every version of FIX on one port, as somebody's
// conformance suite would use it.
#include <array>

#include "tests/gateway/session/raw_peer.hpp"
#include "tests/gateway/support/free_port.hpp"
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

struct version {
    const char* begin_string;
    const char* tester;
    const char* logon;  // besides 98 and 108
};

constexpr std::array<version, 8> versions = {{{"FIX.4.0", "TESTER", ""},
                                              {"FIX.4.1", "TESTER", ""},
                                              {"FIX.4.2", "TESTER", ""},
                                              {"FIX.4.3", "TESTER", ""},
                                              {"FIX.4.4", "TESTER", ""},
                                              {"FIXT.1.1", "TESTER50", "1137=7|"},
                                              {"FIXT.1.1", "TESTER50SP1", "1137=8|"},
                                              {"FIXT.1.1", "TESTER50SP2", "1137=9|"}}};

// What every version's NewOrderSingle takes: 21 until 4.3, 60 from 4.2 on.
std::string order_of(const version& one, const std::string& cl_ord_id) {
    const std::string_view begin = one.begin_string;
    const bool has_handling = begin != "FIXT.1.1";
    const bool has_time = begin != "FIX.4.0" && begin != "FIX.4.1";
    return "11=" + cl_ord_id + (has_handling ? "|21=1" : "") + "|38=100|40=1|54=1|55=ABC|" +
           (has_time ? "60=20260301-09:30:00|" : "");
}

class Echo : public CommandLine {
protected:
    Echo() : port_(test::free_port()) {
        const std::filesystem::path examples =
            std::filesystem::path(MILLRACE_SOURCE_ROOT) / "docs/examples";
        std::filesystem::copy_file(examples / "echo.toml", path() / "echo.toml");
        write("echo.cfg", replaced(read_text(examples / "echo.cfg"), "SocketAcceptPort=9881",
                                   "SocketAcceptPort=" + std::to_string(port_)));
    }
    void come(const version& one) {
        peer = std::make_unique<test::raw_peer>();
        version_ = one;
        number_ = 0;
        peer->come_to(port_);
        say("A", std::string("98=0|108=30|") + one.logon);
        hear_until([&] { return peer->has_heard("A"); });
    }
    // header: fields of it behind the four that each has.
    void say(const std::string& type, const std::string& body, const std::string& header = "") {
        peer->say_bytes(test::frame_of(
            "35=" + type + "|34=" + std::to_string(++number_) + "|49=" + version_.tester +
                "|52=" + test::sending_time() + "|56=MILLRACE|" + header + body,
            version_.begin_string));
    }
    template <class Done>
    void hear_until(Done done) {
        wait_until(version_.tester + std::string(" hears it"), [&] {
            peer->hear();
            return done();
        });
    }
    // ClOrdID and 97 of what came back, in order.
    [[nodiscard]] std::vector<std::string> echoed() const {
        std::vector<std::string> all;
        for (const std::string& frame : peer->frames) {
            if (test::field_of(frame, 35) == "D") {
                all.push_back(test::field_of(frame, 11) + test::field_of(frame, 97));
            }
        }
        return all;
    }

    std::unique_ptr<test::raw_peer> peer;

private:
    std::uint16_t port_;
    version version_{};
    std::uint32_t number_ = 0;
};

TEST_F(Echo, SendsBackWhatComesInEveryVersion) {
    millrace_process engine({"run", file("echo.toml")}, path());
    wait_until("it runs", [&] { return bool(has(engine.said(), "running")); });
    for (const version& one : versions) {
        come(one);
        const std::string order = order_of(one, "A1");
        say("D", order);
        hear_until([&] { return echoed().size() == 1; });
        ASSERT_FALSE(peer->frames.empty());
        EXPECT_NE(peer->frames.back().find("\x01" + test::with_soh(order) + "10="),
                  std::string::npos)
            << "its body byte for byte: " << peer->frames.back();
        EXPECT_EQ(test::field_of(peer->frames.back(), 56), one.tester);
        // What has been here before is not sent back again; what may have been is, with its mark.
        say("D", order, "97=Y|");
        say("D", order_of(one, "A2"), "97=Y|");
        say("D", order_of(one, "A3"));
        hear_until([&] { return echoed().size() == 3; });
        EXPECT_EQ(echoed(), (std::vector<std::string>{"A1", "A2Y", "A3"}))
            << one.begin_string << " " << one.tester;
        say("5", "");
        hear_until([&] { return peer->has_heard("5"); });
    }
    // And from the beginning, with new numbers.
    come(versions[4]);
    say("D", order_of(versions[4], "B1"));
    hear_until([&] { return echoed().size() == 1; });
    EXPECT_EQ(echoed(), std::vector<std::string>{"B1"});
    engine.ask_to_stop();
    EXPECT_EQ(engine.wait(30).code, code_ok) << engine.said();
}

}  // namespace
}  // namespace millrace::tests
