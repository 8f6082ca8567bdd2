#include "xlator/fix/utc_timestamp.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <string>

#include "tests/xlator/fix_text.hpp"

namespace millrace::xlator {
namespace {

std::string text_of(utc_timestamp value) {
    char text[utc_timestamp_size_max];
    return {text, write_utc_timestamp(text, value)};
}

TEST(UtcTimestamp, WritesAsManyDecimalsAsAskedAndCutsTheRest) {
    const std::int64_t ns = 1'700'000'000'123'456'789;
    EXPECT_EQ(text_of({ns, 0}), "20231114-22:13:20");
    EXPECT_EQ(text_of({ns, 3}), "20231114-22:13:20.123");
    EXPECT_EQ(text_of({ns, 6}), "20231114-22:13:20.123456");
    EXPECT_EQ(text_of({ns, 9}), "20231114-22:13:20.123456789");
}

TEST(UtcTimestamp, WritesTimesBeforeTheEpoch) {
    EXPECT_EQ(text_of({-1, 9}), "19691231-23:59:59.999999999");
    EXPECT_EQ(text_of({-ns_per_day, 0}), "19691231-00:00:00");
}

TEST(UtcTimestamp, ReadsBackWhatItWritesAndAgreesWithTheCLibrary) {
    std::mt19937_64 random{tests::test_seed(3)};
    for (int i = 0; i < 20'000; ++i) {
        const auto seconds = static_cast<std::int64_t>(random() % 9'000'000'000ULL) - 2'000'000'000;
        const utc_timestamp value{
            seconds * ns_per_second + static_cast<std::int64_t>(random() % 1'000'000'000), 9};
        utc_timestamp read;
        ASSERT_TRUE(parse_utc_timestamp(text_of(value), read)) << text_of(value);
        ASSERT_EQ(read.ns, value.ns);
        ASSERT_EQ(read.decimals, 9);
        const std::time_t time = seconds;
        std::tm parts{};
        gmtime_r(&time, &parts);
        char expected[32];
        std::strftime(expected, sizeof(expected), "%Y%m%d-%H:%M:%S", &parts);
        ASSERT_EQ(text_of({seconds * ns_per_second, 0}), expected);
    }
}

TEST(UtcTimestamp, KeepsTheNumberOfDecimalsItRead) {
    for (const char* text : {"20240229-10:00:00", "20240229-10:00:00.1", "20240229-10:00:00.120",
                             "20240229-10:00:00.123456", "20240229-10:00:00.000000001"}) {
        utc_timestamp value;
        ASSERT_TRUE(parse_utc_timestamp(text, value)) << text;
        EXPECT_EQ(text_of(value), text);
    }
}

TEST(UtcTimestamp, RefusesDaysAndTimesThatDoNotExist) {
    utc_timestamp value{42, 3};
    for (const char* text : {"",
                             "20240231-10:00:00",
                             "20230229-10:00:00",
                             "20240100-10:00:00",
                             "20240132-10:00:00",
                             "20241301-10:00:00",
                             "20240001-10:00:00",
                             "20240101-24:00:00",
                             "20240101-10:60:00",
                             "20240101-10:00:60",
                             "20240101-10:00:61",
                             "20240101 10:00:00",
                             "20240101-10:00",
                             "2024-01-01",
                             "20240101-10:00:00.",
                             "20240101-10:00:00.1234567890",
                             "20240101-10:00:00.1x",
                             "20240101-10:00:00Z",
                             "2024010a-10:00:00",
                             "16000101-00:00:00",
                             "23000101-00:00:00"}) {
        EXPECT_FALSE(parse_utc_timestamp(text, value)) << text;
    }
    EXPECT_EQ(value.ns, 42);
}

TEST(UtcTimestamp, TakesALeapSecondOnlyAtTheEndOfADay) {
    utc_timestamp leap;
    utc_timestamp next;
    ASSERT_TRUE(parse_utc_timestamp("20161231-23:59:60", leap));
    ASSERT_TRUE(parse_utc_timestamp("20170101-00:00:00", next));
    EXPECT_EQ(leap, next);
    EXPECT_FALSE(parse_utc_timestamp("20161231-22:59:60", leap));
}

TEST(Calendar, KnowsEveryDayOfFourCenturies) {
    std::int64_t days = days_from_civil({1900, 1, 1});
    for (std::int32_t year = 1900; year < 2300; ++year) {
        for (std::uint32_t month = 1; month <= 12; ++month) {
            for (std::uint32_t day = 1; day <= days_in_month(year, month); ++day) {
                ASSERT_EQ(days_from_civil({year, month, day}), days);
                const calendar_date date = civil_from_days(days);
                ASSERT_EQ(date.year, year);
                ASSERT_EQ(date.month, month);
                ASSERT_EQ(date.day, day);
                ++days;
            }
        }
    }
}

}  // namespace
}  // namespace millrace::xlator
