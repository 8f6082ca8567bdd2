#include "tools/venue/decimal.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace millrace::tools {
namespace {

constexpr std::int64_t one = decimal_scale;

TEST(Decimal, ReadsAndWritesTheSameValue) {
    const struct {
        const char* text;
        std::int64_t value;
        const char* shortest;
    } cases[] = {
        {"0", 0, "0"},
        {"100", 100 * one, "100"},
        {"12.50", 12 * one + one / 2, "12.5"},
        {".25", one / 4, "0.25"},
        {"7.", 7 * one, "7"},
        {"-0.00000001", -1, "-0.00000001"},
        {"00012.3400000000000", 12 * one + 34 * one / 100, "12.34"},
        {"92233720368.54775807", std::numeric_limits<std::int64_t>::max(), "92233720368.54775807"},
    };
    for (const auto& each : cases) {
        std::int64_t value = -1;
        ASSERT_TRUE(parse_decimal(each.text, value)) << each.text;
        EXPECT_EQ(value, each.value) << each.text;
        EXPECT_EQ(format_decimal(value), each.shortest);
    }
    EXPECT_EQ(format_decimal(std::numeric_limits<std::int64_t>::min()), "-92233720368.54775808");
}

TEST(Decimal, RefusesWhatItCannotHoldExactly) {
    for (const char* text : {"", "-", ".", "1e5", "+1", "1.2.3", " 1", "1 ", "0.000000001", "0x10",
                             "92233720368.54775808", "99999999999999999999999", "nan"}) {
        std::int64_t value = 0;
        EXPECT_FALSE(parse_decimal(text, value)) << text;
    }
}

TEST(Decimal, AveragesWithoutDriftAndRoundsHalfAway) {
    EXPECT_EQ(average_price(0, 0), 0);
    notional sum = 0;
    for (int i = 0; i < 1000; ++i) {
        sum += static_cast<notional>(10 * one + one / 100) * (one * 1000000);
    }
    EXPECT_EQ(average_price(sum, one * 1000000 * 1000), 10 * one + one / 100);
    EXPECT_EQ(average_price(5, 2), 3);
    EXPECT_EQ(average_price(-5, 2), -3);
    EXPECT_EQ(average_price(7, 3), 2);
}

TEST(Decimal, FindsTheCoarsestStep) {
    EXPECT_EQ(decimal_step(100 * one), one);
    EXPECT_EQ(decimal_step(one / 2), one / 10);
    EXPECT_EQ(decimal_step(3 * one + 25 * one / 100), one / 100);
    EXPECT_EQ(decimal_step(1), 1);
}

}  // namespace
}  // namespace millrace::tools
