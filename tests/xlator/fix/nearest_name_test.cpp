#include "xlator/fix/nearest_name.hpp"

#include <gtest/gtest.h>

#include <array>

namespace millrace::xlator {
namespace {

TEST(NearestName, CountsEditsAndIgnoresCase) {
    EXPECT_EQ(edit_distance("ClOrdID", "ClOrdID"), 0U);
    EXPECT_EQ(edit_distance("clordid", "ClOrdID"), 0U);
    EXPECT_EQ(edit_distance("ClOdrID", "ClOrdID"), 1U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(NearestName, SuggestsTheNearestOrNothing) {
    constexpr std::array<std::string_view, 3> names{"OrderQty", "Price", "Symbol"};
    EXPECT_EQ(nearest_name("OrdrQty", names), "OrderQty");
    EXPECT_EQ(nearest_name("Simbol", names), "Symbol");
    EXPECT_EQ(nearest_name("Completely", names), "");
    EXPECT_EQ(nearest_name("x", {}), "");
}

}  // namespace
}  // namespace millrace::xlator
