// Declarations of all nine versions in one program: of each an order and a message with groups.
#include <gtest/gtest.h>

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "fix40/Allocation.hpp"
#include "fix40/NewOrderSingle.hpp"
#include "fix41/Allocation.hpp"
#include "fix41/NewOrderSingle.hpp"
#include "fix42/MassQuote.hpp"
#include "fix42/NewOrderSingle.hpp"
#include "fix43/MassQuote.hpp"
#include "fix43/NewOrderSingle.hpp"
#include "fix44/NewOrderSingle.hpp"
#include "fix44/TradeCaptureReport.hpp"
#include "fix50/NewOrderSingle.hpp"
#include "fix50/TradeCaptureReport.hpp"
#include "fix50sp1/NewOrderSingle.hpp"
#include "fix50sp1/TradeCaptureReport.hpp"
#include "fix50sp2/NewOrderSingle.hpp"
#include "fix50sp2/TradeCaptureReport.hpp"
#include "fixt11/Logon.hpp"
#include "tests/xlator/fix_text.hpp"
#include "xlator/fix/encoder.hpp"

namespace millrace::xlator {
namespace {

template <class Message, class... Settings>
std::string body_of(const Settings&... settings) {
    std::array<char, 1024> out{};
    const encode_result result = encode<Message>(out, settings...);
    EXPECT_TRUE(result.is_ok());
    return tests::with_bars({out.data(), result.size});
}

// The order of 4.2 and later, in which the same fields make the same text.
template <class NewOrderSingle, class ClOrdID, class OrderQty, class OrdType, class Side,
          class Symbol, class TransactTime, class... Settings>
std::string order_of(const Settings&... more) {
    return body_of<NewOrderSingle>(
        set<ClOrdID>("C1"), set<OrderQty>(decimal{100, 0}), set<OrdType>(OrdType::market),
        set<Side>(Side::buy), set<Symbol>("VOD.L"),
        set<TransactTime>(utc_timestamp{1'700'000'000'000'000'000}), more...);
}

constexpr const char* order = "11=C1|38=100|40=1|54=1|55=VOD.L|60=20231114-22:13:20.000|";
constexpr const char* order_with_handling =
    "11=C1|21=3|38=100|40=1|54=1|55=VOD.L|60=20231114-22:13:20.000|";

template <class NewOrderSingle, class ClOrdID, class HandlInst, class OrderQty, class OrdType,
          class Side, class Symbol>
std::string old_order_of() {
    return body_of<NewOrderSingle>(
        set<ClOrdID>("C1"),
        set<HandlInst>(HandlInst::automated_execution_order_private_no_broker_intervention),
        set<OrderQty>(100), set<OrdType>(OrdType::limit), set<Side>(Side::buy),
        set<Symbol>("VOD.L"));
}

// Before 4.2 a quantity is an INT and a side a text.
TEST(Dialects, Fix40AndFix41HaveTheirOwnTypes) {
    namespace a = fix40;
    namespace b = fix41;
    const char* const expected = "11=C1|21=1|38=100|40=2|54=1|55=VOD.L|";
    EXPECT_EQ((old_order_of<a::NewOrderSingle, a::ClOrdID, a::HandlInst, a::OrderQty, a::OrdType,
                            a::Side, a::Symbol>()),
              expected);
    EXPECT_EQ((old_order_of<b::NewOrderSingle, b::ClOrdID, b::HandlInst, b::OrderQty, b::OrdType,
                            b::Side, b::Symbol>()),
              expected);
    static_assert(a::OrderQty::type == field_type::integer);
    static_assert(a::Side::type == field_type::string);
    static_assert(a::Allocation::msg_type == "J" && b::Allocation::msg_type == "J");
    EXPECT_EQ(members_of<a::Allocation>[3].name, "NoOrders");
    EXPECT_TRUE(members_of<a::Allocation>[3].is_required);
    EXPECT_EQ(members_of<a::Allocation>[3].group->members[0].name, "ClOrdID");
    EXPECT_EQ(members_of<b::Allocation>[5].name, "NoOrders");
}

TEST(Dialects, OrdersFrom42OnShareTheirText) {
    EXPECT_EQ((order_of<fix42::NewOrderSingle, fix42::ClOrdID, fix42::OrderQty, fix42::OrdType,
                        fix42::Side, fix42::Symbol, fix42::TransactTime>(
                  set<fix42::HandlInst>(fix42::HandlInst::manual_order_best_execution))),
              order_with_handling);
    EXPECT_EQ((order_of<fix43::NewOrderSingle, fix43::ClOrdID, fix43::OrderQty, fix43::OrdType,
                        fix43::Side, fix43::Symbol, fix43::TransactTime>(
                  set<fix43::HandlInst>(fix43::HandlInst::manual_order_best_execution))),
              order_with_handling);
    EXPECT_EQ((order_of<fix44::NewOrderSingle, fix44::ClOrdID, fix44::OrderQty, fix44::OrdType,
                        fix44::Side, fix44::Symbol, fix44::TransactTime>()),
              order);
    EXPECT_EQ((order_of<fix50::NewOrderSingle, fix50::ClOrdID, fix50::OrderQty, fix50::OrdType,
                        fix50::Side, fix50::Symbol, fix50::TransactTime>()),
              order);
    EXPECT_EQ(
        (order_of<fix50sp1::NewOrderSingle, fix50sp1::ClOrdID, fix50sp1::OrderQty,
                  fix50sp1::OrdType, fix50sp1::Side, fix50sp1::Symbol, fix50sp1::TransactTime>()),
        order);
    EXPECT_EQ(
        (order_of<fix50sp2::NewOrderSingle, fix50sp2::ClOrdID, fix50sp2::OrderQty,
                  fix50sp2::OrdType, fix50sp2::Side, fix50sp2::Symbol, fix50sp2::TransactTime>()),
        order);
}

TEST(Dialects, Fix42NestsQuoteEntriesInQuoteSets) {
    using namespace fix42;
    const std::string text = body_of<MassQuote>(
        set<QuoteID>("Q1"),
        set_group<NoQuoteSets>(entry(set<QuoteSetID>("S1"), set<UnderlyingSymbol>("VOD.L"),
                                     set<TotQuoteEntries>(2),
                                     set_group<NoQuoteEntries>(entry(set<QuoteEntryID>("E1")),
                                                               entry(set<QuoteEntryID>("E2"))))));
    EXPECT_EQ(text, "117=Q1|296=1|302=S1|311=VOD.L|304=2|295=2|299=E1|299=E2|");
}

TEST(Dialects, Fix43NestsQuoteEntriesInQuoteSets) {
    using namespace fix43;
    const std::string text = body_of<MassQuote>(
        set<QuoteID>("Q1"),
        set_group<NoQuoteSets>(entry(set<QuoteSetID>("S1"), set<TotQuoteEntries>(2),
                                     set_group<NoQuoteEntries>(entry(set<QuoteEntryID>("E1")),
                                                               entry(set<QuoteEntryID>("E2"))))));
    EXPECT_EQ(text, "117=Q1|296=1|302=S1|304=2|295=2|299=E1|299=E2|");
}

// Counters from the message inwards, each with the first member of its group.
std::string nesting_of(std::span<const member_info> members, int depth = 0) {
    std::string text;
    for (const member_info& member : members) {
        if (member.is_group && depth < 3 && text.empty()) {
            text = std::string(member.name) + "(" + std::string(member.group->members[0].name) +
                   nesting_of(member.group->members, depth + 1) + ")";
        }
    }
    return depth == 0 ? text : (text.empty() ? text : " " + text);
}

std::span<const member_info> group_of(std::span<const member_info> members,
                                      std::string_view counter) {
    for (const member_info& member : members) {
        if (member.name == counter && member.is_group) {
            return member.group->members;
        }
    }
    ADD_FAILURE() << "no group " << counter;
    return {};
}

TEST(Dialects, SidesOfTradesNestTheirParties) {
    const char* const parties = "NoPartyIDs(PartyID NoPartySubIDs(PartySubID))";
    for (const std::span<const member_info> report :
         {std::span<const member_info>(members_of<fix44::TradeCaptureReport>),
          std::span<const member_info>(members_of<fix50::TradeCaptureReport>),
          std::span<const member_info>(members_of<fix50sp1::TradeCaptureReport>),
          std::span<const member_info>(members_of<fix50sp2::TradeCaptureReport>)}) {
        EXPECT_EQ(nesting_of(group_of(report, "NoSides")), parties);
    }
}

TEST(Dialects, TheTransportHasTheLogon) {
    using namespace fixt11;
    EXPECT_EQ(
        body_of<Logon>(set<DefaultApplVerID>("9"), set<EncryptMethod>(EncryptMethod::none),
                       set<HeartBtInt>(30), set_group<NoMsgTypes>(entry(set<RefMsgType>("D")))),
        "98=0|108=30|384=1|372=D|1137=9|");
}

}  // namespace
}  // namespace millrace::xlator
