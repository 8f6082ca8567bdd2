// What an operator switched, kept across restarts.
#include "gateway/session/switch_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "engine/core/error.hpp"
#include "tests/engine/core/temporary_directory.hpp"

namespace millrace::gateway {
namespace {

class SwitchFile : public testing::Test {
protected:
    void write(const std::string& text, unsigned mode = 0640) const {
        std::ofstream(file()) << text;
        ASSERT_EQ(::chmod(file().c_str(), mode), 0);
    }
    [[nodiscard]] std::filesystem::path file() const { return directory / "switches"; }

    engine::temporary_directory directory;
};

TEST_F(SwitchFile, SaysNothingWhereThereIsNone) {
    EXPECT_TRUE(read_switches(directory / "").all().empty());
}

TEST_F(SwitchFile, KeepsWhatWasSwitchedLast) {
    session_switches switches;
    switches.apply("FIX.4.4:A->B", session_verb::disable);
    switches.apply("FIX.4.4:A->B", session_verb::kill);
    switches.apply("FIX.4.4:A->C", session_verb::disable);
    switches.apply("FIX.4.4:A->C", session_verb::enable);
    switches.apply("FIX.4.4:A->D", session_verb::kill);
    switches.apply("FIX.4.4:A->D", session_verb::release);
    switches.apply("FIX.4.4:A->E", session_verb::logout);
    write_switches(directory / "", switches);
    const session_switches read = read_switches(directory / "");
    const session_switch* const both = read.find("FIX.4.4:A->B");
    ASSERT_NE(both, nullptr);
    EXPECT_EQ(both->is_enabled, false);
    EXPECT_TRUE(both->is_killed);
    const session_switch* const enabled = read.find("FIX.4.4:A->C");
    ASSERT_NE(enabled, nullptr);
    EXPECT_EQ(enabled->is_enabled, true) << "whatever the configuration says";
    EXPECT_FALSE(enabled->is_killed);
    EXPECT_EQ(read.find("FIX.4.4:A->D"), nullptr);
    EXPECT_EQ(read.find("FIX.4.4:A->E"), nullptr);
    struct stat found {};
    ASSERT_EQ(::stat(file().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07U, 0U) << "others have no right to it";
}

TEST_F(SwitchFile, TakesBackWhatNobodyHasSwitchedSince) {
    session_switches before;
    before.apply("A", session_verb::kill);
    before.apply("B", session_verb::disable);
    session_switches now = before;
    now.apply("A", session_verb::release);
    now.apply("B", session_verb::enable);
    now.apply("C", session_verb::enable);
    now.take_back("A", session_verb::release, before);
    now.take_back("B", session_verb::enable, before);
    now.take_back("C", session_verb::enable, before);
    EXPECT_TRUE(now.state_of("A", true).is_killed);
    EXPECT_FALSE(now.state_of("B", true).is_enabled);
    EXPECT_FALSE(now.state_of("C", false).is_enabled) << "as the configuration says";
    // A kill that came in between stays.
    const session_switches none;
    now.apply("D", session_verb::release);
    now.apply("D", session_verb::kill);
    now.take_back("D", session_verb::release, none);
    EXPECT_TRUE(now.state_of("D", true).is_killed);
    now.apply("E", session_verb::enable);
    now.apply("E", session_verb::disable);
    now.take_back("E", session_verb::enable, none);
    EXPECT_FALSE(now.state_of("E", true).is_enabled);
}

// A kill must not be lost because half of a file is gone.
TEST_F(SwitchFile, RefusesWhatIsNotWhole) {
    for (const char* text :
         {"", "millrace session switches 1\n", "millrace session switches 1\nkilled A",
          "millrace session switches 1\nkilled A\nend", "millrace session switches 2\nend\n",
          "millrace session switches 1\nasleep A\nend\n"}) {
        write(text);
        EXPECT_THROW(static_cast<void>(read_switches(directory / "")), engine::damage_error)
            << text;
    }
    write("millrace session switches 1\nkilled A\nend\n");
    EXPECT_TRUE(read_switches(directory / "").find("A")->is_killed);
}

TEST_F(SwitchFile, RefusesOneThatOthersMayChange) {
    write("millrace session switches 1\nend\n", 0646);
    EXPECT_THROW(static_cast<void>(read_switches(directory / "")), engine::config_error);
}

}  // namespace
}  // namespace millrace::gateway
