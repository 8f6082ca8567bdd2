// Rows of a table that `millrace run` holds, read from Python.
#include <csignal>
#include <sstream>

#include "tests/tools/millrace/socket_support.hpp"

namespace millrace::tests {
namespace {

class RunSocket : public SocketCommandLine {
protected:
    // Its rows go into NAME.out, and how far it has come into NAME.place.
    [[nodiscard]] pid_t start_following(const std::string& name, const std::string& until) const {
        return start_python("follow_rows.py", "/dev/null", file(name + ".out"),
                            {file(name + ".place"), until});
    }
    [[nodiscard]] std::string dumped() const {
        return run({"log", "dump", log("ORDER_OUT"), "--format", "json"}).out;
    }
    [[nodiscard]] std::string followed(const std::string& name) const {
        return read_text(file(name + ".out"));
    }
    void append(int first, int last) const {
        write("rows", rows(first, last));
        const exit_result result = run({"append", "--socket", socket(), "ORDER_OUT", file("rows")});
        ASSERT_EQ(result.code, code_ok) << result.err;
    }
};

TEST_F(RunSocket, HandsOutWhatLogDumpPrints) {
    for (const char* storage : {"hot", "direct"}) {
        SCOPED_TRACE(storage);
        write("listen.toml", replaced(read_text(file("listen.toml")), "[engine]\n",
                                      std::string("[engine]\nstorage = \"") + storage + "\"\n"));
        const auto engine = start();
        append(1, 700);  // of several segments
        const std::string name = storage;
        EXPECT_EQ(wait_for(start_following(name, "tail")), 0);
        EXPECT_EQ(followed(name), dumped());
        EXPECT_EQ(wait_for(start_following(name, "tail")), 0);
        EXPECT_EQ(followed(name), "") << "it goes on behind what it has";
        EXPECT_TRUE(has(run({"counters", file("listen.toml"), "listener."}).out, "rows_read"));
        engine->ask_to_stop();
        EXPECT_EQ(engine->wait(20).code, code_ok);
        std::filesystem::remove_all(path() / "data");
        write("listen.toml", replaced(read_text(file("listen.toml")),
                                      std::string("storage = \"") + storage + "\"\n", ""));
    }
}

TEST_F(RunSocket, FollowsSeveralWritersIntoSeveralReaders) {
    const auto engine = start();
    const std::vector<pid_t> readers = {start_following("one", "600"),
                                        start_following("two", "600")};
    std::vector<pid_t> writers;
    for (int who = 0; who < 3; ++who) {
        const std::string name = "rows" + std::to_string(who);
        write(name, rows(1000 * who + 1, 1000 * who + 200));
        writers.push_back(start_appending(name));
    }
    for (const pid_t one : writers) {
        EXPECT_EQ(wait_for(one), 0);
    }
    for (const pid_t one : readers) {
        EXPECT_EQ(wait_for(one), 0);
    }
    EXPECT_EQ(followed("one"), dumped());
    EXPECT_EQ(followed("two"), dumped());
}

TEST_F(RunSocket, GoesOnWhereTheEngineWasKilled) {
    constexpr int count = 3000;
    write("many", rows(1, count));
    auto engine = start();
    const pid_t reader = start_following("all", std::to_string(count));
    const pid_t writer = start_appending("many");
    for (int kill = 0; kill < 2; ++kill) {
        const std::size_t before = followed("all").size();
        wait_until("rows are read", [&] { return followed("all").size() > before; });
        engine->kill_hard();
        engine = start();
    }
    EXPECT_EQ(wait_for(writer), 0);
    EXPECT_EQ(wait_for(reader), 0);
    std::istringstream lines(followed("all"));
    int expected = 0;
    for (std::string line; std::getline(lines, line);) {
        ASSERT_EQ(nlohmann::json::parse(line)["sequence"], ++expected);
    }
    EXPECT_EQ(expected, count);
    EXPECT_TRUE(dumped().starts_with(followed("all"))) << "as they stand in the log";
}

TEST_F(RunSocket, SaysWhyItCannot) {
    const auto engine = start();
    append(1, 3);
    write("bad.place", "9");
    const pid_t child = start_following("bad", "5");
    EXPECT_EQ(wait_for(child), 1) << "the range ends before it begins";
}

}  // namespace
}  // namespace millrace::tests
