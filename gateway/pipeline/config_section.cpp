#include "gateway/pipeline/config_section.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>

#include "engine/core/assert.hpp"
#include "engine/core/number.hpp"
#include "engine/table/nearest.hpp"

namespace millrace::gateway::detail {

namespace {

struct size_unit {
    std::string_view name;
    std::uint64_t bytes;
};
constexpr std::array<size_unit, 3> size_units = {{
    {"GiB", std::uint64_t{1} << 30},
    {"MiB", std::uint64_t{1} << 20},
    {"KiB", std::uint64_t{1} << 10},
}};

std::string in_quotes(std::string_view text) {
    return "'" + std::string(text) + "'";
}

std::string join(std::span<const std::string_view> names) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const bool is_last = i + 1 == names.size();
        text += (i == 0 ? "" : is_last ? " or " : ", ") + std::string(names[i]);
    }
    return text;
}

bool is_name(std::string_view text) {
    constexpr std::size_t name_size_max = 64;
    const auto is_letter = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    };
    return !text.empty() && text.size() <= name_size_max && is_letter(text[0]) &&
           std::all_of(text.begin(), text.end(),
                       [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

config_file::config_file(const std::filesystem::path& path)
    : name_(path.native()), directory_(path.parent_path()) {}

std::filesystem::path config_file::resolve(const std::filesystem::path& path) const {
    return (directory_ / path).lexically_normal();
}

void config_file::fail(long line, const std::string& reason) const {
    throw engine::config_error(name_, line, reason);
}

void config_file::keep_text(std::string text) const {
    if (std::find(findings_.begin(), findings_.end(), text) == findings_.end()) {
        findings_.push_back(std::move(text));
    }
}

void config_file::keep(long line, const std::string& reason) const {
    keep_text(engine::config_error(name_, line, reason).what());
}

void config_file::finish() const {
    const auto line_of = [&](const std::string& text) {
        return std::strtol(text.c_str() + std::min(text.size(), name_.size() + 1), nullptr, 10);
    };
    std::stable_sort(
        findings_.begin(), findings_.end(),
        [&](const std::string& a, const std::string& b) { return line_of(a) < line_of(b); });
    std::string all;
    for (const std::string& finding : findings_) {
        all += (all.empty() ? "" : "\n") + finding;
    }
    if (!all.empty()) {
        throw engine::config_error(all);
    }
}

std::string suggest(std::string_view word, std::span<const std::string_view> candidates,
                    const std::string& otherwise) {
    const std::string_view nearest = engine::nearest_name(word, candidates);
    return nearest.empty() ? otherwise : "; did you mean " + in_quotes(nearest) + "?";
}

void check_is_table(const config_file& file, const config_node& node, const std::string& title) {
    if (node.kind != node_kind::table) {
        file.fail(node.line, title + " must be a table, not " + std::string(to_phrase(node.kind)));
    }
}

config_section::config_section(const config_file& file, const config_node& node, std::string title,
                               std::initializer_list<std::string_view> known_keys)
    : file_(&file), node_(&node), title_(std::move(title)), known_keys_(known_keys) {
    check_is_table(file, node, title_);
    for (const auto& [key, value] : node.members) {
        if (!is_known(key)) {
            file.keep(value.line, unknown_key(key));
        }
    }
}

bool config_section::is_known(std::string_view key) const {
    return std::find(known_keys_.begin(), known_keys_.end(), key) != known_keys_.end();
}

std::string config_section::unknown_key(std::string_view key) const {
    return "unknown key " + in_quotes(key) +
           suggest(key, known_keys_, ": " + title_ + " takes " + join(known_keys_));
}

const config_node* config_section::find(std::string_view key) const {
    MILLRACE_ASSERT(is_known(key), "a section reads the keys it knows");
    const auto at = std::find_if(node_->members.begin(), node_->members.end(),
                                 [&](const auto& member) { return member.name == key; });
    return at == node_->members.end() ? nullptr : &at->node;
}

long config_section::line_of(std::string_view key) const {
    const config_node* node = find(key);
    return node == nullptr ? line() : node->line;
}

key_lines config_section::lines() const {
    key_lines lines;
    lines.section = line();
    for (const auto& [key, value] : node_->members) {
        lines.keys.emplace_back(key, value.line);
    }
    return lines;
}

void config_section::fail(std::string_view key, const std::string& reason) const {
    for (const auto& [other, value] : node_->members) {
        if (!is_known(other)) {
            file_->fail(value.line, unknown_key(other));
        }
    }
    file_->fail(line_of(key), reason);
}

const config_node& config_section::require(std::string_view key) const {
    const config_node* node = find(key);
    if (node != nullptr) {
        return *node;
    }
    for (const auto& [other, value] : node_->members) {
        if (!is_known(other) && engine::nearest_name(other, known_keys_) == key) {
            file_->fail(value.line, unknown_key(other));  // it is there, but misspelt
        }
    }
    file_->fail(line(), title_ + " has no " + in_quotes(key) + ", which it needs");
}

const config_node& config_section::of_kind(std::string_view key, const config_node& node,
                                           node_kind kind) const {
    if (node.kind != kind) {
        file_->fail(node.line, in_quotes(key) + " must be " + std::string(to_phrase(kind)) +
                                   ", not " + std::string(to_phrase(node.kind)));
    }
    return node;
}

std::string config_section::text(std::string_view key) const {
    const config_node& node = of_kind(key, require(key), node_kind::text);
    if (node.text.empty()) {
        file_->fail(node.line, in_quotes(key) + " must not be empty");
    }
    return node.text;
}

std::string config_section::text_or(std::string_view key, std::string_view otherwise) const {
    return has(key) ? text(key) : std::string(otherwise);
}

std::string config_section::name(std::string_view key) const {
    std::string name = text(key);
    if (!is_name(name)) {
        fail(key,
             in_quotes(name) +
                 " is no name: 1 to 64 letters, digits, _ and -, beginning with a letter or _");
    }
    return name;
}

std::int64_t config_section::integer_or(std::string_view key, std::int64_t otherwise,
                                        std::int64_t least, std::int64_t most) const {
    const config_node* node = find(key);
    if (node == nullptr) {
        return otherwise;
    }
    const std::int64_t value = of_kind(key, *node, node_kind::integer).integer;
    if (value < least || value > most) {
        file_->fail(node->line, in_quotes(key) + " is " + std::to_string(value) + "; expected " +
                                    std::to_string(least) + " to " + std::to_string(most));
    }
    return value;
}

bool config_section::boolean_or(std::string_view key, bool otherwise) const {
    const config_node* node = find(key);
    return node == nullptr ? otherwise : of_kind(key, *node, node_kind::boolean).boolean;
}

std::size_t config_section::bytes_or(std::string_view key, std::size_t otherwise, std::size_t least,
                                     std::size_t most) const {
    const config_node* node = find(key);
    if (node == nullptr) {
        return otherwise;
    }
    std::uint64_t bytes = 0;
    if (node->kind == node_kind::text) {
        if (!parse_size(node->text, bytes)) {
            file_->fail(node->line, in_quotes(key) + ": " + in_quotes(node->text) +
                                        " is no size; expected bytes, or \"64KiB\", \"16MiB\", "
                                        "\"1GiB\"");
        }
    } else if (node->kind == node_kind::integer) {
        bytes = node->integer < 0 ? 0 : static_cast<std::uint64_t>(node->integer);
    } else {
        file_->fail(node->line, in_quotes(key) + " must be a size in bytes, not " +
                                    std::string(to_phrase(node->kind)));
    }
    if (bytes < least || bytes > most) {
        const std::string given =
            node->kind == node_kind::text ? node->text : std::to_string(node->integer);
        file_->fail(node->line, in_quotes(key) + " is " + given + "; expected " + size_text(least) +
                                    " to " + size_text(most));
    }
    return static_cast<std::size_t>(bytes);
}

std::vector<std::string> config_section::texts(std::string_view key) const {
    std::vector<std::string> texts;
    const config_node* node = find(key);
    if (node == nullptr) {
        return texts;
    }
    for (const config_node& element : of_kind(key, *node, node_kind::array).elements) {
        if (element.kind != node_kind::text || element.text.empty()) {
            file_->fail(element.line, in_quotes(key) + " must be a list of texts in quotes");
        }
        texts.push_back(element.text);
    }
    return texts;
}

std::size_t config_section::choice(std::string_view key, std::size_t otherwise,
                                   std::initializer_list<std::string_view> names) const {
    const config_node* node = find(key);
    if (node == nullptr) {
        return otherwise;
    }
    const std::string& text = of_kind(key, *node, node_kind::text).text;
    const auto* at = std::find(names.begin(), names.end(), text);
    if (at == names.end()) {
        file_->fail(node->line, in_quotes(key) + " is " + in_quotes(text) + "; expected " +
                                    join({names.begin(), names.size()}));
    }
    return static_cast<std::size_t>(at - names.begin());
}

std::vector<const config_node*> config_section::tables(std::string_view key,
                                                       std::string_view header) const {
    std::vector<const config_node*> tables;
    const config_node* node = find(key);
    if (node == nullptr) {
        return tables;
    }
    const bool is_list =
        node->kind == node_kind::array &&
        std::all_of(node->elements.begin(), node->elements.end(),
                    [](const config_node& one) { return one.kind == node_kind::table; });
    if (!is_list) {
        file_->fail(node->line, in_quotes(key) + " must be a list of sections; begin each with " +
                                    std::string(header));
    }
    for (const config_node& element : node->elements) {
        tables.push_back(&element);
    }
    return tables;
}

bool parse_size(std::string_view text, std::uint64_t& bytes) noexcept {
    std::uint64_t unit = 1;
    for (const size_unit& one : size_units) {
        if (text.ends_with(one.name)) {
            text.remove_suffix(one.name.size());
            unit = one.bytes;
            break;
        }
    }
    while (unit > 1 && text.ends_with(' ')) {
        text.remove_suffix(1);
    }
    std::uint64_t count = 0;
    if (!engine::parse_number(text, count) ||
        count > std::numeric_limits<std::uint64_t>::max() / unit) {
        return false;
    }
    bytes = count * unit;
    return true;
}

std::string size_text(std::uint64_t bytes) {
    for (const size_unit& one : size_units) {
        if (bytes >= one.bytes && bytes % one.bytes == 0) {
            return std::to_string(bytes / one.bytes) + std::string(one.name);
        }
    }
    return std::to_string(bytes) + " bytes";
}

}  // namespace millrace::gateway::detail
