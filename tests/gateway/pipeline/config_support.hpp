// What the tests of the configuration share: texts of configurations, the example, and a folder of
// their own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "engine/core/error.hpp"
#include "gateway/pipeline/config.hpp"

namespace millrace::gateway::test {

inline std::filesystem::path source_root() {
    return MILLRACE_SOURCE_ROOT;
}
inline std::filesystem::path example_path() {
    return source_root() / "docs/examples/orders.toml";
}
inline std::filesystem::path dictionaries() {
    return MILLRACE_TEST_DICTIONARIES;
}

inline std::string read_text(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in) << "cannot read " << path;
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The text with its one occurrence of `from` replaced.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << "no '" << from << "' in the text";
    EXPECT_EQ(text.find(from, at + 1), std::string::npos) << "'" << from << "' is there twice";
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// What parsing the text throws, or an empty text.
inline std::string refusal(std::string_view text) {
    try {
        static_cast<void>(parse_config("/conf/a.toml", text));
        return "";
    } catch (const engine::config_error& failure) {
        return failure.what();
    }
}

class temporary_directory {
public:
    temporary_directory() {
        std::string name =
            (std::filesystem::temp_directory_path() / "millrace-config-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw engine::io_error("mkdtemp", name, errno);
        }
        path_ = name;
    }
    ~temporary_directory() {
        std::error_code ignored;  // a file left in the temporary folder fails no test
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    void write(std::string_view name, std::string_view text) const {
        std::ofstream out(path_ / name, std::ios::binary);
        out << text;
    }

private:
    std::filesystem::path path_;
};

}  // namespace millrace::gateway::test
