#include "xlator/map/row_map.hpp"

#include "xlator/map/compiler.hpp"

namespace millrace::xlator {

namespace detail {

bool is_convertible(column_kind from, column_kind to) noexcept {
    const auto is_text = [](column_kind kind) {
        return kind == column_kind::text || kind == column_kind::bytes;
    };
    const auto is_number = [](column_kind kind) {
        return kind == column_kind::integer || kind == column_kind::decimal;
    };
    return from == to || (is_number(from) && is_number(to)) || is_text(from) ||
           (is_text(to) && from != column_kind::timestamp);
}

bool convert_value(row_value& value, column_kind kind, text_room& room) noexcept {
    if (value.kind == kind) {
        return true;
    }
    if (value.kind == column_kind::integer && kind == column_kind::decimal) {
        value.decimal = {value.number, 0};
        return true;
    }
    if (value.kind == column_kind::decimal && kind == column_kind::integer) {
        return rescale(value.decimal, 0, value.number);
    }
    if (value.kind == column_kind::text || value.kind == column_kind::bytes) {
        return read_row_text(kind, value.text, value);
    }
    char* at = room.data();
    if (write_value(value, {}, at, room.data() + room.size()) != map_status::ok) {
        return false;
    }
    value.text = {room.data(), static_cast<std::size_t>(at - room.data())};
    return true;
}

}  // namespace detail

class row_compiler final : detail::column_compiler {
public:
    row_compiler(const row_spec& spec, std::span<const column> source,
                 std::span<const column> target)
        : column_compiler(spec.name, source), spec_(spec), target_(target) {}

    compile_result<row_map> run() {
        compile_result<row_map> result;
        std::vector<long> taken(target_.size(), 0);
        for (const field_rule& rule : spec_.columns) {
            detail::row_step step;
            step.column = find_column(target_, rule.field, rule.line);
            if (step.column < 0) {
                continue;
            }
            long& line = taken[static_cast<std::size_t>(step.column)];
            if (line != 0) {
                fail(rule.line,
                     "column " + rule.field + " is already set in line " + std::to_string(line));
            }
            line = rule.line == 0 ? -1 : rule.line;
            if (compile(rule, step)) {
                map_.steps_.push_back(std::move(step));
            }
        }
        if (errors_.empty()) {
            map_.name_ = spec_.name;
            result.map = std::move(map_);
        }
        result.errors = std::move(errors_);
        return result;
    }

private:
    bool compile(const field_rule& rule, detail::row_step& step) {
        const column& target = target_[static_cast<std::size_t>(step.column)];
        step.kind = target.kind;
        step.is_required = target.is_required;
        return compile_default(rule, step) && compile_source(rule, step) &&
               compile_fallback(rule, step) && compile_when(rule, step);
    }

    // A constant is a default that nothing stands before.
    bool compile_default(const field_rule& rule, detail::row_step& step) {
        const bool is_constant = rule.source == value_source::constant;
        step.has_default = is_constant || rule.default_text.has_value();
        if (step.has_default) {
            step.default_text = is_constant ? rule.text : *rule.default_text;
        }
        return !step.has_default || is_row_text(step, step.default_text, rule);
    }

    bool is_row_text(const detail::row_step& step, const std::string& text,
                     const field_rule& rule) {
        detail::row_value value;
        const bool is_one = detail::read_row_text(step.kind, text, value);
        if (!is_one) {
            fail(rule.line, no_value(text, rule.field, step.kind));
        }
        return is_one;
    }

    bool compile_source(const field_rule& rule, detail::row_step& step) {
        switch (rule.source) {
            case value_source::constant:
                return true;
            case value_source::composed:
                return compile_row_template(rule.text, rule.field, step.kind, rule.line,
                                            step.parts);
            case value_source::now:
                return compile_now(rule, step);
            case value_source::column:
                return rule.format.empty() ? compile_column(rule, step)
                                           : compile_formatted(rule, step);
            case value_source::none:
                break;
        }
        fail(rule.line, "column " + rule.field + " has no source");
        return false;
    }

