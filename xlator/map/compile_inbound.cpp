#include "xlator/map/compiler.hpp"
#include "xlator/map/inbound_map.hpp"

namespace millrace::xlator {

namespace {

// Whether a field of this type can become a value of this kind, for at least some of its texts.
bool is_readable(field_type type, column_kind kind) {
    switch (kind) {
        case column_kind::integer:
            return is_integer(type) || is_decimal(type);
        case column_kind::decimal:
            return is_integer(type) || is_decimal(type);
        case column_kind::character:
            return type == field_type::character || type == field_type::string ||
                   type == field_type::boolean || type == field_type::multiple_char_value;
        case column_kind::timestamp:
            return type == field_type::utc_timestamp || type == field_type::utc_date ||
                   type == field_type::local_mkt_date;
        case column_kind::boolean:
            return type == field_type::boolean;
        case column_kind::text:
        case column_kind::bytes:
            return true;
    }
    return false;
}

}  // namespace

class inbound_compiler final : detail::map_compiler {
public:
    inbound_compiler(const inbound_spec& spec, std::span<const column> columns,
                     const dictionary& dict)
        : map_compiler(spec.name, columns, dict), spec_(spec) {}

    compile_result<inbound_map> run() {
        compile_result<inbound_map> result;
        message_ = find_message(spec_.message, spec_.line);
        inbound_map map;
        std::vector<long> taken(columns_.size(), 0);
        for (const column_rule& rule : spec_.columns) {
            detail::inbound_step step;
            if (message_ != nullptr && compile(rule, step)) {
                long& line = taken[static_cast<std::size_t>(step.column)];
                if (line != 0) {
                    fail(rule.line, "column " + rule.column + " is already set in line " +
                                        std::to_string(line));
                }
                line = rule.line == 0 ? -1 : rule.line;
                map.steps_.push_back(std::move(step));
            }
        }
        if (errors_.empty()) {
            map.name_ = spec_.name;
            map.msg_type_ = message_->msg_type;
            result.map = std::move(map);
        }
        result.errors = std::move(errors_);
        return result;
    }

private:
    bool compile(const column_rule& rule, detail::inbound_step& step) {
        step.column = find_column(rule.column, rule.line);
        if (step.column < 0) {
            return false;
        }
        step.kind = kind_of(step.column);
        step.is_required = columns_[static_cast<std::size_t>(step.column)].is_required;
        const auto& fallback = rule.constant ? rule.constant : rule.default_text;
        if (fallback) {
            step.has_default = true;
            step.default_text = *fallback;
            if (!is_row_text(step.kind, *fallback, rule)) {
                return false;
            }
        }
        const int sources = (rule.constant ? 1 : 0) + (rule.is_now ? 1 : 0) +
                            (rule.composed.empty() ? 0 : 1) + (rule.field.empty() ? 0 : 1);
        if (sources != 1) {
            fail(rule.line, "column " + rule.column +
                                (sources == 0 ? " has neither a field nor a constant"
                                              : " has more than one source"));
            return false;
        }
        if (!compile_when(rule, step)) {
            return false;
        }
        if (rule.constant) {
            return true;
        }
        if (rule.is_now) {
            return compile_now(rule, step);
        }
        if (!rule.composed.empty()) {
            return compile_row_template(rule.composed, rule.column, step.kind, rule.line,
                                        step.parts) &&
                   compile_fallback(rule, step);
        }
        return compile_field(rule, step) && compile_fallback(rule, step);
    }

    bool compile_when(const column_rule& rule, detail::inbound_step& step) {
        if (!rule.when) {
            return true;
        }
        detail::text_part part;
        if (!find_named(rule.when->column, false, rule.line, part)) {
            return false;
        }
        step.when_tag = part.index;
        step.is_when_negated = rule.when->is_negated;
        for (const std::string& value : rule.when->values) {
            std::string wire;
            if (!value.empty() &&
                !resolve_value(*dict_.find_field(part.index), value, rule.line, wire)) {
                return false;
            }
            step.when_values.push_back(std::move(wire));
        }
        return true;
    }

    bool compile_now(const column_rule& rule, detail::inbound_step& step) {
        step.is_now = true;
        if (!rule.format.empty()) {
            return add_formatted(rule, detail::text_part::origin::time, step);
        }
        if (step.kind != column_kind::timestamp) {
            fail(rule.line, "column " + rule.column +
                                " is no timestamp and cannot take the time of translation");
        }
        return step.kind == column_kind::timestamp;
    }

