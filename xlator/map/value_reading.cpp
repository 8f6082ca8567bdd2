#include "xlator/map/value_text.hpp"

#include <cstring>

#include "xlator/fix/date_time.hpp"
#include "xlator/fix/value.hpp"

namespace millrace::xlator {

namespace detail {

namespace {

bool read_integer(std::string_view text, std::int64_t& number) noexcept {
    decimal value;
    return parse_decimal(text, value) && rescale(value, 0, number);
}

// YYYYMMDD as midnight, or a full timestamp.
bool read_time(std::string_view text, std::int64_t& ns) noexcept {
    utc_timestamp value;
    if (is_date(text)) {
        char full[17];
        std::memcpy(full, text.data(), 8);
        std::memcpy(full + 8, "-00:00:00", 9);
        if (!parse_utc_timestamp({full, sizeof(full)}, value)) {
            return false;
        }
    } else if (!parse_utc_timestamp(text, value)) {
        return false;
    }
    ns = value.ns;
    return true;
}

bool read_character(std::string_view text, std::int64_t& number) noexcept {
    if (text.size() != 1) {
        return false;
    }
    number = text[0];
    return true;
}

}  // namespace

bool read_fix_text(field_type type, column_kind kind, std::string_view text,
                   row_value& value) noexcept {
    if (text.empty() && !is_data(type)) {
        return false;
    }
    value.kind = kind;
    value.text = text;
    switch (kind) {
        case column_kind::integer:
            return read_integer(text, value.number);
        case column_kind::decimal:
            return parse_decimal(text, value.decimal);
        case column_kind::character:
            return read_character(text, value.number);
        case column_kind::timestamp:
            return read_time(text, value.number);
        case column_kind::boolean: {
            bool flag = false;
            const bool is_flag = parse_boolean(text, flag);
            value.number = flag ? 1 : 0;
            return is_flag;
        }
        case column_kind::text:
        case column_kind::bytes:
            return true;
    }
    return false;
}

bool read_row_text(column_kind kind, std::string_view text, row_value& value) noexcept {
    if (kind == column_kind::text || kind == column_kind::bytes) {
        value.kind = kind;
        value.text = text;
        return true;
    }
    if (kind == column_kind::boolean && (text == "true" || text == "false")) {
        value.kind = kind;
        value.number = text == "true" ? 1 : 0;
        return true;
    }
    return read_fix_text(field_type::string, kind, text, value);
}

column_kind kind_of_formatted(field_type type) noexcept {
    if (is_integer(type)) {
        return column_kind::integer;
    }
    if (is_decimal(type)) {
        return column_kind::decimal;
    }
    return type == field_type::utc_timestamp || type == field_type::utc_date ||
                   type == field_type::local_mkt_date
               ? column_kind::timestamp
               : column_kind::text;
}

}  // namespace detail

}  // namespace millrace::xlator
