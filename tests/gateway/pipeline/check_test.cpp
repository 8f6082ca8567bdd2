// What a configuration says about itself: everything the graph needs is there, and nothing has two
// owners.
#include "gateway/pipeline/check.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/core/thread.hpp"
#include "engine/stream/table_log.hpp"
#include "engine/table/record.hpp"
#include "tests/gateway/pipeline/check_support.hpp"

namespace millrace::gateway {
namespace {

using test::CheckConfig;
using test::replaced;
using test::strings;

TEST_F(CheckConfig, PassesTheExample) {
    const check_result result = check(example_);
    EXPECT_EQ(result.errors, strings{});
    EXPECT_TRUE(result.is_valid());
    ASSERT_EQ(result.settings.size(), 1U);
    EXPECT_EQ(result.settings[0].sessions.at(0).name, "FIX.4.4:MILLRACE->VENUE");
}

TEST_F(CheckConfig, OpensNothingForWriting) {
    EXPECT_TRUE(check(example_).is_valid());
    strings names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
        names.push_back(entry.path().filename());
    }
    EXPECT_EQ(names, strings{"sessions.cfg"});
}

TEST_F(CheckConfig, NamesUnknownThingsAndWhatWasMeant) {
    EXPECT_EQ(errors("table = \"ORDER_OUT\"", "table = \"ORDERS_OUT\""),
              strings{at("table = \"ORDER_OUT\"") +
                      "unknown table 'ORDERS_OUT'; did you mean 'ORDER_OUT'?"})
        << "and no false word about the agent of the right table";
    EXPECT_EQ(errors("stream = \"venue.FIX_IN\"", "stream = \"venu.FIX_IN\""),
              strings{at("stream = \"venue.FIX_IN\"") +
                      "unknown stream 'venu.FIX_IN'; did you mean 'venue.FIX_IN'?"});
    EXPECT_EQ(
        errors("map = \"new_order\"", "map = \"new_ordr\""),
        strings{at("map = \"new_order\"") + "unknown map 'new_ordr'; did you mean 'new_order'?"});
    EXPECT_EQ(
        errors("session = \"FIX.4.4:MILLRACE->VENUE\"", "session = \"FIX.4.4:MILRACE->VENUE\""),
        strings{at("session = \"FIX") + "unknown session 'FIX.4.4:MILRACE->VENUE'; did you "
                                        "mean 'FIX.4.4:MILLRACE->VENUE'?"});
    EXPECT_EQ(
        errors("start = \"first\"\non_pars", "start = \"first\"\ngateway = \"venou\"\non_pars"),
        strings{std::to_string(std::stol(at("start = \"first\"")) + 1) +
                ": unknown gateway 'venou'; did you mean 'venue'?"});
    EXPECT_EQ(errors("table = \"EXECUTION\"", "table = \"EXECUTIONS\""),
              strings{at("table = \"EXECUTION\"") +
                      "unknown table 'EXECUTIONS'; did you mean 'EXECUTION'?"});
    EXPECT_EQ(errors("table = \"EXECUTION\"", "table = \"venue.FIX_OUT\""),
              strings{at("table = \"EXECUTION\"") +
                      "unknown table 'venue.FIX_OUT': only its gateway writes it"});
}

TEST_F(CheckConfig, CompilesEveryCondition) {
    EXPECT_EQ(errors("where = \"QUANTITY > 0 and SYMBOL is not empty\"", "where = \"QUANTTY > 0\""),
              strings{at("where = \"QUANTITY") + "stream 'NEW_ORDERS': where, character 1: unknown "
                                                 "column QUANTTY (did you mean QUANTITY?) in table "
                                                 "ORDER_OUT"});
    const strings client = errors("where = \"MSG_TYPE = '8'\"", "where = \"MSG_TYPE = 8\"");
    ASSERT_EQ(client.size(), 1U);
    EXPECT_TRUE(client[0].starts_with(at("where = \"MSG_TYPE") + "client 'reports': where, "))
        << client[0];
    const strings route =
        errors("table = \"EXECUTION\"\n", "table = \"EXECUTION\"\nwhere = \"KIND like\"\n");
    ASSERT_EQ(route.size(), 1U);
    EXPECT_NE(route[0].find(": route 'reports-to-table': where, "), std::string::npos) << route[0];
}

TEST_F(CheckConfig, AStreamsColumnsAreColumnsOfItsTable) {
    EXPECT_EQ(errors("table = \"ORDER_OUT\"\n", "table = \"ORDER_OUT\"\ncolumns = [\"SYMBL\"]\n"),
              strings{std::to_string(std::stol(at("table = \"ORDER_OUT\"")) + 1) +
                      ": stream 'NEW_ORDERS': unknown column SYMBL (did you mean SYMBOL?) in table "
                      "ORDER_OUT"});
}

TEST_F(CheckConfig, AFixRouteSaysWhereItBeginsAndHowItTranslates) {
    EXPECT_EQ(errors("start = \"first\"\non_pars", "on_pars"),
              strings{at("[[client.route]]") +
                      "route 'orders-to-venue' goes to a FIX session and must say where it begins: "
                      "start = \"first\", \"tail\", {sequence = 1}, {offset = 4096} or {time = "
                      "\"2026-03-01T09:30:00Z\"}"});
    EXPECT_EQ(errors("map = \"new_order\"\n", ""),
              strings{at("[[client.route]]") +
                      "route 'orders-to-venue' goes to a FIX session and needs a 'map'"});
}

TEST_F(CheckConfig, AMapThatReadsMessagesNeedsRowsThatCarryThem) {
    const std::string text = R"(
[[client]]
name = "more"
stream = "ORDERS_AGAIN"
[[client.route]]
table = "COPY"
map = "execution"
[[stream]]
name = "ORDERS_AGAIN"
table = "ORDER_OUT"
[[table]]
name = "COPY"
columns = [{name = "A", type = "i64"}]
)";
    const strings found = local(
        check(replaced(example_, "\"client:reports\",", "\"client:reports\", \"client:more\",") +
              text)
            .errors);
    EXPECT_EQ(found,
              strings{behind(7) +
                      "route 'more': map 'execution' reads FIX messages, and rows "
                      "of 'ORDER_OUT' carry none: their last column would be bytes or vartext"});
}

