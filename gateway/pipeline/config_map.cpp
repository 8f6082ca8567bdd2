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

// Exactly one of these says where the value comes from.
void read_source(const config_section& section, map_rule_config& rule, std::string_view name_key) {
    const int sources = (section.has(name_key) ? 1 : 0) + (section.has("value") ? 1 : 0) +
                        (section.has("now") ? 1 : 0);
    if (sources != 1) {
        section.fail("value", rule.target + " needs one source: '" + std::string(name_key) +
                                  "', 'value' or 'now'");
    }
    if (section.has("value")) {
        rule.source = map_source::constant;
        rule.name = plain_text(section.file(), section.require("value"), "'value'");
    } else if (section.has("now")) {
        rule.source = map_source::now;
        if (!section.boolean_or("now", true)) {
            section.fail("now", "'now' is true, or left out");
        }
    } else {
        rule.source = map_source::column;
        rule.name = section.text(name_key);
    }
    if (section.has("default")) {
        rule.default_text = plain_text(section.file(), section.require("default"), "'default'");
    }
    read_values(section, rule);
    if (rule.source != map_source::column) {
        for (const std::string_view key : {"default", "values"}) {
            if (section.has(key)) {
                section.fail(key, "'" + std::string(key) + "' needs a '" + std::string(name_key) +
                                      "': a constant and now are never empty");
            }
        }
    }
}

// when = {column = "ORD_TYPE", is = ["2", "4"]}, or is_not.
void read_when(const config_section& section, map_rule_config& rule) {
    const config_node* node = section.find("when");
    if (node == nullptr) {
        return;
    }
    check_is_table(section.file(), *node, "'when'");
    const config_section when(section.file(), *node, "when", {"column", "is", "is_not"});
    if (when.has("is") == when.has("is_not")) {
        when.fail("is",
                  "'when' needs either 'is' or 'is_not': {column = \"ORD_TYPE\", is = "
                  "[\"2\", \"4\"]}");
    }
    xlator::column_condition condition;
    condition.column = when.text("column");
    condition.is_negated = when.has("is_not");
    const std::string_view key = condition.is_negated ? "is_not" : "is";
    condition.values = when.texts(key);
    if (condition.values.empty()) {
        when.fail(key, "'" + std::string(key) + "' lists no value");
    }
    rule.when = std::move(condition);
}

// FIELD = "COLUMN" | {column | value | now, default_column, default, values, when, decimals}
map_rule_config read_field(const config_file& file, const node_member& member) {
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
    const config_section section(
        file, node, target,
        {"column", "value", "now", "default", "values", "default_column", "when", "decimals"});
    read_source(section, rule, "column");
    if (section.has("default_column")) {
        if (rule.source != map_source::column) {
            section.fail("default_column",
                         "'default_column' needs a 'column': a constant and now "
                         "are never empty");
        }
        rule.fallback = section.text("default_column");
    }
    if (section.has("decimals")) {
        rule.decimals = static_cast<int>(section.integer_or("decimals", 3, 0, 9));
    }
    read_when(section, rule);
    return rule;
}

// COLUMN = "FIELD" | {field | value | now, group, entry, default, values}
map_rule_config read_column(const config_file& file, const node_member& member) {
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
                                 {"field", "value", "now", "group", "entry", "default", "values"});
    read_source(section, rule, "field");
    if (!section.has("group") && section.has("entry")) {
        section.fail("entry", "'entry' numbers the entries of a group; there is no 'group'");
    }
    if (section.has("group")) {
        if (rule.source != map_source::column) {
            section.fail("group", "'group' needs a 'field': the member of its entry");
        }
        rule.source = map_source::group;
        rule.group = section.text("group");
        rule.entry = static_cast<std::size_t>(section.integer_or("entry", 0, 0, group_entry_max));
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

map_group_config read_group(const config_file& file, const config_node& node) {
    const config_section section(file, node, "[[map.group]]", {"counter", "entry"});
    map_group_config group;
    group.line = section.line();
    group.counter = section.text("counter");
    for (const config_node* entry : section.tables("entry", "[[map.group.entry]]")) {
        group.entries.emplace_back();
        read_rules(file, *entry, "[[map.group.entry]]", read_field, group.entries.back());
        if (group.entries.back().empty()) {
            file.fail(entry->line, "[[map.group.entry]] of " + group.counter + " has no field");
        }
    }
    if (group.entries.empty()) {
        section.fail("counter", "group " + group.counter + " has no [[map.group.entry]]");
    }
    return group;
}

}  // namespace

map_config read_map(const config_file& file, const config_node& node) {
    const config_section section(file, node, "[[map]]",
                                 {"name", "dictionary", "message", "fields", "columns", "group"});
    map_config map;
    map.line = section.line();
    map.name = section.name("name");
    map.dictionary = section.text_or("dictionary", map.dictionary);
    map.message = section.text("message");
    map.is_outbound = section.has("fields");
    if (section.has("fields") == section.has("columns")) {
        section.fail(section.has("fields") ? "columns" : "name",
                     "map '" + map.name + "' has " + (section.has("fields") ? "both" : "neither") +
                         " [map.fields] (row to message) " +
                         (section.has("fields") ? "and" : "nor") +
                         " [map.columns] (message to row); expected one of them");
    }
    if (section.has("fields")) {
        read_rules(file, section.require("fields"), "[map.fields]", read_field, map.rules);
    } else {
        read_rules(file, section.require("columns"), "[map.columns]", read_column, map.rules);
    }
    for (const config_node* group : section.tables("group", "[[map.group]]")) {
        if (!map.is_outbound) {
            section.fail("group",
                         "[[map.group]] is for [map.fields]; a column reads a group with "
                         "{group = \"NoPartyIDs\", entry = 0, field = \"PartyID\"}");
        }
        map.groups.push_back(read_group(file, *group));
    }
    if (map.rules.empty()) {
        section.fail(map.is_outbound ? "fields" : "columns", "map '" + map.name + "' maps nothing");
    }
    return map;
}

}  // namespace millrace::gateway::detail
