// The gateway's agent with its logs against a stock QuickFIX acceptor and a stock QuickFIX
// initiator, over loopback and a wire that can lose frames.
#include "gateway/session/session_agent.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/gateway/quickfix/stock_peer.hpp"
#include "tests/gateway/session/session_test_support.hpp"
#include "tests/gateway/session/stopped_peers.hpp"
#include "tests/gateway/support/free_port.hpp"

namespace millrace::gateway {
namespace {

using test::logged_row;

bool contains(const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

std::vector<std::string> cl_ord_ids(const std::vector<logged_row>& rows, std::string_view kind) {
    std::vector<std::string> found;
    for (const logged_row& row : rows) {
        if (row.kind == kind) {
            found.push_back(row.cl_ord_id);
        }
    }
    return found;
}

// Every generation begins with its reset; inside one, numbers have no gaps and each stands once.
void expect_unbroken(const std::vector<logged_row>& rows) {
    std::uint32_t generation = 0;
    std::uint32_t next = 0;
    for (const logged_row& row : rows) {
        if (row.kind == kind::reset) {
            EXPECT_EQ(row.generation, generation + 1);
            generation = row.generation;
            next = 1;
            continue;
        }
        EXPECT_EQ(row.generation, generation) << row.text();
        if (row.kind == kind::resent) {
            EXPECT_TRUE(row.number == 0 && row.next_sender == next) << row.text();
            EXPECT_EQ(test::field_of(row.wire, 34), std::to_string(row.ref_number));
            continue;
        }
        EXPECT_EQ(row.number, next) << row.text();
        EXPECT_EQ(row.next_sender, next + 1) << row.text();
        EXPECT_EQ(test::field_of(row.wire, 34), std::to_string(next));
        next = row.next_sender;
    }
}

const testing::Environment* const stopped_peers_environment =
    testing::AddGlobalTestEnvironment(new test::stopped_peers);

class SessionAgent : public testing::TestWithParam<bool> {
protected:
    SessionAgent() : orders("orders") {
        static int peers = 0;
        peer_name = "STOCK" + std::to_string(++peers);
    }
    ~SessionAgent() override {
        wire.shut();  // a peer that is still logged on takes seconds to stop
        wire.cut();
        if (peer != nullptr) {
            EXPECT_TRUE(run_until([&] { return !peer->is_logged_on(); }));
            test::stopped_peers::add(std::move(peer));
        }
    }

    [[nodiscard]] bool is_initiator() const { return GetParam(); }

    void open_agent(const std::string& more = "") {
        if (is_initiator()) {
            agent = std::make_unique<test::live_agent>(
                options, test::agent_settings(true, wire.port(), peer_name, ours_more + more),
                orders);
        } else {
            agent = std::make_unique<test::live_agent>(
                options, test::agent_settings(false, 0, peer_name, ours_more + more), orders);
            wire.lead_to(agent->inner.listening_ports().front());
        }
    }
    void open_peer(const std::string& more = "") {
        test::stock_options wanted;
        wanted.is_acceptor = is_initiator();
        wanted.port = is_initiator() ? test::free_port() : wire.port();
        wanted.sender = peer_name;
        wanted.target = "OURS";
        wanted.dictionary = std::string(MILLRACE_TEST_DICTIONARIES) + "/FIX44.xml";
        wanted.heart_bt_int_s = heart_bt_int_s;
        wanted.more = more;
        peer = std::make_unique<test::stock_peer>(wanted);
        if (is_initiator()) {
            wire.lead_to(wanted.port);
        }
    }
    void set_heart_bt_int(int seconds) {
        heart_bt_int_s = seconds;
        ours_more = "HeartBtInt=" + std::to_string(seconds) + "\n";
    }

    int step() {
        wire.step();
        return agent != nullptr ? agent->step() : 0;
    }
    template <typename Done>
    [[nodiscard]] bool run_until(Done done) {
        return test::step_until([this] { return step(); }, done);
    }
    void log_on() {
        ASSERT_TRUE(run_until([&] { return agent->is_logged_on() && peer->is_logged_on(); }));
    }
    void log_on_anew(std::uint32_t generation) {
        ASSERT_TRUE(run_until([&] {
            return ledger().generation() >= generation && agent->is_logged_on() &&
                   peer->is_logged_on();
        }));
    }
    // The peer has exactly these orders.
    [[nodiscard]] testing::AssertionResult peer_has(const std::vector<std::string>& expected) {
        if (run_until([&] { return peer->apps_in().size() >= expected.size(); }) &&
            peer->apps_in() == expected) {
            return testing::AssertionSuccess();
        }
        return testing::AssertionFailure() << testing::PrintToString(peer->apps_in());
    }
    // Both sides have heard all the other has said.
    [[nodiscard]] bool numbers_meet() {
        return run_until([&] {
            return static_cast<int>(ledger().next_sender().value) == peer->next_target() &&
                   static_cast<int>(ledger().next_target().value) == peer->next_sender();
        });
    }
    void close_agent() { agent.reset(); }

    [[nodiscard]] session_ledger& ledger() { return agent->session().ledger(); }
    [[nodiscard]] test::lossy_wire::direction& to_peer() {
        return is_initiator() ? wire.forward : wire.back;
    }
    [[nodiscard]] test::lossy_wire::direction& from_peer() {
        return is_initiator() ? wire.back : wire.forward;
    }
    [[nodiscard]] std::vector<logged_row> out_rows() {
        return test::read_out(directory / "gateway" / "FIX_OUT");
    }
    [[nodiscard]] std::vector<logged_row> in_rows() {
        return test::read_in(directory / "gateway" / "FIX_IN");
    }

    engine::temporary_directory directory;
    session_agent_options options = test::agent_options(directory / "gateway");
    test::order_source orders;
    test::lossy_wire wire;
    std::string peer_name;
    int heart_bt_int_s = 30;
    std::string ours_more = "HeartBtInt=30\n";
    std::unique_ptr<test::live_agent> agent;
    std::unique_ptr<test::stock_peer> peer;
};

// What only one of the two does.
class SessionInitiator : public SessionAgent {};
class SessionAcceptor : public SessionAgent {};

TEST_P(SessionAgent, NumbersNothingUntilLoggedOnAndThenExchangesOrdersUntilStopped) {
    wire.shut();
    open_agent();
    orders.put(1, "A1");
    orders.put(2, "A2");
    // Nobody is there yet: an initiator dials in vain, an acceptor waits.
    for (int i = 0; i < 200; ++i) {
        step();
    }
    EXPECT_TRUE(agent->session().has_waiting_messages());
    EXPECT_EQ(ledger().next_sender(), msg_seq_num{1});
    EXPECT_EQ(test::texts_of(out_rows()), std::vector<std::string>{"reset 0"});

    wire.reopen();
    open_peer();
    log_on();
    EXPECT_TRUE(peer_has({"A1", "A2"}));
    // The peer's thread may still be at its second report.
    EXPECT_TRUE(run_until([&] { return ledger().next_target() == msg_seq_num{4}; }));
    EXPECT_TRUE(peer->send_order("B1"));
    EXPECT_TRUE(numbers_meet());
    EXPECT_FALSE(agent->session().has_waiting_messages());
    EXPECT_EQ(agent->session().counters.messages_out.value(), 2U);
    EXPECT_EQ(agent->inner.highest_origin("orders"), engine::sequence{2});

    agent->inner.request_stop();
    EXPECT_TRUE(run_until([&] { return agent->inner.is_stopped(); }));
    EXPECT_TRUE(run_until([&] { return !peer->is_logged_on(); }));
    EXPECT_TRUE(contains(peer->admins_in(), "5"));
    orders.put(3, "A3");  // too late: waits in its ring
    for (int i = 0; i < 50; ++i) {
        step();
    }
    EXPECT_TRUE(agent->session().has_waiting_messages());
    close_agent();

    const std::vector<logged_row> out = out_rows();
    EXPECT_EQ(test::texts_of(out),
              (std::vector<std::string>{"reset 0", "admin A 1", "application D 2 A1",
                                        "application D 3 A2", "admin 5 4"}));
    expect_unbroken(out);
    EXPECT_EQ(out[2].envelope.origin.sequence, 1U);
    EXPECT_EQ(out[3].envelope.origin.sequence, 2U);
    EXPECT_EQ(out[2].envelope.correlation, (engine::correlation{77, 1}));
    EXPECT_FALSE(out[1].envelope.has_origin());
    const std::vector<logged_row> in = in_rows();
    EXPECT_EQ(test::texts_of(in),
              (std::vector<std::string>{"admin A 1", "application 8 2 A1", "application 8 3 A2",
                                        "application D 4 B1", "admin 5 5"}));
    // A report carries on what its order began with.
    EXPECT_EQ(in[1].envelope.correlation, (engine::correlation{77, 1}));
    EXPECT_EQ(in[2].envelope.correlation, (engine::correlation{77, 2}));
    EXPECT_EQ(in[3].envelope.correlation, engine::correlation{});
}

TEST_P(SessionAcceptor, CountsConnectionsThatAreNobodys) {
    open_agent();
    wire.lead_to(agent->inner.listening_ports().front());
    connection stranger({});
    const socket_address address =
        resolve("127.0.0.1", agent->inner.listening_ports().front()).front();
    engine::unique_fd socket{::socket(AF_INET, SOCK_STREAM, 0)};
    ASSERT_EQ(::connect(socket.get(), address.get(), address.size), 0);
    stranger.open(std::move(socket), address);
    EXPECT_TRUE(run_until([&] { return agent->inner.counters.waiting_connections.value() == 1; }));
    const std::string hello =
        test::frame_of("35=0|34=1|49=X|52=" + test::sending_time() + "|56=Y|");
    EXPECT_EQ(stranger.send(hello.data(), hello.size(), engine::monotonic_now_ns()),
              send_state::sent);
    EXPECT_TRUE(run_until([&] { return agent->inner.counters.refused_connections.value() == 1; }));
    EXPECT_EQ(agent->inner.counters.waiting_connections.value(), 0U);
    EXPECT_TRUE(agent->has_said("first message is no Logon"));
}

TEST_P(SessionAgent, EndsWhenThePeerLogsOut) {
    open_agent();
    open_peer();
    log_on();
    wire.shut();  // it shall not come back
    peer->log_out("enough");
    EXPECT_TRUE(run_until([&] { return !agent->is_logged_on() && !peer->is_logged_on(); }));
    const std::uint32_t sent = ledger().next_sender().value;
    orders.put(1, "A1");
    for (int i = 0; i < 50; ++i) {
        step();
    }
    EXPECT_TRUE(agent->session().has_waiting_messages());
    EXPECT_EQ(ledger().next_sender().value, sent);
    EXPECT_EQ(out_rows().back().text(), "admin 5 2");
    EXPECT_EQ(in_rows().back().text(), "admin 5 2");
}

TEST_P(SessionAgent, SendsAgainWhatTheWireLost) {
    open_agent();
    open_peer();
    log_on();
    to_peer().losses = 2;
    orders.put(1, "A1");
    orders.put(2, "A2");
    orders.put(3, "A3");
    ASSERT_TRUE(run_until([&] { return peer->apps_in().size() >= 3; }));
    const std::vector<std::string> apps = peer->apps_in();
    EXPECT_EQ(apps[0], "A1+dup");
    EXPECT_EQ(apps[1], "A2+dup");
    EXPECT_EQ(apps[2].substr(0, 2), "A3");
    EXPECT_TRUE(numbers_meet());
    EXPECT_GE(agent->session().counters.resent.value(), 2U);
    EXPECT_EQ(agent->session().counters.messages_out.value(), 3U);
    // A resend is no new message: each order stands once, under its first number.
    const std::vector<logged_row> out = out_rows();
    EXPECT_EQ(cl_ord_ids(out, kind::application), (std::vector<std::string>{"A1", "A2", "A3"}));
    EXPECT_EQ(cl_ord_ids(out, kind::resent).size(), agent->session().counters.resent.value());
    EXPECT_TRUE(contains(cl_ord_ids(out, kind::resent), "A1"));
    expect_unbroken(out);
}

// In one go it would not fit behind what the socket takes, and each new connection would ask anew.
TEST_P(SessionAgent, AnswersALargeResendInSlicesThatThePendingTailHolds) {
    options.session.connection.pending_bytes_max = std::size_t{16} << 10;
    options.session.connection.send_buffer_bytes = 4096;
    open_agent();
    open_peer();
    log_on();
    constexpr std::uint64_t count = 1000;
    to_peer().losses = static_cast<int>(count);
    to_peer().only_of_type = "D";
    for (std::uint64_t i = 1; i <= count; ++i) {
        orders.put(i, "A" + std::to_string(i));
        step();
    }
    ASSERT_TRUE(run_until([&] { return to_peer().losses == 0; }));
    orders.put(count + 1, "B1");  // shows the peer what it lacks
    orders.put(count + 2, "B2");  // and this one waits its turn
    ASSERT_TRUE(run_until([&] { return peer->apps_in().size() >= count + 2; }));
    EXPECT_TRUE(numbers_meet());
    const std::vector<std::string> apps = peer->apps_in();
    ASSERT_EQ(apps.size(), count + 2);
    for (std::uint64_t i = 1; i <= count; ++i) {
        ASSERT_EQ(apps[i - 1], "A" + std::to_string(i) + "+dup");
    }
    EXPECT_EQ(apps.back(), "B2");
    EXPECT_EQ(agent->session().counters.disconnects.value(), 0U);
    expect_unbroken(out_rows());
    std::vector<logged_row> in = in_rows();
    EXPECT_EQ(std::count_if(in.begin(), in.end(),
                            [](const logged_row& row) { return row.msg_type == "2"; }),
              static_cast<std::ptrdiff_t>(from_peer().count("\x01"
                                                            "35=2\x01")));
}

TEST_P(SessionAgent, AsksForWhatTheWireLostAndKeepsEachFrameInItsTurn) {
    open_agent();
    open_peer();
    log_on();
    from_peer().losses = 2;
    EXPECT_TRUE(peer->send_order("B1"));
    EXPECT_TRUE(peer->send_order("B2"));
    EXPECT_TRUE(run_until([&] { return from_peer().losses == 0; }));
    EXPECT_TRUE(peer->send_order("B3"));
    EXPECT_TRUE(peer->send_order("B4"));
    EXPECT_TRUE(run_until([&] { return ledger().next_target() == msg_seq_num{6}; }));
    EXPECT_EQ(ledger().held_count(), 0U);

    std::vector<logged_row> in = in_rows();
    std::erase_if(in, [](const logged_row& row) { return row.kind == kind::duplicate; });
    EXPECT_EQ(test::texts_of(in),
              (std::vector<std::string>{"admin A 1", "application D 2 B1", "application D 3 B2",
                                        "application D 4 B3", "application D 5 B4"}));
    EXPECT_TRUE(in[1].poss_dup);
    EXPECT_TRUE(in[2].poss_dup);
    for (const logged_row& row : in) {
        EXPECT_EQ(row.next_target, row.number + 1);
        EXPECT_EQ(test::field_of(row.wire, 34), std::to_string(row.number));
        EXPECT_EQ(test::field_of(row.wire, 11), row.cl_ord_id);
    }
}

TEST_P(SessionAgent, AnswersTestRequestsAndAsksWhenThePeerFallsSilent) {
    set_heart_bt_int(3);  // leaves 3.6 s between the question and giving up, for a busy machine
    open_agent();
    open_peer();
    log_on();
    EXPECT_TRUE(peer->send_test_request("PING"));
    EXPECT_TRUE(run_until([&] { return contains(peer->admins_in(), "0:PING"); }));
    // Deaf for longer than 1.2 heartbeats: our session asks, and hears the answer's number too
    // late.
    from_peer().losses = 1'000'000;
    EXPECT_TRUE(run_until([&] {
        return to_peer().count(
                   "\x01"
                   "35=1\x01") > 0;
    }));
    from_peer().losses = 0;
    EXPECT_TRUE(run_until([&] { return agent->session().port().state().test_requests_open == 0; }));
    EXPECT_TRUE(numbers_meet());
    EXPECT_TRUE(agent->is_logged_on());
    EXPECT_EQ(agent->session().counters.disconnects.value(), 0U);
    expect_unbroken(out_rows());
}

TEST_P(SessionAgent, GoesOnWithItsNumbersOverTheSameLogs) {
    open_agent();
    open_peer();
    log_on();
    orders.put(1, "A1");
    orders.put(2, "A2");
    EXPECT_TRUE(peer_has({"A1", "A2"}));
    EXPECT_TRUE(peer->send_order("B1"));
    EXPECT_TRUE(numbers_meet());
    const std::uint32_t sender = ledger().next_sender().value;
    const std::uint32_t target = ledger().next_target().value;
    wire.shut();
    close_agent();
    wire.cut();
    ASSERT_TRUE(run_until([&] { return !peer->is_logged_on(); }));

    open_agent();
    EXPECT_EQ(ledger().generation(), 1U);
    EXPECT_EQ(ledger().next_sender().value, sender);
    EXPECT_EQ(ledger().next_target().value, target);
    EXPECT_EQ(agent->inner.highest_origin("orders"), engine::sequence{2});
    orders.put(2, "A2");  // its source sends it once more; it went out before
    orders.put(3, "A3");
    wire.reopen();
    log_on();
    EXPECT_TRUE(peer_has({"A1", "A2", "A3"}));
    EXPECT_EQ(agent->session().counters.duplicate_origins.value(), 1U);
    // Orders from before are found again by their reports.
    EXPECT_TRUE(peer->send_order("A1"));
    EXPECT_TRUE(numbers_meet());
    const std::vector<logged_row> in = in_rows();
    const auto last_order = std::find_if(in.rbegin(), in.rend(), [](const logged_row& row) {
        return row.msg_type == "D";  // the report of A3 may come before or after it
    });
    ASSERT_NE(last_order, in.rend());
    EXPECT_EQ(last_order->envelope.correlation, (engine::correlation{77, 1}));
    expect_unbroken(out_rows());
}

TEST_P(SessionAgent, BeginsANewGenerationAtEachResetAndNeverAnswersFromAnOlderOne) {
    // An acceptor is reset by the peer's Logon; an initiator asks for it.
    open_agent(is_initiator() ? "ResetOnLogon=Y" : "");
    open_peer(is_initiator() ? "" : "ResetOnLogon=Y");
    log_on();
    EXPECT_EQ(ledger().generation(), 1U);
    for (std::uint64_t i = 1; i <= 5; ++i) {
        orders.put(i, "A" + std::to_string(i));
    }
    EXPECT_TRUE(peer_has({"A1", "A2", "A3", "A4", "A5"}));
    EXPECT_TRUE(numbers_meet());
    wire.cut();
    ASSERT_TRUE(run_until([&] { return !agent->is_logged_on() && !peer->is_logged_on(); }));
    log_on_anew(2);
    EXPECT_EQ(ledger().next_sender(), msg_seq_num{2});
    EXPECT_EQ(ledger().next_target(), msg_seq_num{2});
    EXPECT_EQ(agent->inner.highest_origin("orders"), engine::sequence{5});
    EXPECT_GE(to_peer().count("\x01"
                              "141=Y\x01"),
              1U);

    orders.put(5, "A5");  // its number is of the old generation, its origin counts for ever
    to_peer().losses = 1;
    orders.put(6, "C6");
    orders.put(7, "C7");
    ASSERT_TRUE(run_until([&] { return peer->apps_in().size() >= 7; }));
    EXPECT_TRUE(numbers_meet());
    std::vector<std::string> since = peer->apps_in();
    since.erase(since.begin(), since.begin() + 5);
    EXPECT_EQ(since.size(), 2U) << testing::PrintToString(since);
    EXPECT_EQ(since.front(), "C6+dup");
    EXPECT_EQ(since.back().substr(0, 2), "C7");
    EXPECT_EQ(agent->session().counters.duplicate_origins.value(), 1U);

    const std::uint32_t generation = ledger().generation();
    const std::vector<logged_row> out = out_rows();
    expect_unbroken(out);
    EXPECT_EQ(out.back().generation, generation);
    EXPECT_EQ(in_rows().back().generation, generation);
    close_agent();
    open_agent(is_initiator() ? "ResetOnLogon=Y" : "");
    EXPECT_EQ(ledger().generation(), generation);
    EXPECT_EQ(agent->inner.highest_origin("orders"), engine::sequence{7});
}

TEST_P(SessionAgent, ResetsOnLogonWhenBothSidesWantIt) {
    open_agent("ResetOnLogon=Y");
    open_peer("ResetOnLogon=Y");
    log_on();
    orders.put(1, "A1");
    EXPECT_TRUE(peer_has({"A1"}));
    wire.cut();
    ASSERT_TRUE(run_until([&] { return !agent->is_logged_on() && !peer->is_logged_on(); }));
    log_on_anew(2);
    orders.put(2, "A2");
    EXPECT_TRUE(peer_has({"A1", "A2"}));
    EXPECT_TRUE(numbers_meet());
    const std::vector<logged_row> out = out_rows();
    expect_unbroken(out);  // one reset row a generation, however often the library asks
    EXPECT_GE(out.back().generation, 2U);
}

// Numbered, lost with the connection, and then a logon that resets: the peer gets to ask first.
TEST_P(SessionInitiator, LetsThePeerAskForWhatItLacksBeforeItResets) {
    for (const char* key : {"ResetOnLogon=Y", "ResetOnDisconnect=Y"}) {
        open_agent(key);
        if (peer == nullptr) {
            open_peer();
            log_on();
        } else {
            log_on_anew(ledger().generation() + 1);  // the last order of before has no proof either
        }
        const std::uint32_t generation = ledger().generation();
        const std::uint64_t first = agent->inner.highest_origin("orders").value + 1;
        to_peer().losses = 3;
        for (std::uint64_t i = first; i < first + 3; ++i) {
            orders.put(i, "A" + std::to_string(i));
        }
        ASSERT_TRUE(run_until([&] { return to_peer().losses == 0; }));
        EXPECT_TRUE(ledger().has_unproven());
        wire.cut();
        ASSERT_TRUE(run_until([&] { return !agent->is_logged_on() && !peer->is_logged_on(); }));
        orders.put(first + 3, "B" + std::to_string(first));  // waits until the reset is behind us
        log_on_anew(generation + 1);
        ASSERT_TRUE(run_until([&] { return peer->apps_in().size() >= first + 3; }));
        EXPECT_TRUE(numbers_meet());
        EXPECT_EQ(ledger().counters.unproven_resets.value(), 0U);
        EXPECT_TRUE(agent->has_said("logging on with the old numbers"));
        close_agent();
        ASSERT_TRUE(run_until([&] { return !peer->is_logged_on(); }));
    }
    EXPECT_EQ(peer->apps_in(), (std::vector<std::string>{"A1+dup", "A2+dup", "A3+dup", "B1",
                                                         "A5+dup", "A6+dup", "A7+dup", "B5"}));
    const std::vector<logged_row> out = out_rows();
    expect_unbroken(out);
    EXPECT_EQ(cl_ord_ids(out, kind::application),
              (std::vector<std::string>{"A1", "A2", "A3", "B1", "A5", "A6", "A7", "B5"}));
}

// The peer's proof comes before its turn, and is filled over when the peer is asked once more.
TEST_P(SessionInitiator, LetsThePeerAskWhereBothSidesLackMessages) {
    open_agent("ResetOnLogon=Y");
    open_peer();
    log_on();
    const std::uint32_t generation = ledger().generation();
    to_peer().losses = from_peer().losses = 1;
    orders.put(1, "A1");
    ASSERT_TRUE(peer->send_order("P1"));
    ASSERT_TRUE(run_until([&] { return to_peer().losses == 0 && from_peer().losses == 0; }));
    wire.cut();
    ASSERT_TRUE(run_until([&] { return !agent->is_logged_on() && !peer->is_logged_on(); }));
    log_on_anew(generation + 1);
    EXPECT_EQ(ledger().counters.unproven_resets.value(), 0U) << agent->last_said(30);
    EXPECT_TRUE(peer_has({"A1+dup"}));
    EXPECT_EQ(cl_ord_ids(in_rows(), kind::application), (std::vector<std::string>{"P1", "A1"}));
}

TEST_P(SessionAgent, SaysWhatThePeerMayLackWhereTheResetComesFromThere) {
    open_agent(is_initiator() ? "ResetOnLogon=Y" : "");
    open_peer("ResetOnLogon=Y");
    log_on();
    to_peer().losses = 1;
    orders.put(1, "A1");
    ASSERT_TRUE(run_until([&] { return to_peer().losses == 0; }));
    const std::uint32_t generation = ledger().generation();
    wire.cut();
    ASSERT_TRUE(run_until([&] { return !agent->is_logged_on() && !peer->is_logged_on(); }));
    log_on_anew(generation + 1);
    orders.put(2, "A2");
    EXPECT_TRUE(peer_has({"A2"}));
    EXPECT_EQ(ledger().counters.unproven_resets.value(), 1U);
    EXPECT_TRUE(agent->has_said("the peer may lack messages"))
        << testing::PrintToString(agent->said);
    EXPECT_EQ(agent->has_said("resetting before it is proven"), is_initiator());
}

// The peer's Logon resets both sides each time; between two of them we are killed with an order on
// the wire: what a killed process leaves is what lies in its files at that moment.
TEST_P(SessionAcceptor, GoesOnAcrossResetsByThePeerBetweenKills) {
    open_agent();
    open_peer("ResetOnLogon=Y");
    std::vector<std::string> written, received;
    const auto put = [&] {
        written.push_back("A" + std::to_string(written.size() + 1));
        orders.put(written.size(), written.back());
    };
    for (std::uint32_t kill = 1; kill <= 4; ++kill) {
        log_on_anew(kill);
        for (int i = 0; i < 5; ++i) {
            put();
            received.push_back(written.back());
        }
        EXPECT_TRUE(peer_has(received));
        EXPECT_TRUE(numbers_meet());
        to_peer().losses = 1;
        put();
        ASSERT_TRUE(run_until([&] { return to_peer().losses == 0; }));
        const std::filesystem::path killed = options.directory;
        options.directory = directory / ("killed" + std::to_string(kill)).c_str();
        std::filesystem::copy(killed, options.directory, std::filesystem::copy_options::recursive);
        wire.shut();
        close_agent();
        wire.cut();
        ASSERT_TRUE(run_until([&] { return !peer->is_logged_on(); }));
        open_agent();
        EXPECT_EQ(agent->inner.highest_origin("orders").value, written.size());
        orders.put(written.size(), written.back());  // its client offers the last one again
        wire.reopen();
        log_on_anew(kill + 1);
        // The peer decides on the reset, and asks for nothing of before: that it may lack the order
        // is all that can be said.
        EXPECT_EQ(ledger().counters.unproven_resets.value(), 1U);
        EXPECT_TRUE(agent->has_said("the peer may lack messages")) << agent->last_said(30);
    }
    EXPECT_TRUE(peer_has(received));
    EXPECT_EQ(agent->session().counters.duplicate_origins.value(), 1U);
    const std::vector<logged_row> out = test::read_out(options.directory / "FIX_OUT");
    expect_unbroken(out);
    EXPECT_EQ(cl_ord_ids(out, kind::application), written);  // each under exactly one number
}

INSTANTIATE_TEST_SUITE_P(Role, SessionInitiator, testing::Values(true));
INSTANTIATE_TEST_SUITE_P(Role, SessionAcceptor, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Roles, SessionAgent, testing::Bool(), [](const auto& one) {
    return std::string(one.param ? "AgainstAcceptor" : "AgainstInitiator");
});

}  // namespace
}  // namespace millrace::gateway
