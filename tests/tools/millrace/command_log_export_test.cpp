// Evidence: what is exported, and what the independent script says of it.
#include "engine/log/seal.hpp"
#include "engine/stream/table_log.hpp"
#include "tests/tools/millrace/evidence_support.hpp"

namespace millrace::tests {
namespace {

using nlohmann::json;

class Evidence : public EvidenceLog {
protected:
    void SetUp() override { make_log(false); }
};

TEST_F(Evidence, HoldsRowsWireBytesClockRecordsSealsAndAManifest) {
    const exit_result result = export_rows({"--sequence", "100", "--until-sequence", "450"});
    ASSERT_EQ(result.code, code_ok) << result.err;
    EXPECT_TRUE(has(result.out, "351 rows, sequences 100 to 450"));
    const json said = manifest();
    EXPECT_EQ(said["format"], "millrace evidence 2");
    EXPECT_EQ(said["range"], (json{{"sequence", 100}, {"until_sequence", 450}}));
    EXPECT_EQ(said["where"], nullptr);
    EXPECT_EQ(said["rows"]["count"], 351);
    EXPECT_EQ(said["rows"]["first_sequence"], 100);
    EXPECT_EQ(said["rows"]["last_sequence"], 450);
    EXPECT_EQ(said["seal_head"]["hash"], head_);
    EXPECT_EQ(said["verified"]["result"], "clean");
    EXPECT_EQ(said["wire_column"], "WIRE");
    EXPECT_EQ(said["segments"].size(), 2U);
    EXPECT_EQ(said["segments"][0]["schema"], schema().to_text());
    const std::string dumped = run({"log", "dump", wires(), "--format", "json", "--sequence", "100",
                                    "--until-sequence", "450"})
                                   .out;
    EXPECT_EQ(read_text(package("rows.ndjson")), dumped);
    EXPECT_TRUE(read_text(package("wire.dat")).starts_with(wire_of(100) + wire_of(101)));
    EXPECT_TRUE(read_text(package("wire.csv")).starts_with("sequence,offset,size\n100,0,"));
    const std::vector<json> clock = parse_lines(read_text(package("clock.ndjson")));
    ASSERT_EQ(clock.size(), 3U);
    EXPECT_EQ(clock[0]["reason"], "step");
    EXPECT_EQ(clock[0]["sequence"], 200);
    EXPECT_EQ(clock[1]["reason"], "behind");
    EXPECT_EQ(clock[1]["sequence"], 210);
}

TEST_F(Evidence, IsProvenByAHeadThatWasNotedElsewhere) {
    ASSERT_EQ(export_rows({"--sequence", "100", "--until-sequence", "450"}).code, code_ok);
    const auto [code, text] = check(by_head());
    EXPECT_EQ(code, 0) << text;
    EXPECT_TRUE(has(text, "proven by the head: sequences 100 to 450, as written"));
    EXPECT_TRUE(has(text, "range: sequence 100, until sequence 450; every row of it must be here"));
    EXPECT_TRUE(has(text, "right: 351 rows"));
    EXPECT_EQ(check("--head " + std::string(64, 'a')).first, 1);
}

// Rows of a salvaged log go on naming the log they were first written to.
TEST_F(Evidence, NamesRowsOfASalvagedLogAsTheyWereNamed) {
    ASSERT_EQ(export_rows().code, code_ok);
    const json first = parse_lines(read_text(package("rows.ndjson"))).front();
    ASSERT_EQ(run({"log", "salvage", wires(), file("SALVAGED")}).code, code_ok);
    std::filesystem::remove_all(wires());
    std::filesystem::rename(file("SALVAGED"), wires());
    ASSERT_EQ(export_rows().code, code_ok);
    const auto [code, text] = check();
    EXPECT_EQ(code, 0) << text;
    EXPECT_TRUE(has(text, "right: 500 rows"));
    EXPECT_EQ(parse_lines(read_text(package("rows.ndjson"))).front()["correlation"],
              first["correlation"]);
}

TEST_F(Evidence, SaysThatNothingIsProvenWithoutHeadAndKey) {
    ASSERT_EQ(export_rows().code, code_ok);
    const auto [code, text] = check();
    EXPECT_EQ(code, 0) << text;
    EXPECT_TRUE(has(text, "proven: nothing. The files agree with one another"));
    EXPECT_TRUE(has(text, "range: the whole log; every row of it must be here"));
    EXPECT_TRUE(has(text, "the log ended with sequence 500 when this was exported"));
}

TEST_F(Evidence, LeadsToTheHeadThatItIsExportedFor) {
    append(501, 900);
    const std::string noted = head_;
    seal();
    ASSERT_EQ(export_rows({"--until-sequence", "100", "--head", noted}).code, code_ok);
    EXPECT_EQ(check("--head " + noted).first, 0) << check("--head " + noted).second;
    const auto [code, text] = check(by_head());
    EXPECT_EQ(code, 1) << "the bytes between the two are not there";
    EXPECT_TRUE(has(text, "sequences 1 to 100: not proven by what was given"));
    ASSERT_EQ(export_rows({"--until-sequence", "100"}).code, code_ok);
    EXPECT_EQ(check(by_head()).first, 0) << "to the newest head, unless told otherwise";
    EXPECT_EQ(check("--head " + noted).first, 0);
}

TEST_F(Evidence, IsNotExportedForAHeadThatProvesNothingOfIt) {
    append(501, 600);
    const std::string noted = head_;
    seal();
    const exit_result late = export_rows({"--sequence", "450", "--head", noted});
    EXPECT_EQ(late.code, code_failure);
    EXPECT_TRUE(has(late.err, "that seal ends with sequence 500"));
    EXPECT_EQ(export_rows({"--head", std::string(64, 'a')}).code, code_damaged);
    EXPECT_EQ(export_rows({"--head", "5bdc"}).code, code_usage);
}

TEST_F(Evidence, HoldsRowsThatMeetACondition) {
    ASSERT_EQ(export_rows({"--where", "SIDE = 'B'"}).code, code_ok);
    EXPECT_EQ(manifest()["rows"]["count"], 250);
    EXPECT_EQ(manifest()["where"], "SIDE = 'B'");
    const auto [code, text] = check(by_head());
    EXPECT_EQ(code, 0) << text;
    EXPECT_TRUE(has(text,
                    "rows for which SIDE = 'B': whether all of these are here cannot be "
                    "known"));
}

TEST_F(Evidence, HoldsARangeOfTimesWithWhatShowsItsEnds) {
    const std::vector<json> all =
        parse_lines(run({"log", "dump", wires(), "--format", "json"}).out);
    for (const auto& [first, last] :
         {std::pair{1, 500}, std::pair{60, 61}, std::pair{201, 210}, std::pair{380, 420}}) {
        SCOPED_TRACE(std::to_string(first) + " to " + std::to_string(last));
        const std::string begin = all[static_cast<std::size_t>(first) - 1]["timestamp"];
        const std::string end = all[static_cast<std::size_t>(last) - 1]["timestamp"];
        ASSERT_EQ(export_rows({"--time", begin, "--until-time", end}).code, code_ok);
        EXPECT_EQ(manifest()["rows"]["count"], last - first + 1);
        const auto [code, text] = check(by_head());
        EXPECT_EQ(code, 0) << text;
        EXPECT_FALSE(has(text, "not proven")) << text;
        const std::uint64_t at = all[static_cast<std::size_t>(first) - 1]["position"];
        const std::uint64_t until = all[static_cast<std::size_t>(last) - 1]["position"];
        ASSERT_EQ(
            export_rows({"--offset", std::to_string(at), "--until-offset", std::to_string(until)})
                .code,
            code_ok);
        EXPECT_EQ(check(by_head()).first, 0) << check(by_head()).second;
    }
}

TEST_F(Evidence, ShowsEachRowByTheSchemaItWasWrittenUnder) {
    const engine::row_schema narrow = schema();
    std::vector<engine::schema_column> columns(narrow.columns().begin(), narrow.columns().end());
    columns.insert(columns.end() - 1, engine::schema_column{.name = "DESK"});
    const engine::row_schema wider("WIRES", columns);
    {
        engine::table_log table(wires(), wider, {});
        std::vector<std::byte> payload(wider.payload_size());
        engine::row_builder row(wider, payload);
        ASSERT_EQ(row.set_integer(3, 7), engine::row_status::ok);
        ASSERT_EQ(table.try_append(payload).status, engine::append_status::ok);
    }
    seal();
    ASSERT_EQ(export_rows({"--where", "ID = 12 OR DESK = 7"}).code, code_ok);
    const std::vector<json> rows = parse_lines(read_text(package("rows.ndjson")));
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_FALSE(rows[0]["row"].contains("DESK"));
    EXPECT_EQ(rows[1]["row"]["DESK"], 7);
    EXPECT_EQ(check(by_head()).first, 0) << check(by_head()).second;
}

TEST_F(Evidence, SaysWhatIsNotSealed) {
    append(501, 510);
    EXPECT_TRUE(has(export_rows().out, "rows behind sequence 500 are not sealed yet"));
    const auto [code, text] = check();
    EXPECT_EQ(code, 0) << text;
    EXPECT_TRUE(has(text, "sequences 501 to 510 are not sealed"));
    EXPECT_EQ(check(by_head()).first, 1);
    EXPECT_TRUE(has(check(by_head()).second, "sequences 501 to 510: not proven"));
}

TEST_F(Evidence, OfALogWithoutSealsAgreesWithItselfAndProvesNothing) {
    for (const std::uint64_t index : {0, 1}) {
        std::filesystem::remove(wires() + "/" + engine::seal_file_name(index));
    }
    const exit_result exported = export_rows({"--where", "ID = 12 OR ID = 490"});
    ASSERT_EQ(exported.code, code_ok) << exported.err;
    EXPECT_TRUE(has(exported.out, "note: the log is not sealed"));
    EXPECT_EQ(check().first, 0) << check().second;
    EXPECT_TRUE(has(check().second, "sequences 12, 490 are not sealed"));
    ASSERT_EQ(export_rows().code, code_ok);
    EXPECT_EQ(check().first, 0) << check().second;
}

TEST_F(Evidence, IsNotMadeOfADamagedLogNorOfNothingNorOverOtherFiles) {
    const exit_result none = export_rows({"--where", "ID = 9999"});
    EXPECT_EQ(none.code, code_failure);
    EXPECT_TRUE(has(none.err, "no row in this range"));
    EXPECT_EQ(run({"log", "export", wires(), "--evidence", file("package")}).code, code_usage);
    std::fstream segment(wires() + "/000000000000.alog",
                         std::ios::in | std::ios::out | std::ios::binary);
    segment.seekp(10'000);
    segment.put('\x7e');
    segment.close();
    const exit_result damaged = export_rows();
    EXPECT_EQ(damaged.code, code_damaged);
    EXPECT_TRUE(has(damaged.err, "nothing was exported"));
    EXPECT_FALSE(std::filesystem::exists(file("package")));
}

TEST_F(Evidence, ScriptSaysWhereItCannotCheck) {
    const auto refuses = [&](const std::string& what, const std::string& more = {}) {
        const auto [code, text] = check(more);
        EXPECT_EQ(code, 2) << text;
        EXPECT_TRUE(has(text, what));
        EXPECT_EQ(text.find("Error"), std::string::npos) << "Python's names: " << text;
    };
    const std::string name = package("manifest.json");
    refuses(name + ": No such file or directory; give the directory that `millrace log export");
    std::filesystem::create_directories(file("package"));
    for (const char* manifest : {"{}", "[]", "7"}) {
        write("package/manifest.json", manifest);
        refuses(name + ": is not of the format `millrace evidence 2`; give");
    }
    write("package/manifest.json", "{");
    refuses(name + ": is no JSON (");
    write("package/manifest.json", R"({"format": "millrace evidence 2"})");
    refuses(file("package") + ": a file of the package has not the form that");
    ASSERT_EQ(export_rows().code, code_ok);
    refuses(file("no.key") + ": No such file or directory", "--key '" + file("no.key") + "'");
    for (const char* head : {"zz", "''", "5bdc", "'5bdc 3843'"}) {
        refuses("--head: expected 64 hexadecimal digits", std::string("--head ") + head);
    }
}

class KeyedEvidence : public EvidenceLog {
protected:
    void SetUp() override { make_log(true); }
};

TEST_F(KeyedEvidence, IsProvenByTheKeyAndNeedsTheRangesOfItsRowsAlone) {
    ASSERT_EQ(export_rows({"--sequence", "205", "--until-sequence", "206", "--key", key_}).code,
              code_ok);
    EXPECT_EQ(manifest()["verified"]["proven_to_sequence"], row_count);
    EXPECT_EQ(manifest()["segments"][1]["records"], nullptr);
    const auto [code, text] = check(by_key());
    EXPECT_EQ(code, 0) << text;
    EXPECT_TRUE(has(text, "proven by the key: sequences 205 to 206, as written"));
    EXPECT_EQ(check("--key '" + package("rows.ndjson") + "'").first, 1) << "no key of this log";
    EXPECT_EQ(check(by_head()).first, 1) << "its bytes do not lead to the head";
    ASSERT_EQ(export_rows({"--sequence", "205", "--head", head_}).code, code_ok);
    EXPECT_EQ(check(by_head() + " " + by_key()).first, 0);
}

TEST_F(KeyedEvidence, IsProvenByTheKeyWhereOlderSealsHaveNone) {
    std::filesystem::remove_all(wires());
    key_.clear();
    append(1, 100);
    seal();
    key_ = file("seal.key");
    append(101, 200);
    seal();
    ASSERT_EQ(export_rows({"--until-sequence", "50"}).code, code_ok);
    EXPECT_EQ(check(by_key()).first, 0) << check(by_key()).second;
}

}  // namespace
}  // namespace millrace::tests
