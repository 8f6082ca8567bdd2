#include "engine/stream/retention.hpp"

#include <gtest/gtest.h>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/index.hpp"
#include "engine/log/retained.hpp"
#include "engine/log/verify.hpp"
#include "engine/stream/archive_log.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {
namespace {

class Retention : public ::testing::Test {
protected:
    Retention() { open(); }
    void open() {
        table_.reset();
        table_ = std::make_unique<table_log>(log(), tick_table.schema(), tiny_log());
        table_->bind_route("copy", uuid_of(7));
        table_->start();
    }
    void fill(std::uint64_t segments) {
        while (list_segments(log()).size() < segments) {
            ++last_;
            ASSERT_EQ(append_tick(*table_, last_, with_origin("copy", uuid_of(7), last_)).status,
                      append_status::ok);
        }
    }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    [[nodiscard]] retention_plan plan(const retention_policy& policy,
                                      std::vector<retention_floor> floors = {},
                                      bool is_forced = false) const {
        return plan_retention(log(), policy, floors, utc_now(), is_forced);
    }
    static retention_policy keep_segments(std::uint64_t count) {
        retention_policy policy;
        policy.segments_max = count;
        return policy;
    }

    temporary_directory directory_;
    std::unique_ptr<table_log> table_;
    std::uint64_t last_ = 0;
};

std::string replaced_uuid(std::string retained) {
    const std::size_t at = retained.find("\nlog ") + 5;
    retained[at] = retained[at] == '0' ? '1' : '0';
    return retained;
}

TEST_F(Retention, KeepsAsManyAsThePolicySaysAndTheNewestAlways) {
    fill(6);
    EXPECT_TRUE(plan({}).doomed.empty());
    EXPECT_EQ(plan(keep_segments(4)).doomed, (std::vector<std::uint64_t>{0, 1}));
    EXPECT_EQ(plan(keep_segments(0)).doomed.size(), 5U);
    EXPECT_TRUE(plan(keep_segments(6)).doomed.empty());
    retention_policy bytes;
    bytes.bytes_max = 3 * tiny_segment_bytes;
    EXPECT_EQ(plan(bytes).doomed.size(), 3U);
    EXPECT_EQ(plan(bytes).bytes, 3 * tiny_segment_bytes);
    bytes.bytes_max = 3 * tiny_segment_bytes - 1;
    EXPECT_EQ(plan(bytes).doomed.size(), 4U);
}

TEST_F(Retention, JudgesASegmentsAgeByItsNewestRecord) {
    fill(4);
    const timestamp begun = read_segment_info(log(), 2).base_timestamp;  // that of the last in 1
    retention_policy policy;
    policy.age_max_ns = 1000;
    const auto doomed_at = [&](std::int64_t ns) {
        return plan_retention(log(), policy, {}, {ns}, false).doomed.size();
    };
    EXPECT_EQ(doomed_at(begun.ns + 1000), 1U);
    EXPECT_EQ(doomed_at(begun.ns + 1001), 2U);
}

TEST_F(Retention, StopsBeforeWhatSomebodyStillReadsUnlessForced) {
    fill(6);
    const sequence in_third = read_segment_info(log(), 2).base_sequence;
    const std::vector<retention_floor> floors = {{"cursor fast", {last_}},
                                                 {"cursor slow", in_third}};
    const retention_plan held = plan(keep_segments(1), floors);
    EXPECT_EQ(held.doomed, (std::vector<std::uint64_t>{0, 1}));
    EXPECT_EQ(held.kept_for, "cursor slow");
    EXPECT_TRUE(held.is_forceable);
    EXPECT_EQ(held.wanted_count, 5U);
    // A segment all of whose records are done may go, one with a record that is not may not.
    const sequence end_of_second = read_segment_info(log(), 2).previous_last_sequence;
    EXPECT_EQ(plan(keep_segments(1), {{"x", end_of_second}}).doomed.size(), 2U);
    EXPECT_EQ(plan(keep_segments(1), {{"x", {end_of_second.value - 1}}}).doomed.size(), 1U);
    const retention_plan forced = plan(keep_segments(1), floors, true);
    EXPECT_EQ(forced.doomed.size(), 5U);
    EXPECT_EQ(forced.given_up, (std::vector<std::string>{"cursor slow"}));
}

// The first row that a writer before the snapshots wrote must not be lost with its origin.
TEST_F(Retention, NeverRemovesWhatTheNextOpeningReads) {
    const fs::path plain = directory_ / "plain";
    {
        table_log log(plain, tick_table.schema(), tiny_log());
        for (std::uint64_t n = 1; list_segments(plain).size() < 4; ++n) {
            ASSERT_EQ(append_tick(log, n, with_origin("copy", uuid_of(7), n)).status,
                      append_status::ok);
        }
    }
    const retention_plan held = plan_retention(plain, keep_segments(1), {}, utc_now(), true);
    EXPECT_TRUE(held.doomed.empty());
    EXPECT_FALSE(held.is_forceable);
    EXPECT_NE(held.kept_for.find("recovery"), std::string::npos);
}

TEST_F(Retention, NeverRemovesWhatIsNotDurableYet) {
    const fs::path plain = directory_ / "plain";
    log_uuid uuid;
    {
        log_writer writer(plain, small_log());
        while (list_segments(plain).size() < 5) {
            append(writer, 1000);
        }
        uuid = writer.uuid();
    }
    const auto held = [&] { return plan_retention(plain, keep_segments(1), {}, utc_now(), true); };
    EXPECT_EQ(held().first_kept, 4U);
    durable_mark mark = durable_mark::open_for_writing(plain, uuid);
    mark.set_durable({segment_bytes_min + 8192}, {1});
    const file_lock writing(plain / "writer.lock", "test");
    EXPECT_EQ(held().first_kept, 1U);
    EXPECT_NE(held().kept_for.find("not made durable yet"), std::string::npos);
    EXPECT_FALSE(held().is_forceable);
}

TEST_F(Retention, LeavesALogThatVerifiesOpensAndKnowsItsOrigins) {
    fill(6);
    table_->close();
    static_cast<void>(seal_log(log(), nullptr));
    for (const std::uint64_t index : list_segments(log())) {
        rebuild_index(log(), segment::open(log(), index, access::read_only));
    }
    const retention_plan chosen = plan(keep_segments(1));
    ASSERT_EQ(chosen.doomed.size(), 5U);
    apply_retention(log(), chosen);
    EXPECT_EQ(list_segments(log()), (std::vector<std::uint64_t>{5}));
    EXPECT_FALSE(fs::exists(log() / index_file_name(4)));
    EXPECT_FALSE(fs::exists(log() / seal_file_name(4)));
    const verify_report report = verify_log(log());
    EXPECT_EQ(report.result(), verdict::clean)
        << (report.findings.empty() ? "" : report.findings.front().text());
    EXPECT_EQ(report.first_sequence, chosen.last_doomed.next());
    EXPECT_GT(report.seal_count, 0U);
    open();
    EXPECT_EQ(table_->origins().highest(route_id("copy")), sequence{last_});
    EXPECT_EQ(read_origins(log()).highest(route_id("copy")), sequence{last_});
}

TEST_F(Retention, WorksBesideTheWriterAndAReaderAtTheTail) {
    fill(2);
    log_reader reader(log(), read_from::tail());
    record_view record;
    for (std::uint64_t round = 0; round < 5; ++round) {
        for (std::uint64_t i = 0; i < 500; ++i) {
            ASSERT_EQ(append_tick(*table_, ++last_).status, append_status::ok);
        }
        for (std::uint64_t i = 0; i < 500; ++i) {
            ASSERT_EQ(reader.poll(record), read_status::record);
        }
        apply_retention(log(), plan(keep_segments(1)));
        EXPECT_EQ(list_segments(log()).size(), 1U);
    }
    EXPECT_EQ(record.seq, sequence{last_});
    EXPECT_EQ(reader.poll(record), read_status::none);
}

TEST_F(Retention, TellsAReaderThatWasBehindThatItsSegmentWasRemoved) {
    fill(2);
    log_reader reader(log(), read_from::first());
    record_view record;
    ASSERT_EQ(reader.poll(record), read_status::record);
    fill(5);
    apply_retention(log(), plan(keep_segments(1)));
    read_status status = read_status::record;
    while ((status = reader.poll(record)) == read_status::record) {
    }
    EXPECT_EQ(status, read_status::damaged);
    EXPECT_EQ(reader.damage().kind, damage_kind::removed_segment);
    EXPECT_NE(reader.damage().text().find("000000000004.alog"), std::string::npos);
    // Begun anew it reads what is kept.
    log_reader again(log(), read_from::first());
    ASSERT_EQ(again.poll(record), read_status::record);
    EXPECT_EQ(record.seq, read_segment_info(log(), 4).base_sequence);
}

TEST_F(Retention, TakesAwayWhatAKilledRetentionLeft) {
    fill(4);
    rebuild_index(log(), segment::open(log(), 0, access::read_only));
    fs::remove(log() / segment_file_name(0));
    apply_retention(log(), plan({}));
    EXPECT_FALSE(fs::exists(log() / index_file_name(0)));
    EXPECT_EQ(list_segments(log()).size(), 3U);
}

TEST_F(Retention, RemovesNothingFromALogWithAHole) {
    fill(5);
    fs::remove(log() / segment_file_name(2));
    EXPECT_THROW(static_cast<void>(plan(keep_segments(1))), damage_error);
}

TEST_F(Retention, AcceptsABeginningThatIsMissing) {
    fill(6);
    apply_retention(log(), plan(keep_segments(4)));
    EXPECT_FALSE(find_missing_beginning(log())) << "it is gone on purpose";
    const std::string whole = read_whole_file(log() / retained_name);
    write_file_atomically(log() / retained_name, whole.substr(1));
    EXPECT_EQ(verify_log(log()).result(), verdict::damaged);
    EXPECT_TRUE(
        contains(thrown_text<damage_error>([&] { apply_retention(log(), plan(keep_segments(3))); }),
                 "--accept-missing"));
    const std::optional<missing_beginning> missing = find_missing_beginning(log());
    ASSERT_TRUE(missing);
    EXPECT_EQ(missing->fault, "is not as it was written");
    EXPECT_EQ(missing->first_segment, 2u);
    EXPECT_EQ(missing->last_lost, last_sequence_before(log(), 2));
    accept_missing_beginning(log(), *missing);
    EXPECT_EQ(read_whole_file(log() / retained_name), whole);
    EXPECT_EQ(verify_log(log()).result(), verdict::clean);
    // Of another log, or lost although nobody removed it.
    write_file_atomically(log() / retained_name, replaced_uuid(whole));
    EXPECT_TRUE(contains(find_missing_beginning(log()).value().fault, "is of log "));
    write_file_atomically(log() / retained_name, whole);
    fs::remove(log() / segment_file_name(2));
    const missing_beginning lost = find_missing_beginning(log()).value();
    EXPECT_EQ(lost.fault, "");
    accept_missing_beginning(log(), lost);
    EXPECT_EQ(read_retained(log())->first_segment, 3u);
    EXPECT_EQ(verify_log(log()).result(), verdict::clean);
    apply_retention(log(), plan(keep_segments(2)));
    EXPECT_EQ(read_retained(log())->first_segment, 4u);
}

TEST_F(Retention, AcceptsNeitherAHoleNorAnArchiveOutOfReach) {
    fill(5);
    fs::rename(log() / segment_file_name(2), directory_ / "two");
    EXPECT_THROW(static_cast<void>(find_missing_beginning(log())), damage_error);
    fs::rename(directory_ / "two", log() / segment_file_name(2));
    EXPECT_FALSE(find_missing_beginning(log()));
    write_file_atomically(log() / retained_name, "?");
    EXPECT_EQ(find_missing_beginning(log()).value().first_segment, 0u);
    fs::remove(log() / retained_name);
    archive_options options;
    options.is_deleted = true;
    static_cast<void>(archive_log(log(), directory_ / "archive", options));
    write_file_atomically(log() / retained_name, "?");
    EXPECT_EQ(find_missing_beginning(log()).value().first_segment, 0u) << "the archive has all";
    fs::rename(directory_ / "archive", directory_ / "elsewhere");
    EXPECT_TRUE(contains(
        thrown_text<damage_error>([&] { static_cast<void>(find_missing_beginning(log())); }),
        "archive.at"));
}

}  // namespace
}  // namespace millrace::engine::test
