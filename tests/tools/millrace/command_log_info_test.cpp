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

TEST_F(LogInfo, OfNoLogIsAnError) {
    const exit_result result = run({"log", "info", file("nowhere")});
    EXPECT_EQ(result.code, code_failure);
    EXPECT_TRUE(has(result.err, "no audit log here"));
}

}  // namespace
}  // namespace millrace::tests
