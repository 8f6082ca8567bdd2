// The second look at a message that is not clean: what QuickFIX would report first, then what only
// we mind.
#pragma once

#include "xlator/fix/decoder.hpp"

namespace millrace::xlator {

class diagnosis {
public:
    // Of an unknown message type, rules are those of header and trailer.
    diagnosis(decoder& owner, const detail::scope_rules& rules, bool is_known_type,
              bool is_frame) noexcept
        : owner_(owner), rules_(rules), is_known_type_(is_known_type), is_frame_(is_frame) {}

    [[nodiscard]] decode_result run() noexcept;

private:
    // Indexes of fields, the end not included.
    struct field_span {
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
    };

    [[nodiscard]] const decode_options& options() const noexcept;
    [[nodiscard]] bool find_structure() noexcept;
    [[nodiscard]] bool find_required() noexcept;
    [[nodiscard]] bool find_required_in_groups(field_span range, const detail::scope_rules& rules,
                                               std::uint32_t level) noexcept;
    [[nodiscard]] bool find_required_in_entries(std::uint32_t counter,
                                                const detail::member_rule& rule) noexcept;
    [[nodiscard]] bool find_required_in_entry(field_span entry, const detail::member_rule& rule,
                                              std::uint32_t level) noexcept;
    [[nodiscard]] bool find_in_section(detail::section where) noexcept;
    [[nodiscard]] bool find_in_field(const detail::field_ref& field,
                                     detail::section where) noexcept;
    [[nodiscard]] bool has_value_problem(const detail::field_ref& field) noexcept;
    [[nodiscard]] bool found(session_reject_reason reason, std::uint32_t tag) noexcept {
        result_ = {decode_status::rejected, reason, static_cast<int>(tag)};
        return true;
    }
    [[nodiscard]] bool is_present(std::uint32_t tag, std::uint32_t level,
                                  field_span range) const noexcept;
    [[nodiscard]] bool must_check(std::uint32_t tag) const noexcept;
    [[nodiscard]] detail::section section_of(std::uint32_t tag) const noexcept;
    [[nodiscard]] std::uint64_t entries_of(std::uint32_t counter) const noexcept;
    [[nodiscard]] std::string_view text_of(const detail::field_ref& field) const noexcept {
        return {owner_.bytes_ + field.offset, field.size};
    }

    decoder& owner_;
    const detail::scope_rules& rules_;
    const bool is_known_type_;
    const bool is_frame_;
    decode_result result_;
};

}  // namespace millrace::xlator