TEST_F(CheckConfig, WithoutAMapTheColumnsAreTheSame) {
    EXPECT_EQ(errors("map = \"execution\"\n", ""),
              strings{at("table = \"EXECUTION\"") +
                      "route 'reports-to-table' has no 'map', so rows of 'venue.FIX_IN' go into "
                      "table 'EXECUTION' as they are; the two must have the same columns"});
}

TEST_F(CheckConfig, TellsWhatAMapLacks) {
    EXPECT_EQ(errors("Side = {", "Sid = {").size(),
              2U);  // an unknown field, and no source for Side
    const strings unknown_field = errors("Side = {", "Sid = {");
    EXPECT_NE(
        unknown_field[0].find("required field Side(54) of message NewOrderSingle has no source"),
        std::string::npos)
        << unknown_field[0];
    EXPECT_EQ(unknown_field[1], at("Side = {") +
                                    "map new_order: field Sid is not in dictionary fix44; did you "
                                    "mean Side?");
    EXPECT_EQ(errors("Price = \"PRICE\"", "Price = \"PRIZE\""),
              strings{at("Price = \"PRICE\"") +
                      "map new_order: column PRIZE does not exist; did you mean PRICE?"});
    EXPECT_EQ(errors("OrdType = {value = \"2\"}", "OrdType = {value = \"limitt\"}").size(), 1U);
    EXPECT_EQ(errors("EXEC_ID = \"ExecID\"\n", ""),
              strings{std::to_string(std::stol(at("name = \"execution\"")) - 1) +
                      ": map execution: key column EXEC_ID of table EXECUTION has no source"});
    EXPECT_EQ(
        errors("name = \"execution\"\ndictionary = \"FIX44\"",
               "name = \"execution\"\ndictionary = \"FIX99\""),
        strings{std::to_string(std::stol(at("name = \"execution\"")) - 1) +
                ": map execution: unknown dictionary 'FIX99', expected FIX40 to FIX50SP2 or a "
                "file in QuickFIX's format (ACME.xml) (did you mean FIX40?)"});
}

TEST_F(CheckConfig, AMapIsMadeOfItsSessionsVersion) {
    const strings found = errors("name = \"new_order\"\ndictionary = \"FIX44\"",
                                 "name = \"new_order\"\ndictionary = \"FIX43\"");
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(
        found.front(),
        at("map = \"new_order\"") +
            "route 'orders-to-venue': map 'new_order' makes messages of FIX.4.3 (dictionary = "
            "\"FIX43\"), and session 'FIX.4.4:MILLRACE->VENUE' speaks FIX.4.4");
}

