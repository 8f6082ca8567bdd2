#include "engine/core/types.hpp"

#include <gtest/gtest.h>

#include <climits>

namespace millrace::engine::test {

namespace {

std::int64_t parsed(const std::string& text) {
    timestamp time;
    EXPECT_TRUE(parse(text, time)) << text;
    return time.ns;
}

}  // namespace

TEST(Timestamp, IsWrittenWithNineDecimalsAndZ) {
    EXPECT_EQ(to_string(timestamp{0}), "1970-01-01T00:00:00.000000000Z");
    EXPECT_EQ(to_string(timestamp{1'772'357'400'000'000'001}), "2026-03-01T09:30:00.000000001Z");
    EXPECT_EQ(to_string(timestamp{-1}), "1969-12-31T23:59:59.999999999Z");
    EXPECT_EQ(to_string(timestamp{INT64_MAX}), "2262-04-11T23:47:16.854775807Z");
    EXPECT_EQ(to_string(timestamp{INT64_MIN}), "1677-09-21T00:12:43.145224192Z");
}

TEST(Timestamp, ParsesWhatItWrites) {
    for (const std::int64_t ns : {std::int64_t{0}, std::int64_t{1}, std::int64_t{999'999'999},
                                  std::int64_t{1'772'357'400'123'456'789}, std::int64_t{-1},
                                  INT64_MIN, INT64_MIN + 1, INT64_MIN / 2, INT64_MAX}) {
        EXPECT_EQ(parsed(to_string(timestamp{ns})), ns);
    }
}

TEST(Timestamp, ParsesZeroToNineDecimalsASpaceForTAndNoZ) {
    const std::int64_t whole = 1'772'357'400'000'000'000;
    EXPECT_EQ(parsed("2026-03-01T09:30:00Z"), whole);
    EXPECT_EQ(parsed("2026-03-01 09:30:00"), whole);
    EXPECT_EQ(parsed("2026-03-01T09:30:00.5Z"), whole + 500'000'000);
    EXPECT_EQ(parsed("2026-03-01T09:30:00.000001Z"), whole + 1'000);
    EXPECT_EQ(parsed("2024-02-29T00:00:00"), 1'709'164'800'000'000'000);
}

TEST(Timestamp, ParsesPlainNanoseconds) {
    EXPECT_EQ(parsed("0"), 0);
    EXPECT_EQ(parsed("-5"), -5);
    EXPECT_EQ(parsed("9223372036854775807"), INT64_MAX);
}

TEST(Timestamp, RefusesWhatIsNoTimeAndLeavesTheValueAlone) {
    for (const char* text : {"",
                             "x",
                             "12x",
                             "9223372036854775808",
                             "2026-03-01",
                             "2026-03-01T09:30",
                             "2026-03-01T09:30:00.",
                             "2026-03-01T09:30:00.1234567890",
                             "2026-03-01T09:30:00.12x",
                             "2026-02-29T00:00:00",
                             "2026-13-01T00:00:00",
                             "2026-00-10T00:00:00",
                             "2026-04-31T00:00:00",
                             "2026-03-01T24:00:00",
                             "2026-03-01T09:60:00",
                             "2026-03-01T09:30:60",
                             "2026-03-01T09:-0:00",
                             "2026-03-01T+9:30:00",
                             "2026/03/01T09:30:00",
                             "2026-03-01x09:30:00",
                             "2026-03-01T09:30:00 Z",
                             "9999-01-01T00:00:00",
                             "2262-04-11T23:47:16.854775808",
                             "2262-04-11T23:47:17",
                             "1677-09-21T00:12:43.145224191",
                             "1677-09-21T00:12:43",
                             "1600-01-01T00:00:00",
                             " 026-03-01T09:30:00"}) {
        timestamp time{42};
        EXPECT_FALSE(parse(text, time)) << text;
        EXPECT_EQ(time.ns, 42) << text;
    }
}

TEST(LogUuid, IsParsedAsItIsWritten) {
    const log_uuid uuid = random_log_uuid();
    const std::string text = to_string(uuid);
    ASSERT_EQ(text.size(), 36u);
    EXPECT_EQ(text[14], '4') << "version 4";
    log_uuid again;
    ASSERT_TRUE(parse(text, again));
    EXPECT_EQ(again, uuid);
    EXPECT_FALSE(again.is_none());
    EXPECT_NE(random_log_uuid(), uuid);
}

TEST(LogUuid, RefusesAnythingElse) {
    const std::string good = "00112233-4455-6677-8899-aabbccddeeff";
    log_uuid uuid;
    ASSERT_TRUE(parse(good, uuid));
    const log_uuid before = uuid;
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = 'g';
        EXPECT_FALSE(parse(bad, uuid)) << bad;
    }
    EXPECT_FALSE(parse(good + "0", uuid));
    EXPECT_FALSE(parse(good.substr(1), uuid));
    EXPECT_EQ(uuid, before);
}

TEST(Sequence, IsNoneAtZeroAndCountsByOne) {
    EXPECT_TRUE(sequence{}.is_none());
    EXPECT_EQ(sequence{}.next().value, 1u);
    EXPECT_LT((sequence{1}), (sequence{2}));
}

}  // namespace millrace::engine::test
