#include "tools/fix/message_printer.hpp"

#include <algorithm>
#include <cstdio>

#include "tools/text/escape.hpp"
#include "xlator/fix/byte_sum.hpp"
#include "xlator/fix/printer.hpp"

namespace millrace::tools {

namespace {

constexpr std::string_view colour_name = "\x1b[36m";
constexpr std::string_view colour_type = "\x1b[1m";
constexpr std::string_view colour_meaning = "\x1b[32m";
constexpr std::string_view colour_aside = "\x1b[2m";
constexpr std::string_view colour_end = "\x1b[0m";
constexpr int tag_msg_type = 35;
constexpr std::size_t indent_width = 2;

}  // namespace

std::string name_of(int tag, const xlator::dictionary* dict) {
    const xlator::field_info* const info = dict == nullptr ? nullptr : dict->find_field(tag);
    return info == nullptr ? std::to_string(tag)
                           : std::string(info->name) + "(" + std::to_string(tag) + ")";
}

void append_json_tag(std::string& out, int tag, const xlator::dictionary* dict) {
    out += "\"tag\":" + std::to_string(tag);
    if (const xlator::field_info* info = dict == nullptr ? nullptr : dict->find_field(tag)) {
        out += ",\"name\":";
        append_json_text(out, info->name);
    }
}

void append_json_value(std::string& out, int tag, std::string_view value,
                       const xlator::dictionary* dict) {
    out += "\"value\":";
    append_json_bytes(out, value);
    const std::string_view meaning = xlator::meaning_of(dict, tag, value);
    if (!meaning.empty()) {
        out += ",\"meaning\":";
        append_json_text(out, meaning);
    }
}

void append_json_type(std::string& out, const fix_message& message,
                      const xlator::dictionary* dict) {
    out += "\"msg_type\":";
    append_json_bytes(out, value_of(message, tag_msg_type));
    if (const xlator::message_info* const info = info_of(message, dict)) {
        out += ",\"message\":";
        append_json_text(out, info->name);
    }
}

std::string seconds_text(std::int64_t ns) {
    const std::int64_t size = ns < 0 ? -ns : ns;
    char text[40];
    std::snprintf(text, sizeof text, "%c%lld.%09lld", ns < 0 ? '-' : '+',
                  static_cast<long long>(size / 1'000'000'000),
                  static_cast<long long>(size % 1'000'000'000));
    return text;
}

void message_printer::append_coloured(std::string& out, std::string_view colour,
                                      std::string_view text) const {
    out += options_.has_colour ? colour : std::string_view();
    out += text;
    out += options_.has_colour ? colour_end : std::string_view();
}

// "1 (buy)"
void message_printer::append_value(std::string& out, const placed_field& field,
                                   const xlator::dictionary* dict) const {
    std::string value;
    append_printable_wire(value, field.value);
    out += value;
    const std::string_view meaning = xlator::meaning_of(dict, field.tag, field.value);
    if (!meaning.empty()) {
        append_coloured(out, field.tag == tag_msg_type ? colour_type : colour_meaning,
                        " (" + std::string(meaning) + ")");
    }
}

void message_printer::append_line(std::string& out, const std::vector<placed_field>& fields,
                                  const xlator::dictionary* dict) const {
    bool is_first = true;
    for (const placed_field& field : fields) {
        if (!is_first) {
            out += options_.separator;
        }
        is_first = false;
        if (field.tag == 0) {
            append_printable_wire(out, field.text);
            continue;
        }
        append_coloured(out, colour_name, name_of(field.tag, dict));
        out += '=';
        append_value(out, field, dict);
    }
    out += '\n';
}

void message_printer::append_fields(std::string& out, const std::vector<placed_field>& fields,
                                    const xlator::dictionary* dict) const {
    std::size_t width = 0;
    for (const placed_field& field : fields) {
        width = std::max(width, field.level * indent_width + name_of(field.tag, dict).size());
    }
    for (const placed_field& field : fields) {
        const std::string name = field.tag == 0 ? std::string("?") : name_of(field.tag, dict);
        const std::size_t indent = field.level * indent_width;
        out.append(indent_width + indent, ' ');
        append_coloured(out, colour_name, name);
        out.append(width - indent - name.size() + 2, ' ');
        if (field.tag == 0) {
            append_printable_wire(out, field.text);
        } else {
            append_value(out, field, dict);
        }
        out += '\n';
    }
    out += '\n';
}

void message_printer::append_json(std::string& out, const fix_message& message,
                                  const std::vector<placed_field>& fields,
                                  const xlator::dictionary* dict,
                                  std::optional<std::int64_t> since_last_ns) const {
    out += "{\"line\":" + std::to_string(message.line) +
           ",\"offset\":" + std::to_string(message.offset);
    if (!message.prefix.empty()) {
        out += ",\"prefix\":";
        append_json_text(out, message.prefix);
    }
    out += message.is_whole ? ",\"whole\":true" : ",\"whole\":false";
    if (since_last_ns) {
        out += ",\"since_last_ns\":" + std::to_string(*since_last_ns);
    }
    out += ",\"fields\":[";
    bool is_first = true;
    for (const placed_field& field : fields) {
        out += is_first ? "{" : ",{";
        is_first = false;
        if (field.tag == 0) {
            out += "\"text\":";
            append_json_bytes(out, field.text);
            out += '}';
            continue;
        }
        append_json_tag(out, field.tag, dict);
        out += ',';
        append_json_value(out, field.tag, field.value, dict);
        if (field.level > 0) {
            out += ",\"level\":" + std::to_string(field.level);
        }
        out += '}';
    }
    out += "]}\n";
}

void message_printer::append(std::string& out, const fix_message& message,
                             const xlator::dictionary* dict,
                             std::optional<std::int64_t> since_last_ns) {
    if (options_.format == fix_format::raw) {
        std::string bytes = message.bytes;
        std::replace(bytes.begin(), bytes.end(), xlator::field_delimiter, options_.separator);
        out += bytes + "\n";
        return;
    }
    const std::vector<placed_field> fields = fields_.of(message, dict);
    if (options_.format == fix_format::json) {
        append_json(out, message, fields, dict, since_last_ns);
        return;
    }
    std::string before;
    append_printable(before, message.prefix);
    before += before.empty() ? "" : "  ";
    before += since_last_ns ? seconds_text(*since_last_ns) + " s  " : "";
    before += message.is_whole ? "" : "[cut short] ";
    append_coloured(out, colour_aside, before);
    if (options_.format == fix_format::line) {
        append_line(out, fields, dict);
        return;
    }
    const xlator::message_info* const info = info_of(message, dict);
    std::string title = info == nullptr ? std::string() : std::string(info->name) + ", ";
    title += "line " + std::to_string(message.line) + ", offset " + std::to_string(message.offset);
    append_coloured(out, colour_type, title);
    out += '\n';
    append_fields(out, fields, dict);
}

}  // namespace millrace::tools