TEST_F(CheckConfig, OneLogHasOneWriter) {
    EXPECT_EQ(errors("name = \"EXECUTION\"\n",
                     "name = \"EXECUTION\"\ndirectory = \"data/x/../ORDER_OUT/\"\n"),
              strings{std::to_string(std::stol(at("name = \"EXECUTION\"")) + 1) +
                      ": table 'EXECUTION' has the directory of table 'ORDER_OUT', "
                      "data/ORDER_OUT/: one log has one writer"});
    EXPECT_EQ(errors("ring_slots = 4096", "reject_directory = \"data/EXECUTION\""),
              strings{at("ring_slots = 4096") +
                      "the reject log of client 'orders' has the directory of table 'EXECUTION', "
                      "data/EXECUTION: one log has one writer"});
}

TEST_F(CheckConfig, ALinkDoesNotHideTheSecondWriter) {
    std::filesystem::create_directories(directory_.path() / "data/ORDER_OUT");
    std::filesystem::create_directory_symlink("ORDER_OUT", directory_.path() / "data/link");
    const strings found =
        errors("name = \"EXECUTION\"\n", "name = \"EXECUTION\"\ndirectory = \"data/link\"\n");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found[0].find("has the directory of table 'ORDER_OUT'"), std::string::npos);
}

TEST_F(CheckConfig, ASessionHasOneGateway) {
    const std::string second = "\n[[gateway]]\nname = \"second\"\nsettings = \"sessions.cfg\"\n";
    const strings found = local(
        check(replaced(example_, "\"gateway:venue\",", "\"gateway:venue\", \"gateway:second\",") +
              second)
            .errors);
    EXPECT_EQ(found,
              strings{behind(4) + "session FIX.4.4:MILLRACE->VENUE is in gateway 'venue' and in "
                                  "gateway 'second'; one session has one owner"});
}

TEST_F(CheckConfig, ReportsTheSettingsFileWithItsOwnLines) {
    EXPECT_EQ(errors("settings = \"sessions.cfg\"", "settings = \"none.cfg\""),
              strings{at("settings = \"sessions.cfg\"") +
                      "none.cfg: cannot be opened: a FIX settings file is expected there"});
    directory_.write("bad.cfg", "[SESSION]\nBeginString=FIX.9.9\n");
    const strings bad = errors("settings = \"sessions.cfg\"", "settings = \"bad.cfg\"");
    ASSERT_EQ(bad.size(), 1U);
    EXPECT_TRUE(bad[0].starts_with("bad.cfg:")) << bad[0];
    directory_.write("notes.cfg",
                     replaced(test::read_text(directory_.path() / "sessions.cfg"), "HeartBtInt=30",
                              "HeartBtInt=30\nHartbeat=3\nFileStorePath=x"));
    const check_result result =
        check(replaced(example_, "settings = \"sessions.cfg\"", "settings = \"notes.cfg\""));
    EXPECT_EQ(result.errors, strings{});
    EXPECT_EQ(
        std::count_if(result.warnings.begin(), result.warnings.end(),
                      [](const auto& line) { return line.find("Hartbeat") != std::string::npos; }),
        1);
    EXPECT_EQ(std::count_if(
                  result.notices.begin(), result.notices.end(),
                  [](const auto& line) { return line.find("FileStorePath") != std::string::npos; }),
              1);
}

TEST_F(CheckConfig, LooksAtWhoMayLogOnAndAtWhatASessionAdds) {
    const std::string settings =
        test::read_text(test::example_path().parent_path() / "sessions.cfg");
    const auto refused = [&](const std::string& keys) {
        directory_.write("sessions.cfg", settings + keys);
        return errors_with("");
    };
    const auto last = 1 + std::count(settings.begin(), settings.end(), '\n');
    EXPECT_EQ(refused("OutboundField1=Nonsense=x\n"),
              strings{"sessions.cfg:" + std::to_string(last) +
                      ": OutboundField Nonsense=x: the session's dictionary has no field of this "
                      "name"});
    const strings password = refused("Username=me\nPasswordFile=/none/at/all\n");
    ASSERT_EQ(password.size(), 1U);
    EXPECT_NE(password[0].find("/none/at/all"), std::string::npos);
    EXPECT_EQ(refused("OutboundField1=50=DESK\n"), strings{});
    const strings users = errors("name = \"venue\"\n", "name = \"venue\"\nusers = \"who.txt\"\n");
    ASSERT_EQ(users.size(), 1U);
    EXPECT_NE(users[0].find("who.txt"), std::string::npos);
}

