#include <algorithm>

#include "xlator/map/compiler.hpp"
#include "xlator/map/conversion.hpp"
#include "xlator/map/outbound_map.hpp"

namespace millrace::xlator {

namespace {

using detail::conversion;
using detail::conversion_for;
using detail::convert;
using detail::map_step;

constexpr int tag_limit = 10'000'000;

std::string tag_prefix(int tag) {
    return std::to_string(tag) + '=';
}

detail::short_prefix short_prefix_of(int tag) {
    const std::string text = tag_prefix(tag);
    detail::short_prefix prefix;
    std::copy(text.begin(), text.end(), prefix.text.begin());
    prefix.size = static_cast<std::uint8_t>(text.size());
    return prefix;
}

std::string whole_field(int tag, const std::string& text) {
    return tag_prefix(tag) + text + field_delimiter;
}

}  // namespace

class outbound_compiler final : detail::map_compiler {
public:
    outbound_compiler(const outbound_spec& spec, std::span<const column> columns,
                      const dictionary& dict)
        : map_compiler(spec.name, columns, dict), spec_(spec) {}

    compile_result<outbound_map> run() {
        compile_result<outbound_map> result;
        const message_info* message = find_message(spec_.message, spec_.line);
        if (message != nullptr) {
            map_.steps_ = compile_scope(
                {spec_.fields, spec_.groups, spec_.line},
                {message->members, "message " + std::string(message->name), false}, nullptr);
        }
        if (errors_.empty()) {
            map_.name_ = spec_.name;
            map_.msg_type_ = message->msg_type;
            map_.dict_ = &dict_;
            result.map = std::move(map_);
        }
        result.errors = std::move(errors_);
        return result;
    }

private:
    struct rules {
        const std::vector<field_rule>& fields;
        const std::vector<group_rule>& groups;
        long line;
    };
    struct target {
        std::span<const member_info> members;
        std::string name;
        bool is_group;
    };

    // The steps for the fields and groups of one message or group entry. used collects the columns
    // an entry asks for.
    std::vector<map_step> compile_scope(const rules& given, const target& where,
                                        std::vector<int>* used) {
        std::vector<map_step> steps;
        std::vector<long> lines(where.members.size(), 0);
        for (const field_rule& rule : given.fields) {
            const member_info* member =
                find_member(rule.field, where.members, where.name, rule.line);
            map_step step;
            if (member == nullptr || !claim(*member, where, lines, rule.line)) {
                continue;
            }
            if (compile_field(rule, *member, step) &&
                compile_condition(rule, *member, where, step)) {
                note_columns(step, used);
                if (step.fallback != 0) {
                    note_columns(map_.fallbacks_[step.fallback - 1], used);
                }
                steps.push_back(std::move(step));
            }
        }
        for (const group_rule& rule : given.groups) {
            const member_info* member =
                find_member(rule.counter, where.members, where.name, rule.line);
            if (member != nullptr && claim(*member, where, lines, rule.line)) {
                compile_group(rule, *member, steps, used);
            }
        }
        check_required(where, lines, given.line);
        return ordered(std::move(steps), where);
    }

    static void note_columns(const map_step& step, std::vector<int>* used) {
        if (used == nullptr) {
            return;
        }
        if (step.column >= 0) {
            used->push_back(step.column);
        }
        for (const detail::text_part& part : step.parts) {
            if (part.from == detail::text_part::origin::named && part.index != step.column) {
                used->push_back(part.index);
            }
        }
    }

    bool claim(const member_info& member, const target& where, std::vector<long>& lines,
               long line) {
        long& taken = lines[static_cast<std::size_t>(&member - where.members.data())];
        if (taken != 0) {
            fail(line, "field " + std::string(member.name) + " is already set" +
                           (taken > 0 ? " in line " + std::to_string(taken) : std::string{}));
            return false;
        }
        taken = line == 0 ? -1 : line;
        return true;
    }

