#include "xlator/map/outbound_map.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "fix44/dictionary.hpp"
#include "tests/xlator/fix_text.hpp"
#include "tests/xlator/map/test_row.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/fix/encoder.hpp"

namespace millrace::xlator {
namespace {

using tests::test_row;

constexpr utc_timestamp now{1'700'000'000'123'000'000};
constexpr std::int64_t noon_ns = 1'704'110'400'000'000'000;  // 20240101-12:00:00

std::vector<column> order_columns() {
    return {{"ORDER_ID", column_kind::text},       {"SIDE", column_kind::character},
            {"QUANTITY", column_kind::decimal},    {"PRICE", column_kind::decimal},
            {"SYMBOL", column_kind::text},         {"ACCOUNT", column_kind::text},
            {"BROKER", column_kind::text},         {"TRADER", column_kind::text},
            {"DESK", column_kind::text},           {"LOTS", column_kind::integer},
            {"TRADED_AT", column_kind::timestamp}, {"SOLICITED", column_kind::boolean},
            {"NOTE", column_kind::bytes},          {"KIND", column_kind::text}};
}

field_rule from_column(std::string field, std::string name, long line = 1) {
    field_rule rule;
    rule.field = std::move(field);
    rule.source = value_source::column;
    rule.text = std::move(name);
    rule.line = line;
    return rule;
}

field_rule constant(std::string field, std::string text, long line = 1) {
    field_rule rule;
    rule.field = std::move(field);
    rule.source = value_source::constant;
    rule.text = std::move(text);
    rule.line = line;
    return rule;
}

field_rule at_now(std::string field, long line = 1) {
    field_rule rule;
    rule.field = std::move(field);
    rule.source = value_source::now;
    rule.line = line;
    return rule;
}

// News must have lines of text.
outbound_spec news_of(std::vector<field_rule> fields) {
    group_rule lines;
    lines.counter = "NoLinesOfText";
    group_entry_rule line;
    line.fields = {constant("Text", "t")};
    lines.entries = {line};
    outbound_spec spec;
    spec.message = "News";
    spec.fields = std::move(fields);
    spec.groups = {lines};
    return spec;
}

outbound_spec order_spec() {
    outbound_spec spec;
    spec.name = "orders";
    spec.message = "NewOrderSingle";
    spec.line = 1;
    field_rule side = from_column("Side", "SIDE", 3);
    side.pairs = {{"B", "buy"}, {"S", "2"}};
    spec.fields = {from_column("ClOrdID", "ORDER_ID", 2),
                   side,
                   at_now("TransactTime", 4),
                   constant("OrdType", "limit", 5),
                   from_column("OrderQty", "QUANTITY", 6),
                   from_column("Price", "PRICE", 7),
                   from_column("Symbol", "SYMBOL", 8),
                   from_column("Account", "ACCOUNT", 9),
                   constant("HandlInst", "1", 10)};
    group_rule parties;
    parties.counter = "NoPartyIDs";
    parties.line = 11;
    group_entry_rule broker;
    broker.fields = {constant("PartyRole", "executing_firm", 12),
                     from_column("PartyID", "BROKER", 13), constant("PartyIDSource", "D", 14)};
    group_entry_rule trader;
    trader.fields = {from_column("PartyID", "TRADER", 16), constant("PartyRole", "12", 17)};
    group_rule subs;
    subs.counter = "NoPartySubIDs";
    group_entry_rule desk;
    desk.fields = {from_column("PartySubID", "DESK", 18)};
    subs.entries = {desk};
    trader.groups = {subs};
    parties.entries = {broker, trader};
    spec.groups = {parties};
    return spec;
}

test_row order_row() {
    test_row row{order_columns()};
    row.set("ORDER_ID", std::string("A1"))
        .set("SIDE", 'B')
        .set("QUANTITY", decimal{100, 0})
        .set("PRICE", decimal{10150, -2})
        .set("SYMBOL", std::string("VOD.L"));
    return row;
}

class OutboundMap : public testing::Test {
protected:
    outbound_map compile(const outbound_spec& spec) {
        return tests::made(compile_outbound(spec, columns_, dict_));
    }
    std::string translate(const outbound_map& map, const test_row& row) {
        std::array<char, 1024> out{};
        result_ = map.encode(row, {now}, out);
        const std::string body(out.data(), result_.size);
        EXPECT_EQ(result_.byte_sum, byte_sum(body));
        return tests::with_bars(body);
    }
    void expect_errors(const outbound_spec& spec, const std::vector<std::string>& expected) {
        const compile_result<outbound_map> result = compile_outbound(spec, columns_, dict_);
        EXPECT_FALSE(result);
        EXPECT_EQ(tests::texts_of(result.errors), expected);
    }

