// millrace-codegen DICT.xml [--transport FIXT11.xml] --namespace NS --out DIR
//
// Turns a dictionary in QuickFIX's XML format into declarations: DIR/fields.hpp,
// DIR/components.hpp, one header a message, DIR/dictionary.hpp. A file whose text would not change
// is left alone, so that nothing is rebuilt. FIX 5.0 and later have no header and no session
// messages of their own: --transport names the dictionary that has them.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "xlator/codegen/emit.hpp"
#include "xlator/spec/identifier.hpp"

namespace {

namespace codegen = millrace::xlator::codegen;
namespace spec = millrace::xlator::spec;

struct options {
    std::string dictionary;
    std::string transport;
    std::string name_space;
    std::filesystem::path out;
};

constexpr int exit_usage = 2;
constexpr int exit_failed = 1;

bool parse_options(int argc, char** argv, options& result) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--namespace" && i + 1 < argc) {
            result.name_space = argv[++i];
        } else if (word == "--transport" && i + 1 < argc) {
            result.transport = argv[++i];
        } else if (word == "--out" && i + 1 < argc) {
            result.out = argv[++i];
        } else if (!word.starts_with("-") && result.dictionary.empty()) {
            result.dictionary = word;
        } else {
            return false;
        }
    }
    return !result.dictionary.empty() && !result.name_space.empty() && !result.out.empty();
}

bool is_namespace(std::string_view text) {
    while (true) {
        const std::size_t colon = text.find("::");
        if (!spec::is_identifier(text.substr(0, colon))) {
            return false;
        }
        if (colon == std::string_view::npos) {
            return true;
        }
        text.remove_prefix(colon + 2);
    }
}

bool holds(const std::filesystem::path& path, const std::string& text) {
    std::ifstream input(path, std::ios::binary);
    std::ostringstream found;
    return input && (found << input.rdbuf()) && found.str() == text;
}

void write_file(const std::filesystem::path& path, const std::string& text) {
    if (holds(path, text)) {
        return;
    }
    std::ofstream output(path, std::ios::binary | std::ios::trunc);
    output << text;
    output.close();
    if (!output) {
        throw std::runtime_error(path.string() + ": cannot be written: is the disk full?");
    }
}

spec::dictionary read(const options& chosen) {
    spec::dictionary app = codegen::read_dictionary(chosen.dictionary);
    if (chosen.transport.empty()) {
        return spec::complete(std::move(app), nullptr);
    }
    const spec::dictionary transport = codegen::read_dictionary(chosen.transport);
    return spec::complete(std::move(app), &transport);
}

}  // namespace

int main(int argc, char** argv) {
    constexpr const char* usage =
        "usage: millrace-codegen DICT.xml [--transport FIXT11.xml] --namespace NS --out DIR\n";
    if (argc == 2 && std::string_view(argv[1]) == "--help") {
        std::fputs(usage, stdout);
        return 0;
    }
    options chosen;
    if (!parse_options(argc, argv, chosen)) {
        std::fputs(usage, stderr);
        return exit_usage;
    }
    if (!is_namespace(chosen.name_space)) {
        std::fprintf(stderr, "--namespace %s: not a C++ namespace such as acme::fix44\n",
                     chosen.name_space.c_str());
        return exit_usage;
    }
    try {
        const spec::dictionary dict = read(chosen);
        std::filesystem::create_directories(chosen.out);
        for (const codegen::generated_file& file : codegen::emit(dict, chosen.name_space)) {
            write_file(chosen.out / file.name, file.text);
        }
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return exit_failed;
    }
    return 0;
}
