#include "xlator/map/row_map.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/xlator/map/test_row.hpp"

namespace millrace::xlator {
namespace {

using tests::test_row;

constexpr std::int64_t noon_ns = 1'704'110'400'000'000'000;

std::vector<column> source_columns() {
    return {{"ID", column_kind::text},          {"SIDE", column_kind::character},
            {"QUANTITY", column_kind::integer}, {"PRICE", column_kind::decimal},
            {"AT", column_kind::timestamp},     {"IS_OPEN", column_kind::boolean},
            {"WIRE", column_kind::bytes},       {"OTHER", column_kind::text}};
}
std::vector<column> target_columns() {
    return {{"KEY", column_kind::text, true}, {"SIDE", column_kind::text},
            {"AMOUNT", column_kind::decimal}, {"LOTS", column_kind::integer},
            {"AT", column_kind::timestamp},   {"STATE", column_kind::character},
            {"NOTE", column_kind::text},      {"IS_DONE", column_kind::boolean}};
}

field_rule from(std::string target, std::string source, long line = 1) {
    field_rule rule;
    rule.field = std::move(target);
    rule.source = value_source::column;
    rule.text = std::move(source);
    rule.line = line;
    return rule;
}
field_rule of_text(std::string target, value_source source, std::string text, long line = 1) {
    field_rule rule = from(std::move(target), std::move(text), line);
    rule.source = source;
    return rule;
}

class RowMap : public testing::Test {
protected:
    row_map compile(std::vector<field_rule> rules) {
        const row_spec spec{"copy", std::move(rules), 1};
        return tests::made(compile_rows(spec, source_, target_));
    }
    map_result convert(std::vector<field_rule> rules) {
        made_ = test_row{target_};
        return compile(std::move(rules)).convert(given_, {{noon_ns}, 12}, made_);
    }

