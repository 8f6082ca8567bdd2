#include "engine/stream/lost_tail.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/stream/migrate_log.hpp"
#include "tests/engine/stream/host_restart.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {
namespace {

// A source that somebody reads: life() notes what a reader of now would note.
class LostTail : public ::testing::Test {
protected:
    void append(std::uint64_t count) {
        table_log table(log(), tick_table.schema(), tiny_log());
        table.start();
        const std::uint64_t last = table.log().last_sequence().value;
        append_ticks(table, last + 1, last + count);
    }
    void begin_life() { life_file(life()).begin(segment(0).uuid, newest_epoch(log())); }
    void restart_host() { restart_host_under(directory_ / "."); }
    [[nodiscard]] std::uint64_t survivor() const {
        return last_survivor(log(), *read_life(life())).value;
    }
    [[nodiscard]] segment_info segment(std::uint64_t index) const {
        return read_segment_info(log(), index);
    }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    [[nodiscard]] fs::path life() const { return directory_ / "lives/reader"; }

    temporary_directory directory_;
};

TEST_F(LostTail, IsNoneWhereEverythingIsThere) {
    append(10);
    begin_life();
    append(10);
    restart_host();
    EXPECT_EQ(survivor(), 20U);
    append(5);
    EXPECT_EQ(survivor(), 20U) << "what was appended since is not what was there";
}

TEST_F(LostTail, EndsWhereTheLogWasBrokenOffHoweverMuchFollowed) {
    append(10);
    begin_life();
    append(10);
    restart_host();
    lose_records_behind(log(), 15);
    EXPECT_EQ(survivor(), 15U);
    append(3);  // 16 to 18, others
    EXPECT_EQ(survivor(), 15U);
    append(600);
    EXPECT_EQ(survivor(), 15U);
    EXPECT_GT(list_segments(log()).size(), 2U);
}

TEST_F(LostTail, IsSeenThoughThePowerTookAllBehindACloseRecord) {
    append(10);  // closed in order, and gone on with in the same segment
    begin_life();
    append(10);
    ASSERT_EQ(list_segments(log()).size(), 1U);
    restart_host();
    lose_records_behind(log(), 10);
    append(4);  // recovery found an orderly end, and yet did not go on in that segment
    EXPECT_EQ(segment(1).previous_last_sequence, sequence{10});
    EXPECT_EQ(survivor(), 10U);
}

TEST_F(LostTail, IsToldApartOverManyBootsByTheEpochOfTheNote) {
    append(10);
    restart_host();
    begin_life();  // reads under this boot what the one before wrote
    restart_host();
    append(10);  // under another one, in which the reader did not run
    restart_host();
    append(10);
    EXPECT_EQ(survivor(), 10U);
    begin_life();
    restart_host();
    EXPECT_EQ(survivor(), 30U);
}

TEST_F(LostTail, IsToldByTheBootWhereEpochsComeASecondTime) {
    append(300);
    restart_host();
    append(10);
    const std::uint64_t newest = list_segments(log()).back();
    begin_life();
    restart_host();
    fs::remove(segment_path(log(), newest));  // it never got to the disk
    const std::uint64_t kept = log_reader(log(), read_from::tail()).last_sequence().value;
    append(20);
    ASSERT_LE(newest_epoch(log()), read_life(life())->epoch);
    EXPECT_EQ(survivor(), kept);
}

TEST_F(LostTail, IsToldUnderTheSameBootWhereALossWasAccepted) {
    append(10);
    begin_life();
    append(10);
    EXPECT_FALSE(may_have_lost_records(log(), *read_life(life())));
    lose_records_behind(log(), 15);
    write_file_atomically(log() / lost_hot_tier_name, "");
    EXPECT_TRUE(may_have_lost_records(log(), *read_life(life())));
    settle_tail(log(), "test");
    EXPECT_FALSE(fs::exists(log() / lost_hot_tier_name));
    EXPECT_EQ(accepted_losses(newest_epoch(log())), 1U);
    EXPECT_EQ(survivor(), 15U);
    append(30);
    EXPECT_TRUE(may_have_lost_records(log(), *read_life(life())));
    EXPECT_EQ(survivor(), 15U);
    begin_life();
    append(5);
    EXPECT_FALSE(may_have_lost_records(log(), *read_life(life()))) << "it was not lost since";
}

// The segment behind the loss has the boot of the note, and the one behind the restart tells less.
TEST_F(LostTail, IsToldWhereARestartFollowsAnAcceptedLoss) {
    append(10);
    begin_life();
    append(10);
    lose_records_behind(log(), 15);
    write_file_atomically(log() / lost_hot_tier_name, "");
    append(30);
    restart_host();
    append(5);
    EXPECT_EQ(accepted_losses(newest_epoch(log())), 1U);
    EXPECT_EQ(survivor(), 15U);
}

TEST_F(LostTail, SettlesInPlaceOfAWriterThatIsNotThere) {
    append(10);
    begin_life();
    restart_host();
    lose_records_behind(log(), 6);
    settle_tail(log(), "test");
    EXPECT_EQ(segment(1).previous_last_sequence, sequence{6});
    EXPECT_EQ(segment(1).boot_id, detail::read_host_identity().boot_id);
    EXPECT_EQ(survivor(), 6U);
    settle_tail(log(), "test");
    EXPECT_EQ(list_segments(log()).size(), 2U) << "settled is settled";
    append(2);
    EXPECT_EQ(list_segments(log()).size(), 2U) << "its writer goes on there";
    EXPECT_EQ(survivor(), 6U);
}

TEST_F(LostTail, SettlesBesideAWriterThatHasTheLog) {
    append(10);
    restart_host();
    table_log table(log(), tick_table.schema(), tiny_log());
    settle_tail(log(), "test");
    EXPECT_EQ(list_segments(log()).size(), 2U);
}

TEST_F(LostTail, IsNotSettledWhileTheLocksHolderBeginsNothing) {
    append(10);
    restart_host();
    const file_lock holder(log() / "writer.lock", "idle");
    const std::string text = thrown_text<locked_error>([&] { settle_tail(log(), "test", 30); });
    EXPECT_TRUE(contains(text, "started anew"));
}

// What a destination holds of a route that is cut back.
class CutBack : public ::testing::Test {
protected:
    [[nodiscard]] std::unique_ptr<table_log> open() const {
        auto table = std::make_unique<table_log>(log(), tick_table.schema(), tiny_log());
        table->bind_route("copy", uuid_of(7));
        return table;
    }
    [[nodiscard]] std::uint64_t kept(std::string_view route = "copy") const {
        const std::uint64_t highest = read_origins(log()).highest(route_id(route)).value;
        EXPECT_EQ(table_log(log(), tick_table.schema(), tiny_log())
                      .origins()
                      .highest(route_id(route))
                      .value,
                  highest);
        return highest;
    }
    static void write(table_log& table, std::uint64_t first, std::uint64_t last,
                      std::string_view route = "copy") {
        for (std::uint64_t n = first; n <= last; ++n) {
            ASSERT_EQ(append_tick(table, n, with_origin(route, uuid_of(7), n)).status,
                      append_status::ok);
        }
    }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }

