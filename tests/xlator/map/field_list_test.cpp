#include "xlator/map/field_list.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "engine/core/types.hpp"
#include "engine/table/values.hpp"
#include "fix44/NewOrderSingle.hpp"
#include "fix44/dictionary.hpp"
#include "tests/xlator/fix_text.hpp"
#include "xlator/fix/decoder.hpp"

namespace millrace::xlator {
namespace {

using namespace fix44;

constexpr utc_timestamp noon{1'704'110'400'000'000'000};

// As a table's row would be.
struct order {
    engine::text<12> id;
    char side = '\0';
    std::int64_t quantity = 0;
    engine::decimal price;
    engine::text<8> account;
    engine::timestamp at;
    std::optional<std::int32_t> min_quantity;
    std::string_view symbol;
    OrdType::value_type type = OrdType::limit;
    bool is_solicited = false;
};

constexpr auto orders = fields_of<NewOrderSingle>(
    member<ClOrdID>(&order::id), member<Side>(&order::side, {{'B', Side::buy}, {'S', Side::sell}}),
    member<OrderQty>(&order::quantity), member<Price>(&order::price),
    member_or<Account>(&order::account, "HOUSE"), member<TransactTime>(&order::at),
    member<MinQty>(&order::min_quantity), member<Symbol>(&order::symbol),
    member<OrdType>(&order::type), member<SolicitedFlag>(&order::is_solicited),
    always<HandlInst>(HandlInst::automated_execution_order_private_no_broker_intervention));

order whole_order() {
    order made;
    EXPECT_TRUE(made.id.assign("A1"));
    made.side = 'S';
    made.quantity = 100;
    made.price = {10150, -2, 0};
    EXPECT_TRUE(made.account.assign("ACC"));
    made.at = {noon.ns};
    made.min_quantity = 7;
    made.symbol = "VOD.L";
    return made;
}

class FieldList : public testing::Test {
protected:
    std::string encode(const order& row) {
        result_ = orders.encode(out_, row);
        return tests::with_bars({out_.data(), result_.size});
    }
    map_result decode(const std::string& body, order& row) {
        body_ = tests::with_soh(body);
        EXPECT_TRUE(decoder_.decode_body("D", body_).is_ok());
        return orders.decode(decoder_.message(), "D", row);
    }

