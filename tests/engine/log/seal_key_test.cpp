#include "engine/log/seal_key.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

fs::path key_file(const fs::path& directory, const std::string& text, unsigned mode) {
    const fs::path path = directory / "seal.key";
    write_file_atomically(path, text);
    fs::permissions(path, static_cast<fs::perms>(mode));
    return path;
}

}  // namespace

TEST(SealKey, IsAllBytesOfItsFile) {
    temporary_directory directory;
    const std::string text = std::string(31, 'k') + "\n";
    const seal_key key = seal_key::load(key_file(directory.path(), text, 0600));
    ASSERT_EQ(key.bytes().size(), 32u);
    EXPECT_EQ(std::memcmp(key.bytes().data(), text.data(), 32), 0);
    EXPECT_EQ(seal_key::load(key_file(directory.path(), text, 0400)).bytes().size(), 32u);
}

TEST(SealKey, IsRefusedWhereOthersHaveARightToIt) {
    temporary_directory directory;
    for (const unsigned mode : {0640u, 0604u, 0620u, 0602u, 0610u, 0601u}) {
        const fs::path path = key_file(directory.path(), std::string(32, 'k'), mode);
        EXPECT_TRUE(
            contains(thrown_text<config_error>([&] { static_cast<void>(seal_key::load(path)); }),
                     "chmod 600"))
            << std::oct << mode;
    }
}

TEST(SealKey, HasSixteenToAThousandBytes) {
    temporary_directory directory;
    const auto load = [&](std::size_t size) {
        return seal_key::load(key_file(directory.path(), std::string(size, 'k'), 0600));
    };
    EXPECT_EQ(load(16).bytes().size(), 16u);
    EXPECT_EQ(load(1024).bytes().size(), 1024u);
    for (const std::size_t size : {0u, 15u, 1025u, 5000u}) {
        EXPECT_TRUE(contains(thrown_text<config_error>([&] { static_cast<void>(load(size)); }),
                             "16 to 1024 bytes"));
    }
}

TEST(SealKey, IsNoDirectoryAndMustExist) {
    temporary_directory directory;
    EXPECT_TRUE(contains(
        thrown_text<config_error>([&] { static_cast<void>(seal_key::load(directory.path())); }),
        "regular file"));
    EXPECT_TRUE(contains(
        thrown_text<io_error>([&] { static_cast<void>(seal_key::load(directory / "none")); }),
        "none"));
}

}  // namespace millrace::engine::test
