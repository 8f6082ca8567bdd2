// The commands on a log in each state a user may find it in: closed, being written by another
// process, left by a writer that was killed, and after a restart of the host.
#include "engine/log/log_writer.hpp"
#include "engine/log/seal_file.hpp"
#include "engine/table/row.hpp"
#include "tests/engine/log/dying_writer.hpp"
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

using engine::test::way;
using nlohmann::json;

constexpr std::uint64_t row_count = 900;
constexpr std::uint64_t durable_count = 700;

enum class state { closed, written, killed, restarted };

class LogStateCommands : public CommandLine,
                         public ::testing::WithParamInterface<std::tuple<way, state>> {
protected:
    void SetUp() override {
        if (found() == state::closed) {
            static_cast<void>(write());
        } else if (found() == state::written) {
            writer_ = write();
        } else {
            ASSERT_TRUE(engine::test::live_until_killed([&] {
                const auto writer = write();
                if (!HasFailure()) {
                    engine::test::kill_self();
                }
            }));
        }
        if (found() == state::restarted) {
            engine::test::restart_host(wires());
        }
    }
    [[nodiscard]] way how() const { return std::get<0>(GetParam()); }
    [[nodiscard]] state found() const { return std::get<1>(GetParam()); }
    [[nodiscard]] bool is_hot() const { return how() == way::hot; }
    [[nodiscard]] bool is_cut() const { return is_hot() && found() == state::restarted; }
    [[nodiscard]] std::string wires() const { return file("WIRES"); }

    [[nodiscard]] std::unique_ptr<engine::log_writer> write() const {
        std::vector<engine::schema_column> columns(1);
        columns[0].name = "ID";
        const engine::row_schema schema("WIRES", columns);
        engine::log_options options = engine::test::options_of(how(), path());
        options.schema = schema.to_text();
        options.hot_directory = memory_ / "hot";
        options.sync_delay_max_ns = 600'000'000'000;  // only what is asked for is durable
        auto writer = std::make_unique<engine::log_writer>(wires(), options);
        for (std::uint64_t id = 1; id <= row_count; ++id) {
            std::vector<std::byte> payload(schema.payload_size(0));
            engine::row_builder row(schema, payload);
            EXPECT_EQ(row.set_integer(0, static_cast<std::int64_t>(id)), engine::row_status::ok);
            payload.resize(row.finish().size);
            engine::log_claim claim =
                engine::test::claim_when_ready(*writer, engine::row_record_type, payload.size());
            if (!claim) {
                ADD_FAILURE() << "row " << id << ": " << describe(claim.status());
                break;
            }
            std::copy(payload.begin(), payload.end(), claim.payload().begin());
            EXPECT_EQ(claim.commit().status, engine::append_status::ok);
            if (id == durable_count) {
                EXPECT_EQ(engine::test::wait_for_the_disk(*writer), engine::durable_wait::durable);
                ::usleep(50'000);  // a last wish for a sync must not take the next rows along
            }
        }
        EXPECT_TRUE(engine::test::comes_true([&] {
            return engine::list_segment_names(wires()).size() >=
                   engine::list_segments(wires()).size() + 2;
        })) << "both spares were to be there";
        return writer;
    }
    void expect_count(std::uint64_t count) const {
        if (is_cut()) {
            EXPECT_GE(count, durable_count);
            EXPECT_LT(count, row_count);
        } else {
            EXPECT_EQ(count, row_count);
        }
    }
    [[nodiscard]] json info() const {
        const exit_result result = run({"log", "info", wires(), "--json"});
        EXPECT_EQ(result.code, code_ok) << result.err;
        return result.code == code_ok ? json::parse(result.out) : json();
    }

    engine::test::temporary_directory memory_;
    std::unique_ptr<engine::log_writer> writer_;
};

TEST_P(LogStateCommands, VerifyIsCleanAndTellsOfSparesAndTheHotTier) {
    const exit_result result = run({"log", "verify", wires(), "--json"});
    EXPECT_EQ(result.code, code_ok) << result.out << result.err;
    const json report = json::parse(result.out);
    EXPECT_TRUE(report["findings"].empty());
    expect_count(report["records"]);
    EXPECT_EQ(report["spares"].get<int>() > 0, found() != state::closed);
    const bool is_in_memory = is_hot() && (found() == state::written || found() == state::killed);
    EXPECT_EQ(has(report["notes"].dump(), "were read in the hot tier"), is_in_memory);
}

TEST_P(LogStateCommands, InfoTellsOfSparesTierAndDurablePosition) {
    const json found_info = info();
    expect_count(found_info["last_sequence"]);
    EXPECT_EQ(found_info["spares"].get<int>() > 0, found() != state::closed);
    EXPECT_GE(found_info["durable_sequence"].get<std::uint64_t>(), durable_count);
    // An end record that lost its successor is durable, and the log ends before it.
    EXPECT_LE(found_info["durable_position"].get<std::uint64_t>(),
              found_info["end_position"].get<std::uint64_t>() + engine::record_header_bytes);
    if (!is_hot() || found() == state::closed) {
        EXPECT_TRUE(found_info["hot_tier"].is_null());
        return;
    }
    EXPECT_TRUE(has(found_info["hot_tier"]["state"], found() == state::written ? "in use"
                                                     : found() == state::killed
                                                         ? "left by a writer that died"
                                                         : "gone with a restart"));
    EXPECT_EQ(found_info["hot_tier"]["segments"].get<int>() > 0, found() != state::restarted);
    const exit_result text = run({"log", "info", wires()});
    EXPECT_TRUE(has(text.out, "durable_position"));
    EXPECT_TRUE(has(text.out, found_info["hot_tier"]["state"].get<std::string>()));
}

TEST_P(LogStateCommands, ExportAndDumpTakeAllThatIsThere) {
    const exit_result dumped = run({"log", "dump", wires(), "--format", "json"});
    EXPECT_EQ(dumped.code, code_ok) << dumped.err;
    expect_count(parse_lines(dumped.out).size());
    const exit_result exported = run({"log", "export", wires(), "--evidence", file("evidence")});
    EXPECT_EQ(exported.code, code_ok) << exported.out << exported.err;
    const json manifest = json::parse(read_text(path() / "evidence" / "manifest.json"));
    expect_count(manifest["rows"]["count"]);
}

TEST_P(LogStateCommands, IndexSealAndSalvageTakeAllOrNameTheWriter) {
    const exit_result salvaged = run({"log", "salvage", wires(), file("saved")});
    const exit_result indexed = run({"log", "index", wires()});
    const exit_result sealed = run({"log", "seal", wires()});
    if (found() == state::written) {
        EXPECT_EQ(salvaged.code, code_locked);
        EXPECT_EQ(indexed.code, code_ok) << indexed.err;
        EXPECT_TRUE(has(indexed.out, "open for writing by "));
        EXPECT_EQ(sealed.code, code_locked);
        return;
    }
    EXPECT_EQ(salvaged.code, code_ok) << salvaged.err;
    EXPECT_TRUE(has(salvaged.out, " 0 known to be lost, 0 holes"));
    EXPECT_EQ(indexed.code, code_ok) << indexed.err;
    EXPECT_EQ(has(indexed.out, "note: "), is_hot() && found() != state::closed);
    EXPECT_EQ(sealed.code, code_ok) << sealed.err;
    expect_count(engine::read_seal_head(wires()).last_sequence.value);
    EXPECT_EQ(run({"log", "verify", wires()}).code, code_ok);
    EXPECT_EQ(run({"log", "verify", file("saved")}).code, code_ok);
}

std::string name_of(const ::testing::TestParamInfo<std::tuple<way, state>>& param) {
    static constexpr const char* names[] = {"Closed", "Written", "Killed", "Restarted"};
    return engine::test::to_text(std::get<0>(param.param)) +
           names[static_cast<int>(std::get<1>(param.param))];
}

INSTANTIATE_TEST_SUITE_P(All, LogStateCommands,
                         ::testing::Combine(::testing::Values(way::direct_ahead, way::hot),
                                            ::testing::Values(state::closed, state::written,
                                                              state::killed, state::restarted)),
                         name_of);

}  // namespace
}  // namespace millrace::tests
