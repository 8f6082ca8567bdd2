// Maps of a configuration at work: rows of the engine become FIX bodies, FIX messages become rows.
#include "gateway/pipeline/map_build.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "engine/core/error.hpp"
#include "engine/table/row_text.hpp"
#include "gateway/pipeline/map_rows.hpp"
#include "tests/gateway/pipeline/config_support.hpp"
#include "xlator/fix/frame.hpp"

namespace millrace::gateway {
namespace {

constexpr std::int64_t noon_ns = 1'772'366'400'000'000'000;  // 2026-03-01T12:00:00Z

std::string readable(std::string_view bytes) {
    std::string text(bytes);
    std::replace(text.begin(), text.end(), '\x01', '|');
    return text;
}

std::string with_delimiters(std::string text) {
    std::replace(text.begin(), text.end(), '|', '\x01');
    return text;
}

// A whole message of the type with this body.
std::string message(std::string_view msg_type, const std::string& body) {
    const std::string bytes = with_delimiters(body);
    std::uint32_t sum = 0;
    for (const char c : bytes) {
        sum += static_cast<unsigned char>(c);
    }
    xlator::frame_header header;
    header.begin_string = "FIX.4.4";
    header.msg_type = msg_type;
    header.sender_comp_id = "VENUE";
    header.target_comp_id = "MILLRACE";
    header.msg_seq_num = 7;
    header.sending_time = {noon_ns, 3};
    std::array<char, 4096> out{};
    const auto framed = xlator::frame(out, header, bytes, sum);
    EXPECT_GT(framed.size, 0U);
    return {out.data(), framed.size};
}

class ExampleMap : public testing::Test {
protected:
    ExampleMap() : config_(load_config(test::example_path())) {}

    [[nodiscard]] const engine::row_schema& schema(const char* table) const {
        return config_.find_table(table)->schema;
    }

    static void set(engine::row_builder& row, const char* column, std::string_view value) {
        ASSERT_EQ(engine::parse_value(row, row.schema().index_of(column), value), "");
    }
    static std::string get(const engine::row_builder& row, const char* column) {
        std::string text;
        engine::append_value_text(row.view(), row.schema().index_of(column), text);
        return text;
    }

