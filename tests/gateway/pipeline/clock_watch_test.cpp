#include "gateway/pipeline/clock_watch.hpp"

#include <gtest/gtest.h>

#include "tests/engine/core/manual_clock.hpp"
#include "tests/gateway/pipeline/pipeline_support.hpp"

namespace millrace::gateway::test {
namespace {

constexpr std::int64_t hour = 3'600'000'000'000;

class ClockWatch : public PipelineTest {
protected:
    [[nodiscard]] std::size_t clock_records(std::string_view table) const {
        engine::log_reader reader(data(table), engine::read_from::first(), true);
        engine::record_view record;
        std::size_t count = 0;
        while (reader.poll(record) == engine::read_status::record) {
            count += record.is_control(engine::control_type::clock) ? 1 : 0;
        }
        return count;
    }
    engine::test::manual_clock clock_;
};

TEST_F(ClockWatch, SaysAStepOnceAndCountsItWhileTheLogsNoteIt) {
    run once(*this, std::string(tables_text) + client_text("copier") +
                        route_text("name = \"copy\"\ntable = \"COPY\"\nstart = \"first\""));
    once.start();
    append_orders(once.source(), 1, 3);
    wait_for_highest("copy", 3);
    wait_until("the state is published", [&] { return counter("clock.is_calibrated") == 1; });
    EXPECT_EQ(counter("clock.steps"), 0U);
    EXPECT_TRUE(lines().empty());
    clock_.set_by(-hour);
    clock_.look();
    wait_until("the step is counted", [&] { return counter("clock.steps") == 1; });
    append_orders(once.source(), 4, 6);
    wait_for_highest("copy", 6);
    clock_.set_by(100'000'000);
    clock_.look();
    clock_.run(1'000'000'000);
    wait_until("the slew is seen", [&] { return counter("clock.slew_ppb") == 500'000; });
    once.stop();
    ASSERT_EQ(lines().size(), 1U);
    EXPECT_NE(lines()[0].find("set back by 3600.000000 s"), std::string::npos) << lines()[0];
    EXPECT_EQ(clock_records("ORDER_OUT"), 1U);
    EXPECT_EQ(clock_records("COPY"), 1U);
    EXPECT_EQ(origins_of(rows("COPY")), range(1, 6));
}

}  // namespace
}  // namespace millrace::gateway::test
