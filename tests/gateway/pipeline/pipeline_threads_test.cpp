// The whole loop with every agent on a thread of its own, against a stock QuickFIX acceptor:
// orders go out, reports come back to a handler and a table, and the pipeline is stopped and
// started again while messages are on their way.
//
//   feeder -> ORDER_OUT -> streamer -> client:sender -> gateway -> stock acceptor
//   EXECUTION <- handler <- client:reports <- streamer <- venue.FIX_IN <- gateway <-+
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <map>
#include <tuple>

#include "tests/gateway/pipeline/pipeline_support.hpp"
#include "tests/gateway/pipeline/stock_venue.hpp"

namespace millrace::gateway::test {
namespace {

constexpr std::size_t note_size = 200;  // the logs roll while others read them

// Rings so small that every hand-over has to wait now and then.
constexpr std::string_view loop_text = R"toml(
[[table]]
name = "EXECUTION"
columns = [
    {name = "EXEC_ID", type = "text(24)", key = true},
    {name = "CL_ORD_ID", type = "text(20)"},
]

[[gateway]]
name = "venue"
settings = "sessions.cfg"
reconnect_min_ms = 10
reconnect_max_ms = 50

[[client]]
name = "sender"
stream = "ORDERS"
ring_slots = 64

[[client.route]]
name = "send"
session = "FIX.4.4:MILLRACE->STOCK"
map = "new_order"
start = "first"
max_message_bytes = "1KiB"
ring_bytes = "16KiB"

[[client]]
name = "reports"
stream = "venue.FIX_IN"
ring_slots = 16

[[client.route]]
name = "report"
handler = "on_report"
table = "EXECUTION"
map = "execution"
start = "first"

[[map]]
name = "new_order"
message = "NewOrderSingle"

[map.fields]
ClOrdID = "CL_ORD_ID"
Symbol = "SYMBOL"
Side = "SIDE"
TransactTime = {now = true}
OrdType = {value = "1"}
OrderQty = "QUANTITY"
Text = "NOTE"

[[map]]
name = "execution"
message = "ExecutionReport"

[map.columns]
EXEC_ID = "ExecID"
CL_ORD_ID = "ClOrdID"
)toml";

// Two kinds of waiting, so that threads meet each other both running and asleep.
constexpr std::string_view threads_text = R"toml(
[[thread]]
name = "feed"
idle = "sleeping"
agents = ["feeder"]

[[thread]]
name = "orders"
idle = "yield"
agents = ["streamer:ORDER_OUT"]

[[thread]]
name = "send"
idle = "sleeping"
agents = ["client:sender"]

[[thread]]
name = "gateway"
idle = "yield"
agents = ["gateway:venue"]

[[thread]]
name = "receipts"
idle = "sleeping"
agents = ["streamer:venue.FIX_IN"]

[[thread]]
name = "report"
idle = "yield"
agents = ["client:reports"]
)toml";

struct report_handler {
    answer operator()(const event& happened) noexcept {
        cl_ord_ids.emplace_back(happened.row.text(1));
        count.store(cl_ord_ids.size(), std::memory_order_relaxed);
        return answer::ack;
    }

    [[nodiscard]] std::uint64_t handled() const noexcept {
        return count.load(std::memory_order_relaxed);
    }

    std::vector<std::string> cl_ord_ids;
    std::atomic<std::uint64_t> count{0};  // writer: the thread of client:reports
};

// Appends orders A1, A2, ... behind those that the table holds already, and keeps a window of them
// on their way: however late a stop comes, it finds some.
struct order_feeder {
    engine::table_log* table = nullptr;
    const report_handler* handler = nullptr;
    std::uint64_t orders_max = UINT64_MAX;

    [[nodiscard]] const char* name() const noexcept { return "feeder"; }
    void on_start() {}
    int do_work() noexcept {
        constexpr int rows_per_turn = 4;
        constexpr std::uint64_t window = 600;
        const std::uint64_t last = std::min(orders_max, handler->handled() + window);
        int work_count = 0;
        for (; work_count < rows_per_turn && fed() < last; ++work_count) {
            append(*table, {.number = fed() + 1, .note_size = note_size});
        }
        return work_count;
    }
    void on_close() noexcept {}
    [[nodiscard]] std::uint64_t fed() const noexcept { return table->log().last_sequence().value; }
};

