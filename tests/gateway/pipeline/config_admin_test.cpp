// [admin]: who may administer sessions, and where; and sessions that start disabled.
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>

#include "gateway/pipeline/admin_setup.hpp"
#include "tests/gateway/pipeline/check_support.hpp"

namespace millrace::gateway {
namespace {

using test::strings;

TEST(AdminConfig, IsThereUnlessItIsSwitchedOff) {
    const pipeline_config none = parse_config("/conf/a.toml", "[engine]\ndirectory = \"data\"\n");
    EXPECT_TRUE(none.admin.is_enabled);
    EXPECT_EQ(none.admin.path, "/conf/data/admin.sock");
    EXPECT_EQ(none.admin.mode, 0600U);
    const admin_config all =
        parse_config("/conf/a.toml",
                     "[admin]\nenabled = false\npath = \"ops.sock\"\nmode = \"0640\"\n"
                     "group = \"ops\"\nusers = [\"alice\", \"bob\"]\n")
            .admin;
    EXPECT_FALSE(all.is_enabled);
    EXPECT_EQ(all.path, "/conf/ops.sock");
    EXPECT_EQ(all.mode, 0640U);
    EXPECT_EQ(all.group, "ops");
    EXPECT_EQ(all.users, (strings{"alice", "bob"}));
    EXPECT_EQ(parse_config("/conf/a.toml", "[admin]\ngroup = \"ops\"\n").admin.mode, 0660U);
    EXPECT_EQ(test::refusal("[admin]\npaht = \"x\"\n").substr(0, 16), "/conf/a.toml:2: ");
    EXPECT_EQ(test::refusal("[admin]\nmode = \"rw\"\n"),
              "/conf/a.toml:2: 'mode' is \"rw\"; expected the permissions of a file, as in "
              "\"0660\"");
}

TEST(AdminConfig, NamesWhomTheHostKnows) {
    const passwd* const self = ::getpwuid(::getuid());
    const group* const own = ::getgrgid(::getgid());
    if (self == nullptr || own == nullptr) {
        GTEST_SKIP() << "who runs this has no name";
    }
    const admin_options options = admin_options_of(
        parse_config("/conf/a.toml", "[admin]\nusers = [\"" + std::string(self->pw_name) +
                                         "\"]\ngroup = \"" + own->gr_name + "\"\n"));
    EXPECT_EQ(options.users, std::vector<uid_t>{::getuid()});
    EXPECT_EQ(options.group, ::getgid());
    EXPECT_EQ(options.path, "/conf/admin.sock");
}

TEST(SessionConfig, MayStartDisabled) {
    const std::string gateway =
        "[[gateway]]\nname = \"g\"\nsettings = \"s.cfg\"\n"
        "[[gateway.session]]\nname = \"S\"\n";
    EXPECT_TRUE(parse_config("/conf/a.toml", gateway).gateways[0].sessions[0].is_enabled);
    EXPECT_FALSE(parse_config("/conf/a.toml", gateway + "enabled = false\n")
                     .gateways[0]
                     .sessions[0]
                     .is_enabled);
}

using AdminCheck = test::CheckConfig;

TEST_F(AdminCheck, RefusesWhomTheHostDoesNotKnow) {
    const strings users = errors_with("\n[admin]\nusers = [\"nobody-has-this-name\"]\n");
    ASSERT_EQ(users.size(), 1U);
    EXPECT_NE(users[0].find("'users' names 'nobody-has-this-name'"), std::string::npos);
    const strings groups = errors_with("\n[admin]\ngroup = \"nobody-has-this-name\"\n");
    ASSERT_EQ(groups.size(), 1U);
    EXPECT_NE(groups[0].find("'group' is 'nobody-has-this-name'"), std::string::npos);
    EXPECT_EQ(errors_with("\n[admin]\nenabled = false\ngroup = \"nobody-has-this-name\"\n"),
              strings{});
}

TEST_F(AdminCheck, RefusesAPathThatNoSocketHasAndOneThatIsTaken) {
    const strings longest = errors_with("\n[admin]\npath = \"/" + std::string(107, 'x') + "\"\n");
    ASSERT_EQ(longest.size(), 1U);
    EXPECT_NE(longest[0].find("more than 107 bytes"), std::string::npos);
    const strings taken = errors_with(
        "\n[[listener]]\nname = \"l\"\ntable = \"ORDER_OUT\"\npath = \"data/admin.sock\"\n");
    EXPECT_TRUE(std::any_of(taken.begin(), taken.end(), [](const std::string& line) {
        return line.find("listener 'l' and the admin socket have one path") != std::string::npos;
    })) << "beside a plan that has no thread for the listener's rows";
}

TEST_F(AdminCheck, RefusesATableInTheAuditLogsPlace) {
    const strings found =
        errors_with("\n[[table]]\nname = \"ADMIN\"\ncolumns = [{name = \"A\", type = \"u32\"}]\n");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found[0].find("the directory of the audit log of sessions"), std::string::npos);
}

}  // namespace
}  // namespace millrace::gateway
