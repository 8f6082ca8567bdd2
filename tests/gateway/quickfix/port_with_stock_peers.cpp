// Our session and our sockets against a stock QuickFIX acceptor and a stock QuickFIX initiator,
// over loopback.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "gateway/transport/connection.hpp"
#include "gateway/transport/connector.hpp"
#include "gateway/transport/listener.hpp"
#include "tests/gateway/quickfix/port_test_support.hpp"
#include "tests/gateway/quickfix/stock_peer.hpp"
#include "tests/gateway/support/free_port.hpp"

namespace millrace::gateway {
namespace {

using test::field_of;
using test::order_body;
using test::side;
using test::stock_options;
using test::stock_peer;

constexpr std::int64_t ms_ns = 1'000'000;

// A session with its connection: what a session agent does, without logs.
class live_session : public wire_sink {
public:
    live_session(const char* role, const char* sender, const char* target, const std::string& more)
        : inner(role, sender, target, more), link_(connection_options{}) {}

    bool send(const char* frame, std::size_t size) noexcept override {
        if (drop_out > 0) {
            --drop_out;
            return true;
        }
        return link_.send(frame, size, engine::monotonic_now_ns()) != send_state::closed;
    }
    void disconnect() noexcept override { link_.close(close_reason::local); }

    void dial(std::uint16_t port) {
        connector_options options;
        options.retry_min_ns = 20 * ms_ns;
        dialler_ = std::make_unique<connector>(
            std::vector<std::vector<socket_address>>{resolve("127.0.0.1", port)}, options);
        dialler_->start(engine::monotonic_now_ns());
    }
    std::uint16_t listen() {
        listening_ = std::make_unique<listener>(
            resolve("127.0.0.1", 0, address_use::listen).front(), listener_options{});
        return listening_->port();
    }

    void step() {
        const std::int64_t now_ns = engine::monotonic_now_ns();
        if (!link_.is_open()) {
            if (is_up_) {
                go_down(now_ns);  // closed between two steps
            }
            come_up(now_ns);
            return;
        }
        static_cast<void>(link_.flush(now_ns));
        static_cast<void>(link_.receive());
        std::string_view frame;
        while (link_.next_frame(frame)) {
            take(frame);
        }
        if (!link_.is_open()) {
            go_down(now_ns);
            return;
        }
        if (now_ns >= next_tick_ns_) {
            next_tick_ns_ = now_ns + 50 * ms_ns;
            EXPECT_EQ(inner.tick(), call_status::ok) << inner.port->last_text();
            if (!link_.is_open()) {
                go_down(now_ns);
            }
        }
    }

    template <typename Done>
    [[nodiscard]] bool run_until(Done done) {
        const std::int64_t end_ns = engine::monotonic_now_ns() + 15'000 * ms_ns;
        while (engine::monotonic_now_ns() < end_ns) {
            step();
            if (done()) {
                return true;
            }
        }
        return false;
    }

    [[nodiscard]] std::vector<std::string> apps_in() const {
        std::vector<std::string> found;
        for (const std::string& call : inner.store.calls) {
            if (call.rfind("app_in", 0) == 0) {
                found.push_back(call);
            }
        }
        return found;
    }

    side inner;
    int drop_out = 0;  // frames that are stored and numbered and never reach the wire
    int drop_in = 0;   // frames that arrive and are not looked at
    bool stays_down = false;

private:
    void take(std::string_view frame) {
        if (drop_in > 0) {
            --drop_in;
            return;
        }
        const receive_result result = inner.receive(frame);
        EXPECT_NE(result.status, receive_status::failed) << inner.port->last_text();
    }

