#include "gateway/session/guarded_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "engine/core/error.hpp"
#include "tests/engine/core/temporary_directory.hpp"

namespace millrace::gateway {
namespace {

TEST(GuardedFile, IsReadWholeAndHasAnotherStampWhenItChanges) {
    engine::temporary_directory directory;
    const std::filesystem::path path = directory / "secret";
    EXPECT_EQ(stamp_of(path), file_stamp{});
    std::ofstream(path) << "one";
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    const guarded_text first = read_guarded_file(path, "a secret", 3);
    EXPECT_EQ(first.text, "one");
    EXPECT_EQ(first.stamp, stamp_of(path));
    ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
    EXPECT_NE(first.stamp, stamp_of(path));
    EXPECT_THROW(static_cast<void>(read_guarded_file(path, "a secret", 3)), engine::config_error);
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    EXPECT_THROW(static_cast<void>(read_guarded_file(path, "a secret", 2)), engine::config_error);
}

TEST(GuardedFile, OfAnotherUserIsRefused) {
    engine::temporary_directory directory;
    const std::filesystem::path path = directory / "secret";
    std::ofstream(path) << "one";
    if (::chmod(path.c_str(), 0600) != 0 || ::chown(path.c_str(), 12'345, 12'345) != 0) {
        GTEST_SKIP() << "this user may not give a file away";
    }
    EXPECT_THROW(static_cast<void>(read_guarded_file(path, "a secret", 3)), engine::config_error);
}

}  // namespace
}  // namespace millrace::gateway
