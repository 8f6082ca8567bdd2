#include "engine/table/row_text.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/engine/table/random_source.hpp"

namespace millrace::engine {
namespace {

constexpr std::string_view types[] = {"i8",      "i16",       "i32",     "i64",     "u8",
                                      "u16",     "u32",       "u64",     "decimal", "character",
                                      "text(9)", "timestamp", "boolean", "bytes"};

// A row of one column.
struct single {
    explicit single(std::string_view type)
        : schema(row_schema::parse("table T\ncolumn C " + std::string(type) + "\n")),
          buffer(schema.payload_size(20)),
          row(schema, buffer) {}
    single(const single&) = delete;
    single& operator=(const single&) = delete;

    [[nodiscard]] std::string read_back() const {
        std::string out;
        append_value_text(row.view(), 0, out);
        return out;
    }

    row_schema schema;
    std::vector<std::byte> buffer;
    row_builder row;
};

std::string round_trip(std::string_view type, std::string_view value) {
    single subject(type);
    const std::string reason = parse_value(subject.row, 0, value);
    return reason.empty() ? subject.read_back() : "refused: " + reason;
}

TEST(RowText, ReadsAndWritesEveryType) {
    EXPECT_EQ(round_trip("i8", "-128"), "-128");
    EXPECT_EQ(round_trip("i64", "-9223372036854775808"), "-9223372036854775808");
    EXPECT_EQ(round_trip("u64", "18446744073709551615"), "18446744073709551615");
    EXPECT_EQ(round_trip("decimal", "101.2500"), "101.2500");
    EXPECT_EQ(round_trip("character", "'"), "'");
    EXPECT_EQ(round_trip("text(9)", "123456789"), "123456789");
    EXPECT_EQ(round_trip("timestamp", "2026-03-01T09:30:00.000000001Z"),
              "2026-03-01T09:30:00.000000001Z");
    EXPECT_EQ(round_trip("timestamp", "1772357400000000001"), "2026-03-01T09:30:00.000000001Z");
    for (const char* bound : {"1677-09-21T00:12:43.145224192Z", "2262-04-11T23:47:16.854775807Z"}) {
        EXPECT_EQ(round_trip("timestamp", bound), bound);
    }
    EXPECT_EQ(round_trip("boolean", "Y"), "true");
    EXPECT_EQ(round_trip("boolean", "0"), "false");
    EXPECT_EQ(round_trip("bytes", "a\x01\xff"), "a\x01\xff");
}

TEST(RowText, AnEmptyTextIsTheEmptyValueWhereThereIsOne) {
    for (const std::string_view type : types) {
        single subject(type);
        const bool has_empty = has_empty_value(subject.schema.column(0).type);
        EXPECT_EQ(parse_value(subject.row, 0, "").empty(), has_empty) << type;
        EXPECT_EQ(subject.row.view().is_empty(0), has_empty) << type;
    }
}

TEST(RowText, SaysWhyAValueWasRefused) {
    EXPECT_EQ(round_trip("decimal", "abc"), "refused: 'abc' is not a decimal");
    EXPECT_EQ(round_trip("decimal", "99999999999999999999"),
              "refused: '99999999999999999999' has more digits than a decimal holds");
    EXPECT_EQ(round_trip("i8", "300"), "refused: '300' does not fit i8 (-128 to 127)");
    EXPECT_EQ(round_trip("i64", "9223372036854775808"),
              "refused: '9223372036854775808' does not fit i64 (-9223372036854775808 to "
              "9223372036854775807)");
    EXPECT_EQ(round_trip("u8", "-1"), "refused: '-1' does not fit u8 (0 to 255)");
    EXPECT_EQ(round_trip("u16", "1.5"), "refused: '1.5' is not an unsigned integer");
    EXPECT_EQ(round_trip("i16", ""), "refused: '' is not an integer");
    EXPECT_EQ(round_trip("i16", "+1"), "refused: '+1' is not an integer");
    EXPECT_EQ(round_trip("character", "ab"), "refused: 'ab' is not a character, it has 2 bytes");
    EXPECT_EQ(round_trip("text(9)", "1234567890"),
              "refused: '1234567890' has 10 bytes, more than text(9) holds");
    EXPECT_EQ(round_trip("boolean", "yes"),
              "refused: 'yes' is not a boolean (true or false, Y or N, 1 or 0)");
    EXPECT_EQ(round_trip("bytes", "123456789012345678901"),
              "refused: '123456789012345678901' has 21 bytes, more than a row may have");
    EXPECT_EQ(round_trip("text(9)", std::string(50, 'x')),
              "refused: '" + std::string(40, 'x') + "...' has 50 bytes, more than text(9) holds");
}

TEST(RowText, RefusesTimestampsThatDoNotExist) {
    for (const char* text : {"yesterday", "2026-02-31T00:00:00Z", "2026-13-01T00:00:00Z",
                             "9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2026-03-01",
                             "2026-03-01T09:30:00.1234567890Z", "-", "--", "1-"}) {
        EXPECT_NE(round_trip("timestamp", text).find("is not a timestamp"), std::string::npos)
            << text;
    }
}

TEST(RowText, RandomValuesRoundTripThroughText) {
    test::random_source random;
    for (int i = 0; i < 50'000; ++i) {
        const std::string_view type = types[random.below(std::size(types))];
        single subject(type);
        const std::uint64_t bits = random.bits() >> random.below(64);
        row_status status = row_status::ok;
        switch (subject.schema.column(0).type) {
            case column_type::decimal:
                status = subject.row.set_decimal(
                    0, {static_cast<std::int64_t>(bits), -static_cast<int>(random.below(70)), 0});
                break;
            case column_type::character:
                status = subject.row.set_character(0, static_cast<char>(bits));
                break;
            case column_type::text:
                status = subject.row.set_text(0, random.bytes(random.below(10)));
                break;
            case column_type::timestamp:
                status = subject.row.set_timestamp(0, {static_cast<std::int64_t>(bits)});
                break;
            case column_type::boolean:
                status = subject.row.set_boolean(0, random.coin());
                break;
            case column_type::bytes: {
                const std::string bytes = random.bytes(random.below(21));
                status = subject.row.set_trailing(std::as_bytes(std::span(bytes)));
                break;
            }
            default:
                if (subject.row.set_unsigned_integer(0, bits) != row_status::ok) {
                    continue;
                }
        }
        ASSERT_EQ(status, row_status::ok);
        const std::string text = subject.read_back();
        single again(type);
        ASSERT_EQ(parse_value(again.row, 0, text), "") << type << " " << text;
        ASSERT_EQ(subject.buffer, again.buffer) << type << " " << text;
    }
}

TEST(RowText, ParsersSurviveRandomTexts) {
    test::random_source random;
    int accepted = 0;
    for (int i = 0; i < 100'000; ++i) {
        single subject(types[random.below(std::size(types))]);
        const std::string text = random.coin() ? random.text(random.below(12), "0123456789-+.eTZ: ")
                                               : random.text(19, "0123456789-T:") +
                                                     random.text(random.below(12), "0123456789.Z");
        accepted += parse_value(subject.row, 0, text).empty() ? 1 : 0;
        ASSERT_EQ(row_view::check(subject.schema, subject.row.payload()), row_status::ok);
    }
    EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace millrace::engine
