// One section of a configuration file: typed values by key, each with its line, and no key that is
// not known.
//
// Threading  set-up only
// Errors     every member throws engine::config_error "file:line: reason"
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/pipeline/config.hpp"
#include "gateway/pipeline/config_tree.hpp"

namespace millrace::gateway::detail {

// Where messages point to.
class config_file {
public:
    explicit config_file(const std::filesystem::path& path);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    // Relative paths begin at the configuration file's directory.
    [[nodiscard]] std::filesystem::path resolve(const std::filesystem::path& path) const;
    [[noreturn]] void fail(long line, const std::string& reason) const;
    // Runs the call; what it throws as a config_error without a place gets this one.
    template <class Call>
    auto at(long line, Call call) const;

    // What is wrong is kept, so that reading goes on and finds what else is; finish() throws it
    // all, once each and in the order of the file.
    void keep(long line, const std::string& reason) const;
    // Runs the call, and keeps the config_error it throws.
    template <class Call>
    void collect(Call call) const;
    // Runs the call for each; goes on behind one that throws, and throws when all had their turn.
    template <class Range, class Call>
    void each(const Range& range, Call call) const;
    void finish() const;

private:
    void keep_text(std::string text) const;

    std::string name_;
    std::filesystem::path directory_;
    mutable std::vector<std::string> findings_;  // of a reading; every reader holds a const file
};

// "; did you mean 'table'?", or what `otherwise` says.
[[nodiscard]] std::string suggest(std::string_view word,
                                  std::span<const std::string_view> candidates,
                                  const std::string& otherwise);

class config_section {
public:
    // `title` as the user writes it: "[[stream]]". Keeps unknown keys as findings of the file; a
    // key that is missing because it is misspelt is that one finding. REQUIRES: file and node
    // outlive this.
    config_section(const config_file& file, const config_node& node, std::string title,
                   std::initializer_list<std::string_view> known_keys);

    [[nodiscard]] const config_file& file() const noexcept { return *file_; }
    [[nodiscard]] long line() const noexcept { return node_->line; }
    [[nodiscard]] long line_of(std::string_view key) const;
    [[nodiscard]] key_lines lines() const;
    // About the section as a whole. What a section with an unknown key says besides is guesswork,
    // so that key is the reason then.
    [[noreturn]] void fail(std::string_view key, const std::string& reason) const;

    [[nodiscard]] const config_node* find(std::string_view key) const;
    [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
    [[nodiscard]] const config_node& require(std::string_view key) const;

    // Required and not empty.
    [[nodiscard]] std::string text(std::string_view key) const;
    [[nodiscard]] std::string text_or(std::string_view key, std::string_view otherwise) const;
    // Required: letters, digits, _ and -.
    [[nodiscard]] std::string name(std::string_view key) const;
    [[nodiscard]] std::int64_t integer_or(std::string_view key, std::int64_t otherwise,
                                          std::int64_t least, std::int64_t most) const;
    [[nodiscard]] bool boolean_or(std::string_view key, bool otherwise) const;
    // 65536 or "64KiB".
    [[nodiscard]] std::size_t bytes_or(std::string_view key, std::size_t otherwise,
                                       std::size_t least, std::size_t most) const;
    [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
    [[nodiscard]] std::size_t choice(std::string_view key, std::size_t otherwise,
                                     std::initializer_list<std::string_view> names) const;
    // None, one or more; `header` as the user writes it: "[[client.route]]".
    [[nodiscard]] std::vector<const config_node*> tables(std::string_view key,
                                                         std::string_view header) const;

private:
    [[nodiscard]] bool is_known(std::string_view key) const;
    [[nodiscard]] std::string unknown_key(std::string_view key) const;
    const config_node& of_kind(std::string_view key, const config_node& node, node_kind kind) const;

    const config_file* file_;
    const config_node* node_;
    std::string title_;
    std::vector<std::string_view> known_keys_;
};

// Refuses a node that is no table.
void check_is_table(const config_file& file, const config_node& node, const std::string& title);

// "16MiB", "64KiB", "1GiB" or plain digits; false: not such a text, or beyond 64 bits.
[[nodiscard]] bool parse_size(std::string_view text, std::uint64_t& bytes) noexcept;
[[nodiscard]] std::string size_text(std::uint64_t bytes);

}  // namespace millrace::gateway::detail

#include "engine/core/error.hpp"

template <class Call>
auto millrace::gateway::detail::config_file::at(long line, Call call) const {
    try {
        return call();
    } catch (const engine::config_error& failure) {
        fail(line, failure.what());
    }
}

template <class Call>
void millrace::gateway::detail::config_file::collect(Call call) const {
    try {
        call();
    } catch (const engine::config_error& failure) {
        keep_text(failure.what());
    }
}

template <class Range, class Call>
void millrace::gateway::detail::config_file::each(const Range& range, Call call) const {
    std::string last;
    for (const auto& one : range) {
        try {
            call(one);
        } catch (const engine::config_error& failure) {
            last = failure.what();
            keep_text(last);
        }
    }
    if (!last.empty()) {
        throw engine::config_error(last);
    }
}
