#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "dialect/Order.hpp"
#include "dialect/dictionary.hpp"
#include "fix44/NewOrderSingle.hpp"
#include "tests/xlator/fix_text.hpp"
#include "xlator/codegen/emit.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/fix/encoder.hpp"

namespace millrace::xlator::codegen {

using spec::dictionary;
using spec::dictionary_error;
using spec::parse_dictionary;
using spec::validate;

namespace {

const std::filesystem::path here = MILLRACE_CODEGEN_TESTS;

std::string read_text(const std::filesystem::path& path) {
    std::ifstream input(path, std::ios::binary);
    std::ostringstream text;
    text << input.rdbuf();
    return text.str();
}

TEST(Codegen, WritesTheGoldenTextForASmallDialect) {
    dictionary dict = read_dictionary(here / "golden" / "dialect.xml");
    validate(dict);
    std::set<std::string> written;
    for (const generated_file& file : emit(dict, "acme::dialect")) {
        EXPECT_EQ(file.text, read_text(here / "golden" / (file.name + ".golden"))) << file.name;
        written.insert(file.name + ".golden");
    }
    for (const auto& entry : std::filesystem::directory_iterator(here / "golden")) {
        const std::string name = entry.path().filename();
        EXPECT_TRUE(name == "dialect.xml" || written.count(name) == 1) << name << " is not written";
    }
}

TEST(Codegen, TwoDialectsLiveSideBySide) {
    namespace venue = acme::dialect;
    std::array<char, 512> out{};
    const encode_result result = xlator::encode<venue::Order>(
        out, set<venue::VenueID>("V1"), set<venue::Way>(venue::Way::odd_one),
        set<venue::Level>(venue::Level::below_low), set<venue::Market>(venue::Market::london_x_q),
        set<venue::Extras>("A"), set<venue::Blob>("\x01"),
        set_group<venue::NoTraders>(entry(
            set<venue::Trader>("T"), set_group<venue::NoDesks>(entry(set<venue::Desk>("D"))))));
    ASSERT_TRUE(result.is_ok());
    const std::string body(out.data(), result.size);
    EXPECT_EQ(tests::with_bars(body),
              "5001=V1|5002='|5003=-1|5004=X\"Q|5005=A|5006=1|5007=T|5008=1|5009=D|5010=1|5011=||");
    const xlator::dictionary dict{venue::dictionary};
    decoder reader{dict};
    const std::string frame = tests::seal(tests::with_soh("35=UO|") + body);
    EXPECT_TRUE(reader.decode(frame).is_ok());
    EXPECT_EQ(*reader.message().get<venue::Market>(), venue::Market::london_x_q);
    EXPECT_EQ(reader.decode(tests::frame_of("35=UO|5001=V|5002=N|5006=1|5008=1|5009=x|")).ref_tag,
              5008);
    EXPECT_EQ(reader.decode(tests::frame_of("35=UO|5001=V|")).ref_tag, 5002);
    EXPECT_TRUE(reader.decode(tests::frame_of("35=UT|")).is_ok()) << "optional component";
    EXPECT_EQ(fix44::NewOrderSingle::msg_type, "D");
}

TEST(Codegen, ReadsTheVersionAsQuickFixDoes) {
    const auto version = [](const std::string& attributes) {
        return parse_dictionary(
                   "x.xml", "<fix " + attributes +
                                ">"
                                "<messages><message name='M' msgtype='M'/></messages>"
                                "<fields><field number='1' name='A' type='STRING'/></fields></fix>")
            .begin_string;
    };
    EXPECT_EQ(version("major='4' minor='2'"), "FIX.4.2");
    EXPECT_EQ(version("type='FIXT' major='1' minor='1' servicepack='0'"), "FIXT.1.1");
    EXPECT_EQ(version("type='FIX' major='5' minor='0' servicepack='2'"), "FIX.5.0SP2");
    EXPECT_THROW(version("type='FAST' major='1' minor='1'"), dictionary_error);
    EXPECT_THROW(version("major='4'"), dictionary_error);
}

TEST(Codegen, TakesCharBeforeFix42ForATextAsQuickFixDoes) {
    const auto type = [](const std::string& minor) {
        return parse_dictionary("x.xml",
                                "<fix major='4' minor='" + minor +
                                    "'><messages><message name='M' msgtype='M'/></messages>"
                                    "<fields><field number='1' name='A' type='CHAR'/></fields>"
                                    "</fix>")
            .fields.front()
            .type;
    };
    EXPECT_EQ(type("1"), field_type::string);
    EXPECT_EQ(type("2"), field_type::character);
}

// A dictionary with one field of the application, and what else is said.
dictionary with_parts(const std::string& version, const std::string& sections,
                      const std::string& message, const std::string& fields) {
    dictionary dict = parse_dictionary(
        version + ".xml", "<fix " + version + ">\n" + sections + "<messages>" + message +
                              "</messages>\n<fields>\n" + fields + "</fields></fix>");
    validate(dict);
    return dict;
}

dictionary transport_of(const std::string& message, const std::string& fields = "") {
    return with_parts("type='FIXT' major='1' minor='1'",
                      "<header><field name='BeginString' required='Y'/></header>", message,
                      "<field number='8' name='BeginString' type='STRING'/>\n" + fields);
}

dictionary application() {
    return with_parts("major='5' minor='0'", "", "<message name='Order' msgtype='D'/>",
                      "<field number='58' name='Text' type='STRING'>"
                      "<value enum='A'/></field>\n");
}

TEST(Transport, CompletesAnApplicationAndJoinsValueSets) {
    dictionary app = application();
    join_transport(app, transport_of("<message name='Logon' msgtype='A' msgcat='admin'/>",
                                     "<field number='58' name='Text' type='STRING'>"
                                     "<value enum='A'/><value enum='B'/></field>"));
    validate(app);
    EXPECT_EQ(app.begin_string, "FIXT.1.1");
    EXPECT_EQ(app.header.size(), 1U);
    EXPECT_EQ(app.messages.size(), 2U);
    EXPECT_EQ(app.fields.size(), 2U);
    EXPECT_EQ(app.fields.back().values.size(), 2U);
}

// QuickFIX checks a header's field by the transport's dictionary alone.
TEST(Transport, SaysWhichValuesAFieldHasThatNoMessageOfTheApplicationHolds) {
    const auto values_of_text = [](const std::string& order) {
        dictionary app = with_parts("major='5' minor='0'", "",
                                    "<message name='Order' msgtype='D'>" + order + "</message>",
                                    "<field number='58' name='Text' type='STRING'/>\n");
        join_transport(app, transport_of("<message name='Logon' msgtype='A'/>",
                                         "<field number='58' name='Text' type='STRING'>"
                                         "<value enum='A'/><value enum='B'/></field>"));
        validate(app);
        return app.fields.back().values.size();
    };
    EXPECT_EQ(values_of_text(""), 2U);
    EXPECT_EQ(values_of_text("<field name='Text'/>"), 0U);
}

TEST(Transport, IsRefusedWhereItContradictsTheApplication) {
    const auto refusal = [](dictionary app, const dictionary& transport) {
        try {
            join_transport(app, transport);
        } catch (const dictionary_error& refused) {
            return std::string(refused.what());
        }
        return std::string("accepted");
    };
    const std::string logon = "<message name='Logon' msgtype='A'/>";
    EXPECT_NE(
        refusal(transport_of(logon), transport_of(logon)).find("header or trailer of its own"),
        std::string::npos);
    EXPECT_NE(refusal(application(), transport_of("<message name='Logon' msgtype='D'/>"))
                  .find(":2: message Logon of type D is also defined in"),
              std::string::npos);
    EXPECT_NE(
        refusal(application(), transport_of(logon, "<field number='58' name='Text' type='INT'/>"))
            .find(":5: field Text has tag 58 and type INT, in major='5' minor='0'.xml tag 58"),
        std::string::npos);
    const std::string block =
        "<components><component name='B'><field name='Text'/></component>"
        "</components>";
    const std::string text = "<field number='58' name='Text' type='STRING'/>";
    const dictionary app =
        with_parts("major='5' minor='0'", block, "<message name='Order' msgtype='D'/>", text);
    dictionary transport = transport_of(logon, text);
    transport.components = app.components;
    EXPECT_NE(refusal(app, transport).find("component B is also defined in"), std::string::npos);
}

// The rule of header and trailer is one for declarations and for tables made at run time.
TEST(Transport, IsNeededWhereADictionaryHasNoHeaderOrTrailer) {
    const auto refusal = [](const dictionary& app, const dictionary* transport) {
        try {
            static_cast<void>(complete(app, transport));
        } catch (const dictionary_error& refused) {
            return std::string(refused.what());
        }
        return std::string("accepted");
    };
    const std::string fixt = "type='FIXT' major='1' minor='1'.xml:1: ";
    dictionary transport = transport_of("<message name='Logon' msgtype='A'/>");
    EXPECT_EQ(refusal(application(), nullptr),
              "major='5' minor='0'.xml:1: has no header and no trailer (FIX.5.0): they are its "
              "transport's, such as FIXT11.xml");
    EXPECT_EQ(refusal(transport, nullptr),
              fixt + "has no trailer (FIXT.1.1): they are its transport's, such as FIXT11.xml");
    EXPECT_EQ(refusal(application(), &transport),
              fixt + "has no trailer (FIXT.1.1): is this a transport, such as FIXT11.xml?");
    transport.trailer = transport.header;
    EXPECT_EQ(refusal(application(), &transport), "accepted");
}

struct bad_dictionary {
    const char* name;
    int line;
    const char* reason;
};

class BadDictionary : public testing::TestWithParam<bad_dictionary> {};

constexpr bad_dictionary bad_dictionaries[] = {
    {"component_cycle", 8, "component A contains itself: A -> B -> A"},
    {"component_without_members", 8, "component A has no members"},
    {"data_apart_from_length", 7, "length field BlobLen without its data field directly behind it"},
    {"data_without_length", 16, "data field Blob has no length field: tag 199 should be"},
    {"duplicate_field_name", 16, "field name Alpha is already taken by tag 100"},
    {"duplicate_tag", 16, "tag 100 of field Other is already taken by Alpha in line 13"},
    {"field_twice_in_message", 11, "message M through component A has field Alpha twice"},
    {"group_counted_by_text", 6, "is counted by a field of type STRING: NUMINGROUP is needed"},
    {"group_without_members", 6,
     "group NoGammas in message M has no members, so it has no delimiter"},
    {"length_without_data", 16, "length field BlobLen has no data field: tag 201 should be"},
    {"member_within_a_field", 7, "unexpected <field> in <field>, in which nothing stands here"},
    {"message_name_twice", 6, "message M is defined twice"},
    {"message_type_twice", 6, "message type M of N is already taken by M"},
    {"message_without_type", 5, "<message> has no attribute \"msgtype\""},
    {"name_is_no_identifier", 16, "field name \"Two Words\" is not a C++ identifier"},
    {"mistyped_attribute", 6,
     "unexpected attribute \"requird\" of <field>; did you mean \"required\"?"},
    {"no_fields", 1, "no <fields> section with fields"},
    {"no_messages", 1, "no <messages> section with messages"},
    {"not_a_dictionary", 1, "no <fix> element"},
    {"not_xml", 3, "not well-formed XML"},
    {"required_is_no_flag", 6, "attribute \"required\" of Alpha must be Y or N, not \"yes\""},
    {"second_root", 20, "unexpected <fix> beside the <fix> in line 1: a file is one dictionary"},
    {"section_twice", 12, "a second <components>, the first is in line 9"},
    {"tag_is_no_number", 16, "tag \"12x\" is not a positive number"},
    {"tag_of_ten_digits", 16, "tag \"1000000000\" has more than nine digits"},
    {"unexpected_element", 6, "unexpected <feild> in <message>; did you mean <field>?"},
    {"unknown_component", 6,
     "message M uses component Missing, which <components> does not define"},
    {"unknown_field", 6, "message M uses field Missing, which <fields> does not define"},
    {"unknown_in_components", 11,
     "unexpected <compnent> in <components>; did you mean <component>?"},
    {"unknown_in_field", 17, "unexpected <vlaue> in <field>; did you mean <value>?"},
    {"unknown_in_fields", 18, "unexpected <feld> in <fields>; did you mean <field>?"},
    {"unknown_in_messages", 8, "unexpected <mesage> in <messages>; did you mean <message>?"},
    {"unknown_section", 2, "unexpected <headr> in <fix>; did you mean <header>?"},
    {"unknown_type", 16, "field Other has unknown type STRNG"},
    {"value_twice", 18, "value A of field Other is listed twice"},
    {"values_of_a_price", 17, "field Other of type PRICE cannot have a value set"},
};

TEST_P(BadDictionary, IsRefusedWithFileLineAndReason) {
    const std::string file = here / "bad" / (std::string(GetParam().name) + ".xml");
    try {
        dictionary dict = read_dictionary(file);
        validate(dict);
        FAIL() << "accepted";
    } catch (const dictionary_error& refused) {
        const std::string text = refused.what();
        EXPECT_EQ(text.find(file + ":" + std::to_string(GetParam().line) + ": "), 0U) << text;
        EXPECT_NE(text.find(GetParam().reason), std::string::npos) << text;
    }
}

INSTANTIATE_TEST_SUITE_P(Codegen, BadDictionary, testing::ValuesIn(bad_dictionaries),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(BadDictionaries, EachFileHasItsTest) {
    std::set<std::string> tested;
    for (const bad_dictionary& each : bad_dictionaries) {
        tested.insert(std::string(each.name) + ".xml");
    }
    for (const auto& entry : std::filesystem::directory_iterator(here / "bad")) {
        EXPECT_EQ(tested.count(entry.path().filename()), 1U) << entry.path();
    }
}

TEST(GoodDictionaries, MayHaveWhatVenuesAddToQuickFixFormat) {
    dictionary dict = parse_dictionary(
        "x.xml",
        "<?xml version='1.0' encoding='UTF-8'?>\n<!-- ours -->\n"
        "<fix type='FIX' major='4' minor='4' servicepack='0' extensionpack='1'>\n<!-- all -->\n"
        "<header/><trailer></trailer><components/>"
        "<messages><message name='M' msgtype='M' msgcat='app' added='x'>"
        "<field name='A' required='y'/><field name='B' required='n'></field><field name='C'/>"
        "</message></messages>"
        "<fields><field number='1' name='A' type='STRING' allowOtherValues='true'>"
        "<value enum='1' description='ONE'/><!-- no more --></field>"
        "<field number='999999999' name='B' type='INT'/>"
        "<field number='3' name='C' type='INT'/></fields></fix>\n<!-- end -->\n");
    validate(dict);
    const std::vector<spec::member>& members = dict.messages.front().members;
    ASSERT_EQ(members.size(), 3U);
    EXPECT_TRUE(members[0].is_required);
    EXPECT_FALSE(members[1].is_required);
    EXPECT_FALSE(members[2].is_required);
    EXPECT_EQ(dict.fields.back().tag, 999'999'999);
}

TEST(BadDictionaries, AMissingFileIsNamed) {
    try {
        (void)read_dictionary("/nowhere/at/all.xml");
        FAIL() << "accepted";
    } catch (const dictionary_error& refused) {
        EXPECT_NE(std::string(refused.what()).find("/nowhere/at/all.xml"), std::string::npos);
    }
}

}  // namespace
}  // namespace millrace::xlator::codegen
