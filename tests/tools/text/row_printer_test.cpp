#include "tools/text/row_printer.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "engine/core/error.hpp"
#include "tests/tools/text/reading.hpp"

namespace millrace::tools {
namespace {

struct RowPrinter : ::testing::Test {
    const engine::row_schema& schema = test::order_schema();
    std::vector<std::byte> buffer = std::vector<std::byte>(schema.payload_size(64));
    engine::row_builder row{schema, buffer};
    engine::record_view record;

    RowPrinter() {
        EXPECT_TRUE(engine::parse("41e2eac2-b4c8-4339-9a0b-1c2d3e4f5061", log));
        record.seq = {17};
        record.at = {4096};
        record.time = {1'772'357'400'000'000'001};
        set("CL_ORD_ID", "A \"1\"");
        set("SIDE", "1");
        set("PRICE", "101.50");
        set("QTY", "-5");
        set("WIRE",
            "8=FIX.4.4\x01"
            "9=\xff\x01");
    }
    void set(std::string_view column, std::string_view value) {
        EXPECT_EQ(engine::parse_value(row, schema.index_of(column), value), "");
    }
    void set_marks() {
        engine::row_envelope envelope{.operation = engine::operation::modify,
                                      .flags = engine::row_envelope::redelivered_flag,
                                      .event = "ORDER_NEW",
                                      .user = "me"};
        envelope.correlation = {0x3943c8b4c2eae241, 5};
        envelope.set_origin({0x1234, {}, 9});
        envelope.intended_ns = 1'772'357'400'000'000'000;
        row.set_envelope(envelope);
    }
    engine::log_uuid log;

    std::string print(row_format format) const {
        std::string out;
        row_printer(format, schema, log).append_row(out, record, row.view());
        return out;
    }
};

TEST_F(RowPrinter, TextIsOneLineForPeople) {
    EXPECT_EQ(print(row_format::text),
              "        17 2026-03-01T09:30:00.000000001Z insert CL_ORD_ID=\"A \\\"1\\\"\" SIDE=1 "
              "PRICE=101.50 QTY=-5 ACTIVE=false WIRE=8=FIX.4.4|9=\\xff| # "
              "correlation=41e2eac2b4c84339:17\n")
        << "a row that begins a chain is known by its own log and sequence";
    set_marks();
    EXPECT_NE(
        print(row_format::text)
            .find(" # event=ORDER_NEW user=me correlation=41e2eac2b4c84339:5 "
                  "origin=0000000000001234:00000000-0000-0000-0000-000000000000:9 redelivered\n"),
        std::string::npos);
}

TEST_F(RowPrinter, JsonIsOneObjectThatHoldsEverything) {
    set_marks();
    const std::string line = print(row_format::json);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    const nlohmann::json object = nlohmann::json::parse(line);
    EXPECT_EQ(object["sequence"], 17);
    EXPECT_EQ(object["position"], 4096);
    EXPECT_EQ(object["timestamp"], "2026-03-01T09:30:00.000000001Z");
    EXPECT_EQ(object["operation"], "modify");
    EXPECT_EQ(object["event"], "ORDER_NEW");
    EXPECT_EQ(object["user"], "me");
    EXPECT_EQ(object["correlation"]["log"], "41e2eac2b4c84339");
    EXPECT_EQ(object["correlation"]["sequence"], 5);
    EXPECT_EQ(object["origin"]["route"], "0000000000001234");
    EXPECT_EQ(object["origin"]["sequence"], 9);
    EXPECT_EQ(object["redelivered"], true);
    EXPECT_EQ(object["retried"], false);
    EXPECT_EQ(object["intended"], "2026-03-01T09:30:00.000000000Z");
    EXPECT_EQ(object["row"]["CL_ORD_ID"], "A \"1\"");
    EXPECT_EQ(object["row"]["QTY"], -5);
    EXPECT_EQ(object["row"]["ACTIVE"], false);
    EXPECT_TRUE(object["row"]["SENT"].is_null());
    EXPECT_EQ(object["row"]["WIRE"],
              "8=FIX.4.4\x01"
              "9=\xc3\xbf\x01");
    EXPECT_NE(line.find("\"PRICE\":101.50,"), std::string::npos);
}

TEST_F(RowPrinter, JsonWithoutAnOriginSaysNull) {
    const nlohmann::json object = nlohmann::json::parse(print(row_format::json));
    EXPECT_TRUE(object["origin"].is_null());
    EXPECT_TRUE(object["intended"].is_null());
    EXPECT_EQ(object["correlation"]["log"], "41e2eac2b4c84339");
    EXPECT_EQ(object["correlation"]["sequence"], 17);
    EXPECT_EQ(object["event"], "");
}

TEST_F(RowPrinter, CsvReadsBackAsTheSameRow) {
    set_marks();
    std::string out;
    const row_printer printer(row_format::csv, schema, log);
    printer.append_header(out);
    EXPECT_EQ(
        out,
        "record.sequence,record.position,record.timestamp,record.operation,record.event,"
        "record.user,record.correlation,record.origin,CL_ORD_ID,SIDE,PRICE,QTY,ACTIVE,SENT,WIRE\n");
    printer.append_row(out, record, row.view());
    EXPECT_NE(out.find(",modify,ORDER_NEW,me,41e2eac2b4c84339:5,"), std::string::npos);
    const test::reading again = test::read_all(out, "dump.csv");
    EXPECT_EQ(again.failure, "");
    ASSERT_EQ(again.rows.size(), 1U);
    EXPECT_EQ(again.rows[0],
              "A \"1\"/1/101.50/-5/false//8=FIX.4.4\x01"
              "9=\xff\x01");
}

// A reject log's row: another log's row stands in its bytes.
struct RowPrinterOfInnerRows : RowPrinter {
    const engine::row_schema outer =
        engine::row_schema::parse("table REJECT\ncolumn REASON text(8)\ncolumn PAYLOAD bytes\n");
    std::vector<std::byte> outer_buffer = std::vector<std::byte>(outer.payload_size(1024));
    engine::row_builder parked{outer, outer_buffer};

