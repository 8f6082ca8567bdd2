#include "tools/venue/script.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"

namespace millrace::tools {
namespace {

using strings = std::vector<std::string>;

// Why a text is refused, without the file's name.
std::string refusal(std::string_view text) {
    try {
        static_cast<void>(parse_script("s", text));
    } catch (const engine::config_error& failure) {
        return std::string(failure.what()).substr(2);
    }
    return "not refused";
}

strings words_of(const script_step& step) {
    strings words;
    for (const script_field& field : step.fields) {
        words.push_back(field.tag + ":" + field.value);
    }
    return words;
}

TEST(Script, ReadsAStatementALine) {
    const script read = parse_script(
        "s",
        "# heading\n\n  send 35=B|58=a\\|b||$more|!52  \r\nexpect 35=2|7=*|58~low|!43\n"
        "raw 8=x|10=000\ndelay 250ms\nsilence 3s\ndrop 2\ndrop until 35=5\ngap 4\nnext 7\n"
        "expected 8\nlink 2\ncall order A1 x\ndisconnect\nexpect-disconnect\nconnect");
    ASSERT_EQ(read.steps.size(), 15U);
    EXPECT_EQ(words_of(read.steps[0]), (strings{"35:B", "58:a|b", ":$more", "52:"}));
    EXPECT_EQ(read.steps[0].line, 3);
    EXPECT_EQ(read.steps[0].fields[3].match, field_match::absent);
    const std::vector<script_field>& expected = read.steps[1].fields;
    EXPECT_EQ(expected[0].match, field_match::equal);
    EXPECT_EQ(expected[1].match, field_match::any);
    EXPECT_EQ(expected[2].match, field_match::contains);
    EXPECT_EQ(expected[3].match, field_match::absent);
    EXPECT_EQ(read.steps[2].argument, "8=x|10=000");
    EXPECT_EQ(read.steps[3].number, 250'000'000U);
    EXPECT_EQ(read.steps[4].number, 3'000'000'000U);
    EXPECT_EQ(read.steps[5].verb, script_verb::drop);
    EXPECT_EQ(read.steps[6].verb, script_verb::drop_until);
    EXPECT_EQ(words_of(read.steps[6]), strings{"35:5"});
    EXPECT_EQ(read.steps[11].argument, "order A1 x");
}

TEST(Script, LetsWhoConnectsLogOnFirst) {
    const script read = parse_script("s", "[FIX.4.4] logon 108=5|141=Y\n");
    ASSERT_EQ(read.steps.size(), 5U);
    EXPECT_EQ(read.steps[0].verb, script_verb::connect);
    const auto verbs_for = [&](const char* side) {
        strings verbs;
        for (const script_step& step : read.steps) {
            if (meets(step.conditions, {"FIX.4.4", side})) {
                verbs.push_back(step.verb == script_verb::send     ? "send"
                                : step.verb == script_verb::expect ? "expect"
                                                                   : "connect");
            }
        }
        return verbs;
    };
    EXPECT_EQ(verbs_for("connects"), (strings{"connect", "send", "expect"}));
    EXPECT_EQ(verbs_for("listens"), (strings{"connect", "expect", "send"}));
    // What is given stands before what is usual, and instead of it.
    EXPECT_EQ(words_of(read.steps[1]), (strings{"108:5", "141:Y", "35:A", "98:0", ":$logon"}));
    EXPECT_FALSE(meets(read.steps[0].conditions, {"FIX.4.2", "listens"}));
}

TEST(Script, KeepsWhatItIsForAndWhatItNeeds) {
    const script read =
        parse_script("s", "only connects !FIX.4.2\nneeds HeartBtInt=30\nneeds A=b=c\nconnect\n");
    EXPECT_TRUE(meets(read.only, {"FIX.4.4", "connects"}));
    EXPECT_FALSE(meets(read.only, {"FIX.4.2", "connects"}));
    EXPECT_FALSE(meets(read.only, {"FIX.4.4", "listens"}));
    EXPECT_EQ(read.needs, (std::vector<std::pair<std::string, std::string>>{{"HeartBtInt", "30"},
                                                                            {"A", "b=c"}}));
}

TEST(Script, RefusesWhatItDoesNotUnderstandWithItsLine) {
    EXPECT_EQ(refusal("connect\nexpct 35=A\n"),
              "2: unknown statement 'expct' (did you mean expect?)");
    EXPECT_EQ(refusal("send 35\n"), "1: '35' is no field; one is written 35=D, with '|' behind it");
    EXPECT_EQ(refusal("send x=1\n"), "1: 'x=1' has no tag before its value");
    EXPECT_EQ(refusal("send 58~a\n"),
              "1: '58~a': '~' is for what is expected; what is sent has '='");
    EXPECT_EQ(refusal("expect $all\n"),
              "1: '$all' is no field; one is written 35=D, with '|' behind it");
    EXPECT_EQ(refusal("expect !x\n"), "1: '!x': behind '!' stands the tag that is to be absent");
    EXPECT_EQ(refusal("send\n"), "1: send needs an argument");
    EXPECT_EQ(refusal("disconnect now\n"), "1: disconnect takes no argument");
    EXPECT_EQ(refusal("delay 3\n"), "1: delay 3: expected a time such as 250ms or 31s");
    EXPECT_EQ(refusal("delay xs\n"), "1: delay x: expected a whole number from 1 to 1000000000");
    EXPECT_EQ(refusal("gap 0\n"), "1: gap 0: expected a whole number from 1 to 1000000000");
    EXPECT_EQ(refusal("[listens\n"), "1: a condition without its ']'");
    EXPECT_EQ(refusal("[listens]\n"), "1: a condition without a statement");
    EXPECT_EQ(refusal("[] connect\n"),
              "1: a condition needs a word, as in [FIX.4.4] or [!listens]");
    EXPECT_EQ(refusal("[a] only b\n"), "1: only is for the whole script and takes no condition");
    EXPECT_EQ(refusal("needs x\n"), "1: needs a setting, as in: needs KEY=VALUE");
    EXPECT_EQ(refusal("# nothing\n"), " the script has no statement");
}

}  // namespace
}  // namespace millrace::tools
