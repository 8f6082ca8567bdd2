// `millrace session` against a running engine and a venue, against a stopped one, and what the
// audit log says of both.
#include <unistd.h>

#include <memory>

#include "tests/tools/millrace/command_support.hpp"
#include "tests/xlator/fix_text.hpp"

namespace millrace::tests {
namespace {

using nlohmann::json;
using strings = std::vector<std::string>;

constexpr const char* name = "FIX.4.4:MILLRACE->VENUE";

class SessionAdmin : public CommandLine {
protected:
    SessionAdmin() {
        const std::filesystem::path examples =
            std::filesystem::path(MILLRACE_SOURCE_ROOT) / "docs/examples";
        for (const char* one : {"orders.toml", "sessions.cfg", "venue.cfg"}) {
            std::filesystem::copy_file(examples / one, path() / one);
        }
        write("venue.cfg", replaced(read_text(file("venue.cfg")), "SocketAcceptPort=9880",
                                    "SocketAcceptPort=0"));
    }

    [[nodiscard]] std::string orders() const { return file("orders.toml"); }
    void start_venue() {
        venue = std::make_unique<millrace_process>(
            std::vector<std::string>{"venue", file("venue.cfg")}, path());
        wait_until("it listens", [&] { return bool(has(venue->said(), "listening")); });
        std::string port = read_text(path() / "venue/port");
        port.pop_back();
        write("sessions.cfg", replaced(read_text(file("sessions.cfg")), "SocketConnectPort=9880",
                                       "SocketConnectPort=" + port));
    }
    void start_engine() {
        engine =
            std::make_unique<millrace_process>(std::vector<std::string>{"run", orders()}, path());
        wait_until("it runs", [&] { return bool(has(engine->said(), "running")); });
    }
    void stop_engine() {
        engine->ask_to_stop();
        EXPECT_EQ(engine->wait(30).code, code_ok) << engine->said();
        engine.reset();
    }
    [[nodiscard]] exit_result session(strings arguments) const {
        arguments.insert(arguments.begin(), "session");
        return run(std::move(arguments));
    }
    // VERB CONFIG SESSION, with what a destructive one needs.
    [[nodiscard]] exit_result sure(const std::string& verb, strings more = {}) const {
        strings arguments = {verb, orders(), name, "--reason", "a test", "--yes"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return session(std::move(arguments));
    }
    [[nodiscard]] json shown() const {
        const exit_result result = session({"show", orders(), name, "--json"});
        EXPECT_EQ(result.code, code_ok) << result.err;
        return json::parse(result.out).at("sessions").at(0);
    }
    void wait_for_state(const std::string& state) const {
        wait_until(state, [&] { return shown()["state"] == state; });
    }
    void append(int first, int last) const {
        std::string rows = "CL_ORD_ID,SYMBOL,SIDE,PRICE,QUANTITY,ACCOUNT,CLIENT_ID\n";
        for (int number = first; number <= last; ++number) {
            rows += "A" + std::to_string(number) + ",ABC,B,10.5,100,ACC,CLI\n";
        }
        write("rows.csv", rows);
        const exit_result result = run({"append", orders(), "ORDER_OUT", file("rows.csv")});
        ASSERT_EQ(result.code, code_ok) << result.err;
    }
    [[nodiscard]] std::size_t sent() const {
        return dump("venue/FIX_OUT", {"--where", "KIND = 'application'"}).size();
    }
    // "reset done", in order.
    [[nodiscard]] strings audited() const {
        strings all;
        for (const json& row : dump("ADMIN")) {
            all.push_back(row["row"]["COMMAND"].get<std::string>() + " " +
                          row["row"]["OUTCOME"].get<std::string>());
        }
        return all;
    }

    std::unique_ptr<millrace_process> venue;
    std::unique_ptr<millrace_process> engine;
};

TEST_F(SessionAdmin, StopsOrdersAndLetsThemGoAcrossAKill) {
    start_venue();
    start_engine();
    wait_for_state("logged on");
    append(1, 3);
    wait_until("three are sent", [&] { return sent() == 3; });
    const exit_result listed = session({"list", orders()});
    EXPECT_EQ(listed.code, code_ok);
    EXPECT_TRUE(has(listed.out, std::string(name) + "  logged on  next "));

    const exit_result killed =
        session({"kill", orders(), "--all", "--reason", "runs wild", "--yes"});
    EXPECT_EQ(killed.code, code_ok) << killed.err;
    EXPECT_TRUE(has(killed.out, "no application message leaves"));
    EXPECT_TRUE(has(killed.out, "in effect after "));
    append(4, 6);
    EXPECT_EQ(shown()["state"], "logged on; killed");
    engine->kill_hard();
    engine.reset();
    start_engine();
    wait_for_state("logged on; killed");
    EXPECT_EQ(shown()["messages_out"], 0);
    const exit_result tested = session({"test-request", orders(), name});
    EXPECT_EQ(tested.code, code_ok) << tested.err;
    // Behind the answer to it nothing else can be on its way.
    wait_until("the venue answers", [&] {
        return !dump("venue/FIX_IN", {"--where", "MSG_TYPE = '0'"}).empty();
    });
    EXPECT_EQ(sent(), 3U) << "orders wait in their log";

    EXPECT_EQ(sure("kill", {"--off"}).code, code_ok);
    wait_until("all are sent", [&] { return sent() == 6; });
    EXPECT_EQ(shown()["state"], "logged on");
    const exit_result detail = session({"show", orders(), "MILLRACE->VENUE"});
    EXPECT_TRUE(has(detail.out, "  killed           no\n"));
    EXPECT_TRUE(has(detail.out, "  last logon       "));
    stop_engine();
    EXPECT_EQ(audited(), (strings{"kill done", "test-request asked", "test-request done",
                                  "release asked", "release done"}));
    const json row = dump("ADMIN").front();
    EXPECT_EQ(row["row"]["UID"], ::geteuid());
    EXPECT_EQ(row["row"]["REASON"], "runs wild");
    EXPECT_EQ(row["row"]["SESSION"], name);
    EXPECT_TRUE(has(row["row"]["BEFORE"], "logged on; next "));
    EXPECT_TRUE(has(row["row"]["AFTER"], "; killed"));
}

TEST_F(SessionAdmin, LogsOutAndOnResetsAndSetsNumbers) {
    start_venue();
    start_engine();
    wait_for_state("logged on");
    EXPECT_EQ(sure("logout", {"--text", "lunch"}).code, code_ok);
    wait_for_state("logged out by an operator");
    EXPECT_EQ(session({"test-request", orders(), name}).code, code_negative);
    EXPECT_EQ(session({"logon", orders(), name}).code, code_ok);
    wait_for_state("logged on");
    // The venue is told nothing of it: it finds the number too low, and so the session halts.
    const exit_result reset = sure("reset");
    EXPECT_EQ(reset.code, code_ok) << reset.err;
    EXPECT_TRUE(has(reset.out, "next numbers are 1, and 1 expected, of generation 2"));
    EXPECT_TRUE(has(reset.out, "(before: "));
    wait_for_state("halted(numbers contradict the peer's)");
    // The numbers of before stand in the logs; what the venue has used since, it fills.
    const json in = dump("venue/FIX_IN", {"--where", "GENERATION = 1"}).back();
    const json out = dump("venue/FIX_OUT", {"--where", "GENERATION = 1"}).back();
    const exit_result set =
        sure("set-sequence", {"--next-sender", out["row"]["NEXT_SENDER"].dump(), "--next-target",
                              in["row"]["NEXT_TARGET"].dump()});
    EXPECT_EQ(set.code, code_ok) << set.err;
    wait_for_state("logged on");
    EXPECT_EQ(sure("switch").code, code_negative);
    EXPECT_TRUE(has(sure("switch").err, "one endpoint"));
    EXPECT_EQ(session({"resend", orders(), name, "1", "0"}).code, code_ok);
    stop_engine();
}

TEST_F(SessionAdmin, DisablesAcrossRestarts) {
    start_venue();
    start_engine();
    wait_for_state("logged on");
    EXPECT_EQ(sure("disable").code, code_ok);
    wait_for_state("disabled");
    stop_engine();
    start_engine();
    EXPECT_EQ(shown()["state"], "disabled");
    EXPECT_EQ(session({"enable", orders(), name}).code, code_ok);
    wait_for_state("logged on");
    stop_engine();
    write("orders.toml", replaced(read_text(file("orders.toml")), "reconnect_max_ms = 5000\n",
                                  "reconnect_max_ms = 5000\n[[gateway.session]]\nname = \"" +
                                      std::string(name) + "\"\nenabled = false\n"));
    start_engine();
    wait_for_state("logged on");  // what an operator said last counts
    stop_engine();
    std::filesystem::remove(path() / "data/venue/switches");
    start_engine();
    EXPECT_EQ(shown()["state"], "disabled");
    EXPECT_TRUE(has(engine->said(), "is disabled"));
    stop_engine();
}

TEST_F(SessionAdmin, ChangesAStoppedEngine) {
    const exit_result set = sure("set-sequence", {"--next-sender", "40", "--next-target", "50"});
    EXPECT_EQ(set.code, code_ok) << set.err;
    EXPECT_TRUE(has(set.out, "next numbers are 40, and 50 expected, of generation 1"));
    EXPECT_EQ(sure("kill").code, code_ok);
    const exit_result shown_stopped = session({"list", orders()});
    EXPECT_EQ(shown_stopped.code, code_failure);
    EXPECT_TRUE(has(shown_stopped.err, "no engine serves this socket"));
    start_engine();
    EXPECT_EQ(shown()["next_sender"], 40);
    EXPECT_EQ(shown()["next_target"], 50);
    EXPECT_EQ(shown()["is_killed"], true);
    stop_engine();
    const exit_result reset = sure("reset");
    EXPECT_EQ(reset.code, code_ok) << reset.err;
    EXPECT_TRUE(has(reset.out, "of generation 2 (before: 40, and 50 expected, of generation 1)"));
    EXPECT_EQ(dump("venue/FIX_OUT").back()["row"]["KIND"], "reset");
    EXPECT_EQ(audited(), (strings{"set-sequence asked", "set-sequence done", "kill asked",
                                  "kill done", "reset asked", "reset done"}));
    // With no socket it looks like a stopped one, but for the locks.
    write("orders.toml", read_text(file("orders.toml")) + "[admin]\nenabled = false\n");
    start_engine();
    EXPECT_EQ(sure("reset").code, code_locked);
    EXPECT_TRUE(has(session({"list", orders()}).err, "enabled = false"));
    stop_engine();
}

TEST_F(SessionAdmin, TakesOverFromAQuickFixEngine) {
    const std::string logon =
        frame_of("35=A|34=1|49=MILLRACE|52=20260301-09:30:00|56=VENUE|98=0|108=30|5001=TOKEN|");
    std::filesystem::create_directory(path() / "store");
    const std::string stem = "store/FIX.4.4-MILLRACE-VENUE.";
    write(stem + "body", logon);
    write(stem + "header", "1,0," + std::to_string(logon.size()) + " ");
    write(stem + "seqnums", "0000000002 : 0000000007");
    write(stem + "session", "20260301-07:00:00");
    start_engine();
    const exit_result busy = sure("import", {file("store")});
    EXPECT_EQ(busy.code, code_negative);
    EXPECT_TRUE(has(busy.err + busy.out, "a store is imported while no engine runs the session"));
    stop_engine();
    std::filesystem::remove_all(path() / "data");
    const exit_result nothing = sure("import", {path().native()});
    EXPECT_EQ(nothing.code, code_failure);
    EXPECT_TRUE(has(nothing.err, "FIX.4.4-MILLRACE-VENUE.seqnums"));
    const std::string orders_text = read_text(file("orders.toml"));
    write("orders.toml", replaced(orders_text, "reconnect_max_ms = 5000\n",
                                  "reconnect_max_ms = 5000\nsecret_tags = [5001]\n"));
    const exit_result imported = sure("import", {file("store")});
    EXPECT_EQ(imported.code, code_ok) << imported.err;
    EXPECT_TRUE(has(imported.out, "1 messages are imported"));
    EXPECT_EQ(sure("import", {file("store")}).code, code_negative) << "it has numbers now";
    const std::vector<json> rows = dump("venue/FIX_OUT", {"--where", "KIND = 'admin'"});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0]["row"]["MSG_SEQ_NUM"], 1);
    for (const auto& entry : std::filesystem::directory_iterator(log("venue/FIX_OUT"))) {
        if (entry.is_regular_file()) {
            EXPECT_EQ(read_text(entry.path()).find("5001=TOKEN"), std::string::npos)
                << entry.path();
        }
    }
    EXPECT_EQ(audited(), (strings{"import asked", "import failed", "import asked", "import done",
                                  "import asked", "import refused"}));
    start_engine();
    EXPECT_EQ(shown()["next_sender"], 2);
    EXPECT_EQ(shown()["next_target"], 7);
    stop_engine();
}

TEST_F(SessionAdmin, RefusesWhatMakesNoSense) {
    start_engine();
    const exit_result unreasoned = session({"reset", orders(), name, "--yes"});
    EXPECT_EQ(unreasoned.code, code_usage);
    EXPECT_TRUE(has(unreasoned.err, "reason: needed for reset"));
    const exit_result unsure = session({"kill", orders(), "--all", "--reason", "r"});
    EXPECT_EQ(unsure.code, code_usage);
    EXPECT_TRUE(has(unsure.err, "every session sends no application message"));
    EXPECT_TRUE(has(unsure.err, "--yes"));
    EXPECT_EQ(session({"kill", orders(), "--reason", "r", "--yes"}).code, code_usage);
    EXPECT_EQ(session({"kill", orders(), name, "--all", "--reason", "r", "--yes"}).code,
              code_usage);
    EXPECT_EQ(sure("set-sequence").code, code_usage) << "no number";
    EXPECT_EQ(sure("set-sequence", {"--next-sender", "0"}).code, code_usage);
    EXPECT_EQ(session({"resend", orders(), name, "5", "4"}).code, code_usage);
    const exit_result unknown = session({"show", orders(), "FIX.4.4:MILLRACE->VENEU"});
    EXPECT_EQ(unknown.code, code_usage);
    EXPECT_TRUE(has(unknown.err, name));
    EXPECT_EQ(shown()["is_killed"], false);
    EXPECT_EQ(sure("reset", {"--format", "xml"}).code, code_usage);
    stop_engine();
    EXPECT_EQ(session({"reset", orders(), "NOBODY", "--reason", "r", "--yes"}).code, code_usage);
}

}  // namespace
}  // namespace millrace::tests
