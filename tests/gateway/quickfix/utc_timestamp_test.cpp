#include "gateway/quickfix/utc_timestamp.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string_view>

namespace millrace::gateway {
namespace {

std::int64_t parsed(std::string_view text) {
    std::int64_t ns = -1;
    return parse_utc_timestamp(text.data(), text.size(), ns) ? ns : -1;
}

TEST(UtcTimestamp, ReadsSecondsAndDecimals) {
    EXPECT_EQ(parsed("19700101-00:00:00"), 0);
    EXPECT_EQ(parsed("20260301-09:30:00"), 1772357400LL * 1000000000);
    EXPECT_EQ(parsed("20260301-09:30:00.5"), 1772357400500000000LL);
    EXPECT_EQ(parsed("20260301-09:30:00.123"), 1772357400123000000LL);
    EXPECT_EQ(parsed("20260301-09:30:00.123456789"), 1772357400123456789LL);
    EXPECT_EQ(parsed("20240229-23:59:59"), 1709251199LL * 1000000000);
    EXPECT_EQ(parsed("20240301-00:00:00"), 1709251200LL * 1000000000);
    EXPECT_EQ(parsed("20161231-23:59:60"), 1483228800LL * 1000000000);  // a leap second
}

TEST(UtcTimestamp, RefusesEverythingElse) {
    for (const char* text :
         {"", "20260301", "20260301-09:30", "20260301 09:30:00", "20261301-09:30:00",
          "20260001-09:30:00", "20260332-09:30:00", "20260300-09:30:00", "20260301-24:30:00",
          "20260301-09:60:00", "20260301-09:30:61", "2026030x-09:30:00", "20260301-09:30:00.",
          "20260301-09:30:00.x", "20260301-09:30:00.1234567890", "99990301-09:30:00",
          "20260301-09:30:00Z", "19691231-23:59:59"}) {
        EXPECT_EQ(parsed(text), -1) << text;
    }
}

}  // namespace
}  // namespace millrace::gateway
