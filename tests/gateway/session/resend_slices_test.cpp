#include "gateway/session/resend_slices.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "gateway/quickfix/data_fields.hpp"
#include "tests/gateway/quickfix/port_test_support.hpp"

namespace millrace::gateway {
namespace {

constexpr std::int64_t utc_ns = 1'772'357'400'250'000'000;  // 2026-03-01 09:30:00.250

class ResendSlices : public testing::Test {
protected:
    [[nodiscard]] bool begin(const std::string& range, std::uint32_t next_sender,
                             std::string_view version = "FIX.4.4") {
        const std::string copy = test::frame_of(
            "35=2|34=9|49=PEER|50=SUB|52=20260301-09:00:00|56=OURS|" + range, version);
        const screened_frame frame =
            screen_frame(copy.data(), copy.size(), data_field_table::standard(), {});
        EXPECT_TRUE(frame.is_passed());
        return slices.begin(frame, {next_sender}, 10);
    }
    // "7-16" of the next slice, whose frame must be whole.
    [[nodiscard]] std::string next(std::uint32_t count = 10) {
        const std::string& bytes = slices.next(slices.slice_end(count), utc_ns);
        const screened_frame frame =
            screen_frame(bytes.data(), bytes.size(), data_field_table::standard(), {});
        EXPECT_TRUE(frame.is_passed()) << to_text(frame.reason());
        return std::to_string(frame.facts().begin_seq_no) + "-" +
               std::to_string(frame.facts().end_seq_no);
    }

    resend_slices slices;
};

TEST_F(ResendSlices, LeavesAloneWhatFitsIntoOne) {
    EXPECT_FALSE(begin("7=1|16=10|", 100));
    EXPECT_FALSE(begin("7=91|16=0|", 101));
    EXPECT_FALSE(begin("7=95|16=2000|", 101));
    EXPECT_FALSE(slices.is_running());
}

TEST_F(ResendSlices, LeavesNonsenseToTheLibrary) {
    EXPECT_FALSE(begin("7=0|16=0|", 100));
    EXPECT_FALSE(begin("7=100|16=0|", 100));
    EXPECT_FALSE(begin("7=50|16=40|", 100));
    EXPECT_FALSE(slices.is_running());
}

TEST_F(ResendSlices, CutsARangeWithoutGapOrOverlap) {
    EXPECT_TRUE(begin("7=2|16=0|", 28));
    EXPECT_EQ(next(), "2-11");
    EXPECT_EQ(next(), "12-21");
    EXPECT_TRUE(slices.is_running());
    EXPECT_EQ(next(1), "22-22");
    EXPECT_EQ(next(), "23-27");
    EXPECT_FALSE(slices.is_running());
    EXPECT_TRUE(begin("7=1|16=11|", 28));
    EXPECT_EQ(next(), "1-10");
    EXPECT_EQ(next(), "11-11");
    EXPECT_FALSE(slices.is_running());
    EXPECT_TRUE(begin("7=1|16=2147483647|", 21));
    EXPECT_EQ(next(), "1-10");
    EXPECT_EQ(next(), "11-20");
    EXPECT_FALSE(slices.is_running());
}

TEST_F(ResendSlices, KnowsHowOldVersionsWriteEverything) {
    EXPECT_TRUE(begin("7=1|16=999999|", 2'000'000, "FIX.4.1"));
    EXPECT_EQ(next(3'000'000), "1-1999999");
    EXPECT_TRUE(begin("7=1|16=999999|", 2'000'000));
    EXPECT_EQ(next(3'000'000), "1-999999");
}

TEST_F(ResendSlices, ChangesOnlyTheRangeAndTheTime) {
    EXPECT_TRUE(begin("7=1|16=0|", 100));
    const std::string frame = slices.next(slices.slice_end(10), utc_ns);
    EXPECT_EQ(frame, test::frame_of("35=2|34=9|49=PEER|50=SUB|52=20260301-09:30:00.250|56=OURS|"
                                    "7=1|16=10|"));
}

TEST_F(ResendSlices, WidensTheRangeForARequestThatComesWhileOneIsAnswered) {
    EXPECT_TRUE(begin("7=20|16=60|", 100));
    EXPECT_EQ(next(), "20-29");
    EXPECT_TRUE(begin("7=95|16=95|", 100));  // small, but in its turn
    EXPECT_EQ(next(), "30-39");
    EXPECT_TRUE(begin("7=5|16=0|", 100));
    EXPECT_EQ(next(100), "5-99");
    EXPECT_FALSE(slices.is_running());
    EXPECT_TRUE(begin("7=1|16=0|", 100));
    slices.stop();
    EXPECT_FALSE(slices.is_running());
    EXPECT_FALSE(begin("7=1|16=3|", 100));  // nothing of the stopped one is left
}

}  // namespace
}  // namespace millrace::gateway
