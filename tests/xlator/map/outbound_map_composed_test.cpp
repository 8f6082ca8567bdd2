// Fields made of several values, and values in a form.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "fix44/dictionary.hpp"
#include "tests/xlator/fix_text.hpp"
#include "tests/xlator/map/test_row.hpp"
#include "xlator/map/outbound_map.hpp"

namespace millrace::xlator {
namespace {

using tests::test_row;

constexpr utc_timestamp now{1'704'110'705'006'000'000};  // 20240101-12:05:05.006

std::vector<column> columns() {
    return {{"DESK", column_kind::text},     {"NUMBER", column_kind::integer},
            {"PRICE", column_kind::decimal}, {"AT", column_kind::timestamp},
            {"OTHER", column_kind::text},    {"LATER", column_kind::timestamp},
            {"PICTURE", column_kind::bytes}};
}

field_rule composed(std::string field, std::string text) {
    field_rule rule;
    rule.field = std::move(field);
    rule.source = value_source::composed;
    rule.text = std::move(text);
    rule.line = 2;
    return rule;
}

field_rule formatted(std::string field, std::string column, std::string format) {
    field_rule rule;
    rule.field = std::move(field);
    rule.source = column.empty() ? value_source::now : value_source::column;
    rule.text = std::move(column);
    rule.format = std::move(format);
    rule.line = 2;
    return rule;
}

class OutboundMapComposed : public testing::Test {
protected:
    // The body of a TestRequest, or of a QuoteRequestReject with one entry: the field in question
    // stands in the first, in the entry, or, if it is EncodedText, in the second.
    std::string translate(const field_rule& rule, const test_row& row, std::size_t room = 512) {
        outbound_spec spec;
        spec.message = "TestRequest";
        spec.fields = {rule};
        if (rule.field != "TestReqID") {
            spec.message = "QuoteRequestReject";
            field_rule id;
            id.field = "QuoteReqID";
            id.source = value_source::constant;
            id.text = "Q";
            field_rule reason = id;
            reason.field = "QuoteRequestRejectReason";
            reason.text = "99";
            group_entry_rule entry;
            field_rule symbol = id;
            symbol.field = "Symbol";
            symbol.text = "S";
            entry.fields = {symbol};
            group_rule group;
            group.counter = "NoRelatedSym";
            if (rule.field != "EncodedText") {
                entry.fields.push_back(rule);
                spec.fields.clear();
            }
            group.entries = {entry};
            spec.groups = {group};
            spec.fields.push_back(id);
            spec.fields.push_back(reason);
        }
        const compile_result<outbound_map> compiled = compile_outbound(spec, columns_, dict_);
        if (!compiled) {
            std::string all;
            for (const spec_error& each : compiled.errors) {
                all += std::to_string(each.line) + ":" + each.message + "\n";
            }
            return all;
        }
        std::string out(room, '\0');
        const map_result result = compiled.map->encode(row, {now, 4711}, out);
        if (!result.is_ok()) {
            return std::string(describe(result.status)) + " " + std::to_string(result.tag);
        }
        return tests::with_bars(out.substr(0, result.size));
    }

