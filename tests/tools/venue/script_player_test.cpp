// Two players against each other: one connects, one listens.
#include "tools/venue/script_player.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"

namespace millrace::tools {
namespace {

constexpr std::int64_t s_ns = 1'000'000'000;
constexpr std::int64_t begin_ns = 1'772'443'800 * s_ns;  // 2026-03-02 09:30:00 UTC

class ScriptPlayer : public testing::Test {
protected:
    ScriptPlayer() {
        left.sender = "LEFT";
        left.target = "RIGHT";
        right.sender = "RIGHT";
        right.target = "LEFT";
        right.listens = true;
        left.timeout_ns = right.timeout_ns = 2 * s_ns;
    }

    // Under one clock, which goes on by a millisecond a turn, until both are through.
    void play(const std::string& left_text, const std::string& right_text) {
        listening = std::make_unique<script_player>(parse_script("right", right_text), right);
        left.port = listening->port();
        connecting = std::make_unique<script_player>(parse_script("left", left_text), left);
        const std::int64_t end_ns = engine::monotonic_now_ns() + 20 * s_ns;
        script_state one = script_state::playing;
        script_state other = script_state::playing;
        while ((one == script_state::playing || other == script_state::playing) &&
               engine::monotonic_now_ns() < end_ns) {
            one = connecting->poll({now_ns, begin_ns + now_ns});
            other = listening->poll({now_ns, begin_ns + now_ns});
            now_ns += s_ns / 1000;
            ++turns;
        }
        EXPECT_TRUE(one != script_state::playing) << connecting->whereabouts();
        EXPECT_TRUE(other != script_state::playing) << listening->whereabouts();
    }
    void expect_passed() {
        EXPECT_EQ(connecting->failure(), "");
        EXPECT_EQ(listening->failure(), "");
    }

