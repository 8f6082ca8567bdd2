#include "engine/table/json_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/engine/table/random_source.hpp"

namespace millrace::engine {
namespace {

std::string json_text(std::string_view text) {
    std::string out;
    append_json_text(out, text);
    return out;
}

TEST(JsonText, HoldsWhatUtf8Holds) {
    EXPECT_EQ(json_text("a\"b\\c\nd\x01"), "\"a\\\"b\\\\c\\nd\\u0001\"");
    EXPECT_EQ(json_text("\xe2\x82\xac \xf0\x9f\x98\x80"), "\"\xe2\x82\xac \xf0\x9f\x98\x80\"");
    // Overlong, surrogate, beyond U+10FFFF, cut short, stray.
    for (const char* text :
         {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
        EXPECT_NE(json_text(text).find("\\ufffd"), std::string::npos) << text;
        EXPECT_TRUE(nlohmann::json::accept(json_text(text)));
    }
}

TEST(JsonText, LosesNoByteWhereEachIsACharacter) {
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
    }
}

}  // namespace
}  // namespace millrace::engine
