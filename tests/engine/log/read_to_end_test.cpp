#include "engine/log/read_to_end.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {
namespace {

TEST(ReadToEnd, GivesEveryRecordUpToTheEndAndNoneBehind) {
    temporary_directory directory;
    log_writer writer(directory / "log", small_log());
    position end;
    for (int i = 0; i < 200; ++i) {  // several segments
        append(writer, 1000);
        end = i == 149 ? writer.end() : end;
    }
    log_reader reader(directory / "log", read_from::first());
    read_to_end reading(reader, end);
    record_view record;
    std::uint64_t count = 0;
    while (reading.next(record)) {
        EXPECT_EQ(record.seq.value, ++count);
    }
    EXPECT_EQ(count, 150u);
    EXPECT_FALSE(reading.next(record)) << "asked again";
}

TEST(ReadToEnd, CrossesTheTornEndOfADeadWriter) {
    temporary_directory directory;
    {
        log_writer writer(directory / "live", small_log());
        append(writer, 100);
        copy_log(directory / "live", directory / "log");
    }
    log_writer writer(directory / "log", small_log());
    append(writer, 100);
    log_reader reader(directory / "log", read_from::first());
    read_to_end reading(reader, writer.end());
    record_view record;
    EXPECT_TRUE(reading.next(record));
    EXPECT_TRUE(reading.next(record));
    EXPECT_FALSE(reading.next(record));
}

TEST(ReadToEnd, GivesUpWhereTheEndIsNeverReached) {
    temporary_directory directory;
    log_writer writer(directory / "log", small_log());
    append(writer, 100);
    log_reader reader(directory / "log", read_from::first());
    const position beyond{writer.end().value + 64};
    read_to_end reading(reader, beyond, 50'000'000);
    record_view record;
    EXPECT_TRUE(reading.next(record));
    const std::string said = thrown_text<damage_error>([&] { (void)reading.next(record); });
    EXPECT_TRUE(
        contains(said, "comes no further than position " + std::to_string(writer.end().value)));
    EXPECT_TRUE(contains(said, "ends at " + std::to_string(beyond.value)));
}

TEST(ReadToEnd, SaysWhatIsDamaged) {
    temporary_directory directory;
    position end;
    append_result second;
    {
        log_writer writer(directory / "log", small_log());
        append(writer, 100);
        second = append(writer, 100);
        append(writer, 100);
        end = writer.end();
    }
    flip_bit(segment_path(directory / "log", 0), second.at.value + 40, 3);
    log_reader reader(directory / "log", read_from::first());
    read_to_end reading(reader, end);
    record_view record;
    EXPECT_TRUE(reading.next(record));
    EXPECT_TRUE(contains(thrown_text<damage_error>([&] { (void)reading.next(record); }),
                         "position " + std::to_string(second.at.value)));
}

}  // namespace
}  // namespace millrace::engine::test
