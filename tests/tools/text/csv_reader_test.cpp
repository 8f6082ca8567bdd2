#include "tools/text/csv_reader.hpp"

#include <gtest/gtest.h>

#include "tests/engine/table/random_source.hpp"
#include "tests/tools/text/reading.hpp"
#include "tools/text/escape.hpp"

namespace millrace::tools {
namespace {

using strings = std::vector<std::string>;

test::reading read(const std::string& text) {
    return test::read_all(text, "orders.csv");
}

const std::string header = "CL_ORD_ID,SIDE,PRICE,QTY,ACTIVE\n";

TEST(CsvReader, FillsRowsByColumnName) {
    const test::reading result = read(
        "qty,ACTIVE,CL_ORD_ID,price,SENT,WIRE\n"
        "5,true,A1,1.50,2026-03-01T09:30:00Z,x\n"
        "-6,N,A2,,,\n");
    EXPECT_EQ(result.failure, "");
    EXPECT_EQ(result.rows,
              (strings{"A1//1.50/5/true/2026-03-01T09:30:00.000000000Z/x", "A2///-6/false//"}));
    EXPECT_EQ(result.lines, (std::vector<long>{2, 3}));
}

TEST(CsvReader, TakesQuotesCommasLineEndsAndCrLf) {
    const test::reading result = read(
        "CL_ORD_ID,QTY,ACTIVE,WIRE\r\n"
        "\"a,\"\"b\",1,Y,\"x\r\ny\n\"\r\n"
        "\r\n"
        "\n"
        "\"A2\",2,N,\"\"\r\n"
        "A3,3,N,z");
    EXPECT_EQ(result.failure, "");
    EXPECT_EQ(result.rows,
              (strings{"a,\"b///1/true//x\r\ny\n", "A2///2/false//", "A3///3/false//z"}));
    EXPECT_EQ(result.lines, (std::vector<long>{2, 7, 8}));
}

TEST(CsvReader, PassesOverAByteOrderMarkAndRecordColumns) {
    const test::reading result =
        read("\xef\xbb\xbfrecord.sequence,CL_ORD_ID,QTY,ACTIVE,record.event\n17,A1,1,Y,NEW\n");
    EXPECT_EQ(result.failure, "");
    EXPECT_EQ(result.rows, (strings{"A1///1/true//"}));
}

TEST(CsvReader, KeepsTheRowsBeforeABadOne) {
    const test::reading result = read(header + "A1,1,1,1,Y\nA2,2,abc,2,Y\nA3,1,1,1,Y\n");
    EXPECT_EQ(result.rows.size(), 1U);
    EXPECT_EQ(result.failure, "orders.csv:3: column PRICE: 'abc' is not a decimal");
}

TEST(CsvReaderRefuses, BadHeaders) {
    EXPECT_EQ(read("").failure,
              "orders.csv:1: empty, expected a header line that names the columns");
    EXPECT_EQ(read("CL_ORD_ID,PRICEE\n").failure,
              "orders.csv:1: unknown column PRICEE (did you mean PRICE?) in table ORDER_OUT");
    EXPECT_EQ(read("CL_ORD_ID,PRICE,price\n").failure,
              "orders.csv:1: column price stands twice in the header");
    EXPECT_EQ(read("QTY,ACTIVE\n").failure,
              "orders.csv:1: column CL_ORD_ID is missing: it is part of the key");
    EXPECT_EQ(read("CL_ORD_ID,ACTIVE\n").failure,
              "orders.csv:1: column QTY is missing: an integer cannot be empty");
    EXPECT_EQ(read("CL_ORD_ID,,QTY\n").failure, "orders.csv:1: unknown column  in table ORDER_OUT");
}

TEST(CsvReaderRefuses, BadRowsWithFileAndLine) {
    EXPECT_EQ(read(header + "A1,1,1,1\n").failure,
              "orders.csv:2: 4 fields, but the header names 5 columns");
    EXPECT_EQ(read(header + "A1,1,1,1,Y,\n").failure,
              "orders.csv:2: 6 fields, but the header names 5 columns");
    EXPECT_EQ(read(header + "A1,1,1,,Y\n").failure,
              "orders.csv:2: column QTY: '' is not an integer");
    EXPECT_EQ(read(header + ",1,1,1,Y\n").failure,
              "orders.csv:2: column CL_ORD_ID: part of the key, and empty");
    EXPECT_EQ(read(header + "123456789,1,1,1,Y\n").failure,
              "orders.csv:2: column CL_ORD_ID: '123456789' has 9 bytes, more than text(8) holds");
    EXPECT_EQ(read(header + "\"A\n1\",1,1,1,Y\nA2,1,1,x,Y\n").failure,
              "orders.csv:4: column QTY: 'x' is not an integer");
    EXPECT_EQ(read(header + "\"A\n1\",1,1,x,Y\n").failure,
              "orders.csv:2: column QTY: 'x' is not an integer");
}

TEST(CsvReaderRefuses, BadQuotes) {
    EXPECT_EQ(read(header + "A1,1,1,1,Y\n\"A2,1,1,1,Y\n").failure,
              "orders.csv:3: field 1: the quote opened in line 3 is never closed");
    EXPECT_EQ(read(header + "\"A1\"x,1,1,1,Y\n").failure,
              "orders.csv:2: field 1: bytes behind the closing quote, expected a comma or the "
              "line's end");
    EXPECT_EQ(read(header + "\"A1\"\rx,1,1,1,Y\n").failure,
              "orders.csv:2: field 1: bytes behind the closing quote, expected a comma or the "
              "line's end");
    EXPECT_EQ(read(header + "A1,1\"1,1,1,Y\n").failure,
              "orders.csv:2: field 2: a quote inside a field that does not begin with one");
    EXPECT_NE(
        read(header + "\"" + std::string(5'000'000, 'x')).failure.find("is a quote never closed?"),
        std::string::npos);
}

TEST(CsvReader, RandomFieldsRoundTrip) {
    test::random_source random;
    const engine::row_schema schema =
        engine::row_schema::parse("table T\ncolumn A text(9)\ncolumn B bytes\n");
    for (int i = 0; i < 3'000; ++i) {
        std::string text = "A,B\n";
        strings expected;
        for (std::uint64_t count = random.below(4); count > 0; --count) {
            const std::string a = random.text(1 + random.below(9), "a,\"\r\n ");
            const std::string b = random.text(random.below(9), "b,\"\r\n\x01");
            append_csv_field(text, a);
            text += ',';
            append_csv_field(text, b);
            text += random.coin() ? "\r\n" : "\n";
            expected.push_back(a + "/" + b);
        }
        const test::reading result = test::read_all(text, "t.csv", schema);
        ASSERT_EQ(result.failure, "") << text;
        ASSERT_EQ(result.rows, expected) << text;
    }
}

TEST(CsvReader, SurvivesRandomTexts) {
    test::random_source random;
    std::size_t rows = 0;
    std::size_t failures = 0;
    for (int i = 0; i < 30'000; ++i) {
        std::string text = header + "A1,1,1.5,1,Y\nA2,2,,2,N\n";
        for (std::uint64_t edits = random.below(4); edits > 0; --edits) {
            static constexpr std::string_view alphabet = "\",\r\n\0A1.x\xff";
            text[random.below(text.size())] = alphabet[random.below(alphabet.size())];
        }
        const test::reading result = read(text);
        rows += result.rows.size();
        failures += result.failure.empty() ? 0 : 1;
    }
    EXPECT_GT(rows, 1000U);
    EXPECT_GT(failures, 1000U);
}

}  // namespace
}  // namespace millrace::tools
