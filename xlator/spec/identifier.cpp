#include "xlator/spec/identifier.hpp"

#include <cctype>
#include <set>

namespace millrace::xlator::spec {

namespace {

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_digit_char(char c) {
    return c >= '0' && c <= '9';
}

// Keywords of C++20, and the members that every declared field has.
const std::set<std::string_view>& taken_words() {
    static const std::set<std::string_view> words = {
        "alignas",       "alignof",     "and",
        "and_eq",        "asm",         "auto",
        "bitand",        "bitor",       "bool",
        "break",         "case",        "catch",
        "char",          "char8_t",     "char16_t",
        "char32_t",      "class",       "compl",
        "concept",       "const",       "consteval",
        "constexpr",     "constinit",   "const_cast",
        "continue",      "co_await",    "co_return",
        "co_yield",      "decltype",    "default",
        "delete",        "do",          "double",
        "dynamic_cast",  "else",        "enum",
        "explicit",      "export",      "extern",
        "false",         "float",       "for",
        "friend",        "goto",        "if",
        "inline",        "int",         "long",
        "mutable",       "namespace",   "new",
        "noexcept",      "not",         "not_eq",
        "nullptr",       "operator",    "or",
        "or_eq",         "private",     "protected",
        "public",        "register",    "reinterpret_cast",
        "requires",      "return",      "short",
        "signed",        "sizeof",      "static",
        "static_assert", "static_cast", "struct",
        "switch",        "template",    "this",
        "thread_local",  "throw",       "true",
        "try",           "typedef",     "typeid",
        "typename",      "union",       "unsigned",
        "using",         "virtual",     "void",
        "volatile",      "wchar_t",     "while",
        "xor",           "xor_eq",      "tag",
        "type",          "form",        "name",
        "values",        "value_type",  "length_tag",
        "data_tag",      "linux",       "unix"};
    return words;
}

}  // namespace

bool is_identifier(std::string_view text) {
    if (text.empty() || is_digit_char(text.front())) {
        return false;
    }
    for (const char c : text) {
        if (!is_lower(c) && !is_upper(c) && !is_digit_char(c) && c != '_') {
            return false;
        }
    }
    return taken_words().count(text) == 0;
}

bool is_number(std::string_view text) {
    if (text.starts_with('-')) {
        text.remove_prefix(1);
    }
    if (text.empty() || text.size() > 18 || (text.front() == '0' && text.size() > 1)) {
        return false;
    }
    for (const char c : text) {
        if (!is_digit_char(c)) {
            return false;
        }
    }
    return true;
}

std::string enumerator(std::string_view description) {
    std::string result;
    char before = '_';
    for (const char c : description) {
        char next = '_';
        if (is_upper(c)) {
            if (is_lower(before)) {
                result += '_';
            }
            next = static_cast<char>(c - 'A' + 'a');
        } else if (is_lower(c) || is_digit_char(c)) {
            next = c;
        }
        if (next != '_' || (!result.empty() && result.back() != '_')) {
            result += next;
        }
        before = c;
    }
    while (!result.empty() && result.back() == '_') {
        result.pop_back();
    }
    if (result.empty() || is_digit_char(result.front())) {
        result = "value_" + result;
    }
    if (taken_words().count(result) != 0) {
        result += '_';
    }
    return result;
}

std::string_view plain_name(std::string_view enumerator) {
    return enumerator.ends_with('_') ? enumerator.substr(0, enumerator.size() - 1) : enumerator;
}

}  // namespace millrace::xlator::spec