    void come_up(std::int64_t now_ns) {
        if (stays_down) {
            return;
        }
        if (dialler_ != nullptr) {
            engine::unique_fd socket;
            if (dialler_->poll(now_ns, socket) == connector_state::connected && socket.is_open()) {
                link_.open(std::move(socket), dialler_->address());
                is_up_ = true;
                ASSERT_EQ(inner.port->connected(*this), call_status::ok);
                next_tick_ns_ = now_ns;
            }
            return;
        }
        const listener::first_frame found = listening_->poll(now_ns);
        if (found.link == nullptr) {
            return;
        }
        link_.swap(*found.link);
        is_up_ = true;
        ASSERT_EQ(inner.port->connected(*this), call_status::ok);
        take(found.frame);
        std::string_view frame;
        while (link_.next_frame(frame)) {
            take(frame);
        }
    }

    void go_down(std::int64_t now_ns) {
        is_up_ = false;
        const bool was_good = inner.listener.logons > 0;
        EXPECT_EQ(inner.port->connection_lost(), call_status::ok);
        if (dialler_ != nullptr) {
            dialler_->connection_ended(was_good, now_ns);
        }
    }

    connection link_;
    std::unique_ptr<connector> dialler_;
    std::unique_ptr<listener> listening_;
    std::int64_t next_tick_ns_ = 0;
    bool is_up_ = false;
};

stock_options peer_options(bool is_acceptor, std::uint16_t port) {
    stock_options options;
    options.is_acceptor = is_acceptor;
    options.port = port;
    options.sender = "STOCK";
    options.target = "OURS";
    options.dictionary = std::string(MILLRACE_TEST_DICTIONARIES) + "/FIX44.xml";
    options.heart_bt_int_s = 1;
    return options;
}

class StockPeer : public testing::TestWithParam<bool> {
protected:
    StockPeer() : ours(GetParam() ? "initiator" : "acceptor", "OURS", "STOCK", "HeartBtInt=1") {
        if (GetParam()) {
            const std::uint16_t port = test::free_port();
            peer = std::make_unique<stock_peer>(peer_options(true, port));
            ours.dial(port);
        } else {
            const std::uint16_t port = ours.listen();
            peer = std::make_unique<stock_peer>(peer_options(false, port));
        }
    }

    // A peer that is still logged on takes seconds to stop.
    ~StockPeer() override {
        ours.stays_down = true;
        EXPECT_EQ(ours.inner.port->disconnect(), call_status::ok);
        EXPECT_TRUE(ours.run_until([&] { return !peer->is_logged_on(); }));
    }

    void log_on() {
        ASSERT_TRUE(ours.run_until(
            [&] { return ours.inner.port->is_logged_on() && peer->is_logged_on(); }));
    }

    [[nodiscard]] send_status order(const std::string& cl_ord_id) {
        std::string body(order_body);
        body.replace(0, 5, "11=" + cl_ord_id);
        return ours.inner.send("D", body);
    }

    [[nodiscard]] bool peer_has(const std::vector<std::string>& expected) {
        return ours.run_until([&] { return peer->apps_in().size() >= expected.size(); }) &&
               peer->apps_in() == expected;
    }

