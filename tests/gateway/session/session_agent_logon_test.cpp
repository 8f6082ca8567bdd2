// Who may log on to an acceptor, and what is left of it in the logs.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "gateway/session/password_hash.hpp"
#include "tests/gateway/session/peer_session.hpp"

namespace millrace::gateway {
namespace {

class SessionAgentLogon : public test::PeerSession {
protected:
    SessionAgentLogon() {
        options.users = directory / "users.txt";
        write_users("OURS->PEER alice " + hash_password("hunter2", 1) + "\n");
    }

    void write_users(const std::string& text) {
        const std::filesystem::path fresh = directory / "users.new";
        std::ofstream(fresh) << text;
        ASSERT_EQ(::chmod(fresh.c_str(), 0600), 0);
        std::filesystem::rename(fresh, options.users);
    }
    void open(const std::string& more = "") {
        open_acceptor(more);
        port = agent->inner.listening_ports().front();
    }
    // Comes with this Logon; true if the session has it, false if it is sent away.
    [[nodiscard]] bool log_on(std::uint32_t number, const std::string& fields) {
        peer.come_to(port);
        peer.say("A", number, "98=0|108=30|" + fields);
        EXPECT_TRUE(run_until([&] { return agent->is_logged_on() || !peer.is_here(); }));
        return agent->is_logged_on();
    }
    void leave() {
        peer.leave();
        EXPECT_TRUE(run_until([&] { return !agent->is_logged_on(); }));
    }
    [[nodiscard]] bool has_leaked(std::string_view secret) {
        for (const auto& rows : {out_rows(), in_rows()}) {
            for (const test::logged_row& row : rows) {
                if (row.wire.find(secret) != std::string::npos) {
                    return true;
                }
            }
        }
        return agent->has_said(secret);
    }

