#include "engine/table/predicate.hpp"

#include "engine/table/predicate_parser.hpp"

#include <utility>

namespace millrace::engine {

namespace {

using detail::comparison;
using detail::test;
using detail::test_kind;
using detail::where_subject;

template <class Value>
bool compare_as(comparison op, const Value& left, const Value& right) noexcept {
    switch (op) {
        case comparison::equal:
            return left == right;
        case comparison::not_equal:
            return left != right;
        case comparison::less:
            return left < right;
        case comparison::less_equal:
            return left <= right;
        case comparison::greater:
            return left > right;
        case comparison::greater_equal:
            return left >= right;
    }
    return false;
}

// An empty value is different from every other, and in no order with it.
template <class Value>
bool compare_unless_empty(comparison op, bool is_empty, const Value& left,
                          const Value& right) noexcept {
    return is_empty ? op == comparison::not_equal : compare_as(op, left, right);
}

detail::int128 load_integer(const row_view& row, const test& test) noexcept {
    return test.type == column_type::u64 ? detail::int128{row.unsigned_integer(test.column)}
                                         : detail::int128{row.integer(test.column)};
}

std::string_view load_text(const row_view& row, const test& test) noexcept {
    switch (test.subject) {
        case where_subject::operation:
            return to_string(row.operation());
        case where_subject::event:
            return row.event();
        case where_subject::user:
            return row.user();
        default:
            break;
    }
    if (is_trailing(test.type)) {
        const std::span<const std::byte> bytes = row.trailing();
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    return row.text(test.column);
}

bool compare_character(const test& test, char value) noexcept {
    const detail::int128 code = static_cast<unsigned char>(value);
    if (code == 0 && test.integer == 0) {
        return test.op == comparison::equal;
    }
    return compare_unless_empty(test.op, code == 0, code, test.integer);
}

bool compare_text(const test& test, std::string_view value, std::string_view operand) noexcept {
    if (value.empty() && operand.empty()) {
        return test.op == comparison::equal;
    }
    return compare_unless_empty(test.op, value.empty(), value, operand);
}

// Writes the tests of a tree from the last to the first, so that each knows where to go on.
class emitter {
public:
    emitter(const detail::where_tree& tree, std::vector<test>& tests)
        : tree_(tree), tests_(tests) {}

    // Returns where to begin.
    std::uint32_t emit(std::size_t index, std::uint32_t if_true, std::uint32_t if_false) {
        const detail::where_node& node = tree_.nodes[index];
        if (node.is_negated) {
            std::swap(if_true, if_false);
        }
        if (node.kind == detail::where_kind::test) {
            tests_.push_back(node.test);
            tests_.back().if_true = if_true;
            tests_.back().if_false = if_false;
            return static_cast<std::uint32_t>(tests_.size() - 1);
        }
        const bool is_any = node.kind == detail::where_kind::any;
        std::uint32_t next = is_any ? if_false : if_true;
        for (auto child = node.children.rbegin(); child != node.children.rend(); ++child) {
            next = is_any ? emit(*child, if_true, next) : emit(*child, next, if_false);
        }
        return next;
    }

private:
    const detail::where_tree& tree_;
    std::vector<test>& tests_;
};

}  // namespace

predicate::predicate(std::string_view text, const row_schema& schema, const row_fields* fields)
    : text_(text), schema_hash_(schema.hash()), fields_(fields) {
    detail::where_tree tree = detail::parse_where(text, schema, fields_);
    tests_.reserve(tree.nodes.size());
    entry_ = emitter(tree, tests_).emit(tree.nodes.size() - 1, accept, reject);
    literals_ = std::move(tree.literals);
}

bool predicate::holds(const detail::test& test, const row_view& row,
                      const correlation& own) const noexcept {
    if (test.subject == where_subject::field) [[unlikely]] {
        return holds_in_field(test, row);
    }
    const std::string_view operand(literals_.data() + test.literal_offset, test.literal_size);
    switch (test.kind) {
        case test_kind::always:
            return true;
        case test_kind::never:
            return false;
        case test_kind::integer:
            return compare_as(test.op, load_integer(row, test), test.integer);
        case test_kind::decimal: {
            const decimal value = row.decimal_value(test.column);
            return compare_unless_empty(test.op, value.is_null(), value, test.number);
        }
        case test_kind::character:
            return compare_character(test, row.character(test.column));
        case test_kind::timestamp: {
            const detail::int128 ns = row.timestamp(test.column).ns;
            return compare_unless_empty(test.op, ns == 0, ns, test.integer);
        }
        case test_kind::boolean:
            return compare_as(test.op, detail::int128{row.boolean(test.column)}, test.integer);
        case test_kind::text:
            return compare_text(test, load_text(row, test), operand);
        case test_kind::starts_with:
            return load_text(row, test).starts_with(operand);
        case test_kind::ends_with:
            return load_text(row, test).ends_with(operand);
        case test_kind::contains:
            return load_text(row, test).find(operand) != std::string_view::npos;
        case test_kind::is_empty:
            return test.subject == where_subject::column ? row.is_empty(test.column)
                                                         : load_text(row, test).empty();
        case test_kind::correlation:
            return (test.chain == row.correlation_or(own)) == (test.op == comparison::equal);
    }
    return false;
}

// A field may be absent, which no integer and no boolean column can be.
bool predicate::holds_in_field(const detail::test& test, const row_view& row) const noexcept {
    const row_field_value value = fields_->read(row, test.column);
    const std::string_view operand(literals_.data() + test.literal_offset, test.literal_size);
    switch (test.kind) {
        case test_kind::always:
            return true;
        case test_kind::never:
        case test_kind::correlation:
            return false;
        case test_kind::is_empty:
            return value.is_empty;
        case test_kind::integer:
        case test_kind::timestamp:
        case test_kind::boolean:
            return compare_unless_empty(test.op, value.is_empty, detail::int128{value.integer},
                                        test.integer);
        case test_kind::character:
            return compare_character(test,
                                     value.is_empty ? '\0' : static_cast<char>(value.integer));
        case test_kind::decimal:
            return compare_unless_empty(test.op, value.is_empty, value.number, test.number);
        case test_kind::text:
            return compare_text(test, value.text, operand);
        case test_kind::starts_with:
            return value.text.starts_with(operand);
        case test_kind::ends_with:
            return value.text.ends_with(operand);
        case test_kind::contains:
            return value.text.find(operand) != std::string_view::npos;
    }
    return false;
}

}  // namespace millrace::engine
