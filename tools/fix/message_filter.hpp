// Which messages somebody wants to see: by type, by a field's value, by their text, and those of
// one order.
//
// Threading  one thread
// Progress   constant memory but for an order's chain, which keeps its ids
// Errors     config_error: no regular expression
// Source     POSIX extended regular expressions
#pragma once

#include <regex.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tools/fix/message_source.hpp"
#include "xlator/fix/dictionary.hpp"

namespace millrace::tools {

class text_pattern {
public:
    explicit text_pattern(const std::string& pattern);
    text_pattern(text_pattern&& other) noexcept;
    text_pattern& operator=(text_pattern&&) = delete;
    ~text_pattern();
    [[nodiscard]] bool is_in(std::string_view text) const;

private:
    regex_t compiled_{};
    bool is_owner_ = true;
};

// "54=[12]", "Side=[12]" or a pattern for the whole message, in which | stands between fields.
class field_pattern {
public:
    explicit field_pattern(const std::string& text);
    // Of a pattern for a field by name: whether the dictionary has it.
    [[nodiscard]] bool is_known(const xlator::dictionary& dict) const {
        return name_.empty() || dict.find_field(name_) != nullptr;
    }
    [[nodiscard]] bool is_in(const fix_message& message, const xlator::dictionary* dict) const;

private:
    int tag_ = 0;       // 0: by name, or the whole message
    std::string name_;  // of a field; empty: by tag, or the whole message
    text_pattern pattern_;
};

// The messages of one order and of what replaces it, from the first that names it on: by ClOrdID,
// OrigClOrdID, and the OrderID that the venue gave it.
class order_chain {
public:
    explicit order_chain(std::string id) : own_ids_{std::move(id)} {}
    // Notes the ids of a message that belongs to it.
    [[nodiscard]] bool takes(const fix_message& message);
    // From the message before to this one, by SendingTime(52); none: one of them has none.
    [[nodiscard]] std::optional<std::int64_t> since_last_ns() const { return since_last_ns_; }

private:
    std::set<std::string, std::less<>> own_ids_;    // ours: ClOrdID, OrigClOrdID
    std::set<std::string, std::less<>> venue_ids_;  // OrderID
    std::optional<std::int64_t> last_ns_;
    std::optional<std::int64_t> since_last_ns_;
};

struct message_filter {
    std::vector<std::string> types;  // MsgType(35) or a message's name; empty: all
    std::vector<field_pattern> patterns;
    std::optional<order_chain> order;

    [[nodiscard]] bool takes(const fix_message& message, const xlator::dictionary* dict);
};

}  // namespace millrace::tools
