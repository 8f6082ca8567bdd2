// Orders to a venue, out of a log that lost its end with the host's power after they were sent.
#include <gtest/gtest.h>

#include "tests/engine/stream/host_restart.hpp"
#include "tests/gateway/pipeline/pipeline_support.hpp"
#include "tests/gateway/pipeline/stock_venue.hpp"

namespace millrace::gateway::test {
namespace {

constexpr std::string_view sending_text = R"toml(
[[gateway]]
name = "venue"
settings = "sessions.cfg"
reconnect_min_ms = 10
reconnect_max_ms = 50

[[client]]
name = "sender"
stream = "ORDERS"

[[client.route]]
name = "send"
session = "FIX.4.4:MILLRACE->STOCK"
map = "new_order"
start = "first"

[[map]]
name = "new_order"
message = "NewOrderSingle"

[map.fields]
ClOrdID = "CL_ORD_ID"
Symbol = "SYMBOL"
Side = "SIDE"
TransactTime = {now = true}
OrdType = {value = "1"}
OrderQty = "QUANTITY"
)toml";

class RoutePastSession : public PipelineTest {
protected:
    RoutePastSession() : peer_(open_stock_venue(path(), dictionaries())) {}
    void send(std::uint64_t first, std::uint64_t last, std::size_t wanted_at_peer) {
        run once(*this, std::string(tables_text) + std::string(sending_text));
        append_orders(once.source(), first, last);
        once.start();
        wait_until("the peer has them", [&] { return peer_->apps_in().size() >= wanted_at_peer; });
        once.stop();
    }
    [[nodiscard]] std::vector<std::uint64_t> sent_origins() const {
        std::vector<std::uint64_t> origins;
        for (const kept_row& row : rows("venue/FIX_OUT")) {
            if (row.envelope.has_origin()) {
                origins.push_back(row.envelope.origin.sequence);
            }
        }
        return origins;
    }

    std::unique_ptr<millrace::test::stock_peer> peer_;
};

TEST_F(RoutePastSession, SendsNewOrdersUnderSequencesThatWereSentBefore) {
    send(1, 10, 10);
    ASSERT_EQ(sent_origins(), range(1, 10));
    engine::test::restart_host_under(path());
    engine::test::lose_records_behind(data("ORDER_OUT"), 7);
    {
        engine::table_log writer(
            data("ORDER_OUT"),
            parse_config(path() / "test.toml", std::string(tables_text))
                .find_table("ORDER_OUT")
                ->schema,
            engine::table_log_options{.segment_bytes = 1 << 20, .purpose = "test"});
        append_orders(writer, 101, 102);
    }
    send(103, 104, 14);
    std::vector<std::string> ids;
    for (const std::uint64_t number : range(1, 10)) {
        ids.push_back(order_id(number));
    }
    ids.insert(ids.end(), {"A101", "A102", "A103", "A104"});
    EXPECT_EQ(peer_->apps_in(), ids);
    std::vector<std::uint64_t> origins = range(1, 10);
    origins.insert(origins.end(), {8, 9, 10, 11});
    EXPECT_EQ(sent_origins(), origins);
    const auto all = lines();
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [](const std::string& line) {
        return line.starts_with("send: ") &&
               line.find("records 8 to 10 were done by this route") != std::string::npos;
    }));
    // A killed process later finds what FIX_OUT says of the new ones.
    send(105, 105, 15);
    ids.emplace_back("A105");
    EXPECT_EQ(peer_->apps_in(), ids);
}

}  // namespace
}  // namespace millrace::gateway::test
