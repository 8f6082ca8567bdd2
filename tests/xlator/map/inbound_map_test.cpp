#include "xlator/map/inbound_map.hpp"

#include <gtest/gtest.h>

#include <string>

#include "fix44/dictionary.hpp"
#include "tests/xlator/fix_text.hpp"
#include "tests/xlator/map/test_row.hpp"
#include "xlator/fix/decoder.hpp"

namespace millrace::xlator {
namespace {

using tests::test_row;

constexpr utc_timestamp now{1'704'110'400'000'000'000};  // 20240101-12:00:00

std::vector<column> report_columns() {
    return {{"EXEC_ID", column_kind::text, true}, {"SIDE", column_kind::character},
            {"FILLED", column_kind::decimal},     {"LOTS", column_kind::integer},
            {"AT", column_kind::timestamp},       {"DUPLICATE", column_kind::boolean},
            {"BROKER", column_kind::text},        {"SECOND", column_kind::text},
            {"STATUS", column_kind::text},        {"SOURCE", column_kind::text},
            {"NUMBER", column_kind::integer},     {"DAY", column_kind::timestamp}};
}

column_rule from_field(std::string name, std::string field, long line = 1) {
    column_rule rule;
    rule.column = std::move(name);
    rule.field = std::move(field);
    rule.line = line;
    return rule;
}

inbound_spec report_spec() {
    inbound_spec spec;
    spec.name = "reports";
    spec.message = "ExecutionReport";
    spec.line = 1;
    column_rule exec_id = from_field("EXEC_ID", "ExecID", 2);
    column_rule side = from_field("SIDE", "Side", 3);
    side.pairs = {{"B", "buy"}, {"S", "2"}};
    column_rule duplicate = from_field("DUPLICATE", "PossDupFlag", 7);
    duplicate.default_text = "false";
    column_rule broker = from_field("BROKER", "PartyID", 8);
    broker.group = "NoPartyIDs";
    broker.match_field = "PartyRole";
    broker.match_value = "executing_firm";
    column_rule second = from_field("SECOND", "PartyID", 9);
    second.group = "NoPartyIDs";
    second.entry = 1;
    column_rule source = from_field("SOURCE", "", 10);
    source.constant = "VENUE";
    spec.columns = {exec_id,
                    side,
                    from_field("FILLED", "CumQty", 4),
                    from_field("LOTS", "LeavesQty", 5),
                    from_field("AT", "TransactTime", 6),
                    duplicate,
                    broker,
                    second,
                    source,
                    from_field("STATUS", "OrdStatus", 11),
                    from_field("NUMBER", "MsgSeqNum", 12),
                    from_field("DAY", "TradeDate", 13)};
    return spec;
}

const std::string base =
    "35=8|34=7|49=A|52=20240101-10:00:00.000|56=B|6=1.5|14=60.5|17=E1|37=O1|39=1|54=1|";
const std::string rest = "150=F|151=40|453=2|448=CL|452=3|448=BRK|452=1|";

class InboundMap : public testing::Test {
protected:
    inbound_map compile(const inbound_spec& spec) {
        return tests::made(compile_inbound(spec, columns_, dict_));
    }
    map_result translate(const std::string& fields, test_row& row) {
        frame_ = tests::frame_of(fields);
        const decode_result decoded = decoder_.decode(frame_);
        EXPECT_TRUE(decoded.is_ok()) << decoded.ref_tag;
        return compile(report_spec()).decode(decoder_.message(), decoder_.msg_type(), {now}, row);
    }

