#include "engine/table/predicate_mark.hpp"

#include <algorithm>
#include <array>

#include "engine/core/assert.hpp"
#include "engine/table/nearest.hpp"

namespace millrace::engine::detail {

namespace {

constexpr std::array<std::string_view, 4> mark_names = {"record.operation", "record.event",
                                                        "record.user", "record.correlation"};
constexpr std::array<std::string_view, 3> operation_names = {
    to_string(operation::insert), to_string(operation::modify), to_string(operation::remove)};

schema_column text_column(std::string_view name) {
    schema_column column;
    column.name = std::string(name);
    column.type = column_type::text;
    column.text_capacity = sizeof(short_name);
    return column;
}

}  // namespace

where_subject mark_of(std::string_view name, std::string& reason) {
    for (std::size_t i = 0; i < mark_names.size(); ++i) {
        if (equal_ignoring_case(name, mark_names[i])) {
            return static_cast<where_subject>(i + 1);
        }
    }
    reason = "there is no '" + std::string(name.substr(0, 40)) + "'" +
             did_you_mean(name, mark_names) +
             ", beside columns there are record.operation, record.event, record.user and "
             "record.correlation";
    return where_subject::column;
}

const schema_column& mark_column(where_subject subject) {
    static const std::array<schema_column, 4> columns = {
        text_column(mark_names[0]), text_column(mark_names[1]), text_column(mark_names[2]),
        text_column(mark_names[3])};
    MILLRACE_ASSERT(subject != where_subject::column, "a column is in the schema");
    return columns[static_cast<std::size_t>(subject) - 1];
}

std::string make_mark_comparison(where_subject subject, comparison op, const literal& operand,
                                 std::string& literals, test& out) {
    const std::string& name = mark_column(subject).name;
    if (op != comparison::equal && op != comparison::not_equal) {
        return name + " has no order, use = != or in";
    }
    if (subject == where_subject::correlation) {
        out.kind = test_kind::correlation;
        out.op = op;
        return operand.kind == literal_kind::text && parse(operand.value, out.chain)
                   ? ""
                   : "'" + std::string(operand.spelling.substr(0, 60)) +
                         "' is no correlation: expected the first 16 digits of a log's uuid, or "
                         "all of it, and a sequence, as in '41e2eac2b4c84339:1'";
    }
    if (operand.kind != literal_kind::text ||
        std::find(operation_names.begin(), operation_names.end(), operand.value) ==
            operation_names.end()) {
        return "'" + std::string(operand.spelling.substr(0, 40)) + "' is no operation" +
               did_you_mean(operand.spelling, operation_names) +
               ", expected 'insert', 'modify' or 'delete'";
    }
    return make_comparison(mark_column(subject), op, operand, literals, out);
}

}  // namespace millrace::engine::detail
