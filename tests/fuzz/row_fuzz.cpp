#include "tests/fuzz/row_fuzz.hpp"

#include <algorithm>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/table/row.hpp"
#include "engine/table/row_text.hpp"
#include "engine/table/schema.hpp"

namespace millrace::fuzz {

using namespace engine;

namespace {

constexpr std::string_view every_type =
    "table every\ncolumn ID u64 key\ncolumn A i8\ncolumn B i16\ncolumn C i32\ncolumn D i64\n"
    "column E u8\ncolumn F u16\ncolumn G u32\ncolumn PRICE decimal\ncolumn SIDE character\n"
    "column NAME text(13)\ncolumn T timestamp\ncolumn LIVE boolean\ncolumn NOTE vartext\n";
constexpr std::string_view no_trailing =
    "table few\ncolumn SYMBOL text(8) key\ncolumn PRICE decimal\ncolumn LIVE boolean\n";
constexpr std::string_view with_bytes = "table raw\ncolumn K i64 key\ncolumn DATA bytes\n";

std::optional<row_schema> parsed(std::string_view text) {
    try {
        return row_schema::parse(text);
    } catch (const config_error& refused) {
        MILLRACE_ASSERT(!std::string_view(refused.what()).empty(), "a refusal says nothing");
        return std::nullopt;
    }
}

void check_layout(const row_schema& schema) {
    MILLRACE_ASSERT(schema.column_count() >= 1, "a table without a column");
    MILLRACE_ASSERT(schema.column_count() <= row_schema::column_count_max, "too many columns");
    MILLRACE_ASSERT(schema.fixed_size() <= row_schema::fixed_size_max, "the row is too large");
    std::size_t end = 0;
    for (std::size_t i = 0; i < schema.column_count(); ++i) {
        const schema_column& column = schema.column(i);
        MILLRACE_ASSERT(column.offset >= end, "two columns overlap");
        end = column.offset + column.size;
        MILLRACE_ASSERT(end <= schema.fixed_size(), "a column lies outside of the row");
        MILLRACE_ASSERT(schema.find(column.name) == i, "a column is not found by its name");
        MILLRACE_ASSERT(!is_trailing(column.type) || i + 1 == schema.column_count(),
                        "a trailing column is not the last one");
    }
}

template <class Bytes>
bool lies_within(std::span<const std::byte> outer, const Bytes& inner) {
    const auto* const begin = reinterpret_cast<const std::byte*>(inner.data());
    return inner.empty() ||
           (begin >= outer.data() && begin + inner.size() <= outer.data() + outer.size());
}

// By the schema's words alone, and not by what row.cpp makes of them.
bool is_row_of(const row_schema& schema, std::span<const std::byte> payload) {
    const std::size_t least = row_envelope_size + schema.fixed_size();
    if (payload.size() < least || (payload.size() > least && !schema.has_trailing())) {
        return false;
    }
    bool is_good = get<std::uint8_t>(payload, 0) >= 1 && get<std::uint8_t>(payload, 0) <= 3 &&
                   get<std::uint8_t>(payload, 1) < 8 && get<std::uint16_t>(payload, 2) == 1 &&
                   get<std::uint32_t>(payload, 4) == 0;
    for (const schema_column& column : schema.columns()) {
        const std::size_t at = row_envelope_size + column.offset;
        is_good = is_good &&
                  (column.type != column_type::boolean || get<std::uint8_t>(payload, at) <= 1) &&
                  (column.type != column_type::text ||
                   get<std::uint16_t>(payload, at) <= column.text_capacity);
    }
    return is_good;
}

// Rows hold decimals that nobody may write as text: beyond four digits of exponent.
bool may_be_unwritable(const row_view& row, std::size_t index) {
    return row.schema().column(index).type == column_type::decimal &&
           std::abs(std::int64_t{row.decimal_value(index).exponent}) > decimal_exponent_max;
}

bool is_same_value(const row_view& one, const row_view& other, std::size_t index) {
    switch (one.schema().column(index).type) {
        case column_type::decimal:
            return one.decimal_value(index) == other.decimal_value(index);
        case column_type::character:
            return one.character(index) == other.character(index);
        case column_type::text:
        case column_type::vartext:
            return one.text(index) == other.text(index);
        case column_type::timestamp:
            return one.timestamp(index) == other.timestamp(index);
        case column_type::boolean:
            return one.boolean(index) == other.boolean(index);
        case column_type::bytes:
            return std::ranges::equal(one.trailing(), other.trailing());
        default:
            return is_signed_integer(one.schema().column(index).type)
                       ? one.integer(index) == other.integer(index)
                       : one.unsigned_integer(index) == other.unsigned_integer(index);
    }
}

void check_row(const row_schema& schema, std::span<const std::byte> payload) {
    const bool is_good = row_view::check(schema, payload) == row_status::ok;
    MILLRACE_ASSERT(is_good == is_row_of(schema, payload), "a row is believed that is none");
    if (!is_good) {
        return;
    }
    const row_view row(schema, payload);
    MILLRACE_ASSERT(lies_within(payload, row.event()) && lies_within(payload, row.user()),
                    "a name reaches beyond the payload");
    MILLRACE_ASSERT(lies_within(payload, row.trailing()), "the trailing bytes are not the row's");
    bytes buffer(payload.size());
    row_builder again(schema, buffer);
    std::string text;
    for (std::size_t i = 0; i < schema.column_count(); ++i) {
        const column_type type = schema.column(i).type;
        MILLRACE_ASSERT((type != column_type::text && type != column_type::vartext) ||
                            lies_within(payload, row.text(i)),
                        "a text reaches beyond the payload");
        text.clear();
        append_value_text(row, i, text);
        MILLRACE_ASSERT(text.empty() == row.is_empty(i),
                        "an empty value is written, or a full not");
        const std::string refusal = parse_value(again, i, text);
        if (!refusal.empty()) {
            MILLRACE_ASSERT(may_be_unwritable(row, i), "a value's text is not read back");
            continue;
        }
        MILLRACE_ASSERT(is_same_value(row, again.view(), i), "a value's text is of another value");
    }
}

bytes with_sizes(const row_schema& schema, std::span<const std::byte> input) {
    bytes made(input.begin(), input.end());
    const std::size_t least = schema.payload_size();
    made.resize(schema.has_trailing() ? std::max(least, made.size()) : least);
    put(made, 0, static_cast<std::uint8_t>(1 + get<std::uint8_t>(made, 0) % 3));
    put(made, 1, static_cast<std::uint8_t>(get<std::uint8_t>(made, 1) % 8));
    put(made, 2, row_format_version);
    put(made, 4, std::uint32_t{0});
    for (const schema_column& column : schema.columns()) {
        const std::size_t at = row_envelope_size + column.offset;
        if (column.type == column_type::boolean) {
            put(made, at, static_cast<std::uint8_t>(get<std::uint8_t>(made, at) % 2));
        } else if (column.type == column_type::text) {
            put(made, at,
                static_cast<std::uint16_t>(get<std::uint16_t>(made, at) %
                                           (column.text_capacity + 1)));
        }
    }
    return made;
}

// A row of `schema` in which every column has a value, by its text.
bytes row_seed(std::string_view schema_text) {
    const row_schema schema = row_schema::parse(schema_text);
    bytes buffer(schema.payload_size(64));
    row_builder row(schema, buffer);
    for (std::size_t i = 0; i < schema.column_count(); ++i) {
        const column_type type = schema.column(i).type;
        const std::string_view value = is_integer(type)                 ? "17"
                                       : type == column_type::decimal   ? "-1.50"
                                       : type == column_type::timestamp ? "2026-03-01T09:30:00Z"
                                       : type == column_type::boolean   ? "true"
                                       : type == column_type::character ? "B"
                                                                        : "EURUSD";
        const std::string refusal = parse_value(row, i, value);
        MILLRACE_ASSERT(refusal.empty(), "a seed's value is refused");
    }
    bytes seed = bytes_of(schema_text);
    seed.push_back(std::byte{0});
    seed.insert(seed.end(), row.payload().begin(), row.payload().end());
    return seed;
}

}  // namespace

void fuzz_schema(std::span<const std::byte> input) {
    const std::optional<row_schema> schema = parsed(text_of(input));
    if (!schema) {
        return;
    }
    check_layout(*schema);
    const std::optional<row_schema> again = parsed(schema->to_text());
    MILLRACE_ASSERT(again.has_value(), "a schema's own text is no schema");
    MILLRACE_ASSERT(*again == *schema && again->hash() == schema->hash(),
                    "a schema's own text is another schema");
}

void fuzz_row(std::span<const std::byte> input) {
    static const row_schema every = row_schema::parse(every_type);
    const auto end = std::find(input.begin(), input.end(), std::byte{0});
    const auto text_size = static_cast<std::size_t>(end - input.begin());
    const std::optional<row_schema> own = parsed(text_of(input.first(text_size)));
    const row_schema& schema = own ? *own : every;
    const std::span<const std::byte> payload = input.subspan(std::min(text_size + 1, input.size()));
    check_row(schema, payload);
    check_row(schema, with_sizes(schema, payload));
}

std::vector<seed_input> schema_seeds() {
    std::string longest = "table longest\n";
    for (std::size_t i = 0; i < row_schema::column_count_max; ++i) {
        longest += "column C" + std::to_string(i) + " u8\n";
    }
    return {{"every-type", bytes_of(every_type)},
            {"no-trailing", bytes_of(no_trailing)},
            {"bytes", bytes_of(with_bytes)},
            {"longest", bytes_of(longest)},
            {"widest", bytes_of("table wide\ncolumn A text(32766)\n")},
            {"too-wide", bytes_of("table wide\ncolumn A text(32767)\n")},
            {"attribute", bytes_of("table a\ncolumn A i64 keys\n")},
            {"twice", bytes_of("table a\ncolumn A i64\ncolumn a i64\n")}};
}

std::vector<seed_input> row_seeds() {
    bytes foreign = row_seed(no_trailing);
    std::copy_n(bytes_of("tabel").begin(), 5, foreign.begin());
    bytes cut = row_seed(every_type);
    cut.resize(cut.size() - 10);
    return {{"every-type", row_seed(every_type)},
            {"no-trailing", row_seed(no_trailing)},
            {"bytes", row_seed(with_bytes)},
            {"foreign", foreign},
            {"cut", cut}};
}

}  // namespace millrace::fuzz