struct fix_row {
    std::string cl_ord_id;
    std::uint64_t number = 0;
    engine::row_envelope envelope;
};

std::vector<std::string> ids_up_to(std::uint64_t last) {
    std::vector<std::string> ids;
    for (std::uint64_t number = 1; number <= last; ++number) {
        ids.push_back(order_id(number));
    }
    return ids;
}

std::vector<std::string> ids_of(const std::vector<fix_row>& rows) {
    std::vector<std::string> ids;
    for (const fix_row& row : rows) {
        ids.push_back(row.cl_ord_id);
    }
    return ids;
}

class PipelineThreads : public PipelineTest {
protected:
    PipelineThreads() : peer_(open_stock_venue(path(), dictionaries())) {}

    [[nodiscard]] static std::string text() {
        return replaced(std::string(tables_text), "segment_bytes = \"1MiB\"",
                        "segment_bytes = \"1MiB\"\nstamps = true") +
               std::string(loop_text) + std::string(threads_text);
    }
    // One run of a pipeline that feeds itself, from start to orderly stop.
    void run_once(order_feeder& feeder, const std::function<bool()>& is_enough) {
        feeder.handler = &handler_;
        run once(*this, text(), [&](pipeline& made) {
            feeder.table = &made.open_source("ORDER_OUT");
            made.add_agent(feeder);
            made.set_handler("on_report", event_handler::of(handler_));
        });
        ASSERT_EQ(once->runners().size(), 6U) << once->thread_plan();
        once.start();
        wait_until("enough reports are handled", is_enough);
        once.stop();
        orders_ = feeder.fed();
        std::printf("%llu orders, %zu sent, %zu received, %zu handled\n",
                    static_cast<unsigned long long>(orders_), application_rows("FIX_OUT").size(),
                    application_rows("FIX_IN").size(), handler_.cl_ord_ids.size());
        EXPECT_EQ(rows("EXECUTION").size(), handler_.cl_ord_ids.size());
    }
    void run_until_handled(std::uint64_t reports) {
        order_feeder feeder;
        ASSERT_NO_FATAL_FAILURE(run_once(feeder, [&] { return handler_.handled() >= reports; }));
        EXPECT_LT(handler_.handled(), orders_) << "nothing was on its way when it stopped";
    }
    void run_to_the_end(std::uint64_t orders) {
        order_feeder feeder;
        feeder.orders_max = orders;
        ASSERT_NO_FATAL_FAILURE(run_once(feeder, [&] { return handler_.handled() >= orders; }));
        EXPECT_EQ(orders_, orders);
    }
    [[nodiscard]] std::vector<fix_row> application_rows(const std::string& log) const {
        const std::filesystem::path directory = data("venue") / log;
        const engine::row_schema schema = engine::row_schema::parse(
            engine::log_reader(directory, engine::read_from::first()).schema());
        std::vector<fix_row> found;
        for (const kept_row& kept : rows("venue/" + log)) {
            const engine::row_view row(schema, kept.payload);
            if (row.text(schema.index_of("KIND")) == "application") {
                found.push_back({std::string(row.text(schema.index_of("CL_ORD_ID"))),
                                 row.unsigned_integer(schema.index_of("MSG_SEQ_NUM")),
                                 kept.envelope});
            }
        }
        return found;
    }
    // What the peer's application was given; one that came again under its old number is marked.
    [[nodiscard]] std::vector<std::string> orders_at_peer() const {
        std::vector<std::string> ids = peer_->apps_in();
        for (std::string& id : ids) {
            id = id.substr(0, id.find('+'));
        }
        return ids;
    }
    void expect_nothing_lost_or_twice() {
        const std::vector<std::string> wanted = ids_up_to(orders_);
        const std::vector<fix_row> out = application_rows("FIX_OUT");
        const std::vector<fix_row> in = application_rows("FIX_IN");
        EXPECT_EQ(ids_of(out), wanted);
        EXPECT_EQ(orders_at_peer(), wanted);
        EXPECT_EQ(ids_of(in), wanted);
        EXPECT_EQ(handler_.cl_ord_ids, wanted);
        const std::vector<kept_row> executions = rows("EXECUTION");
        ASSERT_EQ(executions.size(), orders_);
        ASSERT_EQ(out.size(), orders_);
        ASSERT_EQ(in.size(), orders_);
        for (std::size_t i = 0; i < orders_; ++i) {
            SCOPED_TRACE(wanted[i]);
            EXPECT_EQ(out[i].envelope.origin.sequence, i + 1);
            EXPECT_TRUE(i == 0 || out[i - 1].number < out[i].number);
            EXPECT_TRUE(i == 0 || in[i - 1].number < in[i].number);
            EXPECT_EQ(in[i].envelope.correlation, out[i].envelope.correlation);
            EXPECT_EQ(executions[i].envelope.correlation.sequence, i + 1);
        }
    }