    void check_required(const target& where, const std::vector<long>& lines, long line) {
        for (std::size_t i = 0; i < where.members.size(); ++i) {
            const member_info& member = where.members[i];
            const bool is_delimiter = where.is_group && i == 0;
            if (lines[i] != 0 || (!member.is_required && !is_delimiter)) {
                continue;
            }
            fail(line, is_delimiter ? "an entry of " + where.name + " needs its first field " +
                                          std::string(member.name)
                                    : "required field " + std::string(member.name) + "(" +
                                          std::to_string(member.tag) + ") of " + where.name +
                                          " has no source");
        }
    }

    bool compile_field(const field_rule& rule, const member_info& member, map_step& step) {
        const field_info& field = *dict_.find_field(member.tag);
        step.tag = field.tag;
        step.is_required = member.is_required;
        if (field.tag >= tag_limit) {
            fail(rule.line, "field " + rule.field + " has a tag of more than seven digits");
            return false;
        }
        if (member.group != nullptr) {
            fail(rule.line, rule.field + " counts a group: give its entries instead");
            return false;
        }
        if (field.data_tag != 0) {
            fail(rule.line, rule.field + " is written with its data field: leave it out");
            return false;
        }
        if (!compile_decimals(rule, field, step)) {
            return false;
        }
        if (rule.default_text && !literal(field, *rule.default_text, rule.line, step.default_bytes,
                                          step.default_fields)) {
            return false;
        }
        if (rule.source == value_source::composed || !rule.format.empty()) {
            return compile_text(rule, field, step) && compile_fallback(rule, field, step);
        }
        switch (rule.source) {
            case value_source::constant:
                step.how = convert::literal;
                return literal(field, rule.text, rule.line, step.bytes, step.fields);
            case value_source::none:
                step.how = convert::literal;
                step.bytes = step.default_bytes;
                step.fields = step.default_fields;
                if (!rule.default_text) {
                    fail(rule.line, "field " + rule.field + " has neither source nor default");
                }
                return rule.default_text.has_value();
            case value_source::now:
                step.how = convert::now;
                step.prefix = short_prefix_of(field.tag);
                if (field.type != field_type::utc_timestamp) {
                    fail(rule.line, "field " + rule.field + " of type " +
                                        std::string(xlator::to_string(field.type)) +
                                        " cannot take the time of translation");
                }
                return field.type == field_type::utc_timestamp;
            case value_source::column:
                return compile_column(rule, field, step) && compile_fallback(rule, field, step);
            case value_source::composed:
                break;  // above
        }
        return false;
    }

    // The same field from another column, with the same default behind it.
    bool compile_fallback(const field_rule& rule, const field_info& field, map_step& step) {
        if (rule.fallback.empty()) {
            return true;
        }
        map_step other;
        other.tag = step.tag;
        other.is_required = step.is_required;
        other.decimals = step.decimals;
        other.default_bytes = step.default_bytes;
        other.default_fields = step.default_fields;
        field_rule from_other = rule;
        from_other.text = rule.fallback;
        from_other.source = value_source::column;
        if (!(rule.format.empty() ? compile_column(from_other, field, other)
                                  : compile_text(from_other, field, other))) {
            return false;
        }
        map_.fallbacks_.push_back(std::move(other));
        step.fallback = static_cast<std::uint32_t>(map_.fallbacks_.size());
        return true;
    }

    bool compile_decimals(const field_rule& rule, const field_info& field, map_step& step) {
        if (!rule.decimals) {
            return true;
        }
        const bool is_time =
            field.type == field_type::utc_timestamp || field.type == field_type::utc_time;
        if (!is_time || *rule.decimals < 0 || *rule.decimals > 9) {
            fail(rule.line, is_time
                                ? "field " + rule.field + " has " + std::to_string(*rule.decimals) +
                                      " decimals, expected 0 to 9"
                                : "field " + rule.field + " of type " +
                                      std::string(xlator::to_string(field.type)) +
                                      " is no time and has no decimals");
            return false;
        }
        step.decimals = static_cast<std::uint8_t>(*rule.decimals);
        return true;
    }

