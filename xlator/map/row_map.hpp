// A compiled map from the rows of one table to those of another.
//
//     auto compiled = compile_rows(spec, source_columns, target_columns);  // set-up
//     const map_result result = compiled.map->convert(source, {now, sequence}, target);  // per row
//
// Row is what outbound_map.hpp says it is, RowSink what inbound_map.hpp says. Columns of the target
// without a source, and those whose source is empty, are not touched.
//
// Threading  constant after compiling; any thread
// Progress   convert(): no allocation, no exception
// Errors     what depends on the row is a status with the target's column; all else was refused by
//            compile_rows(). A number is never rounded, nor a text cut
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xlator/map/map_result.hpp"
#include "xlator/map/map_spec.hpp"
#include "xlator/map/row_access.hpp"
#include "xlator/map/value_text.hpp"

namespace millrace::xlator {

namespace detail {

struct row_step {
    int column = 0;  // of the target
    column_kind kind = column_kind::text;
    bool is_required = false;
    int source = -1;  // column; none: a constant, the time, or a template
    column_kind source_kind = column_kind::text;
    int fallback = -1;  // column taken where that is empty
    column_kind fallback_kind = column_kind::text;
    bool is_now = false;
    bool has_default = false;
    std::string default_text;
    std::vector<text_pair> pairs;  // from and to a row's text
    std::vector<text_part> parts;
    std::uint32_t condition = 0;  // index, from 1
};

// As a value of another kind; false where it is none. What is made up lies in `room`.
[[nodiscard]] bool convert_value(row_value& value, column_kind kind, text_room& room) noexcept;
// Whether some values of the one kind are values of the other.
[[nodiscard]] bool is_convertible(column_kind from, column_kind to) noexcept;

}  // namespace detail

class row_map {
public:
    [[nodiscard]] std::string_view name() const noexcept { return name_; }

    template <class Row, class RowSink>
    map_result convert(const Row& row, const record_facts& facts, RowSink& target) const noexcept;

private:
    friend class row_compiler;

    template <class Row>
    map_status read(const detail::row_step& step, const Row& row, const record_facts& facts,
                    detail::text_room& room, detail::row_value& value, bool& is_set) const noexcept;
    template <class Row>
    static map_status read_column(const detail::row_step& step, int column, column_kind kind,
                                  const Row& row, detail::text_room& room,
                                  detail::row_value& value) noexcept;

    std::string name_;
    std::vector<detail::row_step> steps_;
    std::vector<detail::map_condition> conditions_;
};

[[nodiscard]] compile_result<row_map> compile_rows(const row_spec& spec,
                                                   std::span<const column> source,
                                                   std::span<const column> target);

template <class Row, class RowSink>
map_result row_map::convert(const Row& row, const record_facts& facts,
                            RowSink& target) const noexcept {
    detail::text_room room;
    for (const detail::row_step& step : steps_) {
        detail::row_value value;
        bool is_set = false;
        map_status status = read(step, row, facts, room, value, is_set);
        if (status == map_status::ok && is_set &&
            !detail::store(value, step.kind, static_cast<std::size_t>(step.column), target)) {
            status = map_status::bad_value;
        }
        if (status == map_status::ok && !is_set && step.is_required) {
            status = map_status::required_empty;
        }
        if (status != map_status::ok) [[unlikely]] {
            return {status, 0, step.column, 0, 0};
        }
    }
    return {};
}

template <class Row>
map_status row_map::read(const detail::row_step& step, const Row& row, const record_facts& facts,
                         detail::text_room& room, detail::row_value& value,
                         bool& is_set) const noexcept {
    if (step.condition != 0 && !detail::holds(conditions_[step.condition - 1], row)) {
        return map_status::ok;
    }
    is_set = true;
    if (step.is_now && step.parts.empty()) {
        value.kind = column_kind::timestamp;
        value.number = facts.now.ns;
        return map_status::ok;
    }
    if (!step.parts.empty()) {
        const map_status made = detail::read_made_text(step.parts, facts, detail::values_of(row),
                                                       step.kind, room, value);
        if (made != map_status::required_empty) {
            return made;
        }
    } else if (step.source >= 0 && !row.is_empty(static_cast<std::size_t>(step.source))) {
        return read_column(step, step.source, step.source_kind, row, room, value);
    }
    if (step.fallback >= 0 && !row.is_empty(static_cast<std::size_t>(step.fallback))) {
        return read_column(step, step.fallback, step.fallback_kind, row, room, value);
    }
    is_set = step.has_default;
    if (!step.has_default) {
        return map_status::ok;
    }
    return detail::read_row_text(step.kind, step.default_text, value) ? map_status::ok
                                                                      : map_status::bad_value;
}

template <class Row>
map_status row_map::read_column(const detail::row_step& step, int column, column_kind kind,
                                const Row& row, detail::text_room& room,
                                detail::row_value& value) noexcept {
    const auto index = static_cast<std::size_t>(column);
    if (step.pairs.empty()) {
        value = detail::value_of(kind, row, index);
        return detail::convert_value(value, step.kind, room) ? map_status::ok
                                                             : map_status::bad_value;
    }
    std::array<char, decimal_size_max> spelling;
    const std::string_view key = detail::spelling_of(kind, row, index, std::span(spelling));
    for (const detail::text_pair& pair : step.pairs) {
        if (pair.from == key) {
            return detail::read_row_text(step.kind, pair.to, value) ? map_status::ok
                                                                    : map_status::bad_value;
        }
    }
    return map_status::bad_value;
}

}  // namespace millrace::xlator
