// Gates of routes in a running pipeline, while syncs are held back: what is committed goes ahead,
// and what is to be durable waits.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/log/durable_mark.hpp"
#include "tests/engine/log/failing_calls.hpp"
#include "tests/gateway/pipeline/pipeline_support.hpp"
#include "tests/gateway/pipeline/stock_venue.hpp"

namespace millrace::gateway::test {
namespace {

using engine::test::fdatasync_call;

constexpr std::string_view durable_route =
    "handler = \"safe\"\nstart = \"first\"\ngate = \"durable\"";
constexpr std::string_view committed_route = "handler = \"quick\"\nstart = \"first\"";

class PipelineGate : public PipelineTest {
protected:
    ~PipelineGate() override { fdatasync_call.is_held = false; }

    // Two clients of one log, each with one route.
    [[nodiscard]] static std::string two_clients(std::string_view storage) {
        return replaced(std::string(tables_text), "[engine]\n",
                        "[engine]\nstorage = \"" + std::string(storage) + "\"\n") +
               client_text("safe") + route_text(durable_route) + client_text("quick") +
               route_text(committed_route);
    }
    void set_handlers(pipeline& made) {
        made.set_handler("safe", event_handler::of(safe_));
        made.set_handler("quick", event_handler::of(quick_));
    }
    void wait_for(recording_handler& handler, std::uint64_t last) {
        wait_until("sequence " + std::to_string(last),
                   [&] { return handler.seen() == range(1, last); });
    }

    engine::test::failing_calls_guard guard_;
    recording_handler safe_;
    recording_handler quick_;
};

class PipelineGateInModes : public PipelineGate,
                            public ::testing::WithParamInterface<std::string_view> {};

TEST_P(PipelineGateInModes, HoldsADurableRouteUntilTheSyncAndNoOther) {
    run once(*this, two_clients(GetParam()), [&](pipeline& made) { set_handlers(made); });
    once.start();
    append_orders(once.source(), 1, 3);
    wait_for(safe_, 3);
    fdatasync_call.is_held = true;
    const std::uint64_t syncs = fdatasync_call.calls;
    append_orders(once.source(), 4, 6);
    wait_for(quick_, 6);
    wait_until("the sync is under way", [&] { return fdatasync_call.calls > syncs; });
    EXPECT_EQ(safe_.seen(), range(1, 3));
    wait_until("the wait is published",
               [&] { return counter("stream.safe.undurable_sequence") == 4; });
    EXPECT_EQ(status("stream.safe.state"), "waiting(sequence 4 is not durable)");
    EXPECT_EQ(status("stream.quick.state"), "live");
    wait_until("it is said", [&] {
        const auto all = lines();
        return std::any_of(all.begin(), all.end(), [](const std::string& line) {
            return line.find("stream of client safe: waits for sequence 4") != std::string::npos;
        });
    });
    EXPECT_EQ(safe_.seen(), range(1, 3));
    fdatasync_call.is_held = false;
    wait_for(safe_, 6);
    once.stop();
    EXPECT_EQ(once->undurable_logs(), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(Modes, PipelineGateInModes, ::testing::Values("hot", "direct"),
                         [](const auto& param) { return std::string(param.param); });

TEST_F(PipelineGate, LetsTheStrictestRouteOfAClientDecideForAll) {
    const std::string text = std::string(tables_text) + client_text("both") +
                             route_text("name = \"a\"\n" + std::string(committed_route)) +
                             route_text("name = \"b\"\n" + std::string(durable_route));
    run once(*this, text, [&](pipeline& made) { set_handlers(made); });
    once.start();
    fdatasync_call.is_held = true;
    const std::uint64_t syncs = fdatasync_call.calls;
    append_orders(once.source(), 1, 3);
    wait_until("the sync is under way", [&] { return fdatasync_call.calls > syncs; });
    wait_until("the wait is published",
               [&] { return counter("stream.both.undurable_sequence") == 1; });
    EXPECT_TRUE(quick_.seen().empty());
    fdatasync_call.is_held = false;
    wait_for(quick_, 3);
    wait_for(safe_, 3);
    once.stop();
}

// The source's writer is another one: what it does not sync, a durable route does not see.
TEST_F(PipelineGate, FollowsTheMarkOfAWriterThatSyncsWhenItIsAskedTo) {
    run once(
        *this, two_clients("hot"), [&](pipeline& made) { set_handlers(made); }, false);
    once.start();
    const table_config& table = *once->config().find_table("ORDER_OUT");
    engine::table_log_options options;
    options.segment_bytes = once->config().segment_bytes;
    engine::table_log writer(table.directory, table.schema, options);
    writer.start();
    append_orders(writer, 1, 3);
    wait_for(quick_, 3);
    EXPECT_TRUE(safe_.seen().empty());
    ASSERT_EQ(writer.wait_durable(writer.log().end(), 0), engine::durable_wait::durable);
    wait_for(safe_, 3);
    once.stop();
}

// Whoever starts behind a writer that was killed brings its rows to the disk, and only then shows
// them.
TEST_F(PipelineGate, BringsToTheDiskWhatAKilledWriterLeft) {
    const pipeline_config config = parse_config(path() / "test.toml", two_clients("hot"));
    const table_config& table = *config.find_table("ORDER_OUT");
    const pid_t child = ::fork();
    if (child == 0) {
        engine::table_log_options options;
        options.segment_bytes = config.segment_bytes;
        auto* const writer = new engine::table_log(table.directory, table.schema, options);
        writer->start();
        append_orders(*writer, 1, 3);
        ::_exit(0);
    }
    int ended = 0;
    ASSERT_EQ(::waitpid(child, &ended, 0), child);
    ASSERT_EQ(ended, 0);
    run once(
        *this, two_clients("hot"), [&](pipeline& made) { set_handlers(made); }, false);
    const engine::log_reader reader(table.directory, engine::read_from::tail());
    EXPECT_EQ(engine::durable_mark::open(table.directory, reader.uuid()).durable_sequence().value,
              3U);
    once.start();
    wait_for(safe_, 3);
    once.stop();
}

constexpr std::string_view inbound_text = R"toml(
[[gateway]]
name = "venue"
settings = "sessions.cfg"
reconnect_min_ms = 10
reconnect_max_ms = 50

[[client]]
name = "safe"
stream = "venue.FIX_IN"

[[client.route]]
handler = "safe"
start = "first"
gate = "durable"

[[client]]
name = "quick"
stream = "venue.FIX_IN"

[[client.route]]
handler = "quick"
start = "first"
)toml";

TEST_F(PipelineGate, ShowsAnInboundMessageToADurableHandlerOnceItsReceiptIsDurable) {
    const auto peer = open_stock_venue(path(), dictionaries());
    run once(*this, std::string(tables_text) + std::string(inbound_text),
             [&](pipeline& made) { set_handlers(made); });
    once.start();
    wait_until("logged on", [&] {
        return counter("session.FIX.4.4:MILLRACE->STOCK.is_logged_on") == 1 && peer->is_logged_on();
    });
    fdatasync_call.is_held = true;
    ASSERT_TRUE(peer->send_order("IN1"));
    wait_until("the committed route has it", [&] { return quick_.seen().size() == 1; });
    wait_until("the wait is published",
               [&] { return counter("stream.safe.undurable_sequence") != 0; });
    EXPECT_TRUE(safe_.seen().empty());
    fdatasync_call.is_held = false;
    wait_until("the durable route has it", [&] { return safe_.seen() == quick_.seen(); });
    once.stop();
}

}  // namespace
}  // namespace millrace::gateway::test
