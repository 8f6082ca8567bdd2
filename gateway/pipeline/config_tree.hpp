// A TOML text as a small tree that keeps the order and the line of everything.
//
// Threading  set-up only
// Errors     parse_config_tree() throws engine::config_error "file:line: reason"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::gateway::detail {

enum class node_kind : std::uint8_t { text, integer, boolean, fraction, time, table, array };

// "a text", "an integer" ...: what a user calls it.
[[nodiscard]] std::string_view to_phrase(node_kind kind) noexcept;

struct config_node {
    struct member;

    node_kind kind = node_kind::table;
    long line = 0;
    std::string text;
    std::int64_t integer = 0;
    bool boolean = false;
    std::vector<member> members;        // of a table, in the order of the file
    std::vector<config_node> elements;  // of an array
};

struct config_node::member {
    std::string name;
    config_node node;
};

// `file` names the text in messages.
[[nodiscard]] config_node parse_config_tree(const std::string& file, std::string_view text);

}  // namespace millrace::gateway::detail
