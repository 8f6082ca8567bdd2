#include "xlator/map/compiler.hpp"

#include "xlator/fix/byte_sum.hpp"
#include "xlator/fix/nearest_name.hpp"

namespace millrace::xlator::detail {

std::string_view to_string(column_kind kind) noexcept {
    switch (kind) {
        case column_kind::integer:
            return "integer";
        case column_kind::decimal:
            return "decimal";
        case column_kind::character:
            return "character";
        case column_kind::text:
            return "text";
        case column_kind::timestamp:
            return "timestamp";
        case column_kind::boolean:
            return "boolean";
        case column_kind::bytes:
            return "bytes";
    }
    return "unknown";
}

std::string suggestion(std::string_view name, std::span<const std::string_view> candidates) {
    const std::string_view nearest = nearest_name(name, candidates);
    return nearest.empty() ? std::string{} : "; did you mean " + std::string(nearest) + "?";
}

void map_compiler::fail(long line, std::string reason) {
    errors_.push_back({line, "map " + std::string(map_) + ": " + std::move(reason)});
}

const message_info* map_compiler::find_message(const std::string& name, long line) {
    const message_info* found = dict_.find_message_named(name);
    if (found == nullptr) {
        found = dict_.find_message(name);
    }
    if (found == nullptr) {
        std::vector<std::string_view> names;
        for (const message_info& message : dict_.info().messages) {
            names.push_back(message.name);
        }
        fail(line, "message " + name + " is not in dictionary " + std::string(dict_.info().name) +
                       suggestion(name, names));
    }
    return found;
}

int map_compiler::find_column(const std::string& name, long line) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (columns_[i].name == name) {
            return static_cast<int>(i);
        }
        names.push_back(columns_[i].name);
    }
    fail(line, "column " + name + " does not exist" + suggestion(name, names));
    return -1;
}

const member_info* map_compiler::find_member(std::string_view name,
                                             std::span<const member_info> members,
                                             const std::string& where, long line) {
    std::vector<std::string_view> names;
    for (const member_info& member : members) {
        if (member.name == name) {
            return &member;
        }
        names.push_back(member.name);
    }
    if (dict_.find_field(name) != nullptr) {
        fail(line, "field " + std::string(name) + " does not belong to " + where);
        return nullptr;
    }
    std::string hint = suggestion(name, names);
    if (hint.empty()) {
        names.clear();
        for (const field_info& field : dict_.info().fields) {
            names.push_back(field.name);
        }
        hint = suggestion(name, names);
    }
    fail(line, "field " + std::string(name) + " is not in dictionary " +
                   std::string(dict_.info().name) + hint);
    return nullptr;
}

bool map_compiler::resolve_value(const field_info& field, const std::string& text, long line,
                                 std::string& wire) {
    wire = text;
    if (field.values.empty() || dict_.is_value_of(field.tag, text)) {
        const bool has_delimiter = text.find(field_delimiter) != std::string::npos;
        if (has_format(field.type, text) && !has_delimiter) {
            return true;
        }
        fail(line, "\"" + text + "\" is no value of field " + std::string(field.name) +
                       " of type " + std::string(xlator::to_string(field.type)));
        return false;
    }
    std::vector<std::string_view> names;
    for (const enum_value_info& value : field.values) {
        if (value.name == text) {
            wire = value.value;
            return true;
        }
        names.push_back(value.name);
    }
    fail(line, "\"" + text + "\" is none of the values of field " + std::string(field.name) +
                   suggestion(text, names));
    return false;
}

}  // namespace millrace::xlator::detail
