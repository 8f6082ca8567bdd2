// The grammar of the configuration: what is read, and for everything that is refused the exact
// sentence.
#include "gateway/pipeline/config.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "engine/core/error.hpp"
#include "gateway/pipeline/check.hpp"
#include "tests/gateway/pipeline/config_support.hpp"

namespace millrace::gateway {
namespace {

using test::refusal;

constexpr std::string_view route_head = "[[client]]\nname = 'c'\nstream = 's'\n[[client.route]]\n";
std::string route(std::string_view keys) {
    return std::string(route_head) + std::string(keys);
}

constexpr std::string_view map_head = "[[map]]\nname = 'm'\nmessage = 'NewOrderSingle'\n";
std::string map(std::string_view rest) {
    return std::string(map_head) + std::string(rest);
}

TEST(Config, ReadsTheExample) {
    const pipeline_config config = load_config(test::example_path());
    const auto directory = test::example_path().parent_path();
    EXPECT_EQ(config.directory, directory / "data");
    EXPECT_EQ(config.segment_bytes, std::size_t{16} << 20);
    ASSERT_EQ(config.tables.size(), 2U);
    EXPECT_EQ(config.tables[0].directory, directory / "data/ORDER_OUT");
    EXPECT_EQ(config.tables[0].schema.column_count(), 7U);
    EXPECT_TRUE(config.tables[0].schema.column(0).is_key);
    ASSERT_EQ(config.gateways.size(), 1U);
    EXPECT_EQ(config.gateways[0].settings, directory / "sessions.cfg");
    EXPECT_EQ(config.gateways[0].directory, directory / "data/venue");
    EXPECT_EQ(config.gateways[0].reconnect_min_ns, 100'000'000);
    EXPECT_EQ(config.gateways[0].reconnect_max_ns, 5'000'000'000);
    ASSERT_EQ(config.clients.size(), 2U);
    EXPECT_EQ(config.clients[0].ring_slots, 4096U);
    EXPECT_EQ(config.clients[0].reject_directory, directory / "data/REJECT_orders");
    ASSERT_EQ(config.clients[0].routes.size(), 1U);
    const route_config& out = config.clients[0].routes[0];
    EXPECT_EQ(out.name, "orders-to-venue");
    EXPECT_EQ(out.start.what, start_kind::first);
    EXPECT_EQ(out.on_parsing_error, failure_policy::park);
    EXPECT_EQ(out.on_nack, failure_policy::halt);
    ASSERT_NE(config.find_map("new_order"), nullptr);
    EXPECT_EQ(config.find_map("new_order")->kind, map_kind::to_message);
    EXPECT_EQ(config.find_map("execution")->kind, map_kind::from_message);
    ASSERT_EQ(config.threads.size(), 1U);
    EXPECT_EQ(config.threads[0].agents.size(), 5U);
}

TEST(Config, KeepsTheOrderAndTheLinesOfAMap) {
    const pipeline_config config = parse_config(
        "a.toml", map("[map.fields]\nSide = {column = 'S', values = {B = '1', A = 2}}\n"
                      "Account = 'A'\n\nTransactTime = {now = true}\nHandlInst = {value = 1}\n"
                      "[[map.group]]\ncounter = 'NoPartyIDs'\n[[map.group.entry]]\n"
                      "PartyID = {column = 'P', default = 'x'}\n"));
    const map_config& read = config.maps.at(0);
    ASSERT_EQ(read.rules.size(), 4U);
    EXPECT_EQ(read.line, 1);
    EXPECT_EQ(read.rules[0].target, "Side");
    EXPECT_EQ(read.rules[0].line, 5);
    using pairs = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(read.rules[0].values, (pairs{{"B", "1"}, {"A", "2"}}));
    EXPECT_EQ(read.rules[1].name, "A");
    EXPECT_EQ(read.rules[1].line, 6);
    EXPECT_EQ(read.rules[2].source, map_source::now);
    EXPECT_EQ(read.rules[2].line, 8);
    EXPECT_EQ(read.rules[3].source, map_source::constant);
    EXPECT_EQ(read.rules[3].name, "1");
    ASSERT_EQ(read.groups.size(), 1U);
    EXPECT_EQ(read.groups[0].line, 10);
    ASSERT_EQ(read.groups[0].entries.size(), 1U);
    EXPECT_EQ(read.groups[0].entries[0].rules[0].default_text, "x");
    EXPECT_EQ(read.groups[0].entries[0].rules[0].line, 13);
}

TEST(Config, ReadsTheMembersOfAGroupIntoColumns) {
    const pipeline_config config = parse_config(
        "a.toml", map("[map.columns]\nP = {group = 'NoPartyIDs', entry = 2, field = 'PartyID'}\n"));
    const map_rule_config& rule = config.maps.at(0).rules.at(0);
    EXPECT_EQ(rule.source, map_source::group);
    EXPECT_EQ(rule.group, "NoPartyIDs");
    EXPECT_EQ(rule.entry, 2U);
    EXPECT_EQ(rule.name, "PartyID");
}

TEST(Config, HasDefaultsForEverythingThatIsNotNeeded) {
    const pipeline_config config = parse_config("/conf/a.toml", "");
    EXPECT_EQ(config.directory, "/conf/");
    EXPECT_EQ(config.segment_bytes, std::size_t{64} << 20);
    EXPECT_EQ(config.idle.kind, engine::idle_kind::backoff);
    EXPECT_TRUE(config.threads.empty());
}

TEST(Config, ResolvesPathsAgainstTheFile) {
    const pipeline_config config =
        parse_config("/conf/a.toml",
                     "[engine]\ndirectory = '../data'\n[[gateway]]\nname = 'g'\n"
                     "settings = '/etc/s.cfg'\ndirectory = 'here'\n");
    EXPECT_EQ(config.directory, "/data");
    EXPECT_EQ(config.gateways[0].settings, "/etc/s.cfg");
    EXPECT_EQ(config.gateways[0].directory, "/conf/here");
}

TEST(Config, BringsAStreamForEachGateway) {
    const pipeline_config config =
        parse_config("a.toml", "[[gateway]]\nname = 'g'\nsettings = 's.cfg'\n");
    const stream_config* stream = config.find_stream("g.FIX_IN");
    ASSERT_NE(stream, nullptr);
    EXPECT_TRUE(stream->is_default);
    EXPECT_EQ(stream->table, "g.FIX_IN");
    EXPECT_EQ(stream->where, "KIND = 'application'");
}

TEST(Config, NamesRoutesByTheirClient) {
    const pipeline_config config =
        parse_config("a.toml", route("handler = 'a'\n[[client.route]]\nhandler = 'b'\n"
                                     "[[client.route]]\nname = 'own'\nhandler = 'c'\n"));
    const auto& routes = config.clients.at(0).routes;
    EXPECT_EQ(routes.at(0).name, "c");
    EXPECT_EQ(routes.at(1).name, "c-2");
    EXPECT_EQ(routes.at(2).name, "own");
}

TEST(Config, ReadsEveryStart) {
    const auto start = [](std::string_view text) {
        return parse_config("a.toml", route("handler = 'h'\n" + std::string(text)))
            .clients.at(0)
            .routes.at(0)
            .start;
    };
    EXPECT_EQ(start("").what, start_kind::unset);
    EXPECT_EQ(start("start = 'first'").what, start_kind::first);
    EXPECT_EQ(start("start = 'tail'").what, start_kind::tail);
    EXPECT_EQ(start("start = {sequence = 7}").what, start_kind::sequence);
    EXPECT_EQ(start("start = {sequence = 7}").seq.value, 7U);
    EXPECT_EQ(start("start = {time = '1970-01-01T00:00:01Z'}").what, start_kind::time);
    EXPECT_EQ(start("start = {time = '1970-01-01T00:00:01Z'}").time.ns, 1'000'000'000);
    EXPECT_EQ(start("start = {offset = 8192}").what, start_kind::offset);
    EXPECT_EQ(start("start = {offset = 8192}").at.value, 8192U);
    EXPECT_THROW(start("start = {offset = -1}"), engine::config_error);
    EXPECT_THROW(start("start = {}"), engine::config_error);
    EXPECT_THROW(start("start = {offset = 0, sequence = 1}"), engine::config_error);
}

TEST(Config, ReadsSizesWithUnits) {
    const auto segment = [](std::string_view value) {
        return parse_config("a.toml", "[engine]\nsegment_bytes = " + std::string(value))
            .segment_bytes;
    };
    EXPECT_EQ(segment("65536"), 65536U);
    EXPECT_EQ(segment("'64KiB'"), 65536U);
    EXPECT_EQ(segment("'64 KiB'"), 65536U);
    EXPECT_EQ(segment("'16MiB'"), std::size_t{16} << 20);
    EXPECT_EQ(segment("'1GiB'"), std::size_t{1} << 30);
}

TEST(Config, ThreadsTakeTheTimesOfIdle) {
    const pipeline_config config = parse_config(
        "a.toml",
        "[idle]\nkind = 'yield'\npark_min_us = 7\n"
        "[[thread]]\nname = 'a'\nagents = ['feeder']\n"
        "[[thread]]\nname = 'b'\ncpu = 3\nidle = 'sleeping'\nagents = ['feeder']\n"
        "[[thread]]\nname = 'c'\nidle = {kind = 'spin', spin_us = 0}\nagents = ['feeder']\n");
    EXPECT_EQ(config.idle.kind, engine::idle_kind::yield);
    EXPECT_FALSE(config.threads[0].idle.has_value());
    EXPECT_EQ(config.threads[0].cpu, -1);
    EXPECT_EQ(config.threads[1].cpu, 3);
    EXPECT_EQ(config.threads[1].idle.value().kind, engine::idle_kind::sleeping);
    EXPECT_EQ(config.threads[1].idle.value().park_min_ns, 7000);
    EXPECT_EQ(config.threads[2].idle.value().kind, engine::idle_kind::spin);
    EXPECT_EQ(config.threads[2].idle.value().spin_ns, 0);
}

TEST(Config, KnowsTheLineOfEachKey) {
    const pipeline_config config =
        parse_config("a.toml", "\n[[stream]]\nname = 's'\n\ntable = 't'\nwhere = 'A = 1'\n");
    const key_lines& lines = config.streams.at(0).lines;
    EXPECT_EQ(config.streams.at(0).line, 2);
    EXPECT_EQ(lines.of("table"), 5);
    EXPECT_EQ(lines.of("where"), 6);
    EXPECT_EQ(lines.of("batch"), 2) << "a key that is not there is where its section begins";
}

struct refused {
    std::string text;
    std::string sentence;  // behind "/conf/a.toml:"
};

void expect_refused(const std::vector<refused>& cases) {
    for (const refused& one : cases) {
        EXPECT_EQ(refusal(one.text), "/conf/a.toml:" + one.sentence) << one.text;
    }
}

TEST(InvalidConfig, NamesUnknownKeysAndWhatWasMeant) {
    expect_refused({
        {"[[stream]]\nname = 's'\ntabel = 't'\n", "3: unknown key 'tabel'; did you mean 'table'?"},
        {"[[steam]]\nname = 's'\n", "1: unknown key 'steam'; did you mean 'stream'?"},
        {"\n[engine]\ndirectroy = 'x'\n", "3: unknown key 'directroy'; did you mean 'directory'?"},
        {"[engine]\nzzzzzzzzz = 1\n",
         "2: unknown key 'zzzzzzzzz': [engine] takes directory, segment_bytes, storage, "
         "hot_directory, hot_bytes_max, sync_delay_max_us, sync_bytes_max, low_space_bytes, "
         "seal_key_file or stamps"},
        {"[[table]]\nname = 'T'\ncolumns = [{name = 'A', type = 'i64', kay = true}]\n",
         "3: unknown key 'kay'; did you mean 'key'?"},
        {route("handler = 'h'\nringbytes = 1\n"),
         "6: unknown key 'ringbytes'; did you mean 'ring_bytes'?"},
        {route("handler = 'h'\nstart = {sequense = 1}\n"),
         "6: unknown key 'sequense'; did you mean 'sequence'?"},
        {map("[map.fields]\nSide = {colum = 'S'}\n"),
         "5: unknown key 'colum'; did you mean 'column'?"},
        {"[idle]\nspinus = 1\n", "2: unknown key 'spinus'; did you mean 'spin_us'?"},
        {"[[thread]]\nname = 't'\nagent = ['a']\n",
         "3: unknown key 'agent'; did you mean 'agents'?"},
        {"[[gateway]]\nname = 'g'\nsetings = 's'\n",
         "3: unknown key 'setings'; did you mean 'settings'?"},
    });
}

TEST(InvalidConfig, SaysWhichKeyIsMissing) {
    expect_refused({
        {"[[stream]]\nname = 's'\n", "1: [[stream]] has no 'table', which it needs"},
        {"\n\n[[table]]\ncolumns = []\n", "3: [[table]] has no 'name', which it needs"},
        {"[[table]]\nname = 'T'\n", "1: [[table]] has no 'columns', which it needs"},
        {"[[gateway]]\nname = 'g'\n", "1: [[gateway]] has no 'settings', which it needs"},
        {"[[client]]\nname = 'c'\n", "1: [[client]] has no 'stream', which it needs"},
        {"[[client]]\nname = 'c'\nstream = 's'\n", "2: client 'c' has no [[client.route]]"},
        {"[[map]]\nname = 'm'\n[map.fields]\nA = 'B'\n",
         "1: [[map]] has no 'message', which it needs"},
        {"[[thread]]\nname = 't'\n", "1: thread 't' runs no agent; expected agents = [...]"},
        {"[[table]]\nname = 'T'\ncolumns = [{name = 'A'}]\n",
         "3: a column has no 'type', which it needs"},
    });
}

TEST(InvalidConfig, SaysWhichTypeWasExpected) {
    expect_refused({
        {"[[stream]]\nname = 1\n", "2: 'name' must be a text in quotes, not an integer"},
        {"[[stream]]\nname = 's'\ntable = 't'\nbatch = '64'\n",
         "4: 'batch' must be an integer, not a text in quotes"},
        {"[[stream]]\nname = 's'\ntable = 't'\nbatch = 1.5\n",
         "4: 'batch' must be an integer, not a number with a fraction"},
        {"[[stream]]\nname = 's'\ntable = 't'\ncolumns = 'A'\n",
         "4: 'columns' must be a list, not a text in quotes"},
        {"[[stream]]\nname = 's'\ntable = 't'\ncolumns = [1]\n",
         "4: 'columns' must be a list of texts in quotes"},
        {"[stream]\nname = 's'\n",
         "1: 'stream' must be a list of sections; begin each with [[stream]]"},
        {"[[client]]\nname = 'c'\nstream = 's'\nroute = 1\n",
         "4: 'route' must be a list of sections; begin each with [[client.route]]"},
        {"engine = 1\n", "1: [engine] must be a table, not an integer"},
        {"[engine]\nsegment_bytes = true\n",
         "2: 'segment_bytes' must be a size in bytes, not true or false"},
        {"[[table]]\nname = 'T'\ncolumns = [{name = 'A', type = 'i64', key = 1}]\n",
         "3: 'key' must be true or false, not an integer"},
        {route("handler = 'h'\nstart = {time = 2026-03-01T09:30:00Z}\n"),
         "6: 'time' must be a text in quotes, not a date or time without quotes"},
        {map("fields = 1\n"), "4: [map.fields] must be a table, not an integer"},
    });
}

TEST(InvalidConfig, SaysWhichRangeWasExpected) {
    expect_refused({
        {"[engine]\nsegment_bytes = 4096\n", "2: 'segment_bytes' is 4096; expected 64KiB to 1GiB"},
        {"[engine]\nsegment_bytes = '2GiB'\n",
         "2: 'segment_bytes' is 2GiB; expected 64KiB to 1GiB"},
        {"[engine]\nsegment_bytes = -1\n", "2: 'segment_bytes' is -1; expected 64KiB to 1GiB"},
        {"[engine]\nsegment_bytes = 65537\n",
         "2: 'segment_bytes' is 65537; expected a multiple of 4KiB"},
        {"[engine]\nsegment_bytes = '16MB'\n",
         "2: 'segment_bytes': '16MB' is no size; expected bytes, or \"64KiB\", \"16MiB\", "
         "\"1GiB\""},
        {"[engine]\nsegment_bytes = '99999999999999999999GiB'\n",
         "2: 'segment_bytes': '99999999999999999999GiB' is no size; expected bytes, or \"64KiB\", "
         "\"16MiB\", \"1GiB\""},
        {"[[stream]]\nname = 's'\ntable = 't'\nbatch = 0\n",
         "4: 'batch' is 0; expected 1 to 65536"},
        {"[[stream]]\nname = 's'\ntable = 't'\nmax_clients = 65\n",
         "4: 'max_clients' is 65; expected 1 to 64"},
        {"[[client]]\nname = 'c'\nstream = 's'\nring_slots = 1000\n",
         "4: 'ring_slots' is 1000; expected a power of two"},
        {"[[client]]\nname = 'c'\nstream = 's'\nring_slots = 2097152\n",
         "4: 'ring_slots' is 2097152; expected 2 to 1048576"},
        {route("session = 'X'\nring_bytes = '192KiB'\n"),
         "6: 'ring_bytes' is 196608; expected a power of two"},
        {route("session = 'X'\nring_bytes = '128KiB'\n"),
         "6: 'ring_bytes' is 128KiB; expected at least 4 times 'max_message_bytes', 256KiB"},
        {route("session = 'X'\nmax_message_bytes = '1MiB'\n"),
         "6: 'ring_bytes' is 1MiB; expected at least 4 times 'max_message_bytes', 4MiB"},
        {route("handler = 'h'\nstart = {sequence = 0}\n"),
         "6: 'sequence' is 0; expected 1 to 9223372036854775807"},
        {"[[gateway]]\nname = 'g'\nsettings = 's'\nreconnect_min_ms = 9\nreconnect_max_ms = 3\n",
         "5: 'reconnect_max_ms' is less than 'reconnect_min_ms'"},
        {"[idle]\npark_min_us = 0\n", "2: 'park_min_us' is 0; expected 1 to 999999"},
        {"[idle]\npark_min_us = 9\npark_max_us = 3\n",
         "3: 'park_max_us' is less than 'park_min_us'"},
        {"[idle]\npark_max_us = 900\nquiet_park_max_us = 800\n",
         "3: 'quiet_park_max_us' is less than 'park_max_us'"},
        {"[idle]\nspin_us = 20000\n", "1: 'park_after_us' is less than 'spin_us'"},
        {"[[thread]]\nname = 't'\ncpu = -1\n", "3: 'cpu' is -1; expected 0 to 4095"},
    });
}

TEST(InvalidConfig, RefusesWordsThatAreNone) {
    expect_refused({
        {"[idle]\nkind = 'lazy'\n",
         "2: unknown idle strategy 'lazy'; expected spin, yield, backoff or sleeping"},
        {"[[thread]]\nname = 't'\nidle = 'lazy'\n",
         "3: unknown idle strategy 'lazy'; expected spin, yield, backoff or sleeping"},
        {route("handler = 'h'\non_nack = 'retry'\n"),
         "6: 'on_nack' is 'retry'; expected halt, park or continue"},
        {route("handler = 'h'\nstart = 'begin'\n"),
         "6: 'start' is 'begin'; expected \"first\", \"tail\", {sequence = 1}, "
         "{offset = 4096} or {time = "
         "\"2026-03-01T09:30:00Z\"}"},
        {route("handler = 'h'\nstart = {sequence = 1, time = 'x'}\n"),
         "6: 'start' names two places; expected \"first\", \"tail\", "
         "{sequence = 1}, {offset = 4096} or {time = \"2026-03-01T09:30:00Z\"}"},
        {route("handler = 'h'\nstart = {time = 'noon'}\n"),
         "6: 'time' is 'noon'; expected UTC: 2026-03-01T09:30:00Z"},
        {"[[client]]\nname = '2c'\n",
         "2: '2c' is no name: 1 to 64 letters, digits, _ and -, beginning with a letter or _"},
        {"[[gateway]]\nname = 'a.b'\n",
         "2: 'a.b' is no name: 1 to 64 letters, digits, _ and -, beginning with a letter or _"},
        {"[[stream]]\nname = ''\n", "2: 'name' must not be empty"},
        {"[[stream]]\nname = 's'\ntable = 't'\ncolumns = []\n",
         "4: 'columns' names no column; leave it out to stream all of them"},
    });
}

TEST(InvalidConfig, RefusesTwoOfOneName) {
    expect_refused({
        {"[[stream]]\nname = 's'\ntable = 't'\n[[stream]]\nname = 's'\ntable = 't'\n",
         "4: stream 's' is described twice, first in line 1"},
        {"[[gateway]]\nname = 'g'\nsettings = 's'\n[[gateway]]\nname = 'g'\nsettings = 's'\n",
         "4: gateway 'g' is described twice, first in line 1"},
        {"[[table]]\nname = 'T'\ncolumns = [{name = 'A', type = 'i64'}]\n"
         "[[table]]\nname = 'T'\ncolumns = [{name = 'A', type = 'i64'}]\n",
         "4: table 'T' is described twice, first in line 1"},
        {map("[map.fields]\nA = 'B'\n") + map("[map.fields]\nA = 'B'\n"),
         "6: map 'm' is described twice, first in line 1"},
        {route("handler = 'h'\n") + route("handler = 'h'\n"),
         "6: client 'c' is described twice, first in line 1"},
        {"[[thread]]\nname = 't'\nagents = ['a']\n[[thread]]\nname = 't'\nagents = ['b']\n",
         "4: thread 't' is described twice, first in line 1"},
    });
}

TEST(InvalidConfig, SaysEverythingAtOnceInTheOrderOfTheFile) {
    expect_refused({
        {"[[client]]\nname = 'c'\nstraem = 's'\n[[client.route]]\ntable = 'T'\nstrat = 'tail'\n"
         "[[stream]]\nname = 's'\ntabel = 't'\nbatch = 0\n[engine]\nsegment_bytes = 'x'\n"
         "[[table]]\nname = 'T'\ncolumns = [\n{name = 'A', type = 'i65'},\n"
         "{name = 'B', type = 'chr'}]\n",
         "3: unknown key 'straem'; did you mean 'stream'?\n"
         "/conf/a.toml:6: unknown key 'strat'; did you mean 'start'?\n"
         "/conf/a.toml:9: unknown key 'tabel'; did you mean 'table'?\n"
         "/conf/a.toml:12: 'segment_bytes': 'x' is no size; expected bytes, or \"64KiB\", "
         "\"16MiB\", \"1GiB\"\n"
         "/conf/a.toml:16: column A: unknown type 'i65' (did you mean i64?), expected i8 to i64, "
         "u8 to u64, decimal, char, text(N), timestamp, bool, bytes or vartext\n"
         "/conf/a.toml:17: column B: unknown type 'chr' (did you mean char?), expected i8 to i64, "
         "u8 to u64, decimal, char, text(N), timestamp, bool, bytes or vartext"},
        {"[[stream]]\nnaem = 's'\ntabel = 't'\nbatsh = 1\n",
         "2: unknown key 'naem'; did you mean 'name'?\n"
         "/conf/a.toml:3: unknown key 'tabel'; did you mean 'table'?\n"
         "/conf/a.toml:4: unknown key 'batsh'; did you mean 'batch'?"},
    });
}

TEST(InvalidConfig, RefusesColumnsThatAreNone) {
    const auto columns = [](std::string_view list) {
        return "[[table]]\nname = 'T'\ncolumns = [\n" + std::string(list) + "\n]\n";
    };
    expect_refused({
        {columns("{name = 'A', type = 'text(20)'},\n{name = 'B', type = 'decimel'},"),
         "5: column B: unknown type 'decimel' (did you mean decimal?), expected i8 to i64, u8 to "
         "u64, decimal, char, text(N), timestamp, bool, bytes or vartext"},
        {columns("{name = 'A', type = 'chr'},"),
         "4: column A: unknown type 'chr' (did you mean char?), expected i8 to i64, u8 to u64, "
         "decimal, char, text(N), timestamp, bool, bytes or vartext"},
        {columns("{name = 'A', type = 'text(0)'},"),
         "4: column A: 'text(0)': a text holds 1 to 65535 bytes"},
        {columns("{name = 'A', type = 'i64'},\n{name = 'a', type = 'i64'},"),
         "5: column 'a' is described twice"},
        {columns("{name = 'A B', type = 'i64'},"),
         "4: column 'A B': a name is 1 to 64 letters, digits and _, and begins with no digit"},
        {columns("{name = 'A', type = 'bytes'},\n{name = 'B', type = 'i64'},"),
         "3: table T: column A: bytes must be the last column, and the only one of its kind"},
        {columns(""), "3: 'columns' must be a list: [{name = \"PRICE\", type = \"decimal\"}, ...]"},
        {columns("1"), "4: a column must be a table, not an integer"},
        {"[[table]]\nname = 'A-B'\ncolumns = []\n",
         "2: table 'A-B': a name is 1 to 64 letters, digits and _, and begins with no digit"},
    });
}

TEST(InvalidConfig, RefusesRoutesThatGoNowhereOrTwoWays) {
    expect_refused({
        {route("name = 'r'\n"),
         "5: a route goes somewhere: to a 'session', a 'handler' or a 'table'"},
        {route("session = 'X'\ntable = 'T'\n"),
         "6: a route has a 'session' or a 'table', not both; write two routes"},
        {route("session = 'X'\nhandler = 'h'\n"),
         "6: a route has a 'session' or a 'handler', not both; write two routes"},
        {route("handler = 'h'\ngateway = 'g'\n"),
         "6: 'gateway' says whose session a route goes to; there is no 'session'"},
        {route("table = 'T'\non_nack = 'park'\n"),
         "6: 'on_nack' is about a handler's answer; there is no 'handler'"},
        {route("table = 'T'\nring_bytes = '1MiB'\n"),
         "6: 'ring_bytes' is about messages to a session; there is no 'session'"},
    });
}

TEST(InvalidConfig, RefusesOperationsThatAreNone) {
    expect_refused({
        {route("table = 'T'\noperations = ['insert', 'update']\n"),
         "6: unknown operation 'update'; expected \"insert\", \"modify\" or \"delete\""},
        {route("table = 'T'\noperations = []\n"),
         "6: a route without operations takes nothing; expected some of \"insert\", \"modify\" and "
         "\"delete\""},
    });
}

TEST(Config, TakesInsertsToASessionAndEverythingElsewhereUnlessToldOtherwise) {
    const auto operations_of = [](std::string_view rest) {
        const operation_set set =
            parse_config("test.toml", route(rest)).clients.front().routes.front().operations;
        return std::string(set.inserts ? "i" : "") + (set.modifies ? "m" : "") +
               (set.deletes ? "d" : "");
    };
    EXPECT_EQ(operations_of("session = 'X'\n"), "i");
    EXPECT_EQ(operations_of("table = 'T'\n"), "imd");
    EXPECT_EQ(operations_of("handler = 'h'\n"), "imd");
    EXPECT_EQ(operations_of("session = 'X'\noperations = ['modify', 'delete']\n"), "md");
    EXPECT_EQ(operations_of("table = 'T'\noperations = ['insert']\n"), "i");
}

TEST(InvalidConfig, RefusesMapsThatDoNotSayWhatTheyMap) {
    expect_refused({
        {map(""),
         "2: map 'm' has none of [map.fields] (row to message), [map.columns] (message or row to "
         "row) "
         "and 'pass_through'; expected one of them"},
        {map("[map.fields]\nA = 'B'\n[map.columns]\nA = 'B'\n"),
         "6: map 'm' has more than one of [map.fields] (row to message), [map.columns] (message or "
         "row "
         "to row) and 'pass_through'; expected one of them"},
        {map("[map.fields]\n"), "4: map 'm' maps nothing"},
        {map("[map.fields]\nA = {column = 'B', value = 'C'}\n"),
         "5: A needs one source: 'column', 'value', 'now' or 'template'"},
        {map("[map.fields]\nA = {default = 'B'}\n"),
         "5: A needs one source: 'column', 'value', 'now' or 'template'"},
        {map("[map.fields]\nA = {now = false}\n"), "5: 'now' is true, or left out"},
        {map("[map.fields]\nA = ''\n"), "5: A needs the name of a column"},
        {map("[map.fields]\nA = 1\n"), "5: A must be a table, not an integer"},
        {map("[map.fields]\nA = {value = 1.5}\n"),
         "5: 'value' must be a text in quotes or an integer, not a number with a fraction"},
        {map("[map.fields]\nA = {value = 'B', default = 'C'}\n"),
         "5: 'default' needs a 'column': a constant and now are never empty"},
        {map("[map.fields]\nA = {column = 'B', values = {}}\n"),
         "5: 'values' is empty; expected pairs: {B = \"1\", S = \"2\"}"},
        {map("[map.columns]\nA = {field = 'B', entry = 1}\n"),
         "5: 'entry' picks an entry of a group; there is no 'group'"},
        {map("[map.columns]\nA = {group = 'B', value = '1'}\n"),
         "5: 'group' needs a 'field': the member of its entry"},
        {map("[map.columns]\nA = 'B'\n[[map.group]]\ncounter = 'C'\n"),
         "6: [[map.group]] is for [map.fields]; a column reads a group with {group = "
         "\"NoPartyIDs\", entry = 0, field = \"PartyID\"}"},
        {map("[map.fields]\nA = 'B'\n[[map.group]]\ncounter = 'C'\n"),
         "7: group C has no [[map.group.entry]]"},
        {map("[map.fields]\nA = 'B'\n[[map.group]]\ncounter = 'C'\n[[map.group.entry]]\n"),
         "8: [[map.group.entry]] of C has no field"},
    });
}

TEST(InvalidConfig, SaysWhereTheTextIsNoToml) {
    EXPECT_TRUE(refusal("a = 1\nb = = 2\n").starts_with("/conf/a.toml:2: not valid TOML: "));
    EXPECT_TRUE(refusal("[engine\n").starts_with("/conf/a.toml:1: not valid TOML: "));
    EXPECT_TRUE(refusal("\n[engine]\n[engine]\n").starts_with("/conf/a.toml:3: not valid TOML: "));
    EXPECT_TRUE(refusal("a = \"\xff\"\n").starts_with("/conf/a.toml:1: not valid TOML: "));
    EXPECT_TRUE(refusal(std::string(10'000, '[')).find("not valid TOML") != std::string::npos);
    EXPECT_EQ(refusal(std::string(5'000'000, ' ')),
              "/conf/a.toml: larger than 4 MiB: this is no configuration");
}

TEST(InvalidConfig, AFileThatIsNotThereIsAnIoError) {
    const test::temporary_directory directory;
    EXPECT_THROW(static_cast<void>(load_config(directory.path() / "none.toml")), engine::io_error);
}

// Whatever is done to a good text, it is read or refused; what is read can be checked.
TEST(InvalidConfig, MutatedExamplesAreReadOrRefused) {
    const std::string example = test::read_text(test::example_path());
    const char* given = std::getenv("MILLRACE_TEST_SEED");
    const std::uint64_t seed =
        given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    SCOPED_TRACE("MILLRACE_TEST_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    const std::string_view pieces[] = {"[[", "]]", "{", "}",        "\"", "=",  "\n", "'''",  "1e9",
                                       "-1", "[",  ".", "\xc3\xa9", "\0", ", ", "#",  "true", "[["};
    int read = 0;
    int refused = 0;
    constexpr int rounds = 2000;
    for (int round = 0; round < rounds; ++round) {
        std::string text = example;
        for (std::uint64_t edits = 1 + random() % 4; edits > 0; --edits) {
            const std::size_t at = random() % text.size();
            switch (random() % 4) {
                case 0:
                    text[at] = static_cast<char>(random());
                    break;
                case 1:
                    text.erase(at, 1 + random() % 40);
                    break;
                case 2:
                    text.insert(at, pieces[random() % std::size(pieces)]);
                    break;
                default:
                    text.insert(at, example.substr(random() % example.size(), random() % 200));
                    break;
            }
        }
        try {
            const pipeline_config config = parse_config("a.toml", text);
            if (read % 8 == 0) {
                EXPECT_NO_THROW(static_cast<void>(check_config(config, test::dictionaries())));
            }
            ++read;
        } catch (const engine::config_error& failure) {
            EXPECT_TRUE(std::string_view(failure.what()).starts_with("a.toml:")) << failure.what();
            ++refused;
        }
    }
    EXPECT_GT(refused, rounds / 2);
    EXPECT_GT(read, 0) << "some edits change a comment or a number only";
}

TEST(ListenerConfig, HasDefaultsAndTakesWhatItIsGiven) {
    const pipeline_config bare =
        parse_config("/conf/a.toml",
                     "[engine]\ndirectory = \"data\"\n[[listener]]\nname = \"in\"\ntable = \"T\"");
    ASSERT_EQ(bare.listeners.size(), 1U);
    EXPECT_EQ(bare.listeners[0].path, "/conf/data/in.sock");
    EXPECT_EQ(bare.listeners[0].mode, 0660U);
    EXPECT_FALSE(bare.listeners[0].is_durable);
    const pipeline_config full = parse_config(
        "/conf/a.toml",
        "[[listener]]\nname = \"in\"\ntable = \"T\"\npath = \"/run/x.sock\"\nmode = \"0600\"\n"
        "connections_max = 7\nline_bytes_max = \"1KiB\"\nin_flight_max = 9\nlevel = \"durable\"");
    EXPECT_EQ(full.listeners[0].path, "/run/x.sock");
    EXPECT_EQ(full.listeners[0].mode, 0600U);
    EXPECT_EQ(full.listeners[0].connections_max, 7U);
    EXPECT_EQ(full.listeners[0].line_bytes_max, 1024U);
    EXPECT_EQ(full.listeners[0].in_flight_max, 9U);
    EXPECT_TRUE(full.listeners[0].is_durable);
}

TEST(ListenerConfig, RefusesWhatNoSocketCouldBe) {
    for (const std::string wrong :
         {"mode = \"0680\"", "mode = \"7777\"", "mode = \"rw\"", "level = \"sometimes\"",
          "connections_max = 0", "connections_max = 1025", "line_bytes_max = 100",
          "in_flight_max = 0", "sokcet = \"x\""}) {
        const std::string text = "[[listener]]\nname = \"in\"\ntable = \"T\"\n" + wrong;
        EXPECT_TRUE(test::refusal(text).starts_with("/conf/a.toml:4: ")) << wrong;
    }
}

}  // namespace
}  // namespace millrace::gateway
