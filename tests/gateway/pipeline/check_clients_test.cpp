// What a stream carries of rows and messages, and what clients and maps may ask of it.
#include <gtest/gtest.h>

#include "tests/gateway/pipeline/check_support.hpp"

namespace millrace::gateway {
namespace {

using test::CheckConfig;
using test::replaced;
using test::strings;

TEST_F(CheckConfig, ClientsAndMapsSeeWhatTheStreamCarries) {
    std::string text = replaced(
        example_, "table = \"ORDER_OUT\"\n",
        "table = \"ORDER_OUT\"\ncolumns = [\"cl_ord_id\", \"SYMBOL\", \"SIDE\", \"PRICE\", "
        "\"QUANTITY\", \"CLIENT_ID\"]\n");
    text = replaced(text, "ring_slots = 4096", "where = \"ACCOUNT = 'A'\"");
    const strings found = local(check(text).errors);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_NE(
        found[0].find("client 'orders': 'where' asks for a column that stream 'NEW_ORDERS' does "
                      "not carry; add it to its 'columns'"),
        std::string::npos);
    EXPECT_NE(
        found[1].find("map 'new_order' asks for column ACCOUNT, which stream 'NEW_ORDERS' does "
                      "not carry; add it to its 'columns'"),
        std::string::npos);
}

TEST_F(CheckConfig, AStreamCarriesFieldsOfItsMessagesByTheirNames) {
    const auto with_columns = [&](const std::string& columns, const std::string& where) {
        std::string text = replaced(example_, "[[client]]\nname = \"reports\"\n",
                                    "[[stream]]\nname = \"REPORTS\"\ntable = \"venue.FIX_IN\"\n"
                                    "columns = [" +
                                        columns +
                                        "]\n\n[[client]]\nname = "
                                        "\"reports\"\n");
        text = replaced(text, "stream = \"venue.FIX_IN\"", "stream = \"REPORTS\"");
        return local(
            check(replaced(text, "where = \"MSG_TYPE = '8'\"", "where = \"" + where + "\""))
                .errors);
    };
    EXPECT_EQ(with_columns("\"MSG_TYPE\", \"WIRE\"", "MSG_TYPE = '8' and LastQty > 1"), strings{});
    const std::string all =
        "\"MSG_TYPE\", \"lastqty\", \"ExecID\", \"ClOrdID\", \"Symbol\", \"Side\", "
        "\"OrdStatus\", \"LastPx\", \"CumQty\", \"NoPartyIDs\", \"PartyID\", \"TransactTime\"";
    EXPECT_EQ(with_columns(all, "MSG_TYPE = '8' and LastQty > 1"), strings{});
    const strings hidden = with_columns(all, "MSG_TYPE = '8' and LastMkt = 'X'");
    ASSERT_EQ(hidden.size(), 1U);
    EXPECT_NE(hidden[0].find("'where' asks for a column that stream 'REPORTS' does not carry"),
              std::string::npos);
    const strings unmapped = with_columns(replaced(all, "\"ExecID\", ", ""), "MSG_TYPE = '8'");
    ASSERT_EQ(unmapped.size(), 1U);
    EXPECT_NE(unmapped[0].find("map 'execution' asks for field ExecID, which stream 'REPORTS' does "
                               "not carry; add it to its 'columns'"),
              std::string::npos)
        << unmapped[0];
    const strings unknown =
        with_columns("\"MSG_TYPE\", \"WIRE\", \"LastMarket\"", "MSG_TYPE = '8'");
    ASSERT_EQ(unknown.size(), 1U);
    EXPECT_NE(unknown[0].find("unknown column LastMarket"), std::string::npos) << unknown[0];
    EXPECT_NE(unknown[0].find("nor is there such a field in dictionary "), std::string::npos);
    EXPECT_TRUE(unknown[0].ends_with("(did you mean LastMkt?)")) << unknown[0];
    const strings alone = with_columns("\"LastQty\"", "MSG_TYPE = '8'");
    ASSERT_FALSE(alone.empty());
    EXPECT_NE(alone[0].find("'columns' lists fields of messages alone"), std::string::npos)
        << alone[0];
}

TEST_F(CheckConfig, AMapReadsMessagesOfTheStreamsVersion) {
    const std::string old = "dictionary = \"FIX42\"\nmessage = \"ExecutionReport\"";
    const strings found = errors("dictionary = \"FIX44\"\nmessage = \"ExecutionReport\"", old);
    ASSERT_FALSE(found.empty());
    EXPECT_NE(found.front().find("map 'execution' reads messages of FIX.4.2 (dictionary = "
                                 "\"FIX42\"), and those of 'venue.FIX_IN' are FIX.4.4"),
              std::string::npos)
        << found.front();
    EXPECT_EQ(errors("dictionary = \"FIX44\"\nmessage = \"ExecutionReport\"",
                     "message = \"ExecutionReport\""),
              strings{})
        << "of the session's own, where it names none";
}

TEST_F(CheckConfig, MapsLeadTheWayTheirRouteGoes) {
    EXPECT_EQ(errors("map = \"new_order\"", "map = \"execution\""),
              strings{at("map = \"new_order\"") +
                      "route 'orders-to-venue' goes to a FIX session, and map 'execution' makes "
                      "rows; it needs one with [map.fields] or 'pass_through'"});
    EXPECT_EQ(errors("map = \"execution\"", "map = \"new_order\""),
              strings{at("map = \"execution\"") +
                      "route 'reports-to-table' makes rows, and map 'new_order' makes messages; "
                      "it needs one with [map.columns]"});
    const std::string handler_alone =
        replaced(example_, "table = \"EXECUTION\"\nmap = \"execution\"",
                 "handler = \"h\"\nmap = \"execution\"");
    EXPECT_EQ(local(check(handler_alone).errors),
              strings{at("map = \"execution\"") +
                      "route 'reports-to-table': map 'execution' makes rows, and there is no "
                      "'table' whose rows they are"});
}

TEST_F(CheckConfig, ConditionsOnMessagesKnowTheirDictionary) {
    const auto reports = [&](const std::string& where) {
        return errors("where = \"MSG_TYPE = '8'\"", "where = \"" + where + "\"");
    };
    EXPECT_EQ(reports("MsgType = '8' and LastMkt = 'XLON'"), strings{});
    const strings found = reports("LastMarket = 'XLON'");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found[0].find("unknown column LastMarket"), std::string::npos) << found[0];
    EXPECT_NE(found[0].find("nor is there such a field in dictionary "), std::string::npos);
    EXPECT_TRUE(found[0].ends_with("(did you mean LastMkt?)")) << found[0];
    EXPECT_EQ(errors("name = \"NEW_ORDERS\"\n", "name = \"NEW_ORDERS\"\ndictionary = \"FIX44\"\n"),
              strings{std::to_string(std::stol(at("name = \"NEW_ORDERS\"")) + 1) +
                      ": stream 'NEW_ORDERS': table ORDER_OUT has no column of bytes that could "
                      "hold a message"});
}

}  // namespace
}  // namespace millrace::gateway
