#include "engine/table/row.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "tests/engine/table/random_source.hpp"

namespace millrace::engine {
namespace {

constexpr const char* everything =
    "table EVERYTHING\n"
    "column A i8\n"
    "column B i16\n"
    "column C i32\n"
    "column D i64\n"
    "column E u8\n"
    "column F u16\n"
    "column G u32\n"
    "column H u64\n"
    "column I decimal\n"
    "column J character\n"
    "column K text(5)\n"
    "column L timestamp\n"
    "column M boolean\n"
    "column N vartext\n";

std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct row_fixture : ::testing::Test {
    row_schema schema = row_schema::parse(everything);
    std::vector<std::byte> buffer =
        std::vector<std::byte>(schema.payload_size(100), std::byte{0xee});
    row_builder row{schema, buffer};

    std::vector<std::byte> finished() const {
        const row_builder::result result = row.finish();
        EXPECT_EQ(result.status, row_status::ok);
        return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(result.size)};
    }
};

using Row = row_fixture;

TEST_F(Row, ReadsBackWhatWasSet) {
    ASSERT_EQ(row.set_integer(0, -128), row_status::ok);
    ASSERT_EQ(row.set_integer(1, -32768), row_status::ok);
    ASSERT_EQ(row.set_integer(2, INT32_MIN), row_status::ok);
    ASSERT_EQ(row.set_integer(3, INT64_MIN), row_status::ok);
    ASSERT_EQ(row.set_unsigned_integer(4, 255), row_status::ok);
    ASSERT_EQ(row.set_unsigned_integer(5, 65535), row_status::ok);
    ASSERT_EQ(row.set_unsigned_integer(6, UINT32_MAX), row_status::ok);
    ASSERT_EQ(row.set_unsigned_integer(7, UINT64_MAX), row_status::ok);
    ASSERT_EQ(row.set_decimal(8, {-125, -1, 77}), row_status::ok);
    ASSERT_EQ(row.set_character(9, 'x'), row_status::ok);
    ASSERT_EQ(row.set_text(10, "12345"), row_status::ok);
    ASSERT_EQ(row.set_timestamp(11, {-5}), row_status::ok);
    ASSERT_EQ(row.set_boolean(12, true), row_status::ok);
    ASSERT_EQ(row.set_text(13, "behind"), row_status::ok);
    row_envelope envelope{.operation = operation::modify, .event = "EVENT", .user = "user"};
    envelope.set_origin({route_id("r"), {}, 7});
    row.set_envelope(envelope);

    const std::vector<std::byte> payload = finished();
    ASSERT_EQ(row_view::check(schema, payload), row_status::ok);
    const row_view view(schema, payload);
    EXPECT_EQ(view.integer(0), -128);
    EXPECT_EQ(view.integer(1), -32768);
    EXPECT_EQ(view.integer(2), INT32_MIN);
    EXPECT_EQ(view.integer(3), INT64_MIN);
    EXPECT_EQ(view.integer(4), 255);
    EXPECT_EQ(view.integer(5), 65535);
    EXPECT_EQ(view.integer(6), UINT32_MAX);
    EXPECT_EQ(view.unsigned_integer(7), UINT64_MAX);
    EXPECT_EQ(view.decimal_value(8), (decimal{-125, -1, 0}));
    EXPECT_EQ(view.decimal_value(8).zero, 0U);
    EXPECT_EQ(view.character(9), 'x');
    EXPECT_EQ(view.text(10), "12345");
    EXPECT_EQ(view.timestamp(11).ns, -5);
    EXPECT_TRUE(view.boolean(12));
    EXPECT_EQ(view.text(13), "behind");
    EXPECT_EQ(as_text(view.trailing()), "behind");
    EXPECT_EQ(view.operation(), operation::modify);
    EXPECT_EQ(view.envelope(), envelope);
    for (std::size_t i = 0; i < schema.column_count(); ++i) {
        EXPECT_FALSE(view.is_empty(i)) << i;
    }
}

TEST_F(Row, IsEmptyWhereNothingWasSet) {
    const std::vector<std::byte> payload = finished();
    const row_view view(schema, payload);
    for (std::size_t i = 0; i < schema.column_count(); ++i) {
        EXPECT_EQ(view.is_empty(i), has_empty_value(schema.column(i).type)) << i;
    }
    EXPECT_EQ(view.integer(3), 0);
    EXPECT_FALSE(view.boolean(12));
    EXPECT_EQ(view.operation(), operation::insert);
}

TEST_F(Row, EqualRowsAreEqualBytesWhateverTheBufferHeld) {
    ASSERT_EQ(row.set_text(10, "12345"), row_status::ok);
    ASSERT_EQ(row.set_text(10, "a"), row_status::ok);
    ASSERT_EQ(row.set_text(13, "long trailing"), row_status::ok);
    ASSERT_EQ(row.set_text(13, ""), row_status::ok);
    std::vector<std::byte> other_buffer(schema.payload_size(), std::byte{0x11});
    row_builder other(schema, other_buffer);
    ASSERT_EQ(other.set_text(10, "a"), row_status::ok);
    EXPECT_EQ(finished(), other_buffer);
    row.clear();
    other.clear();
    EXPECT_EQ(finished(), other_buffer);
}

TEST_F(Row, RefusesIntegersBeyondTheColumn) {
    const std::array<std::pair<std::size_t, std::int64_t>, 8> signed_cases = {
        {{0, 128},
         {0, -129},
         {1, 32768},
         {1, -32769},
         {2, INT64_C(2147483648)},
         {4, -1},
         {4, 256},
         {7, -1}}};
    for (const auto& [index, value] : signed_cases) {
        EXPECT_EQ(row.set_integer(index, value), row_status::out_of_range) << index << " " << value;
    }
    EXPECT_EQ(row.set_unsigned_integer(3, UINT64_MAX), row_status::out_of_range);
    EXPECT_EQ(row.set_unsigned_integer(0, 128), row_status::out_of_range);
    EXPECT_EQ(row.set_unsigned_integer(0, 127), row_status::ok);
}

TEST_F(Row, RefusesValuesOfAnotherType) {
    for (std::size_t i = 0; i < schema.column_count(); ++i) {
        const column_type type = schema.column(i).type;
        const auto expect = [&](row_status status, bool is_right) {
            EXPECT_EQ(status, is_right ? row_status::ok : row_status::wrong_type) << i;
        };
        expect(row.set_integer(i, 1), is_integer(type));
        expect(row.set_unsigned_integer(i, 1), is_integer(type));
        expect(row.set_decimal(i, {1, 0, 0}), type == column_type::decimal);
        expect(row.set_character(i, 'x'), type == column_type::character);
        expect(row.set_text(i, "x"), type == column_type::text || type == column_type::vartext);
        expect(row.set_timestamp(i, {1}), type == column_type::timestamp);
        expect(row.set_boolean(i, true), type == column_type::boolean);
        EXPECT_EQ(row.set_empty(i),
                  has_empty_value(type) ? row_status::ok : row_status::no_empty_value);
    }
}

TEST_F(Row, RefusesTextsBeyondTheColumnOrTheBuffer) {
    EXPECT_EQ(row.set_text(10, "123456"), row_status::too_long);
    EXPECT_EQ(row.set_text(13, std::string(100, 'x')), row_status::ok);
    EXPECT_EQ(row.set_text(13, std::string(101, 'x')), row_status::too_long);
    EXPECT_EQ(finished().size(), schema.payload_size(100));
}

TEST_F(Row, RefusesAnUnknownEnvelope) {
    row_envelope envelope;
    envelope.flags = 0x80;
    row.set_envelope(envelope);
    EXPECT_EQ(row.finish().status, row_status::bad_envelope);
}

TEST_F(Row, CheckRefusesEveryKindOfBadPayload) {
    const std::vector<std::byte> good = finished();
    const auto check = [&](auto&& change) {
        std::vector<std::byte> bad = good;
        change(bad);
        return row_view::check(schema, bad);
    };
    EXPECT_EQ(check([](auto&) {}), row_status::ok);
    EXPECT_EQ(check([](auto& b) { b.pop_back(); }), row_status::wrong_size);
    EXPECT_EQ(check([](auto& b) { b.clear(); }), row_status::wrong_size);
    EXPECT_EQ(check([](auto& b) { b.resize(50); }), row_status::wrong_size);
    EXPECT_EQ(check([](auto& b) { b.push_back(std::byte{1}); }), row_status::ok);  // trailing
    EXPECT_EQ(check([](auto& b) { b[0] = std::byte{0}; }), row_status::bad_envelope);
    EXPECT_EQ(check([](auto& b) { b[0] = std::byte{4}; }), row_status::bad_envelope);
    EXPECT_EQ(check([](auto& b) { b[1] = std::byte{8}; }), row_status::bad_envelope);
    EXPECT_EQ(check([](auto& b) { b[2] = std::byte{2}; }), row_status::bad_envelope);
    EXPECT_EQ(check([](auto& b) { b[7] = std::byte{1}; }), row_status::bad_envelope);
    const std::size_t text_at = row_envelope_size + schema.column(10).offset;
    const std::size_t boolean_at = row_envelope_size + schema.column(12).offset;
    EXPECT_EQ(check([=](auto& b) { b[text_at] = std::byte{5}; }), row_status::ok);
    EXPECT_EQ(check([=](auto& b) { b[text_at] = std::byte{6}; }), row_status::bad_text);
    EXPECT_EQ(check([=](auto& b) { b[text_at + 1] = std::byte{1}; }), row_status::bad_text);
    EXPECT_EQ(check([=](auto& b) { b[boolean_at] = std::byte{2}; }), row_status::bad_boolean);
}

TEST_F(Row, NoRandomPayloadThatPassesTheCheckReadsBeyondItself) {
    test::random_source random;
    const std::vector<std::byte> good = finished();
    int passed = 0;
    for (int i = 0; i < 100'000; ++i) {
        std::vector<std::byte> payload(
            good.begin(), good.end() - static_cast<std::ptrdiff_t>(random.below(3) / 2));
        payload.resize(payload.size() + random.below(3) / 2);
        for (std::uint64_t changes = random.below(5); changes > 0; --changes) {
            const std::size_t at =
                random.coin()
                    ? random.below(payload.size())
                    : row_envelope_size + random.below(payload.size() - row_envelope_size);
            payload[at] = static_cast<std::byte>(random.below(256));
        }
        if (row_view::check(schema, payload) != row_status::ok) {
            continue;
        }
        ++passed;
        const row_view view(schema, payload);
        std::size_t seen = view.text(10).size() + view.trailing().size();
        for (const char c : view.text(10)) {
            seen += static_cast<std::size_t>(c == 'x');
        }
        ASSERT_LE(seen, payload.size());
    }
    EXPECT_GT(passed, 1000);
}

TEST(RowWithKey, IsRefusedWhileTheKeyIsEmpty) {
    const row_schema schema = row_schema::parse("table T\ncolumn A text(3) key\ncolumn B i8 key\n");
    std::vector<std::byte> buffer(schema.payload_size());
    row_builder row(schema, buffer);
    EXPECT_EQ(row.finish().status, row_status::key_empty);
    ASSERT_EQ(row.set_text(0, "x"), row_status::ok);
    EXPECT_EQ(row.finish().status, row_status::ok);
    EXPECT_EQ(row.finish().size, schema.payload_size());
    const std::vector<std::byte> longer(schema.payload_size() + 1);
    EXPECT_EQ(row_view::check(schema, longer), row_status::wrong_size);
}

TEST(RowOfTrailingOnly, HoldsAnyNumberOfBytes) {
    const row_schema schema = row_schema::parse("table T\ncolumn WIRE bytes\n");
    std::vector<std::byte> buffer(schema.payload_size(1'000'000));
    row_builder row(schema, buffer);
    EXPECT_EQ(row.finish().size, row_envelope_size);
    const std::string wire(1'000'000, '\x01');
    ASSERT_EQ(row.set_trailing(std::as_bytes(std::span(wire))), row_status::ok);
    EXPECT_EQ(row.finish().size, buffer.size());
    EXPECT_EQ(as_text(row.view().trailing()), wire);
}

TEST(RowOfMaximalSize, HoldsAMaximalText) {
    const row_schema schema = row_schema::parse("table T\ncolumn A text(32766)\n");
    std::vector<std::byte> buffer(schema.payload_size());
    row_builder row(schema, buffer);
    const std::string longest(32766, 'x');
    ASSERT_EQ(row.set_text(0, longest), row_status::ok);
    EXPECT_EQ(row.view().text(0), longest);
    EXPECT_EQ(row.set_text(0, longest + "x"), row_status::too_long);
}

TEST(RowBuilderDeathTest, RefusesABufferThatHoldsNoRow) {
    const row_schema schema = row_schema::parse("table T\ncolumn A i64\n");
    std::vector<std::byte> buffer(schema.payload_size() - 1);
    EXPECT_DEATH(row_builder(schema, buffer), "holds no row");
}

TEST(ShortName, HoldsSixteenBytes) {
    short_name name;
    EXPECT_TRUE(name.assign("1234567890123456"));
    EXPECT_EQ(name.view(), "1234567890123456");
    EXPECT_FALSE(name.assign("12345678901234567"));
    EXPECT_FALSE(name.assign(std::string_view("a\0b", 3)));
    EXPECT_TRUE(name.assign("short"));
    EXPECT_EQ(name, short_name("short"));
    EXPECT_EQ(name.view(), "short");
}

TEST(RouteId, IsFnv1a) {
    EXPECT_EQ(route_id(""), 0xcbf29ce484222325U);  // the published test vectors
    EXPECT_EQ(route_id("a"), 0xaf63dc4c8601ec8cU);
    EXPECT_EQ(route_id("foobar"), 0x85944171f73967e8U);
}

}  // namespace
}  // namespace millrace::engine
