#include "tools/venue/script_frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace millrace::tools {
namespace {

std::string with_soh(std::string text) {
    std::replace(text.begin(), text.end(), '|', '\x01');
    return text;
}

std::string problem_of(const std::string& text) {
    std::string bytes = with_soh(text);
    const taken_frame taken = take_frame(bytes);
    return taken.result == take_result::malformed    ? taken.problem
           : taken.result == take_result::incomplete ? "incomplete"
                                                     : "none";
}

// As a document has it: bytes that somebody else summed.
constexpr const char* known_frame =
    "8=FIX.4.2|9=65|35=A|49=SERVER|56=CLIENT|34=177|52=20090107-18:15:16|98=0|108=30|10=062|";

TEST(ScriptFrame, HasTheLengthAndTheSumThatAKnownOneHas) {
    EXPECT_EQ(readable(compose_frame(
                  "FIX.4.2", split_fields("35=A|49=SERVER|56=CLIENT|34=177|52=20090107-18:15:16|"
                                          "98=0|108=30"))),
              known_frame);
    EXPECT_EQ(problem_of(known_frame), "none");
}

TEST(ScriptFrame, TakesGivenLengthAndSumAsTheyAre) {
    EXPECT_EQ(readable(compose_frame("FIX.4.4", split_fields("35=0|8=X|9=1|10=7"))),
              "8=X|9=1|35=0|10=7|");
}

TEST(ScriptFrame, FillsLengthAndSumOfRawBytes) {
    EXPECT_EQ(readable(compose_raw("8=FIX.4.2|9=$length|35=A|49=SERVER|56=CLIENT|34=177|"
                                   "52=20090107-18:15:16|98=0|108=30|10=$sum|")),
              known_frame);
    EXPECT_EQ(readable(compose_raw("8=F|9=$length+2|35=0|10=$sum-1|")), "8=F|9=7|35=0|10=063|");
    EXPECT_EQ(compose_raw("a\\|b|"), "a|b\x01");
}

TEST(ScriptFrame, IsTakenOnceAndWhole) {
    std::string bytes = with_soh(std::string(known_frame) + known_frame);
    const std::size_t size = bytes.size() / 2;
    for (std::size_t length = 0; length < size; ++length) {
        std::string part = bytes.substr(0, length);
        EXPECT_EQ(take_frame(part).result, take_result::incomplete) << length;
        EXPECT_EQ(part.size(), length);
    }
    const taken_frame taken = take_frame(bytes);
    EXPECT_EQ(taken.result, take_result::frame);
    EXPECT_EQ(bytes.size(), size);
    ASSERT_NE(find_value(taken.fields, "34"), nullptr);
    EXPECT_EQ(*find_value(taken.fields, "34"), "177");
    EXPECT_EQ(find_value(taken.fields, "34", 1), nullptr);
}

TEST(ScriptFrame, KeepsADelimiterInsideData) {
    std::string bytes = compose_raw("8=FIX.4.4|9=$length|35=B|95=3|96=a|b|58=x|10=$sum|");
    const taken_frame taken = take_frame(bytes);
    ASSERT_EQ(taken.result, take_result::frame) << taken.problem;
    EXPECT_EQ(*find_value(taken.fields, "96"),
              "a\x01"
              "b");
    EXPECT_EQ(*find_value(taken.fields, "58"), "x");
}

TEST(ScriptFrame, IsJudgedToTheByte) {
    EXPECT_EQ(problem_of("9=5|8=F|"), "a frame does not begin with BeginString (8)");
    EXPECT_EQ(problem_of("8=F|35=0|9=5|"), "BodyLength (9) is not the second field");
    EXPECT_EQ(problem_of("8=F|9=6|35=0|10=148|x"),
              "BodyLength (9) does not lead to the CheckSum: 8=F|9=6|35=0|10=148|x");
    EXPECT_EQ(problem_of("8=F|9=5|35=0|10=147|"),
              "CheckSum (10) is not the sum of the bytes: 8=F|9=5|35=0|10=147|");
    EXPECT_EQ(problem_of(readable(compose_raw("8=F|9=$length|35=0|x|10=$sum|"))),
              "'x' is no field in " + readable(compose_raw("8=F|9=$length|35=0|x|10=$sum|")));
    EXPECT_EQ(problem_of(readable(compose_raw("8=F|9=$length|34=1|35=0|10=$sum|"))),
              "MsgType (35) is not the third field: " +
                  readable(compose_raw("8=F|9=$length|34=1|35=0|10=$sum|")));
}

TEST(ScriptFrame, WritesAndKnowsTimestamps) {
    EXPECT_EQ(timestamp_text(1'772'443'800'999'000'000), "20260302-09:30:00");
    for (const char* good : {"20260302-09:30:00", "20260302-09:30:00.123", "20260302-09:30:00.1"}) {
        EXPECT_TRUE(is_timestamp(good)) << good;
    }
    for (const char* bad : {"", "20260302", "20260302-9:30:000", "20260302-09:30:00.",
                            "20260302-09:30:00,1", "20260302-09:30:00.1x"}) {
        EXPECT_FALSE(is_timestamp(bad)) << bad;
    }
}

}  // namespace
}  // namespace millrace::tools
