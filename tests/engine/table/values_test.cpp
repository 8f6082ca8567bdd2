#include "engine/table/values.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "tests/engine/table/random_source.hpp"

namespace millrace::engine {
namespace {

decimal parsed(std::string_view text) {
    decimal value;
    EXPECT_EQ(parse_decimal(text, value), decimal_status::ok) << text;
    return value;
}

TEST(Text, TakesALiteralAndGivesItBack) {
    constexpr text<5> value("AB");
    EXPECT_EQ(value.view(), "AB");
    EXPECT_EQ(value.size(), 2U);
    EXPECT_FALSE(value.is_empty());
}

TEST(Text, IsFilledToItsCapacityAndRefusesOneByteMore) {
    text<5> value;
    EXPECT_TRUE(value.assign("12345"));
    EXPECT_FALSE(value.assign("123456"));
    EXPECT_EQ(value.view(), "12345");
}

TEST(Text, EqualTextsAreEqualBytesWhateverWasThereBefore) {
    text<7> reused;
    ASSERT_TRUE(reused.assign("1234567"));
    ASSERT_TRUE(reused.assign("ab"));
    const text<7> fresh("ab");
    EXPECT_EQ(std::memcmp(&reused, &fresh, sizeof fresh), 0);
    EXPECT_EQ(reused, fresh);
}

TEST(Text, NeverReachesBeyondItselfWhenTheSizeLies) {
    text<4> value("abcd");
    const std::uint16_t lie = 60000;
    std::memcpy(static_cast<void*>(&value), &lie, sizeof lie);
    EXPECT_EQ(value.view(), "abcd");
}

TEST(Text, HoldsTheLargestCapacity) {
    static text<65535> value;
    const std::string longest(65535, 'x');
    EXPECT_TRUE(value.assign(longest));
    EXPECT_EQ(value.view(), longest);
}

TEST(Decimal, KeepsTheNumberOfDecimals) {
    const decimal value = parsed("1.50");
    EXPECT_EQ(value.mantissa, 150);
    EXPECT_EQ(value.exponent, -2);
    EXPECT_EQ(to_string(value), "1.50");
}

TEST(Decimal, DefaultIsNullAndHasNoText) {
    EXPECT_TRUE(decimal{}.is_null());
    EXPECT_EQ(to_string(decimal{}), "");
}

TEST(Decimal, ReadsTheEndsOfItsRange) {
    EXPECT_EQ(parsed("9223372036854775807").mantissa, INT64_MAX);
    EXPECT_EQ(parsed("-9223372036854775808").mantissa, INT64_MIN);
    EXPECT_EQ(to_string(parsed("-9223372036854775808")), "-9223372036854775808");
    EXPECT_EQ(to_string(parsed("-0.9223372036854775808")), "-0.9223372036854775808");
    EXPECT_EQ(to_string(parsed("0000000000000000000000000001.0")), "1.0");
}

TEST(Decimal, RefusesWhatDoesNotFit) {
    decimal value{7, 0, 0};
    for (const char* text : {"9223372036854775808", "-9223372036854775809", "92233720368547758070",
                             "0.9223372036854775808", "99999999999999999999999999999", "1e10000",
                             "1e-10000", "1.5e-9999"}) {
        EXPECT_EQ(parse_decimal(text, value), decimal_status::overflow) << text;
        EXPECT_EQ(value.mantissa, 7) << text;
    }
}

TEST(Decimal, RefusesWhatIsNone) {
    decimal value{7, 0, 0};
    for (const char* text :
         {"",   "-",   "+",     ".",   "1.",  ".5",    "abc",  "1a",  "1 ",  " 1",        "1,5",
          "1e", "1e+", "1e+-5", "--1", "+-1", "1.2.3", "0x10", "nan", "inf", "1e12345678"}) {
        EXPECT_EQ(parse_decimal(text, value), decimal_status::malformed) << text;
        EXPECT_EQ(value.mantissa, 7) << text;
    }
}

TEST(Decimal, WritesPlainDigitsWhereTheyAreBearable) {
    EXPECT_EQ(to_string(decimal{5, 3, 0}), "5000");
    EXPECT_EQ(to_string(decimal{0, 3, 0}), "0");
    EXPECT_EQ(to_string(decimal{0, -3, 0}), "0.000");
    EXPECT_EQ(to_string(decimal{-5, -3, 0}), "-0.005");
    EXPECT_EQ(to_string(decimal{-1234, -3, 0}), "-1.234");
    EXPECT_EQ(to_string(decimal{123, -3, 0}), "0.123");
    EXPECT_EQ(to_string(decimal{5, 21, 0}), "5e21");
    EXPECT_EQ(to_string(decimal{-5, 17, 0}), "-500000000000000000");
    EXPECT_EQ(to_string(decimal{-5, -65, 0}), "-5e-65");
    EXPECT_EQ(to_string(decimal{INT64_MIN, -64, 0}).size(), 67U);
    EXPECT_EQ(to_string(decimal{INT64_MIN, INT32_MAX, 0}), "-9223372036854775808e2147483647");
}

// Appended zeros once made a text of more digits than a mantissa has.
TEST(Decimal, WritesNoDigitsThatAreNotReadBack) {
    EXPECT_EQ(to_string(decimal{5, 18, 0}), "5e18");
    EXPECT_EQ(to_string(decimal{INT64_MAX, 1, 0}), "9223372036854775807e1");
    EXPECT_EQ(parsed("9223372036854775807e1"), (decimal{INT64_MAX, 1, 0}));
    EXPECT_EQ(to_string(decimal{0, 20, 0}), "0");
}

TEST(Decimal, ComparesByValueNotByDigits) {
    EXPECT_EQ(parsed("1.5"), parsed("1.50"));
    EXPECT_EQ(parsed("0"), parsed("-0.000"));
    EXPECT_LT(parsed("1.4999999999"), parsed("1.5"));
    EXPECT_LT(parsed("-2"), parsed("-1.9"));
    EXPECT_GT(parsed("10"), parsed("9.9999"));
    EXPECT_LT(parsed("-1"), parsed("0.000"));
    EXPECT_EQ((decimal{1, 18, 0}), parsed("1000000000000000000"));
    EXPECT_LT((decimal{INT64_MAX, 0, 0}), (decimal{1, 19, 0}));
    EXPECT_EQ((decimal{INT64_MIN, 0, 0}), (decimal{INT64_MIN, 0, 0}));
    EXPECT_LT((decimal{INT64_MIN, INT32_MAX, 0}), (decimal{INT64_MAX, INT32_MAX, 0}));
    EXPECT_LT((decimal{INT64_MAX, -INT32_MAX, 0}), (decimal{1, INT32_MAX, 0}));
    EXPECT_EQ(decimal{}, decimal{});
    EXPECT_LT(decimal{}, (decimal{INT64_MIN, INT32_MAX, 0}));
}

TEST(Decimal, ComparesLikeWideIntegersOnRandomValues) {
    test::random_source random;
    __extension__ typedef __int128 wide;
    for (int i = 0; i < 200'000; ++i) {
        const auto left_exponent = static_cast<std::int32_t>(random.below(10));
        const auto right_exponent = static_cast<std::int32_t>(random.below(10));
        const decimal left{static_cast<std::int64_t>(random.bits() >> random.below(64)) - 50,
                           left_exponent, 0};
        const decimal right{
            random.coin() ? left.mantissa : static_cast<std::int64_t>(random.bits() >> 40),
            right_exponent, 0};
        wide left_wide = left.mantissa;
        wide right_wide = right.mantissa;
        for (int j = 0; j < left_exponent; ++j) {
            left_wide *= 10;
        }
        for (int j = 0; j < right_exponent; ++j) {
            right_wide *= 10;
        }
        ASSERT_EQ(left < right, left_wide < right_wide) << to_string(left) << to_string(right);
        ASSERT_EQ(left == right, left_wide == right_wide) << to_string(left) << to_string(right);
    }
}

TEST(Decimal, TextRoundTripsOnRandomValues) {
    test::random_source random;
    for (int i = 0; i < 200'000; ++i) {
        const decimal value{
            static_cast<std::int64_t>(random.bits() >> random.below(64)) * (random.coin() ? 1 : -1),
            static_cast<std::int32_t>(random.below(200)) - 100, 0};
        decimal again;
        const decimal_status status = parse_decimal(to_string(value), again);
        ASSERT_EQ(status, decimal_status::ok) << to_string(value);
        ASSERT_EQ(again, value) << to_string(value);
        if (value.exponent <= 0) {
            ASSERT_EQ(again.exponent, value.exponent);
        }
    }
}

TEST(Decimal, NormalizedValuesAreEqualBytes) {
    const decimal left = normalized(parsed("1.500"));
    const decimal right = normalized(decimal{15, -1, 99});
    EXPECT_EQ(std::memcmp(&left, &right, sizeof left), 0);
    const decimal zero = normalized(parsed("0.00"));
    EXPECT_EQ(zero.exponent, 0);
    EXPECT_TRUE(normalized(decimal{}).is_null());
}

TEST(Decimal, ConvertsToAnotherPair) {
    struct pair {
        std::int64_t mantissa;
        std::int32_t exponent;
    };
    const auto there = parsed("-12.5").to<pair>();
    EXPECT_EQ(there.mantissa, -125);
    EXPECT_EQ(there.exponent, -1);
    EXPECT_EQ(decimal::of(there), parsed("-12.50"));
}

}  // namespace
}  // namespace millrace::engine
