#include "xlator/map/inbound_map.hpp"

#include <algorithm>

namespace millrace::xlator {

namespace {

// An absent field is "".
bool is_met(const detail::inbound_step& step, const field_scope& message) noexcept {
    const std::string_view value = message.text(step.when_tag);
    return std::any_of(step.when_values.begin(), step.when_values.end(),
                       [&](const std::string& one) { return one == value; }) !=
           step.is_when_negated;
}

}  // namespace

field_scope inbound_map::scope_of(const detail::inbound_step& step,
                                  const field_scope& message) noexcept {
    if (step.group_tag == 0) {
        return message;
    }
    const group_view group = message.group(step.group_tag);
    if (step.match_tag == 0) {
        return group.entry(step.entry);
    }
    for (const field_scope entry : group) {
        if (entry.text(step.match_tag) == step.match_value) {
            return entry;
        }
    }
    return {};
}

map_status inbound_map::read_parts(const detail::inbound_step& step, const field_scope& message,
                                   const record_facts& facts, detail::text_room& room,
                                   detail::row_value& value) noexcept {
    const auto read_field = [&](const detail::text_part& part, detail::row_value& read) {
        if (!message.has(part.index)) {
            return map_status::required_empty;
        }
        return detail::read_fix_text(part.type, part.kind, message.text(part.index), read)
                   ? map_status::ok
                   : map_status::bad_value;
    };
    return detail::read_made_text(step.parts, facts, read_field, step.kind, room, value);
}

map_status inbound_map::read(const detail::inbound_step& step, const field_scope& message,
                             const record_facts& facts, detail::text_room& room,
                             detail::row_value& value, bool& is_set) noexcept {
    if (step.when_tag != 0 && !is_met(step, message)) {
        return step.is_required ? map_status::required_empty : map_status::ok;
    }
    is_set = true;
    if (step.is_now && step.parts.empty()) {
        value.kind = column_kind::timestamp;
        value.number = facts.now.ns;
        return map_status::ok;
    }
    if (!step.parts.empty()) {
        const map_status made = read_parts(step, message, facts, room, value);
        return made == map_status::required_empty ? read_absent(step, message, value, is_set)
                                                  : made;
    }
    // Looked for once: an absent field's text has no place, a present one's has, however short.
    const std::string_view text =
        step.tag == 0 ? std::string_view() : scope_of(step, message).text(step.tag);
    if (text.data() == nullptr) {
        return read_absent(step, message, value, is_set);
    }
    return read_text(step, step.type, text, value);
}

// From the other field, else the default.
map_status inbound_map::read_absent(const detail::inbound_step& step, const field_scope& message,
                                    detail::row_value& value, bool& is_set) noexcept {
    if (step.fallback_tag != 0 && message.has(step.fallback_tag)) {
        return read_text(step, step.fallback_type, message.text(step.fallback_tag), value);
    }
    is_set = step.has_default;
    if (!step.has_default) {
        return step.is_required ? map_status::required_empty : map_status::ok;
    }
    return detail::read_row_text(step.kind, step.default_text, value) ? map_status::ok
                                                                      : map_status::bad_value;
}

map_status inbound_map::read_text(const detail::inbound_step& step, field_type type,
                                  std::string_view text, detail::row_value& value) noexcept {
    if (step.pairs.empty()) {
        return detail::read_fix_text(type, step.kind, text, value) ? map_status::ok
                                                                   : map_status::bad_value;
    }
    for (const value_pair& pair : step.pairs) {
        if (pair.fix == text) {
            return detail::read_row_text(step.kind, pair.row, value) ? map_status::ok
                                                                     : map_status::bad_value;
        }
    }
    return map_status::bad_value;
}

}  // namespace millrace::xlator
