// That maps and field lists ask for no memory once they are made.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "engine/core/types.hpp"
#include "engine/table/values.hpp"
#include "fix44/NewOrderSingle.hpp"
#include "fix44/dictionary.hpp"
#include "tests/xlator/allocation_count.hpp"
#include "tests/xlator/fix_text.hpp"
#include "tests/xlator/map/test_row.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/map/field_list.hpp"
#include "xlator/map/inbound_map.hpp"
#include "xlator/map/outbound_map.hpp"
#include "xlator/map/row_map.hpp"

namespace millrace::xlator {
namespace {

using tests::allocations_in;
using tests::made;
using tests::test_row;

constexpr utc_timestamp noon{1'704'110'400'000'000'000};
constexpr record_facts facts{noon, 4711};

// Longer than what std::string keeps within itself; the rows that are written here keep texts in
// one, so what these get is shorter.
const std::string long_text = "A-TEXT-OF-MORE-THAN-FIFTEEN-BYTES";

const dictionary& tables() {
    static const dictionary one{fix44::dictionary};
    return one;
}

field_rule rule_of(const char* field, value_source source, const char* text) {
    field_rule rule;
    rule.field = field;
    rule.source = source;
    rule.text = text;
    return rule;
}
field_rule from(const char* field, const char* column) {
    return rule_of(field, value_source::column, column);
}

std::vector<column> order_columns() {
    return {{"ID", column_kind::text},          {"SIDE", column_kind::character},
            {"QUANTITY", column_kind::decimal}, {"PRICE", column_kind::decimal},
            {"LOTS", column_kind::integer},     {"AT", column_kind::timestamp},
            {"IS_OPEN", column_kind::boolean},  {"NOTE", column_kind::bytes},
            {"ACCOUNT", column_kind::text},     {"OTHER", column_kind::text},
            {"BROKER", column_kind::text},      {"DESK", column_kind::text}};
}

outbound_spec order_spec() {
    using enum value_source;
    field_rule side = from("Side", "SIDE");
    side.pairs = {{"B", "buy"}, {"S", "2"}};
    field_rule account = from("Account", "ACCOUNT");
    account.fallback = "OTHER";
    account.default_text = "HOUSE";
    field_rule market = rule_of("ExDestination", constant, "XLON");
    market.when = column_condition{"SIDE", {"S"}, true};
    field_rule lots = from("SecondaryClOrdID", "LOTS");
    lots.format = "8";
    outbound_spec spec;
    spec.name = "orders";
    spec.message = "NewOrderSingle";
    spec.fields = {from("ClOrdID", "ID"),
                   side,
                   account,
                   market,
                   lots,
                   from("OrderQty", "QUANTITY"),
                   from("Price", "PRICE"),
                   from("MinQty", "LOTS"),
                   from("TradeDate", "AT"),
                   from("ExpireTime", "AT"),
                   from("SolicitedFlag", "IS_OPEN"),
                   from("EncodedText", "NOTE"),
                   rule_of("TransactTime", now, ""),
                   rule_of("OrdType", constant, "limit"),
                   rule_of("ClOrdLinkID", composed, "{ID}-{@time:%Y%m%d}/{@sequence:8}")};
    group_entry_rule broker;
    broker.fields = {from("PartyID", "BROKER"), rule_of("PartyRole", constant, "executing_firm")};
    group_rule desks;
    desks.counter = "NoPartySubIDs";
    group_entry_rule desk;
    desk.fields = {from("PartySubID", "DESK")};
    desks.entries = {desk};
    broker.groups = {desks};
    group_rule parties;
    parties.counter = "NoPartyIDs";
    parties.entries = {broker, broker};
    spec.groups = {parties};
    return spec;
}

test_row order_row() {
    test_row row{order_columns()};
    row.set("ID", long_text)
        .set("SIDE", 'B')
        .set("QUANTITY", decimal{100, 0})
        .set("PRICE", decimal{10150, -2})
        .set("LOTS", std::int64_t{7})
        .set("AT", noon.ns)
        .set("IS_OPEN", true)
        .set("NOTE", std::string("a\x01"
                                 "b"))
        .set("BROKER", long_text)
        .set("DESK", std::string("D1"));
    return row;
}

class OutboundMapAllocation : public testing::Test {
protected:
    void expect(const test_row& row, map_status status, int tag = 0, std::size_t room = 1024) {
        map_result result;
        EXPECT_EQ(
            allocations_in([&] { result = map_.encode(row, facts, std::span(out_).first(room)); }),
            0U);
        EXPECT_EQ(result.status, status);
        EXPECT_EQ(result.tag, tag);
        text_ = tests::with_bars({out_.data(), result.size});
    }