    live_session ours;
    std::unique_ptr<stock_peer> peer;
};

TEST_P(StockPeer, ExchangesOrdersAndReportsUntilWeLogOut) {
    log_on();
    ASSERT_EQ(order("A1"), send_status::sent);
    ASSERT_EQ(order("A2"), send_status::sent);
    EXPECT_TRUE(peer_has({"A1", "A2"}));
    EXPECT_TRUE(ours.run_until([&] { return ours.inner.listener.apps_in == 2; }));
    EXPECT_TRUE(peer->send_order("B1"));
    EXPECT_TRUE(ours.run_until([&] { return ours.inner.listener.apps_in == 3; }));
    // Heartbeats of one second may stand between them.
    EXPECT_TRUE(ours.run_until([&] {
        return static_cast<int>(ours.inner.store.sender) == peer->next_target() &&
               static_cast<int>(ours.inner.store.target) == peer->next_sender();
    }));
    ours.stays_down = true;
    EXPECT_EQ(ours.inner.port->logout("enough"), call_status::ok);
    EXPECT_TRUE(ours.run_until([&] { return !peer->is_logged_on(); }));
    EXPECT_TRUE(ours.run_until([&] { return !ours.inner.port->is_logged_on(); }));
    EXPECT_TRUE(ours.inner.listener.heard("Received logout response"));
}

TEST_P(StockPeer, ResendsWhatNeverReachedTheWire) {
    log_on();
    ours.drop_out = 2;
    ASSERT_EQ(order("A1"), send_status::sent);
    ASSERT_EQ(order("A2"), send_status::sent);
    ASSERT_EQ(order("A3"), send_status::sent);
    EXPECT_TRUE(peer_has({"A1+dup", "A2+dup", "A3+dup"}) ||
                peer->apps_in() == std::vector<std::string>({"A1+dup", "A2+dup", "A3"}))
        << testing::PrintToString(peer->apps_in());
}

TEST_P(StockPeer, AsksForWhatItMissed) {
    log_on();
    ours.drop_in = 1;
    EXPECT_TRUE(peer->send_order("B1"));
    EXPECT_TRUE(ours.run_until([&] { return ours.drop_in == 0; }));
    EXPECT_TRUE(peer->send_order("B2"));
    EXPECT_TRUE(peer->send_order("B3"));
    EXPECT_TRUE(ours.run_until([&] {
        return ours.inner.listener.apps_in >= 3 &&
               static_cast<int>(ours.inner.store.target) == peer->next_sender();
    }));
    // Each number once, in order, whatever was queued and whatever was sent again.
    std::vector<std::uint32_t> numbers;
    for (const std::string& call : ours.apps_in()) {
        numbers.push_back(static_cast<std::uint32_t>(std::stoul(call.substr(7))));
    }
    std::vector<std::uint32_t> sorted = numbers;
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    EXPECT_EQ(numbers, sorted);
    EXPECT_EQ(numbers.size(), 3U);
}

TEST_P(StockPeer, AnswersTestRequestsBothWays) {
    log_on();
    EXPECT_TRUE(peer->send_test_request("PING"));
    EXPECT_TRUE(ours.run_until([&] {
        const std::vector<std::string> admins = peer->admins_in();
        return std::find(admins.begin(), admins.end(), "0:PING") != admins.end();
    }));
    // Deaf for longer than 1.2 heartbeats: our session asks.
    ours.drop_in = 1000;
    EXPECT_TRUE(ours.run_until([&] { return ours.inner.listener.heard("Sent test request"); }));
    ours.drop_in = 0;
    EXPECT_TRUE(ours.run_until([&] { return ours.inner.port->state().test_requests_open == 0; }));
    EXPECT_TRUE(ours.inner.port->is_logged_on());
}

TEST_P(StockPeer, TakesUpWhereItStoppedUntilThePeerLogsOut) {
    log_on();
    ASSERT_EQ(order("A1"), send_status::sent);
    EXPECT_TRUE(peer_has({"A1"}));
    const int logons = ours.inner.listener.logons;
    EXPECT_EQ(ours.inner.port->disconnect(), call_status::ok);
    EXPECT_TRUE(ours.run_until([&] { return ours.inner.listener.logons > logons; }));
    log_on();
    ASSERT_EQ(order("A2"), send_status::sent);
    EXPECT_TRUE(peer_has({"A1", "A2"}));
    ours.stays_down = true;
    peer->log_out("enough");
    EXPECT_TRUE(ours.run_until([&] { return !ours.inner.port->is_logged_on(); }));
    EXPECT_TRUE(ours.inner.listener.heard("Received logout request"));
    EXPECT_TRUE(ours.run_until([&] { return !peer->is_logged_on(); }));
}

INSTANTIATE_TEST_SUITE_P(Roles, StockPeer, testing::Bool(), [](const auto& one) {
    return std::string(one.param ? "AgainstAcceptor" : "AgainstInitiator");
});

}  // namespace
}  // namespace millrace::gateway
