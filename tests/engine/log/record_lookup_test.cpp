#include "engine/log/record_lookup.hpp"

#include <gtest/gtest.h>

#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

TEST(RecordLookup, ReadsEveryRecordInAnyOrderAndNothingElse) {
    temporary_directory directory;
    {
        log_writer writer(directory / "log", small_log());
        for (int i = 0; i < 4000; ++i) {
            append(writer, 100);
        }
    }
    const std::vector<seen_record> records = read_log(directory / "log");
    ASSERT_GT(list_segments(directory / "log").size(), 6u) << "more segments than it keeps";
    record_lookup lookup(directory / "log", segment_bytes_min);
    std::mt19937_64 random(test_seed());
    record_view view;
    for (int i = 0; i < 20'000; ++i) {
        const seen_record& wanted = records[random() % records.size()];
        ASSERT_TRUE(lookup.read(wanted.at, view));
        ASSERT_EQ(copy_record(view), wanted);
        const position inside{wanted.at.value + 1 +
                              random() % (wanted.end.value - wanted.at.value - 1)};
        ASSERT_FALSE(lookup.read(inside, view)) << inside.value;
    }
    EXPECT_FALSE(lookup.read({0}, view));
    EXPECT_FALSE(lookup.read({100 * segment_bytes_min + 4096}, view));
}

}  // namespace millrace::engine::test