    bool compile_now(const field_rule& rule, detail::row_step& step) {
        step.is_now = true;
        if (!rule.format.empty()) {
            return add_formatted(rule, detail::text_part::origin::time, step);
        }
        if (step.kind != column_kind::timestamp) {
            fail(rule.line, "column " + rule.field +
                                " is no timestamp and cannot take the time of translation");
        }
        return step.kind == column_kind::timestamp;
    }

    bool compile_formatted(const field_rule& rule, detail::row_step& step) {
        if (!rule.pairs.empty()) {
            fail(rule.line, "column " + rule.field + " has a format, and values beside it");
            return false;
        }
        return add_formatted(rule, detail::text_part::origin::named, step);
    }

    bool add_formatted(const field_rule& rule, detail::text_part::origin from,
                       detail::row_step& step) {
        return compile_row_part(from, rule.text, rule.format, rule.field, step.kind, rule.line,
                                step.parts);
    }

    bool compile_column(const field_rule& rule, detail::row_step& step) {
        step.source = find_column(rule.text, rule.line);
        if (step.source < 0) {
            return false;
        }
        step.source_kind = kind_of(step.source);
        for (const value_pair& pair : rule.pairs) {
            if (!is_pair(rule, pair, step)) {
                return false;
            }
            step.pairs.push_back({pair.row, pair.fix});
        }
        return is_convertible(rule, rule.text, step.source_kind, step);
    }

    bool is_pair(const field_rule& rule, const value_pair& pair, const detail::row_step& step) {
        if (!is_spelled(step.source_kind) || !is_value_of(step.source_kind, pair.row)) {
            fail(rule.line, is_spelled(step.source_kind)
                                ? no_value(pair.row, rule.text, step.source_kind)
                                : "column " + rule.text + " of kind " +
                                      std::string(detail::to_string(step.source_kind)) +
                                      " cannot be translated by pairs");
            return false;
        }
        for (const detail::text_pair& known : step.pairs) {
            if (known.from == pair.row) {
                fail(rule.line,
                     "\"" + pair.row + "\" is translated twice for column " + rule.field);
                return false;
            }
        }
        return is_row_text(step, pair.fix, rule);
    }

    bool is_convertible(const field_rule& rule, const std::string& source, column_kind from,
                        const detail::row_step& step) {
        if (!step.pairs.empty() || detail::is_convertible(from, step.kind)) {
            return true;
        }
        fail(rule.line, "column " + source + " of kind " + std::string(detail::to_string(from)) +
                            " cannot become column " + rule.field + " of kind " +
                            std::string(detail::to_string(step.kind)));
        return false;
    }

    bool compile_fallback(const field_rule& rule, detail::row_step& step) {
        if (rule.fallback.empty()) {
            return true;
        }
        step.fallback = find_column(rule.fallback, rule.line);
        if (step.fallback < 0) {
            return false;
        }
        step.fallback_kind = kind_of(step.fallback);
        if (!step.pairs.empty() && step.fallback_kind != step.source_kind) {
            fail(rule.line, "column " + rule.fallback + " is of another kind than " + rule.text +
                                ", and the values are for both");
            return false;
        }
        return is_convertible(rule, rule.fallback, step.fallback_kind, step);
    }

    bool compile_when(const field_rule& rule, detail::row_step& step) {
        if (!rule.when) {
            return true;
        }
        detail::map_condition condition;
        if (!compile_condition(*rule.when, rule.line, condition)) {
            return false;
        }
        map_.conditions_.push_back(std::move(condition));
        step.condition = static_cast<std::uint32_t>(map_.conditions_.size());
        return true;
    }

    const row_spec& spec_;
    std::span<const column> target_;
    row_map map_;
};

compile_result<row_map> compile_rows(const row_spec& spec, std::span<const column> source,
                                     std::span<const column> target) {
    return row_compiler(spec, source, target).run();
}

}  // namespace millrace::xlator