TEST_F(CheckConfig, RoutesHaveNamesOfTheirOwn) {
    const strings found = errors("name = \"reports-to-table\"", "name = \"orders-to-venue\"");
    EXPECT_EQ(found,
              strings{at("name = \"reports-to-table\"") +
                      "route 'orders-to-venue' has the name of route 'orders-to-venue' in line " +
                      std::to_string(std::stol(at("[[client.route]]"))) +
                      "; a route is known by its name in every log it writes"});
}

TEST_F(CheckConfig, WarnsOfTwoWaysFromOneLogToOneSession) {
    const strings found =
        warnings("ring_slots = 4096",
                 "ring_slots = 4096\n[[client.route]]\nname = \"other\"\nsession = "
                 "\"FIX.4.4:MILLRACE->VENUE\"\nmap = \"new_order\"\nstart = \"tail\"");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found[0].find("routes 'other' and 'orders-to-venue' lead from 'ORDER_OUT' to session "
                            "FIX.4.4:MILLRACE->VENUE: between them no order holds"),
              std::string::npos)
        << found[0];
}

TEST_F(CheckConfig, ATableDoesNotFeedItself) {
    const std::string more = R"(
[[stream]]
name = "AGAIN"
table = "EXECUTION"
[[client]]
name = "again"
stream = "AGAIN"
[[client.route]]
table = "EXECUTION"
)";
    const strings found =
        local(check(replaced(example_, "\"client:reports\",",
                             "\"client:reports\", \"client:again\", \"streamer:EXECUTION\",") +
                    more)
                  .errors);
    EXPECT_EQ(found,
              strings{behind(9) + "route 'again' writes into table 'EXECUTION', from which its "
                                  "own records come: they would never end"});
}

TEST_F(CheckConfig, AStreamHasNoMoreClientsThanItAllows) {
    const std::string more =
        "\n[[client]]\nname = \"more\"\nstream = \"NEW_ORDERS\"\n[[client.route]]\nhandler = "
        "\"h\"\n";
    const std::string text =
        replaced(example_, "\"client:reports\",", "\"client:reports\", \"client:more\",") + more;
    EXPECT_EQ(local(check(text).errors),
              strings{behind(4) + "client 'more' is one too many on stream 'NEW_ORDERS', whose "
                                  "max_clients is 1"});
    EXPECT_EQ(
        check(replaced(text, "table = \"ORDER_OUT\"", "table = \"ORDER_OUT\"\nmax_clients = 2"))
            .errors,
        strings{});
}

TEST_F(CheckConfig, HandlersAreThoseTheProgramHas) {
    const std::string text = replaced(example_, "table = \"EXECUTION\"",
                                      "table = \"EXECUTION\"\nhandler = \"on_reprt\"");
    EXPECT_TRUE(check(text).is_valid()) << "what the program has is not known";
    EXPECT_EQ(local(check(text, strings{"on_report"}).errors),
              strings{std::to_string(std::stol(at("table = \"EXECUTION\"")) + 1) +
                      ": unknown event handler 'on_reprt'; did you mean 'on_report'? "
                      "(one of a program of yours: check --handler on_reprt)"});
    EXPECT_TRUE(check(replaced(text, "on_reprt", "on_report"), strings{"on_report"}).is_valid());
    EXPECT_TRUE(check(replaced(text, "on_reprt", "ack"), strings{}).is_valid());
}

TEST_F(CheckConfig, RowsAndMessagesFitTheirSegments) {
    const strings found = errors("segment_bytes = \"16MiB\"", "segment_bytes = \"64KiB\"");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_NE(found[0].find("the largest messages of gateway 'venue' take "), std::string::npos);
    EXPECT_NE(found[1].find("a message of max_message_bytes = 65536 does not fit an eighth of "
                            "segment_bytes = 65536"),
              std::string::npos);
    const std::string wide =
        "\n[[table]]\nname = \"WIDE\"\ncolumns = [{name = \"A\", type = \"text(20000)\"}]\n";
    std::string text =
        replaced(example_, "segment_bytes = \"16MiB\"", "segment_bytes = \"64KiB\"") + wide;
    const strings rows = local(check(text).errors);
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[2], behind(4) +
                           "rows of table 'WIDE' take 20130 bytes, more than an eighth of "
                           "segment_bytes = 65536");
}

