#include <algorithm>

#include "engine/log/segment.hpp"
#include "engine/stream/checkpoint.hpp"
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

class CommandLogRetain : public CommandLine {
protected:
    // So far; 0 while there is no log yet.
    [[nodiscard]] std::size_t rows(std::string_view table) const {
        const std::string out = run({"log", "dump", log(table)}).out;
        return static_cast<std::size_t>(std::count(out.begin(), out.end(), '\n'));
    }
    [[nodiscard]] std::size_t segments(std::string_view table) const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(log(table))) {
            count += entry.path().extension() == ".alog" ? 1 : 0;
        }
        return count;
    }
    [[nodiscard]] exit_result retain(const std::string& target,
                                     std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments = {"log", "retain", target};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(std::move(arguments));
    }
};

TEST_F(CommandLogRetain, RemovesOldSegmentsAndLeavesALogThatVerifies) {
    append_orders(1, 1500);
    const std::size_t before = segments("ORDER_OUT");
    ASSERT_GT(before, 4U);
    const exit_result dry = retain(log("ORDER_OUT"), {"--segments", "2", "--dry-run"});
    EXPECT_EQ(dry.code, code_ok) << dry.err;
    EXPECT_TRUE(has(dry.out, "would remove " + std::to_string(before - 2) + " segments"));
    EXPECT_EQ(segments("ORDER_OUT"), before);
    const exit_result done = retain(log("ORDER_OUT"), {"--segments", "2"});
    EXPECT_EQ(done.code, code_ok) << done.err;
    EXPECT_EQ(segments("ORDER_OUT"), 2U);
    const exit_result verified = run({"log", "verify", log("ORDER_OUT")});
    EXPECT_EQ(verified.code, code_ok) << verified.out;
    append_orders(1501, 1510);
    EXPECT_EQ(dump("ORDER_OUT").back()["sequence"], 1510);
}

TEST_F(CommandLogRetain, StopsAtACursorUnlessForced) {
    append_orders(1, 1500);
    const std::size_t before = segments("ORDER_OUT");
    ASSERT_EQ(run({"cursor", "set", log("ORDER_OUT"), "risk", "--first"}).code, code_ok);
    const exit_result held = retain(log("ORDER_OUT"), {"--segments", "1"});
    EXPECT_EQ(held.code, code_ok);
    EXPECT_TRUE(has(held.out, "kept for cursor risk"));
    EXPECT_TRUE(has(held.out, "--force"));
    EXPECT_EQ(segments("ORDER_OUT"), before);
    const exit_result forced = retain(log("ORDER_OUT"), {"--segments", "1", "--force"});
    EXPECT_TRUE(has(forced.out, "given up, by force: cursor risk"));
    EXPECT_EQ(segments("ORDER_OUT"), 1U);
    const exit_result listed = run({"cursor", "show", log("ORDER_OUT"), "risk"});
    EXPECT_EQ(listed.code, code_ok) << listed.err;
    EXPECT_TRUE(has(listed.out, "is_next_removed  true"));
}

TEST_F(CommandLogRetain, AppliesThePoliciesOfAConfigurationBesideTheEngine) {
    std::string text(tables_text);
    text.replace(text.find("name = \"ORDER_OUT\""), 18,
                 "name = \"ORDER_OUT\"\nretain = {segments = 1, age = \"30d\"}");
    write("test.toml", text + std::string(copying_text));
    append_orders(1, 1500);
    millrace_process engine({"run", config()}, path());
    wait_until("the copy", [&] { return rows("COPY") == 1500U; });
    const exit_result done = retain(config());
    EXPECT_EQ(done.code, code_ok) << done.err;
    EXPECT_EQ(segments("ORDER_OUT"), 1U);
    EXPECT_GT(segments("COPY"), 3U);  // it has no policy
    append_orders(1501, 1600);
    wait_until("the rest of the copy", [&] { return rows("COPY") == 1600U; });
    engine.ask_to_stop();
    EXPECT_EQ(engine.wait(20).code, code_ok);
}

TEST_F(CommandLogRetain, RefusesWhatItCannotJudge) {
    append_orders(1, 1500);
    const std::size_t before = segments("ORDER_OUT");
    EXPECT_EQ(retain(log("ORDER_OUT")).code, code_usage);
    EXPECT_EQ(retain(config()).code, code_configuration);
    EXPECT_EQ(retain(log("ORDER_OUT"), {"--age", "3x"}).code, code_usage);
    std::filesystem::create_directories(log("ORDER_OUT") + "/cursors");
    write("data/ORDER_OUT/cursors/gone.route", "/nowhere/at/all.toml\n");
    const exit_result refused = retain(log("ORDER_OUT"), {"--segments", "1"});
    EXPECT_EQ(refused.code, code_failure);
    EXPECT_TRUE(has(refused.err, "gone.route; --force"));
    EXPECT_EQ(segments("ORDER_OUT"), before);
    EXPECT_EQ(retain(log("ORDER_OUT"), {"--segments", "1", "--force"}).code, code_ok);
    EXPECT_EQ(segments("ORDER_OUT"), 1U);
}

