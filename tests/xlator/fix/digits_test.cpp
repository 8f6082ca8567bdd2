#include "xlator/fix/digits.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

#include "tests/xlator/fix_text.hpp"

namespace millrace::xlator {
namespace {

std::string written(std::uint64_t value) {
    char text[20];
    return {text, write_unsigned(text, value)};
}

TEST(Digits, WritesEveryPowerOfTenAndItsNeighbours) {
    EXPECT_EQ(written(0), "0");
    std::uint64_t power = 1;
    for (int digits = 1; digits <= 20; ++digits) {
        for (const std::uint64_t value : {power - 1, power, power + 1}) {
            EXPECT_EQ(written(value), std::to_string(value));
        }
        power *= 10;
    }
    EXPECT_EQ(written(UINT64_MAX), std::to_string(UINT64_MAX));
}

TEST(Digits, WritesTheEndsOfSignedNumbers) {
    char text[20];
    EXPECT_EQ(std::string(text, write_signed(text, INT64_MIN)), std::to_string(INT64_MIN));
    EXPECT_EQ(std::string(text, write_signed(text, INT64_MAX)), std::to_string(INT64_MAX));
    EXPECT_EQ(std::string(text, write_signed(text, -1)), "-1");
}

TEST(Digits, PadsWithZerosToTheWidthAskedFor) {
    char text[8];
    EXPECT_EQ(std::string(text, write_digits(text, 7, 4)), "0007");
    EXPECT_EQ(std::string(text, write_digits(text, 123, 5)), "00123");
    EXPECT_EQ(std::string(text, write_digits(text, 0, 1)), "0");
    EXPECT_EQ(std::string(text, write_digits(text, 42, 2)), "42");
}

TEST(Digits, ReadsWhatItWroteForRandomNumbers) {
    std::mt19937_64 random{tests::test_seed(1)};
    for (int i = 0; i < 10'000; ++i) {
        const std::uint64_t value = random() >> (random() % 64);
        std::uint64_t read = 0;
        ASSERT_TRUE(parse_unsigned(written(value), read));
        ASSERT_EQ(read, value);
    }
}

TEST(Digits, RefusesJunkSignsAndNumbersThatDoNotFit) {
    std::uint64_t value = 5;
    for (const char* text : {"", "-1", "+1", "1 ", " 1", "1.0", "a", "18446744073709551616"}) {
        EXPECT_FALSE(parse_unsigned(text, value)) << text;
    }
    EXPECT_EQ(value, 5U);
    std::int64_t number = 5;
    for (const char* text : {"", "-", "--1", "9223372036854775808", "-9223372036854775809"}) {
        EXPECT_FALSE(parse_signed(text, number)) << text;
    }
    EXPECT_TRUE(parse_signed("-9223372036854775808", number));
    EXPECT_EQ(number, INT64_MIN);
}

TEST(Digits, CopiesEveryShortLengthExactly) {
    const std::string source = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (std::size_t size = 0; size <= source.size(); ++size) {
        std::string target(source.size() + 1, '#');
        char* const end = copy_bytes(target.data(), source.data(), size);
        EXPECT_EQ(static_cast<std::size_t>(end - target.data()), size);
        EXPECT_EQ(target, source.substr(0, size) + std::string(source.size() + 1 - size, '#'));
    }
}

}  // namespace
}  // namespace millrace::xlator