    bool compile_condition(const field_rule& rule, const member_info& member, const target& where,
                           map_step& step) {
        if (!rule.when) {
            return true;
        }
        const bool is_delimiter = where.is_group && &member == where.members.data();
        if (member.is_required || is_delimiter) {
            fail(rule.line, "field " + rule.field +
                                (is_delimiter ? " begins an entry of " : " is required in ") +
                                where.name + ", and 'when' would leave it out");
            return false;
        }
        detail::map_condition condition;
        if (!map_compiler::compile_condition(*rule.when, rule.line, condition)) {
            return false;
        }
        map_.conditions_.push_back(std::move(condition));
        step.condition = static_cast<std::uint32_t>(map_.conditions_.size());
        return true;
    }

    // A value, or several, as one text; the column decides whether there is any.
    bool compile_text(const field_rule& rule, const field_info& field, map_step& step) {
        step.how = convert::composed;
        step.rule = dict_.field_rule(field.tag);
        step.must_check = true;
        step.prefix = short_prefix_of(field.tag);
        if (is_data(field.type)) {
            fail(rule.line, "field " + rule.field + " is a data field: give it a column");
            return false;
        }
        if (rule.source == value_source::composed) {
            return compile_template(rule.text, "field " + rule.field, rule.line, step.parts) &&
                   can_be_field_text(step.parts, field, rule.line);
        }
        if (!rule.pairs.empty() || rule.decimals) {
            fail(rule.line, "field " + rule.field + " has a format, and " +
                                (rule.decimals ? "decimals" : "values") + " beside it");
            return false;
        }
        const auto from = rule.source == value_source::column ? detail::text_part::origin::named
                                                              : detail::text_part::origin::time;
        if (!compile_part(from, rule.text, rule.format, "field " + rule.field, rule.line,
                          step.parts)) {
            return false;
        }
        step.column = step.parts.back().index;
        return can_be_field_text(step.parts, field, rule.line);
    }

    bool literal(const field_info& field, const std::string& text, long line, std::string& bytes,
                 std::uint32_t& fields) {
        std::string wire;
        if (is_data(field.type)) {
            bytes = whole_field(field.length_tag, std::to_string(text.size())) +
                    whole_field(field.tag, text);
            fields = 2 + count_bytes(text).delimiters;
            return true;
        }
        if (!resolve_value(field, text, line, wire)) {
            return false;
        }
        bytes = whole_field(field.tag, wire);
        fields = 1;
        return true;
    }

    bool compile_column(const field_rule& rule, const field_info& field, map_step& step) {
        step.column = find_column(rule.text, rule.line);
        if (step.column < 0) {
            return false;
        }
        step.kind = kind_of(step.column);
        step.rule = dict_.field_rule(field.tag);
        step.prefix = short_prefix_of(field.tag);
        if (!rule.pairs.empty()) {
            return compile_pairs(rule, field, step);
        }
        const conversion chosen = conversion_for(field, step.kind);
        if (!chosen.is_possible) {
            fail(rule.line, "column " + rule.text + " of kind " +
                                std::string(detail::to_string(step.kind)) +
                                " cannot become field " + rule.field + " of type " +
                                std::string(xlator::to_string(field.type)));
            return false;
        }
        step.how = chosen.how;
        // Any text passes a plain text's rule but an empty one, and that is left out before.
        step.must_check = chosen.must_check && !(step.how == convert::text &&
                                                 step.rule.check == detail::value_check::text);
        if (step.how == convert::data) {
            step.bytes = tag_prefix(field.length_tag);
            step.data_prefix = tag_prefix(field.tag);
        }
        return true;
    }

