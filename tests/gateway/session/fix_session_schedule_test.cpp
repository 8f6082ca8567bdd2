// A session across the boundaries of its schedule, under a clock that the test sets: what goes out,
// what is reset, and what a restart finds.
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/engine/core/manual_clock.hpp"
#include "tests/engine/log/failing_calls.hpp"
#include "tests/gateway/session/schedule_test_support.hpp"
#include "tests/gateway/session/session_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::logged_row;
using test::utc_ns;

// The other side, which follows its own numbers and answers what has to be answered.
class plain_peer {
public:
    explicit plain_peer(bool is_acceptor) : link_({}) {
        if (is_acceptor) {
            entrance_ = std::make_unique<listener>(
                resolve("127.0.0.1", 0, address_use::listen).front(), listener_options{});
        }
    }

    [[nodiscard]] std::uint16_t port() const { return entrance_ ? entrance_->port() : 0; }
    [[nodiscard]] bool is_here() const { return link_.is_open(); }
    void leave() { link_.close(close_reason::local); }
    // An initiator's, with its Logon.
    void come_to(std::uint16_t port) {
        const socket_address address = resolve("127.0.0.1", port).front();
        engine::unique_fd socket{::socket(AF_INET, SOCK_STREAM, 0)};
        ASSERT_EQ(::connect(socket.get(), address.get(), address.size), 0);
        link_.open(std::move(socket), address);
        say("A", "98=0|108=30|");
    }
    void say(std::string_view type, const std::string& fields) {
        const std::string frame =
            test::frame_of("35=" + std::string(type) + "|34=" + std::to_string(next_number++) +
                           "|49=PEER|52=" + test::sending_time() + "|56=OURS|" + fields);
        if (link_.is_open()) {
            link_.send(frame.data(), frame.size(), engine::monotonic_now_ns());
        }
    }
    void step() {
        if (!link_.is_open()) {
            take_in();
            return;
        }
        static_cast<void>(link_.receive());
        std::string_view frame;
        while (link_.next_frame(frame)) {
            hear(frame);
        }
    }
    [[nodiscard]] std::size_t count(const std::string& text) const {
        return static_cast<std::size_t>(std::count(heard.begin(), heard.end(), text));
    }

    std::uint32_t next_number = 1;
    bool answers_logout = true;
    std::size_t connections = 0;
    std::vector<std::string> heard;  // "A 1", "D 2 A1"

private:
    void take_in() {
        if (entrance_ == nullptr) {
            return;
        }
        const auto found = entrance_->poll(engine::monotonic_now_ns());
        if (found.link != nullptr) {
            ++connections;
            link_.swap(*found.link);
            hear(found.frame);
        }
    }
    void hear(std::string_view frame) {
        const std::string type = test::field_of(frame, 35);
        const std::string cl_ord_id = test::field_of(frame, 11);
        heard.push_back(type + ' ' + test::field_of(frame, 34) +
                        (cl_ord_id.empty() ? "" : ' ' + cl_ord_id) +
                        (test::field_of(frame, 43) == "Y" ? " dup" : ""));
        if (type == "A" && entrance_ != nullptr) {
            // It has begun anew too.
            next_number = test::field_of(frame, 34) == "1" ? 1 : next_number;
            say("A", "98=0|108=30|");
        } else if (type == "5" && answers_logout) {
            say("5", "");
        } else if (type == "1") {
            say("0", "112=" + test::field_of(frame, 112) + "|");
        }
    }

    std::unique_ptr<listener> entrance_;
    connection link_;
};

constexpr const char* trading_day = "StartTime=08:00:00\nEndTime=17:00:00\nLogoutTimeout=2\n";

class FixSessionSchedule : public testing::TestWithParam<bool> {
protected:
    FixSessionSchedule() : orders("orders"), peer(GetParam()) { orders.log.bytes[0] = 1; }

    [[nodiscard]] bool is_initiator() const { return GetParam(); }

