#include "xlator/map/compiler.hpp"

#include <algorithm>

#include "xlator/fix/byte_sum.hpp"
#include "xlator/fix/check.hpp"
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

namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::string suggestion(std::string_view name, std::span<const std::string_view> candidates) {
    const std::string_view nearest = nearest_name(name, candidates);
    return nearest.empty() ? std::string{} : "; did you mean " + std::string(nearest) + "?";
}

void column_compiler::fail(long line, std::string reason) {
    errors_.push_back({line, "map " + std::string(map_) + ": " + std::move(reason)});
}

int column_compiler::find_column(std::span<const column> columns, const std::string& name,
                                 long line) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (equal_ignoring_case(columns[i].name, name)) {
            return static_cast<int>(i);
        }
        names.push_back(columns[i].name);
    }
    fail(line, "column " + name + " does not exist" + suggestion(name, names));
    return -1;
}

bool column_compiler::is_spelled(column_kind kind) {
    return kind != column_kind::decimal && kind != column_kind::timestamp &&
           kind != column_kind::bytes;
}

bool column_compiler::is_value_of(column_kind kind, const std::string& value) {
    return kind == column_kind::text || (kind == column_kind::character && value.size() == 1) ||
           (kind == column_kind::boolean && (value == "true" || value == "false")) ||
           (kind == column_kind::integer && has_format(field_type::integer, value));
}

std::string column_compiler::no_value(const std::string& value, const std::string& column,
                                      column_kind kind) {
    return "\"" + value + "\" is no value of column " + column + " of kind " +
           std::string(detail::to_string(kind));
}

bool column_compiler::compile_condition(const column_condition& given, long line,
                                        map_condition& condition) {
    condition.column = find_column(given.column, line);
    if (condition.column < 0) {
        return false;
    }
    condition.kind = kind_of(condition.column);
    condition.is_negated = given.is_negated;
    condition.values = given.values;
    if (!is_spelled(condition.kind)) {
        fail(line, "column " + given.column + " of kind " +
                       std::string(detail::to_string(condition.kind)) + " cannot be a condition");
        return false;
    }
    for (const std::string& value : condition.values) {
        if (!value.empty() && !is_value_of(condition.kind, value)) {
            fail(line, no_value(value, given.column, condition.kind));
            return false;
        }
    }
    return true;
}

bool column_compiler::find_named(const std::string& name, bool, long line, text_part& part) {
    part.index = find_column(name, line);
    if (part.index < 0) {
        return false;
    }
    part.kind = kind_of(part.index);
    return true;
}

bool column_compiler::compile_format(const std::string& format, const std::string& what, long line,
                                     text_part& part) {
    if (!format.empty() && !parse_format(format, part.format)) {
        fail(line, "\"" + format + "\" of " + what +
                       R"( is no format; expected "8" for at least so many digits, ".2" for )"
                       R"(so many decimals, or a time's "%Y%m%d-%H:%M:%S.%3")");
        return false;
    }
    if (!can_have(part.kind, part.format)) {
        fail(line, what + ": a value of kind " + std::string(detail::to_string(part.kind)) +
                       (format.empty() ? " has no text" : " has no format \"" + format + "\""));
        return false;
    }
    return true;
}

bool column_compiler::compile_part(text_part::origin from, const std::string& name,
                                   const std::string& format, const std::string& what, long line,
                                   std::vector<text_part>& parts) {
    text_part part;
    part.from = from;
    part.kind = column_kind::timestamp;
    if (from == text_part::origin::named && !find_named(name, true, line, part)) {
        return false;
    }
    const bool is_made = compile_format(format, what, line, part);
    parts.push_back(std::move(part));
    return is_made;
}

std::optional<std::string> column_compiler::example_of(std::span<const text_part> parts) {
    const bool is_of_row = std::any_of(parts.begin(), parts.end(), [](const text_part& part) {
        return part.from == text_part::origin::named;
    });
    if (is_of_row) {
        return std::nullopt;
    }
    record_facts facts;
    facts.now.ns = 1'772'443'800'123'456'789;  // 2026-03-02 09:30:00.123456789
    facts.sequence = 1;
    text_room room;
    char* at = room.data();
    const map_status made = write_text(
        parts, facts, [](const text_part&, row_value&) { return map_status::bad_value; }, at,
        room.data() + room.size());
    return made == map_status::ok ? std::optional<std::string>(std::in_place, room.data(), at)
                                  : std::nullopt;
}

bool column_compiler::can_be_row_text(std::span<const text_part> parts, column_kind kind,
                                      const std::string& what, long line) {
    const std::optional<std::string> text = example_of(parts);
    row_value value;
    if (!text || read_row_text(kind, *text, value)) {
        return true;
    }
    fail(line, what + " of kind " + std::string(detail::to_string(kind)) +
                   " cannot have such a text: \"" + *text + "\"");
    return false;
}

bool column_compiler::compile_template(const std::string& text, const std::string& what, long line,
                                       std::vector<text_part>& parts) {
    std::vector<template_part> read;
    if (const std::string reason = parse_template(text, read); !reason.empty()) {
        fail(line, "the template of " + what + " " + reason);
        return false;
    }
    for (const template_part& one : read) {
        text_part part;
        part.before = one.before;
        if (one.name == "@time") {
            part.from = text_part::origin::time;
            part.kind = column_kind::timestamp;
        } else if (one.name == "@sequence") {
            part.from = text_part::origin::sequence;
            part.kind = column_kind::integer;
        } else if (one.name.starts_with('@')) {
            fail(line, "the template of " + what + " has {" + one.name +
                           "}; expected @time, @sequence or a name");
            return false;
        } else if (!one.name.empty()) {
            part.from = text_part::origin::named;
            if (!find_named(one.name, !one.format.empty(), line, part)) {
                return false;
            }
        }
        if (!one.name.empty() && !compile_format(one.format, what, line, part)) {
            return false;
        }
        parts.push_back(std::move(part));
    }
    if (parts.empty()) {
        fail(line, "the template of " + what + " is empty");
    }
    return !parts.empty();
}

bool column_compiler::compile_row_template(const std::string& text, const std::string& column,
                                           column_kind kind, long line,
                                           std::vector<text_part>& parts) {
    const std::string what = "column " + column;
    return compile_template(text, what, line, parts) && can_be_row_text(parts, kind, what, line);
}

bool column_compiler::compile_row_part(text_part::origin from, const std::string& name,
                                       const std::string& format, const std::string& column,
                                       column_kind kind, long line, std::vector<text_part>& parts) {
    const std::string what = "column " + column;
    return compile_part(from, name, format, what, line, parts) &&
           can_be_row_text(parts, kind, what, line);
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

bool map_compiler::can_be_field_text(std::span<const text_part> parts, const field_info& field,
                                     long line) {
    const std::optional<std::string> text = example_of(parts);
    if (!text || passes(dict_, dict_.field_rule(field.tag), *text)) {
        return true;
    }
    fail(line, "field " + std::string(field.name) + " of type " +
                   std::string(xlator::to_string(field.type)) + " cannot have such a text: \"" +
                   *text + "\"");
    return false;
}

}  // namespace millrace::xlator::detail
