#include "engine/stream/reader_cursor.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "engine/core/error.hpp"
#include "engine/log/hot_tier.hpp"
#include "tests/engine/core/manual_clock.hpp"
#include "tests/engine/stream/host_restart.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {
namespace {

class ReaderCursor : public ::testing::Test {
protected:
    ReaderCursor() : table_(log(), tick_table.schema(), tiny_log()) {
        table_.start();
        append_ticks(table_, 1, 20);
    }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    // Reads `count` records with the cursor, as a reader in another process does.
    void read_on(std::size_t count, std::uint64_t first) const {
        reader_cursor cursor(log(), "risk");
        log_reader reader(log(), cursor.next());
        record_view record;
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_EQ(reader.poll(record), read_status::record);
            EXPECT_EQ(record.seq.value, first + i);
            cursor.update(record);
        }
    }

    temporary_directory directory_;
    table_log table_;
};

TEST_F(ReaderCursor, GoesOnBehindWhatItHasDone) {
    read_on(7, 1);
    read_on(13, 8);
    const cursor_state state = read_reader_cursor(log(), "risk");
    EXPECT_EQ(state.seq, sequence{20});
    EXPECT_EQ(state.at, table_.log().end());
    EXPECT_EQ(state.time, table_.log().last_timestamp());
    EXPECT_GT(state.updated, state.time);
    append_ticks(table_, 21, 22);
    read_on(2, 21);
}

TEST_F(ReaderCursor, IsListedByNameWithoutItsLock) {
    EXPECT_TRUE(list_reader_cursors(log()).empty());
    const reader_cursor risk(log(), "risk");
    const reader_cursor books(log(), "books.eu");
    EXPECT_EQ(list_reader_cursors(log()), (std::vector<std::string>{"books.eu", "risk"}));
    EXPECT_EQ(read_reader_cursor(log(), "risk").seq, sequence{0});
}

TEST_F(ReaderCursor, HasOneHolder) {
    std::optional<reader_cursor> held(std::in_place, log(), "risk");
    EXPECT_THROW(reader_cursor(log(), "risk"), locked_error);
    EXPECT_TRUE(is_lock_held(reader_cursor_lock(log(), "risk")));
    held.reset();
    EXPECT_NO_THROW(reader_cursor(log(), "risk"));
}

TEST_F(ReaderCursor, IsSetToWhereAReadingBegins) {
    reader_cursor cursor(log(), "risk");
    cursor.set(find_cursor_state(log(), read_from::at_sequence({11})));
    EXPECT_EQ(cursor.seq(), sequence{10});
    cursor.set(find_cursor_state(log(), read_from::tail()));
    EXPECT_EQ(cursor.seq(), sequence{20});
    EXPECT_EQ(cursor.state().at, table_.log().end());
    cursor.set(find_cursor_state(log(), read_from::first()));
    EXPECT_EQ(cursor.seq(), sequence{0});
    cursor.set(find_cursor_state(log(), read_from::at_sequence({99})));
    EXPECT_EQ(read_reader_cursor(log(), "risk").seq, sequence{20});
}

TEST_F(ReaderCursor, FallsBackToTheOlderSlotWhicheverByteOfTheNewerIsTorn) {
    read_on(8, 1);
    const fs::path path = reader_cursor_path(log(), "risk");
    const std::string whole = read_whole_file(path);
    std::uint64_t generations[2] = {};
    std::memcpy(&generations[0], whole.data() + 8, 8);
    std::memcpy(&generations[1], whole.data() + 128 + 8, 8);
    const std::size_t newest = generations[1] > generations[0] ? 128 : 0;
    for (std::size_t byte = 0; byte < 128; ++byte) {
        write_file_atomically(path, whole);
        flip_bit(path, newest + byte, byte % 8);
        ASSERT_EQ(read_reader_cursor(log(), "risk").seq, sequence{7}) << "byte " << byte;
    }
    flip_bit(path, 128 - newest + 5, 0);
    EXPECT_THROW(static_cast<void>(read_reader_cursor(log(), "risk")), damage_error);
    EXPECT_THROW(reader_cursor(log(), "risk"), damage_error);
}

