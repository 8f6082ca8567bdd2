// How a configuration says where logs are kept and how safe a record must be: what is read, what is
// refused, and what does not fit together.
#include <gtest/gtest.h>
#include <sys/vfs.h>

#include "engine/log/log_options.hpp"
#include "engine/stream/table_log.hpp"
#include "gateway/pipeline/check.hpp"
#include "tests/gateway/pipeline/config_support.hpp"

namespace millrace::gateway {
namespace {

using test::refusal;
using test::replaced;
using strings = std::vector<std::string>;

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr std::string_view gateway_head = "[[gateway]]\nname = 'g'\nsettings = 's'\n";
constexpr std::string_view table_head =
    "[[table]]\nname = 'T'\ncolumns = [{name = 'A', type = 'i64'}]\n";
constexpr std::string_view route_head =
    "[[client]]\nname = 'c'\nstream = 's'\n[[client.route]]\nhandler = 'h'\n";

std::string with(std::string_view head, std::string_view keys) {
    return std::string(head) + std::string(keys);
}

TEST(StorageConfig, IsHotUnlessSaidOtherwise) {
    const pipeline_config config = parse_config("/conf/a.toml", with(table_head, gateway_head));
    for (const storage_config* const one :
         {&config.storage, &config.tables[0].storage, &config.gateways[0].storage}) {
        EXPECT_EQ(one->kind, storage_kind::hot);
        EXPECT_EQ(one->hot_directory, "");
        EXPECT_EQ(one->hot_bytes_max, 0U);
        EXPECT_EQ(one->sync_delay_max_ns, 5'000'000);
        EXPECT_EQ(one->sync_bytes_max, 8 * mebibyte);
        EXPECT_EQ(one->low_space_bytes, 1024 * mebibyte);
        EXPECT_EQ(one->seal_key_file, "");
    }
    EXPECT_EQ(config.gateways[0].undurable_messages_max, 65536U);
    EXPECT_EQ(config.gateways[0].in_doubt, in_doubt_policy::halt);
    EXPECT_EQ(config.gateways[0].doubt_wait_ns, 5'000'000'000);
}

TEST(StorageConfig, IsReadForAllLogsAndForOne) {
    const pipeline_config config = parse_config(
        "/conf/a.toml",
        "[engine]\nstorage = 'direct'\nhot_directory = 'hot'\nhot_bytes_max = '96MiB'\n"
        "sync_delay_max_us = 2500\nsync_bytes_max = '1MiB'\nlow_space_bytes = 0\n"
        "seal_key_file = 'seal.key'\n" +
            with(table_head, "storage = 'hot'\nhot_bytes_max = '48MiB'\nseal_key_file = '/k'\n") +
            with(gateway_head,
                 "storage = 'synchronous'\nundurable_messages_max = 1\n"
                 "in_doubt = 'possresend'\ndoubt_wait_ms = 600000\n"));
    EXPECT_EQ(config.storage.kind, storage_kind::direct);
    EXPECT_EQ(config.storage.hot_directory, "/conf/hot");
    EXPECT_EQ(config.storage.hot_bytes_max, 96 * mebibyte);
    EXPECT_EQ(config.storage.sync_delay_max_ns, 2'500'000);
    EXPECT_EQ(config.storage.sync_bytes_max, mebibyte);
    EXPECT_EQ(config.storage.low_space_bytes, 0U);
    EXPECT_EQ(config.storage.seal_key_file, "/conf/seal.key");
    const storage_config& table = config.tables[0].storage;
    EXPECT_EQ(table.kind, storage_kind::hot);
    EXPECT_EQ(table.hot_bytes_max, 48 * mebibyte);
    EXPECT_EQ(table.sync_delay_max_ns, 2'500'000) << "what it does not say is the engine's";
    EXPECT_EQ(table.hot_directory, "/conf/hot");
    EXPECT_EQ(table.seal_key_file, "/k");
    const gateway_config& gateway = config.gateways[0];
    EXPECT_EQ(gateway.storage.kind, storage_kind::synchronous);
    EXPECT_EQ(gateway.undurable_messages_max, 1U);
    EXPECT_EQ(gateway.in_doubt, in_doubt_policy::possresend);
    EXPECT_EQ(gateway.doubt_wait_ns, 600'000'000'000);
}

TEST(StorageConfig, ReadsTheGateOfARoute) {
    const auto gate_of = [](std::string_view keys) {
        return parse_config("a.toml", with(route_head, keys)).clients.at(0).routes.at(0).gate;
    };
    EXPECT_EQ(gate_of(""), gate_level::committed);
    EXPECT_EQ(gate_of("gate = 'committed'\n"), gate_level::committed);
    EXPECT_EQ(gate_of("gate = 'durable'\n"), gate_level::durable);
}

TEST(StorageConfig, RefusesWhatItCannotBe) {
    const std::pair<std::string, std::string> cases[] = {
        {"[engine]\nstorage = 'cold'\n",
         "2: 'storage' is 'cold'; expected hot, direct or synchronous"},
        {"[engine]\nhot_bytes_max = 1\n", "2: 'hot_bytes_max' is 1; expected 64KiB to 1024GiB"},
        {"[engine]\nsync_delay_max_us = -1\n",
         "2: 'sync_delay_max_us' is -1; expected 0 to 60000000"},
        {"[engine]\nsync_bytes_max = 0\n", "2: 'sync_bytes_max' is 0; expected 4KiB to 1GiB"},
        {"[engine]\nsync_delay_max = 5\n",
         "2: unknown key 'sync_delay_max'; did you mean 'sync_delay_max_us'?"},
        {with(table_head, "hot_directory = 'x'\n"),
         "4: unknown key 'hot_directory'; did you mean 'directory'?"},
        {with(gateway_head, "undurable_messages_max = 0\n"),
         "4: 'undurable_messages_max' is 0; expected 1 to 16777216"},
        {with(gateway_head, "undurable_messages_max = 16777217\n"),
         "4: 'undurable_messages_max' is 16777217; expected 1 to 16777216"},
        {with(gateway_head, "in_doubt = 'resend'\n"),
         "4: 'in_doubt' is 'resend'; expected halt or possresend"},
        {with(gateway_head, "doubt_wait_ms = 0\n"),
         "4: 'doubt_wait_ms' is 0; expected 1 to 600000"},
        {with(gateway_head, "doubt_wait_ms = 600001\n"),
         "4: 'doubt_wait_ms' is 600001; expected 1 to 600000"},
        {with(route_head, "gate = 'sent'\n"), "6: 'gate' is 'sent'; expected committed or durable"},
        {with(route_head, "gaet = 'durable'\n"), "6: unknown key 'gaet'; did you mean 'gate'?"},
        {with(table_head, "storage = 'direct'\nhot_bytes_max = '1GiB'\n"),
         "5: 'hot_bytes_max' is about storage = \"hot\", which this is not"},
        {with(table_head, "storage = 'synchronous'\nsync_delay_max_us = 1\n"),
         "5: 'sync_delay_max_us' is about the threads of a log, and storage = \"synchronous\" has "
         "none; use \"hot\" or \"direct\""},
        {with(gateway_head, "storage = 'synchronous'\nseal_key_file = 'k'\n"),
         "5: 'seal_key_file' is about the threads of a log, and storage = \"synchronous\" has "
         "none; use \"hot\" or \"direct\""},
    };
    for (const auto& [text, sentence] : cases) {
        EXPECT_EQ(refusal(text), "/conf/a.toml:" + sentence) << text;
    }
}

TEST(StorageConfig, LimitsAHotLogInStepWithItsSegments) {
    EXPECT_EQ(engine::hot_bytes_limit(0, 64 * mebibyte), 512 * mebibyte);
    EXPECT_EQ(engine::hot_bytes_limit(0, 1024 * mebibyte), 8 * 1024 * mebibyte);
    EXPECT_EQ(engine::hot_bytes_limit(0, engine::segment_bytes_min), 128 * mebibyte);
    EXPECT_EQ(engine::hot_bytes_limit(mebibyte, 64 * mebibyte), mebibyte) << "what was asked for";
}

// The example, changed, with its settings beside it.
class CheckStorage : public testing::Test {
protected:
    CheckStorage() : example_(test::read_text(test::example_path())) {
        directory_.write("sessions.cfg",
                         test::read_text(test::example_path().parent_path() / "sessions.cfg"));
    }
    [[nodiscard]] std::filesystem::path path() const { return directory_.path() / "a.toml"; }
    [[nodiscard]] strings find(const strings& lines, std::string_view word) const {
        strings found;
        for (const std::string& line : lines) {
            if (line.starts_with(path().native()) && line.find(word) != std::string::npos) {
                found.push_back(line.substr(path().native().size()));
            }
        }
        return found;
    }
    [[nodiscard]] check_result check(const std::string& text) const {
        return check_config(parse_config(path(), text), test::dictionaries());
    }
    [[nodiscard]] std::string engine_with(std::string_view keys) const {
        return replaced(example_, "[engine]\n", "[engine]\n" + std::string(keys));
    }

    test::temporary_directory directory_;
    std::string example_;
};

TEST_F(CheckStorage, RefusesATierOfLessThanThreeSegments) {
    const check_result tight = check(engine_with("hot_bytes_max = \"47MiB\"\n"));
    EXPECT_EQ(find(tight.errors, "hot_bytes_max"),
              (strings{":6: table 'EXECUTION': 'hot_bytes_max' is 47MiB; expected at least three "
                       "of its segments, 48MiB",
                       ":6: gateway 'venue' FIX_OUT: 'hot_bytes_max' is 47MiB; expected at least "
                       "three of its segments, 48MiB",
                       ":6: gateway 'venue' FIX_IN: 'hot_bytes_max' is 47MiB; expected at least "
                       "three of its segments, 48MiB",
                       ":6: the reject log of client 'orders': 'hot_bytes_max' is 47MiB; expected "
                       "at least three of its segments, 48MiB",
                       ":6: the reject log of client 'reports': 'hot_bytes_max' is 47MiB; "
                       "expected at least three of its segments, 48MiB"}));
    EXPECT_EQ(check(engine_with("hot_bytes_max = \"48MiB\"\n")).errors, strings{});
    EXPECT_EQ(check(engine_with("hot_bytes_max = \"47MiB\"\nstorage = \"direct\"\n")).errors,
              strings{});
}

TEST_F(CheckStorage, KnowsTheSegmentsOfALogThatIsThere) {
    const pipeline_config config = parse_config(path(), example_);
    engine::table_log_options options;
    options.segment_bytes = engine::segment_bytes_min;
    const table_config& table = *config.find_table("EXECUTION");
    engine::table_log(table.directory, table.schema, options).start();
    const strings found =
        find(check(engine_with("hot_bytes_max = \"192KiB\"\n")).errors, "hot_bytes_max");
    EXPECT_EQ(find(check(engine_with("hot_bytes_max = \"192KiB\"\n")).errors, "EXECUTION"),
              strings{})
        << "three of the segments it has";
    EXPECT_EQ(found.size(), 4U) << "the others are to be made";
}

TEST_F(CheckStorage, RefusesAGateThatNothingOpens) {
    const std::string durable = "gate = \"durable\"\n";
    const std::string in =
        replaced(example_, "table = \"EXECUTION\"\n", "table = \"EXECUTION\"\n" + durable);
    EXPECT_EQ(check(in).errors, strings{});
    const std::string out = replaced(example_, "name = \"orders-to-venue\"\n",
                                     "name = \"orders-to-venue\"\n" + durable);
    EXPECT_EQ(check(out).errors, strings{});
    const std::string table = "name = \"ORDER_OUT\"\nstorage = \"synchronous\"\n";
    EXPECT_EQ(
        find(check(replaced(out, "name = \"ORDER_OUT\"\n", table)).errors, "ORDER_OUT").size(), 1U);
}

TEST_F(CheckStorage, RefusesAGatewayWhoseNumbersNobodySyncs) {
    const std::string sentence =
        ": FIX_OUT of gateway 'venue': storage = \"synchronous\" is synced by nobody, so numbers "
        "could be used twice after a loss of power; use \"hot\" or \"direct\"";
    const strings own = find(check(replaced(example_, "name = \"venue\"\n",
                                            "name = \"venue\"\nstorage = \"synchronous\"\n"))
                                 .errors,
                             "FIX_OUT");
    ASSERT_EQ(own.size(), 1U);
    EXPECT_TRUE(own[0].ends_with(sentence)) << own[0];
    EXPECT_EQ(find(check(engine_with("storage = \"synchronous\"\n")).errors, "FIX_OUT"),
              strings{":6" + sentence})
        << "as all logs are kept that say nothing else";
    EXPECT_EQ(check(replaced(engine_with("storage = \"synchronous\"\n"), "name = \"venue\"\n",
                             "name = \"venue\"\nstorage = \"direct\"\n"))
                  .errors,
              strings{});
}

TEST_F(CheckStorage, WarnsOfARouteThatWaitsWithAStricterOne) {
    const std::string both = replaced(example_, "[[client.route]]\nname = \"orders-to-venue\"\n",
                                      "[[client.route]]\nname = \"second\"\nhandler = \"ack\"\n"
                                      "gate = \"durable\"\n[[client.route]]\n"
                                      "name = \"orders-to-venue\"\n");
    const check_result result = check(both);
    EXPECT_EQ(result.errors, strings{});
    const strings found = find(result.warnings, "waits for what is durable");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found[0].find("route 'orders-to-venue' waits for what is durable, as route 'second' "
                            "of its client does"),
              std::string::npos)
        << found[0];
    EXPECT_EQ(find(check(example_).warnings, "waits for what is durable"), strings{});
}

TEST_F(CheckStorage, RefusesAListenerWhoseClientsWouldWaitForTheDisk) {
    const std::string listener =
        example_ + "\n[[listener]]\nname = \"in\"\ntable = \"ORDER_OUT\"\n";
    EXPECT_EQ(find(check(listener).errors, "listener"), strings{});
    const std::string slow = replaced(listener, "name = \"ORDER_OUT\"\n",
                                      "name = \"ORDER_OUT\"\nstorage = \"synchronous\"\n");
    const strings found = find(check(slow).errors, "listener 'in' writes table 'ORDER_OUT'");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found[0].find("\"hot\" or \"direct\""), std::string::npos) << found[0];
}

TEST_F(CheckStorage, NamesDirectWhereThereIsNoMemory) {
    struct statfs status {};
    ASSERT_EQ(::statfs(directory_.path().c_str(), &status), 0);
    if (static_cast<unsigned long>(status.f_type) == 0x01021994UL) {
        GTEST_SKIP() << "the temporary folder is itself in memory";
    }
    const check_result result = check(engine_with("hot_directory = \"disk/hot\"\n"));
    EXPECT_EQ(find(result.errors, "hot directory"),
              strings{":6: " + (directory_.path() / "disk/hot").native() +
                      ": the hot directory does not lie in a memory file system; name another hot "
                      "directory, or use storage mode \"direct\""});
    EXPECT_FALSE(std::filesystem::exists(directory_.path() / "disk")) << "nothing was made";
    EXPECT_EQ(check(engine_with("hot_directory = \"disk/hot\"\nstorage = \"direct\"\n")).errors,
              strings{});
}

TEST_F(CheckStorage, WarnsWhereTheMemoryDoesNotHoldAllThatMayComeTogether) {
    const check_result result = check(engine_with("hot_bytes_max = \"1024GiB\"\n"));
    EXPECT_EQ(result.errors, strings{});
    const strings found = find(result.warnings, "5 hot logs may take 5120GiB together");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(found[0].starts_with(":6: ")) << found[0];
}

}  // namespace
}  // namespace millrace::gateway
