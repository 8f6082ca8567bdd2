#include "xlator/fix/decoder.hpp"

#include <algorithm>

#include "xlator/fix/check.hpp"
#include "xlator/fix/diagnosis.hpp"

namespace millrace::xlator {

namespace {

using detail::field_key;
using detail::field_ref;
using detail::member_rule;
using detail::no_index;
using detail::scope_rules;
using detail::section;
using detail::value_check;

// Three bytes make the shortest field, an empty one: "1=|".
constexpr std::size_t field_size_min = 3;

// A positive decimal number before '='; null if it is none. The bytes end on a delimiter, so the
// loop ends.
inline const char* parse_tag(const char* at, std::uint32_t& tag) noexcept {
    auto digit = static_cast<std::uint32_t>(static_cast<unsigned char>(*at)) - '0';
    if (digit - 1 > 8) {
        return nullptr;
    }
    std::uint32_t value = digit;
    for (int digits = 1;; ++digits) {
        digit = static_cast<std::uint32_t>(static_cast<unsigned char>(*++at)) - '0';
        if (digit > 9) {
            break;
        }
        if (digits == 9) {
            return nullptr;
        }
        value = value * 10 + digit;
    }
    tag = value;
    return *at == '=' ? at + 1 : nullptr;
}

// What is wrong with a value that does not pass its rule.
session_reject_reason reason_for(const member_rule& rule, std::string_view value) noexcept {
    if (value.empty()) {
        return session_reject_reason::tag_without_value;
    }
    return has_format(rule.type, value) ? session_reject_reason::value_is_incorrect
                                        : session_reject_reason::incorrect_data_format;
}

// What a counter says; a text that is no count matches no number of entries.
std::uint64_t count_in(std::string_view text) noexcept {
    std::uint64_t count = 0;
    return parse_unsigned(text, count) ? count : UINT64_MAX;
}

}  // namespace

decoder::decoder(const dictionary& dict, const decode_options& options)
    : dict_(dict),
      options_(options),
      field_capacity_(static_cast<std::uint32_t>(options.frame_size_max / field_size_min + 1)),
      fields_(std::make_unique_for_overwrite<field_ref[]>(field_capacity_)),
      sorted_(std::make_unique_for_overwrite<std::uint32_t[]>(field_capacity_)),
      marks_(std::make_unique<std::uint64_t[]>(dict.mark_count())) {}

decode_result decoder::decode(std::string_view frame) noexcept {
    const scan_result scanned = scan_frame(frame, options_.frame_size_max);
    if (scanned.status != scan_status::frame || scanned.size != frame.size()) {
        message_ = {};
        msg_type_ = {};
        return {decode_status::garbled, session_reject_reason::none, 0};
    }
    return decode_scanned(frame);
}

decode_result decoder::decode_scanned(std::string_view frame) noexcept {
    frame_parts parts;
    message_ = {};
    msg_type_ = {};
    if (frame.size() > options_.frame_size_max || !split_frame(frame, parts)) {
        return {decode_status::garbled, session_reject_reason::none, 0};
    }
    if (parts.begin_string != dict_.info().begin_string) {
        return {decode_status::unsupported_version, session_reject_reason::none, 8};
    }
    return run(frame, parts.msg_type, true);
}

decode_result decoder::decode_body(std::string_view msg_type, std::string_view body) noexcept {
    message_ = {};
    msg_type_ = {};
    if (body.size() > options_.frame_size_max ||
        (!body.empty() && body.back() != field_delimiter)) {
        return {decode_status::garbled, session_reject_reason::none, 0};
    }
    return run(body, msg_type, false);
}

decode_result decoder::run(std::string_view bytes, std::string_view msg_type,
                           bool is_frame) noexcept {
    const scope_rules* known = dict_.scope_of(msg_type);
    const scope_rules& rules = known == nullptr ? dict_.frame_scope() : *known;
    bytes_ = bytes.data();
    count_ = 0;
    is_clean_ = known != nullptr;
    group_reason_ = session_reject_reason::none;
    const parse_status status =
        parse_fields(bytes.data(), bytes.data() + bytes.size(), rules, is_frame);
    if (status == parse_status::garbled) {
        return {decode_status::garbled, session_reject_reason::none, 0};
    }
    msg_type_ = msg_type;
    message_ = {bytes_, fields_.get(), fields_.get(), fields_.get() + count_, 0};
    if (status == parse_status::clean) [[likely]] {
        return {};
    }
    return diagnosis(*this, rules, known != nullptr, is_frame).run();
}

// A data field may hold delimiters: its end follows from the field before it. Null: that does not
// announce it, or announces more than there is.
const char* decoder::end_of_data(const char* at, const char* end,
                                 std::uint32_t length_tag) const noexcept {
    const field_ref* before = count_ == 0 ? nullptr : &fields_[count_ - 1];
    std::uint64_t size = 0;
    if (before == nullptr || before->tag() != length_tag ||
        !parse_unsigned({bytes_ + before->offset, before->size}, size) ||
        size >= static_cast<std::uint64_t>(end - at) || at[size] != field_delimiter) {
        return nullptr;
    }
    return at + size;
}

// Also a field that is no member here may be data.
std::uint32_t decoder::length_tag_of(std::uint32_t tag) const noexcept {
    const field_info* field = dict_.find_field(static_cast<int>(tag));
    return field == nullptr ? 0 : static_cast<std::uint32_t>(field->length_tag);
}

decoder::parse_status decoder::parse_fields(const char* at, const char* end,
                                            const scope_rules& rules, bool is_frame) noexcept {
    const std::uint64_t serial = ++serial_;
    const detail::rule_table& table = rules.table;
    const char* const bytes = bytes_;
    field_ref* const fields = fields_.get();
    std::uint64_t* const marks = marks_.get();
    std::uint32_t required_seen = 0;
    section where = is_frame ? section::header : section::body;
    std::uint32_t frame_fields = 0;
    bool is_clean = is_clean_;
    while (at != end) {
        std::uint32_t tag = 0;
        at = parse_tag(at, tag);
        if (at == nullptr || count_ == field_capacity_) [[unlikely]] {
            return parse_status::garbled;
        }
        const member_rule* const rule = table.find(tag);
        const std::uint32_t length_tag = rule != nullptr ? rule->length_tag : length_tag_of(tag);
        const char* const value_end =
            length_tag == 0 ? find_delimiter(at, end) : end_of_data(at, end, length_tag);
        if (value_end == nullptr) [[unlikely]] {
            return parse_status::garbled;
        }
        const std::string_view value{at, static_cast<std::size_t>(value_end - at)};
        fields[count_++] = {field_key(0, tag), static_cast<std::uint32_t>(at - bytes),
                            static_cast<std::uint32_t>(value.size()), 0, 0};
        at = value_end + 1;
        frame_fields += tag - 8 <= 2 ? 1U : 0U;
        if (rule == nullptr) [[unlikely]] {
            is_clean = false;
            continue;
        }
        is_clean &= is_frame ? rule->where >= where : rule->where == where;
        where = rule->where;
        const bool is_first = marks[rule->mark] != serial;
        marks[rule->mark] = serial;
        is_clean &= is_first;
        required_seen += rule->is_required && is_first ? 1U : 0U;
        is_clean &= detail::passes(dict_, *rule, value);
        if (rule->group != no_index) [[unlikely]] {
            at = parse_group(at, end, *rule, 1);
            if (at == nullptr) {
                return parse_status::garbled;
            }
        }
    }
    // 8, 9 and 10 frame the message; one more of them inside makes the frame ambiguous.
    if (is_frame && frame_fields != 3) [[unlikely]] {
        return parse_status::garbled;
    }
    const std::size_t required = is_frame ? rules.required_count : rules.required_tags.size();
    is_clean &= required_seen == required;
    return is_clean && is_clean_ ? parse_status::clean : parse_status::suspect;
}

void decoder::note(session_reject_reason reason, std::uint32_t tag) noexcept {
    is_clean_ = false;
    if (group_reason_ == session_reject_reason::none) {
        group_reason_ = reason;
        group_tag_ = tag;
    }
}

void decoder::check_entry(const scope_rules& group, std::uint64_t serial,
                          std::uint32_t required_seen) noexcept {
    if (required_seen == group.required_count) [[likely]] {
        return;
    }
    for (const std::uint32_t tag : group.required_tags) {
        if (marks_[group.table.find(tag)->mark] != serial) {
            note(session_reject_reason::required_tag_missing, tag);
            return;
        }
    }
}

// The entries behind a counter. An entry begins at the delimiter, or where a member comes again;
// the group ends at the first field that is none of its members. That is QuickFIX's reading; what
// FIX wants beyond it is noted.
const char* decoder::parse_group(const char* at, const char* end, const member_rule& counter,
                                 std::uint32_t level) noexcept {
    const scope_rules& group = dict_.group_scope(counter.group);
    const std::uint32_t counter_index = count_ - 1;
    const std::uint64_t declared =
        count_in({bytes_ + fields_[counter_index].offset, fields_[counter_index].size});
    std::uint64_t entries = 0;
    std::uint64_t serial = 0;
    std::uint32_t required_seen = 0;
    int last_order = 0;
    while (at != end) {
        std::uint32_t tag = 0;
        const char* const value_at = parse_tag(at, tag);
        if (value_at == nullptr || count_ == field_capacity_) {
            return nullptr;
        }
        const member_rule* rule = group.table.find(tag);
        if (rule == nullptr) {
            break;
        }
        const char* const value_end = rule->length_tag == 0
                                          ? find_delimiter(value_at, end)
                                          : end_of_data(value_at, end, rule->length_tag);
        if (value_end == nullptr) {
            return nullptr;
        }
        const std::string_view value{value_at, static_cast<std::size_t>(value_end - value_at)};
        field_ref& field = fields_[count_++];
        field = {field_key(level, tag), static_cast<std::uint32_t>(value_at - bytes_),
                 static_cast<std::uint32_t>(value.size()), 0, 0};
        at = value_end + 1;
        const bool is_delimiter = tag == group.delimiter;
        if (is_delimiter || entries == 0 || marks_[rule->mark] == serial) {
            if (entries != 0) {
                check_entry(group, serial, required_seen);
            }
            if (!is_delimiter) {
                note(session_reject_reason::group_fields_out_of_order, tag);
            }
            ++entries;
            serial = ++serial_;
            required_seen = 0;
            field.starts_entry = 1;
        } else if (rule->order < last_order) {
            note(session_reject_reason::group_fields_out_of_order, tag);
        }
        last_order = rule->order;
        marks_[rule->mark] = serial;
        required_seen += rule->is_required ? 1U : 0U;
        if (!detail::passes(dict_, *rule, value)) [[unlikely]] {
            note(reason_for(*rule, value), tag);
        }
        if (rule->group != no_index) {
            at = parse_group(at, end, *rule, level + 1);
            if (at == nullptr) {
                return nullptr;
            }
        }
    }
    if (entries != 0) {
        check_entry(group, serial, required_seen);
    }
    fields_[counter_index].end = count_;
    if (entries != declared) {
        note(session_reject_reason::incorrect_num_in_group, counter.tag);
    }
    return at;
}

}  // namespace millrace::xlator
