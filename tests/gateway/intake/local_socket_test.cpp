// Sockets by the path of a file: their permissions, what is left of killed ones, who connects.
#include "gateway/intake/local_socket.hpp"

#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <vector>

#include "engine/core/error.hpp"
#include "tests/engine/core/temporary_directory.hpp"

namespace millrace::gateway {
namespace {

struct LocalSocket : ::testing::Test {
    engine::temporary_directory directory;
    std::filesystem::path path = directory / "below/a.sock";
};

TEST_F(LocalSocket, HasThePermissionsItIsGiven) {
    for (const unsigned mode : {0660U, 0600U, 0666U}) {
        const engine::unique_fd socket = listen_locally(path, mode, 1);
        struct stat found {};
        ASSERT_EQ(::stat(path.c_str(), &found), 0);
        EXPECT_EQ(found.st_mode & 07777U, mode);
        ::unlink(path.c_str());
    }
}

// As a configuration has it that is named without a directory.
TEST_F(LocalSocket, TakesAPathWithoutADirectory) {
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(directory / ".");
    const engine::unique_fd socket = listen_locally("a.sock", 0660, 1);
    EXPECT_TRUE(connect_locally("a.sock").is_open());
    std::filesystem::current_path(before);
}

TEST_F(LocalSocket, ReplacesWhatAKilledProcessLeft) {
    static_cast<void>(listen_locally(path, 0660, 1));  // closed at once, its file stays
    ASSERT_TRUE(std::filesystem::exists(path));
    EXPECT_THROW(static_cast<void>(connect_locally(path)), engine::io_error);
    const engine::unique_fd socket = listen_locally(path, 0660, 1);
    EXPECT_TRUE(connect_locally(path).is_open());
}

TEST_F(LocalSocket, LeavesOneThatIsServedAndFilesAlone) {
    const engine::unique_fd socket = listen_locally(path, 0660, 1);
    EXPECT_THROW(static_cast<void>(listen_locally(path, 0660, 1)), engine::config_error);
    EXPECT_TRUE(connect_locally(path).is_open());
    const std::filesystem::path file = directory / "precious";
    std::ofstream(file) << "x";
    EXPECT_THROW(static_cast<void>(listen_locally(file, 0660, 1)), engine::config_error);
    EXPECT_EQ(std::filesystem::file_size(file), 1U);
}

TEST_F(LocalSocket, RefusesPathsThatNoSocketHas) {
    const std::filesystem::path longest = directory / std::string(108, 'x').c_str();
    EXPECT_THROW(static_cast<void>(listen_locally(longest, 0660, 1)), engine::config_error);
    EXPECT_THROW(static_cast<void>(connect_locally("")), engine::config_error);
    EXPECT_THROW(static_cast<void>(connect_locally(directory / "none")), engine::io_error);
}

TEST_F(LocalSocket, MayHaveABareName) {
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(directory / "");
    const engine::unique_fd socket = listen_locally("a.sock", 0660, 1);
    std::filesystem::current_path(before);
    EXPECT_TRUE(connect_locally(directory / "a.sock").is_open());
}

TEST_F(LocalSocket, KnowsWhoConnected) {
    const engine::unique_fd socket = listen_locally(path, 0660, 1);
    const engine::unique_fd client = connect_locally(path);
    const engine::unique_fd served(::accept(socket.get(), nullptr, nullptr));
    const passwd* const self = ::getpwuid(::getuid());
    const std::string name = self != nullptr ? self->pw_name : "uid:" + std::to_string(::getuid());
    EXPECT_EQ(peer_user(served.get()), name.substr(0, 16));
    EXPECT_EQ(peer_user(-1), "unknown");
    const peer_credentials who = credentials_of(served.get());
    EXPECT_TRUE(who.is_known);
    EXPECT_EQ(who.uid, ::geteuid());
    EXPECT_EQ(who.pid, ::getpid());
    EXPECT_EQ(who.name, name);
    ASSERT_FALSE(who.groups.empty());
    EXPECT_EQ(who.groups.front(), ::getegid());
    std::vector<gid_t> own(static_cast<std::size_t>(::getgroups(0, nullptr)));
    ASSERT_EQ(::getgroups(static_cast<int>(own.size()), own.data()), std::ssize(own));
    EXPECT_EQ(std::vector<gid_t>(who.groups.begin() + 1, who.groups.end()), own);
    EXPECT_FALSE(credentials_of(-1).is_known);
}

}  // namespace
}  // namespace millrace::gateway
