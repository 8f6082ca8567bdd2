// What the program says to a command line that is wrong.
#include <algorithm>

#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

using Usage = CommandLine;

TEST_F(Usage, OfAWrongCommandLineIsOneReasonAndTheHelpThatSaysMore) {
    struct wrong {
        std::vector<std::string> arguments;
        std::string reason;
        std::string help;
    };
    const std::vector<wrong> all = {
        {{"log", "dump"}, "millrace: DIR is required", "`millrace log dump --help` says more"},
        {{"log", "dump", "x", "--formt", "json"}, "--formt", "`millrace log dump --help`"},
        {{"log", "verify", "x", "--head", "12"},
         "--head: expected",
         "`millrace log verify --help`"},
        {{"cursor"}, "millrace: A subcommand is required", "`millrace cursor --help`"},
        {{}, "millrace: A subcommand is required", "`millrace --help`"},
        {{"demmo"}, "millrace: unknown command 'demmo' (did you mean demo?)", "`millrace --help`"},
        {{"log", "foo"},
         "millrace: unknown command 'foo' of `millrace log`",
         "`millrace log --help`"},
        {{"log", "vrify", "x"}, "'vrify' of `millrace log` (did you mean verify?)", "--help"},
        {{"cursor", "lst"}, "'lst' of `millrace cursor` (did you mean list?)", "--help"},
        {{"table", ""}, "unknown command '' of `millrace table`", "`millrace table --help`"}};
    for (const wrong& one : all) {
        const exit_result result = run(one.arguments);
        EXPECT_EQ(result.code, code_usage);
        EXPECT_EQ(result.out, "");
        EXPECT_TRUE(has(result.err, one.reason));
        EXPECT_TRUE(has(result.err, one.help));
        EXPECT_LE(std::count(result.err.begin(), result.err.end(), '\n'), 2) << result.err;
    }
}

// What a script's unset variable leaves. Files made of it would lie in the current directory.
TEST_F(Usage, RefusesAnEmptyNameOfADirectoryOrAKey) {
    append_orders(1, 3);
    const std::string source = log("ORDER_OUT");
    const std::vector<std::pair<std::string, std::vector<std::string>>> all = {
        {"OUT", {"log", "salvage", source, ""}},
        {"OUT", {"log", "migrate", source, "", "--schema", config(), "COPY"}},
        {"OUT", {"log", "archive", source, ""}},
        {"--evidence", {"log", "export", source, "--evidence", ""}},
        {"--dir", {"demo", "--count", "1", "--dir", ""}},
        {"--key", {"log", "seal", source, "--key", ""}},
        {"--key", {"log", "verify", source, "--key", ""}},
        {"--key", {"log", "export", source, "--evidence", file("package"), "--key", ""}},
        {"DIR", {"log", "info", ""}},
        {"DIR", {"log", "dump", ""}},
        {"DIR", {"log", "tail", ""}},
        {"DIR", {"log", "verify", ""}},
        {"DIR", {"log", "export", "", "--evidence", file("package")}},
        {"DIR", {"log", "archive", "", file("archive")}},
        {"DIR", {"log", "migrate", "", file("new"), "--schema", config(), "COPY"}},
        {"DIR", {"log", "latency", ""}},
        {"DIR|CONFIG", {"log", "retain", "", "--segments", "1"}},
        {"DIR|CONFIG", {"cursor", "list", ""}}};
    for (const auto& [name, arguments] : all) {
        const exit_result result = run(arguments);
        EXPECT_FALSE(result.was_killed) << arguments[1];
        EXPECT_EQ(result.code, code_usage) << arguments[1];
        EXPECT_TRUE(has(result.err, "millrace: " + name + ": a value is missing")) << arguments[1];
    }
}

TEST_F(Usage, IsPrintedWhereItIsAskedFor) {
    const exit_result help = run({"log", "dump", "--help"});
    EXPECT_EQ(help.code, code_ok);
    EXPECT_TRUE(has(help.out, "--until-sequence"));
    EXPECT_EQ(help.err, "");
}

}  // namespace
}  // namespace millrace::tests
