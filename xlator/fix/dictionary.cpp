#include "xlator/fix/dictionary.hpp"

#include <algorithm>
#include <string>

#include "xlator/fix/check.hpp"
#include "xlator/fix/error.hpp"

namespace millrace::xlator {

namespace {

using detail::member_rule;
using detail::no_index;
using detail::section;
using detail::value_check;

// Tags QuickFIX takes for header or trailer whatever its dictionary says; one that stands in the
// body is out of order. Source: gateway rules, "structure" comes before "unknown tag".
constexpr int header_tags[] = {8,   9,   35,  49,  56,  115, 128,  90,   34, 50,
                               142, 57,  143, 116, 144, 129, 145,  43,   97, 52,
                               122, 212, 213, 347, 369, 370, 1128, 1129, 627};
constexpr int trailer_tags[] = {93, 89, 10};

value_check check_for(const field_info& field) {
    if (is_data(field.type)) {
        return value_check::data;
    }
    if (field.form == enum_form::tokens) {
        return value_check::tokens;
    }
    if (field.form != enum_form::none) {
        return value_check::set;
    }
    if (is_decimal(field.type)) {
        return value_check::decimal;
    }
    switch (field.type) {
        case field_type::integer:
            return value_check::integer;
        case field_type::num_in_group:
        case field_type::seq_num:
        case field_type::length:
            return value_check::count;
        case field_type::character:
            return value_check::character;
        case field_type::utc_timestamp:
            return value_check::timestamp;
        case field_type::boolean:
            return value_check::boolean;
        case field_type::string:
        case field_type::exchange:
        case field_type::language:
            return value_check::text;
        default:
            return value_check::format;
    }
}

}  // namespace

dictionary::dictionary(const dictionary_info& info) : info_(info) {
    add_fields();
    char_types_.assign(256, no_index);  // a file may say any byte
    scopes_.resize(info.messages.size() + 1);
    for (std::size_t i = 0; i < info.messages.size(); ++i) {
        add_message(info.messages[i], static_cast<std::uint16_t>(i));
    }
    add_scope({}, static_cast<std::uint16_t>(info.messages.size()));
    std::sort(long_types_.begin(), long_types_.end());
    if (scopes_.size() >= no_index) {
        throw error("dictionary " + std::string(info.name) +
                    " has more than 65534 messages and groups");
    }
}

void dictionary::add_fields() {
    int previous = 0;
    for (std::size_t i = 0; i < info_.fields.size(); ++i) {
        const field_info& field = info_.fields[i];
        if (field.tag <= previous) {
            throw error("dictionary " + std::string(info_.name) + ": field " +
                        std::string(field.name) + " is not in ascending order of tags");
        }
        previous = field.tag;
        member_rule rule;
        rule.tag = static_cast<std::uint32_t>(field.tag);
        rule.order = static_cast<std::uint16_t>(i);
        rule.type = field.type;
        rule.check = check_for(field);
        rule.length_tag = static_cast<std::uint32_t>(field.length_tag);
        if (!field.values.empty()) {
            rule.values = static_cast<std::uint16_t>(value_sets_.size());
            detail::value_set& set = value_sets_.emplace_back();
            for (const enum_value_info& value : field.values) {
                set.add(value.value);
            }
            set.finish();
        }
        fields_.add(rule);
    }
    fields_.finish();
}

void dictionary::add_scope(std::span<const member_info> body, std::uint16_t index) {
    add_members(info_.header, section::header, index);
    add_members(body, section::body, index);
    add_members(info_.trailer, section::trailer, index);
    add_undeclared_header_tags(index);
    detail::scope_rules& scope = scopes_[index];
    scope.table.finish();
    std::sort(scope.required_tags.begin(), scope.required_tags.end());
}

void dictionary::add_message(const message_info& message, std::uint16_t index) {
    add_scope(message.members, index);
    const auto text = message.msg_type;
    if (text.empty()) {
        throw error("message " + std::string(message.name) + " has no message type");
    }
    if (text.size() == 1) {
        char_types_[static_cast<unsigned char>(text[0])] = index;
    } else {
        long_types_.emplace_back(text, index);
    }
}

void dictionary::add_members(std::span<const member_info> members, section where,
                             std::uint16_t scope) {
    std::uint16_t order = 0;
    for (const member_info& member : members) {
        member_rule rule = rule_for(member, where);  // may add scopes: take references afterwards
        rule.order = order++;
        detail::scope_rules& rules = scopes_[scope];
        rules.table.add(rule);
        if (member.is_required) {
            ++rules.required_count;
            (where == section::body ? rules.required_tags : rules.required_frame_tags)
                .push_back(rule.tag);
        }
    }
}

void dictionary::add_undeclared_header_tags(std::uint16_t scope) {
    const auto add = [&](int tag, section where) {
        for (const member_rule& known : scopes_[scope].table.all()) {
            if (known.tag == static_cast<std::uint32_t>(tag)) {
                return;
            }
        }
        member_rule rule;
        rule.tag = static_cast<std::uint32_t>(tag);
        rule.where = where;
        rule.check = value_check::undeclared;
        rule.mark = mark_count_++;
        scopes_[scope].table.add(rule);
    };
    for (const int tag : header_tags) {
        add(tag, section::header);
    }
    for (const int tag : trailer_tags) {
        add(tag, section::trailer);
    }
}

member_rule dictionary::rule_for(const member_info& member, section where) {
    const member_rule* field = fields_.find(static_cast<std::uint32_t>(member.tag));
    if (field == nullptr) {
        throw error("dictionary " + std::string(info_.name) + ": member " +
                    std::string(member.name) + " is not among the fields");
    }
    member_rule rule = *field;
    rule.where = where;
    rule.is_required = member.is_required;
    rule.is_direct = member.is_direct;
    rule.mark = mark_count_++;
    if (member.group != nullptr) {
        rule.group = group_index(*member.group);
        rule.demands_members = member.is_declared_required;
        // NoSides(552) has a value set: one side or two.
        rule.check = rule.values == no_index ? value_check::count : value_check::set;
    }
    return rule;
}

// Groups of shared components are one object, so their rules are compiled once.
std::uint16_t dictionary::group_index(const group_info& group) {
    const auto known = groups_.find(&group);
    if (known != groups_.end()) {
        return known->second;
    }
    if (group.members.empty()) {
        throw error("group " + std::string(group.name) + " has no members");
    }
    const auto index = static_cast<std::uint16_t>(scopes_.size());
    scopes_.emplace_back();
    groups_.emplace(&group, index);
    add_members(group.members, section::body, index);
    detail::scope_rules& scope = scopes_[index];
    scope.delimiter = static_cast<std::uint32_t>(group.members.front().tag);
    scope.table.finish();
    std::sort(scope.required_tags.begin(), scope.required_tags.end());
    return index;
}

const field_info* dictionary::find_field(int tag) const noexcept {
    const member_rule* rule = fields_.find(static_cast<std::uint32_t>(tag));
    return rule == nullptr ? nullptr : &info_.fields[rule->order];
}

const field_info* dictionary::find_field(std::string_view name) const noexcept {
    for (const field_info& field : info_.fields) {
        if (field.name == name) {
            return &field;
        }
    }
    return nullptr;
}

std::uint16_t dictionary::find_type(std::string_view msg_type) const noexcept {
    if (msg_type.size() == 1) {
        return char_types_[static_cast<unsigned char>(msg_type[0])];
    }
    const auto found = std::lower_bound(
        long_types_.begin(), long_types_.end(), msg_type,
        [](const auto& known, std::string_view wanted) { return known.first < wanted; });
    return found != long_types_.end() && found->first == msg_type ? found->second : no_index;
}

const message_info* dictionary::find_message(std::string_view msg_type) const noexcept {
    const std::uint16_t index = find_type(msg_type);
    return index == no_index ? nullptr : &info_.messages[index];
}

const message_info* dictionary::find_message_named(std::string_view name) const noexcept {
    for (const message_info& message : info_.messages) {
        if (message.name == name) {
            return &message;
        }
    }
    return nullptr;
}

std::string_view dictionary::value_name(int tag, std::string_view value) const noexcept {
    if (const field_info* field = find_field(tag)) {
        for (const enum_value_info& known : field->values) {
            if (known.value == value) {
                return known.name;
            }
        }
    }
    return {};
}

bool dictionary::is_value_of(int tag, std::string_view text) const noexcept {
    const member_rule* rule = fields_.find(static_cast<std::uint32_t>(tag));
    if (rule == nullptr || rule->values == no_index) {
        return true;
    }
    return rule->check == value_check::tokens ? detail::passes_tokens(values(rule->values), text)
                                              : values(rule->values).contains(text);
}

const detail::scope_rules* dictionary::scope_of(std::string_view msg_type) const noexcept {
    const std::uint16_t index = find_type(msg_type);
    return index == no_index ? nullptr : &scopes_[index];
}

}  // namespace millrace::xlator
