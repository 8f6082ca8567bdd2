// A dictionary's rules for one tag in one place, compiled for looking up while a message is read.
//
// Threading  built at set-up, then constant; any thread
// Progress   find() is one table access for tags below 4096, a binary search above
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "xlator/fix/reflection.hpp"
#include "xlator/fix/value.hpp"

namespace millrace::xlator::detail {

enum class section : std::uint8_t { header, body, trailer };

// Which fast check a value gets; each accepts exactly what has_format() and the value set accept.
enum class value_check : std::uint8_t {
    text,
    format,  // has_format()
    character,
    integer,
    count,
    decimal,
    timestamp,
    boolean,
    set,
    tokens,
    data,
    undeclared,  // a header tag of another FIX version: known by place, but not in the dictionary
};

// The values a field may take. Short ones, which are nearly all, are bits.
class value_set {
public:
    void add(std::string_view text);
    void finish();

    [[nodiscard]] bool contains(std::string_view text) const noexcept {
        if (text.size() == 1) {
            const auto c = static_cast<unsigned char>(text[0]);
            return c < 128 && (chars_[c >> 6] >> (c & 63) & 1) != 0;
        }
        std::size_t number = 0;
        if (as_number(text, number)) {
            return (numbers_[number >> 6] >> (number & 63) & 1) != 0;
        }
        return contains_text(text);
    }

private:
    // Two digits without a leading zero.
    static bool as_number(std::string_view text, std::size_t& number) noexcept {
        if (text.size() != 2 || text[0] < '1' || text[0] > '9' || !is_digit(text[1])) {
            return false;
        }
        number = static_cast<std::size_t>((text[0] - '0') * 10 + (text[1] - '0'));
        return true;
    }
    [[nodiscard]] bool contains_text(std::string_view text) const noexcept;

    std::array<std::uint64_t, 2> chars_{};
    std::array<std::uint64_t, 2> numbers_{};
    std::vector<std::string_view> texts_;  // ascending
};

inline constexpr std::uint16_t no_index = UINT16_MAX;

struct member_rule {
    std::uint32_t tag = 0;
    std::uint32_t mark = 0;           // the decoder's mark of having seen it
    std::uint16_t order = 0;          // place among the members
    std::uint16_t group = no_index;   // the scope behind a counter
    std::uint16_t values = no_index;  // the value set
    field_type type = field_type::string;
    value_check check = value_check::text;
    section where = section::body;
    bool is_required = false;
    bool is_direct = true;         // not through a component
    bool demands_members = false;  // a counter whose own line in the dictionary says required
    std::uint32_t length_tag = 0;
};

// Rules by tag.
class rule_table {
public:
    void add(const member_rule& rule) { rules_.push_back(rule); }
    void finish();

    [[nodiscard]] const member_rule* find(std::uint32_t tag) const noexcept {
        if (tag < small_.size()) [[likely]] {
            const std::uint16_t index = small_[tag];
            return index == no_index ? nullptr : &rules_[index];
        }
        return find_large(tag);
    }
    [[nodiscard]] const std::vector<member_rule>& all() const noexcept { return rules_; }

private:
    static constexpr std::uint32_t small_tag_limit = 4096;
    [[nodiscard]] const member_rule* find_large(std::uint32_t tag) const noexcept;

    std::vector<member_rule> rules_;
    std::vector<std::uint16_t> small_;
    std::vector<std::pair<std::uint32_t, std::uint16_t>> large_;  // ascending by tag
};

// A message with header and trailer, or the entries of a group.
struct scope_rules {
    rule_table table;
    std::uint32_t required_count = 0;
    std::uint32_t delimiter = 0;                     // of a group
    std::vector<std::uint32_t> required_tags;        // of the body or entry, ascending
    std::vector<std::uint32_t> required_frame_tags;  // of header and trailer, in QuickFIX's order
};

}  // namespace millrace::xlator::detail
