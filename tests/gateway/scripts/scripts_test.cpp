// The session test cases of the FIX session layer, each a script, against a session of the gateway:
// as acceptor and as initiator, in three versions, on both lanes, and with what it receives cut at
// random places of the TCP stream.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "engine/core/file.hpp"
#include "tests/gateway/scripts/scripted_session.hpp"
#include "tools/venue/script_transcript.hpp"

namespace millrace::test {
namespace {

constexpr fix_version versions[] = {
    {"FIX.4.2", "DataDictionary=FIX42.xml\n"},
    {"FIX.4.4", "DataDictionary=FIX44.xml\n"},
    {"FIXT.1.1",
     "TransportDataDictionary=FIXT11.xml\nAppDataDictionary=FIX50SP2.xml\n"
     "DefaultApplVerID=FIX.5.0SP2\n"},
};

// Pieces of random size, and byte by byte.
constexpr std::size_t cuts[] = {24, 1};

// Every cut on every side, in every version, on both lanes; else of each cut one of these, drawn.
bool plays_all() {
    return std::getenv("MILLRACE_SCRIPTS_ALL") != nullptr;
}

std::vector<std::string> case_names() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(MILLRACE_TEST_SCRIPTS)) {
        if (entry.path().extension() == ".script") {
            names.push_back(entry.path().stem().string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

class SessionCase : public testing::TestWithParam<std::string> {
protected:
    // All that the script is meant for.
    [[nodiscard]] std::vector<script_setting> settings() const {
        std::vector<script_setting> made;
        for (const fix_version& version : versions) {
            for (const bool is_initiator : {false, true}) {
                const std::vector<std::string> words = {version.begin_string,
                                                        is_initiator ? "listens" : "connects"};
                for (const bool is_slow : {false, true}) {
                    if (tools::meets(played.only, words)) {
                        made.push_back({version, is_initiator, is_slow});
                    }
                }
            }
        }
        return made;
    }
    void play(script_setting setting, std::size_t write_bytes_max) {
        setting.write_bytes_max = write_bytes_max;
        setting.seed = random();
        const script_outcome outcome = scripted_session(played, setting).play();
        EXPECT_TRUE(outcome.failure.empty()) << outcome.failure;
        EXPECT_TRUE(!setting.is_slow || outcome.fast_in + outcome.fast_out == 0);
        if (has_golden(setting) && outcome.failure.empty()) {
            compare(tools::masked_transcript(outcome.transcript));
        }
    }

    // Of one version and side, on both lanes and however it is cut: so all of these are the same.
    [[nodiscard]] bool has_golden(const script_setting& setting) const {
        const bool is_for_acceptors =
            tools::meets(played.only, {setting.version.begin_string, "connects"});
        return std::string_view(setting.version.begin_string) == "FIX.4.4" &&
               setting.is_initiator != is_for_acceptors;
    }
    void compare(const std::string& transcript) const {
        const std::string path =
            std::string(MILLRACE_TEST_SCRIPTS) + "/../golden/" + GetParam() + ".transcript";
        if (std::getenv("MILLRACE_SCRIPTS_RECORD") != nullptr) {
            engine::write_file_atomically(path, transcript);
        }
        EXPECT_EQ(tools::first_difference(engine::read_whole_file(path), transcript), "") << path;
    }

    const tools::script played =
        tools::load_script(std::string(MILLRACE_TEST_SCRIPTS) + "/" + GetParam() + ".script");
    std::mt19937_64 random{test_seed()};
};

TEST_P(SessionCase, IsMet) {
    const std::vector<script_setting> all = settings();
    ASSERT_FALSE(all.empty()) << "the script is for no side in no version";
    for (const script_setting& each : all) {
        play(each, 0);
    }
    for (const std::size_t cut : cuts) {
        if (HasFailure()) {
            return;  // cut into pieces it would say the same
        }
        if (!plays_all()) {
            play(all[random() % all.size()], cut);
            continue;
        }
        for (const script_setting& each : all) {
            play(each, cut);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Scripts, SessionCase, testing::ValuesIn(case_names()),
                         [](const auto& each) { return each.param; });

TEST(FastLane, CarriesWhatTheCasesSay) {
    const auto play = [](const char* name) {
        const std::string path = std::string(MILLRACE_TEST_SCRIPTS) + "/" + name + ".script";
        return scripted_session(tools::load_script(path), {versions[1]}).play();
    };
    EXPECT_EQ(play("2a_number_as_expected").fast_in, 1U);
    EXPECT_EQ(play("8_application_and_session_messages").fast_out, 3U);
}

// "both", "acceptor" or "initiator": what Millrace is when the script is played.
std::string sides_of(const tools::script& played) {
    bool is_for[2] = {false, false};
    for (const fix_version& version : versions) {
        is_for[0] |= tools::meets(played.only, {version.begin_string, "connects"});
        is_for[1] |= tools::meets(played.only, {version.begin_string, "listens"});
    }
    return is_for[0] && is_for[1] ? "both" : is_for[0] ? "acceptor" : "initiator";
}

TEST(CaseTable, HasEachScriptWithItsSidesAndNoOther) {
    const std::string text =
        engine::read_whole_file(std::string(MILLRACE_SOURCE_ROOT) + "/docs/testing.md");
    std::size_t named = 0;
    for (const std::string& name : case_names()) {
        const std::string path = std::string(MILLRACE_TEST_SCRIPTS) + "/" + name + ".script";
        const std::string cells =
            " `" + name + "` | " + sides_of(tools::load_script(path)) + " | both |\n";
        EXPECT_NE(text.find(cells), std::string::npos) << "no row of a case has" << cells;
        for (std::size_t at = text.find(" `" + name + "` | "); at != std::string::npos;
             at = text.find(" `" + name + "` | ", at + 1)) {
            EXPECT_EQ(text.compare(at, cells.size(), cells), 0) << name;
            ++named;
        }
    }
    std::size_t rows = 0;
    for (std::size_t at = text.find(" | both |\n"); at != std::string::npos;
         at = text.find(" | both |\n", at + 1)) {
        ++rows;
    }
    EXPECT_EQ(rows, named) << "a row names a script that is not there";
    EXPECT_GT(rows, 70U);
}

}  // namespace
}  // namespace millrace::test
