#include "tools/fix/message_source.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "engine/core/error.hpp"
#include "tests/tools/fix/fix_file.hpp"
#include "tests/xlator/fix_text.hpp"

namespace millrace::tools {
namespace {

using tests::frame_of;
using tests::with_bars;

std::vector<fix_message> read_all(const std::string& text) {
    const tests::fix_file file(text);
    fix_message_source source(file.path());
    std::vector<fix_message> all;
    for (fix_message message; source.next(message);) {
        all.push_back(message);
    }
    return all;
}

std::string replaced(std::string text, char from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, 1, to);
    }
    return text;
}

const std::string order = frame_of("35=D|34=7|49=ME|52=20260302-09:30:00|56=YOU|11=A1|58=8=FIX|");
const std::string beat = frame_of("35=0|34=8|49=ME|52=20260302-09:30:01|56=YOU|");

TEST(FixMessageSource, FindsMessagesWhateverSeparatesTheirFields) {
    for (const std::string between : {"\x01", "|", "^", "^A"}) {
        const std::string text =
            "noise\n20260302-09:30:00.1 : " + replaced(order, '\x01', between) +
            "\nmore 58=FIX noise\n" + replaced(beat, '\x01', between) + "\n";
        const auto all = read_all(text);
        ASSERT_EQ(all.size(), 2U) << between;
        EXPECT_EQ(with_bars(all[0].bytes), with_bars(order));
        EXPECT_EQ(with_bars(all[1].bytes), with_bars(beat));
        EXPECT_EQ(all[0].prefix, "20260302-09:30:00.1");
        EXPECT_EQ(all[1].prefix, "");
        EXPECT_EQ(all[0].line, 2U);
        EXPECT_EQ(all[1].line, 4U);
        EXPECT_EQ(text.compare(all[0].offset, 5, "8=FIX"), 0);
        EXPECT_EQ(text.compare(all[1].offset, 5, "8=FIX"), 0);
        EXPECT_TRUE(all[0].is_whole && all[1].is_whole);
    }
}

TEST(FixMessageSource, KeepsTheBeginningOfALineAndLooksAtWhatStandsRightBeforeAMessage) {
    const std::string time = "7 2026-03-02T09:30:00.1Z insert";
    const auto all =
        read_all(time + std::string(300, ' ') + "WIRE=" + with_bars(order) + "\n" +
                 std::string(60, 'x') + "5" + with_bars(beat) + "\n" + with_bars(beat) + "\n");
    ASSERT_EQ(all.size(), 2U) << "58=FIX is another field, wherever it stands";
    EXPECT_EQ(all[0].prefix, time);
    EXPECT_EQ(all[1].line, 3U);
}

TEST(FixMessageSource, TakesMessagesThatFollowEachOtherWithoutALineEnd) {
    const auto all = read_all(order + beat + order);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[1].offset, order.size());
    EXPECT_EQ(all[2].bytes, order);
}

TEST(FixMessageSource, LetsTheLengthDecideWhereDataHoldDelimiters) {
    const std::string data =
        "\x01"
        "10=123"
        "\x01"
        "8=FIX.4.4"
        "\x01"
        "9=1"
        "\x01"
        "\n";
    const std::string frame = tests::seal(
        tests::with_soh("35=B|95=" + std::to_string(data.size()) + "|96=") + data + "\x01");
    const auto all = read_all("a\n" + frame + beat);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].bytes, frame);
    EXPECT_EQ(all[1].line, 3U);
}

TEST(FixMessageSource, EndsAMessageWhoseLengthLiesAtItsTrailer) {
    std::string shorter = order;
    shorter.replace(shorter.find("9=") + 2, 2, "12");
    std::string longer = order;
    longer.replace(longer.find("9=") + 2, 2, "999999");
    const auto all = read_all(shorter + longer + beat);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].bytes, shorter);
    EXPECT_EQ(all[1].bytes, longer);
    EXPECT_EQ(all[2].bytes, beat);
}