TEST_F(CheckConfig, AThreadPlanNamesEachAgentOnce) {
    EXPECT_EQ(errors("\"client:reports\",", ""),
              strings{at("[[thread]]") +
                      "no [[thread]] runs agent 'client:reports'; a plan names all of them"});
    EXPECT_EQ(errors("\"client:reports\",", "\"client:reports\", \"client:report\","),
              strings{at("agents = [") +
                      "unknown agent 'client:report'; did you mean 'client:reports'?"});
    EXPECT_EQ(
        errors_with("[[thread]]\nname = \"cold\"\nagents = [\"feeder\", \"gateway:venue\"]\n"),
        strings{behind(3) + "agent 'gateway:venue' is planned twice, in thread 'hot' and in "
                            "thread 'cold'"});
}

TEST_F(CheckConfig, ACpuExistsAndIsAllowed) {
    const std::vector<int> allowed = engine::allowed_cpus();
    std::string list;
    for (const int cpu : allowed) {
        list += (list.empty() ? "" : ", ") + std::to_string(cpu);
    }
    EXPECT_EQ(errors("name = \"hot\"", "name = \"hot\"\ncpu = 4095"),
              strings{std::to_string(std::stol(at("name = \"hot\"")) + 1) +
                      ": thread 'hot': CPU 4095 does not exist; allowed are " + list});
    EXPECT_EQ(errors("name = \"hot\"", "name = \"hot\"\ncpu = " + std::to_string(allowed.front())),
              strings{});
}

TEST_F(CheckConfig, WritersOfOneTableShareAThread) {
    const std::string more = R"(
[[client]]
name = "other"
stream = "venue.FIX_IN"
[[client.route]]
table = "EXECUTION"
map = "execution"
[[thread]]
name = "second"
agents = ["client:other"]
)";
    EXPECT_EQ(errors_with(more),
              strings{behind(10) + "clients 'reports' and 'other' both write table 'EXECUTION', so "
                                   "one thread must run both"});
}

TEST_F(CheckConfig, WarnsOfWhatNobodyUses) {
    const strings found =
        own(check(example_ +
                  "\n[[stream]]\nname = \"IDLE\"\ntable = \"ORDER_OUT\"\n"
                  "[[map]]\nname = \"unused\"\nmessage = \"Logon\"\n[map.fields]\nA = \"B\"\n")
                .warnings);
    EXPECT_EQ(found,
              (strings{behind(2) + "stream 'IDLE' has no client",
                       behind(5) + "map 'unused' is used by no route, so its columns are not "
                                   "checked"}));
}

TEST_F(CheckConfig, RequireValidThrowsEveryErrorAtOnce) {
    const pipeline_config config =
        parse_config(path(), replaced(replaced(example_, "\"ExecID\"", "\"ExecIDs\""),
                                      "stream = \"NEW_ORDERS\"", "stream = \"OLD_ORDERS\""));
    try {
        static_cast<void>(require_valid(config, test::dictionaries()));
        FAIL() << "nothing was thrown";
    } catch (const engine::config_error& failure) {
        const std::string text = failure.what();
        EXPECT_TRUE(text.starts_with(path().native() + ":")) << text;
        EXPECT_NE(text.find("unknown stream 'OLD_ORDERS'"), std::string::npos) << text;
        EXPECT_NE(text.find('\n'), std::string::npos) << text;
    }
    EXPECT_EQ(require_valid(parse_config(path(), example_), test::dictionaries()).settings.size(),
              1U);
}

TEST_F(CheckConfig, KnowsWhereEveryLogLies) {
    const pipeline_config config = parse_config(path(), example_);
    EXPECT_EQ(find_schema(config, "ORDER_OUT")->table_name(), "ORDER_OUT");
    EXPECT_EQ(find_schema(config, "venue.FIX_IN")->table_name(), "FIX_IN");
    EXPECT_EQ(find_schema(config, "venue.FIX_OUT")->table_name(), "FIX_OUT");
    EXPECT_EQ(find_schema(config, "venue.FIX_UP"), nullptr);
    EXPECT_EQ(find_schema(config, "nobody.FIX_IN"), nullptr);
    EXPECT_EQ(log_directory(config, "ORDER_OUT"), directory_.path() / "data/ORDER_OUT");
    EXPECT_EQ(log_directory(config, "venue.FIX_IN"), directory_.path() / "data/venue/FIX_IN");
}

