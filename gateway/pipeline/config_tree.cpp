#include "gateway/pipeline/config_tree.hpp"

#include <toml++/toml.h>

#include <algorithm>

#include "engine/core/error.hpp"

namespace millrace::gateway::detail {

namespace {

// Configurations are written by people; a text beyond this is another file.
constexpr std::size_t config_size_max = 4 * 1024 * 1024;

config_node to_node(const toml::node& source);

long line_of(const toml::source_region& region) {
    return static_cast<long>(region.begin.line);
}

void add_members(const toml::table& table, config_node& node) {
    struct place {
        toml::source_position begin;
        config_node::member member;
    };
    std::vector<place> places;
    for (const auto& [key, value] : table) {
        config_node child = to_node(value);
        // A section begins at its header; anything else, an inline table too, where its key stands.
        const bool is_section = !value.is_value() && value.source().begin.line != 0 &&
                                value.source().begin.line < key.source().begin.line;
        if (!is_section && key.source().begin.line != 0) {
            child.line = line_of(key.source());
        }
        places.push_back({key.source().begin, {std::string(key.str()), std::move(child)}});
    }
    // The library keeps keys by name.
    std::stable_sort(places.begin(), places.end(),
                     [](const place& a, const place& b) { return a.begin < b.begin; });
    for (place& one : places) {
        node.members.push_back(std::move(one.member));
    }
}

config_node to_node(const toml::node& source) {
    config_node node;
    node.line = line_of(source.source());
    if (const auto* text = source.as_string()) {
        node.kind = node_kind::text;
        node.text = text->get();
    } else if (const auto* integer = source.as_integer()) {
        node.kind = node_kind::integer;
        node.integer = integer->get();
    } else if (const auto* boolean = source.as_boolean()) {
        node.kind = node_kind::boolean;
        node.boolean = boolean->get();
    } else if (const auto* table = source.as_table()) {
        node.kind = node_kind::table;
        add_members(*table, node);
    } else if (const auto* array = source.as_array()) {
        node.kind = node_kind::array;
        for (const toml::node& element : *array) {
            node.elements.push_back(to_node(element));
        }
    } else {
        node.kind = source.is_floating_point() ? node_kind::fraction : node_kind::time;
    }
    return node;
}

}  // namespace

std::string_view to_phrase(node_kind kind) noexcept {
    switch (kind) {
        case node_kind::text:
            return "a text in quotes";
        case node_kind::integer:
            return "an integer";
        case node_kind::boolean:
            return "true or false";
        case node_kind::fraction:
            return "a number with a fraction";
        case node_kind::time:
            return "a date or time without quotes";
        case node_kind::table:
            return "a table";
        case node_kind::array:
            return "a list";
    }
    return "?";
}

config_node parse_config_tree(const std::string& file, std::string_view text) {
    if (text.size() > config_size_max) {
        throw engine::config_error(file, 0, "larger than 4 MiB: this is no configuration");
    }
    try {
        return to_node(toml::parse(text, file));
    } catch (const toml::parse_error& failure) {
        throw engine::config_error(file, line_of(failure.source()),
                                   "not valid TOML: " + std::string(failure.description()));
    }
}

}  // namespace millrace::gateway::detail