    const std::vector<column> columns_ = order_columns();
    const outbound_map map_ = made(compile_outbound(order_spec(), columns_, tables()));
    std::array<char, 1024> out_{};
    std::string text_;
};

TEST_F(OutboundMapAllocation, IsNotInEncoding) {
    expect(order_row(), map_status::ok);
    EXPECT_EQ(text_, "1=HOUSE|11=" + long_text +
                         "|38=100|40=2|44=101.50|54=1|60=20240101-12:00:00.000|75=20240101|100=XLON"
                         "|110=7|126=20240101-12:00:00.000|354=3|355=a|b|377=Y|453=2|448=" +
                         long_text + "|452=1|802=1|523=D1|448=" + long_text +
                         "|452=1|802=1|523=D1|526=00000007|583=" + long_text +
                         "-20240101/00004711|");
    test_row row = order_row();
    row.set("SIDE", 'S').set("OTHER", long_text);
    for (const char* name :
         {"QUANTITY", "PRICE", "LOTS", "AT", "IS_OPEN", "NOTE", "BROKER", "DESK"}) {
        row.clear(name);
    }
    expect(row, map_status::ok);
    EXPECT_EQ(text_, "1=" + long_text + "|11=" + long_text +
                         "|40=2|54=2|60=20240101-12:00:00.000|583=" + long_text +
                         "-20240101/00004711|");
}

TEST_F(OutboundMapAllocation, IsNotInRefusing) {
    test_row row = order_row();
    row.clear("ID");
    expect(row, map_status::required_empty, 11);
    row = order_row();
    row.set("SIDE", 'X');
    expect(row, map_status::bad_value, 54);
    row = order_row();
    row.set("PRICE", decimal{1, 40});
    expect(row, map_status::bad_value, 44);
    row = order_row();
    row.set("ACCOUNT", long_text + "\x01" + "54=2");
    expect(row, map_status::bad_value, 1);
    row = order_row();
    row.clear("BROKER");
    expect(row, map_status::required_empty, 448);
    expect(order_row(), map_status::overflow, 0, 64);
}

std::vector<column> report_columns() {
    return {{"ID", column_kind::text, true},  {"SIDE", column_kind::character},
            {"FILLED", column_kind::decimal}, {"LOTS", column_kind::integer},
            {"AT", column_kind::timestamp},   {"IS_AGAIN", column_kind::boolean},
            {"BROKER", column_kind::text},    {"SECOND", column_kind::text},
            {"SOURCE", column_kind::text},    {"KEY", column_kind::text},
            {"DAY", column_kind::text}};
}

inbound_spec report_spec() {
    const auto of_field = [](const char* column, const char* field) {
        column_rule rule;
        rule.column = column;
        rule.field = field;
        return rule;
    };
    column_rule side = of_field("SIDE", "Side");
    side.pairs = {{"B", "buy"}, {"S", "2"}};
    column_rule again = of_field("IS_AGAIN", "PossDupFlag");
    again.default_text = "false";
    column_rule broker = of_field("BROKER", "PartyID");
    broker.group = "NoPartyIDs";
    broker.match_field = "PartyRole";
    broker.match_value = "executing_firm";
    column_rule second = of_field("SECOND", "PartyID");
    second.group = "NoPartyIDs";
    second.entry = 1;
    column_rule source = of_field("SOURCE", "Account");
    source.fallback = "SenderCompID";
    column_rule key = of_field("KEY", "");
    key.composed = "{ExecID}/{MsgSeqNum:4}/{@sequence}";
    column_rule day = of_field("DAY", "TransactTime");
    day.format = "%d.%m.%Y";
    inbound_spec spec;
    spec.name = "reports";
    spec.message = "ExecutionReport";
    spec.columns = {of_field("ID", "ExecID"),
                    side,
                    of_field("FILLED", "CumQty"),
                    of_field("LOTS", "LeavesQty"),
                    of_field("AT", "TransactTime"),
                    again,
                    broker,
                    second,
                    source,
                    key,
                    day};
    return spec;
}

class InboundMapAllocation : public testing::Test {
protected:
    void expect(const std::string& fields, map_status status, int tag = 0) {
        const std::string frame = tests::frame_of(
            "35=8|34=7|49=A|52=20240101-10:00:00.000|56=B|6=1.5|37=O1|39=1|150=F|" + fields);
        EXPECT_TRUE(decoder_.decode(frame).is_ok());
        map_result result;
        EXPECT_EQ(allocations_in([&] {
                      result = map_.decode(decoder_.message(), decoder_.msg_type(), facts, row_);
                  }),
                  0U);
        EXPECT_EQ(result.status, status);
        EXPECT_EQ(result.tag, tag);
    }

