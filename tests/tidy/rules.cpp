#include "tests/tidy/rules.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <set>

namespace millrace::tidy {

namespace {

constexpr std::size_t columns_max = 100;
constexpr std::size_t file_lines_max = 450;       // the aim is 400, which is soft
constexpr std::size_t test_file_lines_max = 600;  // of tests and benchmarks
constexpr std::size_t function_lines_max = 70;

bool is_text(const source_file& file) {
    if (file.is_cpp()) {
        return true;
    }
    const std::filesystem::path path(file.path);
    constexpr std::array endings = {".cmake", ".md", ".sh",  ".py",  ".toml",   ".cfg", ".txt",
                                    ".json",  ".in", ".xml", ".csv", ".golden", ".c",   ".h"};
    const std::string extension = path.extension().string();
    return std::find(endings.begin(), endings.end(), extension) != endings.end() ||
           file.is_below(".ci") || path.filename().string().starts_with(".clang") ||
           file.path == "LICENSE" || file.path == "NOTICE";
}

// Code of the libraries: what users link and what stands on the message path.
bool is_library(const source_file& file) {
    return file.is_cpp() && file.is_below_any({"engine", "xlator/fix", "xlator/map", "gateway"});
}

// These speak of the machine or the desk the code was written on. They are put together here so
// that this file does not hold them itself.
const std::vector<std::string>& forbidden_texts() {
    static const std::vector<std::string> texts = {
        std::string("/wo") + "rk/",  std::string("/ro") + "ot/",  std::string("/tm") + "p/b-",
        std::string("/tm") + "p/qf", std::string("sha") + "red/", std::string("issue") + " #",
        std::string("Issue") + " #", std::string("TO") + "DO",    std::string("FIX") + "ME",
        std::string("XX") + "X:",
    };
    return texts;
}

void add(offences& found, const source_file& file, std::size_t line, std::string_view rule,
         std::string reason) {
    found.push_back({file.path, line, rule, std::move(reason)});
}

void check_head(const source_file& file, offences& found) {
    if (!file.text.starts_with("//")) {
        add(found, file, 1, "head", "a header begins with a comment that says what it is");
    }
    const std::size_t pragma = file.code.find("#pragma once");
    const std::size_t first_code = file.code.find_first_not_of(" \n");
    if (pragma == std::string::npos || pragma != first_code) {
        add(found, file, 1, "head", "#pragma once is the first thing behind the head comment");
    }
}

// The end of the statement around `offset`, and where it begins, so that a comment beside it is
// found.
std::string_view comments_around(const source_file& file, std::size_t offset) {
    std::size_t begin = offset;
    for (int lines = 0; begin > 0 && lines < 4; --begin) {
        lines += file.text[begin - 1] == '\n' ? 1 : 0;
    }
    const std::size_t statement = std::min(file.code.find(';', offset), file.code.size());
    const std::size_t end = std::min(file.text.find('\n', statement), file.text.size());
    return std::string_view(file.comments).substr(begin, end - begin);
}

bool has_text(std::string_view comments) {
    return std::any_of(comments.begin(), comments.end(),
                       [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; });
}

void check_orders(const source_file& file, offences& found) {
    constexpr std::array operations = {"load",
                                       "store",
                                       "exchange",
                                       "fetch_add",
                                       "fetch_sub",
                                       "fetch_or",
                                       "fetch_and",
                                       "fetch_xor",
                                       "compare_exchange_weak",
                                       "compare_exchange_strong",
                                       "test_and_set"};
    for (const std::string_view name : operations) {
        for (std::size_t at = find_word(file.code, name); at != std::string::npos;
             at = find_word(file.code, name, at + 1)) {
            const std::size_t open = at + name.size();
            const bool is_member = at > 0 && (file.code[at - 1] == '.' || file.code[at - 1] == '>');
            if (!is_member || open >= file.code.size() || file.code[open] != '(') {
                continue;
            }
            const std::size_t close = closing_bracket(file.code, open);
            const std::string arguments = file.code.substr(open + 1, close - open - 1);
            const bool is_blank = arguments.find_first_not_of(" \n") == std::string::npos;
            if (name == "load" && !is_blank) {
                continue;  // with an order, or some other load
            }
            if (arguments.find("order") == std::string::npos) {
                add(found, file, line_at(file.code, at), "order",
                    "." + std::string(name) + "() without a memory order");
            }
        }
    }
}

void check_pairs(const source_file& file, offences& found) {
    constexpr std::array releases = {"memory_order_release", "memory_order_acq_rel"};
    for (const std::string_view order : releases) {
        for (std::size_t at = find_word(file.code, order); at != std::string::npos;
             at = find_word(file.code, order, at + 1)) {
            if (comments_around(file, at).find("pairs with") == std::string_view::npos) {
                add(found, file, line_at(file.code, at), "pair",
                    "a release without \"pairs with <file>: <function>\" beside it");
            }
        }
    }
    constexpr std::string_view strongest = "memory_order_seq_cst";
    for (std::size_t at = find_word(file.code, strongest); at != std::string::npos;
         at = find_word(file.code, strongest, at + 1)) {
        if (!has_text(comments_around(file, at))) {
            add(found, file, line_at(file.code, at), "pair",
                "seq_cst without a comment that argues it");
        }
    }
}

// "engine/ring/slot_ring_stress" names slot_ring.hpp; "engine/ring/ring_stress" names the folder.
bool names_a_source(std::string path, const std::set<std::string_view>& paths) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = std::filesystem::path(path).parent_path().filename().string();
    while (path.size() > slash + 1) {
        if (paths.contains(path + ".hpp") || paths.contains(path + ".cpp") ||
            path.substr(slash + 1) == folder) {
            return true;
        }
        const std::size_t cut = path.rfind('_');
        if (cut == std::string::npos || cut < slash) {
            return false;
        }
        path.resize(cut);
    }
    return false;
}

bool is_excepted(const offence& one, const exception& pass) {
    return one.rule == pass.rule && (one.path == pass.path || is_below(one.path, pass.path));
}

}  // namespace