    const dictionary dict_{fix44::dictionary};
    const std::vector<column> columns_ = columns();
};

TEST_F(OutboundMapComposed, MakesAnIdentifierOfColumnsTheSequenceAndTheTime) {
    test_row row{columns_};
    row.set("DESK", std::string("EQ")).set("NUMBER", std::int64_t{7});
    EXPECT_EQ(translate(composed("TestReqID", "{DESK}-{NUMBER:4}"), row), "112=EQ-0007|");
    EXPECT_EQ(translate(composed("TestReqID", "{@time:%Y%m%d}/{@sequence:8}"), row),
              "112=20240101/00004711|");
    EXPECT_EQ(translate(composed("TestReqID", "{{{DESK}}}"), row), "112={EQ}|");
}

TEST_F(OutboundMapComposed, IsEmptyWhereOneOfItsColumnsIs) {
    test_row row{columns_};
    row.set("DESK", std::string("EQ"));
    field_rule id = composed("TestReqID", "{DESK}-{NUMBER}");
    EXPECT_EQ(translate(id, row), "a required value is empty 112");
    id.default_text = "none";
    EXPECT_EQ(translate(id, row), "112=none|");
    id.fallback = "OTHER";
    row.set("OTHER", std::string("X"));
    EXPECT_EQ(translate(id, row), "112=X|");
}

TEST_F(OutboundMapComposed, WritesAValueInItsForm) {
    test_row row{columns_};
    row.set("PRICE", decimal{1015, -1}).set("AT", now.ns).set("NUMBER", std::int64_t{7});
    EXPECT_EQ(translate(formatted("TestReqID", "NUMBER", "6"), row), "112=000007|");
    EXPECT_EQ(translate(formatted("TestReqID", "PRICE", ".3"), row), "112=101.500|");
    EXPECT_EQ(translate(formatted("TestReqID", "AT", "%H.%M"), row), "112=12.05|");
    EXPECT_EQ(translate(formatted("TestReqID", "", "%Y%m%d"), row), "112=20240101|");
    row.set("PRICE", decimal{10155, -3});
    EXPECT_EQ(translate(formatted("TestReqID", "PRICE", ".2"), row),
              "a value cannot be translated 112");
    row.clear("AT");
    field_rule at = formatted("TestReqID", "AT", "%H.%M");
    at.fallback = "LATER";
    EXPECT_EQ(translate(at, row.set("LATER", now.ns)), "112=12.05|") << "in the same form";
}

TEST_F(OutboundMapComposed, IsCheckedAsAnyTextIs) {
    test_row row{columns_};
    row.set("DESK", std::string("EQ\x01"
                                "1"))
        .set("NUMBER", std::int64_t{7});
    EXPECT_EQ(translate(composed("TestReqID", "{DESK}"), row), "a value cannot be translated 112");
    row.set("DESK", std::string("EQ"));
    EXPECT_EQ(translate(composed("StrikePrice", "{NUMBER}.5"), row),
              "131=Q|146=1|55=S|202=7.5|658=99|");
    EXPECT_EQ(translate(composed("StrikePrice", "{DESK}"), row),
              "a value cannot be translated 202");
    EXPECT_EQ(translate(composed("TestReqID", "{DESK}-{NUMBER}"), row, 8),
              "the message is larger than the buffer 112");
}

TEST_F(OutboundMapComposed, CountsForAGroupEntry) {
    test_row row{columns_};
    EXPECT_EQ(translate(composed("SecurityID", "{DESK}:{NUMBER}"), row),
              "a required value is empty 146")
        << "no entry, and the group is required";
    row.set("DESK", std::string("EQ"));
    EXPECT_EQ(translate(composed("SecurityID", "{DESK}:{NUMBER}"), row),
              "131=Q|146=1|55=S|658=99|");
    row.set("NUMBER", std::int64_t{7});
    EXPECT_EQ(translate(composed("SecurityID", "{DESK}:{NUMBER}"), row),
              "131=Q|146=1|55=S|48=EQ:7|658=99|");
}

TEST_F(OutboundMapComposed, RefusesTextsThatCannotBe) {
    const test_row row{columns_};
    EXPECT_EQ(translate(composed("TestReqID", "{DESC}"), row),
              "2:map : column DESC does not exist; did you mean DESK?\n");
    EXPECT_EQ(translate(composed("TestReqID", "{@now}"), row),
              "2:map : the template of field TestReqID has {@now}; expected @time, @sequence or a "
              "name\n");
    EXPECT_EQ(translate(composed("TestReqID", ""), row),
              "2:map : the template of field TestReqID is empty\n");
    EXPECT_EQ(translate(composed("TestReqID", "{DESK"), row),
              "2:map : the template of field TestReqID has a { without its }; a brace itself is "
              "written twice\n");
    EXPECT_EQ(translate(composed("TestReqID", "{DESK:8}"), row),
              "2:map : field TestReqID: a value of kind text has no format \"8\"\n");
    EXPECT_EQ(translate(composed("TestReqID", "{PICTURE}"), row),
              "2:map : field TestReqID: a value of kind bytes has no text\n");
    EXPECT_EQ(translate(formatted("TestReqID", "NUMBER", "wide"), row),
              "2:map : \"wide\" of field TestReqID is no format; expected \"8\" for at least so "
              "many digits, \".2\" for so many decimals, or a time's \"%Y%m%d-%H:%M:%S.%3\"\n");
    field_rule both = formatted("TestReqID", "NUMBER", "8");
    both.pairs = {{"1", "one"}};
    EXPECT_EQ(translate(both, row), "2:map : field TestReqID has a format, and values beside it\n");
    EXPECT_EQ(translate(composed("EncodedText", "{DESK}"), row)
                  .find("2:map : field EncodedText is a data field: give it a column\n"),
              0U);
}

}  // namespace
}  // namespace millrace::xlator
