#include "tests/golden/hex_files.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace millrace::golden {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t line_bytes = 16;

}  // namespace

std::string to_hex(const std::string& bytes) {
    const std::string zeros(line_bytes, '\0');
    std::string text = "size " + std::to_string(bytes.size()) + "\n";
    bool is_in_zeros = false;
    char part[32];
    for (std::size_t line = 0; line < bytes.size(); line += line_bytes) {
        if (bytes.compare(line, line_bytes, zeros) == 0) {
            text += is_in_zeros ? "" : "*\n";
            is_in_zeros = true;
            continue;
        }
        is_in_zeros = false;
        std::snprintf(part, sizeof part, "%08zx ", line);
        text += part;
        for (std::size_t at = line; at < std::min(line + line_bytes, bytes.size()); ++at) {
            std::snprintf(part, sizeof part, " %02x", static_cast<unsigned char>(bytes[at]));
            text += part;
        }
        text += '\n';
    }
    return text;
}

std::string from_hex(const std::string& text) {
    std::istringstream lines(text);
    std::string word;
    std::size_t size = 0;
    if (!(lines >> word >> size) || word != "size") {
        throw std::runtime_error("a file of bytes as text begins with \"size N\"");
    }
    std::string bytes(size, '\0');
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
        if (line == "*") {
            continue;
        }
        std::istringstream words(line);
        std::size_t at = 0;
        words >> std::hex >> at;
        for (unsigned value = 0; words >> std::hex >> value; ++at) {
            bytes.at(at) = static_cast<char>(value);
        }
    }
    return bytes;
}

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        throw std::runtime_error("cannot read " + path.native());
    }
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const fs::path& path, const std::string& bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    out << bytes;
    if (!out.flush()) {
        throw std::runtime_error("cannot write " + path.native());
    }
}

void pack(const fs::path& from, const fs::path& to) {
    for (const fs::directory_entry& one : fs::recursive_directory_iterator(from)) {
        const fs::path name = fs::relative(one.path(), from);
        if (!one.is_regular_file() || name.extension() == ".lock") {
            continue;
        }
        const std::string bytes = read_file(one.path());
        if (name.filename() == "manifest.txt" || name.filename() == "archive.at") {
            write_file(to / name, bytes);
        } else {
            write_file((to / name).native() + ".hex", to_hex(bytes));
        }
    }
}

void unpack(const fs::path& from, const fs::path& to) {
    for (const fs::directory_entry& one : fs::recursive_directory_iterator(from)) {
        fs::path name = fs::relative(one.path(), from);
        if (!one.is_regular_file()) {
            continue;
        }
        const std::string text = read_file(one.path());
        if (name.extension() == ".hex") {
            write_file(to / name.replace_extension(), from_hex(text));
        } else {
            write_file(to / name, text);
        }
    }
}

}  // namespace millrace::golden
