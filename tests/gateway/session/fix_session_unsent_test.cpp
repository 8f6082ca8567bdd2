// Messages that a session does not send, and what FIX_OUT says of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/gateway/session/peer_session.hpp"

namespace millrace::gateway {
namespace {

constexpr std::int64_t hour_ns = std::int64_t{3600} * 1000 * test::ms_ns;

class SessionUnsent : public test::AcceptorSession {
protected:
    void run(int turns) {
        for (int i = 0; i < turns; ++i) {
            peer.hear();
            agent->step();
        }
    }
    [[nodiscard]] std::vector<std::string> orders_heard() {
        std::vector<std::string> ids;
        for (const std::string& frame : peer.frames) {
            if (test::field_of(frame, 35) == "D") {
                ids.push_back(test::field_of(frame, 11));
            }
        }
        return ids;
    }
};

TEST_F(SessionUnsent, HoldsEverythingForTheNextLogonUnlessToldOtherwise) {
    open();
    orders.put(1, "A1", test::utc_now_ns() - 48 * hour_ns);
    run(50);
    EXPECT_EQ(out_rows().size(), 1U);  // the first reset
    log_on(1);
    EXPECT_TRUE(run_until([&] { return orders_heard().size() == 1; }));
}

TEST_F(SessionUnsent, ParksWhatComesWhileItIsDown) {
    orders.link.when_down = down_policy::park;
    open();
    orders.put(1, "A1");
    orders.put(2, "A2");
    ASSERT_TRUE(run_until([&] { return counters().unsent.value() == 2; }));
    log_on(1);
    orders.put(3, "A3");
    ASSERT_TRUE(run_until([&] { return !orders_heard().empty(); }));
    EXPECT_EQ(orders_heard(), std::vector<std::string>{"A3"});
    const std::vector<test::logged_row> rows = out_rows();
    EXPECT_EQ(test::texts_of(rows),
              (std::vector<std::string>{"reset 0", "undelivered D 0 A1", "undelivered D 0 A2",
                                        "admin A 1", "application D 2 A3"}));
    EXPECT_EQ(rows[1].reason, "session down");
    EXPECT_EQ(rows[1].ref_number, 0U);
    EXPECT_EQ(rows[1].envelope.origin.sequence, 1U);
    EXPECT_EQ(rows[1].envelope.correlation, (engine::correlation{77, 1}));
    EXPECT_EQ(rows[1].wire.substr(0, 6), "11=A1\x01");  // the body, so that people can read it
    EXPECT_EQ(rows[3].next_sender, 2U);
    EXPECT_TRUE(agent->has_said("route orders: source sequence 1 is not sent (session down)"));
    EXPECT_FALSE(agent->has_said("source sequence 2 is not sent"));  // one line a time down
    peer.leave();
    ASSERT_TRUE(run_until([&] { return !agent->is_logged_on(); }));
    orders.put(4, "A4");
    ASSERT_TRUE(run_until([&] { return counters().unsent.value() == 3; }));
    EXPECT_TRUE(agent->has_said("source sequence 4 is not sent"));

    // They are done with, after a restart too: the route goes on behind them.
    agent.reset();
    open();
    EXPECT_EQ(agent->inner.highest_origin("orders"), engine::sequence{4});
    EXPECT_EQ(agent->session().ledger().next_sender(), msg_seq_num{3});
    orders.put(4, "A4");
    ASSERT_TRUE(run_until([&] { return counters().duplicate_origins.value() == 1; }));
    EXPECT_EQ(counters().unsent.value(), 0U);
}

TEST_F(SessionUnsent, RejectsWhatComesWhileItIsDown) {
    orders.link.when_down = down_policy::reject;
    open();
    orders.put(1, "A1");
    ASSERT_TRUE(run_until([&] { return counters().unsent.value() == 1; }));
    EXPECT_EQ(out_rows().back().text(), "rejected D 0 A1");
    EXPECT_EQ(out_rows().back().reason, "session down");
}

TEST_F(SessionUnsent, ParksWhatIsHeldTooLongBeforeAndAfterTheLogon) {
    orders.link.hold_max_ns = hour_ns;
    open();
    const std::int64_t now_ns = test::utc_now_ns();
    orders.put(1, "OLD1", now_ns - 2 * hour_ns);
    orders.put(2, "NEW1", now_ns);
    orders.put(3, "OLD2", now_ns - 2 * hour_ns);  // behind one that is held
    ASSERT_TRUE(run_until([&] { return counters().unsent.value() == 1; }));
    run(50);
    EXPECT_EQ(counters().unsent.value(), 1U);
    log_on(1);
    orders.put(4, "NEW2", now_ns);
    ASSERT_TRUE(run_until([&] { return orders_heard().size() == 2; })) << agent->last_said(10);
    EXPECT_EQ(orders_heard(), (std::vector<std::string>{"NEW1", "NEW2"}));
    EXPECT_EQ(test::texts_of(out_rows()),
              (std::vector<std::string>{"reset 0", "undelivered D 0 OLD1", "admin A 1",
                                        "application D 2 NEW1", "undelivered D 0 OLD2",
                                        "application D 3 NEW2"}));
    EXPECT_EQ(out_rows()[4].reason, "held too long");
}

TEST_F(SessionUnsent, LeavesWhatWaitsInItsLogWhenItStops) {
    orders.link.when_down = down_policy::park;
    open();
    log_on(1);
    agent->inner.request_stop();
    run(5);
    orders.put(1, "A1");
    run(50);
    EXPECT_EQ(counters().unsent.value(), 0U);
    EXPECT_TRUE(agent->session().has_waiting_messages());
}

TEST_F(SessionUnsent, MakesMessagesWaitForTheRate) {
    options.session.throttling = {1, 3, throttle_policy::wait};  // and one a second later
    open();
    log_on(1);
    for (std::uint64_t i = 1; i <= 5; ++i) {
        orders.put(i, "A" + std::to_string(i));
    }
    ASSERT_TRUE(run_until([&] { return counters().throttled.value() == 1; }));
    run(20);
    EXPECT_GE(orders_heard().size(), 3U);
    EXPECT_TRUE(agent->session().has_waiting_messages() || orders_heard().size() == 5);
    ASSERT_TRUE(run_until([&] { return orders_heard().size() == 5; }));
    EXPECT_EQ(orders_heard(), (std::vector<std::string>{"A1", "A2", "A3", "A4", "A5"}));
    EXPECT_EQ(counters().unsent.value(), 0U);
    EXPECT_LE(counters().throttled.value(), 2U);  // A4 and A5, each once
}

TEST_F(SessionUnsent, RejectsMessagesAboveTheRate) {
    options.session.throttling = {1, 2, throttle_policy::reject};
    open();
    log_on(1);
    for (std::uint64_t i = 1; i <= 4; ++i) {
        orders.put(i, "A" + std::to_string(i));
    }
    ASSERT_TRUE(run_until([&] { return !agent->session().has_waiting_messages(); }));
    const std::vector<test::logged_row> rows = out_rows();
    ASSERT_EQ(rows.size(), 6U);
    EXPECT_EQ(rows[4].text(), "rejected D 0 A3");
    EXPECT_EQ(rows[4].reason, "throttled");
    EXPECT_EQ(rows[5].text(), "rejected D 0 A4");
    EXPECT_EQ(counters().throttled.value(), 2U);
}

TEST_F(SessionUnsent, EndsTheSessionAboveTheRateIfToldSo) {
    options.session.throttling = {1, 2, throttle_policy::disconnect};
    open();
    log_on(1);
    for (std::uint64_t i = 1; i <= 3; ++i) {
        orders.put(i, "A" + std::to_string(i));
    }
    ASSERT_TRUE(run_until([&] { return !agent->is_logged_on(); }));
    EXPECT_TRUE(agent->has_said("more than 1 messages a second, and 2 at once: disconnecting"));
    EXPECT_TRUE(agent->session().has_waiting_messages());  // A3 has not been lost
}

}  // namespace
}  // namespace millrace::gateway
