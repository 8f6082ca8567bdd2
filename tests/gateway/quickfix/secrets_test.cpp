#include "gateway/quickfix/secrets.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "gateway/quickfix/screen.hpp"
#include "tests/gateway/quickfix/port_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::frame_of;
using test::with_pipes;
using test::with_soh;

std::string of_logon(const std::string& frame, const secret_tags& secrets = {}) {
    std::string copy(frame.size(), '?');
    secrets.copy_logon(copy.data(), frame.data(), frame.size());
    return copy;
}

std::string of_garbled(const std::string& frame, const secret_tags& secrets = {}) {
    std::string copy(frame.size(), '?');
    secrets.copy_garbled(copy.data(), frame.data(), frame.size());
    return copy;
}

std::string of_text(std::string text) {
    secret_tags().hide_in_text(text.data(), text.size());
    return text;
}

bool passes_screen(const std::string& frame) {
    return screen_frame(frame.data(), frame.size(), data_field_table::standard(), {}).is_passed();
}

TEST(SecretTags, HideEverySecretOfALogonAndKeepTheFrameValid) {
    const std::string whole = frame_of(
        "35=A|34=1|49=A|52=20260301-09:30:00|56=B|95=5|96=a|b=c|98=0|108=30|553=me|554=hunter2|"
        "925=hunter33|1401=4|1402=x|=y|1403=2|1404=zz|141=Y|");
    ASSERT_TRUE(passes_screen(whole));
    const std::string kept = of_logon(whole);
    EXPECT_EQ(with_pipes(kept).substr(0, kept.size() - 7),
              with_pipes(frame_of("35=A|34=1|49=A|52=20260301-09:30:00|56=B|95=5|96=*****|98=0|"
                                  "108=30|553=me|554=*******|925=********|1401=4|1402=****|"
                                  "1403=2|1404=**|141=Y|"))
                  .substr(0, kept.size() - 7));
    EXPECT_TRUE(passes_screen(kept));  // BodyLength and CheckSum are those of the copy
    EXPECT_EQ(of_logon(kept), kept);
}

TEST(SecretTags, LeaveALogonWithoutSecretsAsItIs) {
    for (const char* fields : {"35=A|34=1|49=A|56=B|98=0|108=30|", "35=A|34=1|58=not 554=a field|",
                               "35=A|554=|96=|34=1|", "35=A|355=554=x|34=1|"}) {
        EXPECT_EQ(with_pipes(of_logon(frame_of(fields))), with_pipes(frame_of(fields)));
    }
}

// 553 stands one below 554, as a length stands below its data.
TEST(SecretTags, TakeAUserNameForNoLength) {
    const std::string logon = frame_of("35=A|34=1|553=12|554=abc|98=0|108=30|58=all of this|");
    EXPECT_EQ(with_pipes(of_logon(logon)),
              with_pipes(frame_of("35=A|34=1|553=12|554=***|98=0|108=30|58=all of this|")));
    EXPECT_EQ(of_garbled(logon), of_logon(logon));
}

TEST(SecretTags, HideFurtherTagsThatAreNamed) {
    secret_tags secrets;
    secrets.add(5001);
    secrets.add(9901);
    EXPECT_EQ(of_logon(frame_of("35=A|34=1|5001=token|554=pw|9900=3|9901=a|b|9902=c|"), secrets),
              frame_of("35=A|34=1|5001=*****|554=**|9900=3|9901=***|9902=c|"));
    EXPECT_TRUE(secret_tags::may_add(5001));
    for (const std::uint32_t tag : {0U, 8U, 9U, 10U, 34U, 35U, 49U, 56U, 95U, 98U, 108U, 1401U}) {
        EXPECT_FALSE(secret_tags::may_add(tag)) << tag;
    }
}

