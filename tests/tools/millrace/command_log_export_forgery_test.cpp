// Forged evidence: each test changes a package as somebody would who knows how it is checked, and
// the script has to find it.
#include <cstring>
#include <numeric>

#include "engine/core/crc32c.hpp"
#include "engine/log/seal.hpp"
#include "tests/tools/millrace/evidence_support.hpp"

namespace millrace::tests {
namespace {

using nlohmann::json;

const std::string records_0 = "records/000000000000.alog.records";
const std::string records_1 = "records/000000000001.alog.records";

class Forgery : public EvidenceLog {
protected:
    void export_all() { ASSERT_EQ(export_rows({"--head", head_}).code, code_ok); }
    [[nodiscard]] std::string proof() const { return key_.empty() ? by_head() : by_key(); }

    // Found whatever the script is given.
    void expect_found(const std::string& part) const {
        for (const std::string& given : {std::string(), proof()}) {
            const auto [code, text] = check(given);
            EXPECT_EQ(code, 1) << given << text;
            EXPECT_TRUE(has(text, part)) << given;
        }
    }
    [[nodiscard]] std::vector<std::string> lines_of(const std::string& name) const {
        std::istringstream in(read_text(package(name)));
        std::vector<std::string> lines;
        for (std::string line; std::getline(in, line);) {
            lines.push_back(line);
        }
        return lines;
    }
    void forge_lines(const std::string& name, const std::vector<std::string>& lines) const {
        std::string text;
        for (const std::string& line : lines) {
            text += line + "\n";
        }
        forge(name, text);
    }
    // Rows in this order, by their lines as they were; wire bytes and manifest made to agree.
    void forge_rows(const std::vector<int>& ids) const {
        const std::vector<std::string> all = lines_of("rows.ndjson");
        const auto row_at = [&all](int id) {
            return json::parse(all[static_cast<std::size_t>(id) - 1]);
        };
        std::vector<std::string> rows;
        std::string wire;
        std::string places = "sequence,offset,size\n";
        for (const int id : ids) {
            rows.push_back(all[static_cast<std::size_t>(id) - 1]);
            places += std::to_string(id) + "," + std::to_string(wire.size()) + "," +
                      std::to_string(wire_of(id).size()) + "\n";
            wire += wire_of(id);
        }
        const json first = row_at(ids.front());
        const json last = row_at(ids.back());
        const std::uint64_t at = last["position"];  // and records of such numbers are alike long
        const std::uint64_t end = 2 * at - row_at(ids.back() - 1)["position"].get<std::uint64_t>();
        forge_lines("rows.ndjson", rows);
        forge("wire.dat", wire);
        forge("wire.csv", places);
        forge_manifest([&](json& said) {
            json& shown = said["rows"];
            shown["count"] = ids.size();
            shown["first_sequence"] = first["sequence"];
            shown["last_sequence"] = last["sequence"];
            shown["first_position"] = first["position"];
            shown["first_time"] = first["timestamp"];
            shown["last_time"] = last["timestamp"];
            shown["end_position"] = end;
        });
    }
    [[nodiscard]] static std::vector<int> all_ids() {
        std::vector<int> ids(row_count);
        std::iota(ids.begin(), ids.end(), 1);
        return ids;
    }
    [[nodiscard]] static std::vector<int> ids_without(int left_out) {
        std::vector<int> ids = all_ids();
        std::erase(ids, left_out);
        return ids;
    }
    // In rows and wire bytes; in the record bytes too, if told so.
    void forge_quantity(bool with_record) const {
        forge("rows.ndjson", "11=A100\\u000138=100", "11=A100\\u000138=999");
        const std::string from =
            "11=A100\x01"
            "38=100";
        const std::string to =
            "11=A100\x01"
            "38=999";
        forge("wire.dat", from, to);
        if (with_record) {
            forge(records_0, from, to);
        }
    }
    void make_seals_anew() const;
};

class ForgedEvidence : public Forgery, public ::testing::WithParamInterface<bool> {
protected:
    void SetUp() override {
        make_log(GetParam());
        export_all();
        ASSERT_EQ(check(proof()).first, 0) << check(proof()).second;
    }
};

INSTANTIATE_TEST_SUITE_P(Sealed, ForgedEvidence, ::testing::Bool(), [](const auto& param) {
    return param.param ? "WithAKey" : "WithoutAKey";
});

// Every hash from the record bytes, and what depends on it, as who has no key can.
void Forgery::make_seals_anew() const {
    engine::digest chain;
    const auto put = [](std::string& bytes, std::size_t at, const auto& value) {
        std::memcpy(bytes.data() + at, &value, sizeof value);
    };
    const json said = manifest();
    for (const json& segment : said["segments"]) {
        const std::string name = segment["seals"];
        std::string seals = read_text(package(name));
        const std::string records = read_text(package(segment["records"]["name"]));
        const std::uint64_t first = segment["records"]["ranges"][0]["begin"];
        put(seals, 56, chain);
        put(seals, 124, engine::crc32c(0, seals.data(), 124));
        const std::uint32_t seed = engine::crc32c(0, seals.data() + 40, 16);
        for (std::size_t at = 128; at < seals.size(); at += 128) {
            engine::seal one;
            std::memcpy(&one, seals.data() + at, sizeof one);
            engine::sha256 hash;
            hash.update(std::as_bytes(std::span(&chain, 1)));
            hash.update(
                std::as_bytes(std::span(records).subspan(one.begin - first, one.end - one.begin)));
            hash.update(std::as_bytes(std::span(seals).subspan(at, 48)));
            chain = hash.finish();
            put(seals, at + 48, chain);
            put(seals, at + 124, engine::crc32c(seed, seals.data() + at, 124));
        }
        forge(name, seals);
    }
    forge_manifest([&](json& forged) { forged["seal_head"]["hash"] = to_string(chain); });
}

TEST_P(ForgedEvidence, AValueChangedInRowAndWireBytes) {
    forge_quantity(false);
    expect_found("rows.ndjson:100: sequence 100: WIRE is '8=FIX.4.4");
    expect_found("wire.dat: sequence 100: the bytes are not those of the record");
}

TEST_P(ForgedEvidence, AValueChangedInTheRowAlone) {
    forge("rows.ndjson", "\"PRICE\":62.50", "\"PRICE\":62.5");
    expect_found("sequence 250: PRICE is '62.5', but '62.50' in the record");
}

TEST_P(ForgedEvidence, AFieldHiddenBehindOneOfTheSameName) {
    forge("rows.ndjson", "\"PRICE\":62.50", "\"PRICE\":999,\"PRICE\":62.50");
    expect_found("rows.ndjson:250: sequence 250: row: its fields are not ID, SIDE, PRICE, WIRE");
}

TEST_P(ForgedEvidence, AnEnvelopeChanged) {
    forge("rows.ndjson", R"("sequence":7,"position")", R"("sequence":8,"position")");
    expect_found("rows.ndjson:7: sequence 7: sequence is '8', but '7' in the record");
}

TEST_P(ForgedEvidence, AValueChangedInTheRecordToo) {
    forge_quantity(true);
    expect_found(records_0 + ": seal ");
}

TEST_P(ForgedEvidence, AllMadeAnewIsFoundByWhatTheForgerHasNot) {
    forge_quantity(true);
    make_seals_anew();
    const auto [code, text] = check();
    EXPECT_EQ(code, 0) << text;
    EXPECT_TRUE(has(text, "proven: nothing"));
    EXPECT_EQ(check(proof()).first, 1);
    EXPECT_TRUE(has(check(by_head()).second, head_ + " is not the hash of any seal"));
    EXPECT_TRUE(has(check(by_head()).second, "sequences 1 to 500: not proven by what was given"));
    if (GetParam()) {
        EXPECT_TRUE(has(check(by_key()).second, "was not made with this key"));
    }
}

TEST_P(ForgedEvidence, ARowLeftOut) {
    for (const int id : {1, 250, 500}) {
        SCOPED_TRACE(id);
        export_all();
        forge_rows(ids_without(id));
        expect_found("the row of sequence " + std::to_string(id) + " is missing");
    }
}

TEST_P(ForgedEvidence, ARowAdded) {
    const std::string last = lines_of("rows.ndjson").back();
    forge("rows.ndjson", read_text(package("rows.ndjson")) + last + "\n");
    expect_found("rows.ndjson:501: no record stands at position");
    export_all();
    forge("rows.ndjson", read_text(package("rows.ndjson")) +
                             replaced(last, "\"position\":", "\"position\":9") + "\n");
    expect_found("rows.ndjson:501: no record stands at position 9");
    export_all();
    std::vector<std::string> rows = lines_of("rows.ndjson");
    rows.insert(rows.begin() + 10, rows[9]);
    forge_lines("rows.ndjson", rows);
    expect_found("rows.ndjson:11: no record stands at position");
}

TEST_P(ForgedEvidence, RowsInAnotherOrder) {
    std::vector<int> ids = all_ids();
    std::swap(ids[9], ids[10]);
    forge_rows(ids);
    expect_found("the row of sequence 10 is missing");
}

TEST_P(ForgedEvidence, WireBytesOrTheirPlacesChangedAlone) {
    forge("wire.dat", "11=A100", "11=A999");
    expect_found("wire.dat: sequence 100: the bytes are not those of the record");
    export_all();
    forge("wire.dat", read_text(package("wire.dat")) + "more");
    expect_found("wire.dat, wire.csv: have more than the rows");
    export_all();
    forge_byte("wire.csv", 25);
    expect_found("wire.csv: the line of sequence 1 is not there");
}

TEST_P(ForgedEvidence, AClockRecordChangedRemovedOrAdded) {
    const std::vector<std::string> lines = lines_of("clock.ndjson");
    ASSERT_EQ(lines.size(), 3U);
    forge("clock.ndjson", "\"reason\":\"step\"", "\"reason\":\"drift\"");
    expect_found("clock.ndjson:1: reason is 'drift', but 'step' in the record");
    forge_lines("clock.ndjson", {lines[1], lines[2]});
    expect_found("clock.ndjson: has 2 clock records, the record bytes have 3");
    forge_lines("clock.ndjson", {lines[0], lines[1], lines[2], lines[2]});
    expect_found("clock.ndjson: has 4 clock records, the record bytes have 3");
}

TEST_P(ForgedEvidence, AColumnRenamedInTheSchema) {
    std::string records = replaced(read_text(package(records_0)), "column PRICE", "column BRICE");
    const std::size_t schema_bytes = schema().to_text().size();
    const std::uint32_t static_crc =
        engine::crc32c(engine::crc32c(0, records.data(), 124), records.data() + 256, schema_bytes);
    std::memcpy(records.data() + 124, &static_crc, sizeof static_crc);
    forge(records_0, records);
    forge_manifest([](json& said) {
        said["segments"][0]["schema"] =
            replaced(said["segments"][0]["schema"], "column PRICE", "column BRICE");
    });
    expect_found(records_0 + ": seal 0");
}

TEST_P(ForgedEvidence, RecordsLeftOutWithTheirRows) {
    const json ranges = manifest()["segments"][1]["records"]["ranges"];
    ASSERT_EQ(ranges.size(), 1U);
    const std::uint64_t begin = ranges[0]["begin"];
    std::string seals = read_text(package("seals/000000000001.seal"));
    engine::seal first;
    std::memcpy(&first, seals.data() + 128, sizeof first);
    ASSERT_LT(first.last_sequence, 500U);
    std::vector<int> ids(first.last_sequence);
    std::iota(ids.begin(), ids.end(), 1);
    forge_rows(ids);
    forge(records_1, read_text(package(records_1)).substr(0, first.end - begin));
    forge_manifest(
        [&](json& said) { said["segments"][1]["records"]["ranges"][0]["end"] = first.end; });
    const std::vector<std::string> clock = lines_of("clock.ndjson");
    forge_lines("clock.ndjson", {clock[0], clock[1]});
    const std::string last = std::to_string(first.last_sequence);
    expect_found("rows behind sequence " + last + " are missing");

    // With their seals they are gone without a trace, unless a head was noted.
    forge("seals/000000000001.seal", seals.substr(0, 256));
    forge_manifest([&](json& said) { said["seal_head"]["hash"] = to_string(first.hash); });
    EXPECT_EQ(check().first, 0) << check().second;
    EXPECT_TRUE(has(check().second, "the log ended with sequence " + last));
    EXPECT_EQ(check(by_head()).first, 1);
}

// Of a keyed log, where ranges stand for themselves: what lies between two of them is not there.
class KeyedForgery : public Forgery {
protected:
    void SetUp() override {
        make_key();
        for (const int first : {1, 101, 201}) {
            append(first, first + 99);
            seal();
        }
        rows_ = parse_lines(run({"log", "dump", wires(), "--format", "json"}).out);
        const std::string seals = read_text(wires() + "/000000000000.seal");
        ASSERT_EQ(seals.size(), 4 * 128U) << "there are to be three seals";
        std::memcpy(&middle_, seals.data() + 2 * 128, sizeof middle_);
        ASSERT_EQ(middle_.first_sequence, 101U);
        ASSERT_EQ(middle_.last_sequence, 200U);
    }
    [[nodiscard]] const json& row(std::size_t sequence) const { return rows_[sequence - 1]; }

