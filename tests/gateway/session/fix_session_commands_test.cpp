// What an operator does to a live session, seen at its peer and in the logs.
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "engine/agent/runner.hpp"
#include "engine/core/histogram.hpp"
#include "tests/gateway/session/peer_session.hpp"

namespace millrace::gateway {
namespace {

class SessionCommands : public test::PeerSession {
protected:
    SessionCommands() { peer.listen(); }

    void open(const std::string& more = "") {
        agent = std::make_unique<test::live_agent>(
            options, test::agent_settings(true, peer.port(), "PEER", "HeartBtInt=30\n" + more),
            orders);
    }
    // Takes the Logon that comes, and answers it with a number of the peer's.
    [[nodiscard]] bool log_on(std::uint32_t number = 1) {
        const bool is_asked = run_until([&] { return peer.has_heard("A"); });
        peer.say("A", number, "98=0|108=30|");
        return is_asked && run_until([&] { return agent->is_logged_on(); });
    }
    // In between two turns, as the admin thread's commands are.
    session_outcome ask(session_command command) {
        command.session = 0;
        command_slot& slot = agent->inner.commands();
        EXPECT_TRUE(slot.try_ask(command));
        agent->step();
        EXPECT_TRUE(slot.is_answered());
        session_outcome outcome = slot.outcomes()[0];
        slot.clear();
        return outcome;
    }
    session_outcome ask(session_verb verb) {
        session_command command;
        command.verb = verb;
        return ask(command);
    }
    // Answers our Logout; the connection is gone with it.
    void say_goodbye(std::uint32_t number) {
        EXPECT_TRUE(run_until([&] { return peer.has_heard("5"); }));
        peer.say("5", number, "");
        EXPECT_TRUE(run_until([&] { return !view().is_connected; }));
        peer.leave();
        peer.frames.clear();
    }
    void raw_logon() {
        peer.come_to(agent->inner.listening_ports().front());
        peer.say("A", 1, "98=0|108=30|");
    }
    [[nodiscard]] session_view view() { return agent->session().view(); }
    [[nodiscard]] std::string state() { return std::string(view().state_text()); }
    [[nodiscard]] std::uint64_t connects() { return agent->session().counters.connects.value(); }
    [[nodiscard]] std::string frame_of(const std::string& type) const {
        for (const std::string& frame : peer.frames) {
            if (test::field_of(frame, 35) == type) {
                return frame;
            }
        }
        return {};
    }
    [[nodiscard]] std::size_t count(const std::string& type) const {
        std::size_t found = 0;
        for (const std::string& frame : peer.frames) {
            found += test::field_of(frame, 35) == type ? 1 : 0;
        }
        return found;
    }
    void put_orders(std::uint64_t first, std::uint64_t last) {
        for (std::uint64_t number = first; number <= last; ++number) {
            orders.put(number, "A" + std::to_string(number));
        }
    }
};

TEST_F(SessionCommands, ShowBothSidesNumbersAfterTheFirstLogon) {
    open();
    EXPECT_EQ(view().logon.time_ns, 0);
    EXPECT_EQ(view().endpoint_count, 1U);
    ASSERT_TRUE(log_on(4));
    const session_view now = view();
    EXPECT_EQ(now.state_text(), "logged on");
    EXPECT_EQ(now.logon.ours, msg_seq_num{1});
    EXPECT_EQ(now.logon.theirs, msg_seq_num{4});
    EXPECT_EQ(now.logon.expected, msg_seq_num{1});
    EXPECT_EQ(now.next_sender, msg_seq_num{3})
        << "a Logon, and a ResendRequest for what is missing";
    EXPECT_EQ(now.generation, 1U);
    EXPECT_EQ(now.held_frames, 1U);
    EXPECT_EQ(now.peer.port(), peer.port());
    EXPECT_GT(now.connected_ns, 0);
    EXPECT_GE(now.logged_on_ns, now.connected_ns);
    EXPECT_TRUE(agent->has_said(
        "logged on: our Logon has number 1, the peer's has 4, and 1 was expected; what is between "
        "is asked for"))
        << agent->last_said(5);
    const session_outcome looked = ask(session_verb::look);
    EXPECT_TRUE(looked.is_done);
    EXPECT_EQ(looked.after.next_sender, now.next_sender);
}

TEST_F(SessionCommands, LogOutAndOnAgain) {
    open();
    ASSERT_TRUE(log_on());
    session_command command;
    command.verb = session_verb::logout;
    std::snprintf(command.text.data(), command.text.size(), "back at noon");
    const session_outcome out = ask(command);
    EXPECT_TRUE(out.is_done) << out.said();
    EXPECT_TRUE(out.before.is_logged_on);
    EXPECT_EQ(out.after.state_text(), "logging out");
    ASSERT_TRUE(run_until([&] { return peer.has_heard("5"); }));
    EXPECT_EQ(test::field_of(frame_of("5"), 58), "back at noon");
    say_goodbye(2);
    EXPECT_EQ(state(), "logged out by an operator");
    // Longer than its reconnect interval.
    const std::int64_t end_ns = engine::monotonic_now_ns() + 100 * test::ms_ns;
    EXPECT_TRUE(run_until([&] { return engine::monotonic_now_ns() > end_ns; }));
    EXPECT_EQ(connects(), 1U);
    EXPECT_TRUE(ask(session_verb::logon).is_done);
    ASSERT_TRUE(log_on(3));
    EXPECT_EQ(connects(), 2U);
    EXPECT_EQ(ask(session_verb::logon).said(), std::string_view("is logged on"));
}

TEST_F(SessionCommands, StayDisabledAcrossARestart) {
    open();
    ASSERT_TRUE(log_on());
    EXPECT_TRUE(ask(session_verb::disable).is_done);
    agent->inner.keep_switch(0, session_verb::disable);
    say_goodbye(2);
    EXPECT_EQ(state(), "disabled");
    EXPECT_EQ(agent->session().counters.is_enabled.value(), 0U);
    EXPECT_FALSE(ask(session_verb::logon).is_done) << "a logon alone does not enable it";
    agent.reset();

    open();
    EXPECT_TRUE(agent->has_said("is disabled") || (agent->step(), agent->has_said("is disabled")));
    EXPECT_EQ(state(), "disabled");
    const std::int64_t end_ns = engine::monotonic_now_ns() + 100 * test::ms_ns;
    EXPECT_TRUE(run_until([&] { return engine::monotonic_now_ns() > end_ns; }));
    EXPECT_EQ(connects(), 0U);
    EXPECT_TRUE(ask(session_verb::enable).is_done);
    agent->inner.keep_switch(0, session_verb::enable);
    EXPECT_TRUE(log_on(3));
}

TEST_F(SessionCommands, BeginDisabledWhereTheConfigurationSaysSo) {
    options.disabled_sessions = {"FIX.4.4:OURS->PEER"};
    open();
    EXPECT_EQ(state(), "disabled");
    EXPECT_TRUE(ask(session_verb::enable).is_done);
    agent->inner.keep_switch(0, session_verb::enable);
    EXPECT_TRUE(log_on());
    agent.reset();
    peer.leave();
    peer.frames.clear();
    open();
    EXPECT_TRUE(log_on(2)) << "what an operator said last counts";
}

TEST_F(SessionCommands, LetNobodyOnToADisabledAcceptor) {
    open_acceptor();
    EXPECT_TRUE(ask(session_verb::disable).is_done);
    raw_logon();
    EXPECT_TRUE(run_until([&] { return !peer.is_here(); }));
    EXPECT_TRUE(agent->has_said("refused a Logon: the session is disabled"));
    EXPECT_EQ(view().next_target, msg_seq_num{1});
    EXPECT_EQ(view().next_sender, msg_seq_num{1});
    EXPECT_TRUE(ask(session_verb::enable).is_done);
    raw_logon();
    EXPECT_TRUE(run_until([&] { return agent->is_logged_on(); }));
    EXPECT_FALSE(ask(session_verb::switch_endpoint).is_done) << "it connects to nobody";
}

TEST_F(SessionCommands, BeginAnewWithNumberOne) {
    open();
    ASSERT_TRUE(log_on());
    EXPECT_FALSE(ask(session_verb::reset).is_done) << "it has a connection";
    EXPECT_TRUE(ask(session_verb::logout).is_done);
    say_goodbye(2);
    const session_outcome reset = ask(session_verb::reset);
    ASSERT_TRUE(reset.is_done) << reset.said();
    EXPECT_EQ(reset.before.next_sender, msg_seq_num{3});
    EXPECT_EQ(reset.after.next_sender, msg_seq_num{1});
    EXPECT_EQ(reset.after.next_target, msg_seq_num{1});
    EXPECT_EQ(reset.after.generation, 2U);
    EXPECT_EQ(out_rows().back().kind, "reset");
    EXPECT_TRUE(ask(session_verb::logon).is_done);
    ASSERT_TRUE(log_on(1));
    EXPECT_EQ(test::field_of(frame_of("A"), 34), "1");
}

TEST_F(SessionCommands, SetTheNextNumbers) {
    open();
    ASSERT_TRUE(log_on());
    EXPECT_TRUE(ask(session_verb::logout).is_done);
    say_goodbye(2);
    session_command command;
    command.verb = session_verb::set_sequence;
    command.next_sender = {50};
    command.next_target = {70};
    const session_outcome set = ask(command);
    ASSERT_TRUE(set.is_done) << set.said();
    EXPECT_EQ(set.after.next_sender, msg_seq_num{50});
    EXPECT_EQ(set.after.next_target, msg_seq_num{70});
    EXPECT_EQ(out_rows().back().text(), "set 0");
    EXPECT_EQ(out_rows().back().next_sender, 50U);
    EXPECT_EQ(in_rows().back().text(), "set 0");
    EXPECT_EQ(in_rows().back().next_target, 70U);
    agent.reset();  // and after a restart
    open();
    EXPECT_EQ(view().next_sender, msg_seq_num{50});
    EXPECT_EQ(view().next_target, msg_seq_num{70});
    ASSERT_TRUE(log_on(70));
    EXPECT_EQ(test::field_of(frame_of("A"), 34), "50");
    EXPECT_EQ(view().next_target, msg_seq_num{71});
}

// Else a reset would not let the peer ask for what has a number of its old messages.
TEST_F(SessionCommands, TakeNothingForProvenThatGetsAUsedNumberAgain) {
    open();
    ASSERT_TRUE(log_on());
    EXPECT_TRUE(ask(session_verb::logout).is_done);
    say_goodbye(2);
    EXPECT_EQ(agent->session().ledger().proven_below(), msg_seq_num{3});
    session_command command;
    command.verb = session_verb::set_sequence;
    command.next_sender = {2};
    ASSERT_TRUE(ask(command).is_done);
    EXPECT_EQ(agent->session().ledger().proven_below(), msg_seq_num{2});
}

TEST_F(SessionCommands, LetASessionTryAgainWhoseNumbersContradict) {
    open();
    ASSERT_TRUE(run_until([&] { return peer.has_heard("A"); }));
    peer.say("5", 1, "58=MsgSeqNum too low, expecting 9 but received 1|");
    ASSERT_TRUE(run_until([&] { return state() == "halted(numbers contradict the peer's)"; }));
    peer.leave();
    peer.frames.clear();
    session_command command;
    command.verb = session_verb::set_sequence;
    command.next_sender = {9};
    ASSERT_TRUE(ask(command).is_done);
    ASSERT_TRUE(log_on());
    EXPECT_EQ(test::field_of(frame_of("A"), 34), "9");
}

TEST_F(SessionCommands, AskThePeer) {
    open();
    EXPECT_FALSE(ask(session_verb::test_request).is_done) << "it is not logged on";
    ASSERT_TRUE(log_on());
    const session_outcome tested = ask(session_verb::test_request);
    EXPECT_TRUE(tested.is_done);
    ASSERT_TRUE(run_until([&] { return peer.has_heard("1"); }));
    EXPECT_EQ("a TestRequest goes out, 112=" + test::field_of(frame_of("1"), 112), tested.said());

    session_command command;
    command.verb = session_verb::resend;
    command.begin = {1};
    command.end = {0};
    EXPECT_TRUE(ask(command).is_done);
    ASSERT_TRUE(run_until([&] { return peer.has_heard("2"); }));
    EXPECT_EQ(test::field_of(frame_of("2"), 7), "1");
    EXPECT_EQ(test::field_of(frame_of("2"), 16), "0");
    EXPECT_EQ(test::field_of(frame_of("2"), 34), "3");
    command.begin = {2};
    const session_outcome beyond = ask(command);
    EXPECT_FALSE(beyond.is_done) << "2 is expected";
    EXPECT_EQ(out_rows().back().text(), "admin 2 3") << "and nothing went out";
    // What comes again is a duplicate, and moves nothing.
    peer.say_bytes(test::frame_of("35=4|34=1|43=Y|49=PEER|52=" + test::sending_time() +
                                  "|56=OURS|122=" + test::sending_time() + "|123=Y|36=2|"));
    ASSERT_TRUE(run_until([&] { return in_rows().back().kind == "duplicate"; }));
    EXPECT_EQ(view().next_target, msg_seq_num{2});
    EXPECT_TRUE(agent->is_logged_on());
    peer.say("0", 4, "");  // so it has sent what is missing before it
    ASSERT_TRUE(run_until([&] { return view().held_frames == 1; }));
    EXPECT_TRUE(ask(command).is_done);
}

TEST_F(SessionCommands, CallEverythingWhatItsVersionCallsIt) {
    const std::string text =
        "[SESSION]\nConnectionType=initiator\nStartTime=00:00:00\nEndTime=00:00:00\n"
        "DataDictionary=FIX41.xml\nHeartBtInt=30\nSocketConnectHost=127.0.0.1\n"
        "SocketConnectPort=" +
        std::to_string(peer.port()) +
        "\nBeginString=FIX.4.1\nSenderCompID=OURS\nTargetCompID=PEER\n";
    agent = std::make_unique<test::live_agent>(
        options, parse_settings("test.cfg", text, {MILLRACE_TEST_DICTIONARIES}), orders);
    ASSERT_TRUE(run_until([&] { return peer.has_heard("A"); }));
    peer.say_bytes(test::frame_of(
        "35=A|34=1|49=PEER|52=" + test::sending_time() + "|56=OURS|98=0|108=30|", "FIX.4.1"));
    ASSERT_TRUE(run_until([&] { return agent->is_logged_on(); })) << agent->last_said(5);
    session_command command;
    command.verb = session_verb::resend;
    command.begin = {1};
    EXPECT_TRUE(ask(command).is_done);
    ASSERT_TRUE(run_until([&] { return peer.has_heard("2"); }));
    EXPECT_EQ(test::field_of(frame_of("2"), 16), "999999");
}

TEST_F(SessionCommands, GoOnWithTheNextEndpoint) {
    test::raw_peer backup;
    backup.listen();
    open("SocketConnectHost1=127.0.0.1\nSocketConnectPort1=" + std::to_string(backup.port()) +
         "\n");
    EXPECT_EQ(view().endpoint_count, 2U);
    ASSERT_TRUE(log_on());
    const session_outcome switched = ask(session_verb::switch_endpoint);
    EXPECT_TRUE(switched.is_done) << switched.said();
    ASSERT_TRUE(run_until([&] { return peer.has_heard("5"); }));
    peer.say("5", 2, "");
    ASSERT_TRUE(run_until([&] {
        backup.hear();
        return backup.has_heard("A");
    })) << agent->last_said(9);
    EXPECT_EQ(view().endpoint, 1U);
    backup.say("A", 3, "98=0|108=30|");
    ASSERT_TRUE(run_until([&] { return agent->is_logged_on(); }));
    // It is the primary now: a lost connection leads there again.
    backup.leave();
    backup.frames.clear();
    ASSERT_TRUE(run_until([&] {
        backup.hear();
        return backup.has_heard("A");
    })) << agent->last_said(9);
}

TEST_F(SessionCommands, SayThatThereIsOneEndpointOnly) {
    open();
    ASSERT_TRUE(log_on());
    const session_outcome refused = ask(session_verb::switch_endpoint);
    EXPECT_FALSE(refused.is_done);
    EXPECT_NE(refused.said().find("SocketConnectHost1"), std::string_view::npos);
    EXPECT_TRUE(agent->is_logged_on());
}

TEST_F(SessionCommands, KillLetsNoApplicationMessageLeave) {
    open();
    ASSERT_TRUE(log_on());
    put_orders(1, 3);
    ASSERT_TRUE(run_until([&] { return count("D") == 3; }));
    const session_outcome killed = ask(session_verb::kill);
    EXPECT_TRUE(killed.is_done) << killed.said();
    agent->inner.keep_switch(0, session_verb::kill);
    EXPECT_EQ(killed.after.state_text(), "logged on; killed");
    EXPECT_EQ(agent->session().counters.is_killed.value(), 1U);
    put_orders(4, 6);
    // What it asks for must wait, and yet its number counts; the session's own messages go on.
    peer.say("2", 2, "7=2|16=0|");
    peer.say("1", 3, "112=alive|");
    ASSERT_TRUE(run_until([&] { return peer.has_heard("0"); }));
    EXPECT_EQ(test::field_of(frame_of("0"), 34), "5");
    EXPECT_EQ(view().next_target, msg_seq_num{4});
    EXPECT_TRUE(view().has_waiting_resend);
    EXPECT_EQ(in_rows()[1].text(), "admin 2 2");
    EXPECT_EQ(count("D"), 3U);
    EXPECT_EQ(count("4"), 0U) << "no gap is filled: the peer would never ask again";
    agent.reset();
    peer.leave();
    peer.frames.clear();

    open();  // and after a restart
    ASSERT_TRUE(log_on(4)) << agent->last_said(9);
    EXPECT_EQ(state(), "logged on; killed");
    peer.say("1", 5, "112=alive|");
    ASSERT_TRUE(run_until([&] { return peer.has_heard("0"); }));
    EXPECT_EQ(count("D"), 0U);
    peer.say("2", 6, "7=2|16=0|");
    ASSERT_TRUE(run_until([&] { return view().has_waiting_resend; }));
    const session_outcome released = ask(session_verb::release);
    EXPECT_TRUE(released.is_done);
    ASSERT_TRUE(run_until([&] { return count("D") == 6; })) << agent->last_said(9);
    std::vector<std::string> sent;
    for (const std::string& frame : peer.frames) {
        if (test::field_of(frame, 35) == "D") {
            sent.push_back(test::field_of(frame, 11) + " " + test::field_of(frame, 43));
        }
    }
    EXPECT_EQ(sent, (std::vector<std::string>{"A1 Y", "A2 Y", "A3 Y", "A4 ", "A5 ", "A6 "}));
    EXPECT_EQ(ask(session_verb::release).said(), std::string_view("the session was not killed"));
}

// It would take from the peer what it has asked for.
TEST_F(SessionCommands, KillHoldsUpAResetThatWouldCutOffWhatThePeerLacks) {
    options.session.settlement_patience_ns = 30 * test::ms_ns;
    open("ResetOnLogon=Y\n");
    ASSERT_TRUE(log_on());
    put_orders(1, 3);
    ASSERT_TRUE(run_until([&] { return count("D") == 3; }));
    peer.leave();
    ASSERT_TRUE(run_until([&] { return !view().is_connected; }));
    peer.frames.clear();
    EXPECT_TRUE(ask(session_verb::kill).is_done);
    const auto wait = [&] {
        const std::int64_t end_ns = engine::monotonic_now_ns() + 150 * test::ms_ns;
        EXPECT_TRUE(run_until([&] { return engine::monotonic_now_ns() > end_ns; }));
    };
    // It logs on with the old numbers, and the peer asks for what it lacks: more than once, since
    // a lost connection is nobody's answer.
    std::uint32_t number = 2;
    for (int connection = 0; connection <= settlement::lost_connections_max; ++connection) {
        ASSERT_TRUE(run_until([&] { return peer.has_heard("A"); })) << agent->last_said(9);
        EXPECT_EQ(test::field_of(frame_of("A"), 141), "");
        peer.say("A", number++, "98=0|108=30|");
        ASSERT_TRUE(run_until([&] { return agent->is_logged_on(); }));
        peer.say("2", number++, "7=2|16=0|");
        ASSERT_TRUE(run_until([&] { return view().has_waiting_resend; })) << agent->last_said(9);
        if (connection < settlement::lost_connections_max) {
            peer.leave();
            ASSERT_TRUE(run_until([&] { return !view().is_connected; }));
            peer.frames.clear();
        }
    }
    wait();
    EXPECT_TRUE(view().has_waiting_resend);
    EXPECT_EQ(view().generation, 1U);
    EXPECT_FALSE(agent->has_said("resetting before it is proven"));
    EXPECT_TRUE(ask(session_verb::release).is_done);
    ASSERT_TRUE(run_until([&] { return count("D") == 3; })) << agent->last_said(9);
    // And goes on with the settlement.
    ASSERT_TRUE(run_until([&] { return count("1") == 1 || count("1") == 2; }));
}

// Whatever asks the library for one.
TEST_F(SessionCommands, KillLetsTheLibrarySendNoneEither) {
    open();
    ASSERT_TRUE(log_on());
    EXPECT_TRUE(ask(session_verb::kill).is_done);
    const std::string body = test::with_soh(std::string(test::order_body));
    const auto send = [&] {
        return agent->session().port().send_app("D", 1, body.data(), body.size());
    };
    EXPECT_EQ(send(), send_status::withheld);
    EXPECT_EQ(view().next_sender, msg_seq_num{2}) << "and it takes no number";
    EXPECT_TRUE(ask(session_verb::release).is_done);
    EXPECT_EQ(send(), send_status::sent);
}

// Some of it is half a frame, behind which no other may follow.
TEST_F(SessionCommands, KillDropsWhatTheSocketHasNotTaken) {
    options.session.connection.send_buffer_bytes = 4096;
    open();
    ASSERT_TRUE(log_on());
    const std::string text(8'000, 'x');
    std::uint64_t last = 0;
    // Nobody reads, until the system takes no more.
    ASSERT_TRUE(test::step_until([&] { return agent->step(); },
                                 [&] {
                                     if (view().pending_bytes == 0 && last < 5'000 &&
                                         !agent->session().has_waiting_messages()) {
                                         std::string body(test::order_body);
                                         body.replace(0, 5, "11=A" + std::to_string(++last));
                                         orders.put_body(last,
                                                         test::with_soh(body + "58=" + text + "|"));
                                     }
                                     return view().pending_bytes > 0;
                                 }));
    const session_outcome killed = ask(session_verb::kill);
    EXPECT_TRUE(killed.is_done);
    EXPECT_GT(killed.before.pending_bytes, 0U);
    EXPECT_FALSE(killed.after.is_connected);
    EXPECT_EQ(killed.after.pending_bytes, 0U);
    // The peer finds whole frames and an end; the last order it lacks.
    ASSERT_TRUE(test::step_until(
        [&] {
            peer.hear();
            return 0;
        },
        [&] { return !peer.is_here(); }));
    EXPECT_LT(count("D"), last);
}

// It has its number, and the disk would let it go in a moment.
TEST_F(SessionCommands, KillDropsWhatWaitsForTheDisk) {
    options.logs.table.is_synchronous = false;
    agent = std::make_unique<test::live_agent>(
        options, test::agent_settings(true, peer.port(), "PEER", "HeartBtInt=30\n"), orders,
        gate_level::durable);
    ASSERT_TRUE(log_on());
    std::uint64_t last = 0;
    ASSERT_TRUE(run_until([&] {
        const bool is_gated = view().gated_bytes > 0;
        if (!is_gated && !agent->session().has_waiting_messages()) {
            ++last;
            put_orders(last, last);
        }
        return is_gated;
    }));
    const session_outcome killed = ask(session_verb::kill);
    EXPECT_GT(killed.before.gated_bytes, 0U);
    EXPECT_FALSE(killed.after.is_connected);
    EXPECT_EQ(killed.after.gated_bytes, 0U);
    ASSERT_TRUE(test::step_until(
        [&] {
            peer.hear();
            return 0;
        },
        [&] { return !peer.is_here(); }));
    EXPECT_EQ(count("D"), last - 1);
}

TEST_F(SessionCommands, AreRefusedByAGatewayThatStopsButForAKill) {
    open();
    ASSERT_TRUE(log_on());
    agent->inner.request_stop();
    agent->step();
    EXPECT_FALSE(ask(session_verb::logout).is_done);
    EXPECT_TRUE(ask(session_verb::kill).is_done);
    EXPECT_TRUE(ask(session_verb::look).is_done);
    say_goodbye(2);
}

// A session on a thread of its own, as in an engine.
class RunningSession : public SessionCommands {
protected:
    RunningSession()
        : inner(options, test::agent_settings(true, peer.port(), "PEER", "HeartBtInt=30\n")) {
        inner.add_route("FIX.4.4:OURS->PEER", orders.route(), orders.link, orders.log);
        inner.open();
        orders.link.ring.detach_consumer();
        engine::idle_config idle;
        idle.kind = engine::idle_kind::yield;
        runner = std::make_unique<engine::runner>(engine::runner_options{"session", -1, idle},
                                                  std::vector<engine::agent_ref>{inner});
        runner->start();
    }

    template <typename Done>
    [[nodiscard]] bool hear_until(Done done) {
        return test::step_until(
            [&] {
                peer.hear();
                return 0;
            },
            done);
    }
    session_outcome ask_across(session_verb verb) {
        session_command command;
        command.verb = verb;
        const std::int64_t asked_ns = engine::monotonic_now_ns();
        EXPECT_TRUE(inner.commands().try_ask(command));
        while (!inner.commands().is_answered()) {
            std::this_thread::yield();
        }
        const session_outcome outcome = inner.commands().outcomes()[0];
        latency_ns = inner.commands().done_ns() - asked_ns;
        inner.commands().clear();
        return outcome;
    }

    session_agent inner;
    std::unique_ptr<engine::runner> runner;  // stops before the agent goes
    std::int64_t latency_ns = 0;             // of the last command
};

TEST_F(RunningSession, StopsOrdersThatFlowAtOnce) {
    ASSERT_TRUE(hear_until([&] { return peer.has_heard("A"); }));
    peer.say("A", 1, "98=0|108=30|");
    engine::histogram latencies;
    std::uint64_t last = 0;
    for (std::uint32_t kill = 0; kill < 50; ++kill) {
        put_orders(last + 1, last + 20);
        last += 20;
        peer.hear();
        const session_view killed = ask_across(session_verb::kill).after;
        latencies.record(latency_ns);
        put_orders(last + 1, last + 5);
        last += 5;
        // Behind the session's own answer everything is at the peer that had left.
        const std::size_t heartbeats = count("0");
        peer.say("1", kill + 2, "112=alive|");
        ASSERT_TRUE(hear_until([&] { return count("0") > heartbeats; }));
        EXPECT_EQ(count("D"), killed.messages_out);
        const session_view released = ask_across(session_verb::release).before;
        EXPECT_EQ(released.messages_out, killed.messages_out) << "none left meanwhile";
    }
    ASSERT_TRUE(hear_until([&] { return count("D") == last; }));
    std::printf("kill: in effect after %.1f us (median), %.1f us at most\n",
                static_cast<double>(latencies.percentile_ns(50.0)) / 1000.0,
                static_cast<double>(latencies.max_ns()) / 1000.0);
    std::uint64_t expected = 0;
    for (const std::string& frame : peer.frames) {
        if (test::field_of(frame, 35) == "D") {
            EXPECT_EQ(test::field_of(frame, 11), "A" + std::to_string(++expected));
        }
    }
}

}  // namespace
}  // namespace millrace::gateway