    const std::vector<column> columns_ = report_columns();
    const inbound_map map_ = made(compile_inbound(report_spec(), columns_, tables()));
    decoder decoder_{tables()};
    test_row row_{columns_};
};

TEST_F(InboundMapAllocation, IsNotInDecoding) {
    expect("14=60.5|17=E1|54=1|60=20240101-12:00:00.5|151=40|453=2|448=CL|452=3|448=BRK|452=1|",
           map_status::ok);
    EXPECT_EQ(row_.get<std::string>("BROKER"), "BRK");
    EXPECT_EQ(row_.get<std::string>("SECOND"), "BRK");
    EXPECT_EQ(row_.get<std::string>("SOURCE"), "A");
    EXPECT_EQ(row_.get<std::string>("KEY"), "E1/0007/4711");
    EXPECT_EQ(row_.get<std::string>("DAY"), "01.01.2024");
    EXPECT_FALSE(row_.get<bool>("IS_AGAIN"));
    expect("14=1|17=E2|54=2|60=20240101-12:00:00|151=1|", map_status::ok);
}

TEST_F(InboundMapAllocation, IsNotInRefusing) {
    expect("14=1|17=E|54=5|151=40|", map_status::bad_value, 54);
    expect("14=1|17=E|54=1|151=40.5|", map_status::bad_value, 151);
    expect("14=1|17=" + long_text + "|54=1|151=40|", map_status::bad_value, 17);
    map_result other;
    EXPECT_EQ(allocations_in([&] { other = map_.decode(decoder_.message(), "D", facts, row_); }),
              0U);
    EXPECT_EQ(other.status, map_status::wrong_message);
}

std::vector<column> target_columns() {
    return {{"KEY", column_kind::text, true}, {"SIDE", column_kind::text},
            {"AMOUNT", column_kind::decimal}, {"LOTS", column_kind::integer},
            {"AT", column_kind::timestamp},   {"STATE", column_kind::character},
            {"NOTE", column_kind::text},      {"DAY", column_kind::text},
            {"KIND", column_kind::text}};
}

class RowMapAllocation : public testing::Test {
protected:
    static row_spec spec() {
        using enum value_source;
        field_rule side = from("SIDE", "SIDE");
        side.pairs = {{"B", "buy"}, {"S", "sell"}};
        field_rule amount = from("AMOUNT", "PRICE");
        amount.default_text = "1.5";
        field_rule note = from("NOTE", "NOTE");
        note.fallback = "OTHER";
        field_rule state = rule_of("STATE", constant, "X");
        state.when = column_condition{"SIDE", {"B"}, false};
        field_rule day = from("DAY", "AT");
        day.format = "%Y-%m-%d";
        return {"copy",
                {rule_of("KEY", composed, "{DESK}.{@sequence:4}"), side, amount, note, state, day,
                 from("LOTS", "QUANTITY"), rule_of("AT", now, ""), from("KIND", "PRICE")},
                1};
    }
    void expect(const test_row& row, map_status status, const char* column = nullptr) {
        map_result result;
        EXPECT_EQ(allocations_in([&] { result = map_.convert(row, facts, made_); }), 0U);
        EXPECT_EQ(result.status, status);
        EXPECT_EQ(result.column, column == nullptr ? -1 : static_cast<int>(made_.index(column)));
    }

