// What the tests of evidence packages share: a sealed log with wire bytes and moves of its clock,
// the package, the script that checks it, and a hand that forges it.
#pragma once

#include <sys/wait.h>

#include <utility>

#include "engine/log/log_writer.hpp"
#include "engine/log/sha256.hpp"
#include "engine/table/row.hpp"
#include "tests/engine/core/manual_clock.hpp"
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {

// Rows 1 to 500 of {ID, SIDE, PRICE, WIRE} in two segments. Before row 201 the host's clock is set
// forward; whoever opens the log later, before rows 211 and 401, finds its own behind.
class EvidenceLog : public CommandLine {
protected:
    static constexpr int row_count = 500;

    void make_log(bool is_keyed) {
        if (is_keyed) {
            make_key();
        }
        append(1, 200);
        {
            engine::test::manual_clock clock(engine::utc_now().ns + 5'000'000'000);
            append(201, 210, [&clock] {
                clock.set_by(7'200'000'000'000);
                clock.look();
            });
        }
        append(211, 400);
        seal();
        append(401, row_count);
        seal();
    }
    void make_key() {
        write("seal.key", std::string(32, 'k'));
        std::filesystem::permissions(file("seal.key"), std::filesystem::perms::owner_read);
        key_ = file("seal.key");
    }
    void seal() {
        std::vector<std::string> arguments = {"log", "seal", wires()};
        if (!key_.empty()) {
            arguments.insert(arguments.end(), {"--key", key_});
        }
        const exit_result sealed = run(arguments);
        ASSERT_EQ(sealed.code, code_ok) << sealed.err;
        head_ = sealed.out.substr(sealed.out.find("seal head ") + 10, 64);
    }
    [[nodiscard]] std::string wires() const { return file("WIRES"); }
    [[nodiscard]] static engine::row_schema schema() {
        std::vector<engine::schema_column> columns(4);
        columns[0].name = "ID";
        columns[1].name = "SIDE";
        columns[1].type = engine::column_type::character;
        columns[2].name = "PRICE";
        columns[2].type = engine::column_type::decimal;
        columns[3].name = "WIRE";
        columns[3].type = engine::column_type::bytes;
        return {"WIRES", columns};
    }
    [[nodiscard]] static std::string wire_of(int id) {
        return "8=FIX.4.4\x01"
               "11=A" +
               std::to_string(id) +
               "\x01"
               "38=100\x01\xff";
    }
    void append(
        int first, int last, const std::function<void()>& when_open = [] {}) const {
        const engine::row_schema columns = schema();
        engine::log_writer writer(
            wires(), {.segment_bytes = engine::segment_bytes_min, .schema = columns.to_text()});
        when_open();
        for (int id = first; id <= last; ++id) {
            const std::string wire = wire_of(id);
            std::vector<std::byte> payload(columns.payload_size(wire.size()));
            engine::row_builder row(columns, payload);
            ASSERT_EQ(row.set_integer(0, id), engine::row_status::ok);
            ASSERT_EQ(row.set_character(1, id % 2 == 0 ? 'B' : 'S'), engine::row_status::ok);
            ASSERT_EQ(row.set_decimal(2, {id * 25, -2}), engine::row_status::ok);
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
    [[nodiscard]] std::string by_key() const { return "--key '" + file("seal.key") + "'"; }
    [[nodiscard]] std::string by_head() const { return "--head " + head_; }

    [[nodiscard]] std::string package(const std::string& name) const {
        return file("package") + "/" + name;
    }
    [[nodiscard]] nlohmann::json manifest() const {
        return nlohmann::json::parse(read_text(package("manifest.json")));
    }
    // What the script can compare with the manifest alone is made to agree with it.
    void forge(const std::string& name, const std::string& bytes) const {
        write("package/" + name, bytes);
        nlohmann::json said = manifest();
        for (nlohmann::json& entry : said["files"]) {
            if (entry["name"] == name) {
                entry["size"] = bytes.size();
                entry["sha256"] = to_string(
                    engine::sha256_of(std::as_bytes(std::span(bytes.data(), bytes.size()))));
            }
        }
        write("package/manifest.json", said.dump(2));
    }
    void forge(const std::string& name, std::string_view from, std::string_view to) const {
        forge(name, replaced(read_text(package(name)), from, to));
    }
    void forge_byte(const std::string& name, std::size_t at) const {
        std::string bytes = read_text(package(name));
        ASSERT_LT(at, bytes.size());
        bytes[at] = static_cast<char>(bytes[at] ^ 1);
        forge(name, bytes);
    }
    void forge_manifest(const std::function<void(nlohmann::json&)>& change) const {
        nlohmann::json said = manifest();
        change(said);
        write("package/manifest.json", said.dump(2));
    }

    std::string key_;
    std::string head_;
};

}  // namespace millrace::tests