    bool compile_pairs(const field_rule& rule, const field_info& field, map_step& step) {
        if (!is_spelled(step.kind)) {
            fail(rule.line, "column " + rule.text + " of kind " +
                                std::string(detail::to_string(step.kind)) +
                                " cannot be translated by pairs");
            return false;
        }
        step.how = convert::pairs;
        for (const value_pair& pair : rule.pairs) {
            std::string wire;
            if (!resolve_value(field, pair.fix, rule.line, wire) || !is_new(pair.row, step, rule)) {
                return false;
            }
            step.pairs.push_back({pair.row, whole_field(field.tag, wire)});
        }
        return true;
    }

    bool is_new(const std::string& row, const map_step& step, const field_rule& rule) {
        for (const detail::text_pair& known : step.pairs) {
            if (known.from == row) {
                fail(rule.line, "\"" + row + "\" is translated twice for field " + rule.field);
                return false;
            }
        }
        const bool fits = is_value_of(step.kind, row);
        if (!fits) {
            fail(rule.line, no_value(row, rule.text, step.kind));
        }
        return fits;
    }

    void compile_group(const group_rule& rule, const member_info& member,
                       std::vector<map_step>& steps, std::vector<int>* used) {
        if (member.group == nullptr) {
            fail(rule.line, rule.counter + " is not the counter of a group");
            return;
        }
        if (rule.entries.empty()) {
            fail(rule.line, "group " + rule.counter + " has no entries");
            return;
        }
        detail::map_group group;
        group.counter_tag = member.tag;
        group.is_required = member.is_required;
        group.prefix = tag_prefix(member.tag);
        for (const group_entry_rule& given : rule.entries) {
            detail::map_entry entry;
            entry.steps = compile_scope({given.fields, given.groups, given.line},
                                        {member.group->members, "group " + rule.counter, true},
                                        &entry.columns);
            require_delimiter(entry, *member.group);
            if (used != nullptr) {
                used->insert(used->end(), entry.columns.begin(), entry.columns.end());
            }
            group.entries.push_back(std::move(entry));
        }
        map_step step;
        step.how = convert::group;
        step.tag = member.tag;
        step.group = static_cast<std::uint32_t>(map_.groups_.size());
        map_.groups_.push_back(std::move(group));
        steps.push_back(std::move(step));
    }

    // An entry that is there starts with its delimiter, so an empty one cannot be left out.
    static void require_delimiter(detail::map_entry& entry, const group_info& group) {
        for (map_step& step : entry.steps) {
            step.is_required = step.is_required || step.tag == group.members.front().tag;
        }
    }

    // Message fields by tag, entry fields by member; neighbouring literals become one.
    static std::vector<map_step> ordered(std::vector<map_step> steps, const target& where) {
        const auto key = [&](const map_step& step) -> std::size_t {
            if (!where.is_group) {
                return static_cast<std::size_t>(step.tag);
            }
            const auto at =
                std::find_if(where.members.begin(), where.members.end(),
                             [&](const member_info& one) { return one.tag == step.tag; });
            return static_cast<std::size_t>(at - where.members.begin());
        };
        std::stable_sort(steps.begin(), steps.end(),
                         [&](const map_step& a, const map_step& b) { return key(a) < key(b); });
        std::vector<map_step> merged;
        for (map_step& step : steps) {
            const auto is_plain = [](const map_step& one) {
                return one.how == convert::literal && one.condition == 0;
            };
            if (is_plain(step) && !merged.empty() && is_plain(merged.back()) && !where.is_group) {
                merged.back().bytes += step.bytes;
                merged.back().fields += step.fields;
            } else {
                merged.push_back(std::move(step));
            }
        }
        return merged;
    }

    const outbound_spec& spec_;
    outbound_map map_;
};

compile_result<outbound_map> compile_outbound(const outbound_spec& spec,
                                              std::span<const column> columns,
                                              const dictionary& dict) {
    return outbound_compiler(spec, columns, dict).run();
}

}  // namespace millrace::xlator
