#include "tools/text/text_input.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace millrace::tools {
namespace {

struct TextInput : ::testing::Test {
    TextInput() {
        std::string pattern = (std::filesystem::temp_directory_path() / "millrace-XXXXXX").string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        directory = pattern;
    }
    ~TextInput() override { std::filesystem::remove_all(directory); }
    std::filesystem::path directory;
};

TEST_F(TextInput, ReadsAFileOfManyChunksAndCountsItsLines) {
    std::string content;
    for (int i = 0; i < 30'000; ++i) {
        content += "line " + std::to_string(i) + "\n";
    }
    const std::filesystem::path path = directory / "lines.txt";
    engine::write_file_atomically(path, content);
    text_input input = text_input::open(path.string());
    std::string again;
    for (int byte = input.get(); byte != text_input::end; byte = input.get()) {
        again += static_cast<char>(byte);
    }
    EXPECT_EQ(again, content);
    EXPECT_EQ(input.line(), 30'001);
    EXPECT_EQ(input.get(), text_input::end);
    EXPECT_EQ(input.name(), path.string());
}

TEST_F(TextInput, AFailingReadIsNotTheEnd) {
    text_input input = text_input::open(directory.string());
    EXPECT_THROW(input.get(), engine::io_error);
    EXPECT_THROW(static_cast<void>(text_input::open((directory / "absent").string())),
                 engine::io_error);
}

}  // namespace
}  // namespace millrace::tools
