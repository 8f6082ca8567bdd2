// A compiled map from the messages of one type to rows.
//
//     if (decoder.decode(frame).is_ok()) {
//         const map_result result =
//             compiled.map->decode(decoder.message(), decoder.msg_type(), row);
//
// RowSink takes values by column index: set_integer(i, std::int64_t), set_decimal(i, decimal),
// set_character(i, char), set_text(i, std::string_view) (bytes too), set_timestamp(i, std::int64_t
// nanoseconds), set_boolean(i, bool); each returns false if the column cannot hold the value.
// Columns without a value are not touched.
//
// Threading  constant after compiling; any thread
// Progress   decode(): no allocation, no exception
// Errors     what depends on the message is a status with tag and column; all else was refused by
//            compile_inbound()
#pragma once

#include <span>
#include <string>
#include <vector>

#include "xlator/fix/dictionary.hpp"
#include "xlator/fix/message_view.hpp"
#include "xlator/map/map_result.hpp"
#include "xlator/map/map_spec.hpp"

namespace millrace::xlator {

namespace detail {

// A value in the form of its column, made at set-up or from a field's text.
struct row_value {
    column_kind kind = column_kind::text;
    std::int64_t number = 0;  // integer, timestamp, boolean, character
    xlator::decimal decimal;
    std::string_view text;
};

// false: the text of a FIX field of this type is no value of this kind.
[[nodiscard]] bool read_fix_text(field_type type, column_kind kind, std::string_view text,
                                 row_value& value) noexcept;
// The same for text written by the user: defaults, constants and the row side of pairs.
[[nodiscard]] bool read_row_text(column_kind kind, std::string_view text,
                                 row_value& value) noexcept;

struct inbound_step {
    int column = 0;
    column_kind kind = column_kind::text;
    field_type type = field_type::string;
    int tag = 0;  // 0: a constant
    int group_tag = 0;
    std::size_t entry = 0;
    int match_tag = 0;
    std::string match_value;
    bool is_required = false;
    bool has_default = false;
    std::string default_text;
    std::vector<value_pair> pairs;  // fix is the wire text
};

}  // namespace detail

class inbound_map {
public:
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    [[nodiscard]] std::string_view msg_type() const noexcept { return msg_type_; }

    template <class RowSink>
    map_result decode(const field_scope& message, std::string_view msg_type,
                      RowSink& row) const noexcept;

private:
    friend class inbound_compiler;

    [[nodiscard]] static field_scope scope_of(const detail::inbound_step& step,
                                              const field_scope& message) noexcept;
    // ok, required_empty or bad_value; is_set tells whether value holds anything.
    [[nodiscard]] static map_status read(const detail::inbound_step& step,
                                         const field_scope& message, detail::row_value& value,
                                         bool& is_set) noexcept;

    std::string name_;
    std::string msg_type_;
    std::vector<detail::inbound_step> steps_;
};

// REQUIRES dict outlives the map.
[[nodiscard]] compile_result<inbound_map> compile_inbound(const inbound_spec& spec,
                                                          std::span<const column> columns,
                                                          const dictionary& dict);

template <class RowSink>
map_result inbound_map::decode(const field_scope& message, std::string_view msg_type,
                               RowSink& row) const noexcept {
    if (msg_type != msg_type_) {
        return {map_status::wrong_message, 35, -1, 0, 0};
    }
    for (const detail::inbound_step& step : steps_) {
        detail::row_value value;
        bool is_set = false;
        map_status status = read(step, message, value, is_set);
        if (status == map_status::ok && is_set) {
            const auto column = static_cast<std::size_t>(step.column);
            bool is_stored = false;
            switch (step.kind) {
                case column_kind::integer:
                    is_stored = row.set_integer(column, value.number);
                    break;
                case column_kind::decimal:
                    is_stored = row.set_decimal(column, value.decimal);
                    break;
                case column_kind::character:
                    is_stored = row.set_character(column, static_cast<char>(value.number));
                    break;
                case column_kind::text:
                case column_kind::bytes:
                    is_stored = row.set_text(column, value.text);
                    break;
                case column_kind::timestamp:
                    is_stored = row.set_timestamp(column, value.number);
                    break;
                case column_kind::boolean:
                    is_stored = row.set_boolean(column, value.number != 0);
                    break;
            }
            status = is_stored ? map_status::ok : map_status::bad_value;
        }
        if (status != map_status::ok) [[unlikely]] {
            return {status, step.tag, step.column, 0, 0};
        }
    }
    return {};
}

}  // namespace millrace::xlator
