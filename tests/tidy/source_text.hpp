// A file of the repository as tidy reads it: whole, without comments and literals, and comments
// alone.
//
// Invariant  code and comments have the length and the line breaks of text; what does not belong is
// spaces
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::tidy {

struct source_file {
    std::string path;  // from the repository root
    std::string text;
    std::string code;
    std::string comments;

    source_file(std::string file_path, std::string file_text);

    [[nodiscard]] bool is_cpp() const;
    [[nodiscard]] bool is_header() const { return path.ends_with(".hpp") || path.ends_with(".h"); }
    [[nodiscard]] bool is_below(std::string_view folder) const;  // "engine/log"; not "engine/lo"
    [[nodiscard]] bool is_below_any(const std::vector<std::string_view>& folders) const;
};

[[nodiscard]] bool is_below(std::string_view path, std::string_view folder);
[[nodiscard]] std::vector<std::string_view> lines_of(std::string_view text);
[[nodiscard]] std::size_t line_at(std::string_view text, std::size_t offset);  // from 1

// Offset of `word` at or behind `from`, not inside a longer identifier; npos if there is none.
[[nodiscard]] std::size_t find_word(std::string_view text, std::string_view word,
                                    std::size_t from = 0);
// Offset of the bracket that closes the one at `open`; npos if there is none.
[[nodiscard]] std::size_t closing_bracket(std::string_view text, std::size_t open);

struct include_line {
    std::size_t line = 0;
    std::string path;
    bool is_quoted = false;
};
[[nodiscard]] std::vector<include_line> includes_of(const source_file& file);

struct function_span {
    std::size_t first_line = 0;
    std::size_t line_count = 0;
};
// Outermost function bodies, by brackets: good enough for code that clang-format has laid out.
[[nodiscard]] std::vector<function_span> functions_of(const source_file& file);

// Tracked and new files, as git sees them; without git, all files but build trees and hidden
// folders.
[[nodiscard]] std::vector<source_file> read_tree(const std::string& root);

}  // namespace millrace::tidy
