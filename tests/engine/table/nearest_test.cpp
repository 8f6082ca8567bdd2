#include "engine/table/nearest.hpp"

#include <gtest/gtest.h>

#include <array>

namespace millrace::engine {
namespace {

constexpr std::array<std::string_view, 4> names = {"PRICE", "SIDE", "ORDER_QTY", "CL_ORD_ID"};

TEST(Nearest, CountsInsertDropReplaceAndSwap) {
    EXPECT_EQ(edit_distance("PRICE", "PRICE"), 0U);
    EXPECT_EQ(edit_distance("PRICE", "price"), 0U);
    EXPECT_EQ(edit_distance("PRICE", "PRICEE"), 1U);
    EXPECT_EQ(edit_distance("PRICE", "PRCE"), 1U);
    EXPECT_EQ(edit_distance("PRICE", "PRIZE"), 1U);
    EXPECT_EQ(edit_distance("PRICE", "RPICE"), 1U);
    EXPECT_EQ(edit_distance("", "ABC"), 3U);
    EXPECT_EQ(edit_distance("ABC", ""), 3U);
}

TEST(Nearest, NamesWhatWasMeant) {
    EXPECT_EQ(nearest_name("PRICEE", names), "PRICE");
    EXPECT_EQ(nearest_name("order_quantity", names), "ORDER_QTY");
    EXPECT_EQ(did_you_mean("CLORDID", names), " (did you mean CL_ORD_ID?)");
}

TEST(Nearest, SaysNothingWhenNothingIsNear) {
    EXPECT_EQ(nearest_name("XYZZY_FOO", names), "");
    EXPECT_EQ(did_you_mean("XYZZY_FOO", names), "");
    EXPECT_EQ(nearest_name("PRICE", {}), "");
}

TEST(Nearest, CutsWordsOfAnyLength) {
    EXPECT_EQ(edit_distance(std::string(100'000, 'a'), std::string(100'000, 'a')), 0U);
    EXPECT_EQ(nearest_name(std::string(100'000, 'a'), names), "");
}

}  // namespace
}  // namespace millrace::engine
