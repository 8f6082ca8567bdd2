// Evidence: what is exported, and that the independent script accepts it and nothing else.
#include <sys/wait.h>

#include "engine/log/log_writer.hpp"
#include "engine/log/sha256.hpp"
#include "engine/table/row.hpp"
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

using nlohmann::json;

class Evidence : public CommandLine {
protected:
    void SetUp() override {
        append_wires(1, 400);
        ASSERT_EQ(run({"log", "seal", wires()}).code, code_ok);
        append_wires(401, 500);
        const exit_result sealed = run({"log", "seal", wires()});
        ASSERT_EQ(sealed.code, code_ok);
        head_ = sealed.out.substr(sealed.out.find("seal head ") + 10, 64);
    }
    [[nodiscard]] std::string wires() const { return file("WIRES"); }
    // A table with the bytes of a message in its last column.
    void append_wires(int first, int last) const {
        std::vector<engine::schema_column> columns(3);
        columns[0].name = "ID";
        columns[1].name = "SIDE";
        columns[1].type = engine::column_type::character;
        columns[2].name = "WIRE";
        columns[2].type = engine::column_type::bytes;
        const engine::row_schema schema("WIRES", columns);
        engine::log_writer writer(
            wires(), {.segment_bytes = engine::segment_bytes_min, .schema = schema.to_text()});
        for (int id = first; id <= last; ++id) {
            const std::string wire =
                "8=FIX.4.4\x01"
                "11=A" +
                std::to_string(id) + "\x01\xff";
            std::vector<std::byte> payload(schema.payload_size(wire.size()));
            engine::row_builder row(schema, payload);
            ASSERT_EQ(row.set_integer(0, id), engine::row_status::ok);
            ASSERT_EQ(row.set_character(1, id % 2 == 0 ? 'B' : 'S'), engine::row_status::ok);
            ASSERT_EQ(row.set_trailing(std::as_bytes(std::span(wire.data(), wire.size()))),
                      engine::row_status::ok);
            payload.resize(row.finish().size);
            ASSERT_EQ(writer.try_append(engine::row_record_type, payload).status,
                      engine::append_status::ok);
        }
    }
    [[nodiscard]] exit_result export_rows(std::vector<std::string> more = {}) const {
        std::filesystem::remove_all(file("package"));
        std::vector<std::string> arguments = {"log", "export", wires(), "--evidence",
                                              file("package")};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(arguments);
    }
    // The script's exit code and what it says.
    [[nodiscard]] std::pair<int, std::string> check(const std::string& more = {}) const {
        const std::string out = file("check.out");
        const std::string command = "python3 '" MILLRACE_SOURCE_ROOT "/tools/evidence_check.py' '" +
                                    file("package") + "' " + more + " >'" + out + "' 2>&1";
        const int status = std::system(command.c_str());
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(out)};
    }
    [[nodiscard]] json manifest() const { return json::parse(read_text(package("manifest.json"))); }
    [[nodiscard]] std::string package(const std::string& name) const {
        return file("package") + "/" + name;
    }
    // Changes one byte, and the manifest so that it does not show there.
    void forge(const std::string& name, std::size_t at) const {
        std::string bytes = read_text(package(name));
        ASSERT_LT(at, bytes.size());
        bytes[at] = static_cast<char>(bytes[at] ^ 1);
        write("package/" + name, bytes);
        json changed = manifest();
        for (json& entry : changed["files"]) {
            if (entry["name"] == name) {
                entry["sha256"] = to_string(
                    engine::sha256_of(std::as_bytes(std::span(bytes.data(), bytes.size()))));
            }
        }
        write("package/manifest.json", changed.dump(2));
    }

    std::string head_;
};

TEST_F(Evidence, HoldsRowsWireBytesHeadersSealsAndAManifest) {
    const exit_result result = export_rows({"--sequence", "100", "--until-sequence", "450"});
    ASSERT_EQ(result.code, code_ok) << result.err;
    EXPECT_TRUE(has(result.out, "351 rows, sequences 100 to 450"));
    const json said = manifest();
    EXPECT_EQ(said["format"], "millrace evidence 1");
    EXPECT_EQ(said["rows"]["count"], 351);
    EXPECT_EQ(said["rows"]["first_sequence"], 100);
    EXPECT_EQ(said["rows"]["last_sequence"], 450);
    EXPECT_EQ(said["seal_head"]["hash"], head_);
    EXPECT_EQ(said["verified"]["result"], "clean");
    EXPECT_EQ(said["wire_column"], "WIRE");
    const std::string dumped = run({"log", "dump", wires(), "--format", "json", "--sequence", "100",
                                    "--until-sequence", "450"})
                                   .out;
    EXPECT_EQ(read_text(package("rows.ndjson")), dumped);
    const std::string wire = read_text(package("wire.dat"));
    EXPECT_TRUE(
        wire.starts_with("8=FIX.4.4\x01"
                         "11=A100\x01\xff"));
    EXPECT_TRUE(read_text(package("wire.csv")).starts_with("sequence,offset,size\n100,0,"));
    EXPECT_EQ(check(), std::pair(0, check().second));
    EXPECT_TRUE(has(check().second, "right: 351 rows"));
    EXPECT_EQ(check("--head " + head_).first, 0);
    EXPECT_EQ(check("--head " + std::string(64, 'a')).first, 1);
}

