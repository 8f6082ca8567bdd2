// What the wall learns from a dictionary, seen through the sessions that use it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/gateway/quickfix/port_test_support.hpp"

namespace millrace::gateway {
namespace {

// Each test writes its own file: a path is parsed once in a process.
class dictionary_file {
public:
    dictionary_file(const std::string& from, const std::string& to)
        : path_(std::filesystem::temp_directory_path() /
                ("millrace_dictionary_" + std::to_string(::getpid()) + "_" +
                 std::to_string(++made_) + ".xml")) {
        std::ifstream ours(std::string(MILLRACE_TEST_DICTIONARIES) + "/FIX44.xml");
        std::ostringstream text;
        text << ours.rdbuf();
        std::string changed = text.str();
        const std::size_t at = changed.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        changed.replace(at, from.size(), to);
        std::ofstream(path_) << changed;
    }
    ~dictionary_file() { std::filesystem::remove(path_); }

    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    static inline int made_ = 0;
    std::filesystem::path path_;
};

struct with_dictionary {
    explicit with_dictionary(const std::string& path) : listener(store) {
        session_spec spec = test::spec_of(test::settings_text("initiator", "A", "B"));
        spec.data_dictionary = path;
        port = session_port::create(spec, store, listener);
    }
    [[nodiscard]] garble_reason verdict(const std::string& fields) const {
        const std::string bytes =
            test::frame_of("35=D|34=2|49=B|52=20260301-09:30:00|56=A|" + fields);
        return screen_frame(bytes.data(), bytes.size(), port->data_fields(), port->screening())
            .reason();
    }
    test::memory_store store;
    test::recording_listener listener;
    std::unique_ptr<session_port> port;
};

TEST(Dictionary, TellsTheScreenWhichFieldsAreData) {
    const with_dictionary one(std::string(MILLRACE_TEST_DICTIONARIES) + "/FIX44.xml");
    for (const char* pair : {"93=3|89=", "90=3|91=", "95=3|96=", "212=3|213=", "354=3|355="}) {
        EXPECT_EQ(one.verdict(std::string(pair) + "a|b|"), garble_reason::none) << pair;
        EXPECT_EQ(one.verdict(std::string(pair) + "ab|"), garble_reason::data_length) << pair;
    }
    // These also stand in a group of a group, of a mass quote for example.
    for (const char* pair :
         {"348=3|349=", "350=3|351=", "362=3|363=", "618=3|619=", "621=3|622="}) {
        EXPECT_EQ(one.verdict(std::string(pair) + "abc|"), garble_reason::none) << pair;
        EXPECT_EQ(one.verdict(std::string(pair) + "a|b|"), garble_reason::data_length) << pair;
    }
}

TEST(Dictionary, FindsAVenuesOwnDataFields) {
    const dictionary_file file("<field number=\"355\"",
                               "<field type='DATA' name='VenueBlob'\n number='20002'/>\n"
                               "<field number=\"355\"");
    const with_dictionary one(file.path());
    EXPECT_EQ(one.verdict("20001=3|20002=a|b|"), garble_reason::none);
    EXPECT_EQ(one.verdict("20001=9|20002=a|b|"), garble_reason::data_length);
}

constexpr const char* inner_group = "<field name=\"PartySubIDType\" required=\"N\"/>";

TEST(Dictionary, ForbidsSohWhereTheLibraryForgetsThatAFieldIsData) {
    // Inside a group inside a group the library ends a data field at its first SOH and reads on
    // from there.
    const dictionary_file file(inner_group, std::string(inner_group) +
                                                "<field name=\"EncodedTextLen\" required=\"N\"/>"
                                                "<field name=\"EncodedText\" required=\"N\"/>");
    const with_dictionary one(file.path());
    EXPECT_EQ(one.verdict("453=1|448=a|802=1|523=x|354=3|355=abc|"), garble_reason::none);
    EXPECT_EQ(one.verdict("453=1|448=a|802=1|523=x|354=22|355=a|95=100000000|96=x|b|"),
              garble_reason::data_length);
    EXPECT_EQ(one.verdict("95=3|96=a|b|"), garble_reason::none);
}

TEST(Dictionary, BarsADataFieldWhoseLengthTheLibraryWouldTakeFromElsewhere) {
    const dictionary_file file(
        inner_group, std::string(inner_group) + "<field name=\"EncodedTextLen\" required=\"N\"/>");
    const with_dictionary one(file.path());
    EXPECT_EQ(one.verdict("354=3|355=abc|"), garble_reason::data_length);
    EXPECT_EQ(one.verdict("95=3|96=abc|"), garble_reason::none);
}

TEST(Dictionary, RefusesAGroupCountedByText) {
    const dictionary_file file("name=\"NoPartyIDs\" type=\"NUMINGROUP\"",
                               "name=\"NoPartyIDs\" type=\"STRING\"");
    try {
        const with_dictionary one(file.path());
        FAIL() << "a counter that is no number would end the process on the first bad message";
    } catch (const settings_error& problem) {
        EXPECT_NE(std::string(problem.what()).find("field 453 counts a group"), std::string::npos);
        EXPECT_EQ(problem.file(), file.path());
    }
}

TEST(Dictionary, RefusesAMessageThatNamesAnUnknownField) {
    const dictionary_file file(inner_group, "<field name=\"NoSuchField\" required=\"N\"/>");
    EXPECT_THROW(with_dictionary{file.path()}, settings_error);
}

}  // namespace
}  // namespace millrace::gateway