TEST(SecretTags, HideWhatCouldBeASecretWhereNoMessageIs) {
    const std::pair<const char*, const char*> cases[] = {
        {"8=FIX.4.4|9=1|35=A|554=hunter2", "8=FIX.4.4|9=1|35=A|554=*******"},
        {"554=hunter2|x=1|98=0|", "554=***********|98=0|"},  // a separator in the password
        {"x554=hunter2|98=0|", "x554=*******|98=0|"},
        {"8=FIX.4.4;554=hunter2;98=0|10=1|", "8=FIX.4.4;554=************|10=1|"},
        {"00554=hunter2|10=1|", "00554=*******|10=1|"},
        {"-554=hunter2|10=1|", "-554=*******|10=1|"},
        {"1554=hunter2|5540=x|554|", "1554=hunter2|5540=x|554|"},
        {"554=554=x|925=a|", "554=*****|925=*|"},
        {"95=7|96=a|1=b|c|98=0|", "95=7|96=*******|98=0|"},
        {"95=700|96=a|1=b|", "95=700|96=*|1=b|"},  // no length this frame has
        {"95=7|97=a|1=b|c|", "95=7|97=a|1=b|c|"},
        {"95=7|96=a|554=hunter2|98=0|", "95=7|96=*************|98=0|"},  // ends within 554's
        {"554=", "554="},
        {"554", "554"},
        {"", ""}};
    for (const auto& [given, kept] : cases) {
        EXPECT_EQ(with_pipes(of_garbled(with_soh(given))), kept) << given;
    }
}

TEST(SecretTags, LeaveACheckSumAsRightOrAsWrongAsItWas) {
    const std::string good = frame_of("35=A|34=1|554=hunter2|98=0|");
    EXPECT_EQ(of_garbled(good), frame_of("35=A|34=1|554=*******|98=0|"));
    std::string bad = good;
    bad[bad.size() - 2] =
        bad[bad.size() - 2] == '9' ? '0' : static_cast<char>(bad[bad.size() - 2] + 1);
    const std::string kept = of_garbled(bad);
    EXPECT_EQ(kept.find("hunter2"), std::string::npos);
    EXPECT_FALSE(passes_screen(kept));
    std::string odd = frame_of("35=0|34=1|");
    odd.replace(odd.size() - 4, 3, "999");
    EXPECT_EQ(of_garbled(odd), odd);  // nothing was hidden
}

TEST(SecretTags, HideSecretsInALineOfText) {
    EXPECT_EQ(of_text("bad field 554=hunter2|98=0|925=x"), "bad field 554=*******|98=0|925=*");
    EXPECT_EQ(of_text("tag 554 is missing"), "tag 554 is missing");
    secret_tags own;
    own.add_value("hunter2");
    std::string text = "hunter2: no such password, hunter2";
    own.hide_in_text(text.data(), text.size());
    EXPECT_EQ(text, "*******: no such password, *******");
    own.add_value("a");
    text = "a word";
    own.hide_in_text(text.data(), text.size());
    EXPECT_EQ(text, "a word");
}

// Whoever reaches the port may send such frames.
TEST(SecretTags, PassOverAFrameOfNothingButTagsInOneGo) {
    std::string tags;
    std::string secrets;
    std::string lengths;
    while (tags.size() < 60'000) {
        tags += "1=";
        secrets += "554=";
        lengths +=
            "95=29000\x01"
            "96=\x01";
    }
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(of_garbled(tags), tags);
        EXPECT_EQ(of_garbled(secrets).find("554", 3), std::string::npos);
        EXPECT_EQ(of_garbled(lengths).find("96=", 12), lengths.rfind("96=")) << "all but the last";
    }
    // Each frame looked at from every one of its places would be seconds of work.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(SecretTags, AreHiddenWhereverRandomBytesPutThem) {
    std::mt19937_64 random(test::test_seed());
    const std::string pool = "0123456789=|A54";
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes;
        for (std::size_t size = random() % 64; size > 0; --size) {
            bytes += pool[random() % pool.size()];
        }
        bytes = with_soh(bytes);
        bytes.insert(random() % (bytes.size() + 1),
                     "\x01"
                     "554=hunter2\x01");
        const std::string kept = of_garbled(bytes);
        ASSERT_EQ(kept.size(), bytes.size());
        ASSERT_EQ(kept.find("hunter2"), std::string::npos) << with_pipes(bytes);
        ASSERT_EQ(of_logon(bytes).size(), bytes.size());
    }
}

}  // namespace
}  // namespace millrace::gateway
