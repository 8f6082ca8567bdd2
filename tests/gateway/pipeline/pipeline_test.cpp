#include "gateway/pipeline/pipeline.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/gateway/pipeline/pipeline_support.hpp"

namespace millrace::gateway::test {
namespace {

using Pipeline = PipelineTest;

const std::string copying = std::string(tables_text) + client_text("copier") +
                            route_text("name = \"copy\"\ntable = \"COPY\"\nstart = \"first\"");

const std::string handling =
    std::string(tables_text) + client_text("watcher") +
    route_text("name = \"watch\"\nhandler = \"on_order\"\nstart = \"first\"");

std::function<void(pipeline&)> with(recording_handler& handler) {
    return [&handler](pipeline& made) { made.set_handler("on_order", event_handler::of(handler)); };
}

TEST_F(Pipeline, CopiesATableWithOriginAndCorrelation) {
    run once(*this, copying);
    once.start();
    append_orders(once.source(), 1, 300);
    append(once.source(), {.number = 7, .operation = engine::operation::modify});
    append(once.source(), {.number = 8, .operation = engine::operation::remove});
    wait_for_highest("copy", 302);
    once.stop();
    const auto from = rows("ORDER_OUT");
    const auto to = rows("COPY");
    ASSERT_EQ(origins_of(to), range(1, 302));
    for (std::size_t i = 0; i < to.size(); ++i) {
        const engine::row_envelope& envelope = to[i].envelope;
        EXPECT_EQ(envelope.origin.route, engine::route_id("copy"));
        EXPECT_EQ(envelope.origin.log, once.source().log().uuid());
        EXPECT_EQ(envelope.correlation.sequence, from[i].seq.value);
        EXPECT_EQ(envelope.correlation.log_id,
                  engine::correlation_log_id(once.source().log().uuid()));
        EXPECT_EQ(envelope.operation, from[i].envelope.operation);
        EXPECT_EQ(envelope.user.view(), "tester");
        EXPECT_EQ(envelope.event.view(), "copy");
        EXPECT_TRUE(
            std::equal(to[i].payload.begin() + engine::row_envelope_size, to[i].payload.end(),
                       from[i].payload.begin() + engine::row_envelope_size, from[i].payload.end()));
    }
}

TEST_F(Pipeline, GoesOnWhereItStopped) {
    for (std::uint64_t first = 1; first <= 301; first += 100) {
        run once(*this, copying);
        append_orders(once.source(), first, first + 49);  // before anything runs
        once.start();
        append_orders(once.source(), first + 50, first + 99);
        if (first % 200 == 1) {
            wait_for_highest("copy", first + 99);  // the other times it stops somewhere
        }
        once.stop();
    }
    run last(*this, copying);
    last.start();
    wait_for_highest("copy", 400);
    last.stop();
    EXPECT_EQ(origins_of(rows("COPY")), range(1, 400));
}

// Each source of its own log, one agent for both: the table knows how far each route has come.
TEST_F(Pipeline, WritesOneTableFromTwoLogsAndGoesOnInBoth) {
    const std::string text = replaced(std::string(tables_text), "[[stream]]", R"toml([[table]]
name = "DESK_OUT"
columns = [
    {name = "CL_ORD_ID", type = "text(20)", key = true},
    {name = "SYMBOL", type = "text(12)"},
    {name = "SIDE", type = "char"},
    {name = "QUANTITY", type = "decimal"},
    {name = "NOTE", type = "vartext"},
]

[[stream]]
name = "DESK"
table = "DESK_OUT"

[[stream]])toml") + client_text("copier") +
                             route_text("name = \"copy\"\ntable = \"COPY\"\nstart = \"first\"") +
                             replaced(client_text("desk"), "\"ORDERS\"", "\"DESK\"") +
                             route_text("name = \"desk\"\ntable = \"COPY\"\nstart = \"first\"");
    for (std::uint64_t first = 1; first <= 401; first += 100) {
        engine::table_log* desk = nullptr;
        run once(*this, text, [&](pipeline& made) { desk = &made.open_source("DESK_OUT"); });
        append_orders(once.source(), first, first + 49);
        once.start();
        std::jthread other([&] { append_orders(*desk, first, first + 99); });
        append_orders(once.source(), first + 50, first + 99);
        other.join();
        if (first % 200 == 1) {
            wait_for_highest("copy", first + 99);  // the other times it stops somewhere
            wait_for_highest("desk", first + 99);
        }
        once.stop();
    }
    std::vector<std::uint64_t> from_orders;
    std::vector<std::uint64_t> from_desk;
    for (const kept_row& row : rows("COPY")) {
        const bool is_desk = row.envelope.origin.route == engine::route_id("desk");
        (is_desk ? from_desk : from_orders).push_back(row.envelope.origin.sequence);
    }
    EXPECT_EQ(from_orders, range(1, 500));
    EXPECT_EQ(from_desk, range(1, 500));
}

TEST_F(Pipeline, StopsOnceAndNeedNotHaveStarted) {
    {
        run never(*this, copying);
        never.stop();
    }
    run once(*this, copying);
    once.start();
    once.stop();
    once.stop();
    EXPECT_TRUE(rows("COPY").empty());
}

TEST_F(Pipeline, RunsAnApplicationsAgentFirst) {
    struct feeder {
        engine::table_log* table = nullptr;
        std::uint64_t fed = 0;
        [[nodiscard]] const char* name() const noexcept { return "feeder"; }
        void on_start() {}
        int do_work() noexcept {
            if (fed == 50) {
                return 0;
            }
            append(*table, {.number = ++fed});
            return 1;
        }
        void on_close() noexcept {}
    } one;
    run once(*this, copying, [&](pipeline& made) {
        one.table = &made.open_source("ORDER_OUT");
        made.add_agent(one);
    });
    EXPECT_EQ(once->runners().front()->agents().front().name(), "feeder");
    EXPECT_NE(once->thread_plan().find(": feeder "), std::string::npos) << once->thread_plan();
    once.start();
    wait_for_highest("copy", 50);
    once.stop();
    EXPECT_EQ(origins_of(rows("COPY")), range(1, 50));
}

TEST_F(Pipeline, AppliesTheConditionsOfStreamClientAndRoute) {
    const std::string text =
        replaced(std::string(tables_text), "max_clients = 4",
                 "max_clients = 4\nwhere = \"QUANTITY > 1\"") +  // from order 11 on
        client_text("picker", "where = \"QUANTITY <= 4\"") +     // up to order 40
        route_text(
            "name = \"some\"\ntable = \"COPY\"\nstart = \"first\"\n"
            "where = \"CL_ORD_ID like '%5'\"") +
        route_text("name = \"all\"\nhandler = \"on_order\"\nstart = \"first\"");
    recording_handler handler;
    run once(*this, text, with(handler));
    append_orders(once.source(), 1, 60);
    once.start();
    wait_for_highest("all", 40);
    once.stop();
    EXPECT_EQ(handler.seen(), range(11, 40));
    EXPECT_EQ(origins_of(rows("COPY")), (std::vector<std::uint64_t>{15, 25, 35}));
    EXPECT_EQ(counter("stream.picker.filtered"), 10U);
    EXPECT_EQ(counter("route.some.delivered"), 3U);
    EXPECT_EQ(counter("route.some.passed_over"), 27U);
}

TEST_F(Pipeline, CountsAHandlersProgressInACheckpoint) {
    recording_handler handler;
    {
        run once(*this, handling, with(handler));
        append_orders(once.source(), 1, 30);
        once.start();
        wait_for_highest("watch", 30);
    }
    EXPECT_EQ(handler.seen(), range(1, 30));
    EXPECT_TRUE(handler.redelivered().empty()) << "nothing had been delivered before";
    run again(*this, handling, with(handler));
    append_orders(again.source(), 31, 40);
    again.start();
    wait_for_highest("watch", 40);
    again.stop();
    EXPECT_EQ(handler.seen(), range(1, 40));
}

TEST_F(Pipeline, MarksWhatMayHaveBeenDeliveredBefore) {
    recording_handler first;
    first.decide = [](std::uint64_t sequence) {
        return sequence == 1 ? answer::nack : answer::ack;  // as if it had died in its first call
    };
    {
        run once(*this, handling, with(first));
        append_orders(once.source(), 1, 3);
        once.start();
        wait_for_halt("watch");
    }
    EXPECT_TRUE(first.redelivered().empty());
    recording_handler second;
    run again(*this, handling, with(second));
    again.start();
    wait_for_highest("watch", 3);
    append_orders(again.source(), 4, 6);
    wait_for_highest("watch", 6);
    again.stop();
    EXPECT_EQ(second.seen(), range(1, 6));
    ASSERT_FALSE(second.redelivered().empty());
    EXPECT_EQ(second.redelivered().front(), 1U);
    EXPECT_LE(second.redelivered().back(), 3U) << "what was appended later cannot have been";
}

TEST_F(Pipeline, WritesNothingForAnEventThatItsHandlerSkips) {
    const std::string text =
        std::string(tables_text) + client_text("both") +
        route_text("name = \"both\"\nhandler = \"on_order\"\ntable = \"COPY\"\nstart = \"first\"");
    recording_handler handler;
    handler.decide = [](std::uint64_t sequence) {
        return sequence % 2 == 0 ? answer::skip : answer::ack;
    };
    {
        run once(*this, text, with(handler));
        append_orders(once.source(), 1, 20);
        once.start();
        wait_for_highest("both", 20);
    }
    std::vector<std::uint64_t> odd;
    for (std::uint64_t sequence = 1; sequence <= 19; sequence += 2) {
        odd.push_back(sequence);
    }
    EXPECT_EQ(origins_of(rows("COPY")), odd);
    EXPECT_EQ(rows("COPY").front().envelope.event.view(), "on_order");
    recording_handler next;
    run again(*this, text, with(next));
    append_orders(again.source(), 21, 21);
    again.start();
    wait_for_highest("both", 21);
    again.stop();
    EXPECT_EQ(next.seen(), range(20, 21)) << "what was skipped behind the last row comes again";
    EXPECT_EQ(next.redelivered(), range(20, 20));
}

TEST_F(Pipeline, HaltsTheRouteWhoseHandlerRefusesAndLetsTheOthersGoOn) {
    const std::string text =
        std::string(tables_text) + client_text("two") +
        route_text("name = \"refusing\"\nhandler = \"on_order\"\nstart = \"first\"") +
        route_text("name = \"copy\"\ntable = \"COPY\"\nstart = \"first\"");
    recording_handler refusing;
    refusing.decide = [](std::uint64_t sequence) {
        return sequence == 5 ? answer::nack : answer::ack;
    };
    std::uint64_t at = 0;
    {
        run once(*this, text, with(refusing));
        append_orders(once.source(), 1, 20);
        once.start();
        wait_for_highest("copy", 20);
        append_orders(once.source(), 21, 30);
        wait_for_highest("copy", 30);
        once.stop();
        at = rows("ORDER_OUT")[4].at.value;
        EXPECT_EQ(refusing.seen(), range(1, 5)) << "a halted route asks no more";
        EXPECT_EQ(counter("route.refusing.highest"), 4U);
        const std::string halted =
            "halted(the event handler refused it, position " + std::to_string(at) + ")";
        EXPECT_EQ(status("route.refusing.state"), halted);
        EXPECT_EQ(lines(), std::vector<std::string>{"refusing: " + halted});
        EXPECT_TRUE(once->clients().front()->routes().front()->is_halted());
    }
    EXPECT_EQ(origins_of(rows("COPY")), range(1, 30));
    EXPECT_FALSE(std::filesystem::exists(data("REJECT_two"))) << "nothing parks here";
    recording_handler willing;
    run again(*this, text, with(willing));
    append_orders(again.source(), 31, 35);
    again.start();
    wait_for_highest("refusing", 35);
    wait_for_highest("copy", 35);
    again.stop();
    EXPECT_EQ(willing.seen(), range(5, 35)) << "it goes on at the record it halted at";
    EXPECT_EQ(origins_of(rows("COPY")), range(1, 35)) << "the other gets nothing twice";
}

TEST_F(Pipeline, ParksWhatAHandlerRefusesAndGoesOn) {
    const std::string text = std::string(tables_text) + client_text("parking") +
                             route_text(
                                 "name = \"picky\"\nhandler = \"on_order\"\nstart = \"first\"\n"
                                 "on_nack = \"park\"");
    recording_handler picky;
    picky.decide = [](std::uint64_t sequence) {
        return sequence % 4 == 0 ? answer::nack : answer::ack;
    };
    {
        run once(*this, text, with(picky));
        append_orders(once.source(), 1, 20);
        once.start();
        wait_for_highest("picky", 20);
        once.stop();
        EXPECT_EQ(counter("route.picky.parked"), 5U);
        EXPECT_EQ(counter("route.picky.delivered"), 15U);
    }
    EXPECT_EQ(picky.seen(), range(1, 20));
    const auto source = rows("ORDER_OUT");
    const auto parked = rows("REJECT_parking");
    ASSERT_EQ(origins_of(parked), (std::vector<std::uint64_t>{4, 8, 12, 16, 20}));
    const engine::row_schema schema = engine::row_schema::parse(
        engine::log_reader(data("REJECT_parking"), engine::read_from::first()).schema());
    for (const kept_row& kept : parked) {
        const engine::row_view row(schema, kept.payload);
        const kept_row& original = source[row.envelope().origin.sequence - 1];
        EXPECT_EQ(row.text(schema.index_of("ROUTE")), "picky");
        EXPECT_EQ(row.text(schema.index_of("REASON")), "the event handler refused it");
        EXPECT_EQ(row.unsigned_integer(schema.index_of("SOURCE_SEQUENCE")), original.seq.value);
        EXPECT_EQ(row.unsigned_integer(schema.index_of("SOURCE_POSITION")), original.at.value);
        EXPECT_TRUE(std::equal(row.trailing().begin(), row.trailing().end(),
                               original.payload.begin(), original.payload.end()))
            << "the record as it was";
        EXPECT_EQ(kept.envelope.origin.route, engine::route_id("picky"));
        EXPECT_EQ(kept.envelope.event.view(), "park");
    }
    // Record 20 was parked last, and the checkpoint stands at 19: neither is asked about again.
    recording_handler next;
    run again(*this, text, with(next));
    append_orders(again.source(), 21, 22);
    again.start();
    wait_for_highest("picky", 22);
    again.stop();
    EXPECT_EQ(next.seen(), range(21, 22));
    EXPECT_EQ(rows("REJECT_parking").size(), 5U);
}

TEST_F(Pipeline, HaltsAtARowTooLargeForTableAndRejectLog) {
    {
        run large(*this,
                  handling + client_text("copier") +
                      route_text("name = \"copy\"\nhandler = \"ack\"\nstart = \"first\""),
                  [&](pipeline& made) { made.set_handler("on_order", {}); });
        append(large.source(), {.number = 1});
        append(large.source(), {.number = 2, .note_size = 60'000});
        append(large.source(), {.number = 3});
    }
    // The log keeps its segments of 1 MiB; what is made now has smaller ones.
    const std::string text =
        replaced(copying, "segment_bytes = \"1MiB\"", "segment_bytes = \"64KiB\"");
    for (const bool parks : {false, true}) {
        std::filesystem::remove_all(data("COPY"));
        run small(*this, text + (parks ? "" : "on_parsing_error = \"halt\"\n"), {}, false);
        small.start();
        wait_for_halt("copy");
        small.stop();
        EXPECT_EQ(origins_of(rows("COPY")), range(1, 1));
        EXPECT_NE(status("route.copy.state")
                      .find(parks ? "too large for the reject log: the row is larger"
                                  : "the row is larger than its table takes"),
                  std::string::npos)
            << status("route.copy.state");
    }
}

TEST_F(Pipeline, IsRefusedASourceThatWasReplaced) {
    const std::string both =
        copying + route_text("name = \"watch\"\nhandler = \"ack\"\nstart = \"first\"");
    {
        run once(*this, both);
        append_orders(once.source(), 1, 5);
        once.start();
        wait_for_highest("copy", 5);
        wait_for_highest("watch", 5);
    }
    const std::string old_log = to_string(engine::read_segment_info(data("ORDER_OUT"), 0).uuid);
    std::filesystem::remove_all(data("ORDER_OUT"));
    try {
        run again(*this, copying);
        FAIL() << "the route went on in another log";
    } catch (const engine::config_error& failure) {
        const std::string text = failure.what();
        EXPECT_NE(text.find("'copy' has come to sequence 5 of log " + old_log), std::string::npos)
            << text;
        EXPECT_NE(text.find(to_string(engine::read_segment_info(data("ORDER_OUT"), 0).uuid)),
                  std::string::npos)
            << text;
    }
    const std::string watch_alone =
        std::string(tables_text) + client_text("copier") +
        route_text("name = \"watch\"\nhandler = \"ack\"\nstart = \"first\"");
    EXPECT_THROW(run(*this, watch_alone), engine::config_error);
    EXPECT_EQ(origins_of(rows("COPY")), range(1, 5));
}

TEST_F(Pipeline, WaitsForAWriterThatIsMakingItsSource) {
    engine::ensure_directory(data("ORDER_OUT"));
    engine::file_lock writer(data("ORDER_OUT") / "writer.lock", "a writer that begins");
    {
        const std::jthread release([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            writer.release();
        });
        run once(*this, copying, {}, false);
    }
    EXPECT_EQ(engine::list_segments(data("ORDER_OUT")).size(), 1U);
}

TEST_F(Pipeline, IsRefusedASourceWhoseWriterMakesNothing) {
    engine::ensure_directory(data("ORDER_OUT"));
    const engine::file_lock writer(data("ORDER_OUT") / "writer.lock", "a writer that hangs");
    EXPECT_THROW(run(*this, copying, {}, false), engine::locked_error);
}

TEST_F(Pipeline, IsRefusedASourceWithOtherColumns) {
    { run once(*this, copying); }
    const auto with_texts = [&](std::string_view type) {
        std::string text = copying;
        for (std::size_t at = text.find("text(12)"); at != std::string::npos;
             at = text.find("text(12)", at)) {
            text.replace(at, 8, type);
        }
        return text;
    };
    std::filesystem::remove_all(data("COPY"));
    try {
        run again(*this, with_texts("text(10)"), {}, false);
        FAIL() << "rows were read by columns they do not have";
    } catch (const engine::config_error& failure) {
        EXPECT_NE(std::string(failure.what()).find(data("ORDER_OUT").native()), std::string::npos)
            << failure.what();
        EXPECT_NE(std::string(failure.what()).find("other columns"), std::string::npos);
        EXPECT_NE(std::string(failure.what()).find("was text(12), is text(10)"), std::string::npos);
    }
    EXPECT_NO_THROW(run(*this, with_texts("text(14)")));  // the old rows are read as wider ones
}

TEST_F(Pipeline, RefusesAHandlerNobodyGaveBeforeItMakesAnything) {
    recording_handler handler;
    const std::string text = replaced(handling, "on_order", "on_ordr");
    try {
        run once(*this, text, with(handler), false);
        FAIL() << "it opened";
    } catch (const engine::config_error& failure) {
        EXPECT_NE(std::string(failure.what()).find("test.toml:"), std::string::npos);
        EXPECT_NE(std::string(failure.what()).find("did you mean 'on_order'"), std::string::npos)
            << failure.what();
    }
    EXPECT_FALSE(std::filesystem::exists(path() / "data"));
}

TEST_F(Pipeline, IsOneOfItsDirectory) {
    run once(*this, copying);
    EXPECT_THROW(run(*this, copying), engine::locked_error);
    EXPECT_THROW(run(*this, copying, {}, false), engine::locked_error);
}

// Where a route without history begins, by its `start`: 50 records stand, 10 come while it runs.
class PipelineStart : public PipelineTest {
protected:
    static std::string text(const std::string& start) {
        return std::string(tables_text) + client_text("copier") +
               route_text("name = \"copy\"\ntable = \"COPY\"\n" + start) +
               route_text("name = \"watch\"\nhandler = \"ack\"\n" + start);
    }
    void expect_begins_at(const std::string& start, std::uint64_t first) {
        SCOPED_TRACE(start);
        std::filesystem::remove_all(data("COPY"));
        std::filesystem::remove_all(data("checkpoints"));
        std::filesystem::remove_all(data("routes"));
        {
            run once(*this, text(start));
            append_orders(once.source(), last_ + 1, last_ + 10);
            last_ += 10;
            once.start();
            wait_for_highest("copy", last_);
            wait_for_highest("watch", last_);
            once.stop();
            EXPECT_EQ(counter("route.watch.delivered"), last_ - first + 1);
        }
        EXPECT_EQ(origins_of(rows("COPY")), range(first, last_));
        // Once it has history, `start` says nothing any more.
        run again(*this, text("start = \"first\""));
        again.start();
        append_orders(again.source(), last_ + 1, last_ + 5);
        last_ += 5;
        wait_for_highest("copy", last_);
        wait_for_highest("watch", last_);
        again.stop();
        EXPECT_EQ(counter("route.watch.delivered"), 5U);
        EXPECT_EQ(origins_of(rows("COPY")), range(first, last_));
    }
    void fill() {
        run once(*this, copying);
        append_orders(once.source(), 1, 50);
        last_ = 50;
    }
    [[nodiscard]] std::string time_of(std::uint64_t sequence, std::int64_t more_ns = 0) const {
        const engine::timestamp time{rows("ORDER_OUT")[sequence - 1].time.ns + more_ns};
        return "start = {time = \"" + engine::to_string(time) + "\"}";
    }

    std::uint64_t last_ = 0;
};

TEST_F(PipelineStart, IsTheFirstRecord) {
    fill();
    expect_begins_at("start = \"first\"", 1);
}

TEST_F(PipelineStart, IsTheTailWhereNothingIsSaid) {
    fill();
    expect_begins_at("", 51);
}

TEST_F(PipelineStart, IsTheTailWhereThatIsSaid) {
    fill();
    expect_begins_at("start = \"tail\"", 51);
}

TEST_F(PipelineStart, IsASequence) {
    fill();
    expect_begins_at("start = {sequence = 1}", 1);
    expect_begins_at("start = {sequence = 33}", 33);
}

TEST_F(PipelineStart, IsASequenceNotYetWritten) {
    fill();
    expect_begins_at("start = {sequence = 56}", 56);
}

TEST_F(PipelineStart, IsATime) {
    fill();
    expect_begins_at(time_of(30), 30);
    expect_begins_at(time_of(30, 1), 31);
    expect_begins_at("start = {time = \"2001-01-01T00:00:00Z\"}", 1);
}

TEST_F(PipelineStart, IsAnOffset) {
    fill();
    expect_begins_at("start = {offset = 0}", 1);
    const std::uint64_t at = rows("ORDER_OUT")[29].at.value;
    expect_begins_at("start = {offset = " + std::to_string(at) + "}", 30);
}

TEST_F(PipelineStart, IsRefusedWhereNoRecordBegins) {
    fill();
    std::filesystem::remove_all(data("COPY"));
    std::filesystem::remove_all(data("checkpoints"));
    const std::uint64_t at = rows("ORDER_OUT")[29].at.value;
    const std::uint64_t next = rows("ORDER_OUT")[30].at.value;
    try {
        run once(*this, text("start = {offset = " + std::to_string(at + 32) + "}"));
        FAIL() << "it opened";
    } catch (const engine::config_error& failure) {
        const std::string said = failure.what();
        EXPECT_NE(said.find("test.toml:"), std::string::npos) << said;
        EXPECT_NE(
            said.find("the nearest are " + std::to_string(at) + " and " + std::to_string(next)),
            std::string::npos)
            << said;
    }
}

TEST_F(PipelineStart, IsTheTailForATimeBehindTheLastRecord) {
    fill();
    expect_begins_at(time_of(50, 1), 51);
}

}  // namespace
}  // namespace millrace::gateway::test
