#include "xlator/fix/value.hpp"

#include <gtest/gtest.h>

#include "fix44/fields.hpp"

namespace millrace::xlator {
namespace {

namespace f = fix44;

TEST(Value, EnumsConvertBothWays) {
    EXPECT_EQ(to_text<f::Side>(f::Side::buy), "1");
    EXPECT_EQ(to_text<f::PartyRole>(f::PartyRole::executing_trader), "12");
    EXPECT_EQ(to_text<f::SecurityType>(f::SecurityType::common_stock), "CS");
    f::Side::value_type side{};
    EXPECT_TRUE(from_text<f::Side>("5", side));
    EXPECT_EQ(side, f::Side::sell_short);
    f::SecurityType::value_type type{};
    EXPECT_TRUE(from_text<f::SecurityType>("FUT", type));
    EXPECT_EQ(type, f::SecurityType::future);
    f::PartyRole::value_type role{};
    EXPECT_TRUE(from_text<f::PartyRole>("36", role));
    EXPECT_EQ(role, f::PartyRole::entering_trader);
}

TEST(Value, EnumsRefuseWhatIsNotInTheSet) {
    f::Side::value_type side = f::Side::sell;
    for (const char* text : {"", "Z", "01", "1 ", "11"}) {
        EXPECT_FALSE(from_text<f::Side>(text, side)) << text;
    }
    EXPECT_EQ(side, f::Side::sell);
    EXPECT_TRUE(to_text<f::Side>(static_cast<f::Side::value_type>('Z')).empty());
    EXPECT_TRUE(to_text<f::SecurityType>(static_cast<f::SecurityType::value_type>(60'000)).empty());
    EXPECT_TRUE(to_text<f::PartyRole>(static_cast<f::PartyRole::value_type>(23)).empty());
}

TEST(Value, EveryEnumeratorOfEveryFormRoundTrips) {
    const auto check = [](auto field) {
        using field_type = decltype(field);
        for (const enum_value_info& known : field_type::values) {
            typename field_type::value_type value{};
            ASSERT_TRUE(from_text<field_type>(known.value, value)) << known.value;
            EXPECT_EQ(to_text<field_type>(value), known.value);
        }
    };
    check(f::OrdStatus{});
    check(f::OrdRejReason{});
    check(f::SecurityType{});
    check(f::ContAmtType{});
    check(f::MessageEncoding{});
}

TEST(Value, ParseFieldSaysWhyThereIsNoValue) {
    EXPECT_EQ(*parse_field<f::OrderQty>("100.5"), (decimal{1005, -1}));
    EXPECT_EQ(parse_field<f::OrderQty>("").reason, session_reject_reason::tag_without_value);
    EXPECT_EQ(parse_field<f::OrderQty>("abc").reason, session_reject_reason::incorrect_data_format);
    EXPECT_EQ(parse_field<f::Side>("Z").reason, session_reject_reason::value_is_incorrect);
    EXPECT_EQ(parse_field<f::Side>("BUY").reason, session_reject_reason::incorrect_data_format);
    EXPECT_EQ(parse_field<f::MsgSeqNum>("-1").reason, session_reject_reason::incorrect_data_format);
    EXPECT_EQ(parse_field<f::TradeDate>("20240231").reason,
              session_reject_reason::incorrect_data_format);
    EXPECT_TRUE(*parse_field<f::PossDupFlag>("Y"));
    EXPECT_EQ(parse_field<f::PossDupFlag>("y").reason,
              session_reject_reason::incorrect_data_format);
    EXPECT_EQ(parse_field<f::OrderQty>("x").value_or({7, 0}), (decimal{7, 0}));
}

struct format_case {
    field_type type;
    const char* text;
    bool is_valid;
};

TEST(Value, FormatsFollowTheFixTypes) {
    const format_case cases[] = {
        {field_type::integer, "-5", true},
        {field_type::integer, "9223372036854775808", false},
        {field_type::seq_num, "0", true},
        {field_type::seq_num, "-1", false},
        {field_type::length, "4294967298", false},
        {field_type::day_of_month, "31", true},
        {field_type::day_of_month, "32", false},
        {field_type::day_of_month, "0", false},
        {field_type::currency, "EUR", true},
        {field_type::currency, "EURO", false},
        {field_type::country, "GB", true},
        {field_type::country, "G1", false},
        {field_type::exchange, "XLON", true},
        {field_type::string, " ", true},
        {field_type::multiple_value_string, "A B", true},
        {field_type::multiple_value_string, "A  B", false},
        {field_type::multiple_value_string, " A", false},
        {field_type::multiple_char_value, "A B", true},
        {field_type::multiple_char_value, "AB C", false},
        {field_type::utc_time, "10:00:00.001", true},
        {field_type::utc_time, "25:00:00", false},
        {field_type::boolean, "Y", true},
        {field_type::boolean, "true", false},
        {field_type::character, "A", true},
        {field_type::character, "AB", false},
    };
    for (const format_case& each : cases) {
        EXPECT_EQ(has_format(each.type, each.text), each.is_valid)
            << to_string(each.type) << " " << each.text;
        EXPECT_FALSE(has_format(each.type, ""));
    }
}

}  // namespace
}  // namespace millrace::xlator
