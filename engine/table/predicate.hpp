// `where`: a condition on the columns of a row and on the envelope it came in, compiled once and
// evaluated per record.
//
//   condition   := conjunction { or conjunction }
//   conjunction := factor { and factor }
//   factor      := not factor | ( condition ) | COLUMN test | MARK test | FIELD test
//   MARK        := record.operation | record.event | record.user | record.correlation
//   test        := ( = | != | <> | < | <= | > | >= ) literal | [not] in ( literal { , literal } )
//                | [not] like 'text' | is [not] empty
//   literal     := number | 'text' ('' is a quote) | true | false
//
// Keywords and column names have no case; a column named like a keyword stands in double quotes.
// `like` takes a % at the start, at the end, or at both. Timestamps are compared with
// '2026-03-01T09:30:00.5Z' or nanoseconds. An empty value equals nothing but '' (texts and
// characters) and is neither less nor greater than anything; so "a != 1" is exactly "not a = 1",
// and an empty price passes "PRICE != 5". An operation is 'insert', 'modify' or 'delete'; it and a
// correlation ('41e2eac2b4c84339:1') take = != and in. A row that begins a chain has its own log
// and sequence for a correlation. What is no column may be a field within the row's bytes, where
// somebody lent the names (row_fields.hpp); one that is absent is empty, whatever its type.
//
// Threading  immutable after construction; any thread may evaluate it
// Progress   evaluate() allocates nothing and takes at most one step per comparison
// Errors     the constructor throws config_error: where, character N: reason
// Source     a threaded decision diagram: each comparison knows where to go if it holds and if not
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/table/row.hpp"
#include "engine/table/row_fields.hpp"

namespace millrace::engine {

namespace detail {

__extension__ typedef __int128
    int128;  // every integer column and every bound fits, so nothing overflows

enum class comparison : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };

enum class test_kind : std::uint8_t {
    always,
    never,
    integer,
    decimal,
    character,
    timestamp,
    boolean,
    text,
    starts_with,
    ends_with,
    contains,
    is_empty,
    correlation,
};

// What a comparison looks at: a column, a mark of the envelope, or a field within the bytes.
enum class where_subject : std::uint8_t { column, operation, event, user, correlation, field };

// One comparison and the two places to go on from it.
struct test {
    test_kind kind = test_kind::never;
    comparison op = comparison::equal;
    column_type type = column_type::i64;
    where_subject subject = where_subject::column;
    std::uint32_t column = 0;  // or a field's id
    std::uint32_t if_true = 0;
    std::uint32_t if_false = 0;
    std::uint32_t literal_offset = 0;  // of a text, in the predicate's literals
    std::uint32_t literal_size = 0;
    int128 integer = 0;  // integer, timestamp, boolean, character
    engine::correlation chain;
    engine::decimal number;
};

}  // namespace detail

class predicate {
public:
    static constexpr std::size_t text_size_max = 16 * 1024;
    static constexpr std::size_t depth_max = 64;  // of parentheses and nots

    // Holds for every row.
    predicate() = default;
    // `fields`: what there is within the row's bytes; null: columns and marks alone. They must
    // outlive this.
    predicate(std::string_view text, const row_schema& schema, const row_fields* fields = nullptr);
    // The same for an optional condition: an empty text holds for every row.
    [[nodiscard]] static predicate of(std::string_view text, const row_schema& schema,
                                      const row_fields* fields = nullptr) {
        return text.empty() ? predicate() : predicate(text, schema, fields);
    }

    // `own`: the row's own log and sequence, which it is known by if it begins a chain.
    // REQUIRES: the row has the schema the predicate was compiled for.
    [[nodiscard]] bool evaluate(const row_view& row, const correlation& own) const noexcept {
        if (tests_.empty()) {
            return true;
        }
        MILLRACE_DCHECK(row.schema().hash() == schema_hash_, "compiled for another schema");
        std::uint32_t at = entry_;
        while (at < tests_.size()) {
            at = holds(tests_[at], row, own) ? tests_[at].if_true : tests_[at].if_false;
        }
        return at == accept;
    }

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool is_always_true() const noexcept { return tests_.empty(); }

private:
    static constexpr std::uint32_t accept = 0xffffffff;
    static constexpr std::uint32_t reject = 0xfffffffe;

    [[nodiscard]] bool holds(const detail::test& test, const row_view& row,
                             const correlation& own) const noexcept;
    [[nodiscard]] bool holds_in_field(const detail::test& test, const row_view& row) const noexcept;

    std::string text_;
    std::string literals_;
    std::vector<detail::test> tests_;
    std::uint32_t entry_ = 0;
    std::uint64_t schema_hash_ = 0;
    const row_fields* fields_ = nullptr;
};

}  // namespace millrace::engine
