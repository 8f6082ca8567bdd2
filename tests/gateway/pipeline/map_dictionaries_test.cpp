#include "gateway/pipeline/map_dictionaries.hpp"

#include <gtest/gtest.h>

#include "engine/core/file.hpp"
#include "tests/gateway/pipeline/config_support.hpp"

namespace millrace::gateway {
namespace {

class MapDictionaries : public testing::Test {
protected:
    MapDictionaries() : all_(test::dictionaries(), directory_.path()) {}

    [[nodiscard]] std::string refusal(const std::string& name) {
        std::string reason;
        EXPECT_EQ(all_.find(name, reason), nullptr);
        return reason;
    }
    [[nodiscard]] const xlator::dictionary& found(const std::string& name) {
        std::string reason;
        const xlator::dictionary* const one = all_.find(name, reason);
        EXPECT_NE(one, nullptr) << reason;
        return *one;
    }

    test::temporary_directory directory_;
    map_dictionaries all_;
};

TEST_F(MapDictionaries, HaveEveryVersionByName) {
    EXPECT_EQ(found("FIX40").info().begin_string, "FIX.4.0");
    EXPECT_EQ(found("FIX44").info().messages.size(), 93U);
    EXPECT_EQ(found("FIX50SP2").info().begin_string, "FIXT.1.1");
    EXPECT_EQ(found("FIX50SP2").info().messages.size(), 108U + 7U);
    EXPECT_EQ(&found("FIX42"), &found("FIX42")) << "read once";
}

TEST_F(MapDictionaries, TakeAVenuesFileBesideTheConfiguration) {
    std::string text = engine::read_whole_file(test::dictionaries() / "FIX44.xml");
    text = test::replaced(text, "<fields>",
                          "<fields><field number=\"5001\" name=\"VenueFlag\" type=\"CHAR\"/>");
    directory_.write("ACME.xml", text);
    ASSERT_NE(found("ACME.xml").find_field("VenueFlag"), nullptr);
    EXPECT_EQ(found("ACME.xml").find_field("VenueFlag")->tag, 5001);
    EXPECT_EQ(found((directory_.path() / "ACME.xml").native()).info().name, "ACME");
    directory_.write("FIVE.xml", engine::read_whole_file(test::dictionaries() / "FIX50.xml"));
    EXPECT_EQ(found("FIVE.xml").info().begin_string, "FIXT.1.1") << "with our transport";
}

TEST_F(MapDictionaries, SayWhyOneIsNotTaken) {
    EXPECT_EQ(refusal("FIX4.4"),
              "unknown dictionary 'FIX4.4', expected FIX40 to FIX50SP2 or a file in QuickFIX's "
              "format (ACME.xml) (did you mean FIX44?)");
    EXPECT_TRUE(refusal("nowhere.xml").find("nowhere.xml") != std::string::npos);
    directory_.write("bad.xml", "<fix major=\"4\" minor=\"4\">\n<fields>\n");
    EXPECT_NE(refusal("bad.xml").find("bad.xml:"), std::string::npos) << refusal("bad.xml");
    map_dictionaries alone;
    std::string reason;
    EXPECT_NE(alone.find("FIX44", reason), nullptr);
    EXPECT_EQ(alone.find("FIX42", reason), nullptr);
    EXPECT_NE(reason.find("dictionary_directory"), std::string::npos) << reason;
}

}  // namespace
}  // namespace millrace::gateway
