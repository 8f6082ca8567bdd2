// verify, salvage, index and seal as a user runs them, and the codes a script relies on.
#include "engine/log/segment.hpp"
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

class LogCheck : public CommandLine {
protected:
    void SetUp() override { append_orders(1, 500); }

    [[nodiscard]] exit_result verify(std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments = {"log", "verify", log("ORDER_OUT")};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(arguments);
    }
    [[nodiscard]] std::string segment(std::uint64_t index) const {
        return log("ORDER_OUT") + "/" + engine::segment_file_name(index);
    }
    void poke(std::uint64_t index, std::uint64_t offset, char byte) const {
        std::fstream stream(segment(index), std::ios::in | std::ios::out | std::ios::binary);
        stream.seekp(static_cast<std::streamoff>(offset));
        stream.put(byte);
        ASSERT_TRUE(stream.good());
    }
    [[nodiscard]] std::string key_file() const {
        write("seal.key", std::string(32, 'k'));
        std::filesystem::permissions(file("seal.key"), std::filesystem::perms::owner_read |
                                                           std::filesystem::perms::owner_write);
        return file("seal.key");
    }
};

TEST_F(LogCheck, OfAWholeLogIsClean) {
    const exit_result result = verify();
    EXPECT_EQ(result.code, code_ok) << result.out << result.err;
    EXPECT_TRUE(has(result.out, "clean: log "));
    EXPECT_TRUE(has(result.out, "500 records (sequences 1 to 500)"));
    EXPECT_TRUE(has(result.out, "note: the log is not sealed"));
    EXPECT_EQ(result.err, "") << "no progress where nobody watches";
}

TEST_F(LogCheck, NamesPositionSequenceAndKindOfDamage) {
    const std::vector<nlohmann::json> rows = dump("ORDER_OUT");
    const std::uint64_t at = rows[9]["position"];
    poke(0, at + 40, '!');
    const exit_result result = verify();
    EXPECT_EQ(result.code, code_damaged);
    EXPECT_TRUE(has(result.out, "position " + std::to_string(at) +
                                    ": a record is damaged (sequence 10): record checksum"));
    const exit_result json = verify({"--json"});
    EXPECT_EQ(json.code, code_damaged);
    const nlohmann::json found = nlohmann::json::parse(json.out);
    EXPECT_EQ(found["result"], "damaged");
    EXPECT_EQ(found["findings"][0]["position"], at);
    EXPECT_EQ(found["findings"][0]["sequence"], 10);
    EXPECT_EQ(found["records"], 499);
}

TEST_F(LogCheck, TellsATornTailFromDamage) {
    const nlohmann::json info =
        nlohmann::json::parse(run({"log", "info", log("ORDER_OUT"), "--json"}).out);
    const std::uint64_t end = info["end_position"];
    poke(end / 65536, end % 65536 + 40, 'x');
    const exit_result result = verify();
    EXPECT_EQ(result.code, code_torn);
    EXPECT_TRUE(has(result.out, "position " + std::to_string(end) + ": torn tail"));
    EXPECT_TRUE(has(result.out, "torn tail: log "));
}

TEST_F(LogCheck, SaysWhatIsWrongWithFiles) {
    ASSERT_TRUE(std::filesystem::exists(segment(1)));
    std::filesystem::rename(segment(0), segment(9));
    const exit_result result = verify();
    EXPECT_EQ(result.code, code_damaged);
    EXPECT_TRUE(has(result.out, "it is segment 0; rename it to 000000000000.alog"));
    EXPECT_EQ(run({"log", "verify", file("nowhere")}).code, code_failure);
}

TEST_F(LogCheck, ProvesByHeadAndByKey) {
    const std::string key = key_file();
    const exit_result sealed = run({"log", "seal", log("ORDER_OUT"), "--key", key});
    ASSERT_EQ(sealed.code, code_ok) << sealed.err;
    EXPECT_TRUE(has(sealed.out, "sealed to sequence 500"));
    const std::size_t at = sealed.out.find("seal head ") + 10;
    const std::string head = sealed.out.substr(at, 64);
    for (const std::vector<std::string>& proof : {std::vector<std::string>{"--key", key},
                                                  {"--head", head},
                                                  {"--head", head, "--key", key}}) {
        const exit_result result = verify(proof);
        EXPECT_EQ(result.code, code_ok) << result.out;
        EXPECT_TRUE(has(result.out, "proven unchanged: sequences to 500"));
    }
    std::string other = head;
    other[0] = other[0] == '0' ? '1' : '0';
    EXPECT_EQ(verify({"--head", other}).code, code_damaged);
    EXPECT_TRUE(has(verify({"--head", other}).out, "the head is unknown"));
    const exit_result wrong = verify({"--head", "abc"});
    EXPECT_EQ(wrong.code, code_usage);
    EXPECT_TRUE(has(wrong.err, "64 hexadecimal digits"));
    write("other.key", std::string(32, 'x'));
    std::filesystem::permissions(file("other.key"), std::filesystem::perms::owner_read);
    EXPECT_EQ(verify({"--key", file("other.key")}).code, code_damaged);
    std::filesystem::permissions(key, std::filesystem::perms::group_read,
                                 std::filesystem::perm_options::add);
    EXPECT_EQ(verify({"--key", key}).code, code_configuration);
}

