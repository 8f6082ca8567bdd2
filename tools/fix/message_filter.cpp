#include "tools/fix/message_filter.hpp"

#include <algorithm>
#include <charconv>

#include "engine/core/error.hpp"
#include "tools/fix/message_fields.hpp"
#include "xlator/fix/byte_sum.hpp"
#include "xlator/fix/digits.hpp"
#include "xlator/fix/printer.hpp"
#include "xlator/fix/utc_timestamp.hpp"

namespace millrace::tools {

namespace {

constexpr int tag_msg_type = 35;
constexpr int tag_sending_time = 52;
constexpr int tag_cl_ord_id = 11;
constexpr int tag_order_id = 37;
constexpr int tag_orig_cl_ord_id = 41;
// What a reject says where the order is not known.
constexpr std::string_view no_order = "NONE";

bool is_tag(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), xlator::is_digit);
}

// Of "Side=[12]" where the field's name ends; npos: the text is a pattern for the whole message.
std::size_t find_name_end(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
        return std::string_view::npos;
    }
    const bool is_word =
        std::all_of(text.begin(), text.begin() + static_cast<long>(equals), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        });
    return is_word ? equals : std::string_view::npos;
}

std::string with_bars(std::string_view bytes) {
    std::string text(bytes);
    std::replace(text.begin(), text.end(), xlator::field_delimiter, '|');
    return text;
}

}  // namespace

text_pattern::text_pattern(const std::string& pattern) {
    if (const int code = ::regcomp(&compiled_, pattern.c_str(), REG_EXTENDED | REG_NOSUB);
        code != 0) {
        char reason[128];
        ::regerror(code, &compiled_, reason, sizeof reason);
        throw engine::config_error("'" + pattern + "' is no regular expression: " + reason);
    }
}

text_pattern::text_pattern(text_pattern&& other) noexcept
    : compiled_(other.compiled_), is_owner_(other.is_owner_) {
    other.is_owner_ = false;
}

text_pattern::~text_pattern() {
    if (is_owner_) {
        ::regfree(&compiled_);
    }
}

bool text_pattern::is_in(std::string_view text) const {
    regmatch_t range{0, static_cast<regoff_t>(text.size())};
    return ::regexec(&compiled_, text.data(), 1, &range, REG_STARTEND) == 0;
}

field_pattern::field_pattern(const std::string& text)
    : pattern_(find_name_end(text) == std::string::npos ? text
                                                        : text.substr(find_name_end(text) + 1)) {
    const std::size_t end = find_name_end(text);
    if (end == std::string::npos) {
        return;
    }
    if (is_tag(text.substr(0, end))) {
        const auto [rest, fault] = std::from_chars(text.data(), text.data() + end, tag_);
        if (fault != std::errc{} || rest != text.data() + end || tag_ == 0) {
            throw engine::config_error("'" + text.substr(0, end) + "' is no tag of a field");
        }
    } else {
        name_ = text.substr(0, end);
    }
}

bool field_pattern::is_in(const fix_message& message, const xlator::dictionary* dict) const {
    int tag = tag_;
    if (!name_.empty()) {
        const xlator::field_info* const info = dict == nullptr ? nullptr : dict->find_field(name_);
        if (info == nullptr) {
            return false;
        }
        tag = info->tag;
    }
    if (tag == 0) {
        return pattern_.is_in(with_bars(message.bytes));
    }
    xlator::wire_walk walk(message.bytes, dict);
    xlator::wire_field field;
    while (walk.next(field)) {
        if (field.tag == tag && pattern_.is_in(field.value)) {
            return true;
        }
    }
    return false;
}

bool order_chain::takes(const fix_message& message) {
    std::vector<std::string_view> own;
    std::string_view venue;
    std::string_view sent;
    xlator::wire_walk walk(message.bytes);
    xlator::wire_field field;
    while (walk.next(field)) {
        if (field.value.empty() || field.value == no_order) {
            continue;
        }
        if (field.tag == tag_cl_ord_id || field.tag == tag_orig_cl_ord_id) {
            own.push_back(field.value);
        } else if (field.tag == tag_order_id) {
            venue = field.value;
        } else if (field.tag == tag_sending_time) {
            sent = field.value;
        }
    }
    const bool is_its = venue_ids_.contains(venue) ||
                        std::any_of(own.begin(), own.end(),
                                    [&](std::string_view id) { return own_ids_.contains(id); });
    if (!is_its) {
        return false;
    }
    for (const std::string_view id : own) {
        own_ids_.emplace(id);
    }
    if (!venue.empty()) {
        venue_ids_.emplace(venue);
    }
    xlator::utc_timestamp time;
    const std::optional<std::int64_t> now =
        xlator::parse_utc_timestamp(sent, time) ? std::optional(time.ns) : std::nullopt;
    since_last_ns_ = now && last_ns_ ? std::optional(*now - *last_ns_) : std::nullopt;
    last_ns_ = now;
    return true;
}

bool message_filter::takes(const fix_message& message, const xlator::dictionary* dict) {
    // First of all: what is not wanted itself may name the ids of what is.
    if (order && !order->takes(message)) {
        return false;
    }
    if (!types.empty()) {
        const std::string_view type = value_of(message, tag_msg_type);
        const xlator::message_info* const info = info_of(message, dict);
        const bool is_wanted = std::any_of(types.begin(), types.end(), [&](const std::string& one) {
            return one == type || (info != nullptr && one == info->name);
        });
        if (!is_wanted) {
            return false;
        }
    }
    return std::all_of(patterns.begin(), patterns.end(),
                       [&](const field_pattern& pattern) { return pattern.is_in(message, dict); });
}

}  // namespace millrace::tools
