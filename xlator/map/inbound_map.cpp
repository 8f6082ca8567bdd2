#include "xlator/map/inbound_map.hpp"

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

}  // namespace detail

field_scope inbound_map::scope_of(const detail::inbound_step& step,
                                  const field_scope& message) noexcept {
    if (step.group_tag == 0) {
        return message;
    }
    const group_view group = message.group(step.group_tag);
    if (step.match_tag == 0) {
        return group.entry(step.entry);
    }
    for (const field_scope entry : group) {
        if (entry.text(step.match_tag) == step.match_value) {
            return entry;
        }
    }
    return {};
}

map_status inbound_map::read(const detail::inbound_step& step, const field_scope& message,
                             detail::row_value& value, bool& is_set) noexcept {
    const field_scope scope = step.tag == 0 ? field_scope{} : scope_of(step, message);
    if (step.tag == 0 || !scope.has(step.tag)) {
        is_set = step.has_default;
        if (!step.has_default) {
            return step.is_required ? map_status::required_empty : map_status::ok;
        }
        return detail::read_row_text(step.kind, step.default_text, value) ? map_status::ok
                                                                          : map_status::bad_value;
    }
    is_set = true;
    const std::string_view text = scope.text(step.tag);
    if (step.pairs.empty()) {
        return detail::read_fix_text(step.type, step.kind, text, value) ? map_status::ok
                                                                        : map_status::bad_value;
    }
    for (const value_pair& pair : step.pairs) {
        if (pair.fix == text) {
            return detail::read_row_text(step.kind, pair.row, value) ? map_status::ok
                                                                     : map_status::bad_value;
        }
    }
    return map_status::bad_value;
}

}  // namespace millrace::xlator
