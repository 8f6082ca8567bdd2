#include "gateway/transport/framer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "tests/gateway/transport/transport_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::frame_of;
using test::heartbeat;

// One receive: what fits of the bytes goes in, and is removed from them.
void put(framer& into, std::string_view& bytes, std::size_t size_max) {
    const std::span<char> room = into.writable();
    ASSERT_FALSE(room.empty());
    const std::size_t size = std::min({room.size(), bytes.size(), size_max});
    std::memcpy(room.data(), bytes.data(), size);
    into.commit(size);
    bytes.remove_prefix(size);
}

void put(framer& into, std::string_view bytes) {
    put(into, bytes, bytes.size());
    ASSERT_TRUE(bytes.empty());
}

// Feeds in pieces and takes every frame as it comes.
std::vector<std::string> frames_of(framer& into, std::string_view bytes, std::size_t piece_bytes) {
    std::vector<std::string> frames;
    while (!bytes.empty() && !testing::Test::HasFatalFailure()) {
        put(into, bytes, piece_bytes);
        std::string_view frame;
        while (into.next(frame) == frame_status::frame) {
            frames.emplace_back(frame);
        }
    }
    return frames;
}

std::string soh(std::string text) {
    std::replace(text.begin(), text.end(), '|', '\x01');
    return text;
}

TEST(Framer, DeliversTheSameFramesWhateverThePieces) {
    std::string stream;
    std::vector<std::string> expected;
    for (int number = 1; number <= 20; ++number) {
        expected.push_back(frame_of("35=D|34=" + std::to_string(number) + "|58=" +
                                    std::string(static_cast<std::size_t>(number * 7), 'x') + "|"));
        stream += expected.back();
    }
    for (const std::size_t piece_bytes : {std::size_t{1}, std::size_t{2}, std::size_t{3},
                                          std::size_t{7}, std::size_t{100}, stream.size()}) {
        framer framing{framer_options{}};
        EXPECT_EQ(frames_of(framing, stream, piece_bytes), expected) << piece_bytes;
        EXPECT_EQ(framing.skipped_bytes(), 0U);
        EXPECT_EQ(framing.resynchronised(), 0U);
        EXPECT_EQ(framing.buffered_bytes(), 0U);
    }
}

TEST(Framer, IgnoresATrailerInsideTheBody) {
    const std::string frame = frame_of("35=B|34=1|95=9|96=x|10=000|y|");
    framer framing{framer_options{}};
    EXPECT_EQ(frames_of(framing, frame + heartbeat(2), 1),
              (std::vector<std::string>{frame, heartbeat(2)}));
}

TEST(Framer, SkipsWhatStandsBeforeAStart) {
    framer framing{framer_options{}};
    EXPECT_EQ(frames_of(framing, "GET / HTTP/1.1\r\n8=FI8=FI" + heartbeat(1), 1),
              std::vector<std::string>{heartbeat(1)});
    EXPECT_EQ(framing.skipped_bytes(), 24U);
}

TEST(Framer, DeliversAFrameWithAShortLengthWhole) {
    const std::string lie = soh("8=FIX.4.4|9=30|35=D|34=2|49=TW|56=ISLD|11=ID|21=3|40=1|10=123|");
    for (const std::size_t piece_bytes : {std::size_t{1}, std::size_t{1000}}) {
        framer framing{framer_options{}};
        EXPECT_EQ(frames_of(framing, lie + heartbeat(3), piece_bytes),
                  (std::vector<std::string>{lie, heartbeat(3)}));
        EXPECT_EQ(framing.resynchronised(), 1U);
    }
}

TEST(Framer, LosesNoFrameBehindOneWithALongLength) {
    const std::string lie = soh("8=FIX.4.4|9=60|35=D|34=2|49=TW|56=ISLD|11=ID|10=123|");
    for (const std::size_t piece_bytes : {std::size_t{1}, std::size_t{1000}}) {
        framer framing{framer_options{}};
        EXPECT_EQ(frames_of(framing, lie + heartbeat(3) + heartbeat(4), piece_bytes),
                  (std::vector<std::string>{lie, heartbeat(3), heartbeat(4)}));
    }
}

TEST(Framer, NeverDeliversAFrameTwiceAfterABadLength) {
    for (const char* length : {"", "-1", "x", "1x", "99999999999", "4294967297", "000000000000"}) {
        const std::string lie = soh(std::string("8=FIX.4.4|9=") + length + "|35=0|34=2|10=123|");
        framer framing{framer_options{}};
        EXPECT_EQ(frames_of(framing, heartbeat(1) + lie + heartbeat(3), 5),
                  (std::vector<std::string>{heartbeat(1), lie, heartbeat(3)}))
            << length;
    }
}

