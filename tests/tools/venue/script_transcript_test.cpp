#include "tools/venue/script_transcript.hpp"

#include <gtest/gtest.h>

namespace millrace::tools {
namespace {

TEST(ScriptTranscript, MasksWhatDiffersFromRunToRun) {
    EXPECT_EQ(masked_transcript(
                  {"connected", "> 8=FIX.4.4|9=62|35=A|34=1|52=20260302-09:30:00.123|109=9|10=001|",
                   "2 < 8=FIX.4.4|9=7|35=0|122=20260302-09:30:00|58=10=3|10=255|"}),
              "connected\n> 8=FIX.4.4|9=*|35=A|34=1|52=*|109=9|10=*|\n"
              "2 < 8=FIX.4.4|9=*|35=0|122=*|58=10=3|10=*|\n");
}

TEST(ScriptTranscript, NamesTheFirstLineThatDiffers) {
    EXPECT_EQ(first_difference("a\nb\n", "a\nb\n"), "");
    EXPECT_EQ(first_difference("a\nb\n", "a\nc\n"), "line 2: the golden log has b, but this was c");
    EXPECT_EQ(first_difference("a\nb\n", "a\n"),
              "line 2: the golden log has b, but this was (its end)");
    EXPECT_EQ(first_difference("", "a\n"), "line 1: the golden log has (its end), but this was a");
}

}  // namespace
}  // namespace millrace::tools