    const dictionary dict_{fix44::dictionary};
    decoder decoder_{dict_, {.is_strict = false}};
    std::array<char, 512> out_{};
    std::string body_;
    encode_result result_;
};

const std::string whole_body =
    "1=ACC|11=A1|21=1|38=100|40=2|44=101.50|54=2|55=VOD.L|60=20240101-12:00:00.000|110=7|377=N|";

TEST_F(FieldList, GoesBothWaysWithEveryKindOfMember) {
    EXPECT_EQ(encode(whole_order()), whole_body);
    order back;
    ASSERT_TRUE(decode(whole_body, back).is_ok());
    EXPECT_EQ(back.id.view(), "A1");
    EXPECT_EQ(back.side, 'S');
    EXPECT_EQ(back.quantity, 100);
    EXPECT_EQ(back.price, (engine::decimal{10150, -2, 0}));
    EXPECT_EQ(back.account.view(), "ACC");
    EXPECT_EQ(back.at.ns, noon.ns);
    EXPECT_EQ(back.min_quantity, 7);
    EXPECT_EQ(back.symbol, "VOD.L");
    EXPECT_EQ(back.type, OrdType::limit);
    EXPECT_FALSE(back.is_solicited);
    EXPECT_EQ(encode(back), whole_body);
}

TEST_F(FieldList, LeavesOutWhatIsEmptyAndEmptiesWhatIsAbsent) {
    order row = whole_order();
    row.price = {};
    row.account.clear();
    row.min_quantity.reset();
    row.symbol = {};
    EXPECT_EQ(encode(row), "1=HOUSE|11=A1|21=1|38=100|40=2|54=2|60=20240101-12:00:00.000|377=N|");
    order full = whole_order();
    ASSERT_TRUE(decode("11=A2|40=1|54=1|60=20240101-12:00:00|", full).is_ok());
    EXPECT_EQ(full.id.view(), "A2");
    EXPECT_TRUE(full.price.is_null());
    EXPECT_EQ(full.account.view(), "HOUSE");
    EXPECT_FALSE(full.min_quantity);
    EXPECT_TRUE(full.symbol.empty());
    EXPECT_EQ(full.quantity, 0);
}

TEST_F(FieldList, TakesSettingsBesideTheStruct) {
    const encode_result made = orders.encode(
        out_, whole_order(), set<Text>("hello"),
        set_group<NoPartyIDs>(entry(set<PartyID>("B"), set<PartyRole>(PartyRole::executing_firm))));
    ASSERT_TRUE(made.is_ok());
    EXPECT_NE(tests::with_bars({out_.data(), made.size}).find("|58=hello|"), std::string::npos);
}

enum class way : std::uint8_t { in, out };  // the first is a value like the other
struct deal {
    std::string_view id;
    way direction = way::in;
    bool is_urgent = false;
    std::uint32_t quantity = 0;
};
constexpr auto deals = fields_of<NewOrderSingle>(
    member<ClOrdID>(&deal::id),
    member<Side>(&deal::direction, {{way::in, Side::buy}, {way::out, Side::sell}}),
    member<OrdType>(&deal::is_urgent, {{false, OrdType::limit}, {true, OrdType::market}}),
    member<OrderQty>(&deal::quantity));

TEST_F(FieldList, TranslatesTheFirstStateOfAMemberWhereAPairHasIt) {
    const encode_result made =
        deals.encode(out_, deal{"A1", way::in, false, 4'000'000'000}, set<TransactTime>(noon));
    ASSERT_TRUE(made.is_ok()) << made.tag;
    EXPECT_EQ(tests::with_bars({out_.data(), made.size}),
              "11=A1|38=4000000000|40=2|54=1|60=20240101-12:00:00.000|");
    body_ = tests::with_soh("11=A1|38=7|40=1|54=1|60=20240101-12:00:00|");
    ASSERT_TRUE(decoder_.decode_body("D", body_).is_ok());
    deal back{{}, way::out, false, 0};
    ASSERT_TRUE(deals.decode(decoder_.message(), "D", back).is_ok());
    EXPECT_EQ(back.direction, way::in);
    EXPECT_TRUE(back.is_urgent);
}

TEST_F(FieldList, SaysWhichFieldHasNoValueOrOneThatDoesNotFit) {
    order row = whole_order();
    row.id.clear();
    static_cast<void>(encode(row));
    EXPECT_EQ(result_.status, encode_status::bad_value);
    EXPECT_EQ(result_.tag, 11) << "a required one";
    row = whole_order();
    row.side = 'X';
    static_cast<void>(encode(row));
    EXPECT_EQ(result_.status, encode_status::bad_value);
    EXPECT_EQ(result_.tag, 54);
    const auto refusal = [&](const std::string& body) {
        order into;
        const map_result result = decode(body, into);
        return std::string(describe(result.status)) + " " + std::to_string(result.tag);
    };
    EXPECT_EQ(refusal("11=A1|40=1|54=5|60=20240101-12:00:00|"), "a value cannot be translated 54");
    EXPECT_EQ(refusal("11=LONGER-THAN-TWELVE|40=1|54=1|60=20240101-12:00:00|"),
              "a value cannot be translated 11");
    EXPECT_EQ(refusal("11=A|38=1.5|40=1|54=1|60=20240101-12:00:00|"),
              "a value cannot be translated 38");
    EXPECT_EQ(refusal("11=A|40=1|54=1|60=20240101-12:00:00|110=3000000000|"),
              "a value cannot be translated 110");
    order into;
    body_ = tests::with_soh("11=A|40=1|60=20240101-12:00:00|");
    static_cast<void>(decoder_.decode_body("D", body_));
    const map_result missing = orders.decode(decoder_.message(), "D", into);
    EXPECT_EQ(missing.status, map_status::required_empty);
    EXPECT_EQ(missing.tag, 54);
    EXPECT_EQ(orders.decode(decoder_.message(), "8", into).status, map_status::wrong_message);
}

}  // namespace
}  // namespace millrace::xlator
