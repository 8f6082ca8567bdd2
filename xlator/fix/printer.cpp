#include "xlator/fix/printer.hpp"

#include "xlator/fix/byte_sum.hpp"

namespace millrace::xlator {

namespace {

void append_escaped(std::string& out, std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) {
            out += "\\x";
            out += hex[byte >> 4];
            out += hex[byte & 15];
        } else {
            out += c;
        }
    }
}

struct raw_field {
    int tag = 0;  // 0: no tag
    std::string_view text;
    std::string_view value;
};

// The field at the start of bytes. data_size is the length a length field announced for the next
// one.
raw_field next_field(std::string_view bytes, std::size_t data_size) {
    raw_field result;
    const std::size_t equals = bytes.find('=');
    const std::size_t soh = bytes.find(field_delimiter);
    std::uint64_t tag = 0;
    if (equals == std::string_view::npos || equals > soh ||
        !parse_unsigned(bytes.substr(0, equals), tag) || tag > INT32_MAX) {
        result.text = bytes.substr(0, soh);
        return result;
    }
    result.tag = static_cast<int>(tag);
    std::size_t end = soh == std::string_view::npos ? bytes.size() : soh;
    const std::size_t data_end = equals + 1 + data_size;
    if (data_size != 0 && data_end < bytes.size() && bytes[data_end] == field_delimiter) {
        end = data_end;
    }
    result.text = bytes.substr(0, end);
    result.value = result.text.substr(equals + 1);
    return result;
}

void append_field(std::string& out, const raw_field& field, const dictionary* dict,
                  bool with_names) {
    const field_info* info =
        with_names && dict != nullptr && field.tag != 0 ? dict->find_field(field.tag) : nullptr;
    if (info == nullptr) {
        append_escaped(out, field.text);
        return;
    }
    out += info->name;
    out += '(' + std::to_string(field.tag) + ")=";
    append_escaped(out, field.value);
    const std::string_view meaning = field.tag == 35 && dict->find_message(field.value) != nullptr
                                         ? dict->find_message(field.value)->name
                                         : dict->value_name(field.tag, field.value);
    if (!meaning.empty()) {
        out += '(';
        out += meaning;
        out += ')';
    }
}

}  // namespace

std::string print(std::string_view bytes, const dictionary* dict, const print_options& options) {
    std::string out;
    int data_tag = 0;
    std::size_t data_size = 0;
    while (!bytes.empty()) {
        const std::size_t equals = bytes.find('=');
        const bool is_announced =
            data_tag != 0 && bytes.substr(0, equals) == std::to_string(data_tag);
        const raw_field field = next_field(bytes, is_announced ? data_size : 0);
        append_field(out, field, dict, options.with_names);
        bytes.remove_prefix(field.text.size());
        if (!bytes.empty()) {
            bytes.remove_prefix(1);  // the delimiter
            out += options.separator;
        }
        data_tag = 0;
        const field_info* info =
            dict != nullptr && field.tag != 0 ? dict->find_field(field.tag) : nullptr;
        std::uint64_t size = 0;
        if (info != nullptr && info->data_tag != 0 && parse_unsigned(field.value, size) &&
            size <= bytes.size()) {
            data_tag = info->data_tag;
            data_size = static_cast<std::size_t>(size);
        }
    }
    return out;
}

}  // namespace millrace::xlator
