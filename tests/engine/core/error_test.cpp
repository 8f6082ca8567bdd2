#include "engine/core/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <type_traits>

namespace millrace::engine {
namespace {

TEST(Error, IoErrorSaysCallPathAndReason) {
    const io_error failure("open", "/some/file", ENOENT);
    EXPECT_STREQ(failure.what(), "open /some/file: No such file or directory");
    EXPECT_EQ(failure.error_number(), ENOENT);
    EXPECT_STREQ(io_error("fork", "", EAGAIN).what(), "fork: Resource temporarily unavailable");
}

TEST(Error, ConfigErrorSaysFileAndLineWhereThereAreSome) {
    EXPECT_STREQ(config_error("a.toml", 12, "no such column").what(), "a.toml:12: no such column");
    EXPECT_STREQ(config_error("a.toml", 0, "is empty").what(), "a.toml: is empty");
    EXPECT_STREQ(config_error("just so").what(), "just so");
}

TEST(Error, AllAreOneFamily) {
    static_assert(std::is_base_of_v<error, io_error>);
    static_assert(std::is_base_of_v<error, locked_error>);
    static_assert(std::is_base_of_v<error, config_error>);
    static_assert(std::is_base_of_v<error, damage_error>);
    EXPECT_THROW(throw damage_error("position 4096: bad checksum"), std::runtime_error);
}

}  // namespace
}  // namespace millrace::engine
