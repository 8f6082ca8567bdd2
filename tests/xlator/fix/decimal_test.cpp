#include "xlator/fix/decimal.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/xlator/fix_text.hpp"

namespace millrace::xlator {
namespace {

std::string text_of(decimal value) {
    char text[decimal_size_max];
    return {text, write_decimal(text, value)};
}

TEST(Decimal, WritesEveryPlaceOfThePoint) {
    EXPECT_EQ(text_of({12345, 0}), "12345");
    EXPECT_EQ(text_of({12345, -1}), "1234.5");
    EXPECT_EQ(text_of({12345, -4}), "1.2345");
    EXPECT_EQ(text_of({12345, -5}), "0.12345");
    EXPECT_EQ(text_of({12345, -7}), "0.0012345");
    EXPECT_EQ(text_of({12345, 2}), "1234500");
    EXPECT_EQ(text_of({-5, -1}), "-0.5");
    EXPECT_EQ(text_of({0, -2}), "0.00");
    EXPECT_EQ(text_of({0, 5}), "0");
}

TEST(Decimal, WritesTheEndsOfItsRangeWithinTheSizePromised) {
    EXPECT_EQ(text_of({INT64_MIN, -18}), "-9.223372036854775808");
    EXPECT_EQ(text_of({INT64_MAX, 18}), "9223372036854775807000000000000000000");
    EXPECT_LE(text_of({INT64_MIN, 18}).size(), decimal_size_max);
    EXPECT_EQ(text_of({1, -18}), "0.000000000000000001");
}

TEST(Decimal, ReadsWhatFixCallsAFloat) {
    decimal value;
    ASSERT_TRUE(parse_decimal("101.50", value));
    EXPECT_EQ(value.mantissa, 10150);
    EXPECT_EQ(value.exponent, -2);
    ASSERT_TRUE(parse_decimal("-0.001", value));
    EXPECT_EQ(value.mantissa, -1);
    EXPECT_EQ(value.exponent, -3);
    for (const char* text : {"0", "007", "1.", ".5", "-.5", "00.00", "9223372036854775807"}) {
        EXPECT_TRUE(parse_decimal(text, value)) << text;
    }
}

TEST(Decimal, RefusesJunkAndNumbersThatDoNotFit) {
    decimal value{7, 0};
    for (const char* text :
         {"", "-", ".", "-.", "+1", "1e5", "1,5", " 1", "1 ", "1.2.3", "--1", "0x1", "NaN",
          "9223372036854775808", "0.0000000000000000001", "922337203685477580.71"}) {
        EXPECT_FALSE(parse_decimal(text, value)) << text;
    }
    EXPECT_EQ(value.mantissa, 7);
}

TEST(Decimal, DropsOnlyTrailingZerosItCannotHold) {
    decimal value;
    ASSERT_TRUE(parse_decimal("1.50000000000000000000000", value));
    EXPECT_EQ(value.mantissa, 15);
    EXPECT_EQ(value.exponent, -1);
    ASSERT_TRUE(parse_decimal("1.500", value));
    EXPECT_EQ(value.mantissa, 1500);
    EXPECT_EQ(value.exponent, -3);
}

TEST(Decimal, ComparesByValue) {
    EXPECT_EQ((decimal{150, -2}), (decimal{15, -1}));
    EXPECT_EQ((decimal{0, -2}), (decimal{}));
    EXPECT_FALSE((decimal{150, -2}) == (decimal{150, -1}));
}

TEST(Decimal, OrdersByValueWhateverTheExponents) {
    EXPECT_LT((decimal{15, -1}), (decimal{151, -2} /* 1.51 */));
    EXPECT_GT((decimal{-15, -1}), (decimal{-151, -2}));
    EXPECT_LT((decimal{-1, 18}), (decimal{}));
    EXPECT_GT((decimal{1, -18}), (decimal{}));
    EXPECT_GT((decimal{INT64_MAX, 18}), (decimal{INT64_MAX, 17}));
    EXPECT_LT((decimal{INT64_MIN, 18}), (decimal{INT64_MAX, -18}));
    EXPECT_LT((decimal{INT64_MAX, -18}), (decimal{10, 0}));
    EXPECT_GE((decimal{1, 18}), (decimal{1'000'000'000'000'000'000, 0}));
    EXPECT_LE((decimal{1, 18}), (decimal{1'000'000'000'000'000'000, 0}));
    // Against whole numbers of 128 bits, at which both are brought to one exponent.
    __extension__ typedef __int128 wide;
    std::mt19937_64 random{tests::test_seed(3)};
    const auto scaled = [](decimal value) {
        wide made = value.mantissa;
        for (std::int32_t i = -9; i < value.exponent; ++i) {
            made *= 10;
        }
        return made;
    };
    const auto any = [&] {
        const auto mantissa = static_cast<std::int64_t>(random()) >> (random() % 63);
        return decimal{mantissa, static_cast<std::int32_t>(random() % 19) - 9};
    };
    for (int i = 0; i < 100'000; ++i) {
        const decimal left = any();
        decimal right = any();
        if (i % 3 == 0) {  // close by
            right = {left.mantissa / 10 + static_cast<std::int64_t>(random() % 3) - 1,
                     left.exponent + 1};
        }
        ASSERT_EQ(left < right, scaled(left) < scaled(right))
            << text_of(left) << ' ' << text_of(right);
        ASSERT_EQ(left == right, scaled(left) == scaled(right));
        ASSERT_EQ(left > right, scaled(left) > scaled(right));
    }
}

TEST(Decimal, RescalesExactlyOrNotAtAll) {
    std::int64_t mantissa = 0;
    EXPECT_TRUE(rescale({15, -1}, -4, mantissa));
    EXPECT_EQ(mantissa, 15'000);
    EXPECT_TRUE(rescale({1500, -3}, -1, mantissa));
    EXPECT_EQ(mantissa, 15);
    EXPECT_FALSE(rescale({1501, -3}, -1, mantissa));
    EXPECT_FALSE(rescale({INT64_MAX, 0}, -1, mantissa));
    EXPECT_TRUE(rescale({0, 18}, -18, mantissa));
}

TEST(Decimal, ReadsBackEveryNumberItWrites) {
    std::mt19937_64 random{tests::test_seed(2)};
    for (int i = 0; i < 20'000; ++i) {
        const decimal value{static_cast<std::int64_t>(random()) >> (random() % 63),
                            -static_cast<std::int32_t>(random() % 19)};
        decimal read;
        ASSERT_TRUE(parse_decimal(text_of(value), read) || value.mantissa == INT64_MIN)
            << text_of(value);
        if (value.mantissa != INT64_MIN) {
            ASSERT_EQ(read.mantissa, value.mantissa) << text_of(value);
            ASSERT_EQ(read.exponent, value.exponent) << text_of(value);
        }
    }
}

}  // namespace
}  // namespace millrace::xlator