TEST_F(LogCheck, SalvagesIntoANewLogThatGoesOn) {
    const std::vector<nlohmann::json> rows = dump("ORDER_OUT");
    poke(0, rows[9]["position"].get<std::uint64_t>() + 40, '!');
    const exit_result result = run({"log", "salvage", log("ORDER_OUT"), file("saved")});
    EXPECT_EQ(result.code, code_ok) << result.err;
    EXPECT_TRUE(has(result.out, "sequences 10 to 10 were lost"));
    EXPECT_TRUE(has(result.out, "is a new log"));
    EXPECT_TRUE(has(result.out, "499 records copied"));
    const exit_result dumped = run({"log", "dump", file("saved"), "--format", "json"});
    EXPECT_EQ(dumped.code, code_ok);
    const std::vector<nlohmann::json> saved = parse_lines(dumped.out);
    ASSERT_EQ(saved.size(), 499U);
    EXPECT_EQ(saved[8], rows[8]) << "the log of its correlation too";
    EXPECT_EQ(saved[9], rows[10]);
    const exit_result verified = run({"log", "verify", file("saved")});
    EXPECT_EQ(verified.code, code_ok) << verified.out;
    EXPECT_TRUE(has(verified.out, "1 records were lost before this log was salvaged"));
    const nlohmann::json before =
        nlohmann::json::parse(run({"log", "info", file("saved"), "--json"}).out);
    EXPECT_TRUE(has(result.out, before["origin"].get<std::string>()));
    EXPECT_EQ(run({"log", "salvage", log("ORDER_OUT"), file("saved")}).code, code_usage);
    // In the place of the damaged one it is taken up by the next writer.
    std::filesystem::rename(log("ORDER_OUT"), file("damaged"));
    std::filesystem::rename(file("saved"), log("ORDER_OUT"));
    append_orders(501, 510);
    EXPECT_EQ(dump("ORDER_OUT").back()["sequence"], 510);
}

// What was written elsewhere about an order names the log the order was first written to.
TEST_F(LogCheck, ASalvagedRowKeepsItsCorrelationAndANewOneHasItsOwn) {
    const auto own = [](const nlohmann::json& row) {
        const std::string log = row["correlation"]["log"];
        return "record.correlation = '" + log + ":" + row["correlation"]["sequence"].dump() + "'";
    };
    const nlohmann::json old = dump("ORDER_OUT")[454];
    ASSERT_EQ(run({"log", "salvage", log("ORDER_OUT"), file("once")}).code, code_ok);
    ASSERT_EQ(run({"log", "salvage", file("once"), file("twice")}).code, code_ok);
    std::filesystem::rename(log("ORDER_OUT"), file("damaged"));
    std::filesystem::rename(file("twice"), log("ORDER_OUT"));
    append_orders(501, 510);
    const std::vector<nlohmann::json> rows = dump("ORDER_OUT");
    ASSERT_EQ(rows.size(), 510U);
    EXPECT_EQ(dump("ORDER_OUT", {"--where", own(old)}), std::vector<nlohmann::json>{old});
    EXPECT_EQ(rows[499]["correlation"]["log"], old["correlation"]["log"]);
    EXPECT_NE(rows[500]["correlation"]["log"], old["correlation"]["log"]);
    EXPECT_EQ(dump("ORDER_OUT", {"--where", own(rows[500])}).size(), 1U);
    const nlohmann::json info =
        nlohmann::json::parse(run({"log", "info", log("ORDER_OUT"), "--json"}).out);
    EXPECT_EQ(info["uuid"].get<std::string>().substr(0, 8),
              rows[500]["correlation"]["log"].get<std::string>().substr(0, 8));
    EXPECT_TRUE(info.contains("origin"));
    const exit_result shown = run({"table", "show", config(), "ORDER_OUT", "--format", "json"});
    EXPECT_EQ(shown.code, code_ok) << shown.err;
    EXPECT_EQ(parse_lines(shown.out), rows) << "each has a key of its own";
    // A route says the same of both.
    {
        millrace_process engine({"run", config()}, path());
        wait_until("the copy", [&] {
            return parse_lines(run({"log", "dump", log("COPY"), "--format", "json"}).out).size() ==
                   510U;
        });
        engine.ask_to_stop();
        EXPECT_EQ(engine.wait(20).code, code_ok);
    }
    for (const nlohmann::json& one : {rows[454], rows[500]}) {
        const auto copies = dump("COPY", {"--where", own(one)});
        ASSERT_EQ(copies.size(), 1U);
        EXPECT_EQ(copies[0]["row"], one["row"]);
    }
    const exit_result exported = run(
        {"log", "export", log("ORDER_OUT"), "--evidence", file("evidence"), "--where", own(old)});
    EXPECT_EQ(exported.code, code_ok) << exported.err;
    EXPECT_EQ(parse_lines(read_text(file("evidence/rows.ndjson"))),
              std::vector<nlohmann::json>{old});
}

