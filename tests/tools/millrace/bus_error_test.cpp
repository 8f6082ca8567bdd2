// A log file that is truncated under the program that reads it.
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

class BusError : public CommandLine {
protected:
    void SetUp() override { append_orders(1, 100); }

    [[nodiscard]] std::string segment() const { return log("ORDER_OUT") + "/000000000000.alog"; }
    // Once the program reads the log, the file loses all but its header.
    [[nodiscard]] exit_result truncate_under(millrace_process& reader) const {
        const std::string maps = "/proc/" + std::to_string(reader.pid()) + "/maps";
        wait_until("it has mapped the log", [&] { return bool(has(read_text(maps), segment())); });
        std::filesystem::resize_file(segment(), 4096);
        return reader.wait(20);
    }
    void expect_named(const exit_result& result) const {
        EXPECT_FALSE(result.was_killed);
        EXPECT_EQ(result.code, code_damaged) << result.err;
        EXPECT_TRUE(has(result.err, "millrace: " + segment() + ": a page of this log file"));
        EXPECT_TRUE(has(result.err, "truncated"));
        EXPECT_TRUE(has(result.err, "`millrace log verify`"));
    }
};

TEST_F(BusError, EndsATailWithTheFileThatWasTruncated) {
    millrace_process reader({"log", "tail", log("ORDER_OUT")}, path());
    expect_named(truncate_under(reader));
}

TEST_F(BusError, EndsTheEngineOnWhateverThreadMeetsIt) {
    millrace_process engine({"run", config()}, path());
    wait_until("it runs", [&] { return bool(has(engine.said(), "running")); });
    expect_named(truncate_under(engine));
}

// What has nothing to do with a page ends as it always did.
TEST_F(BusError, IsLeftToTheSystemWhereSomebodySendsIt) {
    millrace_process reader({"log", "tail", log("ORDER_OUT")}, path());
    const std::string maps = "/proc/" + std::to_string(reader.pid()) + "/maps";
    wait_until("it has mapped the log", [&] { return bool(has(read_text(maps), segment())); });
    ASSERT_EQ(::kill(reader.pid(), SIGBUS), 0);
    EXPECT_TRUE(reader.wait(20).was_killed);
}

}  // namespace
}  // namespace millrace::tests