TEST_F(ReaderCursor, RefusesTheFileOfAnotherLogAndNamesThatAreNone) {
    read_on(3, 1);
    table_log other(directory_ / "other", tick_table.schema(), tiny_log());
    fs::create_directories(directory_ / "other/cursors");
    fs::copy(reader_cursor_path(log(), "risk"), directory_ / "other/cursors/risk");
    EXPECT_THROW(reader_cursor(directory_ / "other", "risk"), config_error);
    fs::copy(reader_cursor_path(log(), "risk"), log() / "cursors/renamed");
    EXPECT_THROW(reader_cursor(log(), "renamed"), config_error);
    for (const char* name : {"", ".", "..", "../x", "a/b", "x.lock", "with space"}) {
        EXPECT_THROW(reader_cursor(log(), name), config_error) << name;
    }
}

// A log that loses its end and is gone on with, and a cursor that had come to that end.
class ReaderCursorLoss : public ::testing::Test {
protected:
    ReaderCursorLoss() {
        append(300);  // over several segments
        restart_host();
        append(20);
    }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    [[nodiscard]] fs::path other() const { return directory_ / "other"; }
    void append(std::uint64_t count) const {
        table_log table(log(), tick_table.schema(), tiny_log());
        table.start();
        const std::uint64_t last = table.log().last_sequence().value;
        append_ticks(table, last + 1, last + count);
    }
    void restart_host() const { restart_host_under(directory_.path()); }
    void read_to(std::uint64_t last) const {
        reader_cursor cursor(log(), "risk");
        log_reader reader(log(), cursor.next());
        record_view record;
        while (cursor.seq().value < last) {
            ASSERT_EQ(reader.poll(record), read_status::record);
            cursor.update(record);
        }
    }
    // Opens the cursor: where it goes on behind, and that it says what it found.
    [[nodiscard]] std::uint64_t open_behind() const {
        const sequence said = read_reader_cursor(log(), "risk").seq;
        const sequence foreseen = surviving_state(log(), read_reader_cursor(log(), "risk")).seq;
        const reader_cursor cursor(log(), "risk");
        EXPECT_EQ(cursor.seq(), foreseen);
        EXPECT_EQ(cursor.lost().is_none(), cursor.seq() == said);
        if (!cursor.lost().is_none()) {
            EXPECT_EQ(cursor.lost().first, cursor.seq().next());
            EXPECT_EQ(cursor.lost().last, said);
        }
        return cursor.seq().value;
    }

    temporary_directory directory_;
};

TEST_F(ReaderCursorLoss, IsNoneWhereEverythingIsThere) {
    for (const std::uint64_t last : {1, 150, 299, 300, 301, 319, 320}) {
        read_to(last);
        EXPECT_EQ(open_behind(), last);
    }
    restart_host();
    EXPECT_EQ(open_behind(), 320U);
    append(300);
    EXPECT_EQ(open_behind(), 320U);
}

TEST_F(ReaderCursorLoss, TakesTheCursorBackToTheLastSurvivorOnce) {
    read_to(320);
    restart_host();
    lose_records_behind(log(), 310);
    append(300);  // 311 to 610, others
    EXPECT_EQ(open_behind(), 310U);
    EXPECT_EQ(open_behind(), 310U);
    EXPECT_TRUE(reader_cursor(log(), "risk").lost().is_none()) << "it was told";
    read_to(610);
    EXPECT_EQ(open_behind(), 610U);
}

TEST_F(ReaderCursorLoss, IsFoundBeforeAnythingIsAppendedAgain) {
    read_to(320);
    restart_host();
    lose_records_behind(log(), 310);
    EXPECT_EQ(open_behind(), 310U);
    append(5);
    read_to(315);
}

TEST_F(ReaderCursorLoss, IsFoundWhereTheNewRecordsDoNotReachAsFar) {
    read_to(320);
    restart_host();
    lose_records_behind(log(), 310);
    append(4);
    EXPECT_EQ(open_behind(), 310U);
}

TEST_F(ReaderCursorLoss, IsFoundWhereWholeSegmentsAreGone) {
    read_to(320);
    restart_host();
    lose_records_behind(log(), 100);
    append(400);
    EXPECT_EQ(open_behind(), 100U);
}

