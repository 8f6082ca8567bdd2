#include "xlator/fix/frame.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "tests/xlator/fix_text.hpp"

namespace millrace::xlator {
namespace {

using tests::frame_of;
using tests::with_soh;

const std::string heartbeat = frame_of("35=0|34=2|49=A|52=20240101-10:00:00|56=B|");

TEST(Frame, WritesHeaderInQuickFixOrderWithRightLengthAndCheckSum) {
    std::array<char, 256> out{};
    const std::string body = with_soh("112=T1|");
    const encode_result result = frame(
        out, {"FIX.4.4", "1", 42, "ME", {1'700'000'000'123'000'000}, "YOU"}, body, byte_sum(body));
    ASSERT_TRUE(result.is_ok());
    EXPECT_EQ(std::string(out.data(), result.size),
              frame_of("35=1|34=42|49=ME|52=20231114-22:13:20.123|56=YOU|112=T1|"));
    const scan_result scanned = scan_frame({out.data(), result.size});
    EXPECT_EQ(scanned.status, scan_status::frame);
    EXPECT_EQ(scanned.size, result.size);
}

TEST(Frame, RefusesHeaderTextThatIsNone) {
    std::array<char, 256> out{};
    EXPECT_EQ(frame(out, {"FIX.4.4", "1", 42, "", {}, "YOU"}, "", 0).tag, 49);
    EXPECT_EQ(frame(out, {"FIX.4.4", "1", 42, "ME", {}, "Y\x01"}, "", 0).tag, 56);
    EXPECT_EQ(frame(out, {"FIX.4.4", "1", 0, "ME", {}, "YOU"}, "", 0).tag, 34);
    EXPECT_EQ(frame(out, {"FIX.4.4", "", 1, "ME", {}, "YOU"}, "", 0).tag, 35);
    std::array<char, 64> small{};
    EXPECT_EQ(frame(small, {"FIX.4.4", "1", 1, "ME", {}, "YOU"}, "", 0).status,
              encode_status::overflow);
}

TEST(FrameScanner, FindsAFrameInFrontOfTheNext) {
    const scan_result result = scan_frame(heartbeat + heartbeat);
    EXPECT_EQ(result.status, scan_status::frame);
    EXPECT_EQ(result.size, heartbeat.size());
}

TEST(FrameScanner, EveryBeginningOfAFrameIsIncomplete) {
    for (std::size_t size = 0; size < heartbeat.size(); ++size) {
        // A heap block of just this size lets the address sanitizer see a byte too many.
        const auto bytes = std::make_unique<char[]>(size);
        std::memcpy(bytes.get(), heartbeat.data(), size);
        EXPECT_EQ(scan_frame({bytes.get(), size}).status, scan_status::incomplete) << size;
    }
}

TEST(FrameScanner, EveryChangedByteOfAFrameIsNoticed) {
    for (std::size_t at = 0; at < heartbeat.size(); ++at) {
        std::string bytes = heartbeat;
        bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
        const scan_result result = scan_frame(bytes);
        // A changed length may promise more than is there.
        EXPECT_NE(result.status, scan_status::frame) << at;
        EXPECT_LE(result.size, bytes.size());
    }
}

struct garbled_case {
    const char* text;
    garble_reason reason;
};

TEST(FrameScanner, SaysWhyBytesAreGarbled) {
    const garbled_case cases[] = {
        {"x8=FIX.4.4|9=5|35=0|", garble_reason::no_begin_string},
        {"8=FIXABCDEFGHIJKLMNOPQRSTUVW|9=5|", garble_reason::bad_begin_string},
        {"8=FIX.4.4|35=0|9=5|", garble_reason::bad_body_length},
        {"8=FIX.4.4|9=x|35=0|", garble_reason::bad_body_length},
        {"8=FIX.4.4|9=-5|35=0|", garble_reason::bad_body_length},
        {"8=FIX.4.4|9=|35=0|", garble_reason::bad_body_length},
        {"8=FIX.4.4|9=4294967296|35=0|", garble_reason::bad_body_length},
        {"8=FIX.4.4|9=99999999999999999999|35=0|", garble_reason::bad_body_length},
        {"8=FIX.4.4|9=70000|35=0|", garble_reason::bad_body_length},
        {"8=FIX.4.4|9=5|34=0|10=000|", garble_reason::no_msg_type},
        {"8=FIX.4.4|9=4|35=0|10=000|", garble_reason::bad_trailer},
        {"8=FIX.4.4|9=5|35=0|11=000|", garble_reason::bad_trailer},
        {"8=FIX.4.4|9=5|35=0|10=0000", garble_reason::bad_trailer},
        {"8=FIX.4.4|9=5|35=0|10=000|", garble_reason::bad_check_sum},
        {"8=FIX.4.4|9=5|35=0|10=1x3|", garble_reason::bad_check_sum},
    };
    for (const garbled_case& each : cases) {
        const scan_result result = scan_frame(with_soh(each.text));
        EXPECT_EQ(result.status, scan_status::garbled) << each.text;
        EXPECT_EQ(result.reason, each.reason) << each.text;
        EXPECT_GT(result.size, 0U);
    }
}

TEST(FrameScanner, ALengthThatLiesDoesNotSwallowTheNextMessage) {
    for (const char* length : {"9=3|", "9=40|", "9=60|"}) {
        std::string bytes = with_soh(std::string("8=FIX.4.4|") + length + "35=0|34=1|10=123|");
        const std::size_t lying = bytes.size();
        bytes += heartbeat;
        std::size_t skipped = 0;
        scan_result result = scan_frame(bytes);
        while (result.status == scan_status::garbled) {
            skipped += result.size;
            result = scan_frame(std::string_view(bytes).substr(skipped));
        }
        EXPECT_EQ(result.status, scan_status::frame) << length;
        EXPECT_EQ(skipped, lying);
    }
}

TEST(FrameScanner, SkipsJunkUpToTheNextFrameAndKeepsItsBeginning) {
    const std::string junk = with_soh("garbage|108=30|88=F|");
    EXPECT_EQ(scan_frame(junk + heartbeat).size, junk.size());
    for (std::size_t kept = 1; kept < 5; ++kept) {
        EXPECT_EQ(scan_frame(junk + heartbeat.substr(0, kept)).size, junk.size()) << kept;
    }
}

TEST(FrameScanner, FindsAllFramesBetweenRandomJunk) {
    std::mt19937_64 random{tests::test_seed(5)};
    for (int round = 0; round < 500; ++round) {
        std::string bytes;
        int frames = 0;
        for (int i = 0; i < 8; ++i) {
            if (random() % 2 == 0) {
                for (std::size_t n = random() % 40; n != 0; --n) {
                    bytes += "089=FIX\x01.x1"[random() % 11];
                }
                bytes += '\x01';
            }
            bytes += heartbeat;
            ++frames;
        }
        std::string_view left = bytes;
        int found = 0;
        while (!left.empty()) {
            const scan_result result = scan_frame(left);
            ASSERT_NE(result.status, scan_status::incomplete);
            found += result.status == scan_status::frame ? 1 : 0;
            ASSERT_GT(result.size, 0U);
            ASSERT_LE(result.size, left.size());
            left.remove_prefix(result.size);
        }
        ASSERT_EQ(found, frames);
    }
}

}  // namespace
}  // namespace millrace::xlator
