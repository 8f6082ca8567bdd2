#include "engine/log/clock_record.hpp"

#include <gtest/gtest.h>

#include "engine/log/salvage.hpp"
#include "engine/log/verify.hpp"
#include "tests/engine/core/manual_clock.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

constexpr std::int64_t s = 1'000'000'000;
constexpr std::int64_t hour = 3600 * s;

std::vector<clock_payload> clock_records(const fs::path& log) {
    std::vector<clock_payload> found;
    for (const seen_record& record : read_log(log, {}, true)) {
        if (record.is_control(control_type::clock)) {
            EXPECT_EQ(record.payload.size(), sizeof(clock_payload));
            clock_payload payload;
            std::memcpy(&payload, record.payload.data(), sizeof payload);
            found.push_back(payload);
        }
    }
    return found;
}

void expect_sound(const fs::path& log) {
    const verify_report report = verify_log(log);
    EXPECT_TRUE(report.findings.empty()) << report.findings.front().text();
}

class one_snapshot final : public snapshot_source {
public:
    [[nodiscard]] std::size_t snapshot_bytes() const noexcept override { return 100; }
    void write_snapshot(std::span<std::byte> payload) const noexcept override {
        std::fill(payload.begin(), payload.end(), std::byte{7});
    }
};

}  // namespace

class ClockRecord : public ::testing::Test {
protected:
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    temporary_directory directory_;
    manual_clock clock_;
};

TEST_F(ClockRecord, IsNotWrittenWhileTheClockRunsEvenly) {
    log_writer writer(log(), small_log());
    for (int i = 0; i < 100; ++i) {
        clock_.run(s);
        const append_result result = append(writer, 16);
        EXPECT_EQ(result.time.ns, clock_.now().realtime_ns);
    }
    writer.close();
    EXPECT_TRUE(clock_records(log()).empty());
}

TEST_F(ClockRecord, StandsBeforeTheFirstRecordAfterAStepBack) {
    log_writer writer(log(), small_log());
    const append_result before = append(writer, 16);
    const std::int64_t offset = clock_.now().realtime_ns - clock_.now().monotonic_ns;
    clock_.run(5 * s);
    clock_.set_by(-hour);
    clock_.look();
    const clock_sample stepped = clock_.now();
    clock_.run(2 * s);
    const append_result first = append(writer, 16);
    const append_result second = append(writer, 16);
    EXPECT_EQ(first.seq.value, 2u);
    EXPECT_GT(first.at.value, before.at.value + 64);  // something stands between
    // The log's time never falls: the clock record took the first ns, the rows the next ones.
    EXPECT_EQ(first.time.ns, before.time.ns + 2);
    EXPECT_EQ(second.time.ns, before.time.ns + 3);
    clock_.run(hour);
    const append_result caught_up = append(writer, 16);
    EXPECT_EQ(caught_up.time.ns, clock_.now().realtime_ns);
    EXPECT_EQ(writer.storage().clock_record_count, 1u);
    EXPECT_EQ(writer.storage().clock.steps, 1u);
    EXPECT_EQ(writer.storage().clock.step_ns, -hour);
    writer.close();

    const std::vector<clock_payload> records = clock_records(log());
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].reason, static_cast<std::uint32_t>(clock_reason::step));
    EXPECT_EQ(records[0].realtime_ns, stepped.realtime_ns);
    EXPECT_EQ(records[0].monotonic_ns, stepped.monotonic_ns);
    EXPECT_EQ(records[0].old_offset_ns, offset);
    EXPECT_EQ(records[0].new_offset_ns, offset - hour);
    EXPECT_TRUE(contains(describe(records[0]), "set back by 3600.000000 s"));
    expect_contiguous(read_log(log()));
    expect_sound(log());
}

TEST_F(ClockRecord, NotesAStepForward) {
    log_writer writer(log(), small_log());
    static_cast<void>(append(writer, 16));
    clock_.set_by(hour);
    clock_.run(s);
    // The clock record has the time itself.
    EXPECT_EQ(append(writer, 16).time.ns, clock_.now().realtime_ns + 1);
    writer.close();
    const std::vector<clock_payload> records = clock_records(log());
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].new_offset_ns - records[0].old_offset_ns, hour);
    EXPECT_TRUE(contains(describe(records[0]), "set forward by 3600.000000 s"));
}

TEST_F(ClockRecord, StepsThatNoRecordLiesBetweenAreOneMove) {
    log_writer writer(log(), small_log());
    static_cast<void>(append(writer, 16));
    clock_.set_by(hour);
    clock_.run(s);
    clock_.set_by(-3 * hour);
    clock_.run(s);
    static_cast<void>(append(writer, 16));
    clock_.set_by(5 * s);
    clock_.run(s);
    static_cast<void>(append(writer, 16));
    writer.close();
    const std::vector<clock_payload> records = clock_records(log());
    ASSERT_EQ(records.size(), 2u);
    EXPECT_EQ(records[0].new_offset_ns - records[0].old_offset_ns, -2 * hour);
    EXPECT_EQ(records[1].old_offset_ns, records[0].new_offset_ns);
    EXPECT_EQ(records[1].number, records[0].number + 1);
    expect_sound(log());
}

