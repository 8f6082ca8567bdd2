#include "tools/text/ndjson_reader.hpp"

#include <gtest/gtest.h>

#include "tests/engine/table/random_source.hpp"
#include "tests/tools/text/reading.hpp"

namespace millrace::tools {
namespace {

using strings = std::vector<std::string>;

test::reading read(const std::string& text) {
    return test::read_all(text, "orders.ndjson");
}

TEST(NdjsonReader, FillsRowsByColumnName) {
    const test::reading result = read(
        "{\"CL_ORD_ID\":\"A1\",\"price\":101.2500,\"QTY\":5,\"ACTIVE\":true,\"SIDE\":\"1\"}\n"
        "\n"
        "  "
        "{\"QTY\":-6,\"ACTIVE\":false,\"CL_ORD_ID\":\"A2\",\"PRICE\":null,\"SENT\":"
        "1772357400000000001}\r\n");
    EXPECT_EQ(result.failure, "");
    EXPECT_EQ(result.rows,
              (strings{"A1/1/101.2500/5/true//", "A2///-6/false/2026-03-01T09:30:00.000000001Z/"}));
    EXPECT_EQ(result.lines, (std::vector<long>{1, 3}));
}

TEST(NdjsonReader, KeepsEveryDigitOfADecimal) {
    const test::reading result = read(
        "{\"CL_ORD_ID\":\"A1\",\"PRICE\":0.1234567890123456789,\"QTY\":5,\"ACTIVE\":true}\n"
        "{\"CL_ORD_ID\":\"A1\",\"PRICE\":9223372036854775807,\"QTY\":5,\"ACTIVE\":true}\n"
        "{\"CL_ORD_ID\":\"A1\",\"PRICE\":\"-1.10\",\"QTY\":5,\"ACTIVE\":true}\n");
    EXPECT_EQ(result.failure, "");
    EXPECT_EQ(result.rows, (strings{"A1//0.1234567890123456789/5/true//",
                                    "A1//9223372036854775807/5/true//", "A1//-1.10/5/true//"}));
}

TEST(NdjsonReader, TakesBytesAsOneCharacterEach) {
    const test::reading result = read(
        "{\"CL_ORD_ID\":\"A1\",\"QTY\":5,\"ACTIVE\":true,\"WIRE\":\"8=FIX\\u0001\\u00ff\\u0080\"}"
        "\n");
    EXPECT_EQ(result.failure, "");
    EXPECT_EQ(result.rows, (strings{"A1///5/true//8=FIX\x01\xff\x80"}));
    EXPECT_EQ(read("{\"WIRE\":\"\\u0100\"}").failure,
              "orders.ndjson:1: column WIRE: a character beyond U+00FF is not a byte");
}

TEST(NdjsonReaderRefuses, BadObjectsWithFileAndLine) {
    const std::string good = "{\"CL_ORD_ID\":\"A1\",\"QTY\":5,\"ACTIVE\":true}\n";
    EXPECT_EQ(read(good + "{\"PRICEE\":1}").failure,
              "orders.ndjson:2: unknown column PRICEE (did you mean PRICE?) in table ORDER_OUT");
    EXPECT_EQ(read(good + "{\"PRICE\":\"abc\"}").failure,
              "orders.ndjson:2: column PRICE: 'abc' is not a decimal");
    EXPECT_EQ(read(good + "{\"QTY\":5.0}").failure,
              "orders.ndjson:2: column QTY: '5.0' is not an integer");
    EXPECT_EQ(read(good + "{\"QTY\":null}").failure,
              "orders.ndjson:2: column QTY: '' is not an integer");
    EXPECT_EQ(read(good + "{\"QTY\":true}").failure,
              "orders.ndjson:2: column QTY: true is not an integer");
    EXPECT_EQ(read(good + "{\"QTY\":{}}").failure,
              "orders.ndjson:2: column QTY: an object is not a value of a column");
    EXPECT_EQ(read(good + "{\"QTY\":[1]}").failure,
              "orders.ndjson:2: column QTY: an array is not a value of a column");
    EXPECT_EQ(read(good + "{\"QTY\":1,\"qty\":2}").failure,
              "orders.ndjson:2: column QTY: it stands twice in the object");
    EXPECT_EQ(read(good + "{\"CL_ORD_ID\":\"A1\",\"QTY\":1}").failure,
              "orders.ndjson:2: column ACTIVE is missing: a boolean cannot be empty");
    EXPECT_EQ(read(good + "{\"QTY\":1,\"ACTIVE\":true}").failure,
              "orders.ndjson:2: column CL_ORD_ID is missing: it is part of the key");
    EXPECT_EQ(read(good + "{\"CL_ORD_ID\":\"\",\"QTY\":1,\"ACTIVE\":true}").failure,
              "orders.ndjson:2: column CL_ORD_ID: part of the key, and empty");
    for (const char* text : {"[1]", "5", "\"x\"", "null", "true"}) {
        EXPECT_EQ(read(good + text).failure,
                  "orders.ndjson:2: expected an object, as in {\"COLUMN\": value}")
            << text;
    }
    EXPECT_EQ(read(good).rows.size(), 1U);
}

TEST(NdjsonReaderRefuses, WhatIsNotJson) {
    for (const char* text : {"{", "{\"QTY\":}", "{\"QTY\":1}}", "{\"QTY\":1e999}", "{\"QTY\":01}",
                             "{\"CL_ORD_ID\":\"\xff\"}", "{\"CL_ORD_ID\":\"a\nb\"}"}) {
        EXPECT_TRUE(read(text).failure.starts_with("orders.ndjson:1: not JSON at character "))
            << text << " " << read(text).failure;
    }
}

TEST(NdjsonReader, SurvivesRandomTexts) {
    test::random_source random;
    const std::string good =
        "{\"CL_ORD_ID\":\"A1\",\"PRICE\":1.50,\"QTY\":5,\"ACTIVE\":true,\"WIRE\":\"x\\u0001\"}\n";
    std::size_t rows = 0;
    std::size_t failures = 0;
    for (int i = 0; i < 30'000; ++i) {
        std::string text = good + good;
        for (std::uint64_t edits = random.below(3); edits > 0; --edits) {
            static constexpr std::string_view alphabet = "\",{}[]:\\u0e-\n\0A1.x\xff";
            text[random.below(text.size())] = alphabet[random.below(alphabet.size())];
        }
        const test::reading result = read(text);
        rows += result.rows.size();
        failures += result.failure.empty() ? 0 : 1;
    }
    EXPECT_GT(rows, 1000U);
    EXPECT_GT(failures, 1000U);
}

TEST(RowReader, GuessesTheFormat) {
    const auto guess = [](std::string text, std::string name) {
        text_input input = text_input::from_memory(std::move(text), std::move(name));
        return guess_format(input);
    };
    EXPECT_EQ(guess("{", "a.csv"), input_format::csv);
    EXPECT_EQ(guess("A,B", "a.ndjson"), input_format::ndjson);
    EXPECT_EQ(guess("A,B", "a.jsonl"), input_format::ndjson);
    EXPECT_EQ(guess("{\"A\":1}", "standard input"), input_format::ndjson);
    EXPECT_EQ(guess("A,B", "standard input"), input_format::csv);
    EXPECT_EQ(guess("", "standard input"), input_format::csv);
}

}  // namespace
}  // namespace millrace::tools
