#include "engine/table/schema.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "engine/core/error.hpp"
#include "engine/table/values.hpp"
#include "tests/engine/table/random_source.hpp"

namespace millrace::engine {
namespace {

schema_column make(std::string name, std::string_view type, bool is_key = false) {
    schema_column column;
    column.name = std::move(name);
    column.is_key = is_key;
    parse_column_type(type, column);
    return column;
}

std::string refusal(const std::function<void()>& action) {
    try {
        action();
    } catch (const config_error& failure) {
        return failure.what();
    }
    return "(nothing was refused)";
}

std::string parse_refusal(std::string_view text) {
    return refusal([text] { static_cast<void>(row_schema::parse(text)); });
}

TEST(RowSchema, LaysColumnsOutAsAStructOfTheSameMembers) {
    struct everything {
        std::int8_t a;
        std::int16_t b;
        bool c;
        std::uint32_t d;
        char e;
        decimal f;
        text<3> g;
        std::int64_t h;
        text<20> i;
        std::uint64_t j;
        std::uint8_t k;
    };
    const row_schema schema(
        "EVERYTHING",
        {make("A", "i8"), make("B", "i16"), make("C", "bool"), make("D", "u32"), make("E", "char"),
         make("F", "decimal"), make("G", "text(3)"), make("H", "timestamp"), make("I", "text(20)"),
         make("J", "u64"), make("K", "u8")});
    EXPECT_EQ(schema.column(1).offset, offsetof(everything, b));
    EXPECT_EQ(schema.column(2).offset, offsetof(everything, c));
    EXPECT_EQ(schema.column(3).offset, offsetof(everything, d));
    EXPECT_EQ(schema.column(4).offset, offsetof(everything, e));
    EXPECT_EQ(schema.column(5).offset, offsetof(everything, f));
    EXPECT_EQ(schema.column(6).offset, offsetof(everything, g));
    EXPECT_EQ(schema.column(7).offset, offsetof(everything, h));
    EXPECT_EQ(schema.column(8).offset, offsetof(everything, i));
    EXPECT_EQ(schema.column(9).offset, offsetof(everything, j));
    EXPECT_EQ(schema.column(10).offset, offsetof(everything, k));
    EXPECT_EQ(schema.fixed_size(), sizeof(everything));
}

TEST(RowSchema, TextFormReadsBackEqual) {
    const std::string text =
        "table ORDER_OUT\n"
        "column CL_ORD_ID text(20) key\n"
        "column SIDE character\n"
        "column PRICE decimal\n"
        "column ACTIVE boolean\n"
        "column SENT timestamp\n"
        "column NOTE vartext\n";
    const row_schema schema = row_schema::parse(text);
    EXPECT_EQ(schema.to_text(), text);
    EXPECT_EQ(row_schema::parse(schema.to_text()), schema);
    EXPECT_EQ(schema.hash(), row_schema::parse(text).hash());
    EXPECT_EQ(schema.key_columns().size(), 1U);
    EXPECT_TRUE(schema.has_trailing());
}

TEST(RowSchema, DifferentSchemasDiffer) {
    const row_schema one("T", {make("A", "i32")});
    for (const row_schema& other :
         {row_schema("U", {make("A", "i32")}), row_schema("T", {make("B", "i32")}),
          row_schema("T", {make("A", "u32")}), row_schema("T", {make("A", "i32", true)}),
          row_schema("T", {make("A", "i32"), make("B", "bytes")})}) {
        EXPECT_FALSE(one == other) << other.to_text();
        EXPECT_NE(one.hash(), other.hash()) << other.to_text();
    }
}

TEST(RowSchema, ATrailingColumnMayStandAlone) {
    const row_schema schema("RAW", {make("WIRE", "bytes")});
    EXPECT_EQ(schema.fixed_size(), 0U);
    EXPECT_EQ(schema.payload_size(10), row_envelope_size + 10);
}

TEST(RowSchema, FindsNamesWhateverTheirCase) {
    const row_schema schema("T", {make("CL_ORD_ID", "text(20)"), make("Price", "decimal")});
    EXPECT_EQ(schema.find("price"), 1U);
    EXPECT_EQ(schema.find("PRICES"), std::nullopt);
    EXPECT_EQ(refusal([&] { static_cast<void>(schema.index_of("PRICES")); }),
              "unknown column PRICES (did you mean Price?) in table T");
}

TEST(RowSchema, HoldsTheLimits) {
    EXPECT_NO_THROW(row_schema("T", {make("A", "text(32766)")}));
    EXPECT_NE(refusal([] { row_schema("T", {make("A", "text(32767)")}); }).find("32768"),
              std::string::npos);
    std::vector<schema_column> columns;
    for (int i = 0; i < 512; ++i) {
        columns.push_back(make("C" + std::to_string(i), "decimal"));
    }
    EXPECT_EQ(row_schema("T", columns).fixed_size(), 512U * 16);
    columns.push_back(make("ONE_MORE", "i8"));
    EXPECT_NE(refusal([&] { row_schema("T", columns); }).find("513 columns"), std::string::npos);
    EXPECT_NO_THROW(row_schema(std::string(64, 'T'), {make(std::string(64, 'c'), "i8")}));
}

TEST(RowSchemaRefuses, WhatIsNoTable) {
    EXPECT_EQ(refusal([] { row_schema("T", {}); }), "table T: a table needs a column");
    EXPECT_NE(refusal([] { row_schema("", {make("A", "i8")}); }).find("a name is"),
              std::string::npos);
    EXPECT_NE(refusal([] { row_schema("1T", {make("A", "i8")}); }).find("a name is"),
              std::string::npos);
    EXPECT_NE(
        refusal([] { row_schema(std::string(65, 'T'), {make("A", "i8")}); }).find("a name is"),
        std::string::npos);
    for (const char* name : {"", "A B", "9A", "A-B", "A\n", "\xc3\xa4"}) {
        EXPECT_NE(refusal([name] { row_schema("T", {make(name, "i8")}); }).find("a name is"),
                  std::string::npos)
            << name;
    }
}

TEST(RowSchemaRefuses, ColumnsThatContradict) {
    EXPECT_EQ(refusal([] {
                  row_schema("T", {make("Ab", "i8"), make("aB", "i8")});
              }),
              "table T: column aB: the name is taken by another column");
    EXPECT_NE(refusal([] {
                  row_schema("T", {make("A", "bytes"), make("B", "i8")});
              }).find("must be the last column"),
              std::string::npos);
    EXPECT_NE(refusal([] {
                  row_schema("T", {make("A", "vartext"), make("B", "bytes")});
              }).find("must be the last column"),
              std::string::npos);
    EXPECT_NE(refusal([] { row_schema("T", {make("A", "bytes", true)}); }).find("cannot be a key"),
              std::string::npos);
    schema_column capacity = make("A", "i8");
    capacity.text_capacity = 5;
    EXPECT_NE(refusal([&] { row_schema("T", {capacity}); }).find("only a text"), std::string::npos);
}

TEST(RowSchemaRefuses, TextsThatAreNoSchema) {
    EXPECT_EQ(parse_refusal(""), "row schema:1: expected: table NAME");
    EXPECT_EQ(parse_refusal("column A i8\n"), "row schema:1: expected: table NAME");
    EXPECT_EQ(parse_refusal("table T\n"), "table T: a table needs a column");
    EXPECT_EQ(parse_refusal("table T\ncolum A i8\n"),
              "row schema:2: expected: column NAME TYPE [key]");
    EXPECT_EQ(parse_refusal("table T\ncolumn A i8 primary\n"),
              "row schema:2: column A: unknown attribute 'primary', expected nothing or key");
    EXPECT_NE(parse_refusal("table T\ncolumn A decimals\n").find("did you mean decimal?"),
              std::string::npos);
    for (const char* type : {"text(0)", "text(65536)", "text()", "text(-1)", "text(+1)", "text(1",
                             "text(99999999999999999999)", "text", "", "i9", "I8"}) {
        EXPECT_NE(parse_refusal("table T\ncolumn A " + std::string(type) + "\n")
                      .find("row schema:2: column A: "),
                  std::string::npos)
            << type;
    }
    EXPECT_NE(parse_refusal(std::string(70'000, 'x')).find("longer than"), std::string::npos);
}

TEST(RowSchema, ParserSurvivesRandomTexts) {
    test::random_source random;
    const std::string good =
        "table ORDER_OUT\ncolumn CL_ORD_ID text(20) key\ncolumn SIDE character\ncolumn N vartext\n";
    int accepted = 0;
    for (int i = 0; i < 100'000; ++i) {
        std::string text = good;
        for (std::uint64_t edits = random.below(4); edits > 0; --edits) {
            const std::size_t at = random.below(text.size());
            if (random.coin()) {
                text[at] = static_cast<char>(random.below(256));
            } else {
                text.erase(at, random.below(8));
                text += ' ';
            }
        }
        try {
            const row_schema schema = row_schema::parse(text);
            ++accepted;
            ASSERT_EQ(row_schema::parse(schema.to_text()), schema);
        } catch (const config_error&) {
        }
    }
    EXPECT_GT(accepted, 1000);
    EXPECT_LT(accepted, 99'000);
}

}  // namespace
}  // namespace millrace::engine
