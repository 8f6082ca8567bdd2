// What maps other than the plain ones do in a running pipeline: rows that become another table's,
// messages that pass through, texts made of several values.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/gateway/pipeline/pipeline_support.hpp"
#include "tests/gateway/pipeline/stock_venue.hpp"
#include "tests/xlator/fix_text.hpp"

namespace millrace::gateway::test {
namespace {

void append_note(engine::table_log& table, std::uint64_t number, const std::string& note) {
    std::vector<std::byte> buffer(table.schema().payload_size(note.size()));
    engine::row_builder row(table.schema(), buffer);
    EXPECT_EQ(row.set_text(0, order_id(number)), engine::row_status::ok);
    EXPECT_EQ(row.set_text(4, note), engine::row_status::ok);
    EXPECT_EQ(table.try_append(row.payload()).status, engine::append_status::ok);
}

class PipelineMaps : public PipelineTest {
protected:
    [[nodiscard]] std::vector<std::string> texts(std::string_view table, std::size_t column) const {
        const engine::row_schema schema = engine::row_schema::parse(
            engine::log_reader(data(table), engine::read_from::first()).schema());
        std::vector<std::string> found;
        for (const kept_row& kept : rows(table)) {
            found.emplace_back(engine::row_view(schema, kept.payload).text(column));
        }
        return found;
    }
    // Of the application messages in FIX_OUT.
    [[nodiscard]] std::vector<std::string> sent() const {
        const engine::row_schema schema = engine::row_schema::parse(
            engine::log_reader(data("venue/FIX_OUT"), engine::read_from::first()).schema());
        std::vector<std::string> found;
        for (const kept_row& kept : rows("venue/FIX_OUT")) {
            const engine::row_view row(schema, kept.payload);
            if (row.text(schema.index_of("KIND")) == "application") {
                const auto wire = row.trailing();
                found.push_back(millrace::tests::with_bars(
                    {reinterpret_cast<const char*>(wire.data()), wire.size()}));
            }
        }
        return found;
    }
};

constexpr std::string_view rows_text = R"toml(
[[table]]
name = "BOOK"
columns = [
    {name = "KEY", type = "text(24)", key = true},
    {name = "SIDE", type = "text(4)"},
    {name = "LOTS", type = "i64"},
]

[[map]]
name = "book"

[map.columns]
KEY = {template = "{SYMBOL}/{CL_ORD_ID}"}
SIDE = {column = "SIDE", values = {1 = "buy", 2 = "sell"}}
LOTS = "QUANTITY"
)toml";

TEST_F(PipelineMaps, MakesRowsOfAnotherTableAndKeepsWhatBecameOfThem) {
    const std::string text =
        std::string(tables_text) + std::string(rows_text) + client_text("booker") +
        route_text("name = \"book\"\ntable = \"BOOK\"\nmap = \"book\"\nstart = \"first\"");
    run once(*this, text);
    append(once.source(), {.number = 10});
    append(once.source(), {.number = 20, .side = '2'});
    append(once.source(), {.number = 25});               // 2.5 lots are none
    append(once.source(), {.number = 30, .side = '9'});  // there is no such side
    append(once.source(), {.number = 10, .operation = engine::operation::remove});
    once.start();
    wait_for_highest("book", 5);
    once.stop();
    EXPECT_EQ(texts("BOOK", 0), (std::vector<std::string>{"ABC/A10", "ABC/A20", "ABC/A10"}));
    EXPECT_EQ(texts("BOOK", 1), (std::vector<std::string>{"buy", "sell", "buy"}));
    const auto made = rows("BOOK");
    EXPECT_EQ(origins_of(made), (std::vector<std::uint64_t>{1, 2, 5}));
    EXPECT_EQ(made[0].envelope.operation, engine::operation::insert);
    EXPECT_EQ(made[2].envelope.operation, engine::operation::remove) << "as its source was";
    EXPECT_EQ(texts("REJECT_booker", 1),
              (std::vector<std::string>{"a value cannot be translated: column LOTS",
                                        "a value cannot be translated: column SIDE"}));
}

constexpr std::string_view pass_text = R"toml(
[[gateway]]
name = "venue"
settings = "sessions.cfg"
reconnect_min_ms = 10
reconnect_max_ms = 50

[[map]]
name = "as_it_is"
pass_through = "NOTE"

[[map]]
name = "made"
message = "NewOrderSingle"

[map.fields]
ClOrdID = {template = "{CL_ORD_ID}.{@sequence:6}"}
Symbol = "SYMBOL"
Side = "SIDE"
TransactTime = {now = true}
OrdType = {value = "1"}
OrderQty = {column = "QUANTITY", format = ".3"}
)toml";

