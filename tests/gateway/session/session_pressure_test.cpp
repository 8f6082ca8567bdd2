// A session whose logs have no segment ready: back-pressure passes by itself, and neither a message
// nor the session may be lost over it.
#include <gtest/gtest.h>

#include <memory>

#include "tests/engine/log/failing_calls.hpp"
#include "tests/gateway/quickfix/stock_peer.hpp"
#include "tests/gateway/session/session_test_support.hpp"
#include "tests/gateway/support/free_port.hpp"

namespace millrace::gateway {
namespace {

using engine::test::fallocate_call;

// Some fifty such fill a segment.
const std::string long_text(20'000, 'x');

class PressedSession : public testing::Test {
protected:
    PressedSession() : orders("orders"), options(test::agent_options(directory / "agent")) {
        options.logs.table.is_synchronous = false;
        options.session.receive_wait_max_ns = 60'000 * test::ms_ns;
        options.session.connection.pending_bytes_max = std::size_t{4} << 20;
    }
    ~PressedSession() override {
        fallocate_call.is_held = false;
        agent.reset();
    }

    void log_on() {
        test::stock_options wanted;
        wanted.port = test::free_port();
        wanted.sender = "STOCK";
        wanted.target = "OURS";
        wanted.dictionary = std::string(MILLRACE_TEST_DICTIONARIES) + "/FIX44.xml";
        peer = std::make_unique<test::stock_peer>(wanted);
        agent = std::make_unique<test::live_agent>(
            options, test::agent_settings(true, wanted.port, "STOCK", "HeartBtInt=30\n"), orders);
        ASSERT_TRUE(run_until([&] { return agent->is_logged_on() && peer->is_logged_on(); }));
    }
    template <typename Done>
    [[nodiscard]] bool run_until(Done done) {
        return test::step_until([this] { return agent->step(); }, done);
    }
    void run_for_ms(std::int64_t ms) {
        const std::int64_t end_ns = engine::monotonic_now_ns() + ms * test::ms_ns;
        EXPECT_TRUE(run_until([&] { return engine::monotonic_now_ns() >= end_ns; }));
    }
    // As many as the ring has room for; the others next time.
    void feed(std::uint64_t last) {
        while (fed < last && orders.link.ring.producer_position_estimate() -
                                     orders.link.ring.consumer_position_estimate() <
                                 500'000) {
            ++fed;
            std::string body(test::order_body);
            body.replace(0, 5, "11=A" + std::to_string(fed));
            orders.put_body(fed, test::with_soh(body + "58=" + long_text + "|"));
        }
    }
    [[nodiscard]] std::uint64_t pressed(const engine::table_log& log) const {
        return log.log().storage().back_pressured_count;
    }
    void expect_undisturbed() const {
        EXPECT_TRUE(agent->is_logged_on());
        EXPECT_EQ(agent->session().counters.disconnects.value(), 0U) << agent->last_said(5);
        EXPECT_FALSE(agent->has_said("could not be kept"));
        EXPECT_FALSE(agent->has_said("refuses messages"));
    }

    engine::test::failing_calls_guard guard;
    engine::temporary_directory directory;
    test::order_source orders;
    session_agent_options options;
    std::unique_ptr<test::stock_peer> peer;
    std::unique_ptr<test::live_agent> agent;
    std::uint64_t fed = 0;
};

TEST_F(PressedSession, SendsOnAtTheNextTurnOnceFixOutHasRoom) {
    constexpr std::uint64_t count = 250;  // five segments
    log_on();
    fallocate_call.is_held = true;
    ASSERT_TRUE(run_until([&] {
        feed(count);
        return pressed(agent->inner.out_table()) > 100;
    }));
    run_for_ms(100);
    const std::uint64_t sent = agent->session().counters.messages_out.value();
    EXPECT_LT(sent, count);
    expect_undisturbed();
    fallocate_call.is_held = false;
    ASSERT_TRUE(run_until([&] {
        feed(count);
        return peer->apps_in().size() >= count;
    }));
    expect_undisturbed();
    EXPECT_EQ(agent->session().counters.messages_out.value(), count);
    const std::vector<std::string> got = peer->apps_in();
    for (std::uint64_t number = 1; number <= count; ++number) {
        ASSERT_EQ(got.at(number - 1), "A" + std::to_string(number)) << "each once, in order";
    }
}

TEST_F(PressedSession, LeavesFramesOnTheWireUntilFixInHasRoom) {
    constexpr std::uint64_t count = 250;
    log_on();
    fallocate_call.is_held = true;
    for (std::uint64_t number = 1; number <= count; ++number) {
        ASSERT_TRUE(peer->send_order(long_text + std::to_string(number)));
    }
    ASSERT_TRUE(run_until([&] { return pressed(agent->inner.in_table()) > 100; }));
    run_for_ms(100);
    const std::size_t kept = test::read_in(agent->inner.in_directory()).size();
    EXPECT_LT(kept, count);
    expect_undisturbed();
    fallocate_call.is_held = false;
    const auto received = [&] { return agent->session().ledger().next_target().value; };
    ASSERT_TRUE(run_until([&] { return received() >= count + 2; })) << agent->last_said(5);
    expect_undisturbed();
    std::uint64_t number = 0;
    for (const test::logged_row& row : test::read_in(agent->inner.in_directory())) {
        if (row.kind == kind::application) {
            ++number;
            ASSERT_EQ(test::field_of(row.wire, 11), long_text + std::to_string(number));
        }
    }
    EXPECT_EQ(number, count);
}

TEST_F(PressedSession, DisconnectsOverALogThatStaysSoAndLosesNothing) {
    constexpr std::uint64_t count = 250;
    options.session.receive_wait_max_ns = test::ms_ns;
    log_on();
    fallocate_call.is_held = true;
    for (std::uint64_t number = 1; number <= count; ++number) {
        ASSERT_TRUE(peer->send_order(long_text + std::to_string(number)));
    }
    ASSERT_TRUE(run_until([&] { return agent->session().counters.disconnects.value() > 0; }));
    fallocate_call.is_held = false;
    const auto received = [&] { return agent->session().ledger().next_target().value; };
    ASSERT_TRUE(run_until([&] { return received() >= count + 2; })) << agent->last_said(5);
    std::uint64_t number = 0;
    for (const test::logged_row& row : test::read_in(agent->inner.in_directory())) {
        if (row.kind == kind::application) {
            ++number;
            ASSERT_EQ(test::field_of(row.wire, 11), long_text + std::to_string(number));
        }
    }
    EXPECT_EQ(number, count) << "the peer sent again what was not taken";
}

}  // namespace
}  // namespace millrace::gateway
