#include "gateway/quickfix/settings.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/gateway/quickfix/port_test_support.hpp"

namespace millrace::gateway {
namespace {

settings_file parsed(const std::string& text) {
    return parse_settings("venue.cfg", text, {MILLRACE_TEST_DICTIONARIES});
}

std::string refusal(const std::string& text) {
    try {
        static_cast<void>(parsed(text));
    } catch (const settings_error& problem) {
        return problem.what();
    }
    return "accepted";
}

constexpr const char* good =
    "# a comment\n"
    "[DEFAULT]\n"
    "ConnectionType=initiator\n"
    "ReconnectInterval=5\n"
    "FileStorePath=store\n"
    "StartTime=00:00:00\n"
    "EndTime=00:00:00\n"
    "HeartBtInt=30\n"
    "DataDictionary=spec/FIX44.xml\n"
    "\n"
    "[SESSION]\n"
    "BeginString=FIX.4.4\n"
    "SenderCompID=US\n"
    "TargetCompID=VENUE\n"
    "SocketConnectHost=primary.example\n"
    "SocketConnectPort=9876\n"
    "SocketConnectHost1=backup.example\n"
    "SocketConnectPort1=9877\n"
    "  ResetOnLogon = Y  \n"
    "[SESSION]\n"
    "ConnectionType=acceptor\n"
    "BeginString=FIX.4.4\n"
    "SenderCompID=US\n"
    "TargetCompID=OTHER\n"
    "SocketAcceptPort=5001\n"
    "CheckLatency=N\n"
    "maxlatency=3\n";

TEST(Settings, DescribesEachSession) {
    const settings_file file = parsed(good);
    ASSERT_EQ(file.sessions.size(), 2U);
    const session_spec& first = file.sessions[0];
    EXPECT_EQ(first.name, "FIX.4.4:US->VENUE");
    EXPECT_EQ(first.line, 11);
    EXPECT_EQ(first.role, session_role::initiator);
    ASSERT_EQ(first.connect_endpoints.size(), 2U);
    EXPECT_EQ(first.connect_endpoints[0].host, "primary.example");
    EXPECT_EQ(first.connect_endpoints[0].port, 9876);
    EXPECT_EQ(first.connect_endpoints[1].host, "backup.example");
    EXPECT_EQ(first.connect_endpoints[1].port, 9877);
    EXPECT_EQ(first.reconnect_interval_s, 5U);
    EXPECT_EQ(first.heart_bt_int_s, 30U);
    EXPECT_TRUE(first.reset_on_logon);
    EXPECT_TRUE(first.check_latency);
    EXPECT_EQ(first.max_latency_s, 120U);
    const session_spec& second = file.sessions[1];
    EXPECT_EQ(second.name, "FIX.4.4:US->OTHER");
    EXPECT_EQ(second.role, session_role::acceptor);
    EXPECT_EQ(second.accept_endpoint.port, 5001);
    EXPECT_FALSE(second.check_latency);
    EXPECT_EQ(second.max_latency_s, 3U);
    EXPECT_FALSE(second.reset_on_logon);
}

TEST(Settings, FallsBackToOurDictionaryWithAWarning) {
    const settings_file file = parsed(good);
    EXPECT_EQ(file.sessions[0].data_dictionary,
              std::string(MILLRACE_TEST_DICTIONARIES) + "/FIX44.xml");
    ASSERT_EQ(file.notes.size(), 2U);
    EXPECT_EQ(file.notes[0].line, 5);
    EXPECT_EQ(file.notes[0].level, note_level::notice);
    EXPECT_NE(file.notes[0].text.find("FileStorePath"), std::string::npos);
    EXPECT_EQ(file.notes[1].line, 9);
    EXPECT_EQ(file.notes[1].level, note_level::warning);
    EXPECT_NE(file.notes[1].text.find("spec/FIX44.xml"), std::string::npos);
    EXPECT_EQ(file.sessions[0].find("datadictionary")->value, file.sessions[0].data_dictionary);
}

TEST(Settings, PrefersADictionaryThatExists) {
    std::string text = good;
    const std::string own = std::string(MILLRACE_TEST_DICTIONARIES) + "/FIX44.xml";
    text.replace(text.find("spec/FIX44.xml"), 14, own);
    EXPECT_EQ(parse_settings("venue.cfg", text, {""}).sessions[0].data_dictionary, own);
}

TEST(Settings, RefusesADictionaryThatIsNowhere) {
    std::string text = good;
    text.replace(text.find("spec/FIX44.xml"), 14, "spec/VENUE.xml");
    EXPECT_EQ(refusal(text), "venue.cfg:9: DataDictionary=spec/VENUE.xml: no such file");
}

TEST(Settings, SaysThatAKeyIsMisspeltWhereItIsMissed) {
    std::string text = good;
    const std::size_t at = text.find("HeartBtInt=");
    ASSERT_NE(at, std::string::npos);
    text.insert(at + 10, "t");
    const long line =
        1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    EXPECT_EQ(refusal(text), "venue.cfg:" + std::to_string(line) +
                                 ": unknown key 'HeartBtIntt'; did you mean 'HeartBtInt'?");
}

TEST(Settings, SaysThatADirectoryIsNoFile) {
    try {
        static_cast<void>(load_settings(MILLRACE_TEST_DICTIONARIES, {""}));
        FAIL() << "accepted";
    } catch (const settings_error& failure) {
        EXPECT_EQ(std::string(failure.what()),
                  std::string(MILLRACE_TEST_DICTIONARIES) +
                      ": is a directory: a FIX settings file is expected there");
    }
}

TEST(Settings, WarnsOfUnknownKeysWithLineAndNearestKnown) {
    std::string text = good;
    text += "HeartBtIntt=5\nOurOwnKey=x\n[SESION]\nX=1\nrubbish\n";
    const settings_file file = parsed(text);
    std::vector<std::string> warnings;
    for (const settings_note& note : file.notes) {
        if (note.level == note_level::warning && note.line > 27) {
            warnings.push_back(std::to_string(note.line) + ": " + note.text);
        }
    }
    EXPECT_EQ(warnings,
              (std::vector<std::string>{
                  "28: unknown key 'HeartBtIntt': ignored; did you mean 'HeartBtInt'?",
                  "29: unknown key 'OurOwnKey': ignored",
                  "30: unknown section [SESION]: ignored; known are [DEFAULT] and [SESSION]",
                  "32: 'rubbish' is neither a comment, a [SECTION] nor KEY=VALUE: ignored"}));
}

TEST(Settings, RefusesWrongValuesWithTheirLine) {
    struct wrong {
        const char* line;
        const char* expected;
    };
    for (const wrong& one : {
             wrong{"HeartBtInt=x", "expected a number from 0 to 2147483647"},
             wrong{"HeartBtInt=0", "an initiator needs at least 1 second"},
             wrong{"HeartBtInt=-5", "expected a number"},
             wrong{"HeartBtInt=99999999999", "expected a number"},
             wrong{"HeartBtInt=", "expected a number"},
             wrong{"CheckCompID=yes", "expected Y or N"},
             wrong{"StartTime=9:00", "expected a time of day as HH:MM:SS"},
             wrong{"StartTime=24:00:00", "expected a time of day"},
             wrong{"StartDay=someday", "expected a day of the week"},
             wrong{"SocketConnectPort=70000", "expected a port from 0 to 65535"},
             wrong{"SocketConnectPort=0", "expected 1 to 65535"},
             wrong{"SocketConnectPort3=1", "accepted"},
             wrong{"TimestampPrecision=10", "expected a number of decimals from 0 to 9"},
             wrong{"BeginString=FIX.5.0", "expected FIX.4.0 to FIX.4.4 or FIXT.1.1"},
             wrong{"ConnectionType=server", "expected initiator or acceptor"},
         }) {
        std::string text = good;
        const std::size_t at = text.find("  ResetOnLogon");
        text.insert(at, std::string(one.line) + "\n");
        const std::string said = refusal(text);
        EXPECT_NE(said.find(one.expected), std::string::npos) << one.line << " -> " << said;
        if (std::string(one.expected) != "accepted") {
            EXPECT_EQ(said.substr(0, 13), "venue.cfg:19:") << said;
        }
    }
}

TEST(Settings, RefusesWhatIsMissing) {
    for (const char* key : {"BeginString=FIX.4.4\n", "SenderCompID=US\n", "TargetCompID=VENUE\n",
                            "HeartBtInt=30\n", "StartTime=00:00:00\n", "EndTime=00:00:00\n",
                            "SocketConnectHost=primary.example\n", "SocketConnectPort=9876\n",
                            "DataDictionary=spec/FIX44.xml\n", "ConnectionType=initiator\n"}) {
        std::string text = good;
        text.erase(text.find(key), std::string(key).size());
        const std::string said = refusal(text);
        const std::string name = std::string(key).substr(0, std::string(key).find('='));
        EXPECT_NE(said.find(name + " is missing"), std::string::npos) << said;
        EXPECT_EQ(said.substr(0, 10), "venue.cfg:") << said;
    }
    EXPECT_NE(refusal("[DEFAULT]\n").find("no [SESSION] section"), std::string::npos);
    EXPECT_NE(refusal(std::string(good) + "StartDay=mo\n").find("StartDay and EndDay"),
              std::string::npos);
}

TEST(Settings, TakesWhatAnInitiatorLogsOnWith) {
    const auto with = [](const std::string& keys) {
        return test::settings_text("initiator", "A", "B", keys);
    };
    session_spec spec = parsed(with("Username=me\nPassword=hunter2\n")).sessions.at(0);
    EXPECT_EQ(spec.user_name, "me");
    EXPECT_EQ(spec.password, "hunter2");
    EXPECT_EQ(spec.find("Password"), nullptr);  // one copy is enough
    spec = parsed(with("Username=me\nPasswordFile=p.txt\n")).sessions.at(0);
    EXPECT_EQ(spec.password, "");
    EXPECT_EQ(spec.password_file, "p.txt");
    EXPECT_EQ(parsed(with("Username=me\n")).sessions.at(0).user_name, "me");
    EXPECT_EQ(refusal(with("Password=x\n")),
              "venue.cfg:9: Username is missing: a password is somebody's");
    EXPECT_EQ(refusal(with("Username=me\nPassword=\n")), "venue.cfg:10: Password is empty");
    EXPECT_EQ(refusal(with("Username=me\nPassword=x\nPasswordFile=y\n")),
              "venue.cfg:11: Password and PasswordFile: expected one of them");
    const settings_file acceptor =
        parsed(test::settings_text("acceptor", "A", "B", "Username=me\nPassword=x\n"));
    EXPECT_EQ(acceptor.sessions.at(0).user_name, "");
    EXPECT_EQ(acceptor.sessions.at(0).find("Password"), nullptr);
    EXPECT_EQ(std::count_if(acceptor.notes.begin(), acceptor.notes.end(),
                            [](const settings_note& one) {
                                return one.text.find("no meaning for an acceptor") !=
                                       std::string::npos;
                            }),
              2);
}

TEST(Settings, RefusesTwoSessionsOfOneName) {
    std::string text = good;
    text.replace(text.find("TargetCompID=OTHER"), 18, "TargetCompID=VENUE");
    EXPECT_EQ(refusal(text),
              "venue.cfg:20: session FIX.4.4:US->VENUE is described twice, first in line 11");
}

TEST(Settings, KeepsQualifiersOfInitiatorsOnly) {
    std::string text = good;
    text.insert(text.find("  ResetOnLogon"), "SessionQualifier=two\n");
    EXPECT_EQ(parsed(text).sessions[0].name, "FIX.4.4:US->VENUE:two");
    EXPECT_NE(refusal(std::string(good) + "SessionQualifier=two\n").find("venue.cfg:28:"),
              std::string::npos);
}

TEST(Settings, ReadsTheDictionariesOfAFixtSession) {
    std::string text = good;
    text.replace(
        text.find("BeginString=FIX.4.4"), 19,
        "BeginString=FIXT.1.1\nDefaultApplVerID=FIX.4.4\nTransportDataDictionary=FIX44.xml\n"
        "AppDataDictionary=FIX44.xml\nAppDataDictionary.FIX.4.4=FIX44.xml");
    const session_spec spec = parsed(text).sessions[0];
    EXPECT_EQ(spec.default_appl_ver_id, "FIX.4.4");
    ASSERT_EQ(spec.application_dictionaries.size(), 2U);
    EXPECT_EQ(spec.application_dictionaries[1].first, "FIX.4.4");
}

TEST(Settings, TakesLinesOfAnyLengthAndEnding) {
    const std::string text =
        good + ("FileLogPath=" + std::string(5000, 'x') + "\r\nMaxLatency=9\r\n");
    EXPECT_EQ(parsed(text).sessions.at(1).max_latency_s, 9U);
}

TEST(Settings, ReadsAFile) {
    const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                       ("millrace_settings_" + std::to_string(::getpid()) + ".cfg");
    std::ofstream(path) << good;
    EXPECT_EQ(load_settings(path.string(), {MILLRACE_TEST_DICTIONARIES}).sessions.size(), 2U);
    std::ofstream(path) << test::settings_text("initiator", "A", "B",
                                               "Username=me\nPassword=hunter2\n");
    const auto is_warned = [&](unsigned mode) {
        std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
        const settings_file file = load_settings(path.string(), {MILLRACE_TEST_DICTIONARIES});
        return std::any_of(file.notes.begin(), file.notes.end(), [](const settings_note& one) {
            return one.level == note_level::warning && one.line == 10 &&
                   one.text.find("may read this password") != std::string::npos;
        });
    };
    EXPECT_TRUE(is_warned(0644));
    EXPECT_FALSE(is_warned(0640));
    std::filesystem::remove(path);
    try {
        static_cast<void>(load_settings(path.string(), {}));
        FAIL() << "a file that does not exist was read";
    } catch (const settings_error& problem) {
        EXPECT_EQ(problem.line(), 0);
        EXPECT_EQ(problem.file(), path.string());
    }
}

}  // namespace
}  // namespace millrace::gateway
