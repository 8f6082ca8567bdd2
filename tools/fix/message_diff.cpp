#include "tools/fix/message_diff.hpp"

#include <algorithm>

#include "tools/fix/message_filter.hpp"
#include "tools/fix/message_printer.hpp"
#include "tools/text/escape.hpp"
#include "xlator/fix/byte_sum.hpp"
#include "xlator/fix/printer.hpp"

namespace millrace::tools {

namespace {

using values_by_tag = std::map<int, std::vector<std::string_view>>;

values_by_tag values_of(const fix_message& message, const xlator::dictionary* dict,
                        const std::set<int>& ignored) {
    values_by_tag values;
    xlator::wire_walk walk(message.bytes, dict);
    xlator::wire_field field;
    while (walk.next(field)) {
        if (!ignored.contains(field.tag)) {
            values[field.tag].push_back(field.tag == 0 ? field.text : field.value);
        }
    }
    return values;
}

std::string shown(const std::vector<std::string_view>& values, std::size_t at, int tag,
                  const xlator::dictionary* dict) {
    if (at >= values.size()) {
        return "(absent)";
    }
    std::string text;
    append_printable_wire(text, values[at]);
    const std::string_view meaning =
        dict == nullptr ? std::string_view() : xlator::meaning_of(*dict, tag, values[at]);
    return meaning.empty() ? text : text + " (" + std::string(meaning) + ")";
}

}  // namespace

std::string message_diff::key_of(const fix_message& message) const {
    std::string key(value_of(message, 35));
    for (const int tag : options_.by) {
        key += xlator::field_delimiter;
        key += value_of(message, tag);
    }
    return key;
}

std::string message_diff::title_of(const fix_message& message) {
    const xlator::dictionary* const dict = dictionaries_.of(message);
    const std::string_view type = value_of(message, 35);
    const xlator::message_info* const info = dict == nullptr ? nullptr : dict->find_message(type);
    std::string title;
    append_printable(title, info == nullptr ? type : info->name);
    for (const int tag : options_.by) {
        if (const std::string_view value = value_of(message, tag); !value.empty()) {
            title += " " + name_of(tag, dict) + "=";
            append_printable(title, value);
        }
    }
    return title;
}

void message_diff::add(std::string& out, const fix_message& message, bool is_left) {
    waiting& others = is_left ? right_ : left_;
    const std::string key = key_of(message);
    const auto partner = others.find(key);
    if (partner == others.end()) {
        (is_left ? left_ : right_)[key].push_back(message);
        return;
    }
    const fix_message other = std::move(partner->second.front());
    partner->second.pop_front();
    if (partner->second.empty()) {
        others.erase(partner);
    }
    ++pair_count_;
    compare(out, is_left ? message : other, is_left ? other : message);
}

void message_diff::compare(std::string& out, const fix_message& left, const fix_message& right) {
    const xlator::dictionary* const dict = dictionaries_.of(left);
    const values_by_tag before = values_of(left, dict, options_.ignored);
    const values_by_tag after = values_of(right, dictionaries_.of(right), options_.ignored);
    std::set<int> tags;
    for (const values_by_tag* one : {&before, &after}) {
        for (const auto& [tag, values] : *one) {
            tags.insert(tag);
        }
    }
    static const std::vector<std::string_view> none;
    bool is_told = false;
    for (const int tag : tags) {
        const auto in_before = before.find(tag);
        const auto in_after = after.find(tag);
        const auto& here = in_before == before.end() ? none : in_before->second;
        const auto& there = in_after == after.end() ? none : in_after->second;
        for (std::size_t at = 0; at < std::max(here.size(), there.size()); ++at) {
            if (at < here.size() && at < there.size() && here[at] == there[at]) {
                continue;
            }
            if (!is_told) {
                out += title_of(left) + ", lines " + std::to_string(left.line) + " and " +
                       std::to_string(right.line) + "\n";
                is_told = true;
                ++difference_count_;
            }
            const bool is_repeated = here.size() > 1 || there.size() > 1;
            out += "  " + (tag == 0 ? std::string("?") : name_of(tag, dict)) +
                   (is_repeated ? "[" + std::to_string(at + 1) + "]" : "") + ": " +
                   shown(here, at, tag, dict) + " -> " + shown(there, at, tag, dict) + "\n";
        }
    }
}

void message_diff::tell_alone(std::string& out, const waiting& all, char side) {
    std::vector<const fix_message*> alone;
    for (const auto& [key, messages] : all) {
        for (const fix_message& message : messages) {
            alone.push_back(&message);
        }
    }
    std::sort(alone.begin(), alone.end(),
              [](const auto* one, const auto* other) { return one->offset < other->offset; });
    for (const fix_message* message : alone) {
        out += std::string("only in ") + side + ": " + title_of(*message) + ", line " +
               std::to_string(message->line) + "\n";
        ++difference_count_;
    }
}

void message_diff::finish(std::string& out) {
    tell_alone(out, left_, 'A');
    tell_alone(out, right_, 'B');
    left_.clear();
    right_.clear();
}

}  // namespace millrace::tools
