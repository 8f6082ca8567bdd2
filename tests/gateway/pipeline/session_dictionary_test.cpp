#include "gateway/pipeline/session_dictionary.hpp"

#include <gtest/gtest.h>

namespace millrace::gateway {
namespace {

session_spec session(const std::string& begin_string, const std::string& file = {}) {
    session_spec made;
    made.begin_string = begin_string;
    made.data_dictionary = file;
    made.name = begin_string + ":A->B";
    return made;
}

TEST(SessionDictionary, IsTheSettingsFileOrOurOwnOfTheVersion) {
    EXPECT_EQ(dictionary_of(session("FIX.4.2")), "FIX42");
    EXPECT_EQ(dictionary_of(session("FIX.4.2", "/x/ACME.xml")), "/x/ACME.xml");
    EXPECT_EQ(dictionary_of(session("FIX.3.9")), "");
}

TEST(SessionDictionary, OfFixtIsThatOfTheApplication) {
    session_spec one = session("FIXT.1.1", "/x/FIXT11.xml");
    one.default_appl_ver_id = "9";
    EXPECT_EQ(dictionary_of(one), "FIX50SP2");
    one.default_appl_ver_id = "FIX.5.0SP1";
    EXPECT_EQ(dictionary_of(one), "FIX50SP1");
    one.application_dictionaries = {{"FIX.5.0", "/x/50.xml"}, {"8", "/x/SP1.xml"}};
    EXPECT_EQ(dictionary_of(one), "/x/SP1.xml") << "by the version, however it is written";
}

TEST(SessionDictionary, OfAGatewayIsWhatItsSessionsHaveInCommon) {
    settings_file file;
    EXPECT_EQ(dictionary_of(file), "");
    file.sessions = {session("FIX.4.2"), session("FIX.4.2")};
    EXPECT_EQ(dictionary_of(file), "FIX42");
    file.sessions.push_back(session("FIX.4.4"));
    EXPECT_EQ(dictionary_of(file), std::nullopt);
}

TEST(SessionDictionary, OfAStreamIsItsOwnElseItsGateways) {
    pipeline_config config;
    config.gateways.resize(2);
    config.gateways[0].name = "old";
    config.gateways[1].name = "mixed";
    std::vector<settings_file> settings(2);
    settings[0].sessions = {session("FIX.4.0")};
    settings[1].sessions = {session("FIX.4.0"), session("FIX.4.4")};
    stream_config stream;
    stream.table = "old.FIX_IN";
    EXPECT_EQ(dictionary_of(config, settings, stream), "FIX40");
    stream.table = "mixed.FIX_OUT";
    EXPECT_EQ(dictionary_of(config, settings, stream), std::nullopt);
    stream.dictionary = "FIX44";
    EXPECT_EQ(dictionary_of(config, settings, stream), "FIX44");
    stream = {};
    stream.table = "ORDER_OUT";
    EXPECT_EQ(dictionary_of(config, settings, stream), "");
}

TEST(SessionDictionary, AsksForWhatTheSettingsAskFor) {
    session_spec one = session("FIX.4.4");
    xlator::decode_options usual = validation_of(one);
    EXPECT_FALSE(usual.is_strict);
    EXPECT_TRUE(usual.check_have_values && usual.check_user_fields);
    EXPECT_FALSE(usual.allow_unknown_fields);
    one.settings = {{"ValidateFieldsHaveValues", "N", 1},
                    {"ValidateUserDefinedFields", "N", 2},
                    {"AllowUnknownMsgFields", "Y", 3}};
    const xlator::decode_options lenient = validation_of(one);
    EXPECT_FALSE(lenient.check_have_values || lenient.check_user_fields);
    EXPECT_TRUE(lenient.allow_unknown_fields);
}

TEST(SessionDictionary, FindsTheSessionOfARoute) {
    pipeline_config config;
    config.gateways.resize(2);
    config.gateways[0].name = "one";
    config.gateways[1].name = "two";
    std::vector<settings_file> settings(2);
    settings[0].sessions = {session("FIX.4.0")};
    settings[1].sessions = {session("FIX.4.0"), session("FIX.4.4")};
    route_config route;
    route.session = "FIX.4.4:A->B";
    EXPECT_EQ(find_session(config, settings, route), &settings[1].sessions[1]);
    route.gateway = "one";
    EXPECT_EQ(find_session(config, settings, route), nullptr);
    route.session = "FIX.4.0:A->B";
    route.gateway = "two";
    EXPECT_EQ(find_session(config, settings, route), &settings[1].sessions[0]);
}

}  // namespace
}  // namespace millrace::gateway