    RowPrinterOfInnerRows() {
        engine::row_envelope envelope;
        envelope.set_origin({0x1234, log, 9});
        parked.set_envelope(envelope);
        EXPECT_EQ(parked.set_text(0, "no"), engine::row_status::ok);
        EXPECT_EQ(parked.set_trailing(row.payload()), engine::row_status::ok);
    }
    std::string print_parked(row_format format, const engine::log_uuid& known) const {
        std::string out;
        row_printer(format, outer, {}, {{known, schema}}).append_row(out, record, parked.view());
        return out;
    }
};

TEST_F(RowPrinterOfInnerRows, ShowsThemAsTheRowsTheyAre) {
    EXPECT_NE(print_parked(row_format::text, log)
                  .find(" REASON=no PAYLOAD={insert CL_ORD_ID=\"A \\\"1\\\"\" SIDE=1 PRICE=101.50 "
                        "QTY=-5 ACTIVE=false WIRE=8=FIX.4.4|9=\\xff| "
                        "# correlation=41e2eac2b4c84339:9} # "),
              std::string::npos);
    const auto object = nlohmann::json::parse(print_parked(row_format::json, log));
    const auto& inner = object["row"]["PAYLOAD"];
    EXPECT_EQ(inner["row"]["QTY"], -5);
    EXPECT_EQ(inner["operation"], "insert");
    EXPECT_EQ(inner["correlation"]["sequence"], 9);
    EXPECT_NE(print_parked(row_format::csv, log).find("\"\"QTY\"\":-5"), std::string::npos);
}

TEST_F(RowPrinterOfInnerRows, ShowsBytesWhoseColumnsAreNotKnown) {
    const auto object = nlohmann::json::parse(print_parked(row_format::json, {}));
    EXPECT_TRUE(object["row"]["PAYLOAD"].is_string());
    ASSERT_EQ(parked.set_trailing(row.payload().first(50)), engine::row_status::ok);
    EXPECT_TRUE(
        nlohmann::json::parse(print_parked(row_format::json, log))["row"]["PAYLOAD"].is_string());
}

TEST_F(RowPrinter, OnlyCsvHasAHeader) {
    std::string out;
    row_printer(row_format::text, schema, log).append_header(out);
    row_printer(row_format::json, schema, log).append_header(out);
    EXPECT_EQ(out, "");
}

TEST(RowFormat, IsParsedOrRefusedWithTheNearest) {
    EXPECT_EQ(parse_row_format("json"), row_format::json);
    try {
        static_cast<void>(parse_row_format("jsn"));
        FAIL() << "accepted";
    } catch (const engine::config_error& failure) {
        EXPECT_STREQ(failure.what(),
                     "unknown format 'jsn' (did you mean json?), expected text, json or csv");
    }
}

}  // namespace
}  // namespace millrace::tools
