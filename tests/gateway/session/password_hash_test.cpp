#include "gateway/session/password_hash.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"

namespace millrace::gateway {
namespace {

TEST(PasswordHash, IsOfItsPasswordAloneAndNeverTheSameTwice) {
    const std::string hash = hash_password("hunter2", 1);
    EXPECT_EQ(problem_with_hash(hash), "");
    EXPECT_EQ(hash.find("hunter2"), std::string::npos);
    EXPECT_NE(hash, hash_password("hunter2", 1));
    password_check check;
    EXPECT_TRUE(check.is_right("hunter2", hash));
    EXPECT_FALSE(check.is_right("hunter3", hash));
    EXPECT_FALSE(check.is_right("", hash));
    EXPECT_FALSE(check.is_right("hunter2", hash.substr(0, hash.size() - 1)));
    EXPECT_TRUE(check.is_right("hunter2", hash));
}

// As crypt(3) of other programs made them.
TEST(PasswordHash, IsReadWhereAnotherProgramMadeIt) {
    password_check check;
    // openssl passwd -6
    EXPECT_TRUE(check.is_right(
        "Hello world!",
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBF"
        "dcbYEdFCoEOfaS35inz1"));
    EXPECT_FALSE(check.is_right("hunter2", "!"));
    EXPECT_FALSE(check.is_right("hunter2", ""));
    EXPECT_FALSE(check.is_right("hunter2", "*0"));
}

TEST(PasswordHash, RefusesPasswordsThatAreNone) {
    EXPECT_THROW(static_cast<void>(hash_password("", 1)), engine::error);
    EXPECT_THROW(static_cast<void>(hash_password(std::string(512, 'x'), 1)), engine::error);
    EXPECT_THROW(static_cast<void>(hash_password(std::string("a\0b", 3), 1)), engine::error);
    EXPECT_THROW(static_cast<void>(hash_password("hunter2", 12)), engine::error);
    EXPECT_EQ(problem_with_hash(hash_password(std::string(511, 'x'), 1)), "");
}

}  // namespace
}  // namespace millrace::gateway
