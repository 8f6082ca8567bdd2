// Subscriptions that hand over only what is on stable storage, while syncs are held back.
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>

#include "engine/core/clock.hpp"
#include "engine/counters/counters_file.hpp"
#include "engine/counters/counters_reader.hpp"
#include "engine/stream/streamer.hpp"
#include "tests/engine/log/failing_calls.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {
namespace {

using numbers = std::vector<std::uint64_t>;

table_log_options synced_log(storage_mode storage, const fs::path& hot) {
    table_log_options options = tiny_log();
    options.is_synchronous = false;
    options.storage = storage;
    options.hot_directory = hot;
    options.sync_delay_max_ns = 1'000'000;
    options.keeps_sidecars = false;  // a sync that is to fail is the log's
    return options;
}

// One subscription and what its client has been given.
class gated_client {
public:
    gated_client(const fs::path& log, bool is_durable_only, std::int64_t patience_ns = 0)
        : ring_(64), stream_(options(log, is_durable_only, patience_ns), ring_) {}

    const numbers& run() {
        while (true) {
            const int work = stream_.do_work();
            const numbers taken = take(ring_);
            got_.insert(got_.end(), taken.begin(), taken.end());
            if (work == 0 && taken.empty()) {
                return got_;
            }
        }
    }
    [[nodiscard]] subscription& stream() { return stream_; }

private:
    static subscription_options options(const fs::path& log, bool is_durable_only,
                                        std::int64_t patience_ns) {
        subscription_options wanted = reading(log);
        wanted.is_durable_only = is_durable_only;
        wanted.durable_patience_ns = patience_ns;
        return wanted;
    }

    stream_ring ring_;
    subscription stream_;
    numbers got_;
};

bool comes_about(const std::function<bool()>& holds) {
    const std::int64_t end_ns = monotonic_now_ns() + 30'000'000'000;
    while (!holds()) {
        if (monotonic_now_ns() > end_ns) {
            return false;
        }
        ::usleep(200);
    }
    return true;
}

class DurableSubscription : public ::testing::TestWithParam<storage_mode> {
protected:
    DurableSubscription()
        : table_(directory_ / "TICK", tick_table.schema(),
                 synced_log(GetParam(), fs::path("/dev/shm") / directory_.path().filename())) {
        table_.start();
    }
    ~DurableSubscription() override {
        fdatasync_call.is_held = false;
        table_.close();
        std::error_code ignored;
        fs::remove_all(fs::path("/dev/shm") / directory_.path().filename(), ignored);
    }
    [[nodiscard]] fs::path log() const { return directory_ / "TICK"; }
    static void hold_syncs() { fdatasync_call.is_held = true; }
    // Segments are made only so fast.
    void append_patiently(std::uint64_t first, std::uint64_t last) {
        for (std::uint64_t number = first; number <= last; ++number) {
            append_status status = append_status::back_pressured;
            ASSERT_TRUE(comes_about([&] {
                status = append_tick(table_, number).status;
                return status != append_status::back_pressured;
            }));
            ASSERT_EQ(status, append_status::ok);
        }
    }
    [[nodiscard]] bool are_durable(std::uint64_t last) {
        return comes_about([&] { return table_.log().durable_sequence().value >= last; });
    }