    // Each message out has one stamp of its sending, each message in one of its handling, neither
    // earlier than its record.
    void expect_every_stage_stamped() const {
        std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint32_t>, std::int64_t> stamps;
        engine::log_reader reader(data(stamps_log_name), engine::read_from::first());
        EXPECT_EQ(reader.schema(), stamps_schema);
        engine::record_view record;
        while (reader.poll(record) == engine::read_status::record) {
            ASSERT_EQ(record.payload_size % sizeof(stage_stamp), 0U);
            for (std::size_t at = 0; at < record.payload_size; at += sizeof(stage_stamp)) {
                stage_stamp one;
                std::memcpy(&one, record.payload + at, sizeof one);
                EXPECT_TRUE(
                    stamps.emplace(std::tuple(one.log_id, one.sequence, one.which), one.time_ns)
                        .second)
                    << "stamped twice";
            }
        }
        EXPECT_EQ(stamps.size(), 2 * orders_);
        EXPECT_EQ(counter("gateway.venue.stamps_dropped"), 0U);
        expect_stamps_of("FIX_OUT", stage::sent, stamps);
        expect_stamps_of("FIX_IN", stage::handled, stamps);
    }
    template <class Stamps>
    void expect_stamps_of(const std::string& log, stage which, const Stamps& stamps) const {
        const std::filesystem::path directory = data("venue") / log;
        const engine::log_reader reader(directory, engine::read_from::first());
        const engine::row_schema schema = engine::row_schema::parse(reader.schema());
        for (const kept_row& kept : rows("venue/" + log)) {
            const engine::row_view row(schema, kept.payload);
            const auto found = stamps.find({engine::correlation_log_id(reader.uuid()),
                                            kept.seq.value, static_cast<std::uint32_t>(which)});
            if (row.text(schema.index_of("KIND")) != "application") {
                EXPECT_EQ(found, stamps.end());
                continue;
            }
            ASSERT_NE(found, stamps.end()) << log << " sequence " << kept.seq.value;
            EXPECT_GE(found->second, kept.time.ns);
        }
    }

    report_handler handler_;
    std::unique_ptr<millrace::test::stock_peer> peer_;
    std::uint64_t orders_ = 0;  // in ORDER_OUT, behind the last run
};

TEST_F(PipelineThreads, LoseNothingOverStopsWithMessagesOnTheirWay) {
    for (const std::uint64_t reports : {1000U, 2000U, 3000U}) {
        ASSERT_NO_FATAL_FAILURE(run_until_handled(reports));
    }
    ASSERT_NO_FATAL_FAILURE(run_to_the_end(orders_ + 500));
    expect_nothing_lost_or_twice();
    expect_every_stage_stamped();
    for (const char* log : {"ORDER_OUT", "venue/FIX_OUT", "venue/FIX_IN"}) {
        EXPECT_GT(engine::list_segments(data(log)).size(), 1U) << log << " never rolled";
    }
}

}  // namespace
}  // namespace millrace::gateway::test
