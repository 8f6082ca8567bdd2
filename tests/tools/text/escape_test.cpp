#include "tools/text/escape.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/engine/table/random_source.hpp"

namespace millrace::tools {
namespace {

std::string printable(std::string_view text) {
    std::string out;
    append_printable(out, text);
    return out;
}
std::string json_text(std::string_view text) {
    std::string out;
    append_json_text(out, text);
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

TEST(Escape, JsonHoldsWhatUtf8Holds) {
    EXPECT_EQ(json_text("a\"b\\c\nd\x01"), "\"a\\\"b\\\\c\\nd\\u0001\"");
    EXPECT_EQ(json_text("\xe2\x82\xac \xf0\x9f\x98\x80"), "\"\xe2\x82\xac \xf0\x9f\x98\x80\"");
    // Overlong, surrogate, beyond U+10FFFF, cut short, stray.
    for (const char* text :
         {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
        EXPECT_NE(json_text(text).find("\\ufffd"), std::string::npos) << text;
        EXPECT_TRUE(nlohmann::json::accept(json_text(text)));
    }
}

TEST(Escape, JsonBytesLoseNothing) {
    test::random_source random;
    for (int i = 0; i < 5'000; ++i) {
        const std::string bytes = random.bytes(random.below(30));
        std::string out;
        append_json_bytes(out, bytes);
        const auto parsed = nlohmann::json::parse(out).get<std::string>();
        std::string again;
        for (std::size_t at = 0; at < parsed.size(); ++at) {
            const auto lead = static_cast<unsigned char>(parsed[at]);
            again += lead < 0x80
                         ? parsed[at]
                         : static_cast<char>(((lead & 3) << 6) |
                                             (static_cast<unsigned char>(parsed[++at]) & 0x3f));
        }
        ASSERT_EQ(again, bytes);
        ASSERT_TRUE(nlohmann::json::accept(json_text(bytes)));
        for (const char c : printable(bytes)) {
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