TEST(FixMessageSource, HandsOutWhatWasCutShortAndSaysSo) {
    const std::string cut = with_bars(order).substr(0, 40);
    const auto all = read_all(cut + "\n" + with_bars(beat) + "\n" + cut);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_FALSE(all[0].is_whole);
    EXPECT_EQ(with_bars(all[0].bytes), cut);
    EXPECT_TRUE(all[1].is_whole);
    EXPECT_FALSE(all[2].is_whole);
    const auto raw = read_all(order.substr(0, 40) + "\x01" + beat);
    ASSERT_EQ(raw.size(), 2U) << "the next message ends it";
    EXPECT_FALSE(raw[0].is_whole);
    EXPECT_EQ(raw[1].bytes, beat);
    // As QuickFIX's logs have it, a time stamp before each.
    const auto logged = read_all("09:30 : " + order.substr(0, 40) + "\n09:31 : " + beat + "\n");
    ASSERT_EQ(logged.size(), 2U);
    EXPECT_FALSE(logged[0].is_whole);
    EXPECT_EQ(logged[0].bytes, order.substr(0, 40));
    EXPECT_EQ(logged[1].bytes, beat);
    EXPECT_EQ(logged[1].prefix, "09:31");
}

TEST(FixMessageSource, LeavesABarWithinATextAlone) {
    const std::string frame = frame_of("35=0|58=a");
    std::string text = with_bars(tests::seal(tests::with_soh("35=0|58=a") + "|b" + "\x01"));
    const auto all = read_all(text + "\n");
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].bytes, tests::seal(tests::with_soh("35=0|58=a") + "|b" + "\x01"));
}

TEST(FixMessageSource, TakesALastSeparatorThatALineEndStandsFor) {
    std::string text = with_bars(beat);
    text.pop_back();
    for (const char* const end : {"\n", "\r\n", ""}) {
        const auto all = read_all(text + end);
        ASSERT_EQ(all.size(), 1U);
        EXPECT_TRUE(all[0].is_whole);
        EXPECT_EQ(all[0].bytes, beat);
    }
}

// Whatever the chunks of the input cut, and however large it is.
TEST(FixMessageSource, ReadsALargeFileInOrder) {
    std::string text;
    std::vector<std::uint64_t> offsets;
    for (int number = 0; text.size() < (std::size_t{3} << 20); ++number) {
        text += "line " + std::string(static_cast<std::size_t>(number % 97), 'x') + " ";
        offsets.push_back(text.size());
        text += number % 3 == 0 ? with_bars(order) : order;
        text += "\n";
    }
    const auto all = read_all(text);
    ASSERT_EQ(all.size(), offsets.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_EQ(all[i].offset, offsets[i]);
        ASSERT_EQ(all[i].bytes, order);
        ASSERT_EQ(all[i].line, i + 1);
    }
}

// No message is larger than the limit, none is handed out twice, and it comes to an end.
TEST(FixMessageSource, GoesThroughAnyBytesOnce) {
    std::mt19937_64 random(20260302);
    for (int round = 0; round < 400; ++round) {
        std::string text;
        for (int part = 0; part < 12; ++part) {
            std::string piece = part % 2 == 0 ? order : with_bars(beat);
            for (int change = 0; change < static_cast<int>(random() % 4); ++change) {
                const std::size_t at = random() % piece.size();
                switch (random() % 3) {
                    case 0:
                        piece[at] = static_cast<char>(random());
                        break;
                    case 1:
                        piece.erase(at, random() % 9);
                        break;
                    default:
                        piece.insert(at, 1, "|^\x01\n8=1"[random() % 7]);
                        break;
                }
                if (piece.empty()) {
                    break;
                }
            }
            text += piece;
        }
        std::uint64_t behind = 0;
        for (const fix_message& message : read_all(text)) {
            ASSERT_GE(message.offset, behind);
            ASSERT_EQ(text.compare(message.offset, 5, "8=FIX"), 0);
            ASSERT_LE(message.bytes.size(), fix_message_bytes_max + 1);
            behind = message.offset + 5;
        }
    }
}

TEST(FixMessageSource, SaysWhichFileIsNotThere) {
    EXPECT_THROW(fix_message_source("/nowhere/at/all"), engine::io_error);
}

}  // namespace
}  // namespace millrace::tools