    temporary_directory directory_;
};

TEST_F(CutBack, StandsInTheDestinationsLogAndOtherRoutesAreAsTheyWere) {
    {
        table_log table(log(), tick_table.schema(), tiny_log());
        table.bind_route("copy", uuid_of(7));
        table.bind_route("other", uuid_of(8));
        table.start();
        write(table, 1, 20);
        ASSERT_EQ(append_tick(table, 1, with_origin("other", uuid_of(8), 99)).status,
                  append_status::ok);
    }
    {
        const auto table = open();
        table->cut_back("copy", {15});
        EXPECT_EQ(table->origins().highest(route_id("copy")), sequence{15});
        const position before = table->log().durable_position();
        table->start();
        EXPECT_GT(table->log().durable_position(), before);
        EXPECT_EQ(table->log().durable_position(), table->log().end())
            << "durable before it is used";
    }
    EXPECT_EQ(kept(), 15U);
    EXPECT_EQ(kept("other"), 99U);
}

TEST_F(CutBack, IsForwardAgainWithTheRecordsThatFollow) {
    {
        const auto table = open();
        table->start();
        write(*table, 1, 20);
    }
    {
        const auto table = open();
        table->cut_back("copy", {15});
        table->start();
        write(*table, 16, 18);
    }
    EXPECT_EQ(kept(), 18U);
    {
        const auto table = open();
        table->start();
        write(*table, 19, 600);
        EXPECT_GT(list_segments(log()).size(), 2U);
    }
    EXPECT_EQ(kept(), 600U);
}

TEST_F(CutBack, NeverRaisesWhatARouteHasDone) {
    const auto table = open();
    table->start();
    write(*table, 1, 5);
    table->cut_back("copy", {9});
    table->cut_back("unknown", {9});
    EXPECT_EQ(table->origins().highest(route_id("copy")), sequence{5});
    EXPECT_FALSE(table->origins().knows("unknown"));
}

TEST_F(CutBack, IsKeptByAMigration) {
    {
        const auto table = open();
        table->start();
        write(*table, 1, 20);
    }
    {
        const auto table = open();
        table->cut_back("copy", {15});
        table->start();
        write(*table, 16, 17);
    }
    static_cast<void>(
        migrate_log(log(), directory_ / "out", tick_table.schema(), row_map::mode::exact));
    EXPECT_EQ(read_origins(directory_ / "out").highest(route_id("copy")), sequence{17});
}

}  // namespace
}  // namespace millrace::engine::test
