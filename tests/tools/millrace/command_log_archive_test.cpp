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

TEST_F(CommandLogArchive, SaysThatItIsNoLogToBeChanged) {
    ASSERT_EQ(run({"log", "archive", log("ORDER_OUT"), file("old")}).code, code_ok);
    const std::vector<std::vector<std::string>> commands = {
        {"log", "index", file("old")},
        {"log", "seal", file("old")},
        {"log", "retain", file("old"), "--segments", "1"},
        {"log", "archive", file("old"), file("older")},
        {"cursor", "set", file("old"), "risk", "--first"}};
    for (const std::vector<std::string>& one : commands) {
        const exit_result refused = run(one);
        EXPECT_EQ(refused.code, code_failure) << one[1];
        EXPECT_TRUE(has(refused.err, file("old") + ": is an archive")) << one[1];
        EXPECT_FALSE(has(refused.err, "no audit log here")) << one[1];
    }
    EXPECT_FALSE(std::filesystem::exists(file("older")));
    EXPECT_TRUE(has(run({"log", "seal", file("nowhere")}).err, "no audit log here"));
    const exit_result info = run({"log", "info", file("old")});
    EXPECT_EQ(info.code, code_ok);
    EXPECT_TRUE(has(info.out, "this is an archive"));
    EXPECT_FALSE(has(info.out, "did not close in order"));
}

TEST_F(CommandLogArchive, SalvagedWholeHasLostNothing) {
    ASSERT_EQ(run({"log", "archive", log("ORDER_OUT"), file("old")}).code, code_ok);
    const exit_result saved = run({"log", "salvage", file("old"), file("saved")});
    EXPECT_EQ(saved.code, code_ok) << saved.err;
    EXPECT_TRUE(has(saved.out, " 0 known to be lost, 0 holes"));
    EXPECT_FALSE(has(saved.out, "not known"));
    const auto rows_of = [&](const char* name) {
        return run({"log", "dump", file(name), "--format", "json"}).out;
    };
    EXPECT_EQ(rows_of("saved"), rows_of("old"));
    const exit_result verified = run({"log", "verify", file("saved")});
    EXPECT_EQ(verified.code, code_ok) << verified.out;
    EXPECT_FALSE(has(verified.out, "were lost"));

    // One whose manifest names more than is there has lost that.
    std::vector<std::filesystem::path> packed;
    for (const auto& entry : std::filesystem::directory_iterator(file("old"))) {
        if (entry.path().extension() == ".zst") {
            packed.push_back(entry.path());
        }
    }
    std::filesystem::remove(*std::max_element(packed.begin(), packed.end()));
    const exit_result less = run({"log", "salvage", file("old"), file("less")});
    EXPECT_EQ(less.code, code_ok) << less.err;
    EXPECT_TRUE(has(less.out, "what was lost is not known"));
}

TEST_F(CommandLogArchive, AFlippedByteIsNamedForWhatItIs) {
    ASSERT_EQ(run({"log", "archive", log("ORDER_OUT"), file("old"), "--delete"}).code, code_ok);
    const std::string packed = file("old/000000000001.alog.zst");
    std::string bytes = read_text(packed);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    write("old/000000000001.alog.zst", bytes);
    for (const std::string& directory : {file("old"), log("ORDER_OUT")}) {
        const exit_result verified = run({"log", "verify", directory});
        EXPECT_EQ(verified.code, code_damaged);
        EXPECT_TRUE(has(verified.out, packed));
        EXPECT_TRUE(has(verified.out, "the archived segment does not decompress"));
        EXPECT_FALSE(has(verified.out, "truncated"));
        const exit_result dumped = run({"log", "dump", directory});
        EXPECT_EQ(dumped.code, code_damaged);
        EXPECT_TRUE(has(dumped.err, packed));
        EXPECT_TRUE(has(dumped.err, "the archived segment does not decompress"));
        EXPECT_FALSE(has(dumped.err, "header"));
    }
}

TEST_F(CommandLogArchive, ThatIsNotMountedIsMissedByWhoReadsFromTheFirstRecord) {
    ASSERT_EQ(run({"log", "archive", log("ORDER_OUT"), file("old"), "--delete"}).code, code_ok);
    std::filesystem::rename(file("old"), file("unmounted"));
    const std::string link = log("ORDER_OUT") + "/archive.at: ";
    const std::vector<std::vector<std::string>> commands = {
        {"log", "dump", log("ORDER_OUT")},
        {"log", "info", log("ORDER_OUT")},
        {"log", "migrate", log("ORDER_OUT"), file("new"), "--schema", config(), "COPY"},
        {"table", "show", config(), "ORDER_OUT"}};
    for (const std::vector<std::string>& one : commands) {
        const exit_result refused = run(one);
        EXPECT_EQ(refused.code, code_damaged) << one[1];
        EXPECT_TRUE(has(refused.err, link)) << one[1];
        EXPECT_TRUE(has(refused.err, file("old") + ", which is not there; mount it")) << one[1];
    }
    const exit_result exported =
        run({"log", "export", log("ORDER_OUT"), "--evidence", file("evidence")});
    EXPECT_EQ(exported.code, code_damaged);
    EXPECT_TRUE(has(exported.err, "mount the archive that " + log("ORDER_OUT") + "/archive.at"));
    EXPECT_TRUE(has(run({"log", "info", log("ORDER_OUT")}).out, "last_sequence     1500"));
    const exit_result early = run({"log", "dump", log("ORDER_OUT"), "--sequence", "5"});
    EXPECT_EQ(early.code, code_failure);
    EXPECT_TRUE(has(early.err, "sequence 5 is no longer here"));
    EXPECT_TRUE(has(early.err, link));
    append_orders(1501, 1510);
    EXPECT_EQ(dump("ORDER_OUT", {"--sequence", "1500"}).size(), 11U);
    std::filesystem::rename(file("unmounted"), file("old"));
    EXPECT_EQ(dump("ORDER_OUT").size(), 1510U);
}

TEST_F(CommandLogArchive, GoesOnWithAnArchiveAndTheLogWithItsWriter) {
    ASSERT_EQ(run({"log", "archive", log("ORDER_OUT"), file("old"), "--delete"}).code, code_ok);
    append_orders(1501, 2500);
    const exit_result more = run({"log", "archive", log("ORDER_OUT"), file("old"), "--delete"});
    EXPECT_EQ(more.code, code_ok) << more.err;
    EXPECT_EQ(dump("ORDER_OUT").size(), 2500U);
    EXPECT_EQ(run({"log", "archive", log("ORDER_OUT"), file("second"), "--delete"}).code,
              code_usage);
}

}  // namespace
}  // namespace millrace::tests