TEST_F(ReaderCursorLoss, LeavesACursorThatHadNotComeSoFar) {
    read_to(310);
    restart_host();
    lose_records_behind(log(), 310);
    append(30);
    EXPECT_EQ(open_behind(), 310U);
    EXPECT_TRUE(reader_cursor(log(), "risk").lost().is_none());
}

// Nothing but times and places tells an older copy, put back under the same boot.
TEST_F(ReaderCursorLoss, IsFoundWithoutABootBetween) {
    {
        table_log table(other(), tick_table.schema(), tiny_log());
        append_ticks(table, 1, 40);
    }
    reader_cursor(other(), "risk").set(find_cursor_state(other(), read_from::tail()));
    lose_records_behind(other(), 25);
    {
        table_log table(other(), tick_table.schema(), tiny_log());
        append_ticks(table, 26, 90);
    }
    const reader_cursor cursor(other(), "risk");
    EXPECT_EQ(cursor.seq(), sequence{25});
    EXPECT_EQ(cursor.lost().last, sequence{40});
}

TEST_F(ReaderCursorLoss, OfTwoLossesGoesBackBehindTheEarlier) {
    read_to(320);
    restart_host();
    lose_records_behind(log(), 305);
    append(10);  // 306 to 315
    restart_host();
    lose_records_behind(log(), 312);
    append(30);
    EXPECT_EQ(open_behind(), 305U);
}

// Then new records have the times of those that are gone.
TEST_F(ReaderCursorLoss, IsFoundThoughTheClockWasSetBackWhenTheHostWasStartedAnew) {
    manual_clock clock;
    const auto append_slowly = [&](std::uint64_t first, std::uint64_t last) {
        table_log table(other(), tick_table.schema(), tiny_log());
        for (std::uint64_t number = first; number <= last; ++number) {
            clock.run(manual_clock::interval_ns);
            append_ticks(table, number, number);
        }
    };
    append_slowly(1, 40);
    reader_cursor(other(), "risk").set(find_cursor_state(other(), read_from::tail()));
    restart_host();
    lose_records_behind(other(), 25);
    clock.set_by(-3'600'000'000'000);
    clock.run(manual_clock::interval_ns);  // it has seen that
    append_slowly(26, 90);
    const reader_cursor cursor(other(), "risk");
    EXPECT_EQ(cursor.seq(), sequence{25});
    EXPECT_EQ(cursor.lost().last, sequence{40});
}

TEST_F(ReaderCursorLoss, GoesBackRatherTooFarWhereTheTimeIsNotKnown) {
    read_to(320);
    {
        reader_cursor cursor(log(), "risk");
        cursor_state state = cursor.state();
        state.time = {};
        cursor.set(state);
    }
    EXPECT_EQ(open_behind(), 320U);
    lose_records_behind(log(), 310);
    append(30);  // under the same boot
    EXPECT_EQ(open_behind(), 300U);
}

TEST_F(ReaderCursorLoss, IsToldExactlyWhereALossWasAcceptedThoughTheTimeIsNotKnown) {
    read_to(320);
    {
        reader_cursor cursor(log(), "risk");
        cursor_state state = cursor.state();
        state.time = {};
        cursor.set(state);
    }
    lose_records_behind(log(), 310);
    write_file_atomically(log() / lost_hot_tier_name, "");
    append(30);
    EXPECT_EQ(open_behind(), 310U);
}

TEST_F(ReaderCursorLoss, IsFoundForACursorThatWasSetByHand) {
    reader_cursor(log(), "risk").set(find_cursor_state(log(), read_from::at_sequence({316})));
    EXPECT_EQ(open_behind(), 315U);
    EXPECT_NE(read_reader_cursor(log(), "risk").time.ns, 0);
    restart_host();
    lose_records_behind(log(), 310);
    append(30);
    EXPECT_EQ(open_behind(), 310U);
}

TEST_F(ReaderCursorLoss, IsNotTakenForItWhatWasRemovedFromTheFront) {
    const std::uint64_t index = list_segments(log()).back();
    const sequence last_removed = read_segment_info(log(), index).previous_last_sequence;
    read_to(last_removed.value);
    for (const std::uint64_t old : list_segments(log())) {
        if (old != index) {
            fs::remove(segment_path(log(), old));
        }
    }
    EXPECT_EQ(open_behind(), last_removed.value);
    read_to(320);
}

}  // namespace
}  // namespace millrace::engine::test
