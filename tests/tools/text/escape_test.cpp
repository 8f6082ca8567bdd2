#include "tools/text/escape.hpp"

#include <gtest/gtest.h>

#include "tests/engine/table/random_source.hpp"

namespace millrace::tools {
namespace {

std::string printable(std::string_view text) {
    std::string out;
    append_printable(out, text);
    return out;
}
std::string csv(std::string_view text) {
    std::string out;
    append_csv_field(out, text);
    return out;
}

TEST(Escape, PrintableTextStaysOnOneLineAndMovesNoTerminal) {
    EXPECT_EQ(printable("abc"), "abc");
    EXPECT_EQ(printable("a\nb\tc\rd\\"), "a\\nb\\tc\\rd\\\\");
    EXPECT_EQ(printable("\x1b[2J\x7f"), "\\x1b[2J\\x7f");
    EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
    EXPECT_EQ(printable("\xc3\xa4"), "\xc3\xa4");
    EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");
    EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
}

TEST(Escape, WireBytesShowSohAsABar) {
    std::string out;
    append_printable_wire(out,
                          "8=FIX.4.4\x01"
                          "9=5\x01");
    EXPECT_EQ(out, "8=FIX.4.4|9=5|");
    EXPECT_EQ(printable("\x01"), "\\x01");
}

TEST(Escape, PrintableTextHasNoControlCharacters) {
    test::random_source random;
    for (int i = 0; i < 5'000; ++i) {
        for (const char c : printable(random.bytes(random.below(30)))) {
            ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
        }
    }
}

TEST(Escape, CsvFieldsAreQuotedOnlyWhereTheyMustBe) {
    EXPECT_EQ(csv("a b"), "a b");
    EXPECT_EQ(csv(""), "");
    EXPECT_EQ(csv("a,b"), "\"a,b\"");
    EXPECT_EQ(csv("a\"b"), "\"a\"\"b\"");
    EXPECT_EQ(csv("a\nb"), "\"a\nb\"");
    EXPECT_EQ(csv("a\r"), "\"a\r\"");
}

}  // namespace
}  // namespace millrace::tools
