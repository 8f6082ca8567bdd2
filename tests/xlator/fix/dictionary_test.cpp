#include "xlator/fix/dictionary.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "fix44/dictionary.hpp"
#include "xlator/fix/error.hpp"

namespace millrace::xlator {
namespace {

const dictionary_info& info = fix44::dictionary;

TEST(Dictionary, FindsFieldsAndMessagesByTagTypeAndName) {
    const dictionary dict{info};
    EXPECT_EQ(dict.find_field(54)->name, "Side");
    EXPECT_EQ(dict.find_field("ClOrdID")->tag, 11);
    EXPECT_EQ(dict.find_field(9999), nullptr);
    EXPECT_EQ(dict.find_field("Nothing"), nullptr);
    EXPECT_EQ(dict.find_message("D")->name, "NewOrderSingle");
    EXPECT_EQ(dict.find_message("j")->name, "BusinessMessageReject");
    EXPECT_EQ(dict.find_message("ZZ"), nullptr);
    EXPECT_EQ(dict.find_message(""), nullptr);
    EXPECT_EQ(dict.find_message_named("ExecutionReport")->msg_type, "8");
    EXPECT_EQ(dict.value_name(54, "1"), "buy");
    EXPECT_EQ(dict.value_name(54, "Z"), "");
}

TEST(Dictionary, Fix44HasAllMessagesAndKnowsThoseOfTheSession) {
    std::set<std::string_view> session;
    for (const message_info& message : info.messages) {
        if (message.is_admin) {
            session.insert(message.msg_type);
        }
    }
    EXPECT_EQ(info.messages.size(), 93U);
    EXPECT_EQ(session, (std::set<std::string_view>{"0", "1", "2", "3", "4", "5", "A", "n"}));
}

TEST(Dictionary, Fix44RequiresWhatTheSpecificationRequires) {
    const dictionary dict{info};
    const auto required = [&](std::string_view type) {
        std::set<std::string_view> names;
        for (const member_info& member : dict.find_message(type)->members) {
            if (member.is_required) {
                names.insert(member.name);
            }
        }
        return names;
    };
    using names = std::set<std::string_view>;
    EXPECT_EQ(required("D"), (names{"ClOrdID", "Side", "TransactTime", "OrdType"}));
    EXPECT_EQ(required("F"), (names{"OrigClOrdID", "ClOrdID", "Side", "TransactTime"}));
    EXPECT_EQ(required("G"), (names{"OrigClOrdID", "ClOrdID", "Side", "TransactTime", "OrdType"}));
    EXPECT_EQ(required("8"), (names{"OrderID", "ExecID", "ExecType", "OrdStatus", "Side",
                                    "LeavesQty", "CumQty", "AvgPx"}));
    EXPECT_EQ(required("9"),
              (names{"OrderID", "ClOrdID", "OrigClOrdID", "OrdStatus", "CxlRejResponseTo"}));
    EXPECT_EQ(required("j"), (names{"RefMsgType", "BusinessRejectReason"}));
    EXPECT_EQ(required("A"), (names{"EncryptMethod", "HeartBtInt"}));
}

TEST(Dictionary, ComponentsShareTheirGroups) {
    const dictionary dict{info};
    const auto group_of = [&](std::string_view type, int tag) -> const group_info* {
        for (const member_info& member : dict.find_message(type)->members) {
            if (member.tag == tag) {
                return member.group;
            }
        }
        return nullptr;
    };
    ASSERT_NE(group_of("D", 453), nullptr);
    EXPECT_EQ(group_of("D", 453), group_of("8", 453));
    EXPECT_EQ(group_of("D", 453)->members.front().name, "PartyID");
}

TEST(Dictionary, RefusesTablesThatContradictThemselves) {
    static constexpr field_info unsorted[] = {{11, "ClOrdID", field_type::string, {}, {}, 0, 0},
                                              {1, "Account", field_type::string, {}, {}, 0, 0}};
    const dictionary_info wrong_order{"x", "FIX.4.4", unsorted, {}, {}, {}};
    EXPECT_THROW(dictionary{wrong_order}, error);
    static constexpr field_info fields[] = {{1, "Account", field_type::string, {}, {}, 0, 0}};
    static constexpr member_info members[] = {{2, "Missing", false, nullptr}};
    static constexpr message_info messages[] = {{"D", "Order", false, members}};
    const dictionary_info missing_field{"x", "FIX.4.4", fields, {}, {}, messages};
    EXPECT_THROW(dictionary{missing_field}, error);
}

}  // namespace
}  // namespace millrace::xlator