TEST_F(LogCheck, AGapSaysWhatIsKnownOfWhatWasLost) {
    const nlohmann::json info =
        nlohmann::json::parse(run({"log", "info", log("ORDER_OUT"), "--json"}).out);
    const std::uint64_t end = info["end_position"];
    poke(0, dump("ORDER_OUT")[9]["position"].get<std::uint64_t>() + 40, '!');
    poke(end / 65536, end % 65536, 33);  // a commit word, of whatever it was
    const auto salvaged = [&](const char* name) {
        EXPECT_EQ(run({"log", "salvage", log("ORDER_OUT"), file(name)}).code, code_ok);
        const exit_result dumped = run({"log", "dump", file(name), "--control"});
        EXPECT_EQ(dumped.code, code_ok) << dumped.err;
        return dumped.out;
    };
    const std::string whole = salvaged("saved");
    EXPECT_TRUE(has(whole,
                    "gap: sequences 10 to 10 were lost first_lost=10 last_lost=10 "
                    "is_unknown=false"));
    EXPECT_TRUE(has(whole, "gap: it has no room to say what was lost\n"));
    std::filesystem::remove(segment(1));  // the one before ends with an end record
    const std::string half = salvaged("half");
    EXPECT_TRUE(has(half, "gap: what was lost is not known is_unknown=true reason=7"));
}

TEST_F(LogCheck, TellsADamagedFileOfSealsFromOneThatWasCutShort) {
    ASSERT_EQ(run({"log", "seal", log("ORDER_OUT")}).code, code_ok);
    const std::string seals = log("ORDER_OUT") + "/000000000000.seal";
    const std::string whole = read_text(seals);
    const auto expect_damage = [&](const std::string& text) {
        write("data/ORDER_OUT/000000000000.seal", text);
        const exit_result result = verify();
        EXPECT_EQ(result.code, code_damaged);
        EXPECT_TRUE(has(result.out, "000000000000.seal: position 0: the seals are damaged"));
        EXPECT_FALSE(has(result.out, "torn"));
        EXPECT_FALSE(has(result.out, "cut short"));
    };
    std::string flipped = whole;
    flipped[flipped.size() - 20] = static_cast<char>(flipped[flipped.size() - 20] ^ 1);
    expect_damage(flipped);
    expect_damage(whole.substr(0, whole.size() - 40));
    write("data/ORDER_OUT/000000000000.seal", whole);
    EXPECT_EQ(verify().code, code_ok);
    // The newest may be cut short by a crash.
    const std::string newest = log("ORDER_OUT") + "/000000000001.seal";
    std::filesystem::resize_file(newest, std::filesystem::file_size(newest) - 40);
    EXPECT_EQ(verify().code, code_torn);
}

TEST_F(LogCheck, RefusesAHeadThatIsNoneWithItsReason) {
    const exit_result zeros = verify({"--head", std::string(64, '0')});
    EXPECT_EQ(zeros.code, code_usage);
    EXPECT_TRUE(has(zeros.err, "64 zeros are the hash of no seal"));
    const exit_result short_one = verify({"--head", "abc"});
    EXPECT_EQ(short_one.code, code_usage);
    EXPECT_FALSE(has(short_one.err, "zeros"));
    EXPECT_TRUE(has(short_one.err, "expected the 64 hexadecimal digits"));
}

TEST_F(LogCheck, IndexesAndSealsOnlyWhatNobodyWrites) {
    const exit_result indexed = run({"log", "index", log("ORDER_OUT")});
    EXPECT_EQ(indexed.code, code_ok);
    EXPECT_TRUE(has(indexed.out, "2 segments indexed, "));
    EXPECT_EQ(verify().code, code_ok);
    {
        std::fstream index(log("ORDER_OUT") + "/000000000000.idx",
                           std::ios::in | std::ios::out | std::ios::binary);
        index.seekp(70);
        index.put('x');
    }
    const exit_result wrong = verify();
    EXPECT_EQ(wrong.code, code_damaged);
    EXPECT_TRUE(has(wrong.out, "the index is wrong"));
    EXPECT_EQ(run({"log", "index", log("ORDER_OUT")}).code, code_ok);
    EXPECT_EQ(verify().code, code_ok);
    const engine::file_lock lock(log("ORDER_OUT") + "/writer.lock", "test");
    const exit_result beside = run({"log", "index", log("ORDER_OUT")});
    EXPECT_EQ(beside.code, code_ok);
    EXPECT_TRUE(has(beside.out, "1 segments indexed, ")) << "of the newest its writer has one";
    EXPECT_TRUE(has(beside.out, "open for writing by "));
    EXPECT_EQ(run({"log", "seal", log("ORDER_OUT")}).code, code_locked);
    EXPECT_EQ(run({"log", "salvage", log("ORDER_OUT"), file("saved")}).code, code_locked);
    EXPECT_EQ(verify().code, code_ok) << "reading needs no lock";
}

}  // namespace
}  // namespace millrace::tests