TEST_F(PipelineMaps, PassesAMessagesBodyOnAndParksWhatTheSessionWouldRefuse) {
    const auto peer = open_stock_venue(path(), dictionaries());
    const std::string to_session = "session = \"FIX.4.4:MILLRACE->STOCK\"\nstart = \"first\"\n";
    run once(*this, std::string(tables_text) + std::string(pass_text) + client_text("passer") +
                        route_text("name = \"pass\"\nmap = \"as_it_is\"\n" + to_session));
    const std::string header = "34=7|49=ELSEWHERE|52=20240101-10:00:00.000|56=NOBODY|";
    const auto message = [&](const std::string& type, const std::string& body) {
        return millrace::tests::frame_of("35=" + type + "|" + header + body);
    };
    // By tag, QuickFIX's order, it would be another.
    const std::string body = "60=20240101-10:00:00|55=ABC|54=1|40=1|38=100|11=P1|";
    append_note(once.source(), 1, message("D", body));
    append_note(once.source(), 2, message("D", "11=P2|"));
    append_note(once.source(), 3, message("0", ""));
    append_note(once.source(), 4, "no message");
    append_note(once.source(), 5,
                message("D", "11=P5|60=20240101-10:00:00|55=ABC|54=1|40=1|38=100|"));
    once.start();
    wait_until("both have arrived", [&] { return peer->apps_in().size() == 2; });
    wait_for_highest("pass", 5);
    once.stop();
    EXPECT_EQ(peer->apps_in(), (std::vector<std::string>{"P1", "P5"}));
    const auto wire = sent();
    ASSERT_EQ(wire.size(), 2U);
    EXPECT_NE(wire[0].find("|" + body + "10="), std::string::npos) << wire[0];
    EXPECT_NE(wire[0].find("|49=MILLRACE|"), std::string::npos) << "with a header of its own";
    EXPECT_EQ(wire[0].find("ELSEWHERE"), std::string::npos);
    EXPECT_EQ(
        texts("REJECT_passer", 1),
        (std::vector<std::string>{"required tag is missing: tag 40",
                                  "a message of this type is the session's own to send: tag 35",
                                  "no FIX message, or one with a wrong BodyLength or CheckSum"}));
}

TEST_F(PipelineMaps, MakesAnIdentifierThatARestartMakesAgain) {
    const std::string to_session = "session = \"FIX.4.4:MILLRACE->STOCK\"\nstart = \"first\"\n";
    const std::string text = std::string(tables_text) + std::string(pass_text) +
                             client_text("maker") +
                             route_text("name = \"make\"\nmap = \"made\"\n" + to_session);
    {
        const auto nobody = open_stock_venue(path(), dictionaries());  // gone before it is asked
    }
    {
        run never_connected(*this, text);
        append_orders(never_connected.source(), 1, 2);
        never_connected.start();
        wait_for_highest("make", 2);
        never_connected.stop();
    }
    const auto peer = open_stock_venue(path(), dictionaries());
    run again(*this, text);
    append_orders(again.source(), 3, 3);
    again.start();
    wait_until("all have arrived", [&] { return peer->apps_in().size() == 3; });
    again.stop();
    EXPECT_EQ(peer->apps_in(), (std::vector<std::string>{"A1.000001", "A2.000002", "A3.000003"}));
    for (const std::string& wire : sent()) {
        EXPECT_NE(wire.find("|38=0."), std::string::npos) << wire;
        EXPECT_NE(wire.find("00|40="), std::string::npos) << "three decimals: " << wire;
    }
}

}  // namespace
}  // namespace millrace::gateway::test
