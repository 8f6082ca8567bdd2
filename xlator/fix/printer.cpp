#include "xlator/fix/printer.hpp"

#include <algorithm>

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

// The field at the start of bytes. data_size is the length a length field announced for the next
// one.
wire_field next_field(std::string_view bytes, std::size_t data_size) noexcept {
    wire_field result;
    const std::size_t soh = bytes.find(field_delimiter);
    const std::size_t equals = bytes.substr(0, soh).find('=');
    std::uint64_t tag = 0;
    if (equals == std::string_view::npos || !parse_unsigned(bytes.substr(0, equals), tag) ||
        tag > INT32_MAX) {
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

void append_field(std::string& out, const wire_field& field, const dictionary* dict,
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
    const std::string_view meaning = meaning_of(dict, field.tag, field.value);
    if (!meaning.empty()) {
        out += '(';
        out += meaning;
        out += ')';
    }
}

}  // namespace

bool wire_walk::next(wire_field& field) noexcept {
    if (rest_.empty()) {
        return false;
    }
    field = next_field(rest_, 0);
    if (data_tag_ != 0 && field.tag == data_tag_) {
        field = next_field(rest_, data_size_);
    }
    rest_.remove_prefix(std::min(rest_.size(), field.text.size() + 1));  // the delimiter too
    data_tag_ = 0;
    const field_info* info =
        dict_ != nullptr && field.tag != 0 ? dict_->find_field(field.tag) : nullptr;
    std::uint64_t size = 0;
    if (info != nullptr && info->data_tag != 0 && parse_unsigned(field.value, size) &&
        size <= rest_.size()) {
        data_tag_ = info->data_tag;
        data_size_ = static_cast<std::size_t>(size);
    }
    return true;
}

std::string_view meaning_of(const dictionary* dict, int tag, std::string_view value) {
    if (dict == nullptr) {
        return {};
    }
    const message_info* const message = tag == 35 ? dict->find_message(value) : nullptr;
    return message != nullptr ? message->name : dict->value_name(tag, value);
}

std::string print(std::string_view bytes, const dictionary* dict, const print_options& options) {
    std::string out;
    wire_walk walk(bytes, dict);
    wire_field field;
    while (walk.next(field)) {
        append_field(out, field, dict, options.with_names);
        if (field.text.data() + field.text.size() != bytes.data() + bytes.size()) {
            out += options.separator;
        }
    }
    return out;
}

}  // namespace millrace::xlator
