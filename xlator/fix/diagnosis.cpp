#include "xlator/fix/diagnosis.hpp"

#include <algorithm>

#include "xlator/fix/check.hpp"

namespace millrace::xlator {

namespace {

using detail::field_ref;
using detail::member_rule;
using detail::section;

constexpr std::uint32_t user_tag_min = 5000;

// QuickFIX's order within a section: 8, 9, 35 first in the header, 10 last in the trailer, else by
// tag.
std::uint64_t sort_key(section where, std::uint32_t tag) noexcept {
    constexpr std::uint64_t first = 0;
    constexpr std::uint64_t middle = std::uint64_t{1} << 32;
    constexpr std::uint64_t last = std::uint64_t{2} << 32;
    if (where == section::header && (tag == 8 || tag == 9 || tag == 35)) {
        return first + tag;
    }
    if (where == section::trailer && tag == 10) {
        return last;
    }
    return middle + tag;
}

}  // namespace

decode_result diagnosis::run() noexcept {
    if (options().check_field_order && find_structure()) {
        return result_;
    }
    if (!is_known_type_) {
        return {decode_status::rejected, session_reject_reason::invalid_msg_type, 35};
    }
    if (find_required() || find_in_section(section::header) || find_in_section(section::trailer) ||
        find_in_section(section::body)) {
        return result_;
    }
    if (options().is_strict && owner_.group_reason_ != session_reject_reason::none) {
        return {decode_status::rejected, owner_.group_reason_, static_cast<int>(owner_.group_tag_)};
    }
    return {};
}

const decode_options& diagnosis::options() const noexcept {
    return owner_.options_;
}

section diagnosis::section_of(std::uint32_t tag) const noexcept {
    const member_rule* rule = rules_.table.find(tag);
    return rule == nullptr ? section::body : rule->where;
}

// A header field behind the first body field, a body field behind the trailer; in a bare body,
// either at all.
bool diagnosis::find_structure() noexcept {
    section where = is_frame_ ? section::header : section::body;
    for (std::uint32_t i = 0; i < owner_.count_; ++i) {
        const field_ref& field = owner_.fields_[i];
        if (field.level() != 0) {
            continue;
        }
        const section next = section_of(field.tag());
        if (next < where || (!is_frame_ && next != section::body)) {
            return found(session_reject_reason::tag_out_of_required_order, field.tag());
        }
        where = next;
    }
    return false;
}

bool diagnosis::is_present(std::uint32_t tag, std::uint32_t level,
                           field_span range) const noexcept {
    const std::uint64_t key = detail::field_key(level, tag);
    const field_ref* const fields = owner_.fields_.get();
    return std::any_of(fields + range.begin, fields + range.end,
                       [key](const field_ref& field) { return field.key == key; });
}

bool diagnosis::find_required() noexcept {
    const field_span all{0, owner_.count_};
    if (options().is_strict && is_frame_) {
        for (const std::uint32_t tag : rules_.required_frame_tags) {
            if (!is_present(tag, 0, all)) {
                return found(session_reject_reason::required_tag_missing, tag);
            }
        }
    }
    for (const std::uint32_t tag : rules_.required_tags) {
        if (!is_present(tag, 0, all)) {
            return found(session_reject_reason::required_tag_missing, tag);
        }
    }
    return !rules_.required_tags.empty() && find_required_in_groups(all, rules_, 0);
}

// QuickFIX looks into groups that are required themselves, by ascending tag of their counters, and
// there at what they name directly, not through a component. It looks no further where a level
// requires nothing.
bool diagnosis::find_required_in_groups(field_span range, const detail::scope_rules& rules,
                                        std::uint32_t level) noexcept {
    const field_ref* const fields = owner_.fields_.get();
    std::uint32_t previous = 0;
    while (true) {
        const member_rule* next = nullptr;
        for (std::uint32_t i = range.begin; i < range.end; ++i) {
            const member_rule* rule =
                fields[i].level() == level ? rules.table.find(fields[i].tag()) : nullptr;
            if (rule != nullptr && rule->where == section::body && rule->demands_members &&
                rule->tag > previous && (next == nullptr || rule->tag < next->tag)) {
                next = rule;
            }
        }
        if (next == nullptr) {
            return false;
        }
        for (std::uint32_t i = range.begin; i < range.end; ++i) {
            if (fields[i].key == detail::field_key(level, next->tag) &&
                find_required_in_entries(i, *next)) {
                return true;
            }
        }
        previous = next->tag;
    }
}

bool diagnosis::find_required_in_entries(std::uint32_t counter, const member_rule& rule) noexcept {
    const field_ref* const fields = owner_.fields_.get();
    const std::uint32_t level = fields[counter].level() + 1;
    field_span entry{counter + 1, counter + 1};
    while (entry.begin < fields[counter].end) {
        do {
            ++entry.end;
        } while (entry.end < fields[counter].end &&
                 (fields[entry.end].level() != level || fields[entry.end].starts_entry == 0));
        if (find_required_in_entry(entry, rule, level)) {
            return true;
        }
        entry.begin = entry.end;
    }
    return false;
}

bool diagnosis::find_required_in_entry(field_span entry, const member_rule& rule,
                                       std::uint32_t level) noexcept {
    const detail::scope_rules& group = owner_.dict_.group_scope(rule.group);
    bool requires_any = false;
    for (const std::uint32_t tag : group.required_tags) {
        if (!group.table.find(tag)->is_direct) {
            continue;
        }
        requires_any = true;
        if (!is_present(tag, level, entry)) {
            return found(session_reject_reason::required_tag_missing, tag);
        }
    }
    return requires_any && find_required_in_groups(entry, group, level);
}

bool diagnosis::find_in_section(section where) noexcept {
    std::uint32_t* const sorted = owner_.sorted_.get();
    std::uint32_t* last = sorted;
    for (std::uint32_t i = 0; i < owner_.count_; ++i) {
        const field_ref& field = owner_.fields_[i];
        if (field.level() == 0 && section_of(field.tag()) == where) {
            *last++ = i;
        }
    }
    // QuickFIX sorts by tag alone, not stably; the same call on the same keys puts repeated tags in
    // the same order.
    std::sort(sorted, last, [&](std::uint32_t a, std::uint32_t b) {
        return sort_key(where, owner_.fields_[a].tag()) < sort_key(where, owner_.fields_[b].tag());
    });
    std::uint32_t previous = 0;
    for (const std::uint32_t* at = sorted; at != last; ++at) {
        const field_ref& field = owner_.fields_[*at];
        if (at != sorted && field.tag() == previous) {
            return found(session_reject_reason::tag_appears_more_than_once, previous);
        }
        if (find_in_field(field, where)) {
            return true;
        }
        previous = field.tag();
    }
    return false;
}

bool diagnosis::must_check(std::uint32_t tag) const noexcept {
    if (options().allow_unknown_fields && tag < user_tag_min) {
        return false;
    }
    return options().check_user_fields || tag < user_tag_min;
}

bool diagnosis::has_value_problem(const field_ref& field) noexcept {
    const std::string_view text = text_of(field);
    const std::uint32_t tag = field.tag();
    if (text.empty() && options().check_have_values) {
        return found(session_reject_reason::tag_without_value, tag);
    }
    const field_info* info = owner_.dict_.find_field(static_cast<int>(tag));
    if (info == nullptr) {
        return false;
    }
    const bool is_format_ok = detail::has_quickfix_format(info->type, text) &&
                              (!options().is_strict || text.empty() || is_data(info->type) ||
                               has_format(info->type, text));
    if (!is_format_ok) {
        return found(session_reject_reason::incorrect_data_format, tag);
    }
    if (!owner_.dict_.is_value_of(static_cast<int>(tag), text)) {
        return found(session_reject_reason::value_is_incorrect, tag);
    }
    return false;
}

// How many entries QuickFIX collects under a counter: those of all its occurrences.
std::uint64_t diagnosis::entries_of(std::uint32_t counter) const noexcept {
    std::uint64_t entries = 0;
    for (std::uint32_t i = 0; i < owner_.count_; ++i) {
        const field_ref& field = owner_.fields_[i];
        if (field.key != detail::field_key(0, counter)) {
            continue;
        }
        for (std::uint32_t j = i + 1; j < field.end; ++j) {
            const field_ref& member = owner_.fields_[j];
            entries += member.level() == 1 && member.starts_entry != 0 ? 1U : 0U;
        }
    }
    return entries;
}

bool diagnosis::find_in_field(const field_ref& field, section where) noexcept {
    const std::uint32_t tag = field.tag();
    if (has_value_problem(field)) {
        return true;
    }
    if (!must_check(tag)) {
        return false;
    }
    if (owner_.dict_.find_field(static_cast<int>(tag)) == nullptr) {
        return found(session_reject_reason::invalid_tag_number, tag);
    }
    if (where != section::body) {
        return false;
    }
    const member_rule* rule = rules_.table.find(tag);
    if (rule == nullptr) {
        return found(session_reject_reason::tag_not_defined_for_message, tag);
    }
    std::uint64_t declared = 0;
    if (rule->group != detail::no_index &&
        (!parse_unsigned(text_of(field), declared) || declared != entries_of(tag))) {
        return found(session_reject_reason::incorrect_num_in_group, tag);
    }
    return false;
}

}  // namespace millrace::xlator