    void go_to(const char* text) {
        constexpr std::int64_t settled_ns = 2 * engine::test::manual_clock::interval_ns;
        constexpr std::int64_t walked_ns = 60 * test::s_ns;
        const std::int64_t by_ns = utc_ns(text) - clock.now().realtime_ns;
        if (by_ns > 0 && by_ns < walked_ns) {
            clock.run(by_ns);
        } else {
            clock.set_by(by_ns);  // a step, which the clock follows when it looks
        }
        clock.run(settled_ns);
        EXPECT_NEAR(static_cast<double>(engine::utc_now().ns - utc_ns(text)), 0.2e9, 0.1e9);
    }
    void open(const std::string& schedule_lines) {
        lines = schedule_lines;
        agent = std::make_unique<test::live_agent>(
            options(),
            test::agent_settings(is_initiator(), peer.port(), "PEER",
                                 "HeartBtInt=30\nCheckLatency=N\n" + lines),
            orders);
    }
    // As another process finds it after this one was killed.
    void kill_and_open() {
        const std::string next = "gateway" + std::to_string(++kills);
        std::filesystem::copy(directory / current.c_str(), directory / next.c_str(),
                              std::filesystem::copy_options::recursive);
        agent.reset();
        peer.leave();
        current = next;
        open(lines);
    }
    [[nodiscard]] session_agent_options options() const {
        session_agent_options wanted = test::agent_options(directory / current.c_str());
        wanted.session.reconnect_min_ns = reconnect_ns;
        wanted.session.reconnect_max_ns = reconnect_ns;
        wanted.session.schedule_look_ns = 5 * test::ms_ns;
        // QuickFIX has the host's clock, and would be told this one's by the fast lane.
        wanted.slow_sessions.emplace_back("FIX.4.4:OURS->PEER");
        return wanted;
    }