    // A value that a template names: a field of header or body.
    bool find_named(const std::string& name, bool is_formatted, long line,
                    detail::text_part& part) override {
        column_rule rule;
        rule.field = name;
        rule.line = line;
        detail::inbound_step ignored;
        const member_info* member = find_source(rule, ignored);
        if (member == nullptr) {
            return false;
        }
        part.index = member->tag;
        part.type = dict_.find_field(member->tag)->type;
        part.kind = is_formatted ? detail::kind_of_formatted(part.type) : column_kind::text;
        return true;
    }

    bool compile_fallback(const column_rule& rule, detail::inbound_step& step) {
        if (rule.fallback.empty()) {
            return true;
        }
        detail::text_part found;
        if (!find_named(rule.fallback, false, rule.line, found)) {
            return false;
        }
        step.fallback_tag = found.index;
        step.fallback_type = found.type;
        return is_convertible(*dict_.find_field(found.index), rule, step);
    }

    bool is_row_text(column_kind kind, const std::string& text, const column_rule& rule) {
        detail::row_value value;
        if (detail::read_row_text(kind, text, value)) {
            return true;
        }
        fail(rule.line, "\"" + text + "\" is no value of column " + rule.column + " of kind " +
                            std::string(detail::to_string(kind)));
        return false;
    }

    const member_info* find_source(const column_rule& rule, detail::inbound_step& step) {
        const std::string where = "message " + std::string(message_->name);
        if (rule.group.empty()) {
            for (const member_info& member : dict_.info().header) {
                if (member.name == rule.field) {
                    return &member;
                }
            }
            return find_member(rule.field, message_->members, where, rule.line);
        }
        const member_info* counter = find_member(rule.group, message_->members, where, rule.line);
        if (counter == nullptr) {
            return nullptr;
        }
        if (counter->group == nullptr) {
            fail(rule.line, rule.group + " is not the counter of a group");
            return nullptr;
        }
        step.group_tag = counter->tag;
        step.entry = rule.entry;
        if (!rule.match_field.empty() && !compile_match(rule, *counter->group, step)) {
            return nullptr;
        }
        return find_member(rule.field, counter->group->members, "group " + rule.group, rule.line);
    }

    bool compile_match(const column_rule& rule, const group_info& group,
                       detail::inbound_step& step) {
        const member_info* member =
            find_member(rule.match_field, group.members, "group " + rule.group, rule.line);
        if (member == nullptr) {
            return false;
        }
        step.match_tag = member->tag;
        return resolve_value(*dict_.find_field(member->tag), rule.match_value, rule.line,
                             step.match_value);
    }

    bool compile_field(const column_rule& rule, detail::inbound_step& step) {
        const member_info* member = find_source(rule, step);
        if (member == nullptr) {
            return false;
        }
        const field_info& field = *dict_.find_field(member->tag);
        step.tag = field.tag;
        step.type = field.type;
        for (const value_pair& pair : rule.pairs) {
            value_pair resolved{pair.row, {}};
            if (!resolve_value(field, pair.fix, rule.line, resolved.fix) ||
                !is_row_text(step.kind, pair.row, rule)) {
                return false;
            }
            step.pairs.push_back(std::move(resolved));
        }
        if (!rule.format.empty()) {
            return compile_formatted(rule, step);
        }
        return is_convertible(field, rule, step);
    }

    bool compile_formatted(const column_rule& rule, detail::inbound_step& step) {
        if (!rule.group.empty() || !rule.pairs.empty()) {
            fail(rule.line, "column " + rule.column + " has a format, and " +
                                (rule.group.empty() ? "values" : "a group") + " beside it");
            return false;
        }
        return add_formatted(rule, detail::text_part::origin::named, step);
    }

    bool add_formatted(const column_rule& rule, detail::text_part::origin from,
                       detail::inbound_step& step) {
        return compile_row_part(from, rule.field, rule.format, rule.column, step.kind, rule.line,
                                step.parts);
    }

    bool is_convertible(const field_info& field, const column_rule& rule,
                        const detail::inbound_step& step) {
        if (!step.pairs.empty() || is_readable(field.type, step.kind)) {
            return true;
        }
        fail(rule.line, "field " + std::string(field.name) + " of type " +
                            std::string(xlator::to_string(field.type)) + " cannot become column " +
                            rule.column + " of kind " + std::string(detail::to_string(step.kind)));
        return false;
    }

    const inbound_spec& spec_;
    const message_info* message_ = nullptr;
};

compile_result<inbound_map> compile_inbound(const inbound_spec& spec,
                                            std::span<const column> columns,
                                            const dictionary& dict) {
    return inbound_compiler(spec, columns, dict).run();
}

}  // namespace millrace::xlator
