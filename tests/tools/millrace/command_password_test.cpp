#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

class CommandPassword : public CommandLine {
protected:
    [[nodiscard]] exit_result hash(const std::string& typed,
                                   const std::vector<std::string>& arguments) const {
        write("typed", typed);
        std::vector<std::string> all = {"password"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        exit_result result = run_into("> '" + file("line") + "' < '" + file("typed") + "'", all);
        result.out = read_text(path() / "line");
        return result;
    }
};

TEST_F(CommandPassword, PrintsALineOfAFileOfUsersWithoutThePassword) {
    const std::vector<std::string> who = {"FIX.4.4:OURS->A", "bob of desk 4", "--cost", "1"};
    const exit_result first = hash("hunter2\nmore", who);
    EXPECT_EQ(first.code, code_ok) << first.err;
    EXPECT_EQ(first.err, "");
    EXPECT_EQ(first.out.substr(0, 35), "FIX.4.4:OURS->A bob of desk 4 $y$j7");
    EXPECT_EQ(first.out.find("hunter2"), std::string::npos);
    EXPECT_EQ(first.out.back(), '\n');
    EXPECT_NE(hash("hunter2\n", who).out, first.out);  // another salt
}

TEST_F(CommandPassword, RefusesWhatTheFileCouldNotHold) {
    EXPECT_EQ(hash("\n", {"OURS->A", "alice"}).code, code_failure);
    EXPECT_EQ(hash("", {"OURS->A", "alice"}).code, code_failure);
    EXPECT_EQ(hash(std::string(600, 'x'), {"OURS->A", "alice"}).code, code_failure);
    EXPECT_EQ(hash("x", {"OURS->A"}).code, code_usage);
    EXPECT_EQ(hash("x", {"OURS ->A", "alice"}).code, code_usage);
    EXPECT_EQ(hash("x", {"OURS->A", " alice"}).code, code_usage);
    EXPECT_EQ(hash("x", {"OURS->A", ""}).code, code_usage);
    EXPECT_EQ(hash("x", {"OURS->A", "alice", "--cost", "12"}).code, code_usage);
}

}  // namespace
}  // namespace millrace::tests
