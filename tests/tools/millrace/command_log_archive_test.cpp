#include <algorithm>

#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

class CommandLogArchive : public CommandLine {
protected:
    CommandLogArchive() {
        append_orders(1, 1500);
        EXPECT_EQ(run({"log", "seal", log("ORDER_OUT")}).code, code_ok);
    }
};

TEST_F(CommandLogArchive, EveryReadingCommandTakesAnArchiveAndALogWithOne) {
    const auto whole = dump("ORDER_OUT");
    const nlohmann::json before =
        nlohmann::json::parse(run({"log", "info", log("ORDER_OUT"), "--json"}).out);
    const exit_result made = run({"log", "archive", log("ORDER_OUT"), file("old"), "--delete"});
    ASSERT_EQ(made.code, code_ok) << made.err;
    EXPECT_TRUE(has(made.out, "originals removed"));

    EXPECT_EQ(dump("ORDER_OUT"), whole);
    const nlohmann::json after =
        nlohmann::json::parse(run({"log", "info", log("ORDER_OUT"), "--json"}).out);
    EXPECT_EQ(after["segments"], before["segments"]);
    EXPECT_EQ(after["first_sequence"], 1);
    EXPECT_EQ(after["last_sequence"], 1500);
    EXPECT_EQ(after["seal"], before["seal"]);
    EXPECT_GT(after["archived_segments"], 2);

    const nlohmann::json archive =
        nlohmann::json::parse(run({"log", "info", file("old"), "--json"}).out);
    EXPECT_EQ(archive["segments"], after["archived_segments"]);
    EXPECT_EQ(archive["uuid"], before["uuid"]);
    const exit_result dumped = run({"log", "dump", file("old"), "--format", "json"});
    EXPECT_EQ(dumped.code, code_ok) << dumped.err;
    const auto rows = parse_lines(dumped.out);
    ASSERT_EQ(rows.size(), archive["last_sequence"].get<std::size_t>());
    EXPECT_TRUE(std::equal(rows.begin(), rows.end(), whole.begin()));
    for (const std::string& directory : {file("old"), log("ORDER_OUT")}) {
        const exit_result verified = run({"log", "verify", directory});
        EXPECT_EQ(verified.code, code_ok) << verified.out << verified.err;
    }
    const exit_result exported =
        run({"log", "export", log("ORDER_OUT"), "--evidence", file("evidence"), "--sequence", "100",
             "--until-sequence", "1400"});
    EXPECT_EQ(exported.code, code_ok) << exported.err;
    EXPECT_TRUE(std::filesystem::exists(file("evidence/seals/000000000000.seal")));
}

TEST_F(CommandLogArchive, VerifyHoldsItAgainstItsManifest) {
    ASSERT_EQ(run({"log", "archive", log("ORDER_OUT"), file("old"), "--delete"}).code, code_ok);
    const exit_result good = run({"log", "verify", log("ORDER_OUT")});
    EXPECT_EQ(good.code, code_ok) << good.out;
    EXPECT_TRUE(has(good.out, "archived files are what the manifest says"));
    const std::string manifest = read_text(file("old/manifest.txt"));
    const auto expect = [&](const std::string& text) {
        for (const std::string& directory : {file("old"), log("ORDER_OUT")}) {
            const exit_result verified = run({"log", "verify", directory});
            EXPECT_EQ(verified.code, code_damaged) << verified.out;
            EXPECT_TRUE(has(verified.out, text));
        }
    };
    std::string altered = manifest;
    char& digit = altered[altered.find(" sha256 ") + 8];
    digit = digit == '0' ? '1' : '0';
    write("old/manifest.txt", altered);
    expect("a file is not as archived");
    write("old/manifest.txt", "millrace archive 1\nlog\n");
    expect("the archive's manifest is damaged");
    std::filesystem::remove(file("old/manifest.txt"));
    expect("the archive's manifest is missing");
    write("old/manifest.txt", manifest);
    std::filesystem::remove(file("old/000000000000.alog.zst"));
    expect("an archived file is missing");
}

TEST_F(CommandLogArchive, GoesOnWithAnArchiveAndTheLogWithItsWriter) {
    ASSERT_EQ(run({"log", "archive", log("ORDER_OUT"), file("old"), "--delete"}).code, code_ok);
    append_orders(1501, 2500);
    const exit_result more = run({"log", "archive", log("ORDER_OUT"), file("old"), "--delete"});
    EXPECT_EQ(more.code, code_ok) << more.err;
    EXPECT_EQ(dump("ORDER_OUT").size(), 2500U);
    EXPECT_EQ(run({"log", "archive", log("ORDER_OUT"), file("second"), "--delete"}).code,
              code_configuration);
}

}  // namespace
}  // namespace millrace::tests
