// Routes to a FIX session that is not logged on: what is numbered then, what is parked, what waits.
#include <gtest/gtest.h>

#include "tests/gateway/pipeline/pipeline_support.hpp"

namespace millrace::gateway::test {
namespace {

constexpr std::string_view gateway_text = R"toml(
[[gateway]]
name = "venue"
settings = "sessions.cfg"

[[map]]
name = "new_order"
message = "NewOrderSingle"

[map.fields]
ClOrdID = "CL_ORD_ID"
HandlInst = {value = "1"}
Symbol = "SYMBOL"
Side = "SIDE"
TransactTime = {now = true}
OrdType = {value = "1"}
OrderQty = "QUANTITY"
Text = "NOTE"
)toml";

// Nobody ever connects to it.
constexpr std::string_view acceptor_text = R"cfg([DEFAULT]
ConnectionType=acceptor
StartTime=00:00:00
EndTime=00:00:00
DataDictionary=FIX44.xml
SocketAcceptHost=127.0.0.1
SocketAcceptPort=0

[SESSION]
BeginString=FIX.4.4
SenderCompID=MILLRACE
TargetCompID=VENUE
)cfg";

class PipelineSession : public PipelineTest {
protected:
    [[nodiscard]] std::string text(const std::string& more, const std::string& routes = {}) const {
        std::ofstream(path() / "sessions.cfg") << acceptor_text;
        return std::string(tables_text) + std::string(gateway_text) + client_text("sender") +
               route_text(
                   "name = \"send\"\nsession = \"FIX.4.4:MILLRACE->VENUE\"\n"
                   "map = \"new_order\"\nstart = \"first\"\n" +
                   more) +
               routes;
    }
    [[nodiscard]] std::size_t numbered_messages() const {
        const engine::row_schema schema = engine::row_schema::parse(
            engine::log_reader(data("venue/FIX_OUT"), engine::read_from::first()).schema());
        std::size_t count = 0;
        for (const kept_row& row : rows("venue/FIX_OUT")) {
            count +=
                engine::row_view(schema, row.payload).text(schema.index_of("KIND")) == "application"
                    ? 1U
                    : 0U;
        }
        return count;
    }
    [[nodiscard]] std::string parked_reason(std::size_t index) const {
        const engine::row_schema schema = engine::row_schema::parse(
            engine::log_reader(data("REJECT_sender"), engine::read_from::first()).schema());
        const auto parked = rows("REJECT_sender");
        return std::string(
            engine::row_view(schema, parked.at(index).payload).text(schema.index_of("REASON")));
    }
};

TEST_F(PipelineSession, NumbersNothingWhileNobodyIsLoggedOn) {
    run once(*this, text(""));
    append_orders(once.source(), 1, 20);
    once.start();
    wait_for_highest("send", 20);
    once.stop();
    EXPECT_EQ(numbered_messages(), 0U);
}

// Their counters are more than the smallest file of counters has room for.
TEST_F(PipelineSession, OpensAsManySessionsAsItsSettingsHave) {
    const std::string configured = text("");
    std::ofstream settings(path() / "sessions.cfg", std::ios::app);
    for (int number = 1; number < 40; ++number) {
        settings << "\n[SESSION]\nBeginString=FIX.4.4\nSenderCompID=DESK" << number
                 << "\nTargetCompID=VENUE\n";
    }
    settings.close();
    run once(*this, configured);
    EXPECT_EQ(counter("session.FIX.4.4:DESK39->VENUE.unproven_resets"), 0U);
    EXPECT_EQ(once->gateways().front()->sessions().size(), 40U);
}