TEST_F(ClockRecord, NotesEachTenMillisecondsOfSlewing) {
    log_writer writer(log(), small_log());
    clock_.set_by(100'000'000);
    for (int i = 0; i < 300; ++i) {
        clock_.run(s);
        static_cast<void>(append(writer, 16));
    }
    writer.close();
    const std::vector<clock_payload> records = clock_records(log());
    ASSERT_EQ(records.size(), 9u);
    for (const clock_payload& record : records) {
        EXPECT_EQ(record.reason, static_cast<std::uint32_t>(clock_reason::drift));
        EXPECT_NEAR(static_cast<double>(record.new_offset_ns - record.old_offset_ns), 10e6, 60e3);
    }
}

// Every place near the end of a segment where clock record and row do or do not fit.
TEST_F(ClockRecord, FitsOrRollsBehindTheNewSegmentsSnapshot) {
    const one_snapshot snapshots;
    for (std::size_t free_units = 0; free_units < 9; ++free_units) {
        const fs::path where = directory_ / std::to_string(free_units).c_str();
        log_writer writer(where, small_log(), &snapshots);
        ASSERT_EQ(writer.append_snapshot(), append_status::ok);
        const std::size_t limit = records_end_limit(segment_bytes_min);
        while (writer.end().value + free_units * record_alignment < limit) {
            ASSERT_EQ(append(writer, 0).status, append_status::ok);
        }
        clock_.set_by(2 * s);
        clock_.look();
        ASSERT_EQ(append(writer, 32).status, append_status::ok);
        writer.close();
        const std::vector<seen_record> all = read_log(where, {}, true);
        ASSERT_EQ(clock_records(where).size(), 1u);
        for (std::size_t i = 0; i + 1 < all.size(); ++i) {
            if (all[i].at.value / segment_bytes_min != all[i + 1].at.value / segment_bytes_min) {
                EXPECT_TRUE(all[i + 1].is_control(control_type::snapshot));
            }
            if (all[i].is_control(control_type::clock)) {
                const bool is_rolled = all[i + 1].is_control(control_type::snapshot);
                EXPECT_EQ(is_rolled, free_units == 3 || free_units == 4);
                EXPECT_EQ(all[i + (is_rolled ? 2 : 1)].payload.size(), 32u);
            }
        }
        expect_contiguous(read_log(where));
        expect_sound(where);
    }
}

TEST_F(ClockRecord, SaysThatTheLogIsAheadOfTheClockWhenItIsOpenedSo) {
    {
        log_writer writer(log(), small_log());
        static_cast<void>(append(writer, 16));
    }
    clock_.set_by(-hour);
    clock_.run(s);
    {
        log_writer writer(log(), small_log());
        static_cast<void>(append(writer, 16));
        static_cast<void>(append(writer, 16));
    }
    const std::vector<clock_payload> records = clock_records(log());
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].reason, static_cast<std::uint32_t>(clock_reason::behind));
    const std::int64_t moved = records[0].new_offset_ns - records[0].old_offset_ns;
    EXPECT_NEAR(static_cast<double>(moved), static_cast<double>(s - hour), 10.0);
    EXPECT_TRUE(contains(describe(records[0]), "behind the log's last record"));
}

TEST_F(ClockRecord, ALogThatIsOnlyOpenedAndClosedSaysNothing) {
    { log_writer writer(log(), small_log()); }
    clock_.set_by(-hour);
    clock_.run(s);
    { log_writer writer(log(), small_log()); }
    EXPECT_TRUE(clock_records(log()).empty());
}

TEST_F(ClockRecord, KeepsItsPlaceInASalvagedLog) {
    {
        log_writer writer(log(), small_log());
        static_cast<void>(append(writer, 16));
        clock_.set_by(hour);
        clock_.run(s);
        static_cast<void>(append(writer, 16));
    }
    static_cast<void>(salvage_log(log(), directory_ / "out"));
    ASSERT_EQ(clock_records(directory_ / "out").size(), 1u);
    expect_sound(directory_ / "out");
}

// With the helper's thread, on this host's clocks.
TEST(ClockKeeper, CalibratesOnceALogHasThreads) {
    temporary_directory directory;
    log_writer writer(directory / "log", options_of(way::direct_ahead, directory.path()));
    EXPECT_TRUE(comes_true([&] { return writer.storage().clock.is_calibrated(); }));
    const std::uint64_t looks = writer.storage().clock.looks;
    EXPECT_TRUE(comes_true([&] { return writer.storage().clock.looks > looks; }));
    EXPECT_EQ(append(writer, 16).status, append_status::ok);
}

}  // namespace millrace::engine::test
