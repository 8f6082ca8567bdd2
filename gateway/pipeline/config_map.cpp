#include "gateway/pipeline/config_parts.hpp"

namespace millrace::gateway::detail {

namespace {

using node_member = config_node::member;

constexpr std::int64_t group_entry_max = 999;

// Texts stay as they are; integers and booleans are what FIX or a row would call them.
std::string plain_text(const config_file& file, const config_node& node, std::string_view what) {
    switch (node.kind) {
        case node_kind::text:
            return node.text;
        case node_kind::integer:
            return std::to_string(node.integer);
        default:
            file.fail(node.line, std::string(what) +
                                     " must be a text in quotes or an integer, not " +
                                     std::string(to_phrase(node.kind)));
    }
}

void read_values(const config_section& section, map_rule_config& rule) {
    const config_node* values = section.find("values");
    if (values == nullptr) {
        return;
    }
    check_is_table(section.file(), *values, "'values'");
    if (values->members.empty()) {
        section.fail("values", "'values' is empty; expected pairs: {B = \"1\", S = \"2\"}");
    }
    for (const auto& [from, to] : values->members) {
        rule.values.emplace_back(from, plain_text(section.file(), to, "a value"));
    }
}

void refuse_what_does_not_go_together(const config_section& section, const map_rule_config& rule,
                                      std::string_view name_key) {
    const std::string fallback_key = "default_" + std::string(name_key);
    const bool is_never_empty =
        rule.source == map_source::constant || rule.source == map_source::now;
    for (const std::string_view key : {std::string_view("default"), std::string_view("values"),
                                       std::string_view(fallback_key)}) {
        if (is_never_empty && section.has(key)) {
            section.fail(key, "'" + std::string(key) + "' needs a '" + std::string(name_key) +
                                  "': a constant and now are never empty");
        }
    }
    if (rule.source == map_source::composed && section.has("values")) {
        section.fail("values", "'values' translates what a '" + std::string(name_key) +
                                   "' has, not what a 'template' makes");
    }
    if (section.has("format") &&
        (rule.source == map_source::constant || rule.source == map_source::composed)) {
        section.fail("format", "'format' is of a '" + std::string(name_key) +
                                   "' or of 'now'; in a 'template' it stands behind the name: "
                                   "{NAME:FORMAT}");
    }
}

// Exactly one of these says where the value comes from.
void read_source(const config_section& section, map_rule_config& rule, std::string_view name_key) {
    int sources = 0;
    for (const std::string_view key : {name_key, std::string_view("value"), std::string_view("now"),
                                       std::string_view("template")}) {
        sources += section.has(key) ? 1 : 0;
    }
    if (sources != 1) {
        section.fail("value", rule.target + " needs one source: '" + std::string(name_key) +
                                  "', 'value', 'now' or 'template'");
    }
    if (section.has("value")) {
        rule.source = map_source::constant;
        rule.name = plain_text(section.file(), section.require("value"), "'value'");
    } else if (section.has("now")) {
        rule.source = map_source::now;
        if (!section.boolean_or("now", true)) {
            section.fail("now", "'now' is true, or left out");
        }
    } else if (section.has("template")) {
        rule.source = map_source::composed;
        rule.name = section.text("template");
    } else {
        rule.source = map_source::column;
        rule.name = section.text(name_key);
    }
    if (section.has("default")) {
        rule.default_text = plain_text(section.file(), section.require("default"), "'default'");
    }
    rule.fallback = section.text_or("default_" + std::string(name_key), "");
    rule.format = section.text_or("format", "");
    read_values(section, rule);
    refuse_what_does_not_go_together(section, rule, name_key);
}

// when = {column = "ORD_TYPE", is = ["2", "4"]}, or is_not; of a message, {field = ...}.
void read_when(const config_section& section, map_rule_config& rule, std::string_view name_key) {
    const config_node* node = section.find("when");
    if (node == nullptr) {
        return;
    }
    check_is_table(section.file(), *node, "'when'");
    const config_section when(section.file(), *node, "when", {name_key, "is", "is_not"});
    if (when.has("is") == when.has("is_not")) {
        when.fail("is", "'when' needs either 'is' or 'is_not': {" + std::string(name_key) +
                            " = \"" + (name_key == "field" ? "OrdType" : "ORD_TYPE") +
                            "\", is = [\"2\", \"4\"]}");
    }
    xlator::column_condition condition;
    condition.column = when.text(name_key);
    condition.is_negated = when.has("is_not");
    const std::string_view key = condition.is_negated ? "is_not" : "is";
    const config_node& values = when.require(key);
    for (const config_node& value : values.elements) {
        condition.values.push_back(plain_text(section.file(), value, "a value"));
    }
    if (condition.values.empty()) {
        when.fail(key, "'" + std::string(key) +
                           (values.kind == node_kind::array ? "' lists no value"
                                                            : "' must be a list of values"));
    }
    rule.when = std::move(condition);
}

// FIELD = "COLUMN" | {column | value | now | template, default_column, default, values, when,
// decimals, format}; row to row, COLUMN = the same without decimals
map_rule_config read_from_row(const config_file& file, const node_member& member,
                              bool is_for_message) {
    const auto& [target, node] = member;
    map_rule_config rule;
    rule.target = target;
    rule.line = node.line;
    if (node.kind == node_kind::text) {
        if (node.text.empty()) {
            file.fail(node.line, target + " needs the name of a column");
        }
        rule.name = node.text;
        return rule;
    }
    const config_section section =
        is_for_message ? config_section(file, node, target,
                                        {"column", "value", "now", "template", "default",
                                         "default_column", "values", "when", "decimals", "format"})
                       : config_section(file, node, target,
                                        {"column", "value", "now", "template", "default",
                                         "default_column", "values", "when", "format"});
    read_source(section, rule, "column");
    if (is_for_message && section.has("decimals")) {
        rule.decimals = static_cast<int>(section.integer_or("decimals", 3, 0, 9));
    }
    read_when(section, rule, "column");
    return rule;
}

map_rule_config read_field(const config_file& file, const node_member& member) {
    return read_from_row(file, member, true);
}
map_rule_config read_column(const config_file& file, const node_member& member) {
    return read_from_row(file, member, false);
}

// match = {PartyRole = "1"}
void read_match(const config_section& section, map_rule_config& rule) {
    const config_node* match = section.find("match");
    if (match == nullptr) {
        return;
    }
    check_is_table(section.file(), *match, "'match'");
    if (match->members.size() != 1 || section.has("entry")) {
        section.fail("match",
                     "'match' names one field of the entry and its value, in the place of "
                     "'entry': {PartyRole = \"1\"}");
    }
    const auto& [field, value] = match->members.front();
    rule.match = {field, plain_text(section.file(), value, "a value")};
}

// COLUMN = "FIELD" | {field | value | now | template, group, entry, match, default_field, default,
// values, when, format}
map_rule_config read_message_column(const config_file& file, const node_member& member) {
    const auto& [target, node] = member;
    map_rule_config rule;
    rule.target = target;
    rule.line = node.line;
    if (node.kind == node_kind::text) {
        if (node.text.empty()) {
            file.fail(node.line, target + " needs the name of a field");
        }
        rule.name = node.text;
        return rule;
    }
    const config_section section(file, node, target,
                                 {"field", "value", "now", "template", "group", "entry", "match",
                                  "default", "default_field", "values", "when", "format"});
    read_source(section, rule, "field");
    read_when(section, rule, "field");
    for (const std::string_view key : {"entry", "match"}) {
        if (section.has(key) && !section.has("group")) {
            section.fail(
                key, "'" + std::string(key) + "' picks an entry of a group; there is no 'group'");
        }
    }
    if (section.has("group")) {
        if (rule.source != map_source::column) {
            section.fail("group", "'group' needs a 'field': the member of its entry");
        }
        rule.source = map_source::group;
        rule.group = section.text("group");
        rule.entry = static_cast<std::size_t>(section.integer_or("entry", 0, 0, group_entry_max));
        read_match(section, rule);
    }
    return rule;
}

template <class Read>
void read_rules(const config_file& file, const config_node& node, const std::string& title,
                Read read, std::vector<map_rule_config>& rules) {
    check_is_table(file, node, title);
    file.each(node.members,
              [&](const node_member& member) { rules.push_back(read(file, member)); });
}

map_group_config read_group(const config_file& file, const config_node& node);

// Lines as in [map.fields], and [[map.group.entry.group]] for a group within the entry.
map_entry_config read_entry(const config_file& file, const config_node& node,
                            const std::string& counter) {
    map_entry_config entry;
    entry.line = node.line;
    file.each(node.members, [&](const node_member& member) {
        if (member.name != "group" || member.node.kind != node_kind::array) {
            entry.rules.push_back(read_field(file, member));
            return;
        }
        for (const config_node& group : member.node.elements) {
            entry.groups.push_back(read_group(file, group));
        }
    });
    if (entry.rules.empty() && entry.groups.empty()) {
        file.fail(node.line, "[[map.group.entry]] of " + counter + " has no field");
    }
    return entry;
}

map_group_config read_group(const config_file& file, const config_node& node) {
    const config_section section(file, node, "[[map.group]]", {"counter", "entry"});
    map_group_config group;
    group.line = section.line();
    group.counter = section.text("counter");
    for (const config_node* entry : section.tables("entry", "[[map.group.entry]]")) {
        group.entries.push_back(read_entry(file, *entry, group.counter));
    }
    if (group.entries.empty()) {
        section.fail("counter", "group " + group.counter + " has no [[map.group.entry]]");
    }
    return group;
}

}  // namespace

namespace {

// Which of them a map has decides what it is.
map_kind kind_of(const config_section& section, const std::string& name) {
    int forms = 0;
    for (const std::string_view key : {"fields", "columns", "pass_through"}) {
        forms += section.has(key) ? 1 : 0;
    }
    if (forms != 1) {
        section.fail(forms == 0                    ? "name"
                     : section.has("pass_through") ? "pass_through"
                                                   : "columns",
                     "map '" + name + "' has " + (forms == 0 ? "none" : "more than one") +
                         " of [map.fields] (row to message), [map.columns] (message or "
                         "row to row) and 'pass_through'; expected one of them");
    }
    if (section.has("fields")) {
        return map_kind::to_message;
    }
    if (section.has("pass_through")) {
        return map_kind::pass_through;
    }
    return section.has("message") ? map_kind::from_message : map_kind::between_rows;
}

void check_keys(const config_section& section, const map_config& map) {
    if (map.kind == map_kind::pass_through && section.has("message")) {
        section.fail("message",
                     "map '" + map.name + "' passes messages of every type; there is no 'message'");
    }
    if (map.kind == map_kind::between_rows && section.has("dictionary")) {
        section.fail("dictionary", "map '" + map.name +
                                       "' leads from rows to rows, and 'dictionary' is about "
                                       "messages; for those it needs a 'message'");
    }
    if (map.kind != map_kind::to_message && section.has("group")) {
        section.fail("group",
                     "[[map.group]] is for [map.fields]; a column reads a group with "
                     "{group = \"NoPartyIDs\", entry = 0, field = \"PartyID\"}");
    }
}

}  // namespace

map_config read_map(const config_file& file, const config_node& node) {
    const config_section section(
        file, node, "[[map]]",
        {"name", "dictionary", "message", "fields", "columns", "group", "pass_through"});
    map_config map;
    map.line = section.line();
    map.name = section.name("name");
    map.kind = kind_of(section, map.name);
    check_keys(section, map);
    map.dictionary = section.text_or("dictionary", "");
    switch (map.kind) {
        case map_kind::to_message:
            map.message = section.text("message");
            read_rules(file, section.require("fields"), "[map.fields]", read_field, map.rules);
            break;
        case map_kind::from_message:
            map.message = section.text("message");
            read_rules(file, section.require("columns"), "[map.columns]", read_message_column,
                       map.rules);
            break;
        case map_kind::between_rows:
            read_rules(file, section.require("columns"), "[map.columns]", read_column, map.rules);
            break;
        case map_kind::pass_through:
            map.pass_through = section.text("pass_through");
            return map;
    }
    for (const config_node* group : section.tables("group", "[[map.group]]")) {
        map.groups.push_back(read_group(file, *group));
    }
    if (map.rules.empty()) {
        section.fail(map.kind == map_kind::to_message ? "fields" : "columns",
                     "map '" + map.name + "' maps nothing");
    }
    return map;
}

}  // namespace millrace::gateway::detail
