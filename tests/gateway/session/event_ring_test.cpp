#include "gateway/session/event_ring.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace::gateway {
namespace {

std::vector<std::string> drained(event_ring& ring, std::size_t limit = 256) {
    std::vector<std::string> texts;
    ring.drain(
        [&](event_level level, engine::timestamp time, std::string_view text) {
            EXPECT_GT(time.ns, 0);
            texts.push_back(std::to_string(static_cast<int>(level)) + " " + std::string(text));
        },
        limit);
    return texts;
}

TEST(EventRing, HandsOverWhatWasSaidInOrder) {
    event_ring ring;
    ring.say(event_level::info, "SESSION", "logged on");
    ring.say(event_level::error, "", "");
    EXPECT_EQ(drained(ring, 1), std::vector<std::string>{"1 SESSION: logged on"});
    EXPECT_EQ(drained(ring), std::vector<std::string>{"3 : "});
    EXPECT_TRUE(drained(ring).empty());
    EXPECT_EQ(ring.dropped.value(), 0U);
}

TEST(EventRing, LetsNoTextMoveATerminalOrBeginALine) {
    event_ring ring;
    ring.say(event_level::info, "A\nB", "58=\x1b[2J\r\x7f\x01 \xc3\xa9");
    EXPECT_EQ(drained(ring), std::vector<std::string>{"1 A.B: 58=.[2J... \xc3\xa9"});
}

TEST(EventRing, CutsLongTexts) {
    event_ring ring;
    ring.say(event_level::warning, std::string(9000, 's'), std::string(9000, 't'));
    const std::vector<std::string> texts = drained(ring);
    ASSERT_EQ(texts.size(), 1U);
    EXPECT_EQ(texts[0], "2 " + std::string(event_ring::text_bytes_max / 2, 's') + ": " +
                            std::string(event_ring::text_bytes_max / 2, 't'));
}

TEST(EventRing, DropsAndCountsWhatDoesNotFit) {
    event_ring ring;
    const std::string text(400, 'x');
    std::uint64_t said = 0;
    while (ring.dropped.value() < 3) {
        ASSERT_LT(++said, event_ring::capacity_bytes / text.size() + 4);
        ring.say(event_level::info, "S", text);
    }
    EXPECT_EQ(drained(ring, 1000).size(), said - 3);
    ring.say(event_level::info, "S", "room again");
    EXPECT_EQ(drained(ring), std::vector<std::string>{"1 S: room again"});
}

}  // namespace
}  // namespace millrace::gateway