    int step() {
        clock.pass(1'000);  // what answers comes later
        peer.step();
        return agent->step();
    }
    template <typename Done>
    [[nodiscard]] bool run_until(Done done) {
        return test::step_until([this] { return step(); }, done);
    }
    // So long that the session has looked at its schedule.
    void run_for_ms(std::int64_t ms = 60) {
        const std::int64_t end_ns = engine::monotonic_now_ns() + ms * test::ms_ns;
        EXPECT_TRUE(run_until([&] { return engine::monotonic_now_ns() >= end_ns; }));
    }
    void call() {
        if (!is_initiator() && !peer.is_here()) {
            peer.come_to(agent->inner.listening_ports().front());
        }
    }
    void log_on(std::uint32_t generation) {
        run_for_ms();
        call();
        ASSERT_TRUE(run_until([&] {
            return agent->is_logged_on() && ledger().generation() == generation;
        })) << agent->last_said(20);
        run_for_ms(20);
    }
    void expect_away() {
        EXPECT_TRUE(run_until([&] {
            return !agent->is_logged_on() && !agent->session().port().is_connected();
        })) << agent->last_said(20);
        peer.leave();
    }
    // Nobody is let in, and nobody is called.
    void expect_closed() {
        const std::size_t connections = peer.connections;
        const std::uint32_t next_number = peer.next_number;
        const std::uint32_t generation = ledger().generation();
        const std::size_t rows = out_rows().size();
        run_for_ms();
        call();
        run_for_ms();
        peer.leave();
        peer.next_number = next_number;
        EXPECT_FALSE(agent->is_logged_on());
        EXPECT_EQ(peer.connections, connections);
        EXPECT_EQ(ledger().generation(), generation);
        EXPECT_EQ(out_rows().size(), rows);
    }
    void expect_undisturbed(std::uint32_t generation) {
        run_for_ms();
        EXPECT_TRUE(agent->is_logged_on()) << agent->last_said(20);
        EXPECT_EQ(ledger().generation(), generation);
        EXPECT_EQ(agent->session().counters.disconnects.value(), 0U);
    }

    [[nodiscard]] session_ledger& ledger() { return agent->session().ledger(); }
    [[nodiscard]] std::vector<logged_row> out_rows() const {
        return test::read_out(directory / current.c_str() / "FIX_OUT");
    }
    [[nodiscard]] std::vector<logged_row> resets() const {
        std::vector<logged_row> found;
        for (const logged_row& row : out_rows()) {
            if (row.kind == kind::reset) {
                found.push_back(row);
            }
        }
        return found;
    }

    engine::temporary_directory directory;
    engine::test::manual_clock clock{utc_ns("2026-03-02 12:00:00")};  // a Monday
    std::string current = "gateway";
    int kills = 0;
    std::string lines;
    std::int64_t reconnect_ns = 20 * test::ms_ns;
    test::order_source orders;
    plain_peer peer;
    std::unique_ptr<test::live_agent> agent;
};

TEST_P(FixSessionSchedule, LogsOutBeforeTheEndAndBeginsAnewOnceAtTheNextBegin) {
    open(trading_day);
    log_on(1);
    orders.put(1, "A1");
    EXPECT_TRUE(run_until([&] { return peer.count("D 2 A1") == 1; }));
    go_to("2026-03-02 16:59:56");
    expect_undisturbed(1);
    go_to("2026-03-02 16:59:58");
    expect_away();
    EXPECT_EQ(peer.heard.back(), "5 3");
    EXPECT_EQ(out_rows().back().text(), "admin 5 3");
    EXPECT_FALSE(agent->has_said("no answer to our Logout"));
    EXPECT_FALSE(ledger().has_unproven());

    orders.put(2, "A2");
    for (const char* closed : {"2026-03-02 16:59:59", "2026-03-02 17:00:00", "2026-03-02 23:59:59",
                               "2026-03-03 00:00:01", "2026-03-03 07:59:58"}) {
        go_to(closed);
        expect_closed();
    }
    EXPECT_EQ(ledger().generation(), 1U);
    EXPECT_EQ(agent->has_said("refused a Logon outside its logon time; the next begins "
                              "20260303-08:00:00"),
              !is_initiator());

    go_to("2026-03-03 08:00:00");
    peer.next_number = 1;
    log_on(2);
    EXPECT_TRUE(run_until([&] { return peer.count("D 2 A2") == 1; }));
    for (const char* open_time : {"2026-03-03 08:00:02", "2026-03-03 12:00:00"}) {
        go_to(open_time);
        run_for_ms();
        EXPECT_TRUE(agent->is_logged_on());
    }
    EXPECT_EQ(ledger().counters.resets.value(), 1U);
    EXPECT_EQ(ledger().counters.unproven_resets.value(), 0U);
    ASSERT_EQ(resets().size(), 2U);
    EXPECT_GE(resets().back().creation_ns, utc_ns("2026-03-03 08:00:00"));
    EXPECT_TRUE(agent->has_said("the peer has all application messages of generation 1"));
}

TEST_P(FixSessionSchedule, LogsOutAtLogoutTimeAndKeepsItsNumbersUntilTheNextWindow) {
    open("StartTime=08:00:00\nEndTime=17:00:00\nLogonTime=08:05:00\nLogoutTime=16:30:00\n");
    log_on(1);
    go_to("2026-03-02 16:30:00");
    expect_away();
    EXPECT_EQ(out_rows().back().text(), "admin 5 2");
    go_to("2026-03-03 08:00:00");
    run_for_ms();
    EXPECT_EQ(ledger().generation(), 2U);  // the window has begun
    expect_closed();
    go_to("2026-03-03 08:05:00");
    peer.next_number = 1;
    log_on(2);
    EXPECT_EQ(resets().size(), 2U);
}

TEST_P(FixSessionSchedule, SaysAtTheResetWhatThePeerMayLack) {
    open("StartTime=08:00:00\nEndTime=17:00:00\nLogoutTimeout=1\n");
    log_on(1);
    orders.put(1, "A1");
    EXPECT_TRUE(run_until([&] { return peer.count("D 2 A1") == 1; }));
    peer.answers_logout = false;
    go_to("2026-03-02 16:59:59");
    EXPECT_TRUE(run_until([&] { return peer.count("5 3") == 1; }));
    expect_away();  // a second later, by the host's clock
    EXPECT_TRUE(ledger().has_unproven());
    go_to("2026-03-03 08:00:00");
    run_for_ms();
    EXPECT_EQ(ledger().generation(), 2U);
    EXPECT_EQ(ledger().counters.unproven_resets.value(), 1U);
    EXPECT_TRUE(agent->has_said("Of generation 1 the peer may lack messages 1 to 3"));
}

// Somebody may have stopped the whole process for hours.
TEST_P(FixSessionSchedule, EndsAConnectionThatItFindsInAnotherWindowWithoutANumberForIt) {
    reconnect_ns = 3'600'000 * test::ms_ns;
    open(trading_day);
    log_on(1);
    go_to("2026-03-03 09:00:00");
    peer.next_number = 1;
    ASSERT_TRUE(run_until([&] { return ledger().generation() == 2; }));
    peer.leave();
    log_on(2);
    EXPECT_EQ(peer.count("5 2"), 0U);
    EXPECT_EQ(resets().size(), 2U);
}

TEST_P(FixSessionSchedule, BeginsAnewOnceWhereTheWindowChangedWhileItWasNotConnected) {
    open(trading_day);
    log_on(1);
    go_to("2026-03-02 16:59:58");
    expect_away();
    for (const char* later : {"2026-03-03 10:00:00", "2026-03-04 10:00:00"}) {
        go_to(later);
        // An initiator's peer may take the Logon at once; an acceptor waits.
        run_for_ms();
        peer.leave();
    }
    // Nothing of an acceptor's was numbered on 3 March, so on the 4th its numbers are still new.
    EXPECT_EQ(resets().size(), is_initiator() ? 3U : 2U);
    EXPECT_EQ(resets().back().generation, ledger().generation());
}

TEST_P(FixSessionSchedule, BeginsAnewOnceAtStartWhereTheWindowChangedWhileItWasDown) {
    open(trading_day);
    log_on(1);
    orders.put(1, "A1");
    EXPECT_TRUE(run_until([&] { return peer.count("D 2 A1") == 1; }));
    kill_and_open();  // in the same window
    EXPECT_EQ(ledger().generation(), 1U);
    EXPECT_EQ(ledger().next_sender(), msg_seq_num{3});
    go_to("2026-03-02 16:59:59");
    kill_and_open();
    run_for_ms();
    EXPECT_EQ(ledger().generation(), 1U);

    go_to("2026-03-03 10:00:00");
    peer.next_number = 1;
    kill_and_open();
    EXPECT_EQ(ledger().generation(), 2U);  // before anything is connected
    EXPECT_EQ(ledger().next_sender(), msg_seq_num{1});
    EXPECT_TRUE(agent->has_said("may lack") || (step(), agent->has_said("may lack")));
    // Killed between the record of the reset and the Logon, and again behind the Logon.
    kill_and_open();
    EXPECT_EQ(ledger().generation(), 2U);
    log_on(2);
    kill_and_open();
    EXPECT_EQ(ledger().generation(), 2U);
    EXPECT_EQ(ledger().next_sender(), msg_seq_num{2});
    log_on(2);
    EXPECT_EQ(resets().size(), 2U);
}

// In other engines a refresh finds an old creation time, and resets over it.
TEST_P(FixSessionSchedule, IsNotResetByARefreshAtLogon) {
    open(std::string(trading_day) + "RefreshOnLogon=Y\n");
    log_on(1);
    go_to("2026-03-02 16:00:00");
    kill_and_open();
    log_on(1);
    EXPECT_EQ(ledger().next_sender(), msg_seq_num{3});
    EXPECT_EQ(resets().size(), 1U);
}

// Started outside the window: the numbers are the last one's until the next begins.
TEST_P(FixSessionSchedule, WaitsForTheWindowWhenItIsStartedOutsideOfIt) {
    open(trading_day);
    log_on(1);
    go_to("2026-03-02 20:00:00");
    kill_and_open();
    expect_closed();
    EXPECT_EQ(ledger().generation(), 1U);
    go_to("2026-03-03 08:00:00");
    peer.next_number = 1;
    log_on(2);
    EXPECT_EQ(resets().size(), 2U);
}

TEST_P(FixSessionSchedule, IsNotResetAtMidnightWithoutASchedule) {
    open("NonStopSession=Y\n");
    log_on(1);
    for (const char* later : {"2026-03-02 23:59:59", "2026-03-03 00:00:00", "2026-03-03 00:00:01",
                              "2026-03-08 00:00:00", "2026-04-01 00:00:00"}) {
        go_to(later);
        expect_undisturbed(1);
    }
    go_to("2026-12-31 23:59:59");
    kill_and_open();
    go_to("2027-01-01 00:00:01");
    log_on(1);
    EXPECT_EQ(resets().size(), 1U);
    EXPECT_EQ(peer.count("5 2"), 0U);
}

TEST_P(FixSessionSchedule, KeepsItsNumbersForAWeekAndBeginsAnewAfterTheWeekend) {
    open(
        "StartDay=Sunday\nStartTime=17:00:00\nEndDay=Friday\nEndTime=17:00:00\n"
        "TimeZone=America/New_York\nLogoutTimeout=2\n");
    log_on(1);
    for (const char* midnight : {"2026-03-03 00:00:00", "2026-03-03 05:00:00",
                                 "2026-03-06 00:00:01", "2026-03-06 21:59:50"}) {
        go_to(midnight);
        expect_undisturbed(1);
    }
    go_to("2026-03-06 21:59:58");
    expect_away();
    for (const char* weekend :
         {"2026-03-07 12:00:00", "2026-03-08 00:00:00", "2026-03-08 20:59:58"}) {
        go_to(weekend);
        expect_closed();
    }
    go_to("2026-03-08 21:00:00");  // 17:00 by clocks that went forward in the morning
    peer.next_number = 1;
    log_on(2);
    EXPECT_EQ(resets().size(), 2U);
}

TEST_P(FixSessionSchedule, KeepsItsNumbersOverAHolidayInAWeek) {
    open("StartDay=mo\nStartTime=00:00:00\nEndDay=sa\nEndTime=00:00:00\nHolidays=2026-03-04\n");
    log_on(1);
    go_to("2026-03-04 00:00:00");
    expect_away();
    expect_closed();
    go_to("2026-03-05 00:00:00");
    log_on(1);
    EXPECT_EQ(ledger().next_sender(), msg_seq_num{4});
    EXPECT_EQ(resets().size(), 1U);
}

// The pause between two attempts to connect is no reason to miss a begin.
TEST_P(FixSessionSchedule, LogsOnAtOnceWhereWindowsTouch) {
    reconnect_ns = 3'600'000 * test::ms_ns;
    open("StartTime=17:00:00\nEndTime=17:00:00\nNonStopSession=N\nLogoutTimeout=2\n");
    log_on(1);
    go_to("2026-03-02 16:59:58");
    expect_away();
    EXPECT_EQ(ledger().generation(), 1U);
    expect_closed();
    go_to("2026-03-02 17:00:00");
    peer.next_number = 1;
    log_on(2);
    EXPECT_EQ(resets().size(), 2U);
}

TEST_P(FixSessionSchedule, IsNotResetAgainByAClockThatIsSetBack) {
    open(trading_day);
    log_on(1);
    go_to("2026-03-03 08:00:10");
    peer.next_number = 1;
    ASSERT_TRUE(run_until([&] { return ledger().generation() == 2; }));
    peer.leave();
    log_on(2);
    go_to("2026-03-03 07:59:57");
    expect_away();
    go_to("2026-03-02 16:00:00");  // the window of the day before: not its numbers
    log_on(2);
    go_to("2026-03-03 08:00:10");
    run_for_ms();
    EXPECT_EQ(ledger().generation(), 2U);
    EXPECT_EQ(resets().size(), 2U);
}

TEST_P(FixSessionSchedule, TakesNumbersOfATimeToComeForThoseOfTheWindow) {
    go_to("2027-03-01 12:00:00");
    open(trading_day);
    log_on(1);
    go_to("2026-03-02 12:00:00");
    kill_and_open();
    step();
    EXPECT_TRUE(agent->has_said("the numbers began later than now"));
    log_on(1);
    go_to("2026-03-02 16:59:58");
    expect_away();
    go_to("2026-03-03 08:00:00");
    peer.next_number = 1;
    log_on(2);
    EXPECT_EQ(resets().size(), 2U);
}

TEST_P(FixSessionSchedule, ServesWhatThePeerHasAskedForBeforeItLogsOut) {
    open("StartTime=08:00:00\nEndTime=17:00:00\nLogoutTime=16:30:00\n");
    log_on(1);
    constexpr std::uint64_t last = 600;
    for (std::uint64_t i = 1; i <= last; ++i) {
        orders.put(i, "A" + std::to_string(i));
    }
    EXPECT_TRUE(run_until([&] { return peer.count("D 601 A600") == 1; }));
    peer.say("2", "7=1|16=0|");
    // It has begun, in the first of several slices.
    EXPECT_TRUE(run_until([&] { return peer.count("D 2 A1 dup") == 1; }));
    go_to("2026-03-02 16:30:00");
    expect_away();
    EXPECT_EQ(peer.count("D 601 A600 dup"), 1U) << agent->last_said(20);
    EXPECT_TRUE(peer.heard.back().starts_with("5 ")) << peer.heard.back();
}

TEST_P(FixSessionSchedule, StaysDownWhileFixOutRefusesTheReset) {
    const engine::test::failing_calls_guard guard;
    open(trading_day);
    log_on(1);
    go_to("2026-03-02 16:59:58");
    expect_away();
    engine::test::fallocate_call.fail(1'000'000, ENOSPC);
    while (ledger().set_next_sender(ledger().next_sender())) {
        // Until a record as long as that of a reset finds no room.
    }
    go_to("2026-03-03 08:00:00");
    peer.next_number = 1;
    run_for_ms();
    EXPECT_TRUE(agent->has_said("FIX_OUT refuses the reset"));
    expect_closed();
    EXPECT_EQ(ledger().generation(), 1U);
    engine::test::fallocate_call.fail(0, 0);
    log_on(2);
    EXPECT_EQ(resets().size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Roles, FixSessionSchedule, testing::Bool(),
                         [](const auto& role) { return role.param ? "Initiator" : "Acceptor"; });

}  // namespace
}  // namespace millrace::gateway
