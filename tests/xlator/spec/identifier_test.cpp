#include "xlator/spec/identifier.hpp"

#include <gtest/gtest.h>

namespace millrace::xlator::spec {
namespace {

TEST(Identifier, MakesEnumeratorsOfDescriptions) {
    EXPECT_EQ(enumerator("PARTIALLY_FILLED"), "partially_filled");
    EXPECT_EQ(enumerator("PartiallyFilled"), "partially_filled");
    EXPECT_EQ(enumerator("NEW"), "new_");
    EXPECT_EQ(enumerator("1ST"), "value_1st");
    EXPECT_EQ(enumerator("Good till cancel (GTC)"), "good_till_cancel_gtc");
    EXPECT_EQ(enumerator("name"), "name_");
    EXPECT_EQ(enumerator("***"), "value_");
    EXPECT_TRUE(is_identifier("ClOrdID"));
    EXPECT_FALSE(is_identifier("class"));
    EXPECT_FALSE(is_identifier("a b"));
    EXPECT_FALSE(is_identifier(""));
    EXPECT_TRUE(is_number("-12"));
    EXPECT_FALSE(is_number("01"));
}

}  // namespace
}  // namespace millrace::xlator::spec
