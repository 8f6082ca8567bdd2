#include "tools/fix/message_diff.hpp"

#include <algorithm>
#include <cstdlib>

#include "tools/fix/message_printer.hpp"
#include "tools/text/escape.hpp"
#include "xlator/fix/byte_sum.hpp"
#include "xlator/fix/printer.hpp"

namespace millrace::tools {

namespace {

struct one_value {
    int tag = 0;
    std::string_view value;
};
// By place, in the order of tags: a party's role is compared with the role of the same party.
struct by_place {
    [[nodiscard]] bool operator()(const std::string& left, const std::string& right) const {
        const long left_tag = std::strtol(left.c_str(), nullptr, 10);
        const long right_tag = std::strtol(right.c_str(), nullptr, 10);
        return left_tag != right_tag ? left_tag < right_tag : left < right;
    }
};
using values_by_place = std::map<std::string, one_value, by_place>;

values_by_place values_of(const std::vector<placed_field>& fields, const std::set<int>& ignored) {
    values_by_place values;
    for (const placed_field& field : fields) {
        if (!ignored.contains(field.tag)) {
            values[field.place] = {field.tag, field.tag == 0 ? field.text : field.value};
        }
    }
    return values;
}

std::string shown(const one_value* value, const xlator::dictionary* dict) {
    if (value == nullptr) {
        return "(absent)";
    }
    std::string text;
    append_printable_wire(text, value->value);
    const std::string_view meaning = xlator::meaning_of(dict, value->tag, value->value);
    return meaning.empty() ? text : text + " (" + std::string(meaning) + ")";
}

void append_json_side(std::string& out, const char* side, const one_value* value,
                      const xlator::dictionary* dict) {
    if (value == nullptr) {
        return;
    }
    out += std::string(",\"") + side + "\":{";
    if (value->tag == 0) {
        out += "\"text\":";
        append_json_bytes(out, value->value);
    } else {
        append_json_value(out, value->tag, value->value, dict);
    }
    out += '}';
}

void append_json_field(std::string& out, const std::string& place, const one_value* left,
                       const one_value* right, const xlator::dictionary* dict) {
    out += "{\"place\":";
    append_json_text(out, place);
    if (const int tag = left != nullptr ? left->tag : right->tag; tag != 0) {
        out += ',';
        append_json_tag(out, tag, dict);
    }
    append_json_side(out, "a", left, dict);
    append_json_side(out, "b", right, dict);
    out += '}';
}

// "a":{"line":1,"offset":0}
void append_json_position(std::string& out, bool is_left, const fix_message& message) {
    out += std::string("\"") + (is_left ? 'a' : 'b') +
           "\":{\"line\":" + std::to_string(message.line) +
           ",\"offset\":" + std::to_string(message.offset) + "}";
}

// "PartyRole(452) in 453[2]"
std::string place_text(const std::string& place, int tag, const xlator::dictionary* dict) {
    const std::size_t dot = place.rfind('.');
    const std::size_t bracket = place.find('[', dot == std::string::npos ? 0 : dot);
    std::string text = tag == 0 ? std::string("?") : name_of(tag, dict);
    text += bracket == std::string::npos ? std::string() : place.substr(bracket);
    return dot == std::string::npos ? text : text + " in " + place.substr(0, dot);
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
    const xlator::message_info* const info = info_of(message, dict);
    std::string title;
    append_printable(title, info == nullptr ? value_of(message, 35) : info->name);
    for (const int tag : options_.by) {
        if (const std::string_view value = value_of(message, tag); !value.empty()) {
            title += " " + name_of(tag, dict) + "=";
            append_printable(title, value);
        }
    }
    return title;
}

// Its type and the fields that pair it.
void message_diff::append_json_key(std::string& out, const fix_message& message) {
    const xlator::dictionary* const dict = dictionaries_.of(message);
    out += ',';
    append_json_type(out, message, dict);
    out += ",\"by\":[";
    bool is_first = true;
    for (const int tag : options_.by) {
        if (const std::string_view value = value_of(message, tag); !value.empty()) {
            out += is_first ? "{" : ",{";
            is_first = false;
            append_json_tag(out, tag, dict);
            out += ',';
            append_json_value(out, tag, value, dict);
            out += '}';
        }
    }
    out += ']';
}

void message_diff::add(std::string& out, const fix_message& message, bool is_left) {
    waiting& others = is_left ? right_ : left_;
    const std::string key = key_of(message);
    const auto partner = others.find(key);
    if (partner == others.end()) {
        if (is_left ? has_right_ended_ : has_left_ended_) {
            tell_alone(out, message, is_left);
        } else {
            (is_left ? left_ : right_)[key].push_back(message);
        }
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
    const std::vector<placed_field> left_fields = left_fields_.of(left, dict);
    const std::vector<placed_field> right_fields = right_fields_.of(right, dictionaries_.of(right));
    const values_by_place before = values_of(left_fields, options_.ignored);
    const values_by_place after = values_of(right_fields, options_.ignored);
    std::set<std::string, by_place> places;
    for (const values_by_place* one : {&before, &after}) {
        for (const auto& [place, value] : *one) {
            places.insert(place);
        }
    }
    std::string found;
    for (const std::string& place : places) {
        const auto in_before = before.find(place);
        const auto in_after = after.find(place);
        const one_value* const here = in_before == before.end() ? nullptr : &in_before->second;
        const one_value* const there = in_after == after.end() ? nullptr : &in_after->second;
        if (here == nullptr || there == nullptr || here->value != there->value) {
            if (options_.is_json) {
                found += found.empty() ? "" : ",";
                append_json_field(found, place, here, there, dict);
                continue;
            }
            const int tag = here != nullptr ? here->tag : there->tag;
            found += "  " + place_text(place, tag, dict) + ": " + shown(here, dict) + " -> " +
                     shown(there, dict) + "\n";
        }
    }
    if (found.empty()) {
        return;
    }
    ++difference_count_;
    if (options_.is_json) {
        out += '{';
        append_json_position(out, true, left);
        out += ',';
        append_json_position(out, false, right);
        append_json_key(out, left);
        out += ",\"fields\":[" + found + "]}\n";
    } else {
        out += title_of(left) + ", lines " + std::to_string(left.line) + " and " +
               std::to_string(right.line) + "\n" + found;
    }
}

void message_diff::tell_alone(std::string& out, const fix_message& message, bool is_left) {
    ++difference_count_;
    if (options_.is_json) {
        out += '{';
        append_json_position(out, is_left, message);
        append_json_key(out, message);
        out += "}\n";
        return;
    }
    out += std::string("only in ") + (is_left ? 'A' : 'B') + ": " + title_of(message) + ", line " +
           std::to_string(message.line) + "\n";
}

void message_diff::end(std::string& out, bool is_left) {
    (is_left ? has_left_ended_ : has_right_ended_) = true;
    waiting& others = is_left ? right_ : left_;
    std::vector<const fix_message*> alone;
    for (const auto& [key, messages] : others) {
        for (const fix_message& message : messages) {
            alone.push_back(&message);
        }
    }
    std::sort(alone.begin(), alone.end(),
              [](const auto* one, const auto* other) { return one->offset < other->offset; });
    for (const fix_message* message : alone) {
        tell_alone(out, *message, !is_left);
    }
    others.clear();
}

}  // namespace millrace::tools
