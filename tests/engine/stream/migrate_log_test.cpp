#include "engine/stream/migrate_log.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "engine/log/verify.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {
namespace {

class MigrateLog : public ::testing::Test {
protected:
    void fill(std::uint64_t count) {
        table_log table(log(), tick_table.schema(), tiny_log());
        table.bind_route("copy", uuid_of(7));
        table.start();
        for (std::uint64_t n = 1; n <= count; ++n) {
            // One route only wrote rows that no recovery of the copy reads.
            const auto envelope = n == 1 ? with_origin("early", uuid_of(8), 5)
                                         : with_origin("copy", uuid_of(7), n * 2);
            ASSERT_EQ(append_tick(table, n, envelope).status, append_status::ok);
        }
    }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    [[nodiscard]] fs::path out() const { return directory_ / "out"; }

    temporary_directory directory_;
};

const row_schema narrow = row_schema::parse(
    "table TICK2\ncolumn SIDE text(2)\ncolumn NUMBER u64 key\ncolumn SYMBOL text(1)\n");
const row_schema moved = row_schema::parse(
    "table TICK2\ncolumn SIDE text(2)\ncolumn NUMBER u64 key\ncolumn SYMBOL text(14)\n");

TEST_F(MigrateLog, KeepsSequencesTimesAndOriginsAndSaysWhatItDid) {
    fill(1500);
    const migration_report report = migrate_log(log(), out(), moved, row_map::mode::exact);
    EXPECT_EQ(report.row_count, 1500U);
    EXPECT_EQ(report.cut_count, 0U);
    EXPECT_GT(list_segments(out()).size(), 2U);
    log_reader was(log(), read_from::first());
    log_reader is(out(), read_from::first());
    EXPECT_NE(is.uuid(), was.uuid());
    EXPECT_EQ(read_segment_info(out(), 0).origin, was.uuid());
    record_view old, now;
    std::uint64_t shifted = 0;
    for (std::uint64_t n = 1; n <= 1500; ++n) {
        ASSERT_EQ(was.poll(old), read_status::record);
        ASSERT_EQ(is.poll(now), read_status::record);
        ASSERT_EQ(now.seq, old.seq);
        shifted += now.time != old.time ? 1 : 0;
        ASSERT_LT(now.time.ns - old.time.ns, 1000);
        const row_view row(moved, now.bytes());
        ASSERT_EQ(row.text(0), n % 2 == 0 ? "B" : "S");
        ASSERT_EQ(row.unsigned_integer(1), n);
        ASSERT_EQ(row.text(2), "S" + std::to_string(n % 10));
        ASSERT_EQ(row.envelope().origin.sequence, n == 1 ? 5 : n * 2);
    }
    EXPECT_EQ(report.shifted_count, shifted);
    EXPECT_EQ(verify_log(out()).result(), verdict::clean);
    const std::string note = read_whole_file(out() / "migration.txt");
    EXPECT_TRUE(contains(note, to_string(was.uuid())));
    EXPECT_TRUE(contains(note, "sequences 1 to 1500"));
    EXPECT_TRUE(contains(note, "column NOTE: was bytes, is not there"));
    // Its writer goes on, and knows how far the route had come.
    table_log after(out(), moved, tiny_log());
    EXPECT_EQ(after.log().last_sequence(), sequence{1500});
    EXPECT_EQ(after.origins().highest(route_id("copy")), sequence{3000});
    EXPECT_EQ(after.origins().highest(route_id("early")), sequence{5});
    EXPECT_EQ(after.log().recovery_note(), "");
}

TEST_F(MigrateLog, WritesNothingWhereATextDoesNotFitUnlessToldToCut) {
    fill(20);
    const std::string text = thrown_text<config_error>(
        [&] { static_cast<void>(migrate_log(log(), out(), narrow, row_map::mode::exact)); });
    EXPECT_TRUE(contains(text, "sequence 1: column SYMBOL"));
    EXPECT_FALSE(fs::exists(out()));
    EXPECT_EQ(migrate_log(log(), out(), narrow, row_map::mode::truncate).cut_count, 20U);
    EXPECT_THROW(static_cast<void>(migrate_log(log(), out(), narrow, row_map::mode::truncate)),
                 config_error);
}

TEST_F(MigrateLog, RefusesALogThatIsBeingWritten) {
    table_log table(log(), tick_table.schema(), tiny_log());
    table.start();
    append_ticks(table, 1, 3);
    EXPECT_THROW(static_cast<void>(migrate_log(log(), out(), moved, row_map::mode::exact)),
                 locked_error);
}

TEST_F(MigrateLog, GoesOnFromALogWhoseOldestSegmentsAreGone) {
    fill(1500);
    fs::remove(log() / segment_file_name(0));
    const migration_report report = migrate_log(log(), out(), moved, row_map::mode::exact);
    EXPECT_GT(report.first, sequence{1});
    EXPECT_EQ(report.last, sequence{1500});
    EXPECT_EQ(verify_log(out()).result(), verdict::clean);
    EXPECT_EQ(verify_log(out()).first_sequence, report.first);
}

}  // namespace
}  // namespace millrace::engine::test