    const dictionary dict_{fix44::dictionary};
    const std::vector<column> columns_ = order_columns();
    map_result result_;
};

TEST_F(OutboundMap, WritesTheSameBodyAsTheTypedEncoder) {
    test_row row = order_row();
    row.set("BROKER", std::string("BRK"))
        .set("TRADER", std::string("TRD"))
        .set("DESK", std::string("D1"));
    const std::string text = translate(compile(order_spec()), row);
    using namespace fix44;
    std::array<char, 1024> out{};
    const encode_result typed = encode<NewOrderSingle>(
        out, set<ClOrdID>("A1"), set<Side>(Side::buy), set<TransactTime>(now),
        set<OrdType>(OrdType::limit), set<OrderQty>(100), set<Price>(decimal{10150, -2}),
        set<Symbol>("VOD.L"),
        set<HandlInst>(HandlInst::automated_execution_order_private_no_broker_intervention),
        set_group<NoPartyIDs>(
            entry(set<PartyID>("BRK"), set<PartyIDSource>(PartyIDSource::proprietary),
                  set<PartyRole>(PartyRole::executing_firm)),
            entry(set<PartyID>("TRD"), set<PartyRole>(PartyRole::executing_trader),
                  set_group<NoPartySubIDs>(entry(set<PartySubID>("D1"))))));
    ASSERT_TRUE(typed.is_ok());
    EXPECT_EQ(text, tests::with_bars({out.data(), typed.size}));
    EXPECT_TRUE(result_.is_ok());
}

TEST_F(OutboundMap, LeavesOutEmptyFieldsEntriesAndGroups) {
    const outbound_map map = compile(order_spec());
    const std::string base =
        "11=A1|21=1|38=100|40=2|44=101.50|54=1|55=VOD.L|60=20231114-22:13:20.123|";
    test_row row = order_row();
    EXPECT_EQ(translate(map, row), base);
    row.set("TRADER", std::string("TRD"));
    EXPECT_EQ(translate(map, row), base + "453=1|448=TRD|452=12|");
    row.set("DESK", std::string("D1"));
    EXPECT_EQ(translate(map, row), base + "453=1|448=TRD|452=12|802=1|523=D1|");
    row.clear("PRICE");
    row.clear("TRADER");
    row.clear("DESK");
    row.set("BROKER", std::string("B"));
    EXPECT_EQ(translate(map, row),
              "11=A1|21=1|38=100|40=2|54=1|55=VOD.L|60=20231114-22:13:20.123|"
              "453=1|448=B|447=D|452=1|");
}

TEST_F(OutboundMap, SaysWhichValueCannotBeTranslated) {
    const outbound_map map = compile(order_spec());
    const auto expect = [&](const test_row& row, map_status status, int tag, const char* column) {
        std::array<char, 1024> out{};
        const map_result result = map.encode(row, {now}, out);
        EXPECT_EQ(result.status, status);
        EXPECT_EQ(result.tag, tag);
        EXPECT_EQ(result.column, static_cast<int>(row.index(column)));
    };
    test_row row = order_row();
    row.clear("ORDER_ID");
    expect(row, map_status::required_empty, 11, "ORDER_ID");
    row = order_row();
    row.set("SIDE", 'X');
    expect(row, map_status::bad_value, 54, "SIDE");
    row = order_row();
    row.set("PRICE", decimal{1, 40});
    expect(row, map_status::bad_value, 44, "PRICE");
    row = order_row();
    row.set("ACCOUNT", std::string("A\x01"
                                   "54=2"));
    expect(row, map_status::bad_value, 1, "ACCOUNT");
    row = order_row();
    row.set("DESK", std::string("D1"));  // an entry without its delimiter
    expect(row, map_status::required_empty, 448, "TRADER");
}

TEST_F(OutboundMap, NeverWritesBeyondItsBuffer) {
    const outbound_map map = compile(order_spec());
    test_row row = order_row();
    row.set("BROKER", std::string("BRK"));
    const std::size_t whole = translate(map, row).size();
    bool has_fitted = false;
    for (std::size_t size = 0; size < whole + 64; ++size) {
        const auto bytes = std::make_unique<char[]>(size);
        const map_result result = map.encode(row, {now}, {bytes.get(), size});
        EXPECT_FALSE(has_fitted && !result.is_ok());
        has_fitted = result.is_ok();
        EXPECT_TRUE(result.is_ok() ? size >= whole : result.status == map_status::overflow);
    }
    EXPECT_TRUE(has_fitted);
}

TEST_F(OutboundMap, ConvertsEveryKindOfColumn) {
    outbound_spec spec = order_spec();
    field_rule solicited = from_column("SolicitedFlag", "SOLICITED");
    field_rule kind = from_column("OrderCapacity", "KIND");
    spec.fields.push_back(from_column("MinQty", "LOTS"));
    spec.fields.push_back(from_column("TradeDate", "TRADED_AT"));
    spec.fields.push_back(from_column("ExpireTime", "TRADED_AT"));
    spec.fields.push_back(solicited);
    spec.fields.push_back(from_column("EncodedText", "NOTE"));
    spec.fields.push_back(kind);
    const outbound_map map = compile(spec);
    test_row row = order_row();
    row.set("LOTS", std::int64_t{-7})
        .set("TRADED_AT", noon_ns)
        .set("SOLICITED", true)
        .set("NOTE", std::string("a\x01"
                                 "b"))
        .set("KIND", std::string("A"));
    EXPECT_EQ(translate(map, row),
              "11=A1|21=1|38=100|40=2|44=101.50|54=1|55=VOD.L|60=20231114-22:13:20.123|75=20240101|"
              "110=-7|"
              "126=20240101-12:00:00.000|354=3|355=a|b|377=Y|528=A|");
    row.set("KIND", std::string("Z"));
    translate(map, row);
    EXPECT_EQ(result_.status, map_status::bad_value);
    EXPECT_EQ(result_.tag, 528);
}

TEST_F(OutboundMap, TakesDefaultsWhereTheColumnIsEmpty) {
    outbound_spec spec = order_spec();
    spec.fields[0].default_text = "NONE";
    spec.fields[7].default_text = "HOUSE";
    field_rule only_default;
    only_default.field = "TimeInForce";
    only_default.default_text = "day";
    spec.fields.push_back(only_default);
    const outbound_map map = compile(spec);
    test_row row = order_row();
    row.clear("ORDER_ID");
    EXPECT_EQ(
        translate(map, row),
        "1=HOUSE|11=NONE|21=1|38=100|40=2|44=101.50|54=1|55=VOD.L|59=0|60=20231114-22:13:20.123|");
}

TEST_F(OutboundMap, TakesAnotherColumnWhereTheFirstIsEmptyAndThenTheDefault) {
    outbound_spec spec;
    spec.message = "TestRequest";
    field_rule id = from_column("TestReqID", "ACCOUNT");
    id.fallback = "BROKER";
    id.default_text = "HOUSE";
    spec.fields = {id};
    outbound_map map = compile(spec);
    EXPECT_EQ(translate(map, test_row{order_columns()}), "112=HOUSE|");
    EXPECT_EQ(translate(map, test_row{order_columns()}.set("BROKER", std::string("BRK"))),
              "112=BRK|");
    EXPECT_EQ(translate(map, test_row{order_columns()}
                                 .set("BROKER", std::string("BRK"))
                                 .set("ACCOUNT", std::string("ACC"))),
              "112=ACC|");
    id.default_text.reset();
    spec.fields = {id};
    map = compile(spec);
    std::array<char, 64> out{};
    const map_result result = map.encode(test_row{order_columns()}, {now}, out);
    EXPECT_EQ(result.status, map_status::required_empty);
    EXPECT_EQ(result.tag, 112);
}

TEST_F(OutboundMap, LeavesOutAFieldWhoseConditionDoesNotHold) {
    outbound_spec spec;
    spec.message = "TestRequest";
    field_rule id = constant("TestReqID", "T");
    spec.fields = {id};
    field_rule urgency = constant("Urgency", "1");
    urgency.when = column_condition{"SIDE", {"B", ""}, false};
    field_rule origin = from_column("OrigTime", "TRADED_AT");
    origin.when = column_condition{"LOTS", {"7"}, true};
    outbound_map map = compile(news_of({constant("Headline", "h"), urgency, origin}));
    EXPECT_EQ(translate(map, test_row{order_columns()}.set("SIDE", 'B')), "33=1|58=t|61=1|148=h|");
    EXPECT_EQ(translate(map, test_row{order_columns()}), "33=1|58=t|61=1|148=h|")
        << "an empty column is \"\"";
    EXPECT_EQ(translate(map, test_row{order_columns()}.set("SIDE", 'S')), "33=1|58=t|148=h|");
    EXPECT_EQ(translate(map, test_row{order_columns()}
                                 .set("SIDE", 'S')
                                 .set("TRADED_AT", noon_ns)
                                 .set("LOTS", std::int64_t{8})),
              "33=1|58=t|42=20240101-12:00:00.000|148=h|");
    EXPECT_EQ(translate(map, test_row{order_columns()}
                                 .set("SIDE", 'S')
                                 .set("TRADED_AT", noon_ns)
                                 .set("LOTS", std::int64_t{7})),
              "33=1|58=t|148=h|");
}

TEST_F(OutboundMap, RefusesAConditionThatLeavesOutWhatFixAsksFor) {
    outbound_spec spec;
    spec.message = "TestRequest";
    spec.line = 1;
    field_rule id = constant("TestReqID", "T", 2);
    id.when = column_condition{"SOLICITED", {"true"}, false};
    spec.fields = {id};
    expect_errors(spec, {"2: map : field TestReqID is required in message TestRequest, and 'when' "
                         "would leave it out"});
    field_rule text = constant("Text", "t", 4);
    text.when = id.when;
    spec = news_of({constant("Headline", "h")});
    spec.groups[0].entries[0].fields = {text};
    expect_errors(spec, {"4: map : field Text begins an entry of group NoLinesOfText, and 'when' "
                         "would leave it out"});
}

TEST_F(OutboundMap, TriesATextThatNoRowTakesPartIn) {
    field_rule origin = at_now("OrigTime", 2);
    origin.format = "%H:%M";
    expect_errors(news_of({constant("Headline", "h"), origin}),
                  {"2: map : field OrigTime of type UTCTIMESTAMP cannot have such a text: "
                   "\"09:30\""});
    origin.format = "%Y%m%d-%H:%M:%S.%6";
    EXPECT_EQ(
        translate(compile(news_of({constant("Headline", "h"), origin})), test_row{order_columns()}),
        "33=1|58=t|42=20231114-22:13:20.123000|148=h|");
    field_rule urgency = constant("Urgency", "", 3);
    urgency.source = value_source::composed;
    urgency.text = "{@sequence:3}";
    expect_errors(news_of({constant("Headline", "h"), urgency}),
                  {"3: map : field Urgency of type CHAR cannot have such a text: \"001\""});
}

TEST_F(OutboundMap, WritesAsManyDecimalsOfATimeAsAskedFor) {
    field_rule origin = from_column("OrigTime", "TRADED_AT");
    origin.decimals = 6;
    outbound_spec spec = news_of({constant("Headline", "h"), origin});
    outbound_map map = compile(spec);
    EXPECT_EQ(translate(map, test_row{order_columns()}.set("TRADED_AT", noon_ns + 1'234'567)),
              "33=1|58=t|42=20240101-12:00:00.001234|148=h|");
    spec.fields[1] = at_now("OrigTime");
    spec.fields[1].decimals = 0;
    map = compile(spec);
    EXPECT_EQ(translate(map, test_row{order_columns()}), "33=1|58=t|42=20231114-22:13:20|148=h|");
}

TEST_F(OutboundMap, RefusesConditionsFallbacksAndDecimalsThatCannotBe) {
    outbound_spec spec;
    spec.message = "Heartbeat";
    spec.line = 1;
    field_rule id = from_column("TestReqID", "ACCOUNT", 2);
    id.fallback = "BROKR";
    spec.fields = {id};
    expect_errors(spec, {"2: map : column BROKR does not exist; did you mean BROKER?"});
    id.fallback.clear();
    id.when = column_condition{"PRICE", {"1"}, false};
    spec.fields = {id};
    expect_errors(spec, {"2: map : column PRICE of kind decimal cannot be a condition"});
    id.when = column_condition{"SIDE", {"BUY"}, false};
    spec.fields = {id};
    expect_errors(spec, {"2: map : \"BUY\" is no value of column SIDE of kind character"});
    id.when.reset();
    id.decimals = 3;
    spec.fields = {id};
    expect_errors(spec, {"2: map : field TestReqID of type STRING is no time and has no decimals"});
}

TEST_F(OutboundMap, EverythingItWritesTheDecoderAccepts) {
    const outbound_map map = compile(order_spec());
    decoder reader{dict_};
    for (unsigned mask = 0; mask < 32; ++mask) {
        test_row row = order_row();
        const char* names[] = {"ACCOUNT", "BROKER", "TRADER"};
        for (unsigned i = 0; i < 3; ++i) {
            if ((mask >> i & 1U) != 0) {
                row.set(names[i], std::string("X"));
            }
        }
        if ((mask & 4U) != 0 && (mask & 8U) != 0) {
            row.set("DESK", std::string("D"));
        }
        if ((mask & 16U) != 0) {
            row.set("SIDE", 'S');
        }
        std::array<char, 1024> out{};
        const map_result result = map.encode(row, {now}, out);
        ASSERT_TRUE(result.is_ok()) << mask;
        EXPECT_TRUE(reader.decode_body("D", {out.data(), result.size}).is_ok()) << mask;
    }
}

TEST_F(OutboundMap, RefusesASpecWithEveryErrorAndItsLine) {
    outbound_spec spec = order_spec();
    spec.fields[1].field = "Sied";
    spec.fields[4].text = "QUANTTY";
    spec.fields.push_back(constant("Currency", "EURO", 20));
    spec.fields.push_back(constant("TimeInForce", "dya", 21));
    spec.fields.push_back(from_column("LastPx", "PRICE", 22));
    spec.fields.push_back(from_column("ExpireTime", "SOLICITED", 23));
    spec.fields.push_back(from_column("Account", "SYMBOL", 24));
    spec.fields.push_back(at_now("Text", 25));
    spec.fields.push_back(constant("NoAllocs", "1", 26));
    spec.fields.push_back(constant("EncodedTextLen", "1", 27));
    expect_errors(
        spec,
        {"3: map orders: field Sied is not in dictionary fix44; did you mean Side?",
         "6: map orders: column QUANTTY does not exist; did you mean QUANTITY?",
         "20: map orders: \"EURO\" is no value of field Currency of type CURRENCY",
         "21: map orders: \"dya\" is none of the values of field TimeInForce; did you mean day?",
         "22: map orders: field LastPx does not belong to message NewOrderSingle",
         "23: map orders: column SOLICITED of kind boolean cannot become field ExpireTime of type "
         "UTCTIMESTAMP",
         "24: map orders: field Account is already set in line 9",
         "25: map orders: field Text of type STRING cannot take the time of translation",
         "26: map orders: NoAllocs counts a group: give its entries instead",
         "27: map orders: EncodedTextLen is written with its data field: leave it out",
         "1: map orders: required field Side(54) of message NewOrderSingle has no source"});
}

TEST_F(OutboundMap, RefusesGroupsThatCannotBeWritten) {
    outbound_spec spec = order_spec();
    spec.groups[0].entries[0].fields.erase(spec.groups[0].entries[0].fields.begin() + 1);
    spec.groups[0].entries[0].line = 12;
    spec.groups[0].entries[1].fields[1].field = "Account";
    group_rule wrong;
    wrong.counter = "Account";
    wrong.line = 30;
    group_rule empty;
    empty.counter = "NoAllocs";
    empty.line = 31;
    spec.fields.erase(spec.fields.begin() + 7);
    spec.groups.push_back(wrong);
    spec.groups.push_back(empty);
    expect_errors(spec,
                  {"12: map orders: an entry of group NoPartyIDs needs its first field PartyID",
                   "17: map orders: field Account does not belong to group NoPartyIDs",
                   "30: map orders: Account is not the counter of a group",
                   "31: map orders: group NoAllocs has no entries"});
}

TEST_F(OutboundMap, RefusesPairsThatAreNoValues) {
    outbound_spec spec = order_spec();
    spec.fields[1].pairs = {{"BUY", "buy"}};
    expect_errors(spec, {
                            "3: map orders: \"BUY\" is no value of column SIDE of kind character",
                        });
    spec.fields[1].pairs = {{"B", "buy"}, {"B", "sell"}};
    expect_errors(spec, {"3: map orders: \"B\" is translated twice for field Side"});
    spec.fields[1].pairs = {{"B", "buyy"}};
    expect_errors(
        spec, {"3: map orders: \"buyy\" is none of the values of field Side; did you mean buy?"});
}

TEST_F(OutboundMap, RefusesAnUnknownMessage) {
    outbound_spec spec;
    spec.name = "orders";
    spec.message = "NewOrderSingel";
    spec.line = 4;
    expect_errors(spec,
                  {"4: map orders: message NewOrderSingel is not in dictionary fix44; did you mean "
                   "NewOrderSingle?"});
    spec = order_spec();
    spec.message = "D";
    EXPECT_EQ(compile(spec).msg_type(), "D");
}

}  // namespace
}  // namespace millrace::xlator