    const dictionary dict_{fix44::dictionary};
    const std::vector<column> columns_ = report_columns();
    decoder decoder_{dict_};
    std::string frame_;
};

TEST_F(InboundMap, FillsEveryKindOfColumn) {
    test_row row{columns_};
    const map_result result = translate(base + "60=20240101-12:00:00.5|75=20240102|" + rest, row);
    ASSERT_TRUE(result.is_ok()) << result.tag;
    EXPECT_EQ(row.get<std::string>("EXEC_ID"), "E1");
    EXPECT_EQ(row.get<char>("SIDE"), 'B');
    EXPECT_EQ(row.get<decimal>("FILLED"), (decimal{605, -1}));
    EXPECT_EQ(row.get<std::int64_t>("LOTS"), 40);
    EXPECT_EQ(row.get<std::int64_t>("AT"), 1'704'110'400'500'000'000);
    EXPECT_FALSE(row.get<bool>("DUPLICATE"));
    EXPECT_EQ(row.get<std::string>("BROKER"), "BRK");
    EXPECT_EQ(row.get<std::string>("SECOND"), "BRK");
    EXPECT_EQ(row.get<std::string>("STATUS"), "1");
    EXPECT_EQ(row.get<std::string>("SOURCE"), "VENUE");
    EXPECT_EQ(row.get<std::int64_t>("NUMBER"), 7);
    EXPECT_EQ(row.get<std::int64_t>("DAY"), 1'704'153'600'000'000'000);
}

TEST_F(InboundMap, DoesNotTouchColumnsWithoutAValue) {
    test_row row{columns_};
    ASSERT_TRUE(translate(base + "150=F|151=40|", row).is_ok());
    EXPECT_FALSE(row.has("AT"));
    EXPECT_FALSE(row.has("BROKER"));
    EXPECT_FALSE(row.has("SECOND"));
    EXPECT_TRUE(row.has("DUPLICATE"));
}

TEST_F(InboundMap, SaysWhichValueCannotBeTranslated) {
    const auto expect = [&](const std::string& fields, map_status status, int tag,
                            const char* column) {
        test_row row{columns_};
        const map_result result = translate(fields, row);
        EXPECT_EQ(result.status, status) << fields;
        EXPECT_EQ(result.tag, tag);
        EXPECT_EQ(result.column, static_cast<int>(row.index(column)));
    };
    const auto report = [](const char* side, const char* leaves, const char* id) {
        return std::string("35=8|34=7|49=A|52=20240101-10:00:00.000|56=B|6=1|14=1|17=") + id +
               "|37=O|39=1|54=" + side + "|150=F|151=" + leaves + "|";
    };
    expect(report("5", "40", "E"), map_status::bad_value, 54, "SIDE");
    expect(report("1", "40.5", "E"), map_status::bad_value, 151, "LOTS");
    expect(report("1", "40", "AN-ID-OF-MORE-THAN-16-BYTES"), map_status::bad_value, 17, "EXEC_ID");
}

TEST_F(InboundMap, ARequiredColumnNeedsItsField) {
    inbound_spec spec = report_spec();
    spec.columns = {from_field("EXEC_ID", "Account", 2)};
    const inbound_map map = compile(spec);
    frame_ = tests::frame_of(base + "150=F|151=40|");
    ASSERT_TRUE(decoder_.decode(frame_).is_ok());
    test_row row{columns_};
    const map_result result = map.decode(decoder_.message(), decoder_.msg_type(), {now}, row);
    EXPECT_EQ(result.status, map_status::required_empty);
    EXPECT_EQ(result.tag, 1);
}

TEST_F(InboundMap, TakesAnotherFieldTheTimeOrATextOfSeveral) {
    inbound_spec spec;
    spec.message = "ExecutionReport";
    column_rule account = from_field("SOURCE", "Account");
    account.fallback = "SenderCompID";
    column_rule status = from_field("STATUS", "Account");
    status.fallback = "OrdStatus";
    status.pairs = {{"PART", "1"}};
    column_rule time;
    time.column = "AT";
    time.is_now = true;
    column_rule id;
    id.column = "EXEC_ID";
    id.composed = "{ExecID}/{MsgSeqNum:4}/{@sequence}";
    column_rule day = from_field("BROKER", "TransactTime");
    day.format = "%d.%m.%Y";
    column_rule today;
    today.column = "SECOND";
    today.is_now = true;
    today.format = "%H%M";
    column_rule number;
    number.column = "NUMBER";
    number.composed = "9{MsgSeqNum:3}";
    spec.columns = {account, status, time, id, day, today, number};
    const inbound_map map = compile(spec);
    frame_ = tests::frame_of(base + "60=20240102-12:00:00.5|" + rest);
    ASSERT_TRUE(decoder_.decode(frame_).is_ok());
    test_row row{columns_};
    const map_result result = map.decode(decoder_.message(), decoder_.msg_type(), {now, 31}, row);
    ASSERT_TRUE(result.is_ok()) << result.column;
    EXPECT_EQ(row.get<std::string>("SOURCE"), "A");
    EXPECT_EQ(row.get<std::string>("STATUS"), "PART");
    EXPECT_EQ(row.get<std::int64_t>("AT"), now.ns);
    EXPECT_EQ(row.get<std::string>("EXEC_ID"), "E1/0007/31");
    EXPECT_EQ(row.get<std::string>("BROKER"), "02.01.2024");
    EXPECT_EQ(row.get<std::string>("SECOND"), "1200");
    EXPECT_EQ(row.get<std::int64_t>("NUMBER"), 9007);
}

TEST_F(InboundMap, HasNoTextWithoutOneOfItsFields) {
    inbound_spec spec;
    spec.message = "ExecutionReport";
    column_rule id;
    id.column = "EXEC_ID";
    id.composed = "{ExecID}/{Account}";
    spec.columns = {id};
    frame_ = tests::frame_of(base + rest);
    ASSERT_TRUE(decoder_.decode(frame_).is_ok());
    const auto decode = [&](test_row& row) {
        return compile(spec).decode(decoder_.message(), decoder_.msg_type(), {now}, row);
    };
    test_row row{columns_};
    EXPECT_EQ(decode(row).status, map_status::required_empty);
    spec.columns[0].default_text = "none";
    ASSERT_TRUE(decode(row).is_ok());
    EXPECT_EQ(row.get<std::string>("EXEC_ID"), "none");
    spec.columns[0].fallback = "OrderID";
    ASSERT_TRUE(decode(row).is_ok());
    EXPECT_EQ(row.get<std::string>("EXEC_ID"), "O1");
    spec.columns[0].composed = "{ExecID}, which is too long for the column";
    EXPECT_EQ(decode(row).status, map_status::bad_value);
}

TEST_F(InboundMap, RefusesTextsThatCannotBe) {
    inbound_spec spec;
    spec.name = "reports";
    spec.message = "ExecutionReport";
    column_rule unknown;
    unknown.column = "SOURCE";
    unknown.composed = "{ExceID}";
    unknown.line = 2;
    column_rule formatted = from_field("STATUS", "OrdStatus", 3);
    formatted.format = "%Y";
    column_rule grouped = from_field("BROKER", "PartyID", 4);
    grouped.group = "NoPartyIDs";
    grouped.format = ".2";
    column_rule late;
    late.column = "LOTS";
    late.is_now = true;
    late.line = 5;
    column_rule other = from_field("AT", "TransactTime", 6);
    other.fallback = "OrdStatus";
    spec.columns = {unknown, formatted, grouped, late, other};
    const compile_result<inbound_map> result = compile_inbound(spec, columns_, dict_);
    EXPECT_EQ(
        tests::texts_of(result.errors),
        (std::vector<std::string>{
            "2: map reports: field ExceID is not in dictionary fix44; did you mean ExecID?",
            "3: map reports: column STATUS: a value of kind text has no format \"%Y\"",
            "4: map reports: column BROKER has a format, and a group beside it",
            "5: map reports: column LOTS is no timestamp and cannot take the time of translation",
            "6: map reports: field OrdStatus of type CHAR cannot become column AT of kind "
            "timestamp"}));
}

TEST_F(InboundMap, RefusesAMessageOfAnotherType) {
    frame_ = tests::frame_of("35=0|34=7|49=A|52=20240101-10:00:00.000|56=B|");
    ASSERT_TRUE(decoder_.decode(frame_).is_ok());
    test_row row{columns_};
    EXPECT_EQ(
        compile(report_spec()).decode(decoder_.message(), decoder_.msg_type(), {now}, row).status,
        map_status::wrong_message);
}

TEST_F(InboundMap, RefusesASpecWithEveryErrorAndItsLine) {
    inbound_spec spec = report_spec();
    spec.columns[0].field = "ExceID";
    spec.columns[1].column = "SIED";
    spec.columns[2].field = "ListSeqNo";
    spec.columns[3].field = "Text";
    spec.columns[4].column = "LOTS";
    spec.columns[4].field = "OrdRejReason";
    spec.columns[5].default_text = "maybe";
    spec.columns[6].match_value = "execting_firm";
    spec.columns[7].group = "Side";
    spec.columns[8].field = "Text";
    spec.columns[9].pairs = {{"N", "nwe"}};
    spec.columns[10].column = "DAY";
    spec.columns[10].field = "TradeDate";
    const compile_result<inbound_map> result = compile_inbound(spec, columns_, dict_);
    EXPECT_FALSE(result);
    EXPECT_EQ(
        tests::texts_of(result.errors),
        (std::vector<std::string>{
            "2: map reports: field ExceID is not in dictionary fix44; did you mean ExecID?",
            "3: map reports: column SIED does not exist; did you mean SIDE?",
            "4: map reports: field ListSeqNo does not belong to message ExecutionReport",
            "5: map reports: field Text of type STRING cannot become column LOTS of kind integer",
            "7: map reports: \"maybe\" is no value of column DUPLICATE of kind boolean",
            "8: map reports: \"execting_firm\" is none of the values of field PartyRole; did you "
            "mean "
            "executing_firm?",
            "9: map reports: Side is not the counter of a group",
            "10: map reports: column SOURCE has more than one source",
            "11: map reports: \"nwe\" is none of the values of field OrdStatus; did you mean new?",
            "13: map reports: column DAY is already set in line 12"}));
}

}  // namespace
}  // namespace millrace::xlator
