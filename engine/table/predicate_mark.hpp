// What a condition may ask of a row beside its columns: record.operation, .event, .user and
// .correlation.
#pragma once

#include <string>
#include <string_view>

#include "engine/table/predicate.hpp"
#include "engine/table/predicate_literal.hpp"

namespace millrace::engine::detail {

// No column has a dot in its name, so whatever has one is meant to be a mark.
[[nodiscard]] inline bool is_mark(std::string_view word) noexcept {
    return word.find('.') != std::string_view::npos;
}

// The mark of that name, whatever its case; or a reason, and no mark.
[[nodiscard]] where_subject mark_of(std::string_view name, std::string& reason);

// Event and user are texts like any other; the other marks have comparisons of their own.
[[nodiscard]] constexpr bool is_name(where_subject subject) noexcept {
    return subject == where_subject::event || subject == where_subject::user;
}

// The mark as the text column it is compared as. REQUIRES: not where_subject::column.
[[nodiscard]] const schema_column& mark_column(where_subject subject);

// As make_comparison(), for an operation or a correlation.
[[nodiscard]] std::string make_mark_comparison(where_subject subject, comparison op,
                                               const literal& operand, std::string& literals,
                                               test& out);

}  // namespace millrace::engine::detail
