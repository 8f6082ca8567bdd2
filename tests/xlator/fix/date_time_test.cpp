#include "xlator/fix/date_time.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "tests/xlator/fix_text.hpp"

namespace millrace::xlator {
namespace {

template <class Value>
std::string written(const Value& value) {
    std::array<char, date_time_size_max> room{};
    return {room.data(), static_cast<std::size_t>(write_value(room.data(), value) - room.data())};
}

// What comes back when the text is read and written; "none" if it is no value.
template <class Value>
std::string again(std::string_view text) {
    Value value;
    return parse_value(text, value) ? written(value) : "none";
}

TEST(Calendar, ChecksTheTextTypes) {
    EXPECT_TRUE(is_date("20240229"));
    EXPECT_FALSE(is_date("20230229"));
    EXPECT_FALSE(is_date("2024022"));
    EXPECT_TRUE(is_time("10:00:00.5"));
    EXPECT_FALSE(is_time("10:00"));
    for (const char* text : {"202401", "20240131", "202401w1", "202401w5"}) {
        EXPECT_TRUE(is_month_year(text)) << text;
    }
    for (const char* text :
         {"", "2024", "202413", "202400", "202401w6", "202401w0", "20240132", "202401x1"}) {
        EXPECT_FALSE(is_month_year(text)) << text;
    }
    for (const char* text :
         {"07:39Z", "02:39-05", "15:39+08", "13:09+05:30", "07:39:12Z", "07:39"}) {
        EXPECT_TRUE(is_tz_time(text)) << text;
    }
    for (const char* text :
         {"", "7:39Z", "25:00Z", "07:60Z", "07:39+5", "07:39+15", "07:39+05:60"}) {
        EXPECT_FALSE(is_tz_time(text)) << text;
    }
    EXPECT_TRUE(is_tz_timestamp("20060901-07:39Z"));
    EXPECT_TRUE(is_tz_timestamp("20060901-13:09:00.123+05:30"));
    EXPECT_FALSE(is_tz_timestamp("20060931-07:39Z"));
}

TEST(DateTime, ReadsAndWritesDatesAndMonths) {
    calendar_date date;
    ASSERT_TRUE(parse_value("20240229", date));
    EXPECT_EQ(date, (calendar_date{2024, 2, 29}));
    EXPECT_EQ(written(date), "20240229");
    EXPECT_EQ(again<calendar_date>("00010101"), "00010101");
    EXPECT_EQ(again<calendar_date>("20230229"), "none");
    month_year month;
    ASSERT_TRUE(parse_value("202403w5", month));
    EXPECT_EQ(month, (month_year{2024, 3, 0, 5}));
    for (const char* text : {"202403", "20240331", "202403w1"}) {
        EXPECT_EQ(again<month_year>(text), text);
    }
    for (const char* text : {"202403w6", "202403w", "20240332", "2024", "202413", "202403 5"}) {
        EXPECT_EQ(again<month_year>(text), "none") << text;
    }
}

TEST(DateTime, LeavesTheValueUntouchedWhereThereIsNone) {
    month_year month{2020, 5, 0, 2};
    EXPECT_FALSE(parse_value("20241399", month));
    EXPECT_EQ(month, (month_year{2020, 5, 0, 2}));
    zoned_time time;
    ASSERT_TRUE(parse_value("10:00+01", time));
    EXPECT_FALSE(parse_value("10:00+99", time));
    EXPECT_EQ(time.offset_minutes, 60);
}

TEST(DateTime, ReadsAndWritesTimes) {
    for (const char* text : {"00:00:00", "23:59:59.9", "12:34:56.123456789", "23:59:60"}) {
        EXPECT_EQ(again<time_of_day>(text), text);
    }
    EXPECT_EQ(again<time_of_day>("22:59:60"), "none") << "no leap second there";
    for (const char* text : {"07:39Z", "07:39", "10:00:00.5+05:30", "23:59:60-14:00"}) {
        EXPECT_EQ(again<zoned_time>(text), text);
    }
    EXPECT_EQ(again<zoned_time>("10:00+05"), "10:00+05:00");
    EXPECT_EQ(again<zoned_time>("10:00-00:00"), "10:00Z");
    EXPECT_EQ(again<zoned_time>("10:00+15"), "none");
    EXPECT_EQ(again<zoned_time>(""), "none");
}

TEST(DateTime, KnowsTheMomentOfATimestampWithAZone) {
    zoned_timestamp stamp;
    ASSERT_TRUE(parse_value("20060901-13:09:00.123+05:30", stamp));
    utc_timestamp expected;
    ASSERT_TRUE(parse_utc_timestamp("20060901-07:39:00.123", expected));
    ASSERT_TRUE(stamp.utc());
    EXPECT_EQ(*stamp.utc(), expected);
    EXPECT_EQ(written(stamp), "20060901-13:09:00.123+05:30");
    ASSERT_TRUE(parse_value("20060901-00:30+01", stamp));
    ASSERT_TRUE(parse_utc_timestamp("20060831-23:30:00", expected));
    EXPECT_EQ(*stamp.utc(), expected) << "the day before";
    ASSERT_TRUE(parse_value("20060901-00:30", stamp));
    EXPECT_FALSE(stamp.utc()) << "nobody says where";
    ASSERT_TRUE(parse_value("16000101-00:30Z", stamp));
    EXPECT_FALSE(stamp.utc()) << "beyond what 64 bits hold";
}

TEST(DateTime, RandomValuesRoundTrip) {
    const auto seed = tests::test_seed(std::random_device{}());
    std::printf("MILLRACE_TEST_SEED=%llu\n", seed);
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t limit) {
        return static_cast<std::uint32_t>(random() % limit);
    };
    for (int i = 0; i < 20'000; ++i) {
        zoned_timestamp made;
        made.date = {static_cast<std::int32_t>(below(10'000)), 1 + below(12), 0};
        made.date.day = 1 + below(days_in_month(made.date.year, made.date.month));
        made.time.local.decimals = static_cast<std::uint8_t>(below(10));
        const auto unit =
            static_cast<std::int64_t>(detail::powers_of_ten[9 - made.time.local.decimals]);
        made.time.local.ns =
            static_cast<std::int64_t>(random() % std::uint64_t{86'400'000'000'000}) / unit * unit;
        if (below(2) == 0) {
            made.time.offset_minutes = static_cast<std::int32_t>(below(2 * 840)) - 840;
        }
        const std::string text = written(made);
        zoned_timestamp back;
        ASSERT_TRUE(parse_value(text, back)) << text;
        ASSERT_EQ(back, made) << text;
        ASSERT_EQ(written(back), text);
    }
}

TEST(DateTime, ValuesInAListAreSeparatedBySingleSpaces) {
    const auto list = [](std::string_view text) {
        std::vector<std::string> found;
        for (const std::string_view one : values_in(text)) {
            found.emplace_back(one);
        }
        return found;
    };
    EXPECT_EQ(list("1 G AA"), (std::vector<std::string>{"1", "G", "AA"}));
    EXPECT_EQ(list("A"), std::vector<std::string>{"A"});
    EXPECT_EQ(list(""), std::vector<std::string>{});
    EXPECT_EQ(list("A "), (std::vector<std::string>{"A", ""})) << "no list that FIX allows";
    EXPECT_TRUE(values_in("1 G").contains("G"));
    EXPECT_FALSE(values_in("1 GG").contains("G"));
}

}  // namespace
}  // namespace millrace::xlator
