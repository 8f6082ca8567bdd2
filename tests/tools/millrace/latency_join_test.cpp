#include "tools/millrace/latency_join.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "engine/core/error.hpp"
#include "engine/stream/table_log.hpp"
#include "gateway/pipeline/stamp_log.hpp"
#include "gateway/session/fix_log_rows.hpp"
#include "tests/engine/core/manual_clock.hpp"
#include "tests/gateway/pipeline/config_support.hpp"

namespace millrace::tools {
namespace {

using gateway::stage;

constexpr std::int64_t us = 1'000;

// Logs as a gateway leaves them, written at times of the test's choice.
class LatencyJoin : public ::testing::Test {
protected:
    LatencyJoin() {
        engine::table_log_options small;
        small.segment_bytes = std::size_t{1} << 20;
        out_ = std::make_unique<engine::table_log>(path("venue/FIX_OUT"), gateway::fix_out_schema(),
                                                   small);
        in_ = std::make_unique<engine::table_log>(path("venue/FIX_IN"), gateway::fix_in_schema(),
                                                  small);
        stamps_ = std::make_unique<gateway::stamp_log>(path("STAMPS"), small.segment_bytes);
        stamps_->add(ring_);
    }
    [[nodiscard]] std::filesystem::path path(std::string_view name) const {
        return directory_.path() / name;
    }
    [[nodiscard]] std::int64_t now_ns() const { return clock_.now().realtime_ns; }

    // A message whose hops take 1, 2, 3 and 4 units; is_sent: the last one is stamped.
    void send(std::int64_t unit, bool is_sent, std::string_view kind = "application") {
        gateway::fix_out_row row;
        gateway::detail::assign_cut(row.message.kind, kind);
        row.committed_time = {now_ns()};
        row.streamed_time = {now_ns() + unit};
        row.translated_time = {now_ns() + 3 * unit};
        clock_.pass(6 * unit);
        const auto result = gateway::detail::append_row(*out_, row, "8=FIX", {});
        ASSERT_EQ(result.time.ns, now_ns());
        clock_.pass(4 * unit);
        if (is_sent) {
            ring_.put(stage::sent, out_->log().uuid(), result.seq, now_ns());
        }
    }
    // Received, 1 unit later recorded, 2 units later handled by each of `times` routes.
    void receive(std::int64_t unit, int times) {
        gateway::fix_in_row row;
        gateway::detail::assign_cut(row.message.kind, "application");
        row.received_time = {now_ns()};
        clock_.pass(unit);
        const auto result = gateway::detail::append_row(*in_, row, "8=FIX", {});
        clock_.pass(2 * unit);
        for (int i = 0; i < times; ++i) {
            ring_.put(stage::handled, in_->log().uuid(), result.seq, now_ns());
        }
    }
    void close() {
        stamps_->close();
        out_->close();
        in_->close();
    }
    [[nodiscard]] latency_report measure(const latency_range& range = {}) const {
        return measure_latency(find_latency_logs(directory_.path()), range);
    }
    static void expect_hop(const latency_report& report, hop which, std::uint64_t count,
                           std::int64_t max_ns) {
        EXPECT_EQ(report.of(which).count(), count) << name_of(which);
        EXPECT_EQ(report.of(which).max_ns(), max_ns) << name_of(which);
    }

    engine::test::manual_clock clock_;
    gateway::test::temporary_directory directory_;
    std::unique_ptr<engine::table_log> out_;
    std::unique_ptr<engine::table_log> in_;
    std::unique_ptr<gateway::stamp_log> stamps_;
    gateway::stamp_ring ring_;
};

TEST_F(LatencyJoin, MeasuresEachHopOfMessagesOut) {
    send(10 * us, true);
    send(20 * us, true);
    send(5 * us, false);
    send(99 * us, true, "admin");  // came by no route
    close();
    const latency_report report = measure();
    EXPECT_EQ(report.messages_out, 3U);
    EXPECT_EQ(report.unsent_count, 1U);
    EXPECT_EQ(report.backward_count, 0U);
    expect_hop(report, hop::committed_to_streamed, 3, 20 * us);
    expect_hop(report, hop::streamed_to_translated, 3, 40 * us);
    expect_hop(report, hop::translated_to_numbered, 3, 60 * us);
    expect_hop(report, hop::numbered_to_sent, 2, 80 * us);
    expect_hop(report, hop::committed_to_sent, 2, 200 * us);
    expect_hop(report, hop::received_to_handled, 0, 0);
}

TEST_F(LatencyJoin, MeasuresEachHandlingOfMessagesIn) {
    receive(10 * us, 1);
    receive(30 * us, 2);
    receive(50 * us, 0);
    close();
    const latency_report report = measure();
    EXPECT_EQ(report.messages_in, 3U);
    expect_hop(report, hop::received_to_recorded, 3, 50 * us);
    expect_hop(report, hop::recorded_to_handled, 3, 60 * us);
    expect_hop(report, hop::received_to_handled, 3, 90 * us);
    EXPECT_EQ(report.of(hop::received_to_handled).min_ns(), 30 * us);
}

TEST_F(LatencyJoin, TakesTheMessagesOfARangeAndTheirStamps) {
    send(10 * us, true);
    static_cast<void>(stamps_->write());
    clock_.run(1'000'000'000);
    const std::int64_t middle = now_ns();
    send(20 * us, true);
    static_cast<void>(stamps_->write());
    clock_.run(1'000'000'000);
    const std::int64_t late = now_ns();
    send(30 * us, true);
    close();
    const latency_report report = measure({{middle}, {late}});
    EXPECT_EQ(report.messages_out, 1U);
    EXPECT_EQ(report.unsent_count, 0U);
    expect_hop(report, hop::committed_to_sent, 1, 200 * us);
}

TEST_F(LatencyJoin, LeavesOutHopsOverWhichTheClockWentBack) {
    gateway::fix_out_row row;
    gateway::detail::assign_cut(row.message.kind, "application");
    row.committed_time = {now_ns()};
    row.streamed_time = {now_ns() - 1};
    ASSERT_EQ(gateway::detail::append_row(*out_, row, "8=FIX", {}).status,
              engine::append_status::ok);
    close();
    const latency_report report = measure();
    EXPECT_EQ(report.backward_count, 1U);
    expect_hop(report, hop::committed_to_streamed, 0, 0);
    expect_hop(report, hop::translated_to_numbered, 0, 0);  // never translated
}

TEST_F(LatencyJoin, FindsLogsByWhatTheyHoldAndRefusesOthers) {
    send(us, true);
    close();
    EXPECT_EQ(find_latency_logs(directory_.path()).size(), 3U);
    EXPECT_EQ(find_latency_logs(path("venue")).size(), 2U);
    EXPECT_EQ(find_latency_logs(path("STAMPS")).size(), 1U);
    std::filesystem::create_directory(path("empty"));
    EXPECT_THROW(static_cast<void>(find_latency_logs(path("empty"))), engine::error);
    EXPECT_THROW(static_cast<void>(find_latency_logs(path("nowhere"))), engine::error);
    engine::log_options options;
    options.segment_bytes = engine::segment_bytes_min;
    { engine::log_writer other(path("other"), options); }
    EXPECT_THROW(static_cast<void>(measure_latency({path("other")}, {})), engine::error);
    // Without stamps the rows' own times are left.
    const latency_report report = measure_latency({path("venue/FIX_OUT")}, {});
    EXPECT_EQ(report.unsent_count, 1U);
    expect_hop(report, hop::translated_to_numbered, 1, 3 * us);
}

}  // namespace
}  // namespace millrace::tools