// Its route is at 700 and would read on; without the file it looks like one that never ran.
TEST_F(CommandLogRetain, RefusesWhereACheckpointIsLostOrDamaged) {
    append_orders(1, 1500);
    const std::size_t before = segments("ORDER_OUT");
    write("test.toml", std::string(tables_text) + std::string(copying_text) +
                           "\n[[client]]\nname = \"watcher\"\nstream = \"ORDERS\"\n"
                           "[[client.route]]\nname = \"watch\"\nhandler = \"ack\"\n");
    const std::string checkpoint = file("data/checkpoints/watch.checkpoint");
    {
        const engine::log_uuid uuid = engine::read_segment_info(log("ORDER_OUT"), 0).uuid;
        const engine::checkpoint made(checkpoint, "watch", uuid, {700});
    }
    std::filesystem::create_directories(file("data/routes"));
    write("data/routes/watch", "");
    std::filesystem::create_directories(log("ORDER_OUT") + "/cursors");
    write("data/ORDER_OUT/cursors/watch.route", "../../test.toml\n");
    EXPECT_TRUE(has(retain(log("ORDER_OUT"), {"--segments", "1", "--dry-run"}).out,
                    "kept for route watch, which has come to sequence 700"));

    const auto expect_refused = [&](const std::string& why) {
        for (const std::string& target : {log("ORDER_OUT"), config()}) {
            const exit_result refused = retain(target, {"--segments", "1"});
            EXPECT_EQ(refused.code, code_damaged) << refused.err;
            EXPECT_TRUE(has(refused.err, checkpoint + ": " + why));
            EXPECT_TRUE(has(refused.err, file("data/routes/watch")));
            EXPECT_TRUE(has(refused.err, "--force"));
            EXPECT_EQ(segments("ORDER_OUT"), before);
            const exit_result listed = run({"cursor", "list", target});
            EXPECT_EQ(listed.code, code_ok) << listed.err;
            EXPECT_TRUE(has(listed.out, why));
            EXPECT_TRUE(has(listed.out, "risk"));
            EXPECT_EQ(run({"cursor", "show", target, "watch"}).code, code_damaged);
        }
    };
    ASSERT_EQ(run({"cursor", "set", log("ORDER_OUT"), "risk", "--tail"}).code, code_ok);
    write("data/checkpoints/watch.checkpoint", std::string(256, 'x'));
    expect_refused("no valid slot; the checkpoint is damaged");
    std::filesystem::remove(checkpoint);
    expect_refused("the checkpoint of route 'watch' is missing, though the route has run before");
    const exit_result forced = retain(log("ORDER_OUT"), {"--segments", "1", "--force"});
    EXPECT_EQ(forced.code, code_ok) << forced.err;
    EXPECT_TRUE(has(forced.err, "given up, by force: " + checkpoint));
    EXPECT_EQ(segments("ORDER_OUT"), 1U);
}

TEST_F(CommandLogRetain, AcceptsWhatIsMissingWhereNothingTellsWhatWasRemoved) {
    append_orders(1, 1500);
    const std::size_t before = segments("ORDER_OUT");
    ASSERT_EQ(retain(log("ORDER_OUT"), {"--segments", "2"}).code, code_ok);
    const std::string whole = read_text(log("ORDER_OUT") + "/retained.from");
    EXPECT_TRUE(has(retain(log("ORDER_OUT"), {"--accept-missing"}).out, "nothing to accept"));
    write("data/ORDER_OUT/retained.from", "millrace");
    for (const exit_result& refused : {retain(log("ORDER_OUT"), {"--segments", "1"}),
                                       run({"log", "verify", log("ORDER_OUT")})}) {
        EXPECT_EQ(refused.code, code_damaged);
        EXPECT_TRUE(has(refused.out + refused.err, "log retain DIR --accept-missing"));
    }
    const exit_result asked = retain(log("ORDER_OUT"), {"--accept-missing"});
    EXPECT_EQ(asked.code, code_usage);
    EXPECT_TRUE(has(asked.err, "give --yes to confirm"));
    EXPECT_EQ(read_text(log("ORDER_OUT") + "/retained.from"), "millrace");
    const exit_result accepted = retain(log("ORDER_OUT"), {"--accept-missing", "--yes"});
    EXPECT_EQ(accepted.code, code_ok) << accepted.err;
    const std::uint64_t first = dump("ORDER_OUT").front()["sequence"].get<std::uint64_t>();
    EXPECT_TRUE(has(accepted.out, "accepted: segments 0 to " + std::to_string(before - 3) +
                                      ", sequences 1 to " + std::to_string(first - 1)));
    EXPECT_EQ(read_text(log("ORDER_OUT") + "/retained.from"), whole);
    EXPECT_EQ(run({"log", "verify", log("ORDER_OUT")}).code, code_ok);
    EXPECT_EQ(retain(log("ORDER_OUT"), {"--accept-missing", "--segments", "1"}).code, code_usage);
    EXPECT_EQ(retain(log("ORDER_OUT"), {"--segments", "1", "--yes"}).code, code_usage);
    EXPECT_EQ(retain(config(), {"--accept-missing", "--yes"}).code, code_usage);
}

TEST_F(CommandLogRetain, RefusesAPolicyThatSaysNothing) {
    for (const char* policy : {"{}", "{age = \"30\"}", "{segments = 0}", "{size = 3}"}) {
        std::string text(tables_text);
        text.replace(text.find("name = \"ORDER_OUT\""), 18,
                     std::string("name = \"ORDER_OUT\"\nretain = ") + policy);
        write("bad.toml", text);
        EXPECT_EQ(run({"check", file("bad.toml")}).code, code_configuration) << policy;
    }
}

}  // namespace
}  // namespace millrace::tests