    pipeline_config config_;
    map_dictionaries dictionaries_;
    std::array<std::byte, 4096> room_{};
    std::array<char, 1024> out_{};
};

TEST_F(ExampleMap, MakesAnOrderOfARow) {
    const auto map = build_outbound_map(config_, *config_.find_map("new_order"), {},
                                        schema("ORDER_OUT"), dictionaries_);
    engine::row_builder row(schema("ORDER_OUT"), room_);
    set(row, "CL_ORD_ID", "A1");
    set(row, "SYMBOL", "MSFT");
    set(row, "SIDE", "S");
    set(row, "PRICE", "101.50");
    set(row, "QUANTITY", "300");
    set(row, "CLIENT_ID", "C9");
    const auto result = map.encode(map_row(row.view()), {{noon_ns, 3}}, out_);
    ASSERT_TRUE(result.is_ok()) << xlator::describe(result.status) << " tag " << result.tag;
    EXPECT_EQ(map.msg_type(), "D");
    EXPECT_EQ(readable({out_.data(), result.size}),
              "11=A1|21=1|38=300|40=2|44=101.50|54=2|55=MSFT|60=20260301-12:00:00.000|"
              "453=1|448=C9|447=D|452=3|");
}

TEST_F(ExampleMap, SaysWhichColumnCannotBeTranslated) {
    const auto map = build_outbound_map(config_, *config_.find_map("new_order"), {},
                                        schema("ORDER_OUT"), dictionaries_);
    engine::row_builder row(schema("ORDER_OUT"), room_);
    set(row, "CL_ORD_ID", "A1");
    set(row, "SYMBOL", "MSFT");
    set(row, "SIDE", "X");
    const auto bad = map.encode(map_row(row.view()), {{noon_ns, 3}}, out_);
    EXPECT_EQ(bad.status, xlator::map_status::bad_value);
    EXPECT_EQ(bad.tag, 54);
    EXPECT_EQ(bad.column, static_cast<int>(row.schema().index_of("SIDE")));
    ASSERT_EQ(row.set_empty(row.schema().index_of("SIDE")), engine::row_status::ok);
    const auto empty = map.encode(map_row(row.view()), {{noon_ns, 3}}, out_);
    EXPECT_EQ(empty.status, xlator::map_status::required_empty);
    EXPECT_EQ(empty.tag, 54);
}

TEST_F(ExampleMap, MakesARowOfAReport) {
    auto map = build_inbound_map(config_, *config_.find_map("execution"), {}, schema("EXECUTION"),
                                 dictionaries_);
    engine::row_builder row(schema("EXECUTION"), room_);
    const std::string report =
        message("8",
                "6=101.5|14=100|17=E1|31=101.50|32=100|37=O1|39=1|54=2|55=MSFT|"
                "60=20260301-12:00:00.250|150=F|151=200|453=1|448=C9|447=D|452=3|");
    const inbound_result result = map.decode(report, {{noon_ns, 3}}, row);
    ASSERT_EQ(result.status, inbound_status::ok) << result.reason << " tag " << result.tag;
    ASSERT_EQ(row.finish().status, engine::row_status::ok);
    EXPECT_EQ(get(row, "EXEC_ID"), "E1");
    EXPECT_EQ(get(row, "CL_ORD_ID"), "NONE") << "the default of a field that is not there";
    EXPECT_EQ(get(row, "SIDE"), "S");
    EXPECT_EQ(get(row, "STATUS"), "part");
    EXPECT_EQ(get(row, "LAST_PX"), "101.50");
    EXPECT_EQ(get(row, "CUM_QTY"), "100");
    EXPECT_EQ(get(row, "CLIENT_ID"), "C9");
    EXPECT_EQ(get(row, "TRANSACT_TIME"), "2026-03-01T12:00:00.250000000Z");
    EXPECT_EQ(get(row, "TRANSLATED_TIME"), "2026-03-01T12:00:00.000000000Z");
}

TEST_F(ExampleMap, PassesOverMessagesOfAnotherType) {
    auto map = build_inbound_map(config_, *config_.find_map("execution"), {}, schema("EXECUTION"),
                                 dictionaries_);
    engine::row_builder row(schema("EXECUTION"), room_);
    EXPECT_EQ(map.decode(message("0", ""), {{noon_ns, 3}}, row).status,
              inbound_status::wrong_message);
}

TEST_F(ExampleMap, SaysWhatIsWrongWithAReport) {
    auto map = build_inbound_map(config_, *config_.find_map("execution"), {}, schema("EXECUTION"),
                                 dictionaries_);
    engine::row_builder row(schema("EXECUTION"), room_);
    EXPECT_EQ(map.decode("no message", {{noon_ns, 3}}, row).status, inbound_status::malformed);
    const std::string rest = "6=1|14=1|37=O1|54=1|55=M|150=0|151=1|";
    const inbound_result no_id = map.decode(message("8", rest + "39=0|"), {{noon_ns, 3}}, row);
    EXPECT_EQ(no_id.status, inbound_status::malformed);
    EXPECT_EQ(no_id.tag, 17) << no_id.reason;
    const inbound_result status =
        map.decode(message("8", rest + "17=E1|39=3|"), {{noon_ns, 3}}, row);
    EXPECT_EQ(status.status, inbound_status::untranslatable);
    EXPECT_EQ(status.tag, 39) << status.reason;
    EXPECT_EQ(status.column, static_cast<int>(row.schema().index_of("STATUS")));
    const std::string long_id(60, 'E');
    const inbound_result wide =
        map.decode(message("8", rest + "17=" + long_id + "|39=0|"), {{noon_ns, 3}}, row);
    EXPECT_EQ(wide.status, inbound_status::untranslatable);
    EXPECT_EQ(wide.tag, 17);
}

TEST_F(ExampleMap, TheDecoderTakesFieldsTheDictionaryDoesNotKnow) {
    auto map = build_inbound_map(config_, *config_.find_map("execution"), {}, schema("EXECUTION"),
                                 dictionaries_);
    engine::row_builder row(schema("EXECUTION"), room_);
    const std::string report =
        message("8", "6=1|14=1|17=E1|37=O1|39=0|54=1|55=M|150=0|151=1|9001=own|");
    const inbound_result result = map.decode(report, {{noon_ns, 3}}, row);
    EXPECT_EQ(result.status, inbound_status::ok) << result.reason << " tag " << result.tag;
}

class SmallMap : public testing::Test {
protected:
    // The configuration with one table of these columns and one map.
    static pipeline_config config(const std::string& columns, const std::string& map) {
        return parse_config("a.toml", "[[table]]\nname = 'T'\ncolumns = [" + columns +
                                          "]\n[[map]]\nname = 'm'\n" + map);
    }
    static std::string refusal(const pipeline_config& config) {
        const map_config& map = config.maps.at(0);
        map_dictionaries dictionaries;
        try {
            const engine::row_schema& schema = config.tables.at(0).schema;
            switch (map.kind) {
                case map_kind::to_message:
                    static_cast<void>(build_outbound_map(config, map, {}, schema, dictionaries));
                    break;
                case map_kind::from_message:
                    static_cast<void>(build_inbound_map(config, map, {}, schema, dictionaries));
                    break;
                case map_kind::between_rows:
                    static_cast<void>(build_row_map(config, map, schema, schema));
                    break;
                case map_kind::pass_through:
                    static_cast<void>(
                        build_message_pass(config, map, session(), schema, dictionaries));
                    break;
            }
            return "";
        } catch (const engine::config_error& failure) {
            return failure.what();
        }
    }
    static session_spec session() {
        session_spec made;
        made.begin_string = "FIX.4.4";
        return made;
    }
    // Why the text is no configuration.
    static std::string unreadable(const std::string& columns, const std::string& map) {
        try {
            static_cast<void>(config(columns, map));
            return "";
        } catch (const engine::config_error& failure) {
            return failure.what();
        }
    }
    static constexpr const char* heartbeat = "message = 'Heartbeat'\n[map.fields]\nTestReqID = ";
    static constexpr const char* request = "message = 'TestRequest'\n[map.columns]\n";
    static constexpr const char* outbound = "message = 'TestRequest'\n[map.fields]\n";
};

TEST_F(SmallMap, RefusesIntegersBeyondWhatFixHolds) {
    EXPECT_EQ(
        refusal(config("{name = 'A', type = 'u64'}", std::string(heartbeat) + "'A'\n")),
        "a.toml:8: map m: column A is u64, beyond what the integers of maps hold; make it i64, or "
        "a decimal");
    EXPECT_EQ(refusal(config("{name = 'A', type = 'u32'}", std::string(heartbeat) + "'a'\n")), "")
        << "columns have no case";
}

TEST_F(SmallMap, TheTimeOfTranslationNeedsATimestamp) {
    EXPECT_EQ(
        refusal(config("{name = 'A', type = 'i64'}", std::string(request) + "A = {now = true}\n")),
        "a.toml:8: map m: column A is no timestamp and cannot take the time of translation");
    EXPECT_EQ(
        refusal(config("{name = 'A', type = 'i64'}", std::string(request) + "B = {now = true}\n")),
        "a.toml:8: map m: column B does not exist; did you mean A?");
}

TEST_F(SmallMap, EveryErrorIsALine) {
    EXPECT_EQ(
        refusal(config("{name = 'A', type = 'text(9)'}",
                       std::string(request) + "A = 'TestReqIDD'\nC = 'TestReqID'\n")),
        "a.toml:8: map m: field TestReqIDD is not in dictionary fix44; did you mean TestReqID?\n"
        "a.toml:9: map m: column C does not exist; did you mean A?");
}

TEST_F(SmallMap, ConditionsAndSecondColumnsAreReadAndChecked) {
    const std::string columns =
        "{name = 'A', type = 'text(9)'}, {name = 'B', type = 'text(9)'}, {name = 'S', type = "
        "'char'}";
    const std::string field = "TestReqID = {column = 'a', default_column = 'b', when = ";
    const std::string optional_id = "message = 'Heartbeat'\n[map.fields]\n";  // may be without it
    const pipeline_config good =
        config(columns, optional_id + field + "{column = 's', is_not = ['x']}}\n");
    EXPECT_EQ(refusal(good), "");
    const map_rule_config& rule = good.maps[0].rules.at(0);
    EXPECT_EQ(rule.fallback, "b");
    EXPECT_TRUE(rule.when->is_negated);
    EXPECT_EQ(rule.when->values, std::vector<std::string>{"x"});
    EXPECT_EQ(refusal(config(columns, optional_id + field + "{column = 'C', is = ['x']}}\n")),
              "a.toml:8: map m: column C does not exist; did you mean A?");
    for (const auto& [text, reason] : std::vector<std::pair<std::string, std::string>>{
             {field + "{column = 'S'}}\n", "'when' needs either 'is' or 'is_not'"},
             {field + "{column = 'S', is = []}}\n", "'is' lists no value"},
             {"TestReqID = {value = 'x', default_column = 'B'}\n",
              "'default_column' needs a 'column'"}}) {
        try {
            static_cast<void>(config(columns, optional_id + text));
            ADD_FAILURE() << text;
        } catch (const engine::config_error& failure) {
            EXPECT_NE(std::string(failure.what()).find(reason), std::string::npos)
                << failure.what();
        }
    }
}

TEST_F(SmallMap, TemplatesFormatsAndMatchesAreReadAndChecked) {
    const std::string columns = "{name = 'A', type = 'text(20)'}, {name = 'N', type = 'u64'}";
    EXPECT_EQ(refusal(config(columns, std::string(outbound) +
                                          "TestReqID = {template = '{a}-{@sequence:8}'}\n")),
              "");
    EXPECT_EQ(
        refusal(config(columns, std::string(outbound) + "TestReqID = {template = '{A}{n}'}\n")),
        "a.toml:8: map m: column n is u64, beyond what the integers of maps hold; make it i64, "
        "or a decimal");
    EXPECT_EQ(refusal(config(columns, std::string(request) +
                                          "A = {template = '{TestReqID}/{SenderCompId}'}\n")),
              "a.toml:8: map m: field SenderCompId is not in dictionary fix44; did you mean "
              "SenderCompID?");
    EXPECT_EQ(
        refusal(config(columns, std::string(request) + "A = {field = 'TestReqID', default_field = "
                                                       "'SendingTime'}\n")),
        "");
    const pipeline_config matched =
        config(columns,
               "message = 'ExecutionReport'\n[map.columns]\nA = {group = 'NoPartyIDs', match = "
               "{PartyRole = 'executing_firm'}, field = 'PartyID'}\n");
    EXPECT_EQ(refusal(matched), "");
    EXPECT_EQ(matched.maps[0].rules[0].match.first, "PartyRole");
    for (const auto& [text, reason] : std::vector<std::pair<std::string, std::string>>{
             {"{column = 'A', template = '{A}'}",
              "TestReqID needs one source: 'column', 'value', "
              "'now' or 'template'"},
             {"{template = '{A}', values = {a = 'b'}}",
              "'values' translates what a 'column' has, not what a 'template' makes"},
             {"{template = '{A}', format = '8'}",
              "'format' is of a 'column' or of 'now'; in a 'template' it stands behind the name: "
              "{NAME:FORMAT}"},
             {"{value = 'x', format = '8'}",
              "'format' is of a 'column' or of 'now'; in a 'template' it stands behind the name: "
              "{NAME:FORMAT}"}}) {
        EXPECT_EQ(unreadable(columns, std::string(outbound) + "TestReqID = " + text + "\n"),
                  "a.toml:8: " + reason);
    }
    EXPECT_EQ(unreadable(columns, std::string(request) +
                                      "A = {field = 'TestReqID', match = {PartyRole = '1'}}\n"),
              "a.toml:8: 'match' picks an entry of a group; there is no 'group'");
    EXPECT_EQ(unreadable(columns, std::string(request) +
                                      "A = {field = 'PartyID', group = 'NoPartyIDs', entry = 1, "
                                      "match = {PartyRole = '1'}}\n"),
              "a.toml:8: 'match' names one field of the entry and its value, in the place of "
              "'entry': {PartyRole = \"1\"}");
}

TEST_F(SmallMap, WhatStandsInTheMapMustFitItsColumn) {
    const std::string columns =
        "{name = 'A', type = 'text(3)', key = true}, {name = 'N', type = 'i8'}";
    const std::string key = "A = 'TestReqID'\n";
    EXPECT_EQ(refusal(config(columns, std::string(request) + "A = {value = 'long'}\n")),
              "a.toml:8: map m: \"long\" does not fit column A");
    EXPECT_EQ(refusal(config(
                  columns, std::string(request) + "A = {field = 'TestReqID', default = 'long'}\n")),
              "a.toml:8: map m: \"long\" does not fit column A");
    EXPECT_EQ(refusal(config(columns, std::string(request) + "A = {value = ''}\n")),
              "a.toml:8: map m: \"\" is no value of key column A");
    EXPECT_EQ(refusal(config(columns, std::string(request) + key + "N = {value = 300}\n")),
              "a.toml:9: map m: \"300\" does not fit column N");
    EXPECT_EQ(refusal(config(columns, std::string(request) + key +
                                          "N = {field = 'TestReqID', values = {a = 999}}\n")),
              "a.toml:9: map m: \"999\" does not fit column N");
    EXPECT_EQ(refusal(config(columns, std::string(request) + key + "N = {value = 100}\n")), "");
}

TEST_F(SmallMap, FillsAColumnWhereTheMessageMeetsACondition) {
    const std::string columns =
        "{name = 'A', type = 'text(9)', key = true}, {name = 'B', type = 'text(9)'}";
    const auto with = [&](const std::string& when) {
        return config(columns,
                      "message = 'ExecutionReport'\n[map.columns]\nA = 'ExecID'\n"
                      "B = {field = 'OrderID', when = " +
                          when + "}\n");
    };
    EXPECT_EQ(refusal(with("{field = 'OrdTypo', is = ['limit']}")),
              "a.toml:9: map m: field OrdTypo is not in dictionary fix44; did you mean OrdType?");
    EXPECT_EQ(refusal(config(columns,
                             "message = 'ExecutionReport'\n[map.columns]\nA = {field = "
                             "'ExecID', when = {field = 'Side', is = ['buy']}}\n")),
              "a.toml:8: map m: key column A is never empty, and 'when' would leave it out");
    EXPECT_EQ(refusal(with("{field = 'Side', is = ['byu']}")),
              "a.toml:9: map m: \"byu\" is none of the values of field Side; did you mean buy?");
    const pipeline_config given = with("{field = 'Side', is = ['buy', '']}");
    map_dictionaries dictionaries;
    const engine::row_schema& schema = given.tables[0].schema;
    auto map = build_inbound_map(given, given.maps[0], {}, schema, dictionaries);
    std::array<std::byte, 512> room{};
    for (const auto& [side, is_filled] :
         std::vector<std::pair<std::string, bool>>{{"1", true}, {"2", false}}) {
        engine::row_builder row(schema, room);
        const std::string report =
            message("8", "6=1|14=1|17=E|37=O|39=0|54=" + side + "|150=0|151=1|");
        ASSERT_EQ(map.decode(report, {{noon_ns, 3}}, row).status, inbound_status::ok);
        EXPECT_EQ(row.view().text(1), is_filled ? "O" : "") << side;
    }
}

TEST_F(SmallMap, WritesGroupsWithinGroups) {
    const std::string columns = "{name = 'ID', type = 'text(9)'}, {name = 'SUB', type = 'text(9)'}";
    const auto with = [&](const std::string& counter) {
        return config(columns,
                      "message = 'NewOrderSingle'\n[map.fields]\nClOrdID = {value = 'A'}\n"
                      "Side = {value = '1'}\nTransactTime = {now = true}\n"
                      "OrdType = {value = '1'}\n"
                      "[[map.group]]\ncounter = 'NoPartyIDs'\n[[map.group.entry]]\n"
                      "PartyID = 'ID'\n[[map.group.entry.group]]\ncounter = '" +
                          counter +
                          "'\n[[map.group.entry.group.entry]]\nPartySubID = 'SUB'\n"
                          "[[map.group.entry.group.entry]]\nPartySubID = {value = 'X'}\n");
    };
    EXPECT_EQ(refusal(with("NoPartySubIDz")),
              "a.toml:16: map m: field NoPartySubIDz is not in dictionary fix44; did you mean "
              "NoPartySubIDs?");
    const pipeline_config given = with("NoPartySubIDs");
    map_dictionaries dictionaries;
    const engine::row_schema& schema = given.tables[0].schema;
    const auto map = build_outbound_map(given, given.maps[0], {}, schema, dictionaries);
    std::array<std::byte, 512> room{};
    engine::row_builder row(schema, room);
    ASSERT_EQ(row.set_text(0, "P"), engine::row_status::ok);
    ASSERT_EQ(row.set_text(1, "S"), engine::row_status::ok);
    std::array<char, 256> out{};
    const auto result = map.encode(map_row(row.view()), {{noon_ns, 3}}, out);
    ASSERT_TRUE(result.is_ok());
    EXPECT_EQ(readable({out.data(), result.size}),
              "11=A|40=1|54=1|60=20260301-12:00:00.000|453=1|448=P|802=2|523=S|523=X|");
}

TEST_F(SmallMap, LeadsFromRowsToRows) {
    const std::string columns =
        "{name = 'A', type = 'text(20)', key = true}, {name = 'N', type = 'i64'}";
    const std::string rows = "[map.columns]\n";
    EXPECT_EQ(refusal(config(columns, rows + "a = {template = '{n:8}'}\nN = {column = 'n', "
                                             "default = 0, when = {column = 'A', is = ['x']}}\n")),
              "");
    EXPECT_EQ(refusal(config(columns, rows + "N = 'A'\n")),
              "a.toml:4: map m: key column A of table T has no source");
    EXPECT_EQ(refusal(config(columns, rows + "A = 'AA'\n")),
              "a.toml:7: map m: column AA does not exist; did you mean A?");
    EXPECT_EQ(unreadable(columns, "dictionary = 'FIX42'\n" + rows + "A = 'N'\n"),
              "a.toml:6: map 'm' leads from rows to rows, and 'dictionary' is about messages; for "
              "those it needs a 'message'");
    EXPECT_EQ(unreadable(columns, rows + "A = {column = 'N', decimals = 3}\n")
                  .find("a.toml:7: unknown key 'decimals'"),
              0U);
}

TEST_F(SmallMap, PassesMessagesThrough) {
    const std::string columns = "{name = 'A', type = 'i64'}, {name = 'WIRE', type = 'bytes'}";
    EXPECT_EQ(refusal(config(columns, "pass_through = 'wire'\n")), "");
    EXPECT_EQ(refusal(config(columns, "pass_through = 'WIRED'\n")),
              "a.toml:4: map m: column WIRED does not exist (did you mean WIRE?)");
    EXPECT_EQ(
        refusal(config(columns, "pass_through = 'A'\n")),
        "a.toml:4: map m: column A holds no messages; expected one of text, vartext or bytes");
    EXPECT_EQ(refusal(config(columns, "pass_through = 'WIRE'\ndictionary = 'none.xml'\n")),
              "a.toml:4: map m: dictionary open none.xml: No such file or directory");
    EXPECT_EQ(unreadable(columns, "pass_through = 'WIRE'\nmessage = 'News'\n"),
              "a.toml:7: map 'm' passes messages of every type; there is no 'message'");
    EXPECT_EQ(unreadable(columns, "pass_through = 'WIRE'\n[map.columns]\nA = 'A'\n"),
              "a.toml:6: map 'm' has more than one of [map.fields] (row to message), [map.columns] "
              "(message or row to row) and 'pass_through'; expected one of them");
}

TEST_F(SmallMap, BytesAndTrailingTextsGoBothWays) {
    const pipeline_config out_config =
        config("{name = 'A', type = 'i64'}, {name = 'V', type = 'vartext'}",
               std::string(heartbeat) + "'V'\n");
    const engine::row_schema& schema = out_config.tables[0].schema;
    map_dictionaries dictionaries;
    const auto out_map =
        build_outbound_map(out_config, out_config.maps[0], {}, schema, dictionaries);
    std::array<std::byte, 512> room{};
    engine::row_builder row(schema, room);
    ASSERT_EQ(row.set_text(1, "hello"), engine::row_status::ok);
    std::array<char, 256> out{};
    const auto result = out_map.encode(map_row(row.view()), {{noon_ns, 3}}, out);
    ASSERT_TRUE(result.is_ok());
    EXPECT_EQ(readable({out.data(), result.size}), "112=hello|");

    const pipeline_config in_config =
        config("{name = 'A', type = 'u8'}, {name = 'V', type = 'bytes'}",
               std::string(request) + "V = 'TestReqID'\nA = {value = 7}\n");
    auto in_map = build_inbound_map(in_config, in_config.maps[0], {}, in_config.tables[0].schema,
                                    dictionaries);
    engine::row_builder built(in_config.tables[0].schema, room);
    ASSERT_EQ(in_map.decode(message("1", "112=hi|"), {{noon_ns, 3}}, built).status,
              inbound_status::ok);
    EXPECT_EQ(built.view().unsigned_integer(0), 7U);
    EXPECT_EQ(built.view().trailing().size(), 2U);
}

}  // namespace
}  // namespace millrace::gateway
