// A compiled map from the messages of one type to rows.
//
//     if (decoder.decode(frame).is_ok()) {
//         const map_result result = compiled.map->decode(decoder.message(),
//             decoder.msg_type(), {now, sequence}, row);
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

#include <array>
#include <span>
#include <string>
#include <vector>

#include "xlator/fix/dictionary.hpp"
#include "xlator/fix/message_view.hpp"
#include "xlator/map/map_result.hpp"
#include "xlator/map/map_spec.hpp"
#include "xlator/map/row_access.hpp"
#include "xlator/map/value_text.hpp"

namespace millrace::xlator {

namespace detail {

struct inbound_step {
    int column = 0;
    column_kind kind = column_kind::text;
    field_type type = field_type::string;
    int tag = 0;  // 0: a constant, the time, or a template
    int group_tag = 0;
    std::size_t entry = 0;
    int match_tag = 0;
    std::string match_value;
    bool is_required = false;
    bool has_default = false;
    std::string default_text;
    std::vector<value_pair> pairs;  // fix is the wire text
    int fallback_tag = 0;           // taken where the field is absent
    field_type fallback_type = field_type::string;
    bool is_now = false;
    int when_tag = 0;  // 0: always
    bool is_when_negated = false;
    std::vector<std::string> when_values;  // wire texts; "": absent
    std::vector<text_part> parts;          // not empty: a template, or a value with a format
};

}  // namespace detail

class inbound_map {
public:
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    [[nodiscard]] std::string_view msg_type() const noexcept { return msg_type_; }

    // The text of a template has room for 1024 bytes.
    template <class RowSink>
    map_result decode(const field_scope& message, std::string_view msg_type,
                      const record_facts& facts, RowSink& row) const noexcept;

private:
    friend class inbound_compiler;

    [[nodiscard]] static field_scope scope_of(const detail::inbound_step& step,
                                              const field_scope& message) noexcept;
    // ok, required_empty or bad_value; is_set tells whether value holds anything.
    [[nodiscard]] static map_status read(const detail::inbound_step& step,
                                         const field_scope& message, const record_facts& facts,
                                         detail::text_room& room, detail::row_value& value,
                                         bool& is_set) noexcept;
    [[nodiscard]] static map_status read_absent(const detail::inbound_step& step,
                                                const field_scope& message,
                                                detail::row_value& value, bool& is_set) noexcept;
    [[nodiscard]] static map_status read_text(const detail::inbound_step& step, field_type type,
                                              std::string_view text,
                                              detail::row_value& value) noexcept;
    [[nodiscard]] static map_status read_parts(const detail::inbound_step& step,
                                               const field_scope& message,
                                               const record_facts& facts, detail::text_room& room,
                                               detail::row_value& value) noexcept;

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
                               const record_facts& facts, RowSink& row) const noexcept {
    if (msg_type != msg_type_) {
        return {map_status::wrong_message, 35, -1, 0, 0};
    }
    detail::text_room room;
    for (const detail::inbound_step& step : steps_) {
        detail::row_value value;
        bool is_set = false;
        map_status status = read(step, message, facts, room, value, is_set);
        if (status == map_status::ok && is_set) {
            const auto column = static_cast<std::size_t>(step.column);
            status = detail::store(value, step.kind, column, row) ? map_status::ok
                                                                  : map_status::bad_value;
        }
        if (status != map_status::ok) [[unlikely]] {
            return {status, step.tag, step.column, 0, 0};
        }
    }
    return {};
}

}  // namespace millrace::xlator