    std::uint16_t port = 0;
};

TEST_F(SessionAgentLogon, LetsOnWhoHasThePasswordAndKeepsNone) {
    open();
    ASSERT_TRUE(log_on(4, "553=alice|554=hunter2|"));
    EXPECT_TRUE(agent->has_said("FIX.4.4:OURS->PEER: user 'alice' from 127.0.0.1:"));
    EXPECT_EQ(ledger().held_count(), 1U);  // we ask for what came before it
    // What is no message, and a duplicate, which ends the connection.
    peer.say("A", 5, "98=0|108=30|554=hunter2|95=8|96=hunter\x01|98=0|");
    std::string broken = test::frame_of("35=A|34=5|49=PEER|56=OURS|554=hunter2|");
    broken[broken.size() - 2] = broken[broken.size() - 2] == '0' ? '1' : '0';
    peer.say_bytes(broken);
    for (std::uint32_t number = 1; number < 4; ++number) {
        peer.say("0", number, "");
    }
    peer.say_bytes(test::frame_of("35=A|34=1|43=Y|49=PEER|52=" + test::sending_time() +
                                  "|56=OURS|122=" + test::sending_time() +
                                  "|98=0|108=30|553=alice|554=hunter2|"));
    EXPECT_TRUE(run_until([&] { return !agent->is_logged_on(); })) << agent->last_said(20);
    EXPECT_EQ(test::texts_of(in_rows()),
              (std::vector<std::string>{"garbled A 5", "garbled A 0", "admin 0 1", "admin 0 2",
                                        "admin 0 3", "admin A 4", "duplicate A 1"}));
    EXPECT_EQ(test::field_of(in_rows()[5].wire, 554), "*******");
    EXPECT_EQ(test::field_of(in_rows()[5].wire, 553), "alice");
    EXPECT_FALSE(has_leaked("hunter"));
}

// With 141=Y the library would reset both numbers before it looks at anything else.
TEST_F(SessionAgentLogon, SendsAwayAWrongPasswordBeforeANumberMoves) {
    open();
    ASSERT_TRUE(log_on(1, "553=alice|554=hunter2|"));
    peer.say("0", 2, "");
    EXPECT_TRUE(run_until([&] { return ledger().next_target() == msg_seq_num{3}; }));
    leave();
    const std::vector<std::string> out = test::texts_of(out_rows());
    const std::vector<std::string> in = test::texts_of(in_rows());
    const std::pair<const char*, const char*> refused[] = {
        {"553=alice|554=hunter3|141=Y|", "wrong password"},
        {"553=mallory|554=hunter2|141=Y|", "user 'mallory' from 127.0.0.1:"},
        {"553=alice|141=Y|", "its Logon has no Username or no Password"},
        {"141=Y|", "user '' from 127.0.0.1:"}};
    for (const auto& [fields, text] : refused) {
        EXPECT_FALSE(log_on(1, fields)) << fields;
        EXPECT_TRUE(peer.frames.empty());
        EXPECT_TRUE(agent->has_said(text)) << agent->last_said(5);
    }
    EXPECT_EQ(ledger().generation(), 1U);
    EXPECT_EQ(test::texts_of(out_rows()), out);
    EXPECT_EQ(test::texts_of(in_rows()), in);
    EXPECT_FALSE(has_leaked("hunter"));
    ASSERT_TRUE(log_on(3, "553=alice|554=hunter2|"));  // and the session goes on
    EXPECT_EQ(ledger().generation(), 1U);
}

TEST_F(SessionAgentLogon, FollowsTheSwitchWhileItRuns) {
    open("ResetOnLogon=Y\n");
    EXPECT_FALSE(log_on(1, ""));
    write_users("authentication off\n");
    ASSERT_TRUE(log_on(1, ""));
    EXPECT_TRUE(agent->has_said("authentication is off"));
    leave();
    write_users("authentication on\n");
    EXPECT_FALSE(log_on(1, ""));
    EXPECT_FALSE(log_on(1, "553=alice|554=hunter2|"));
}

TEST_F(SessionAgentLogon, SaysAtStartWhereNobodyCanLogOnOrEverybodyCan) {
    write_users("authentication on\n");
    open();
    agent->step();
    EXPECT_TRUE(agent->has_said("FIX.4.4:OURS->PEER: nobody can log on"));
    agent.reset();
    write_users("authentication off\n");
    open();
    agent->step();
    EXPECT_TRUE(agent->has_said("authentication is off"));
}

TEST_F(SessionAgentLogon, GivesASessionToOneOfTwoThatAreCheckedAtOnce) {
    open();
    test::raw_peer second;
    peer.come_to(port);
    second.come_to(port);
    peer.say("A", 1, "98=0|108=30|553=alice|554=hunter2|");
    second.say("A", 1, "98=0|108=30|553=alice|554=hunter2|");
    EXPECT_TRUE(run_until([&] {
        second.hear();
        return agent->is_logged_on() && (!peer.is_here() || !second.is_here());
    }));
    EXPECT_NE(peer.is_here(), second.is_here());
    EXPECT_TRUE(agent->has_said("refused a second connection of a session"));
}

// On the wire it stands as it is.
TEST_F(SessionAgentLogon, KeepsNoPasswordOfItsOwnEither) {
    const std::filesystem::path file = directory / "password";
    std::ofstream(file) << "hunter2\nnot this\n";
    ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
    options.users.clear();
    peer.listen();
    agent = std::make_unique<test::live_agent>(
        options,
        test::agent_settings(true, peer.port(), "PEER",
                             "HeartBtInt=30\nUsername=me\nPasswordFile=" + file.native()),
        orders);
    ASSERT_TRUE(run_until([&] { return peer.has_heard("A"); }));
    EXPECT_EQ(test::field_of(peer.frames[0], 553), "me");
    EXPECT_EQ(test::field_of(peer.frames[0], 554), "hunter2");
    peer.say("5", 1, "58=hunter2 is wrong|");
    ASSERT_TRUE(run_until([&] { return agent->has_said("answered by a Logout"); }));
    EXPECT_FALSE(agent->has_said("hunter2")) << agent->last_said(10);
    ASSERT_EQ(test::texts_of(out_rows()), (std::vector<std::string>{"reset 0", "admin A 1"}));
    EXPECT_EQ(test::field_of(out_rows()[1].wire, 554), "*******");
    ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
    agent.reset();
    EXPECT_THROW(
        agent = std::make_unique<test::live_agent>(
            options,
            test::agent_settings(true, peer.port(), "PEER",
                                 "HeartBtInt=30\nUsername=me\nPasswordFile=" + file.native()),
            orders),
        engine::config_error);
}

TEST_F(SessionAgentLogon, ShutsWhoComesFromElsewhereOut) {
    open("AllowedRemoteAddresses=10.0.0.0/8, ::1\n");
    EXPECT_FALSE(log_on(1, "553=alice|554=hunter2|"));
    EXPECT_TRUE(run_until([&] {
        return agent->has_said(
            "refused 1 connections from addresses that no session allows, the last from "
            "127.0.0.1:");
    }));
    EXPECT_TRUE(in_rows().empty());
    agent.reset();
    open("AllowedRemoteAddresses=127.0.0.0/8\n");
    EXPECT_TRUE(log_on(1, "553=alice|554=hunter2|"));
    agent.reset();
    try {
        open("AllowedRemoteAddresses=127.0.0.1/8\n");
        FAIL() << "bits behind the prefix";
    } catch (const engine::config_error& failure) {
        EXPECT_STREQ(
            failure.what(),
            "test.cfg:8: AllowedRemoteAddresses: '127.0.0.1/8' has bits behind its prefix");
    }
}

// One port, two sessions: each has addresses of its own.
TEST_F(SessionAgentLogon, LetsASessionHaveAddressesOfItsOwn) {
    const std::string settings =
        "[DEFAULT]\nConnectionType=acceptor\nStartTime=00:00:00\nEndTime=00:00:00\n"
        "DataDictionary=FIX44.xml\nSocketAcceptHost=127.0.0.1\nSocketAcceptPort=0\n"
        "BeginString=FIX.4.4\nSenderCompID=OURS\n"
        "[SESSION]\nTargetCompID=PEER\nAllowedRemoteAddresses=10.0.0.1\n"
        "[SESSION]\nTargetCompID=OTHER\nAllowedRemoteAddresses=127.0.0.1\n";
    options.users.clear();
    agent = std::make_unique<test::live_agent>(
        options, parse_settings("test.cfg", settings, {MILLRACE_TEST_DICTIONARIES}), orders);
    ASSERT_EQ(agent->inner.listening_ports().size(), 1U);
    port = agent->inner.listening_ports().front();
    EXPECT_FALSE(log_on(1, ""));
    EXPECT_TRUE(agent->has_said("from an address that its session does not allow"));
    peer.name = "OTHER";
    peer.come_to(port);
    peer.say("A", 1, "98=0|108=30|");
    EXPECT_TRUE(run_until([&] { return peer.has_heard("A"); }));
}

// PersistMessages=N: the number is all that a message sent once leaves for the peer.
TEST_F(SessionAgentLogon, FillsWhatItIsAskedForWhereNothingIsToBeSentAgain) {
    options.users.clear();
    open("PersistMessages=N\n");
    ASSERT_TRUE(log_on(1, ""));
    orders.put(1, "A1");
    orders.put(2, "A2");
    ASSERT_TRUE(run_until([&] { return ledger().next_sender() == msg_seq_num{4}; }));
    ASSERT_TRUE(run_until([&] { return peer.frames.size() == 3; }));
    peer.frames.clear();
    peer.say("2", 2, "7=1|16=0|");
    ASSERT_TRUE(run_until([&] { return peer.has_heard("4"); }));
    EXPECT_EQ(peer.frames.size(), 1U);
    EXPECT_EQ(test::field_of(peer.frames[0], 36), "4");
    EXPECT_EQ(test::field_of(peer.frames[0], 123), "Y");
    EXPECT_TRUE(agent->has_said("PersistMessages=N"));
    // The log has them all the same, and says that they were not sent again.
    EXPECT_EQ(test::texts_of(out_rows()),
              (std::vector<std::string>{"reset 0", "admin A 1", "application D 2 A1",
                                        "application D 3 A2", "undelivered D 0 A1",
                                        "undelivered D 0 A2"}));
    EXPECT_FALSE(out_rows()[3].wire.empty());
}

TEST_F(SessionAgentLogon, SaysARoutesSourceInTheTagOfItsSession) {
    options.users.clear();
    orders.link.source_id = "DESK 7";
    open();
    ASSERT_TRUE(log_on(1, ""));
    orders.put(1, "A1");
    orders.put_body(2, test::with_soh("50=MINE|" + std::string(test::order_body)));
    ASSERT_TRUE(run_until([&] { return peer.frames.size() == 3; }));
    EXPECT_EQ(test::field_of(peer.frames[1], 50), "DESK 7");
    EXPECT_EQ(test::field_of(peer.frames[2], 50), "MINE");
    peer.frames.clear();
    peer.say("2", 2, "7=2|16=2|");
    ASSERT_TRUE(run_until([&] { return peer.has_heard("D"); }));
    EXPECT_EQ(test::field_of(peer.frames.back(), 50), "DESK 7");
    EXPECT_EQ(test::field_of(peer.frames.back(), 43), "Y");
    agent.reset();
    orders.link.source_id = "ACC";
    open("OutboundRoutingTag=1\nResetOnLogon=Y\n");
    ASSERT_TRUE(log_on(1, ""));
    orders.put(3, "A3");
    ASSERT_TRUE(run_until([&] { return peer.has_heard("D"); }));
    EXPECT_EQ(test::field_of(peer.frames.back(), 1), "ACC");
}

TEST_F(SessionAgentLogon, AsksForNoPasswordOutsideLogonTime) {
    const long hour = static_cast<long>((test::utc_now_ns() / 3'600'000'000'000 + 3) % 24);
    char times[64];
    std::snprintf(times, sizeof times, "StartTime=%02ld:00:00\nEndTime=%02ld:30:00\n", hour, hour);
    open(times);
    EXPECT_FALSE(log_on(1, "553=alice|554=hunter3|"));
    EXPECT_TRUE(agent->has_said("refused a Logon outside its logon time")) << agent->last_said(5);
    EXPECT_FALSE(agent->has_said("alice"));  // nobody has looked
}

TEST_F(SessionAgentLogon, StopsWithCallersAtTheDoor) {
    write_users("OURS->PEER alice " + hash_password("hunter2", 7) + "\n");
    open();
    peer.come_to(port);
    peer.say("A", 1, "98=0|108=30|553=alice|554=hunter2|");
    EXPECT_TRUE(run_until([&] { return agent->inner.is_checking() || agent->is_logged_on(); }));
    agent->inner.request_stop();
    EXPECT_TRUE(run_until([&] { return agent->inner.is_stopped() && !peer.is_here(); }));
}

}  // namespace
}  // namespace millrace::gateway
