#include "engine/table/schema_change.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/core/error.hpp"

namespace millrace::engine {
namespace {

row_schema schema_of(const std::string& columns, const std::string& table = "T") {
    return row_schema::parse("table " + table + "\n" + columns);
}

const std::string base =
    "column ID text(8) key\ncolumn PRICE decimal\ncolumn COUNT i32\ncolumn NOTE vartext\n";

std::vector<std::byte> row_of(const row_schema& schema, std::string_view id, std::int64_t count,
                              std::string_view note) {
    std::vector<std::byte> buffer(schema.payload_size(note.size()));
    row_builder row(schema, buffer);
    EXPECT_EQ(row.set_text(schema.index_of("ID"), id), row_status::ok);
    EXPECT_EQ(row.set_integer(schema.index_of("COUNT"), count), row_status::ok);
    if (schema.has_trailing()) {
        EXPECT_EQ(row.set_text(schema.index_of("NOTE"), note), row_status::ok);
    }
    EXPECT_EQ(row.finish().status, row_status::ok);
    buffer.resize(row.finish().size);
    return buffer;
}

TEST(SchemaChange, SameSchemasDoNotDiffer) {
    const schema_change change = compare_schemas(schema_of(base), schema_of(base));
    EXPECT_EQ(change.relation, schema_relation::same);
    EXPECT_TRUE(change.differences.empty());
}

TEST(SchemaChange, NewColumnsBehindTheOldOnesAndWiderTextsAreFollowed) {
    const schema_change change = compare_schemas(
        schema_of(base), schema_of("column ID text(20) key\ncolumn PRICE decimal\ncolumn COUNT i32"
                                   "\ncolumn DESK text(4)\ncolumn NOTE vartext\n"));
    EXPECT_EQ(change.relation, schema_relation::extended);
    EXPECT_EQ(
        change.text(),
        "column ID: was text(8) key, is text(20) key\ncolumn DESK: was not there, is text(4)");
}

TEST(SchemaChange, EverythingElseIsRefusedWithTheColumnWhatWasAndWhatIs) {
    struct wrong {
        const char* columns;
        const char* said;
    };
    const wrong all[] = {
        {"column ID text(8) key\ncolumn PRICE decimal\ncolumn NOTE vartext\n",
         "column COUNT: was i32, is not there"},
        {"column ID text(7) key\ncolumn PRICE decimal\ncolumn COUNT i32\ncolumn NOTE vartext\n",
         "column ID: was text(8) key, is text(7) key"},
        {"column ID text(8) key\ncolumn PRICE decimal\ncolumn COUNT i64\ncolumn NOTE vartext\n",
         "column COUNT: was i32, is i64"},
        {"column ID text(8)\ncolumn PRICE decimal key\ncolumn COUNT i32\ncolumn NOTE vartext\n",
         "column ID: was text(8) key, is text(8)"},
        {"column PRICE decimal\ncolumn ID text(8) key\ncolumn COUNT i32\ncolumn NOTE vartext\n",
         "column ID: was column 1, is column 2"},
        {"column ID text(8) key\ncolumn NEW i8\ncolumn PRICE decimal\ncolumn COUNT i32\ncolumn "
         "NOTE vartext\n",
         "column NEW: was not there, is i8, before old columns"},
        {"column ID text(8) key\ncolumn PRICE decimal\ncolumn COUNT i32\ncolumn K i8 key\ncolumn "
         "NOTE vartext\n",
         "column K: was not there, is i8 key, a key"},
    };
    for (const wrong& one : all) {
        const schema_change change = compare_schemas(schema_of(base), schema_of(one.columns));
        EXPECT_EQ(change.relation, schema_relation::incompatible) << one.columns;
        EXPECT_NE(change.text().find(one.said), std::string::npos) << change.text();
    }
    EXPECT_EQ(compare_schemas(schema_of(base), schema_of(base, "U")).relation,
              schema_relation::incompatible);
}

TEST(RowMap, OldRowsHaveEmptyNewColumnsAndEverythingElseAsItWas) {
    const row_schema was = schema_of(base);
    const row_schema is = schema_of(
        "column ID text(20) key\ncolumn PRICE decimal\ncolumn COUNT i32"
        "\ncolumn DESK text(4)\ncolumn SIZE i64\ncolumn LIMIT decimal"
        "\ncolumn NOTE vartext\n");
    const row_map map(was, is);
    std::vector<std::byte> old = row_of(was, "A1", -7, "a longer note");
    row_envelope envelope;
    envelope.set_origin({5, {}, 77});
    std::memcpy(old.data(), &envelope, sizeof envelope);
    std::vector<std::byte> room(map.payload_bytes(old), std::byte{0xff});
    const row_map::result made = map.apply(old, room);
    ASSERT_EQ(made.status, row_status::ok);
    ASSERT_LE(made.size, room.size());
    const auto payload = std::span<const std::byte>(room).first(made.size);
    ASSERT_EQ(row_view::check(is, payload), row_status::ok);
    const row_view row(is, payload);
    EXPECT_EQ(row.text(0), "A1");
    EXPECT_TRUE(row.is_empty(1));
    EXPECT_EQ(row.integer(2), -7);
    EXPECT_TRUE(row.is_empty(3));
    EXPECT_EQ(row.integer(4), 0);
    EXPECT_TRUE(row.is_empty(5));
    EXPECT_EQ(row.text(6), "a longer note");
    EXPECT_EQ(row.envelope().origin.sequence, 77U);
}

TEST(RowMap, RefusesATextThatDoesNotFitOrCutsItWhenTold) {
    const row_schema wide = schema_of("column ID text(20) key\ncolumn COUNT i32\n");
    const row_schema narrow = schema_of("column ID text(4) key\ncolumn COUNT i32\n");
    const std::vector<std::byte> row = row_of(wide, "ABCDEF", 1, "");
    std::vector<std::byte> room(narrow.payload_size());
    const row_map exact(wide, narrow);
    EXPECT_EQ(exact.apply(row, room).status, row_status::too_long);
    EXPECT_EQ(exact.apply(row, room).column, 0U);
    EXPECT_EQ(exact.apply(row_of(wide, "ABCD", 1, ""), room).status, row_status::ok);
    const row_map::result cut = row_map(wide, narrow, row_map::mode::truncate).apply(row, room);
    EXPECT_EQ(cut.status, row_status::ok);
    EXPECT_TRUE(cut.is_cut);
    EXPECT_EQ(row_view(narrow, room).text(0), "ABCD");
}

TEST(RowMap, WidensIntegersAndCharactersAndRefusesWhatCouldLoseAValue) {
    const auto with = [](const char* type) {
        return schema_of("column ID text(8) key\ncolumn COUNT " + std::string(type) + "\n");
    };
    const row_schema to = with("i64");
    for (const char* type : {"i8", "i16", "i32", "u8", "u16", "u32"}) {
        const row_schema from = with(type);
        const row_map map(from, to);
        std::vector<std::byte> room(to.payload_size());
        ASSERT_EQ(map.apply(row_of(from, "A", 100, ""), room).status, row_status::ok) << type;
        EXPECT_EQ(row_view(to, room).integer(1), 100) << type;
    }
    EXPECT_THROW(row_map(with("i64"), with("i32")), config_error);
    EXPECT_THROW(row_map(with("u64"), with("i64")), config_error);
    EXPECT_THROW(row_map(with("i8"), with("u64")), config_error);
    EXPECT_THROW(row_map(with("decimal"), with("i64")), config_error);
    EXPECT_NO_THROW(row_map(with("character"), with("text(1)")));
}

}  // namespace
}  // namespace millrace::engine
