#include "gateway/session/user_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "engine/core/error.hpp"
#include "tests/engine/core/temporary_directory.hpp"

namespace millrace::gateway {
namespace {

constexpr const char* hash =
    "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7";
const std::vector<session_names> sessions = {{"FIX.4.4:OURS->A", "OURS->A"},
                                             {"FIX.4.2:OURS->A", "OURS->A"}};

std::string refusal(const std::string& text) {
    try {
        static_cast<void>(parse_users("users.txt", text, sessions));
        return {};
    } catch (const engine::config_error& failure) {
        return failure.what();
    }
}

TEST(UserFile, NamesUsersBySessionOrByCompIds) {
    const std::string text = std::string("# who\n\n  FIX.4.4:OURS->A\talice  ") + hash +
                             "\nOURS->A bob of desk 4 !" + hash + "\r\n";
    const user_file file = parse_users("users.txt", text, sessions);
    EXPECT_TRUE(file.is_enabled);
    ASSERT_EQ(file.users.size(), 2U);
    EXPECT_EQ(file.users[0].hash, hash);
    EXPECT_FALSE(file.users[0].is_locked);
    EXPECT_EQ(file.find(sessions[0], "alice"), &file.users[0]);
    EXPECT_EQ(file.find(sessions[1], "alice"), nullptr);
    for (const session_names& session : sessions) {
        const logon_user* const bob = file.find(session, "bob of desk 4");
        ASSERT_EQ(bob, &file.users[1]);
        EXPECT_TRUE(bob->is_locked);
        EXPECT_EQ(bob->hash, hash);
    }
    EXPECT_EQ(file.find(sessions[0], ""), nullptr);
    EXPECT_FALSE(parse_users("users.txt", "authentication off\n", sessions).is_enabled);
    EXPECT_TRUE(parse_users("users.txt", "authentication on", sessions).is_enabled);
}

TEST(UserFile, RefusesWhatItDoesNotKnowWithItsLineAndNoHash) {
    const std::string one = std::string("OURS->A alice ") + hash + "\n";
    EXPECT_EQ(refusal(one + one),
              "users.txt:2: user 'alice' of session 'OURS->A' stands twice, first in line 1");
    EXPECT_EQ(refusal("\nOURS->B alice " + std::string(hash)),
              "users.txt:2: no session 'OURS->B' here that is logged on to");
    EXPECT_EQ(refusal("FIX.4.4:OURS->AB alice " + std::string(hash)),
              "users.txt:1: no session 'FIX.4.4:OURS->AB' here that is logged on to (did you "
              "mean FIX.4.4:OURS->A?)");
    EXPECT_EQ(refusal("authentication maybe\n"),
              "users.txt:1: 'authentication' is 'maybe'; expected on or off");
    EXPECT_EQ(refusal("authentication on\nauthentication off\n"),
              "users.txt:2: 'authentication' is said twice");
    for (const char* line : {"alice", "OURS->A alice"}) {
        EXPECT_EQ(refusal(line),
                  "users.txt:1: expected a session, a name and a hash; `millrace "
                  "password` prints such a line");
    }
    EXPECT_EQ(refusal("OURS->A alice $z$secret"),
              "users.txt:1: the hash of user 'alice': no hash as crypt(5) has them; `millrace "
              "password` makes one");
    // MD5, and the old DES.
    for (const char* weak : {"$1$abcdefgh$PtLBzkNgRgTRnGYJUQGYM1", "ab01FAX.bQRSU"}) {
        EXPECT_EQ(refusal(std::string("OURS->A alice ") + weak).find(weak), std::string::npos);
        EXPECT_NE(refusal(std::string("OURS->A alice ") + weak), "");
    }
}

TEST(UserFile, IsRefusedWithItsModeWhereOthersHaveARightToIt) {
    engine::temporary_directory directory;
    const std::filesystem::path path = directory / "users.txt";
    std::ofstream(path) << "OURS->A alice " << hash << '\n';
    const auto refused_with = [&](unsigned mode) -> std::string {
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        try {
            return load_users(path, sessions).users.size() == 1 ? "" : "empty";
        } catch (const engine::config_error& failure) {
            return failure.what();
        }
    };
    for (const unsigned mode : {0600U, 0400U, 0640U, 0440U}) {
        EXPECT_EQ(refused_with(mode), "") << std::oct << mode;
    }
    EXPECT_EQ(refused_with(0644),
              path.native() +
                  ": its mode is 0644, and nobody but its owner, and its group to read, may have a "
                  "right to a file of users: chmod 640 or 600");
    for (const unsigned mode : {0604U, 0602U, 0601U, 0660U, 0620U}) {
        EXPECT_NE(refused_with(mode), "") << std::oct << mode;
    }
}

TEST(UserFile, MustBeARegularFileThatIsThere) {
    engine::temporary_directory directory;
    EXPECT_THROW(static_cast<void>(load_users(directory / "none", sessions)), engine::config_error);
    EXPECT_THROW(static_cast<void>(load_users(directory / "", sessions)), engine::config_error);
    ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
    EXPECT_THROW(static_cast<void>(load_users(directory / "pipe", sessions)), engine::config_error);
}

}  // namespace
}  // namespace millrace::gateway