void check_text(const source_file& file, offences& found) {
    if (!is_text(file)) {
        return;
    }
    std::size_t number = 0;
    for (const std::string_view line : lines_of(file.text)) {
        ++number;
        for (const char c : line) {
            if (c == '\t' || c == '\r') {
                add(found, file, number, "bytes", c == '\t' ? "a tab" : "a carriage return");
                break;
            }
            if (static_cast<unsigned char>(c) >= 0x80) {
                add(found, file, number, "bytes", "a byte outside ASCII");
                break;
            }
        }
        for (const std::string& text : forbidden_texts()) {
            if (line.find(text) != std::string_view::npos) {
                add(found, file, number, "forbidden text", "the text \"" + text + "\"");
            }
        }
    }
    if (!file.text.empty() && file.text.back() != '\n') {
        add(found, file, number, "bytes", "the last line has no end");
    }
}

void check_shape(const source_file& file, offences& found) {
    if (!file.is_cpp()) {
        return;
    }
    const auto lines = lines_of(file.text);
    for (std::size_t at = 0; at < lines.size(); ++at) {
        if (lines[at].size() > columns_max) {
            add(found, file, at + 1, "columns", std::to_string(lines[at].size()) + " columns");
        }
    }
    const bool is_test = file.is_below_any({"tests", "bench"});
    if (lines.size() > (is_test ? test_file_lines_max : file_lines_max)) {
        add(found, file, lines.size(), "file length", std::to_string(lines.size()) + " lines");
    }
    for (const function_span& function : functions_of(file)) {
        if (function.line_count > function_lines_max) {
            add(found, file, function.first_line, "function length",
                "a function of " + std::to_string(function.line_count) + " lines");
        }
    }
    if (file.is_header()) {
        check_head(file, found);
    }
}

void check_library_words(const source_file& file, offences& found) {
    if (!is_library(file)) {
        return;
    }
    std::vector<std::string_view> words = {
        "std::function", "std::shared_ptr", "std::mutex", "volatile", "asm", "__asm__"};
    if (file.is_below("xlator")) {
        words.insert(words.end(), {"double", "float"});
    }
    for (const std::string_view word : words) {
        for (std::size_t at = find_word(file.code, word); at != std::string::npos;
             at = find_word(file.code, word, at + 1)) {
            add(found, file, line_at(file.code, at), "word",
                std::string(word) + " in library code");
        }
    }
    for (const include_line& include : includes_of(file)) {
        if (include.path == "iostream") {
            add(found, file, include.line, "word", "<iostream> in library code");
        }
    }
}

