#include "engine/table/predicate_literal.hpp"

#include "engine/table/row_text.hpp"

namespace millrace::engine::detail {

namespace {

// Beyond every 64-bit integer, and far from the ends of 128 bits.
constexpr int128 beyond = int128{1} << 100;

// The greatest integer not above a number, and whether it is the number itself.
struct integer_bound {
    int128 floor = 0;
    bool is_exact = true;
};

integer_bound floor_of(const decimal& number) noexcept {
    int128 value = number.mantissa;
    if (value == 0) {
        return {};
    }
    if (number.exponent > 20) {
        return {value > 0 ? beyond : -beyond, true};
    }
    for (std::int32_t i = 0; i < number.exponent; ++i) {
        value *= 10;
    }
    bool is_exact = true;
    for (std::int32_t i = 0; i > number.exponent && (value != 0 || is_exact); --i) {
        is_exact = is_exact && value % 10 == 0;
        value /= 10;
    }
    if (!is_exact && number.mantissa < 0) {
        --value;  // division went towards zero
    }
    return {value, is_exact};
}

// Whole numbers may have more digits than a decimal: an u64 has 20.
bool read_whole_number(std::string_view text, int128& value) noexcept {
    const bool is_negative = text.starts_with('-');
    if (is_negative) {
        text.remove_prefix(1);
    }
    if (text.empty() || text.size() > 30) {
        return false;
    }
    value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    value = is_negative ? -value : value;
    return true;
}

std::string quoted(const literal& operand) {
    const std::string text = "'" + std::string(operand.spelling.substr(0, 40)) + "'";
    return operand.kind == literal_kind::text ? "the text " + text : text;
}

std::string cannot_compare(const schema_column& column, const literal& operand) {
    return "column " + column.name + " is " + std::string(column_type_phrase(column.type)) +
           " and cannot be compared with " + quoted(operand);
}

bool is_order(comparison op) noexcept {
    return op != comparison::equal && op != comparison::not_equal;
}

std::string read_decimal(const literal& operand, decimal& number) {
    switch (parse_decimal(operand.spelling, number)) {
        case decimal_status::malformed:
            return quoted(operand) + " is not a number";
        case decimal_status::overflow:
            return quoted(operand) + " has more digits than a decimal holds";
        case decimal_status::ok:
            break;
    }
    return {};
}

std::string compare_integer(comparison op, const literal& operand, test& out) {
    out.kind = test_kind::integer;
    out.op = op;
    if (read_whole_number(operand.spelling, out.integer)) {
        return {};
    }
    decimal number;
    if (std::string reason = read_decimal(operand, number); !reason.empty()) {
        return reason;
    }
    const integer_bound bound = floor_of(number);
    out.integer = bound.floor;
    if (bound.is_exact) {
        return {};
    }
    // No integer lies at the number itself, so the comparison moves to the one below it.
    switch (op) {
        case comparison::equal:
            out.kind = test_kind::never;
            break;
        case comparison::not_equal:
            out.kind = test_kind::always;
            break;
        case comparison::less:
        case comparison::less_equal:
            out.op = comparison::less_equal;
            break;
        case comparison::greater:
        case comparison::greater_equal:
            out.op = comparison::greater;
            break;
    }
    return {};
}

std::string compare_character(const schema_column& column, const literal& operand, test& out) {
    if (operand.value.size() > 1) {
        return "column " + column.name + " is a character, but " + quoted(operand) + " has " +
               std::to_string(operand.value.size()) + " bytes";
    }
    out.kind = test_kind::character;
    out.integer = operand.value.empty() ? 0 : static_cast<unsigned char>(operand.value[0]);
    return {};
}

std::string compare_timestamp(const schema_column& column, const literal& operand, test& out) {
    timestamp time;
    const std::string_view text =
        operand.kind == literal_kind::text ? std::string_view(operand.value) : operand.spelling;
    if (!parse(text, time)) {
        return "column " + column.name + " is a timestamp, and " + quoted(operand) +
               " is none, as in '2026-03-01T09:30:00.000000001Z'";
    }
    out.kind = test_kind::timestamp;
    out.integer = time.ns;
    return {};
}

void keep_text(std::string_view value, std::string& literals, test& out) {
    out.literal_offset = static_cast<std::uint32_t>(literals.size());
    out.literal_size = static_cast<std::uint32_t>(value.size());
    literals += value;
}

}  // namespace

std::string make_comparison(const schema_column& column, comparison op, const literal& operand,
                            std::string& literals, test& out) {
    out.op = op;
    if (operand.kind == literal_kind::text && operand.value.empty() && is_order(op)) {
        return "nothing is less or greater than ''; use: " + column.name + " is [not] empty";
    }
    if (is_integer(column.type) && operand.kind == literal_kind::number) {
        return compare_integer(op, operand, out);
    }
    if (column.type == column_type::decimal && operand.kind == literal_kind::number) {
        out.kind = test_kind::decimal;
        return read_decimal(operand, out.number);
    }
    if (column.type == column_type::boolean && operand.kind == literal_kind::boolean) {
        out.kind = test_kind::boolean;
        out.integer = operand.truth ? 1 : 0;
        return is_order(op) ? "column " + column.name + " is a boolean, use = or !=" : "";
    }
    if (column.type == column_type::timestamp && operand.kind != literal_kind::boolean) {
        return compare_timestamp(column, operand, out);
    }
    if (operand.kind != literal_kind::text) {
        return cannot_compare(column, operand);
    }
    if (column.type == column_type::character) {
        return compare_character(column, operand, out);
    }
    if (column.type == column_type::text || is_trailing(column.type)) {
        out.kind = test_kind::text;
        keep_text(operand.value, literals, out);
        return {};
    }
    return cannot_compare(column, operand);
}

std::string make_like(const schema_column& column, std::string_view pattern, std::string& literals,
                      test& out) {
    if (column.type != column_type::text && !is_trailing(column.type)) {
        return "column " + column.name + " is " + std::string(column_type_phrase(column.type)) +
               ", like is for texts";
    }
    const bool is_open_at_start = pattern.starts_with('%');
    pattern.remove_prefix(is_open_at_start ? 1 : 0);
    const bool is_open_at_end = pattern.ends_with('%');
    pattern.remove_suffix(is_open_at_end ? 1 : 0);
    if (pattern.find('%') != std::string_view::npos) {
        return "like takes a % at the start, at the end, or at both, and nowhere else";
    }
    if (pattern.empty() && (is_open_at_start || is_open_at_end)) {
        out.kind = test_kind::always;
    } else if (is_open_at_start) {
        out.kind = is_open_at_end ? test_kind::contains : test_kind::ends_with;
    } else {
        out.kind = is_open_at_end ? test_kind::starts_with : test_kind::text;
    }
    out.op = comparison::equal;
    keep_text(pattern, literals, out);
    return {};
}

}  // namespace millrace::engine::detail
