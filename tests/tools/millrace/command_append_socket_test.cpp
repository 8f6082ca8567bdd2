// Rows into a table that `millrace run` holds: by `millrace append --socket`, and from Python.
#include <csignal>

#include "tests/tools/millrace/socket_support.hpp"

namespace millrace::tests {
namespace {

class AppendSocket : public SocketCommandLine {
protected:
    [[nodiscard]] exit_result append(const std::string& name,
                                     std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments = {"append", "--socket", socket(), "ORDER_OUT",
                                              file(name)};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(std::move(arguments));
    }
    // The last rows come by standard input: `from` is what a shell would write before or behind.
    // A program that hangs is killed, and answers 124.
    [[nodiscard]] std::string append_by_shell(const std::string& before,
                                              const std::string& behind) const {
        const std::string command = before + "timeout 20 '" +
                                    (program_directory() / "millrace").native() +
                                    "' append --socket '" + socket() + "' ORDER_OUT " + behind +
                                    " 2>'" + file("said") + "'; echo $? >'" + file("code") + "'";
        EXPECT_EQ(std::system(command.c_str()), 0) << command;
        return "code " + read_text(file("code")) + read_text(file("said"));
    }
};

TEST_F(AppendSocket, AppendsToATableThatRunHolds) {
    const auto engine = start();
    write("a.ndjson", rows(1, 500));
    const exit_result result = append("a.ndjson");
    EXPECT_EQ(result.code, code_ok) << result.err;
    EXPECT_TRUE(has(result.err, "500 rows appended to ORDER_OUT; the last sequence is 500"));
    EXPECT_EQ(run({"append", file("listen.toml"), "ORDER_OUT", file("a.ndjson")}).code,
              code_locked);
    write("b.ndjson", rows(3, 3).substr(0, rows(3, 3).size() - 1));  // no end of line
    EXPECT_EQ(append("b.ndjson", {"--operation", "modify", "--level", "committed"}).code, code_ok);
    wait_for_rows("COPY", 501);
    engine->ask_to_stop();
    EXPECT_EQ(engine->wait(20).code, code_ok);
    const auto all = dump("ORDER_OUT");
    ASSERT_EQ(all.size(), 501U);
    EXPECT_EQ(all[0]["event"], "append");
    EXPECT_NE(all[0]["user"], "");
    EXPECT_EQ(all[500]["operation"], "modify");
    EXPECT_FALSE(std::filesystem::exists(socket())) << "removed by an orderly stop";
}

// Each ends where nothing is left to send that could have carried the news.
TEST_F(AppendSocket, EndsWithItsInputWhereverThatEnds) {
    const auto engine = start();
    write("two.ndjson", rows(1, 2));
    std::string even = rows(3, 3);  // 64 KiB, which is one read of a file
    even.insert(even.size() - 1, 64 * 1024 - even.size(), ' ');
    ASSERT_EQ(even.size(), 64U * 1024);
    write("even.ndjson", even);
    write("empty.ndjson", "");
    const auto in = [&](const char* name) { return "'" + file(name) + "'"; };
    EXPECT_TRUE(has(append_by_shell("cat " + in("two.ndjson") + " | ", ""), "code 0\n2 rows"));
    EXPECT_TRUE(has(append_by_shell("", "<" + in("two.ndjson")), "code 0\n2 rows"));
    const std::string last = "printf '{\"CL_ORD_ID\":\"A9\",\"QUANTITY\":9}' | ";  // without an end
    EXPECT_TRUE(has(append_by_shell(last, ""), "code 0\n1 rows"));
    EXPECT_TRUE(has(append_by_shell("", "</dev/null"), "code 0\n0 rows"));
    EXPECT_TRUE(has(append_by_shell("", in("empty.ndjson")), "code 0\n0 rows"));
    EXPECT_TRUE(has(append_by_shell("", in("even.ndjson")), "code 0\n1 rows"));
    EXPECT_TRUE(has(append_by_shell("", "<" + in("even.ndjson")), "code 0\n1 rows"));
    EXPECT_EQ(dump("ORDER_OUT").size(), 7U);
}

TEST_F(AppendSocket, NamesTheLineThatIsNoRowAndAppendsNoneBehindIt) {
    const auto engine = start();
    write("bad.ndjson", rows(1, 2) + "\n{\"CL_ORD_ID\":\"A3\",\"COLOUR\":5}\n" + rows(4, 9));
    const exit_result result = append("bad.ndjson");
    EXPECT_EQ(result.code, code_data);
    EXPECT_TRUE(has(result.err, file("bad.ndjson") + ":4: "));
    EXPECT_TRUE(has(result.err, "COLOUR"));
    EXPECT_TRUE(has(result.err, "2 rows appended"));
    const exit_result other = run({"append", "--socket", socket(), "COPY", file("bad.ndjson")});
    EXPECT_EQ(other.code, code_failure);
    EXPECT_TRUE(has(other.err, "table 'COPY'"));
    EXPECT_EQ(dump("ORDER_OUT").size(), 2U);
}

TEST_F(AppendSocket, SaysThatNobodyServesTheSocket) {
    write("a.ndjson", rows(1, 1));
    const exit_result result = append("a.ndjson");
    EXPECT_EQ(result.code, code_failure);
    EXPECT_TRUE(has(result.err, socket()));
    EXPECT_EQ(append("a.ndjson", {"--user", "kim"}).code, code_usage);
    EXPECT_EQ(run({"append", "--socket", socket()}).code, code_usage);
    EXPECT_EQ(run({"append", config(), "ORDER_OUT", file("a.ndjson"), "--level", "durable"}).code,
              code_usage);
}

TEST_F(AppendSocket, TakesRowsOfSeveralProcessesAtOnce) {
    const auto engine = start();
    std::vector<pid_t> writers;
    for (int who = 0; who < 3; ++who) {
        const std::string name = "rows" + std::to_string(who);
        write(name, rows(1000 * who + 1, 1000 * who + 300));
        writers.push_back(start_appending(name));
    }
    for (const pid_t one : writers) {
        EXPECT_EQ(wait_for(one), 0);
    }
    const auto all = dump("ORDER_OUT");
    ASSERT_EQ(all.size(), 900U);
    std::vector<int> last = {0, 1000, 2000};
    for (const nlohmann::json& one : all) {
        const int number = one["row"]["QUANTITY"];
        int& before = last[static_cast<std::size_t>(number / 1000)];
        ASSERT_EQ(number, before + 1) << "each one's rows in its order";
        before = number;
        EXPECT_EQ(one["event"], "python");
    }
    const std::string said = read_text(file("rows0.out"));
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 300);
}

TEST_F(AppendSocket, OutlivesAClientThatIsKilled) {
    const auto engine = start();
    write("many", rows(1, 200'000));
    const pid_t victim = start_appending("many");
    wait_until("its rows come", [&] { return !read_text(file("many.out")).empty(); });
    ASSERT_EQ(::kill(victim, SIGKILL), 0);
    EXPECT_EQ(wait_for(victim), 1000 + SIGKILL);
    write("a.ndjson", rows(500'001, 500'010));
    EXPECT_EQ(append("a.ndjson").code, code_ok);
    engine->ask_to_stop();
    EXPECT_EQ(engine->wait(20).code, code_ok);
    const auto all = dump("ORDER_OUT");
    const std::string said = read_text(file("many.out"));
    const auto answered = static_cast<std::size_t>(std::count(said.begin(), said.end(), '\n'));
    ASSERT_GE(all.size(), answered + 10);
    for (std::size_t i = 0; i < answered; ++i) {
        ASSERT_EQ(all[i]["row"]["QUANTITY"], i + 1);
    }
}

// The client keeps what is not answered, and sends it again to the next engine.
TEST_F(AppendSocket, LosesNothingWhenTheEngineIsKilled) {
    constexpr int count = 3000;
    write("many", rows(1, count));
    auto engine = start();
    const pid_t writer = start_appending("many");
    for (int kill = 0; kill < 2; ++kill) {
        const std::size_t before = dump("ORDER_OUT").size();
        // A quick client may be through already: then the kill meets a log that has all.
        wait_until("more rows, or all", [&] {
            const std::size_t now = dump("ORDER_OUT").size();
            return now > before + 50 || now >= count;
        });
        engine->kill_hard();
        EXPECT_TRUE(std::filesystem::exists(socket())) << "left behind";
        engine = start();
    }
    EXPECT_EQ(wait_for(writer), 0);
    engine->ask_to_stop();
    EXPECT_EQ(engine->wait(20).code, code_ok);
    std::vector<bool> is_there(count + 1, false);
    for (const nlohmann::json& one : dump("ORDER_OUT")) {
        is_there[one["row"]["QUANTITY"].get<std::size_t>()] = true;
    }
    EXPECT_EQ(std::count(is_there.begin(), is_there.end(), true), count);
}

}  // namespace
}  // namespace millrace::tests
