#include "tests/tidy/source_text.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace millrace::tidy {

namespace {

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool starts_at(std::string_view text, std::size_t offset, std::string_view what) {
    return text.substr(offset, what.size()) == what;
}

// The offset behind the literal that begins at `begin`; quotes escaped by a backslash do not end
// it.
std::size_t literal_end(std::string_view text, std::size_t begin) {
    const char quote = text[begin];
    for (std::size_t at = begin + 1; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == quote || text[at] == '\n') {
            return at + 1;
        }
    }
    return text.size();
}

// The same for R"name( ... )name"; `quote` is the offset of its first quote.
std::size_t raw_literal_end(std::string_view text, std::size_t quote) {
    const std::size_t open = text.find('(', quote);
    if (open == std::string_view::npos) {
        return text.size();
    }
    const std::string close = ")" + std::string(text.substr(quote + 1, open - quote - 1)) + "\"";
    const std::size_t end = text.find(close, open);
    return end == std::string_view::npos ? text.size() : end + close.size();
}

bool is_digit_separator(std::string_view text, std::size_t at) {
    return at > 0 && at + 1 < text.size() &&
           std::isxdigit(static_cast<unsigned char>(text[at - 1])) != 0 &&
           std::isxdigit(static_cast<unsigned char>(text[at + 1])) != 0;
}

enum class piece_kind { code, comment, literal };

struct piece {
    piece_kind kind = piece_kind::code;
    std::size_t end = 0;
};

piece piece_at(std::string_view text, std::size_t at) {
    const auto or_end = [&](std::size_t found, std::size_t extra) {
        return found == std::string_view::npos ? text.size() : found + extra;
    };
    if (starts_at(text, at, "//")) {
        return {piece_kind::comment, or_end(text.find('\n', at), 0)};
    }
    if (starts_at(text, at, "/*")) {
        return {piece_kind::comment, or_end(text.find("*/", at + 2), 2)};
    }
    if (starts_at(text, at, "R\"") && (at == 0 || !is_word(text[at - 1]))) {
        return {piece_kind::literal, raw_literal_end(text, at + 1)};
    }
    if (text[at] == '"' || (text[at] == '\'' && !is_digit_separator(text, at))) {
        return {piece_kind::literal, literal_end(text, at)};
    }
    return {piece_kind::code, at + 1};
}

void blank(std::string& text, std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at < end; ++at) {
        if (text[at] != '\n') {
            text[at] = ' ';
        }
    }
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        throw std::runtime_error("cannot read " + path.string());
    }
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> paths_from_git(const std::string& root) {
    const std::string command =
        "git -C '" + root + "' ls-files --cached --others --exclude-standard 2>/dev/null";
    std::vector<std::string> paths;
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) {
        return paths;
    }
    std::string line;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
        if (c == '\n') {
            paths.push_back(line);
            line.clear();
        } else {
            line.push_back(static_cast<char>(c));
        }
    }
    if (::pclose(pipe) != 0) {
        paths.clear();
    }
    return paths;
}

std::vector<std::string> paths_from_walk(const std::string& root) {
    std::vector<std::string> paths;
    std::filesystem::recursive_directory_iterator walk(root);
    for (auto at = begin(walk); at != end(walk); ++at) {
        const std::string name = at->path().filename().string();
        if (at->is_directory() && (name == "build" || name.starts_with('.'))) {
            at.disable_recursion_pending();
        } else if (at->is_regular_file()) {
            paths.push_back(std::filesystem::relative(at->path(), root).string());
        }
    }
    return paths;
}

// Behind `template <...>` and `public:`, which may stand before anything.
std::string_view without_prefixes(std::string_view head) {
    for (;;) {
        head.remove_prefix(std::min(head.find_first_not_of(" \n"), head.size()));
        const std::size_t colon = head.find(':');
        if (head.starts_with("template")) {
            std::size_t depth = 0;
            std::size_t at = head.find('<');
            for (; at < head.size(); ++at) {
                depth += head[at] == '<' ? 1U : 0U;
                depth -= head[at] == '>' ? 1U : 0U;
                if (depth == 0) {
                    break;
                }
            }
            head.remove_prefix(std::min(at + 1, head.size()));
        } else if (head.starts_with("public:") || head.starts_with("private:") ||
                   head.starts_with("protected:")) {
            head.remove_prefix(colon + 1);
        } else {
            return head;
        }
    }
}

bool assigns(std::string_view head) {
    std::size_t depth = 0;
    for (const char c : head) {
        depth += c == '(' ? 1U : 0U;
        depth -= c == ')' && depth > 0 ? 1U : 0U;
        if (c == '=' && depth == 0) {
            return find_word(head, "operator") == std::string_view::npos;
        }
    }
    return false;
}