    script_options left;
    script_options right;
    std::unique_ptr<script_player> connecting;
    std::unique_ptr<script_player> listening;
    std::int64_t now_ns = 1;
    int turns = 0;
};

TEST_F(ScriptPlayer, PlaysBothSidesOfALogon) {
    const std::string both =
        "logon\n[connects] ping\n[listens] expect 35=1\n"
        "[listens] send 35=0|112=$112\n";
    play(both + "logout\n", both + "expect 35=5\nsend 35=5\ndisconnect\n");
    expect_passed();
    const std::vector<std::string> expected = {
        "connected",
        "> 8=FIX.4.4|9=60|35=A|34=1|49=LEFT|52=20260302-09:30:00|56=RIGHT|98=0|108=30|10=",
        "< 8=FIX.4.4|9=60|35=A|34=1|49=RIGHT|52=20260302-09:30:00|56=LEFT|98=0|108=30|10=",
        "> 8=FIX.4.4|9=58|35=1|34=2|49=LEFT|52=20260302-09:30:00|56=RIGHT|112=PING2|10=",
        "< 8=FIX.4.4|9=58|35=0|34=2|49=RIGHT|52=20260302-09:30:00|56=LEFT|112=PING2|10=",
        "> 8=FIX.4.4|9=48|35=5|34=3|49=LEFT|52=20260302-09:30:00|56=RIGHT|10=",
        "< 8=FIX.4.4|9=48|35=5|34=3|49=RIGHT|52=20260302-09:30:00|56=LEFT|10=",
        "closed by the peer"};
    const std::vector<std::string>& lines = connecting->transcript();
    ASSERT_EQ(lines.size(), expected.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        EXPECT_TRUE(lines[i].starts_with(expected[i])) << lines[i];
    }
}

TEST_F(ScriptPlayer, WritesByteByByteWhereItIsToldTo) {
    const std::string left_text = "logon\nlogout\n";
    const std::string right_text = "logon\nexpect 35=5\nsend 35=5\ndisconnect\n";
    play(left_text, right_text);
    const int whole_turns = turns;
    left.write_bytes_max = right.write_bytes_max = 1;
    play(left_text, right_text);
    expect_passed();
    EXPECT_GT(turns, whole_turns + 200);
}

TEST_F(ScriptPlayer, CountsNumbersAndSkipsThemWhereItIsToldTo) {
    play(
        "connect\nsend 35=0\ngap 2\nsend 35=0\nsend 35=0|34=1\nnext 20\nsend 35=0|58=$next+5\n"
        "send 35=0|!34\nexpect-disconnect\n",
        "connect\nexpect 35=0\nexpected 4\nexpect 35=0\nexpect 34=1\nexpected 20\n"
        "expect 35=0|58=25\nexpect 35=0|!34\ndisconnect\n");
    expect_passed();
}

TEST_F(ScriptPlayer, FillsInWhatItKnows) {
    right.variables["colour"] = "blue";
    left.variables["fields"] = "61=1|62=2";
    play(
        "connect\nsend 35=B|58=$now-3600|60=$begin|$fields\nexpect "
        "35=B|58=blue|60=20260302-08:30:00\n"
        "disconnect\n",
        "connect\nexpect 58=20260302-08:30:00|60=FIX.4.4|61=1|62=2\nsend 35=B|58=$colour|60=$58\n"
        "expect-disconnect\n");
    expect_passed();
}

TEST_F(ScriptPlayer, SwallowsWhatItIsToldTo) {
    play(
        "connect\nsend 35=0\nsend 35=1|112=a\nsend 35=0\nsend 35=5\nsend 35=0\nexpect-disconnect\n",
        "connect\ndrop 1\nexpect 35=1\ndrop until 35=5\nexpect 35=5\ndrop 1\ndisconnect\n");
    expect_passed();
}

TEST_F(ScriptPlayer, WaitsAsLongAsItSays) {
    play("connect\ndelay 4s\nsend 35=0|58=$now\nexpect-disconnect\n",
         "connect\nsilence 3s\nexpect 35=0|58=20260302-09:30:04\ndisconnect\n");
    expect_passed();
    EXPECT_GE(now_ns, 4 * s_ns);
}

TEST_F(ScriptPlayer, HoldsSeveralConnections) {
    play(
        "connect\nlink 2\nconnect\nsend 35=0|58=two\nexpect-disconnect\nlink 1\nsend 35=0|58=one\n"
        "expect-disconnect\n",
        "connect\nlink 2\nconnect\nexpect 35=0|58=two\ndisconnect\nlink 1\nexpect 35=0|58=one\n"
        "disconnect\n");
    expect_passed();
}

TEST_F(ScriptPlayer, AsksACallUntilItIsMet) {
    int asked = 0;
    right.calls["three"] = [&](const std::string& words) {
        return ++asked < 3 ? words + " not yet" : std::string();
    };
    play("connect\nexpect-disconnect\n", "connect\ncall three times\ndisconnect\n");
    expect_passed();
    EXPECT_EQ(asked, 3);
    right.calls["three"] = [](const std::string& words) { return words + " not yet"; };
    play("connect\nexpect-disconnect\n", "connect\ncall three times\ndisconnect\n");
    EXPECT_EQ(listening->failure(), "right:2: 'call three times': times not yet");
}

TEST_F(ScriptPlayer, SaysWhatWasExpectedAndWhatCame) {
    const auto failure = [&](const std::string& sent, const std::string& expected) {
        play("connect\n" + sent + "\nexpect-disconnect\n",
             "connect\n" + expected + "\ndisconnect\n");
        const std::string text = listening->failure();
        EXPECT_EQ(text.find("right:2: '" + expected + "': "), 0U) << text;
        return text.substr(text.find("': ") + 3, text.find("; came: ") - text.find("': ") - 3);
    };
    EXPECT_EQ(failure("send 35=0", "expect 35=1"), "35 is not 1");
    EXPECT_EQ(failure("send 35=0", "expect 35=0|112=*"), "112 is missing");
    EXPECT_EQ(failure("send 35=0|112=x", "expect 35=0|!112"), "112 is there");
    EXPECT_EQ(failure("send 35=0|58=high", "expect 58~low"), "58 does not contain 'low'");
    EXPECT_EQ(failure("send 35=B|58=a|58=b", "expect 58=a|58=c"), "58 is not c");
    EXPECT_EQ(failure("send 35=0|34=7", "expect 35=0"), "34 is not 1, the number that is due");
    EXPECT_EQ(failure("send 35=0|49=X", "expect 35=0"), "49 is not LEFT");
    EXPECT_EQ(failure("send 35=0|52=now", "expect 35=0"), "52 is no UTC timestamp");
    EXPECT_EQ(failure("send 35=0|8=FIX.4.2", "expect 35=0"), "8 is not FIX.4.4");
    EXPECT_EQ(failure("disconnect\nconnect\ndisconnect\nconnect", "expect 35=0"),
              "the connection was closed instead");
    EXPECT_EQ(failure("delay 9s", "expect 35=0"), "nothing came within 2000 ms");
    EXPECT_EQ(failure("delay 9s", "expect-disconnect"),
              "the connection was still there after 2000 ms");
    EXPECT_EQ(failure("send 35=0", "silence 5s").substr(0, 11), "this came: ");
    EXPECT_EQ(failure("send 35=0", "expect-disconnect").substr(0, 22), "a message came first: ");
    EXPECT_EQ(failure("send 35=0|10=000", "expect 35=0").substr(0, 37),
              "CheckSum (10) is not the sum of the b");
}

TEST_F(ScriptPlayer, FailsOverWhatCameAndNobodyWaitedFor) {
    play("connect\nsend 35=0\nsend 35=0\nexpect-disconnect\n", "connect\nexpect 35=0\ndelay 1s\n");
    EXPECT_EQ(listening->failure().find(
                  "right:3: 'delay 1s': nobody waited for what came behind it: 8=FIX.4.4|"),
              0U)
        << listening->failure();
}

TEST_F(ScriptPlayer, RefusesNamesThatNobodyKnows) {
    const auto refusal = [&](const std::string& text) {
        try {
            const script_player made(parse_script("s", text), left);
        } catch (const engine::config_error& problem) {
            return std::string(problem.what());
        }
        return std::string("not refused");
    };
    EXPECT_EQ(refusal("send 35=0|58=$colour\n"),
              "s:1: unknown variable $colour; it is set by --set or the options' variables");
    EXPECT_EQ(refusal("send 35=0|58=$length\n"),
              "s:1: unknown variable $length; it is set by --set or the options' variables");
    EXPECT_EQ(refusal("call order A1\n"),
              "s:1: nobody here answers 'call order': it is for a program that embeds the player");
    EXPECT_EQ(refusal("link 10\n"), "s:1: there are at most 9 links");
}

}  // namespace
}  // namespace millrace::tools
