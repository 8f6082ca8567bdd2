// A dictionary ready for use at run time: built once from the generated tables, then only looked
// into.
//
//     const dictionary fix44{millrace::fix44::dictionary};
//
// Threading  constant after construction; any thread
// Progress   the look-ups of the message path (by tag, by message type) do not allocate
// Errors     the constructor throws error if the tables contradict themselves
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "xlator/fix/reflection.hpp"
#include "xlator/fix/rules.hpp"

namespace millrace::xlator {

class dictionary {
public:
    // REQUIRES info lives as long as the dictionary (generated tables are constants).
    explicit dictionary(const dictionary_info& info);
    dictionary(const dictionary&) = delete;
    dictionary& operator=(const dictionary&) = delete;

    [[nodiscard]] const dictionary_info& info() const noexcept { return info_; }

    [[nodiscard]] const field_info* find_field(int tag) const noexcept;
    [[nodiscard]] const field_info* find_field(std::string_view name) const noexcept;
    [[nodiscard]] const message_info* find_message(std::string_view msg_type) const noexcept;
    [[nodiscard]] const message_info* find_message_named(std::string_view name) const noexcept;
    // The enumerator's name, or empty.
    [[nodiscard]] std::string_view value_name(int tag, std::string_view value) const noexcept;

    // false: the field has a value set and the text is none of it (for a list: some token is none).
    [[nodiscard]] bool is_value_of(int tag, std::string_view text) const noexcept;

    // For decoder and maps: the rule of a field by itself. REQUIRES the tag is in the dictionary.
    [[nodiscard]] const detail::member_rule& field_rule(int tag) const noexcept {
        return *fields_.find(static_cast<std::uint32_t>(tag));
    }
    [[nodiscard]] const detail::scope_rules* scope_of(std::string_view msg_type) const noexcept;
    // Header and trailer alone: what is known of a message of an unknown type.
    [[nodiscard]] const detail::scope_rules& frame_scope() const noexcept {
        return scopes_[info_.messages.size()];
    }
    [[nodiscard]] const detail::scope_rules& group_scope(std::uint16_t index) const noexcept {
        return scopes_[index];
    }
    [[nodiscard]] const detail::value_set& values(std::uint16_t index) const noexcept {
        return value_sets_[index];
    }
    [[nodiscard]] std::size_t mark_count() const noexcept { return mark_count_; }

private:
    void add_fields();
    void add_message(const message_info& message, std::uint16_t index);
    void add_scope(std::span<const member_info> body, std::uint16_t index);
    void add_members(std::span<const member_info> members, detail::section where,
                     std::uint16_t scope);
    void add_undeclared_header_tags(std::uint16_t scope);
    std::uint16_t group_index(const group_info& group);
    detail::member_rule rule_for(const member_info& member, detail::section where);
    [[nodiscard]] std::uint16_t find_type(std::string_view msg_type) const noexcept;

    const dictionary_info& info_;
    std::vector<detail::scope_rules> scopes_;  // of messages, of no message, then of groups
    std::vector<detail::value_set> value_sets_;
    std::map<const group_info*, std::uint16_t> groups_;
    detail::rule_table fields_;              // order = index in info.fields
    std::vector<std::uint16_t> char_types_;  // one-character message types
    std::vector<std::pair<std::string_view, std::uint16_t>> long_types_;  // ascending
    std::uint32_t mark_count_ = 0;
};

}  // namespace millrace::xlator
