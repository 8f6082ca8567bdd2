#include "engine/stream/reader_cursor.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "engine/core/error.hpp"
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

}  // namespace
}  // namespace millrace::engine::test