// What stands before an opening brace decides whether a function begins there.
bool opens_function(std::string_view head) {
    const std::string_view start = without_prefixes(head);
    if (start.find('(') == std::string_view::npos || assigns(start)) {
        return false;
    }
    for (const std::string_view word : {"if", "else", "for", "while", "switch", "do", "catch",
                                        "try", "namespace", "class", "struct", "enum", "union"}) {
        if (find_word(start, word) == 0) {
            return false;
        }
    }
    return true;
}

}  // namespace

source_file::source_file(std::string file_path, std::string file_text)
    : path(std::move(file_path)), text(std::move(file_text)), code(text), comments(text) {
    if (!is_cpp()) {
        return;
    }
    for (std::size_t at = 0; at < text.size();) {
        const piece next = piece_at(text, at);
        if (next.kind != piece_kind::code) {
            blank(code, at, next.end);
        }
        if (next.kind != piece_kind::comment) {
            blank(comments, at, next.end);
        }
        at = next.end;
    }
}

bool source_file::is_cpp() const {
    return is_header() || path.ends_with(".cpp");
}

bool is_below(std::string_view path, std::string_view folder) {
    return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

bool source_file::is_below(std::string_view folder) const {
    return tidy::is_below(path, folder);
}

bool source_file::is_below_any(const std::vector<std::string_view>& folders) const {
    return std::any_of(folders.begin(), folders.end(),
                       [&](std::string_view folder) { return is_below(folder); });
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::size_t line_at(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    return static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
}

std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
    for (std::size_t at = text.find(word, from); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        const bool begins = at == 0 || !is_word(word.front()) || !is_word(text[at - 1]);
        const bool ends = end == text.size() || !is_word(word.back()) || !is_word(text[end]);
        if (begins && ends) {
            return at;
        }
    }
    return std::string_view::npos;
}

std::size_t closing_bracket(std::string_view text, std::size_t open) {
    std::size_t depth = 0;
    for (std::size_t at = open; at < text.size(); ++at) {
        if (text[at] == '(' || text[at] == '{' || text[at] == '[') {
            ++depth;
        } else if (text[at] == ')' || text[at] == '}' || text[at] == ']') {
            if (--depth == 0) {
                return at;
            }
        }
    }
    return std::string_view::npos;
}

std::vector<include_line> includes_of(const source_file& file) {
    std::vector<include_line> found;
    const auto texts = lines_of(file.text);
    const auto codes = lines_of(file.code);
    for (std::size_t at = 0; at < texts.size(); ++at) {
        const std::string_view word = "#include";
        const std::size_t begin = codes[at].find_first_not_of(' ');
        if (begin == std::string_view::npos || !starts_at(codes[at], begin, word)) {
            continue;
        }
        const std::size_t open = texts[at].find_first_of("<\"", begin + word.size());
        if (open == std::string_view::npos) {
            continue;
        }
        const bool is_quoted = texts[at][open] == '"';
        const std::size_t close = texts[at].find(is_quoted ? '"' : '>', open + 1);
        found.push_back(
            {at + 1, std::string(texts[at].substr(open + 1, close - open - 1)), is_quoted});
    }
    return found;
}

std::vector<function_span> functions_of(const source_file& file) {
    std::vector<function_span> found;
    std::string code = file.code;
    bool is_continued = false;  // preprocessor lines may hold unpaired brackets
    for (std::size_t at = 0; at < code.size();) {
        const std::size_t end = std::min(code.find('\n', at), code.size());
        const std::string_view line = std::string_view(code).substr(at, end - at);
        const std::size_t first = line.find_first_not_of(' ');
        const bool continues = !line.empty() && line.back() == '\\';
        if (is_continued || (first != std::string_view::npos && line[first] == '#')) {
            is_continued = continues;
            blank(code, at, end);
        }
        at = end + 1;
    }
    std::size_t head = 0;
    for (std::size_t at = 0; at < code.size(); ++at) {
        if (code[at] == ';' || code[at] == '}') {
            head = at + 1;
        } else if (code[at] == '{') {
            const std::string_view text = std::string_view(code).substr(head, at - head);
            const std::size_t close = closing_bracket(code, at);
            if (opens_function(text) && close != std::string_view::npos) {
                const std::size_t begin = code.find_first_not_of(" \n", head);
                const std::size_t first = line_at(code, begin);
                found.push_back({first, line_at(code, close) - first + 1});
                at = close;
            }
            head = at + 1;
        }
    }
    return found;
}

std::vector<source_file> read_tree(const std::string& root) {
    std::vector<std::string> paths = paths_from_git(root);
    if (paths.empty()) {
        paths = paths_from_walk(root);
    }
    std::sort(paths.begin(), paths.end());
    std::vector<source_file> files;
    for (const std::string& path : paths) {
        const std::filesystem::path whole = std::filesystem::path(root) / path;
        if (std::filesystem::is_regular_file(whole)) {  // git also lists what was just deleted
            files.emplace_back(path, read_file(whole));
        }
    }
    return files;
}

}  // namespace millrace::tidy