    const std::vector<column> source_ = order_columns();
    const std::vector<column> target_ = target_columns();
    const row_map map_ = made(compile_rows(spec(), source_, target_));
    test_row made_{target_};
};

TEST_F(RowMapAllocation, IsNotInConverting) {
    expect(order_row(), map_status::ok);
    EXPECT_EQ(made_.get<std::string>("KEY"), "D1.4711");
    EXPECT_EQ(made_.get<std::string>("SIDE"), "buy");
    EXPECT_EQ(made_.get<std::string>("DAY"), "2024-01-01");
    EXPECT_EQ(made_.get<std::string>("KIND"), "101.50");
    test_row row = order_row();
    row.set("SIDE", 'S').set("OTHER", std::string("else"));
    row.clear("PRICE");
    row.clear("NOTE");
    expect(row, map_status::ok);
    EXPECT_EQ(made_.get<decimal>("AMOUNT"), (decimal{15, -1}));
    EXPECT_EQ(made_.get<std::string>("NOTE"), "else");
}

TEST_F(RowMapAllocation, IsNotInRefusing) {
    test_row row = order_row();
    row.clear("DESK");
    expect(row, map_status::required_empty, "KEY");
    row = order_row();
    row.set("DESK", long_text);
    expect(row, map_status::bad_value, "KEY");
    row = order_row();
    row.set("SIDE", 'X');
    expect(row, map_status::bad_value, "SIDE");
    row = order_row();
    row.set("QUANTITY", decimal{75, -1});
    expect(row, map_status::bad_value, "LOTS");
}

using namespace fix44;

struct order {
    engine::text<40> id;
    char side = '\0';
    std::int64_t quantity = 0;
    engine::decimal price;
    engine::text<8> account;
    engine::timestamp at;
    std::optional<std::int32_t> min_quantity;
    std::string_view symbol;
};

constexpr auto orders = fields_of<NewOrderSingle>(
    member<ClOrdID>(&order::id), member<Side>(&order::side, {{'B', Side::buy}, {'S', Side::sell}}),
    member<OrderQty>(&order::quantity), member<Price>(&order::price),
    member_or<Account>(&order::account, "HOUSE"), member<TransactTime>(&order::at),
    member<MinQty>(&order::min_quantity), member<Symbol>(&order::symbol),
    always<OrdType>(OrdType::limit));

class FieldListAllocation : public testing::Test {
protected:
    encode_result encode(const order& row) {
        encode_result result;
        EXPECT_EQ(allocations_in([&] { result = orders.encode(out_, row, set<Text>(long_text)); }),
                  0U);
        return result;
    }
    map_result decode(const std::string& fields, order& row) {
        body_ = tests::with_soh(fields);
        EXPECT_TRUE(decoder_.decode_body("D", body_).is_ok());
        map_result result;
        EXPECT_EQ(allocations_in([&] { result = orders.decode(decoder_.message(), "D", row); }),
                  0U);
        return result;
    }

    decoder decoder_{tables(), {.is_strict = false}};
    std::array<char, 512> out_{};
    std::string body_;
};

TEST_F(FieldListAllocation, IsInNeitherDirection) {
    const std::string whole = "1=ACC|11=" + long_text +
                              "|38=100|40=2|44=101.50|54=2|55=" + long_text + "|58=" + long_text +
                              "|60=20240101-12:00:00.000|110=7|";
    order row;
    ASSERT_TRUE(decode(whole, row).is_ok());
    const encode_result made = encode(row);
    ASSERT_TRUE(made.is_ok());
    EXPECT_EQ(tests::with_bars({out_.data(), made.size}), whole);
    row.side = 'X';
    EXPECT_EQ(encode(row).tag, 54);
    row = {};
    EXPECT_EQ(encode(row).tag, 11);
    const std::string rest = "|40=1|60=20240101-12:00:00|54=";
    EXPECT_TRUE(decode("11=A" + rest + "1|", row).is_ok());
    EXPECT_EQ(decode("11=A" + rest + "5|", row).tag, 54);
    EXPECT_EQ(decode("11=" + long_text + long_text + rest + "1|", row).tag, 11);
}

struct named {
    std::string id;
};

TEST_F(FieldListAllocation, IsWhereAMemberOwnsItsText) {
    constexpr auto list = fields_of<NewOrderSingle>(member<ClOrdID>(&named::id));
    body_ = tests::with_soh("11=" + long_text + "|40=1|54=1|60=20240101-12:00:00|");
    ASSERT_TRUE(decoder_.decode_body("D", body_).is_ok());
    named row;
    EXPECT_EQ(
        allocations_in([&] { EXPECT_TRUE(list.decode(decoder_.message(), "D", row).is_ok()); }),
        1U);
    EXPECT_EQ(row.id, long_text);
}

}  // namespace
}  // namespace millrace::xlator
