#include "gateway/pipeline/fix_fields.hpp"

#include <algorithm>

#include "engine/core/number.hpp"
#include "engine/table/nearest.hpp"
#include "gateway/session/fix_tables.hpp"
#include "xlator/fix/decimal.hpp"
#include "xlator/fix/printer.hpp"
#include "xlator/fix/utc_timestamp.hpp"

namespace millrace::gateway {

namespace {

std::string lower(std::string_view text) {
    std::string made(text);
    std::transform(made.begin(), made.end(), made.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return made;
}

engine::column_type type_of(const xlator::field_info& field) {
    if (xlator::is_integer(field.type)) {
        return engine::column_type::i64;
    }
    if (xlator::is_decimal(field.type)) {
        return engine::column_type::decimal;
    }
    switch (field.type) {
        case xlator::field_type::character:
            return engine::column_type::character;
        case xlator::field_type::boolean:
            return engine::column_type::boolean;
        case xlator::field_type::utc_timestamp:
            return engine::column_type::timestamp;
        default:
            return engine::column_type::text;
    }
}

// Its value as the type has it; left empty where it is none of that type.
void read_as(engine::column_type type, std::string_view text, engine::row_field_value& value) {
    value.text = text;
    value.is_empty = true;
    switch (type) {
        case engine::column_type::i64:
            value.is_empty = !engine::parse_number(text, value.integer);
            break;
        case engine::column_type::decimal:
            if (xlator::decimal number; xlator::parse_decimal(text, number)) {
                value.number = engine::decimal::of(number);
                value.is_empty = false;
            }
            break;
        case engine::column_type::character:
            value.integer = text.size() == 1 ? static_cast<unsigned char>(text[0]) : 0;
            value.is_empty = text.size() != 1;
            break;
        case engine::column_type::boolean:
            value.integer = text == "Y" ? 1 : 0;
            value.is_empty = text != "Y" && text != "N";
            break;
        case engine::column_type::timestamp: {
            xlator::utc_timestamp time;
            value.is_empty = !xlator::parse_utc_timestamp(text, time);
            value.integer = time.ns;
            break;
        }
        default:
            value.is_empty = text.empty();
            break;
    }
}

}  // namespace

std::unique_ptr<const engine::row_fields> fields_of(const engine::row_schema& schema,
                                                    const std::optional<std::string>& dictionary,
                                                    map_dictionaries& dictionaries,
                                                    std::string& reason) {
    if (!dictionary) {
        return nullptr;
    }
    const std::string& table = schema.table_name();
    const bool is_fix_log =
        table == fix_in_schema().table_name() || table == fix_out_schema().table_name();
    if (dictionary->empty() && !is_fix_log) {
        return nullptr;
    }
    if (!schema.has_trailing()) {
        reason = "table " + table + " has no column of bytes that could hold a message";
        return nullptr;
    }
    const std::string name = dictionary->empty() ? "FIX44" : *dictionary;
    const xlator::dictionary* const found = dictionaries.find(name, reason);
    return found == nullptr ? nullptr : std::make_unique<fix_fields>(*found, name);
}

std::optional<engine::row_fields::field> listed_fields::find(std::string_view name) const {
    const bool is_listed = std::any_of(names_.begin(), names_.end(), [&](const std::string& one) {
        return engine::equal_ignoring_case(one, name);
    });
    return is_listed ? all_.find(name) : std::nullopt;
}

std::vector<std::string_view> listed_fields::names() const {
    std::vector<std::string_view> all = all_.names();
    std::erase_if(all, [&](std::string_view name) { return !find(name); });
    return all;
}

fix_fields::fix_fields(const xlator::dictionary& dict, std::string name)
    : dict_(dict), name_(std::move(name)) {
    for (const xlator::field_info& one : dict_.info().fields) {
        by_lower_name_.emplace(lower(one.name), &one);
    }
}

std::optional<engine::row_fields::field> fix_fields::find(std::string_view name) const {
    const auto found = by_lower_name_.find(lower(name));
    if (found == by_lower_name_.end()) {
        return std::nullopt;
    }
    field made;
    made.id = static_cast<std::uint32_t>(found->second->tag);
    made.column.name = found->second->name;
    made.column.type = type_of(*found->second);
    return made;
}

std::vector<std::string_view> fix_fields::names() const {
    std::vector<std::string_view> all;
    all.reserve(dict_.info().fields.size());
    for (const xlator::field_info& one : dict_.info().fields) {
        all.push_back(one.name);
    }
    return all;
}

engine::row_field_value fix_fields::read(const engine::row_view& row,
                                         std::uint32_t id) const noexcept {
    engine::row_field_value value;
    const std::span<const std::byte> bytes = row.trailing();
    xlator::wire_walk walk({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, &dict_);
    xlator::wire_field found;
    const auto tag = static_cast<int>(id);
    while (walk.next(found)) {
        if (found.tag == tag) {
            read_as(type_of(*dict_.find_field(tag)), found.value, value);
            break;
        }
    }
    return value;
}

}  // namespace millrace::gateway