    failing_calls_guard guard_;
    temporary_directory directory_;
    table_log table_;
};

TEST_P(DurableSubscription, WaitsForTheSyncWhileAnotherOneDoesNot) {
    append_ticks(table_, 1, 5);
    ASSERT_TRUE(are_durable(5));
    gated_client durable(log(), true);
    gated_client committed(log(), false);
    EXPECT_EQ(durable.run(), sequences_from(1, 5));
    hold_syncs();
    const std::uint64_t syncs = fdatasync_call.calls;
    append_ticks(table_, 6, 9);
    ASSERT_TRUE(comes_about([&] { return fdatasync_call.calls > syncs; }));
    EXPECT_EQ(committed.run(), sequences_from(1, 9));
    EXPECT_EQ(durable.run(), sequences_from(1, 5));
    fdatasync_call.is_held = false;
    ASSERT_TRUE(are_durable(9));
    EXPECT_EQ(durable.run(), sequences_from(1, 9));
}

TEST_P(DurableSubscription, NeverPassesTheMarkAcrossSegments) {
    gated_client durable(log(), true);
    for (std::uint64_t next = 1; next <= 2000; next += 20) {
        append_patiently(next, next + 19);
        const std::uint64_t before = table_.log().durable_sequence().value;
        const numbers& got = durable.run();
        const std::uint64_t after = table_.log().durable_sequence().value;
        ASSERT_GE(got.size(), before) << "what was durable is handed over";
        ASSERT_LE(got.size(), after) << "and nothing that was not";
    }
    ASSERT_TRUE(are_durable(2000));
    EXPECT_EQ(durable.run(), sequences_from(1, 2000));
    EXPECT_GT(table_.log().end().value, 4 * tiny_segment_bytes) << "the log has rolled";
}

TEST_P(DurableSubscription, SaysWhatItWaitsForAndThatItGoesOn) {
    counters_file file = counters_file::create(directory_ / "counters.dat");
    gated_client durable(log(), true);
    durable.stream().counters.state = file.add_status("stream.client.state");
    durable.stream().counters.undurable_sequence =
        file.add_counter("stream.client.undurable_sequence", counter_kind::gauge);
    const counters_reader reader = counters_reader::open(directory_ / "counters.dat");
    durable.run();
    EXPECT_EQ(reader.list_statuses().at(0).text, "live");
    hold_syncs();
    append_ticks(table_, 1, 3);
    durable.run();
    EXPECT_EQ(durable.stream().undurable_sequence().value, 1U);
    EXPECT_EQ(reader.list_statuses().at(0).text, "waiting(sequence 1 is not durable)");
    EXPECT_EQ(reader.list().at(0).value, 1U);
    fdatasync_call.is_held = false;
    ASSERT_TRUE(are_durable(3));
    EXPECT_EQ(durable.run(), sequences_from(1, 3));
    EXPECT_EQ(durable.stream().undurable_sequence().value, 0U);
    EXPECT_EQ(reader.list_statuses().at(0).text, "live");
    EXPECT_EQ(reader.list().at(0).value, 0U);
}

TEST_P(DurableSubscription, IsPatientWithASyncThatTakesAWhile) {
    gated_client durable(log(), true, 3'600'000'000'000);
    hold_syncs();
    append_ticks(table_, 1, 3);
    for (int turn = 0; turn < 100; ++turn) {
        EXPECT_TRUE(durable.run().empty());
    }
    EXPECT_EQ(durable.stream().undurable_sequence().value, 0U);
    EXPECT_EQ(durable.stream().state(), stream_state::live);
}

// A hot log writes its segment again, to a fresh file; a direct one is durable no further.
TEST_P(DurableSubscription, BelievesNoSyncBehindOneThatFailed) {
    append_ticks(table_, 1, 3);
    ASSERT_TRUE(are_durable(3));
    gated_client durable(log(), true);
    fdatasync_call.fail(1, EIO);
    append_ticks(table_, 4, 6);
    if (GetParam() == storage_mode::hot) {
        ASSERT_TRUE(comes_about([&] { return durable.run().size() == 6; }));
        EXPECT_EQ(table_.log().storage().sync_failure_count, 1U);
        return;
    }
    ASSERT_TRUE(comes_about([&] { return table_.log().storage().is_durability_halted; }));
    EXPECT_EQ(durable.run(), sequences_from(1, 3));
    EXPECT_EQ(durable.stream().undurable_sequence().value, 4U);
}

INSTANTIATE_TEST_SUITE_P(Modes, DurableSubscription,
                         ::testing::Values(storage_mode::direct, storage_mode::hot),
                         [](const auto& param) {
                             return param.param == storage_mode::hot ? "Hot" : "Direct";
                         });

// A writer without threads makes no mark of its own; it moves one that is there when it syncs.
TEST(DurableSubscriptionOfASynchronousLog, WaitsUntilSomebodyMakesAMark) {
    temporary_directory directory;
    const fs::path log = directory / "TICK";
    table_log table(log, tick_table.schema(), tiny_log());
    table.start();
    append_ticks(table, 1, 3);
    gated_client durable(log, true);
    EXPECT_TRUE(durable.run().empty());
    static_cast<void>(durable_mark::open_for_writing(log, table.log().uuid()));
    ASSERT_EQ(table.wait_durable(table.log().end(), 0), durable_wait::durable);
    ASSERT_TRUE(comes_about([&] { return durable.run().size() == 3; }));
    append_ticks(table, 4, 6);
    EXPECT_EQ(durable.run(), sequences_from(1, 3));
    table.close();
    EXPECT_EQ(durable.run(), sequences_from(1, 6));
}

}  // namespace
}  // namespace millrace::engine::test
