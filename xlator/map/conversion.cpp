#include "xlator/map/conversion.hpp"

namespace millrace::xlator::detail {

namespace {

conversion text_conversion(field_type type, column_kind kind) {
    switch (kind) {
        case column_kind::text:
            return {true, convert::text, true};
        case column_kind::character:
            return {true, convert::character, true};
        case column_kind::integer:
            return {true, convert::integer, true};
        case column_kind::decimal:
            return {type == field_type::string, convert::decimal, false};
        case column_kind::timestamp:
            if (type == field_type::local_mkt_date || type == field_type::utc_date) {
                return {true, convert::timestamp_date, false};
            }
            return {type == field_type::utc_time, convert::timestamp_time, false};
        default:
            return {};
    }
}

}  // namespace

conversion conversion_for(const field_info& field, column_kind kind) {
    const bool has_values = !field.values.empty();
    const field_type type = field.type;
    if (is_data(type)) {
        return {kind == column_kind::text || kind == column_kind::bytes, convert::data, false};
    }
    if (is_decimal(type)) {
        if (kind == column_kind::decimal || kind == column_kind::integer) {
            return {true, kind == column_kind::decimal ? convert::decimal : convert::integer,
                    has_values};
        }
        return {kind == column_kind::text, convert::text, true};
    }
    if (is_integer(type)) {
        if (kind == column_kind::integer) {
            return {true, convert::integer, has_values || type != field_type::integer};
        }
        return {kind == column_kind::text || kind == column_kind::character,
                kind == column_kind::text ? convert::text : convert::character, true};
    }
    if (type == field_type::utc_timestamp) {
        if (kind == column_kind::timestamp) {
            return {true, convert::timestamp, false};
        }
        return {kind == column_kind::text, convert::text, true};
    }
    if (type == field_type::boolean) {
        if (kind == column_kind::boolean) {
            return {true, convert::boolean, false};
        }
        return {kind == column_kind::character || kind == column_kind::text,
                kind == column_kind::text ? convert::text : convert::character, true};
    }
    return text_conversion(type, kind);
}

}  // namespace millrace::xlator::detail