TEST_F(Evidence, HoldsRowsThatMeetACondition) {
    ASSERT_EQ(export_rows({"--where", "SIDE = 'B'"}).code, code_ok);
    EXPECT_EQ(manifest()["rows"]["count"], 250);
    EXPECT_EQ(check().first, 0) << check().second;
}

TEST_F(Evidence, WithRecordsLetsTheSealsBeComputed) {
    ASSERT_EQ(export_rows({"--sequence", "100", "--until-sequence", "450", "--records"}).code,
              code_ok);
    EXPECT_EQ(check("--head " + head_).first, 0) << check().second;
    // A row changed with its place in the manifest: the record says otherwise.
    const json said = manifest();
    std::string records;
    for (const json& segment : said["segments"]) {
        if (segment.contains("records")) {
            records = segment["records"];
        }
    }
    ASSERT_NE(records, "");
    forge(records, 8000);
    const auto [code, text] = check();
    EXPECT_EQ(code, 1);
    EXPECT_TRUE(has(text, "is not that of these bytes"));
}

TEST_F(Evidence, IsRefusedByTheScriptWhereAFileWasChanged) {
    ASSERT_EQ(export_rows().code, code_ok);
    const std::vector<std::string> names = {"rows.ndjson",
                                            "wire.dat",
                                            "wire.csv",
                                            "schema.txt",
                                            "headers/000000000000.alog.header",
                                            "seals/000000000001.seal"};
    for (const std::string& name : names) {
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

TEST_F(Evidence, IsRefusedByTheScriptWhereTheManifestWasChangedToo) {
    const std::vector<std::pair<std::string, std::size_t>> forgeries = {
        {"headers/000000000000.alog.header", 60},  // salt
        {"headers/000000000000.alog.header", 130},
        {"seals/000000000000.seal", 100},
        {"seals/000000000001.seal", 60},
        {"seals/000000000001.seal", 128 + 50},
        {"wire.dat", 20},
        {"wire.csv", 25},
    };
    for (const auto& [name, at] : forgeries) {
        SCOPED_TRACE(name + " at " + std::to_string(at));
        ASSERT_EQ(export_rows().code, code_ok);
        forge(name, at);
        EXPECT_EQ(check().first, 1) << check().second;
    }
}

TEST_F(Evidence, CanBeCheckedWithTheKey) {
    write("seal.key", std::string(32, 'k'));
    std::filesystem::permissions(file("seal.key"), std::filesystem::perms::owner_read);
    ASSERT_EQ(export_rows().code, code_ok);
    EXPECT_EQ(check("--key '" + file("seal.key") + "'").first, 1) << "sealed without one";
    append_wires(501, 520);
    ASSERT_EQ(run({"log", "seal", wires(), "--key", file("seal.key")}).code, code_ok);
    ASSERT_EQ(export_rows({"--key", file("seal.key")}).code, code_ok);
    EXPECT_EQ(manifest()["verified"]["proven_to_sequence"], 520);
    EXPECT_EQ(check("--key '" + file("seal.key") + "'").first, 0);
    EXPECT_EQ(check("--key '" + package("schema.txt") + "'").first, 1);
}

TEST_F(Evidence, SaysWhatIsNotSealed) {
    append_wires(501, 510);
    EXPECT_TRUE(has(export_rows().out, "rows behind sequence 500 are not sealed yet"));
    EXPECT_EQ(check().first, 0);
    EXPECT_TRUE(has(check().second, "rows behind sequence 500 are not sealed"));
}

TEST_F(Evidence, IsNotMadeOfADamagedLogNorOfNothingNorOverOtherFiles) {
    const exit_result none = export_rows({"--where", "ID = 9999"});
    EXPECT_EQ(none.code, code_failure);
    EXPECT_TRUE(has(none.err, "no row in this range"));
    EXPECT_EQ(run({"log", "export", wires(), "--evidence", file("package")}).code,
              code_configuration);
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
    EXPECT_EQ(check().first, 2) << "no package";
    std::filesystem::create_directories(file("package"));
    write("package/manifest.json", "{}");
    EXPECT_EQ(check().first, 2);
    EXPECT_TRUE(has(check().second, "millrace evidence 1"));
}

}  // namespace
}  // namespace millrace::tests