    const std::vector<column> source_ = source_columns();
    const std::vector<column> target_ = target_columns();
    test_row given_{source_};
    test_row made_{target_};
};

TEST_F(RowMap, CarriesValuesOverAndMakesTheirKindFit) {
    given_.set("ID", std::string("A1"))
        .set("SIDE", 'B')
        .set("QUANTITY", std::int64_t{100})
        .set("PRICE", decimal{700, -2})
        .set("AT", noon_ns)
        .set("IS_OPEN", true)
        .set("OTHER", std::string("N"));
    ASSERT_TRUE(convert({from("KEY", "ID"), from("SIDE", "SIDE"), from("AMOUNT", "QUANTITY"),
                         from("LOTS", "PRICE"), from("AT", "AT"), from("STATE", "OTHER"),
                         from("NOTE", "PRICE"), from("IS_DONE", "IS_OPEN")})
                    .is_ok());
    EXPECT_EQ(made_.get<std::string>("KEY"), "A1");
    EXPECT_EQ(made_.get<std::string>("SIDE"), "B");
    EXPECT_EQ(made_.get<decimal>("AMOUNT"), (decimal{100, 0}));
    EXPECT_EQ(made_.get<std::int64_t>("LOTS"), 7);
    EXPECT_EQ(made_.get<std::int64_t>("AT"), noon_ns);
    EXPECT_EQ(made_.get<char>("STATE"), 'N');
    EXPECT_EQ(made_.get<std::string>("NOTE"), "7.00");
    EXPECT_TRUE(made_.get<bool>("IS_DONE"));
}

TEST_F(RowMap, TranslatesComposesAndFillsIn) {
    given_.set("ID", std::string("A1")).set("SIDE", 'S').set("OTHER", std::string("lo"));
    field_rule side = from("SIDE", "SIDE");
    side.pairs = {{"B", "buy"}, {"S", "sell"}};
    field_rule amount = from("AMOUNT", "PRICE");
    amount.default_text = "1.5";
    field_rule note = from("NOTE", "WIRE");
    note.fallback = "OTHER";
    field_rule state = of_text("STATE", value_source::constant, "X");
    state.when = column_condition{"SIDE", {"B"}, false};
    ASSERT_TRUE(convert({of_text("KEY", value_source::composed, "{ID}.{@sequence:4}"), side, amount,
                         note, state, of_text("AT", value_source::now, ""),
                         of_text("LOTS", value_source::constant, "5")})
                    .is_ok());
    EXPECT_EQ(made_.get<std::string>("KEY"), "A1.0012");
    EXPECT_EQ(made_.get<std::string>("SIDE"), "sell");
    EXPECT_EQ(made_.get<decimal>("AMOUNT"), (decimal{15, -1}));
    EXPECT_EQ(made_.get<std::string>("NOTE"), "lo");
    EXPECT_FALSE(made_.has("STATE")) << "its condition does not hold";
    EXPECT_EQ(made_.get<std::int64_t>("AT"), noon_ns);
    EXPECT_EQ(made_.get<std::int64_t>("LOTS"), 5);
}

TEST_F(RowMap, SaysWhichColumnCannotBeHad) {
    const auto expect = [&](std::vector<field_rule> rules, map_status status, const char* column) {
        const map_result result = convert(std::move(rules));
        EXPECT_EQ(result.status, status) << column;
        EXPECT_EQ(result.column, static_cast<int>(made_.index(column)));
    };
    expect({from("KEY", "ID")}, map_status::required_empty, "KEY");
    given_.set("ID", std::string("A text too long for sixteen bytes"));
    expect({from("KEY", "ID")}, map_status::bad_value, "KEY");
    given_.set("ID", std::string("A1")).set("PRICE", decimal{75, -1});
    expect({from("KEY", "ID"), from("LOTS", "PRICE")}, map_status::bad_value, "LOTS");
    expect({from("KEY", "ID"), from("LOTS", "ID")}, map_status::bad_value, "LOTS");
    expect({from("KEY", "ID"), from("STATE", "ID")}, map_status::bad_value, "STATE");
    given_.set("SIDE", 'X');
    field_rule side = from("SIDE", "SIDE");
    side.pairs = {{"B", "buy"}};
    expect({from("KEY", "ID"), side}, map_status::bad_value, "SIDE");
    field_rule price = from("NOTE", "PRICE");
    price.format = ".0";
    expect({from("KEY", "ID"), price}, map_status::bad_value, "NOTE");
}

TEST_F(RowMap, RefusesASpecWithEveryErrorAndItsLine) {
    field_rule late = of_text("LOTS", value_source::now, "", 5);
    field_rule pairs = from("NOTE", "PRICE", 6);
    pairs.pairs = {{"1", "one"}};
    field_rule twice = from("SIDE", "SIDE", 7);
    twice.pairs = {{"B", "buy"}, {"B", "b"}};
    field_rule condition = from("STATE", "SIDE", 8);
    condition.when = column_condition{"SIDE", {"BUY"}, false};
    const row_spec spec{
        "copy",
        {from("KEE", "ID", 2), from("KEY", "IDD", 3), from("AT", "PRICE", 4), late, pairs, twice,
         condition, of_text("IS_DONE", value_source::constant, "yes", 9), from("KEY", "ID", 10)},
        1};
    const compile_result<row_map> result = compile_rows(spec, source_, target_);
    EXPECT_FALSE(result);
    EXPECT_EQ(
        tests::texts_of(result.errors),
        (std::vector<std::string>{
            "2: map copy: column KEE does not exist; did you mean KEY?",
            "3: map copy: column IDD does not exist; did you mean ID?",
            "4: map copy: column PRICE of kind decimal cannot become column AT of kind timestamp",
            "5: map copy: column LOTS is no timestamp and cannot take the time of translation",
            "6: map copy: column PRICE of kind decimal cannot be translated by pairs",
            "7: map copy: \"B\" is translated twice for column SIDE",
            "8: map copy: \"BUY\" is no value of column SIDE of kind character",
            "9: map copy: \"yes\" is no value of column IS_DONE of kind boolean",
            "10: map copy: column KEY is already set in line 3"}));
}

}  // namespace
}  // namespace millrace::xlator