TEST_F(PipelineSession, HaltsAtARowThatIsNoMessage) {
    run once(*this, text("on_parsing_error = \"halt\"",
                         route_text("name = \"copy\"\ntable = \"COPY\"\nstart = \"first\"")));
    append_orders(once.source(), 1, 2);
    append(once.source(), {.number = 3, .side = '\0'});
    append_orders(once.source(), 4, 9);
    once.start();
    wait_for_halt("send");
    wait_for_highest("copy", 9);
    once.stop();
    const std::string state = status("route.send.state");
    EXPECT_NE(state.find("tag 54, column SIDE"), std::string::npos) << state;
    EXPECT_NE(state.find("position " + std::to_string(rows("ORDER_OUT")[2].at.value)),
              std::string::npos)
        << state;
    EXPECT_EQ(counter("route.send.delivered"), 2U);
    EXPECT_EQ(counter("route.send.halted"), 1U);
    EXPECT_EQ(counter("route.copy.halted"), 0U);
    EXPECT_EQ(origins_of(rows("COPY")), range(1, 9)) << "the other route goes on";
}

TEST_F(PipelineSession, ParksARowThatIsNoMessageAndLosesNoneOfTheOthers) {
    const std::string parking =
        text("", route_text("name = \"copy\"\ntable = \"COPY\"\nstart = \"first\""));
    {
        run nothing_wrong(*this, parking);
        nothing_wrong.start();
        nothing_wrong.stop();
        EXPECT_FALSE(std::filesystem::exists(data("REJECT_sender"))) << "made when it is needed";
    }
    for (int opening = 0; opening < 3; ++opening) {
        run once(*this, parking);
        if (opening == 0) {
            append_orders(once.source(), 1, 2);
            append(once.source(), {.number = 3, .side = '\0'});
            append_orders(once.source(), 4, 6);
            append(once.source(), {.number = 7, .side = '\0'});
            append_orders(once.source(), 8, 9);
        }
        once.start();
        wait_for_highest("copy", 9);
        wait_until("the last message is made",
                   [&] { return counter("route.send.delivered") == 7; });
        once.stop();
        // None of the seven has a number yet: each run makes them all again, and parks nothing
        // twice.
        EXPECT_EQ(counter("route.send.parked"), opening == 0 ? 2U : 0U);
        EXPECT_EQ(counter("route.send.passed_over"), opening == 0 ? 0U : 2U);
        EXPECT_EQ(counter("log.REJECT_sender.durable_sequence"), 2U) << "watched, once it is there";
        EXPECT_EQ(origins_of(rows("REJECT_sender")), (std::vector<std::uint64_t>{3, 7}));
        EXPECT_NE(parked_reason(0).find("tag 54, column SIDE"), std::string::npos)
            << parked_reason(0);
    }
    EXPECT_EQ(numbered_messages(), 0U);
}

TEST_F(PipelineSession, TranslatesALargeMessageAndParksOneThatIsTooLarge) {
    run once(*this, text("max_message_bytes = \"8KiB\"\n"
                         "ring_bytes = \"128KiB\""));
    append(once.source(), {.number = 1, .note_size = 7'500});
    append(once.source(), {.number = 2, .note_size = 9'000});
    append(once.source(), {.number = 3, .note_size = 1'900});
    once.start();
    wait_for_highest("send", 3);
    once.stop();
    EXPECT_EQ(counter("route.send.delivered"), 2U);
    EXPECT_EQ(origins_of(rows("REJECT_sender")), range(2, 2));
}

TEST_F(PipelineSession, WaitsInItsLogWhenItsRingIsFull) {
    run once(*this, text("max_message_bytes = \"1KiB\"\nring_bytes = \"4KiB\""));
    append_orders(once.source(), 1, 200);
    once.start();
    wait_until("it has to wait", [&] { return counter("route.send.back_pressured") > 3; });
    wait_until("how full it is can be seen", [&] {
        return counter("route.send.ring_bytes") > 3000 && counter("client:sender.ring_slots") > 0;
    });
    const std::uint64_t taken = counter("route.send.delivered");
    once.stop();
    EXPECT_GT(taken, 0U);
    EXPECT_LT(taken, 80U) << "8 KiB hold no more";
    EXPECT_FALSE(once->clients().front()->routes().front()->is_halted());
}

}  // namespace
}  // namespace millrace::gateway::test
