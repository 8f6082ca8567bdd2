#include "xlator/fix/printer.hpp"

#include <gtest/gtest.h>

#include "fix44/dictionary.hpp"
#include "tests/xlator/fix_text.hpp"

namespace millrace::xlator {
namespace {

using tests::with_soh;

TEST(Printer, PrintsOneLineWithBars) {
    EXPECT_EQ(print(with_soh("8=FIX.4.4|35=D|54=1|")), "8=FIX.4.4|35=D|54=1|");
    EXPECT_EQ(print(with_soh("35=D|54=1|"), nullptr, {.separator = '^'}), "35=D^54=1^");
}

TEST(Printer, PrintsNamesAndMeanings) {
    const dictionary dict{fix44::dictionary};
    EXPECT_EQ(print(with_soh("35=D|54=1|9999=x|"), &dict, {.with_names = true}),
              "MsgType(35)=D(NewOrderSingle)|Side(54)=1(buy)|9999=x|");
}

TEST(Printer, PrintsAnythingWithoutLosingBytes) {
    EXPECT_EQ(print(""), "");
    EXPECT_EQ(print("no fix at all"), "no fix at all");
    EXPECT_EQ(print(std::string_view("a\0b\n", 4)), "a\\x00b\\x0a");
    EXPECT_EQ(print(with_soh("||=x|5")), "||=x|5");
}

TEST(Printer, PrintsDelimitersInsideDataAsData) {
    const dictionary dict{fix44::dictionary};
    EXPECT_EQ(print(with_soh("354=3|355=a|b|58=x|"), &dict), "354=3|355=a\\x01b|58=x|");
    EXPECT_EQ(print(with_soh("354=9|355=a|"), &dict), "354=9|355=a|");
}

}  // namespace
}  // namespace millrace::xlator
