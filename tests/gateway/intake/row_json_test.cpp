// Rows and settings from a line of JSON. What a column takes is tested with the reader of files.
#include "gateway/intake/row_json.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace::gateway {
namespace {

class RowJson : public ::testing::Test {
protected:
    RowJson()
        : schema(engine::row_schema::parse("table T\ncolumn ID text(8) key\ncolumn N i64\n")),
          buffer(schema.payload_size()),
          row(schema, buffer),
          parser(schema) {}

    [[nodiscard]] std::string fill(std::string_view line) {
        settings = {};
        return parser.fill(line, row, &settings);
    }

    engine::row_schema schema;
    std::vector<std::byte> buffer;
    engine::row_builder row;
    row_json parser;
    row_settings settings;
};

TEST_F(RowJson, FillsARowAndTakesItsSettings) {
    EXPECT_EQ(fill(R"({"@level":"durable","ID":"A","@operation":"delete","N":-4,"@event":"e"})"),
              "");
    EXPECT_TRUE(settings.has_row);
    EXPECT_EQ(settings.level, engine::ack_level::durable);
    EXPECT_EQ(settings.operation, engine::operation::remove);
    EXPECT_EQ(settings.event->view(), "e");
    EXPECT_EQ(row.view().text(0), "A");
    EXPECT_EQ(row.view().integer(1), -4);
}

TEST_F(RowJson, KnowsSettingsWithoutARow) {
    EXPECT_EQ(fill(R"({"@table":"T","@stop_at_error":true,"@level":"committed"})"), "");
    EXPECT_FALSE(settings.has_row);
    EXPECT_EQ(settings.table, "T");
    EXPECT_EQ(settings.stops_at_error, true);
}

TEST_F(RowJson, LetsLaterSettingsWinAndKeepsTheOthers) {
    row_settings first;
    first.level = engine::ack_level::durable;
    first.operation = engine::operation::modify;
    row_settings later;
    later.level = engine::ack_level::committed;
    first.take(later);
    EXPECT_EQ(first.level, engine::ack_level::committed);
    EXPECT_EQ(first.operation, engine::operation::modify);
}

TEST_F(RowJson, RefusesSettingsThatAreNone) {
    for (const char* line :
         {R"({"@level":"sometimes"})", R"({"@level":true})", R"({"@level":null})",
          R"({"@level":3})", R"({"@level":1.5})", R"({"@level":{"a":1}})", R"({"@level":[1]})",
          R"({"@operation":"drop"})", R"({"@event":"seventeen-letters"})",
          R"({"@stop_at_error":"yes"})", R"({"@colour":"red"})", R"({"ID":"A","N":1,"@x":1})"}) {
        EXPECT_NE(fill(line), "") << line;
        EXPECT_NE(fill(line).find('@'), std::string::npos) << fill(line);
    }
    EXPECT_NE(fill(R"({"@colour":"red"})").find("expected @level"), std::string::npos);
}

TEST_F(RowJson, KnowsNoSettingsWhereNoneAreAskedFor) {
    EXPECT_NE(parser.fill(R"({"ID":"A","N":1,"@level":"durable"})", row), "");
    EXPECT_EQ(parser.fill(R"({"ID":"A","N":1})", row), "");
}

TEST_F(RowJson, SaysWhatIsNoRow) {
    for (const char* line : {"", "7", "[]", "{", R"({"ID":"A"})", R"({"N":1})",
                             R"({"ID":"","N":1})", R"({"ID":"A","N":1} x)", R"({"ID":[1],"N":1})",
                             R"({"ID":"A","ID":"B","N":1})", R"({"ID":"123456789","N":1})"}) {
        EXPECT_NE(fill(line), "") << line;
    }
}

}  // namespace
}  // namespace millrace::gateway