void check_atomics(const source_file& file, offences& found) {
    const bool has_atomics = file.code.find("atomic") != std::string::npos ||
                             find_word(file.code, "Atomic") != std::string::npos;
    if (!file.is_cpp() || !has_atomics) {
        return;
    }
    check_orders(file, found);
    if (file.is_below_any({"engine", "xlator", "gateway"})) {
        check_pairs(file, found);
    }
}

void check_includes_exist(const std::vector<source_file>& files, offences& found) {
    std::set<std::string_view> paths;
    for (const source_file& file : files) {
        paths.insert(file.path);
    }
    // The generator writes these into the build tree.
    constexpr std::array generated = {"fix40/", "fix41/",  "fix42/",    "fix43/",
                                      "fix44/", "fix50/",  "fix50sp1/", "fix50sp2/",
                                      "acme/",  "fixt11/", "dialect/",  "generated/"};
    for (const source_file& file : files) {
        if (!file.is_cpp() || file.path.find("/golden/") != std::string::npos) {
            continue;  // what the generator should write includes as what it writes
        }
        for (const include_line& include : includes_of(file)) {
            const bool is_generated =
                std::any_of(generated.begin(), generated.end(),
                            [&](const char* folder) { return include.path.starts_with(folder); });
            if (include.is_quoted && !is_generated && !paths.contains(include.path)) {
                add(found, file, include.line, "include",
                    "\"" + include.path + "\" is no path from the repository root");
            }
        }
    }
}

void check_tests_have_sources(const std::vector<source_file>& files, offences& found) {
    std::set<std::string_view> paths;
    for (const source_file& file : files) {
        paths.insert(file.path);
    }
    constexpr std::string_view prefix = "tests/";
    constexpr std::string_view ending = "_test.cpp";
    for (const source_file& file : files) {
        if (!file.path.ends_with(ending) ||
            !file.is_below_any({"tests/engine", "tests/xlator", "tests/gateway", "tests/tools"})) {
            continue;
        }
        const std::string path =
            file.path.substr(prefix.size(), file.path.size() - prefix.size() - ending.size());
        if (!names_a_source(path, paths)) {
            add(found, file, 1, "test name",
                "names no source: there is no " + path + ".hpp or .cpp, nor a shorter such name");
        }
    }
}

void check_headers_are_listed(const std::vector<source_file>& files, offences& found) {
    for (const source_file& header : files) {
        if (!header.is_header() || !header.is_below_any({"engine", "xlator", "gateway"})) {
            continue;
        }
        if (header.is_below("xlator/codegen")) {
            continue;  // a program
        }
        const std::filesystem::path path(header.path);
        const std::string list = (path.parent_path() / "CMakeLists.txt").string();
        const auto at = std::find_if(files.begin(), files.end(),
                                     [&](const source_file& file) { return file.path == list; });
        if (at == files.end() ||
            find_word(at->text, path.filename().string()) == std::string_view::npos) {
            add(found, header, 1, "listed",
                "not in " + list + ", so it is neither installed nor compiled alone");
        }
    }
}

offences check_tree(const std::vector<source_file>& files,
                    const std::vector<exception>& exceptions) {
    offences all;
    for (const source_file& file : files) {
        check_text(file, all);
        check_shape(file, all);
        check_layers(file, all);
        check_library_words(file, all);
        check_atomics(file, all);
    }
    check_includes_exist(files, all);
    check_tests_have_sources(files, all);
    check_headers_are_listed(files, all);

    offences found;
    std::vector<bool> is_used(exceptions.size(), false);
    for (const offence& one : all) {
        bool passes = false;
        for (std::size_t at = 0; at < exceptions.size(); ++at) {
            if (is_excepted(one, exceptions[at])) {
                is_used[at] = true;
                passes = true;
            }
        }
        if (!passes) {
            found.push_back(one);
        }
    }
    for (std::size_t at = 0; at < exceptions.size(); ++at) {
        if (!is_used[at]) {
            found.push_back({std::string(exceptions[at].path), 0, exceptions[at].rule,
                             "the exception in tidy_test.cpp is needed no longer"});
        }
    }
    return found;
}

}  // namespace millrace::tidy
