// Tables made at run time against those the compiler made of the same files: all nine versions.
#include "xlator/spec/loaded_dictionary.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "fix40/dictionary.hpp"
#include "fix41/dictionary.hpp"
#include "fix42/dictionary.hpp"
#include "fix43/dictionary.hpp"
#include "fix44/dictionary.hpp"
#include "fix50/dictionary.hpp"
#include "fix50sp1/dictionary.hpp"
#include "fix50sp2/dictionary.hpp"
#include "fixt11/dictionary.hpp"
#include "tests/xlator/fix_text.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/fix/printer.hpp"

namespace millrace::xlator::spec {
namespace {

dictionary_text text_of(const std::string& name) {
    const std::filesystem::path path = std::filesystem::path(MILLRACE_TEST_DICTIONARIES) / name;
    std::ifstream input(path, std::ios::binary);
    std::ostringstream text;
    text << input.rdbuf();
    EXPECT_TRUE(input.good()) << path;
    return {path.native(), text.str()};
}

void expect_same(std::span<const member_info> left, std::span<const member_info> right) {
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t i = 0; i < left.size(); ++i) {
        SCOPED_TRACE(std::string(left[i].name));
        EXPECT_EQ(left[i].tag, right[i].tag);
        EXPECT_EQ(left[i].name, right[i].name);
        EXPECT_EQ(left[i].is_required, right[i].is_required);
        EXPECT_EQ(left[i].is_group, right[i].is_group);
        EXPECT_EQ(left[i].is_declared_required, right[i].is_declared_required);
        EXPECT_EQ(left[i].is_direct, right[i].is_direct);
        ASSERT_EQ(left[i].group != nullptr, right[i].group != nullptr);
        if (left[i].group != nullptr) {
            EXPECT_EQ(left[i].group->counter_tag, right[i].group->counter_tag);
            EXPECT_EQ(left[i].group->name, right[i].group->name);
            expect_same(left[i].group->members, right[i].group->members);
        }
    }
}

void expect_same(const field_info& left, const field_info& right) {
    SCOPED_TRACE(std::string(left.name));
    EXPECT_EQ(left.tag, right.tag);
    EXPECT_EQ(left.name, right.name);
    EXPECT_EQ(left.type, right.type);
    EXPECT_EQ(left.form, right.form);
    EXPECT_EQ(left.length_tag, right.length_tag);
    EXPECT_EQ(left.data_tag, right.data_tag);
    ASSERT_EQ(left.values.size(), right.values.size());
    for (std::size_t i = 0; i < left.values.size(); ++i) {
        EXPECT_EQ(left.values[i].value, right.values[i].value);
        EXPECT_EQ(left.values[i].name, right.values[i].name);
    }
}

void expect_same(const dictionary_info& left, const dictionary_info& right) {
    EXPECT_EQ(left.begin_string, right.begin_string);
    ASSERT_EQ(left.fields.size(), right.fields.size());
    for (std::size_t i = 0; i < left.fields.size(); ++i) {
        expect_same(left.fields[i], right.fields[i]);
    }
    expect_same(left.header, right.header);
    expect_same(left.trailer, right.trailer);
    ASSERT_EQ(left.messages.size(), right.messages.size());
    for (std::size_t i = 0; i < left.messages.size(); ++i) {
        SCOPED_TRACE(std::string(left.messages[i].name));
        EXPECT_EQ(left.messages[i].msg_type, right.messages[i].msg_type);
        EXPECT_EQ(left.messages[i].name, right.messages[i].name);
        EXPECT_EQ(left.messages[i].is_admin, right.messages[i].is_admin);
        expect_same(left.messages[i].members, right.messages[i].members);
    }
}

struct version {
    const char* file;
    const dictionary_info* tables;
    bool has_transport;
};

TEST(LoadedDictionary, IsWhatTheCompilerMakesOfTheSameFile) {
    const std::array<version, 9> versions = {{
        {"FIX40.xml", &fix40::dictionary, false},
        {"FIX41.xml", &fix41::dictionary, false},
        {"FIX42.xml", &fix42::dictionary, false},
        {"FIX43.xml", &fix43::dictionary, false},
        {"FIX44.xml", &fix44::dictionary, false},
        {"FIX50.xml", &fix50::dictionary, true},
        {"FIX50SP1.xml", &fix50sp1::dictionary, true},
        {"FIX50SP2.xml", &fix50sp2::dictionary, true},
        {"FIXT11.xml", &fixt11::dictionary, false},
    }};
    const dictionary_text transport = text_of("FIXT11.xml");
    for (const version& one : versions) {
        SCOPED_TRACE(one.file);
        const loaded_dictionary loaded(text_of(one.file), one.has_transport ? &transport : nullptr);
        expect_same(loaded.tables().info(), *one.tables);
    }
}

TEST(LoadedDictionary, DecodesAndPrintsAsTheGeneratedOneDoes) {
    const loaded_dictionary loaded(text_of("FIX44.xml"));
    const xlator::dictionary generated{fix44::dictionary};
    EXPECT_EQ(loaded.tables().info().name, "FIX44");
    decoder here{loaded.tables()};
    decoder there{generated};
    for (const char* const body :
         {"35=D|34=1|49=A|52=20260302-09:30:00|56=B|11=A1|54=1|55=VOD.L|38=100|40=2|44=101.5|"
          "60=20260302-09:30:00|453=2|448=BRK|447=D|452=1|448=TRD|447=D|452=12|",
          "35=D|34=1|49=A|52=20260302-09:30:00|56=B|11=A1|54=Z|55=VOD.L|60=20260302-09:30:00|40=1|",
          "35=D|34=1|49=A|52=20260302-09:30:00|56=B|453=1|452=1|",
          "35=zz|34=1|49=A|52=20260302-09:30:00|56=B|"}) {
        const std::string frame = tests::seal(tests::with_soh(body));
        const decode_result left = here.decode(frame);
        const decode_result right = there.decode(frame);
        EXPECT_EQ(left.status, right.status) << body;
        EXPECT_EQ(left.reason, right.reason) << body;
        EXPECT_EQ(left.ref_tag, right.ref_tag) << body;
        EXPECT_EQ(print(frame, &loaded.tables(), {.with_names = true}),
                  print(frame, &generated, {.with_names = true}));
    }
}

// One that a type of one byte may well have: found by a fuzzer.
TEST(LoadedDictionary, TakesAMessageTypeOfAnyByte) {
    dictionary_text file = text_of("FIX44.xml");
    const std::size_t at = file.text.find("msgtype=\"0\"");
    ASSERT_NE(at, std::string::npos);
    file.text.replace(at, 11, "msgtype=\"\xe9\"");
    const loaded_dictionary loaded(file);
    ASSERT_NE(loaded.tables().find_message("\xe9"), nullptr);
    EXPECT_EQ(loaded.tables().find_message("\xe9")->name, "Heartbeat");
    EXPECT_EQ(loaded.tables().find_message("\xea"), nullptr);
}

TEST(LoadedDictionary, RefusesWhatIsNoDictionaryWithItsFileAndLine) {
    const auto refusal = [](const std::string& text) {
        try {
            const loaded_dictionary loaded({"venue/ACME.xml", text});
            return std::string("taken");
        } catch (const dictionary_error& failure) {
            return std::string(failure.what());
        }
    };
    EXPECT_TRUE(refusal("<fix").starts_with("venue/ACME.xml:1: not well-formed XML"))
        << refusal("<fix");
    const std::string application = text_of("FIX50SP2.xml").text;
    EXPECT_EQ(refusal(application),
              "venue/ACME.xml:5: has no header and no trailer (FIX.5.0SP2): they are its "
              "transport's, such as FIXT11.xml");
}

}  // namespace
}  // namespace millrace::xlator::spec