TEST_F(CheckConfig, TakesAListenerOfATableThatNobodyElseWrites) {
    const std::string threads = replaced(example_, "\"streamer:ORDER_OUT\", \"client:orders\"",
                                         "\"ingest:ORDER_OUT\", \"streamer:ORDER_OUT\", "
                                         "\"client:orders\"");
    const std::string listener = "\n[[listener]]\nname = \"in\"\ntable = \"ORDER_OUT\"\n";
    EXPECT_EQ(local(check(threads + listener).errors), strings{});
    const strings unplanned = errors_with(listener);
    ASSERT_EQ(unplanned.size(), 1U) << "a plan names every agent";
    EXPECT_NE(unplanned[0].find("'ingest:ORDER_OUT'"), std::string::npos);
    const strings twice = local(
        check(threads + listener +
              "\n[[listener]]\nname = \"too\"\ntable = \"ORDER_OUT\"\npath = \"data/in.sock\"")
            .errors);
    ASSERT_EQ(twice.size(), 2U);
    EXPECT_NE(twice[0].find("has listener 'in' already"), std::string::npos);
    EXPECT_NE(twice[1].find("have one path"), std::string::npos);
}

TEST_F(CheckConfig, RefusesAListenerOfARoutesTable) {
    const strings found = errors_with("\n[[listener]]\nname = \"in\"\ntable = \"EXECUTION\"\n");
    ASSERT_FALSE(found.empty());
    EXPECT_TRUE(std::any_of(found.begin(), found.end(), [](const std::string& line) {
        return line.find("route 'reports-to-table' both write table 'EXECUTION'") !=
               std::string::npos;
    }));
    const strings unknown = errors_with("\n[[listener]]\nname = \"in\"\ntable = \"ORDR_OUT\"\n");
    ASSERT_FALSE(unknown.empty());
    EXPECT_NE(unknown.back().find("did you mean 'ORDER_OUT'?"), std::string::npos)
        << unknown.back();
}

TEST_F(CheckConfig, RefusesColumnsThatTheLogDoesNotHave) {
    const pipeline_config config = parse_config(path(), example_);
    const table_config& table = *config.find_table("EXECUTION");
    engine::table_log_options options;
    options.segment_bytes = 64 * 1024;
    engine::table_log(table.directory, table.schema, options).start();
    EXPECT_EQ(check(example_).errors, strings{}) << "the log has just these";
    const std::string column = "    {name = \"EXEC_ID\", type = \"text(40)\", key = true},\n";
    const strings found = errors(column, replaced(column, "text(40)", "text(39)"));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found[0].find("table 'EXECUTION': its log in"), std::string::npos) << found[0];
    EXPECT_NE(found[0].find("has other columns than this file says"), std::string::npos);
    EXPECT_EQ(errors(column, replaced(column, "text(40)", "text(41)")), strings{})
        << "a wider text is no reason";
}

TEST_F(CheckConfig, RefusesAFileWithNothingToRun) {
    for (const char* text : {"", "[engine]\ndirectory = 'd'\n",
                             "[[table]]\nname = 'T'\ncolumns = [{name = 'A', type = 'i64'}]\n"}) {
        EXPECT_EQ(
            check(text).errors,
            strings{
                path().native() +
                ": nothing to run: there is no [[client]], no [[gateway]] and no [[listener]]"});
    }
}

TEST_F(CheckConfig, WarnsOfANameThatTheEventOfARowCannotHold) {
    EXPECT_EQ(own(check(example_).warnings), strings{}) << "16 bytes are held";
    EXPECT_EQ(warnings("name = \"reports-to-table\"", "name = \"reports-to-tables\""),
              strings{at("name = \"reports-to-table\"") +
                      "route 'reports-to-tables': record.event holds 16 bytes, so in rows of "
                      "table 'EXECUTION' it is 'reports-to-table'"});
}

}  // namespace
}  // namespace millrace::gateway
