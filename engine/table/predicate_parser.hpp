// The parser behind predicate: text to a tree of type-checked comparisons.
//
// Errors  parse() throws config_error: where, character N: reason
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/table/predicate.hpp"
#include "engine/table/schema.hpp"

namespace millrace::engine::detail {

enum class where_kind : std::uint8_t { test, all, any };

struct where_node {
    where_kind kind = where_kind::test;
    bool is_negated = false;
    detail::test test;
    std::vector<std::uint32_t> children;  // of all and any; they stand before this node
};

struct where_tree {
    std::vector<where_node> nodes;  // the root is the last
    std::string literals;           // the bytes of all text literals
};

// `fields` may be null.
[[nodiscard]] where_tree parse_where(std::string_view text, const row_schema& schema,
                                     const row_fields* fields);

}  // namespace millrace::engine::detail
