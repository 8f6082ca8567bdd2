#include "engine/log/log_reader.hpp"
#include "engine/stream/table_log.hpp"
#include "tests/engine/core/manual_clock.hpp"
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

class LogInfo : public CommandLine {
protected:
    void SetUp() override { append_orders(1, 30); }
    [[nodiscard]] nlohmann::json info() const {
        const exit_result result = run({"log", "info", log("ORDER_OUT"), "--json"});
        EXPECT_EQ(result.code, code_ok) << result.err;
        return nlohmann::json::parse(result.out);
    }
};

TEST_F(LogInfo, SaysWhatTheLogHolds) {
    const std::vector<nlohmann::json> rows = dump("ORDER_OUT");
    const nlohmann::json found = info();
    EXPECT_EQ(found["table"], "ORDER_OUT");
    EXPECT_EQ(found["segments"], 1);
    EXPECT_EQ(found["segment_bytes"], 65536);
    EXPECT_EQ(found["first_sequence"], 1);
    EXPECT_EQ(found["last_sequence"], 30);
    EXPECT_EQ(found["first_time"], rows.front()["timestamp"]);
    EXPECT_LE(found["first_position"], rows.front()["position"]);
    EXPECT_GT(found["end_position"], rows.back()["position"]);
    EXPECT_TRUE(has(found["last_writer"], "closed in order at 2"));
    EXPECT_TRUE(has(found["schema"], "column CL_ORD_ID text(20) key"));
    EXPECT_TRUE(found["seal"].is_null());
    EXPECT_EQ(found["indexed_segments"], 0);
    EXPECT_FALSE(found.contains("origin"));
}

TEST_F(LogInfo, PrintsTheHeadOfTheSeals) {
    ASSERT_EQ(run({"log", "index", log("ORDER_OUT")}).code, code_ok);
    const exit_result sealed = run({"log", "seal", log("ORDER_OUT")});
    ASSERT_EQ(sealed.code, code_ok);
    const nlohmann::json found = info();
    EXPECT_EQ(found["seal"]["last_sequence"], 30);
    EXPECT_EQ(found["seal"]["keyed"], false);
    EXPECT_EQ(found["indexed_segments"], 1);
    const std::string head = found["seal"]["head"];
    EXPECT_EQ(head.size(), 64U);
    EXPECT_TRUE(has(sealed.out, "seal head " + head));
    const exit_result text = run({"log", "info", log("ORDER_OUT")});
    EXPECT_TRUE(has(text.out, head));
    EXPECT_TRUE(has(text.out, "uuid              " + found["uuid"].get<std::string>()));
}

// Two clock records, as a writer leaves them, between the rows.
TEST_F(LogInfo, CountsTheClocksMovesWhenAskedAndDumpShowsThem) {
    {
        engine::test::manual_clock clock(
            engine::log_reader(log("ORDER_OUT"), engine::read_from::tail()).last_timestamp().ns +
            60'000'000'000);
        const std::string schema = engine::read_segment_info(log("ORDER_OUT"), 0).schema;
        engine::table_log table(log("ORDER_OUT"), engine::row_schema::parse(schema), {});
        for (const std::int64_t moved_ns : {-3'600'000'000'000, 7'200'000'000'000}) {
            clock.set_by(moved_ns);
            clock.look();
            std::vector<std::byte> buffer(table.schema().payload_size(0));
            engine::row_builder row(table.schema(), buffer);
            ASSERT_EQ(row.set_text(0, "B"), engine::row_status::ok);
            ASSERT_EQ(table.try_append(row.payload()).status, engine::append_status::ok);
        }
    }
    EXPECT_FALSE(info().contains("clock"));
    const exit_result counted = run({"log", "info", log("ORDER_OUT"), "--json", "--clock"});
    const nlohmann::json clock = nlohmann::json::parse(counted.out)["clock"];
    EXPECT_EQ(clock["records"], 2);
    EXPECT_EQ(clock["steps"], 2);
    EXPECT_TRUE(has(clock["last"], "set forward by 7200.000000 s"));
    const exit_result text = run({"log", "info", log("ORDER_OUT"), "--clock"});
    EXPECT_TRUE(has(text.out, "clock_records     2, of steps 2; last: position "));

    EXPECT_EQ(dump("ORDER_OUT").size(), 32U) << "rows alone";
    std::vector<nlohmann::json> clocks;
    for (const nlohmann::json& line : dump("ORDER_OUT", {"--control", "--sequence", "31"})) {
        if (line.value("control", "") == "clock") {
            clocks.push_back(line["details"]);
        }
    }
    ASSERT_EQ(clocks.size(), 1U) << "the first stands before sequence 31";
    EXPECT_EQ(clocks[0]["new_offset_ns"].get<std::int64_t>() -
                  clocks[0]["old_offset_ns"].get<std::int64_t>(),
              7'200'000'000'000);
    const exit_result shown = run({"log", "dump", log("ORDER_OUT"), "--control"});
    EXPECT_TRUE(has(shown.out, " clock: the host's clock was set back by 3600.000000 s reason=1"));
    EXPECT_TRUE(has(shown.out, " close\n"));
    const exit_result refused =
        run({"log", "dump", log("ORDER_OUT"), "--control", "--format", "csv"});
    EXPECT_EQ(refused.code, code_usage);
    EXPECT_TRUE(has(refused.err, "a control record has no columns"));
}

TEST_F(LogInfo, SaysWhatIsKnownOfADamagedLogAndThenTheDamage) {
    append_orders(31, 1500);
    const nlohmann::json whole = info();
    ASSERT_GT(whole["segments"], 3);
    const std::string newest = whole["last_segment"];
    for (const std::string& cut : {std::string("000000000001.alog"), newest}) {
        const std::filesystem::path segment = log("ORDER_OUT") + "/" + cut;
        std::filesystem::copy_file(segment, file("kept"),
                                   std::filesystem::copy_options::overwrite_existing);
        std::filesystem::resize_file(segment, 5000);
        const exit_result json = run({"log", "info", log("ORDER_OUT"), "--json"});
        EXPECT_EQ(json.code, code_damaged);
        EXPECT_TRUE(has(json.err, cut));
        const nlohmann::json found = nlohmann::json::parse(json.out);
        for (const char* const same : {"uuid", "table", "segments", "last_segment", "schema"}) {
            EXPECT_EQ(found[same], whole[same]) << same;
        }
        EXPECT_TRUE(found["last_sequence"].is_null()) << "nobody can tell";
        const exit_result text = run({"log", "info", log("ORDER_OUT")});
        EXPECT_EQ(text.code, code_damaged);
        EXPECT_TRUE(has(text.out, whole["uuid"].get<std::string>()));
        EXPECT_TRUE(has(text.err, "log verify"));
        std::filesystem::copy_file(file("kept"), segment,
                                   std::filesystem::copy_options::overwrite_existing);
    }
    EXPECT_EQ(info(), whole);
}

TEST_F(LogInfo, OfNoLogIsAnError) {
    const exit_result result = run({"log", "info", file("nowhere")});
    EXPECT_EQ(result.code, code_failure);
    EXPECT_TRUE(has(result.err, "no audit log here"));
}

}  // namespace
}  // namespace millrace::tests