TEST(Framer, DeliversMisplacedOpeningFieldsForTheScreenToRefuse) {
    const std::string swapped = soh("8=FIX.4.4|35=0|9=20|34=2|49=A|56=B|10=123|");
    framer framing{framer_options{}};
    EXPECT_EQ(frames_of(framing, swapped + heartbeat(2), 1),
              (std::vector<std::string>{swapped, heartbeat(2)}));
}

TEST(Framer, RefusesALengthBeyondItsLimitAtOnce) {
    framer framing{framer_options{.body_bytes_max = 100}};
    put(framing, soh("8=FIX.4.4|9=101|35=0|"));
    std::string_view frame;
    EXPECT_EQ(framing.next(frame), frame_status::too_long);
}

TEST(Framer, TakesALengthAtItsLimit) {
    const std::string body = "35=B|58=" + std::string(91, 'x') + "|";
    ASSERT_EQ(body.size(), 100U);
    framer framing{framer_options{.body_bytes_max = 100}};
    EXPECT_EQ(frames_of(framing, frame_of(body), 1), std::vector<std::string>{frame_of(body)});
}

TEST(Framer, GivesUpWhenNoTrailerComesWithinAFrame) {
    framer framing{framer_options{.body_bytes_max = 1000}};
    std::string_view frame;
    frame_status status = frame_status::incomplete;
    put(framing, soh("8=FIX.4.4|9=5|35=0|34=1|"));
    for (int i = 0; i < 2000 && status == frame_status::incomplete; ++i) {
        put(framing, "y");
        status = framing.next(frame);
    }
    EXPECT_EQ(status, frame_status::too_long);
    EXPECT_LE(framing.buffered_bytes(), framing.frame_bytes_max());
}

TEST(Framer, DoesNotTakeAnEndlessBeginStringForIncomplete) {
    framer framing{framer_options{.body_bytes_max = 100}};
    put(framing, "8=FIX" + std::string(200, '4'));
    std::string_view frame;
    EXPECT_EQ(framing.next(frame), frame_status::too_long);
}

TEST(Framer, GoesRoundItsBufferManyTimes) {
    framer framing{framer_options{.body_bytes_max = 200, .buffer_bytes = 1}};
    std::string stream;
    std::vector<std::string> expected;
    for (int number = 1; number <= 500; ++number) {
        expected.push_back(
            frame_of("35=0|34=" + std::to_string(number) +
                     "|58=" + std::string(static_cast<std::size_t>(number % 150), 'z') + "|"));
        stream += expected.back();
    }
    for (const std::size_t piece_bytes : {std::size_t{1}, std::size_t{13}, std::size_t{190}}) {
        EXPECT_EQ(frames_of(framing, stream, piece_bytes), expected) << piece_bytes;
    }
}

TEST(Framer, ReadsADoubtfulTrailerOnceItIsComplete) {
    const std::string good = heartbeat(1);
    std::string bad = good;
    bad[bad.size() - 2] = 'x';  // 10=12x
    framer framing{framer_options{}};
    EXPECT_EQ(frames_of(framing, bad + good, 1), (std::vector<std::string>{bad, good}));
}

TEST(Framer, SwapsWithItsBufferedBytes) {
    framer one{framer_options{}};
    framer other{framer_options{}};
    const std::string frame = heartbeat(1);
    put(one, frame.substr(0, 10));
    one.swap(other);
    EXPECT_EQ(one.buffered_bytes(), 0U);
    EXPECT_EQ(frames_of(other, frame.substr(10), 100), std::vector<std::string>{frame});
}

TEST(Framer, KnowsTlsByWhatItSkipsFirst) {
    for (const auto& [bytes, is_tls] :
         {std::pair<std::string, bool>{"\x16\x03\x01", true}, {"\x15", true}, {"x\x16", false}}) {
        framer cutter{framer_options{}};
        put(cutter, bytes);
        std::string_view frame;
        EXPECT_EQ(cutter.next(frame), frame_status::incomplete);
        EXPECT_EQ(cutter.is_tls(), is_tls);
        put(cutter, heartbeat(1));
        EXPECT_EQ(cutter.next(frame), frame_status::frame) << "as any other stream";
        cutter.clear();
        EXPECT_FALSE(cutter.is_tls());
    }
}

}  // namespace
}  // namespace millrace::gateway