    std::vector<json> rows_;
    engine::seal middle_{};
};

TEST_F(KeyedForgery, ARangeThatBeganBeforeItsFirstRow) {
    ASSERT_EQ(export_rows({"--sequence", "201"}).code, code_ok);
    ASSERT_EQ(manifest()["segments"][0]["records"]["ranges"].size(), 2U);
    ASSERT_EQ(check(by_key()).first, 0) << check(by_key()).second;
    for (const json& range : {json{{"time", row(150)["timestamp"]}},
                              json{{"offset", row(150)["position"]}}, json{{"sequence", 150}}}) {
        SCOPED_TRACE(range.dump());
        forge_manifest([&](json& said) { said["range"] = range; });
        expect_found("rows in front of sequence 201 are missing");
    }
    forge_manifest([&](json& said) { said["range"] = {{"time", row(201)["timestamp"]}}; });
    EXPECT_EQ(check(by_key()).first, 0) << check(by_key()).second;
}

TEST_F(KeyedForgery, RecordsTakenOutOfTheMiddle) {
    ASSERT_EQ(export_rows({"--sequence", "90"}).code, code_ok);
    const std::string name = manifest()["segments"][0]["records"]["name"];
    const json ranges = manifest()["segments"][0]["records"]["ranges"];
    ASSERT_EQ(ranges.size(), 1U);
    const std::uint64_t begin = ranges[0]["begin"];
    forge(name, read_text(package(name)).erase(middle_.begin - begin, middle_.end - middle_.begin));
    std::vector<std::string> rows = lines_of("rows.ndjson");
    rows.erase(rows.begin() + 11, rows.begin() + 111);  // 101 to 200
    std::string wire;
    std::string places = "sequence,offset,size\n";
    for (const std::string& line : rows) {
        const int id = json::parse(line)["row"]["ID"];
        places += std::to_string(id) + "," + std::to_string(wire.size()) + "," +
                  std::to_string(wire_of(id).size()) + "\n";
        wire += wire_of(id);
    }
    forge_lines("rows.ndjson", rows);
    forge("wire.dat", wire);
    forge("wire.csv", places);
    forge_manifest([&](json& said) {
        said["rows"]["count"] = rows.size();
        said["segments"][0]["records"]["ranges"] = {
            {{"begin", begin}, {"end", middle_.begin}},
            {{"begin", middle_.end}, {"end", ranges[0]["end"]}}};
    });
    expect_found("records: those between sequences 100 and 201 are missing");
}

class CarelesslyForgedEvidence : public Forgery {
protected:
    void SetUp() override {
        make_log(false);
        export_all();
    }
};

TEST_F(CarelesslyForgedEvidence, FilesThatAreNotThoseOfTheManifest) {
    for (const std::string& name :
         {std::string("rows.ndjson"), std::string("wire.dat"), std::string("wire.csv"),
          std::string("clock.ndjson"), records_0, std::string("seals/000000000001.seal")}) {
        SCOPED_TRACE(name);
        const std::string whole = read_text(package(name));
        std::string changed = whole;
        changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
        write("package/" + name, changed);
        EXPECT_EQ(check().first, 1);
        EXPECT_TRUE(has(check().second, name + ": is not the file the manifest names"));
        std::filesystem::remove(package(name));
        EXPECT_TRUE(has(check().second, name + ": is not there"));
        write("package/" + name, whole);
    }
    EXPECT_EQ(check().first, 0);
    write("package/extra", "x");
    EXPECT_TRUE(has(check().second, "extra: is not in the manifest"));
}

TEST_F(CarelesslyForgedEvidence, AByteOfHeaderOrSealsChanged) {
    const std::vector<std::pair<std::string, std::size_t>> forgeries = {
        {records_0, 60},  // salt
        {records_0, 130},
        {records_0, 2000},  // zeros behind the schema text
        {"seals/000000000000.seal", 100},
        {"seals/000000000001.seal", 60},
        {"seals/000000000001.seal", 128 + 50},
    };
    for (const auto& [name, at] : forgeries) {
        SCOPED_TRACE(name + " at " + std::to_string(at));
        export_all();
        forge_byte(name, at);
        EXPECT_EQ(check().first, 1) << check().second;
    }
}

}  // namespace
}  // namespace millrace::tests
