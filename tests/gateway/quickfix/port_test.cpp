#include "gateway/quickfix/port.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/gateway/quickfix/port_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::field_of;
using test::frame_of;
using test::log_on;
using test::order_body;
using test::pump;
using test::sending_time;
using test::side;

std::string text(const side& one) {
    return one.port->last_text();
}

TEST(SessionPort, LogsOnAndOutInOrder) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    EXPECT_EQ(initiator.listener.logons, 1);
    EXPECT_EQ(acceptor.listener.logons, 1);
    EXPECT_EQ(acceptor.port->state().heart_bt_int_s, 30U);
    EXPECT_EQ(initiator.port->next_sender(), msg_seq_num{2});
    EXPECT_EQ(initiator.port->next_target(), msg_seq_num{2});
    EXPECT_EQ(initiator.port->logout("good night"), call_status::ok);
    EXPECT_EQ(initiator.tick(), call_status::ok);
    EXPECT_TRUE(initiator.port->state().sent_logout);
    pump(initiator, acceptor);
    EXPECT_FALSE(initiator.port->is_logged_on());
    EXPECT_FALSE(acceptor.port->is_logged_on());
    EXPECT_FALSE(initiator.wire.is_open);
    EXPECT_FALSE(acceptor.wire.is_open);
    EXPECT_EQ(initiator.listener.logouts, 1);
    EXPECT_EQ(acceptor.listener.logouts, 1);
    EXPECT_FALSE(initiator.port->is_connected());
}

TEST(SessionPort, RefusesASecondSessionOfTheSameName) {
    const side first("initiator", "A", "B");
    try {
        const side second("initiator", "A", "B");
        FAIL() << "two sessions of one name in one process";
    } catch (const settings_error& problem) {
        EXPECT_STREQ(problem.what(),
                     "test.cfg:10: session FIX.4.4:A->B exists already in this process");
    }
}

TEST(SessionPort, FreesItsNameWhenItEnds) {
    { const side first("initiator", "A", "B"); }
    EXPECT_NO_THROW(side("initiator", "A", "B"));
}

TEST(SessionPort, NumbersNothingWhileNobodyIsConnected) {
    side initiator("initiator", "A", "B");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(initiator.tick(), call_status::ok);
    }
    EXPECT_EQ(initiator.send("D", order_body), send_status::not_logged_on);
    EXPECT_TRUE(initiator.store.take_calls().empty());
}

TEST(SessionPort, NumbersNothingBeforeLogonAndAfterALogout) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    initiator.connect();
    EXPECT_EQ(initiator.tick(), call_status::ok);
    EXPECT_EQ(initiator.send("D", order_body), send_status::not_logged_on);
    EXPECT_EQ(initiator.store.sender, 2U);  // the Logon's
    acceptor.connect();
    pump(initiator, acceptor);
    ASSERT_TRUE(initiator.port->is_logged_on());
    EXPECT_EQ(initiator.port->logout(""), call_status::ok);
    EXPECT_EQ(initiator.send("D", order_body), send_status::not_logged_on);
    EXPECT_EQ(initiator.tick(), call_status::ok);
    EXPECT_TRUE(initiator.port->is_logged_on());  // no answer yet
    EXPECT_EQ(initiator.send("D", order_body), send_status::not_logged_on);
    EXPECT_EQ(initiator.store.sender, 3U);  // the Logout's
}

TEST(SessionPort, PutsTheSessionsHeaderBeforeTheBody) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    ASSERT_EQ(initiator.send("D", "57=DESK|" + std::string(order_body)), send_status::sent)
        << text(initiator);
    const std::string sent = initiator.wire.frames.at(0);
    EXPECT_EQ(test::with_pipes(sent.substr(0, 10)), "8=FIX.4.4|");
    EXPECT_EQ(field_of(sent, 34), "2");
    EXPECT_EQ(field_of(sent, 49), "A");
    EXPECT_EQ(field_of(sent, 56), "B");
    EXPECT_EQ(field_of(sent, 57), "DESK");
    EXPECT_EQ(field_of(sent, 11), "A1");
    pump(initiator, acceptor);
    EXPECT_EQ(acceptor.listener.apps_in, 1);
    EXPECT_EQ(initiator.store.frames.at(2), sent);
}

TEST(SessionPort, KeepsGroupsOnTheFirstSendAndOnAResend) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    ASSERT_EQ(initiator.send("D", test::order_with_parties_body), send_status::sent)
        << text(initiator);
    const std::string parties =
        test::with_soh("|453=2|448=TRADER|447=D|452=11|448=DESK|447=D|452=24|");
    EXPECT_NE(initiator.wire.frames.at(0).find(parties), std::string::npos)
        << test::with_pipes(initiator.wire.frames.at(0));
    initiator.wire.frames.clear();
    static_cast<void>(initiator.receive_message("2", 2, "7=2|16=2|"));
    ASSERT_EQ(initiator.wire.frames.size(), 1U);
    EXPECT_EQ(field_of(initiator.wire.frames[0], 43), "Y");
    EXPECT_NE(initiator.wire.frames[0].find(parties), std::string::npos);
}

// QuickFIX alone would sort it by tag, now and on the resend.
TEST(SessionPort, KeepsABodysOwnOrderOnTheFirstSendAndOnAResend) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    const std::string body =
        "60=20260301-10:00:00|453=1|448=DESK|447=D|452=24|55=ABC|54=1|40=1|38=7|354=3|355=a|b|"
        "11=Z1|";
    ASSERT_EQ(initiator.send("D", "57=DESK|" + body), send_status::sent) << text(initiator);
    ASSERT_EQ(initiator.send("D", order_body), send_status::sent);
    const std::string sent = initiator.wire.frames.at(0);
    EXPECT_EQ(test::with_pipes(sent.substr(sent.size() - 7 - body.size(), body.size())), body);
    EXPECT_EQ(initiator.store.frames.at(2), sent);
    unsigned sum = 0;
    for (const char c : sent.substr(0, sent.size() - 7)) {
        sum += static_cast<unsigned char>(c);
    }
    EXPECT_EQ(std::stoul(sent.substr(sent.size() - 4, 3)), sum % 256);
    const std::string plain = initiator.wire.frames.at(1);
    pump(initiator, acceptor);
    EXPECT_EQ(acceptor.listener.apps_in, 2);
    initiator.wire.frames.clear();
    static_cast<void>(initiator.receive_message("2", 2, "7=2|16=3|"));
    ASSERT_EQ(initiator.wire.frames.size(), 2U);
    const std::string again = initiator.wire.frames[0];
    EXPECT_EQ(field_of(again, 43), "Y");
    EXPECT_EQ(field_of(again, 57), "DESK");
    EXPECT_EQ(test::with_pipes(again.substr(again.size() - 7 - body.size(), body.size())), body);
    const std::size_t plain_size = std::string(order_body).size();
    EXPECT_EQ(initiator.wire.frames[1].substr(initiator.wire.frames[1].size() - 7 - plain_size,
                                              plain_size),
              plain.substr(plain.size() - 7 - plain_size, plain_size));
    pump(initiator, acceptor);
}

TEST(SessionPort, KeepsTheOrderOfEachBodyOnAResendAcrossAGap) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    const std::string first = "60=20260301-10:00:00|55=ABC|54=1|40=1|38=7|11=Z1|";
    const std::string last = "55=ABC|40=1|54=2|38=9|60=20260301-10:00:00|11=Z3|";
    ASSERT_EQ(initiator.send("D", first), send_status::sent) << text(initiator);
    static_cast<void>(initiator.receive_message("1", 2, "112=X|"));  // its answer has number 3
    ASSERT_EQ(initiator.send("D", last), send_status::sent) << text(initiator);
    for (unsigned number = 3; number < 5; ++number) {
        initiator.wire.frames.clear();
        static_cast<void>(initiator.receive_message("2", number, "7=2|16=4|"));
        ASSERT_EQ(initiator.wire.frames.size(), 3U);
        const auto body_of = [&](std::size_t i, const std::string& body) {
            const std::string& frame = initiator.wire.frames[i];
            return test::with_pipes(frame.substr(frame.size() - 7 - body.size(), body.size()));
        };
        EXPECT_EQ(body_of(0, first), first);
        EXPECT_EQ(field_of(initiator.wire.frames[1], 35), "4");
        EXPECT_EQ(body_of(2, last), last);
    }
}

TEST(SessionPort, NamesTheUserOfAnInitiatorInItsLogonAlone) {
    side initiator("initiator", "A", "B", "Username=me\nPassword=hunter2\n");
    side acceptor("acceptor", "B", "A", "Username=you\nPassword=hunter3\n");
    acceptor.connect();
    initiator.connect();
    ASSERT_EQ(initiator.tick(), call_status::ok);
    ASSERT_EQ(initiator.wire.frames.size(), 1U);
    const std::string logon = initiator.wire.frames[0];
    EXPECT_EQ(field_of(logon, 553), "me");
    EXPECT_EQ(field_of(logon, 554), "hunter2");
    EXPECT_EQ(initiator.store.frames.at(1), logon);  // the log hides it, not the library
    ASSERT_EQ(acceptor.receive(logon).status, receive_status::ok);
    ASSERT_TRUE(acceptor.port->is_logged_on());
    EXPECT_EQ(field_of(acceptor.wire.frames.at(0), 553), "");
    EXPECT_EQ(initiator.receive(acceptor.wire.frames.at(0)).status, receive_status::ok);
    initiator.wire.frames.clear();
    ASSERT_EQ(initiator.send("D", order_body), send_status::sent);
    ASSERT_EQ(initiator.port->send_test_request("T"), call_status::ok);
    for (const std::string& frame : initiator.wire.frames) {
        EXPECT_EQ(field_of(frame, 554), "");
    }
}

// What is kept of a Logon lacks its secrets. It is never sent again, but the library reads it.
TEST(SessionPort, ResendsAroundALogonThatWasKeptWithoutItsSecrets) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    ASSERT_EQ(initiator.send("D", order_body), send_status::sent);
    pump(initiator, acceptor);
    const std::string logon = test::frame_of("35=A|34=1|49=A|52=" + test::sending_time() +
                                             "|56=B|95=3|96=a|b|98=0|108=30|553=me|554=hunter2|");
    std::string kept(logon.size(), '\0');
    secret_tags().copy_logon(kept.data(), logon.data(), logon.size());
    initiator.store.frames[1] = kept;
    EXPECT_EQ(initiator.receive_message("2", 2, "7=1|16=0|").status, receive_status::ok);
    ASSERT_EQ(initiator.wire.frames.size(), 2U);
    const std::string filled = initiator.wire.frames[0];
    EXPECT_EQ(field_of(filled, 35) + field_of(filled, 34) + field_of(filled, 36), "412");
    EXPECT_EQ(field_of(filled, 123), "Y");
    EXPECT_EQ(field_of(initiator.wire.frames[1], 35), "D");
    EXPECT_EQ(field_of(initiator.wire.frames[1], 43), "Y");
}

TEST(SessionPort, RefusesABodyTheSessionCouldNotResend) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    for (const char* body :
         {"11", "11=A", "=x|", "354=9|355=x|", "34=9|", "43=Y|", "11=A|43=Y|", "49=X|",
          "52=20260301-00:00:00|", "10=123|", "8=FIX.4.4|", "11=A|57=late header|"}) {
        EXPECT_EQ(initiator.send("D", body), send_status::invalid) << body;
        EXPECT_NE(text(initiator), "") << body;
    }
    EXPECT_EQ(initiator.send("A", "98=0|108=30|"), send_status::invalid);
    EXPECT_EQ(initiator.send("", order_body), send_status::invalid);
    EXPECT_EQ(initiator.send("D", "58=" + std::string(70000, 'x') + "|"), send_status::invalid);
    EXPECT_EQ(initiator.store.sender, 2U);
    EXPECT_TRUE(initiator.wire.frames.empty());
}

TEST(SessionPort, LetsTheListenerWithholdASend) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    ASSERT_EQ(initiator.send("D", order_body), send_status::sent);
    initiator.listener.decision = app_out_decision::withhold;
    EXPECT_EQ(initiator.send("D", order_body), send_status::withheld);
    EXPECT_EQ(initiator.store.sender, 3U);
    // On a resend it becomes a gap fill over the withheld number.
    initiator.wire.frames.clear();
    static_cast<void>(initiator.receive_message("2", 2, "7=2|16=0|"));
    ASSERT_EQ(initiator.wire.frames.size(), 1U);
    EXPECT_EQ(field_of(initiator.wire.frames[0], 35), "4");
    EXPECT_EQ(field_of(initiator.wire.frames[0], 34), "2");
    EXPECT_EQ(field_of(initiator.wire.frames[0], 36), "3");
}

TEST(SessionPort, RejectsWhatTheListenerCallsWrong) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    initiator.wire.frames.clear();
    initiator.listener.wrong_tag = 7;
    EXPECT_EQ(initiator.receive_message("2", 2, "7=1|16=0|").status, receive_status::ok);
    ASSERT_EQ(initiator.wire.frames.size(), 1U);
    EXPECT_EQ(field_of(initiator.wire.frames[0], 35), "3");
    EXPECT_EQ(field_of(initiator.wire.frames[0], 371), "7");
    EXPECT_EQ(field_of(initiator.wire.frames[0], 373), "5");
    EXPECT_EQ(initiator.store.target, 3U);  // its number is used
    // Out of its turn it uses none.
    EXPECT_EQ(initiator.receive_message("2", 9, "7=1|16=0|").status, receive_status::ok);
    ASSERT_EQ(initiator.wire.frames.size(), 2U);
    EXPECT_EQ(field_of(initiator.wire.frames[1], 35), "3");
    EXPECT_EQ(initiator.store.target, 3U);
}

TEST(SessionPort, PassesNothingButALogonBeforeLogon) {
    for (const char* type : {"0", "1", "2", "3", "4", "5", "D", "8"}) {
        side acceptor("acceptor", "B", "A");
        acceptor.connect();
        const receive_result result =
            acceptor.receive_message(type, 1, "36=99|112=x|7=1|16=0|45=1|");
        EXPECT_EQ(result.status, receive_status::not_logged_on) << type;
        EXPECT_TRUE(result.disconnected) << type;
        EXPECT_EQ(acceptor.store.take_calls(), std::vector<std::string>{"disconnect"}) << type;
    }
}

TEST(SessionPort, TellsWhatALogoutThatAnswersOurLogonSays) {
    side initiator("initiator", "A", "B");
    initiator.connect();
    ASSERT_EQ(initiator.tick(), call_status::ok);
    const receive_result result = initiator.receive_message("5", 1, "58=MsgSeqNum too low|");
    EXPECT_EQ(result.status, receive_status::logon_refused);
    EXPECT_TRUE(result.disconnected);
    EXPECT_NE(text(initiator).find("MsgSeqNum too low"), std::string::npos);
    EXPECT_EQ(initiator.store.sender, 2U);  // no Logout of ours: numbers do not climb
}

std::string logon_with(const std::string& change_from, const std::string& change_to) {
    std::string fields = "35=A|34=1|49=A|52=" + sending_time() + "|56=B|98=0|108=30|141=Y|";
    const std::size_t at = fields.find(change_from);
    EXPECT_NE(at, std::string::npos);
    fields.replace(at, change_from.size(), change_to);
    return frame_of(fields);
}

TEST(SessionPort, RefusesABadLogonBeforeItCanResetAnything) {
    struct bad {
        const char* from;
        std::string to;
    };
    for (const bad& one :
         {bad{"49=A|", "49=X|"}, bad{"56=B|", "56=X|"}, bad{"49=A|", ""}, bad{"34=1|", ""},
          bad{"108=30|", ""}, bad{"98=0|", "98=1|"}, bad{"52=", "52=x"}, bad{"|52=", "|60="}}) {
        side acceptor("acceptor", "B", "A", "ResetOnLogon=Y");
        acceptor.store.sender = 7;
        acceptor.store.target = 8;
        acceptor.connect();
        const receive_result result = acceptor.receive(logon_with(one.from, one.to));
        EXPECT_EQ(result.status, receive_status::logon_refused) << one.from << " -> " << one.to;
        EXPECT_TRUE(result.disconnected);
        EXPECT_EQ(acceptor.store.sender, 7U);
        EXPECT_EQ(acceptor.store.target, 8U);
        EXPECT_NE(text(acceptor).find("Logon refused"), std::string::npos) << text(acceptor);
    }
}

TEST(SessionPort, RefusesALogonOfAnotherVersionOrTime) {
    side acceptor("acceptor", "B", "A", "MaxLatency=60");
    acceptor.connect();
    EXPECT_EQ(acceptor
                  .receive(frame_of("35=A|34=1|49=A|52=" + sending_time() + "|56=B|98=0|108=30|",
                                    "FIX.4.2"))
                  .status,
              receive_status::logon_refused);
    for (const int offset_s : {-120, 120}) {
        acceptor.connect();
        const receive_result result = acceptor.receive(
            frame_of("35=A|34=1|49=A|52=" + sending_time(offset_s) + "|56=B|98=0|108=30|"));
        EXPECT_EQ(result.status, receive_status::logon_refused) << offset_s;
        EXPECT_NE(text(acceptor).find("MaxLatency"), std::string::npos);
    }
    acceptor.connect();
    EXPECT_EQ(acceptor.receive_message("A", 1, "98=0|108=30|").status, receive_status::ok);
}

TEST(SessionPort, ChecksALogonInMidSessionToo) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    acceptor.store.target = 50;
    const receive_result result = acceptor.receive(logon_with("49=A|", "49=X|"));
    EXPECT_EQ(result.status, receive_status::logon_refused);
    EXPECT_EQ(acceptor.store.target, 50U);
}

TEST(SessionPort, NamesTheCompIDThatIsWrong) {
    const std::pair<const char*, const char*> wrong[] = {{"49=X|56=B|", "49"},
                                                         {"49=A|56=X|", "56"}};
    for (const auto& [ids, tag] : wrong) {
        side initiator("initiator", "A", "B");
        side acceptor("acceptor", "B", "A");
        log_on(initiator, acceptor);
        static_cast<void>(
            acceptor.receive(test::frame_of("35=0|34=2|52=" + test::sending_time() + "|" + ids)));
        ASSERT_EQ(acceptor.wire.frames.size(), 2U);
        EXPECT_EQ(test::field_of(acceptor.wire.frames.front(), 373), "9");
        EXPECT_EQ(test::field_of(acceptor.wire.frames.front(), 371), tag);
    }
}

TEST(SessionPort, RejectsAGapFillThatLeadsToItself) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    static_cast<void>(acceptor.receive_message("4", 2, "123=Y|36=2|"));
    ASSERT_EQ(acceptor.wire.frames.size(), 1U);
    const std::string reject = acceptor.wire.frames.front();
    EXPECT_EQ(test::field_of(reject, 35), "3");
    EXPECT_EQ(test::field_of(reject, 45), "2");
    EXPECT_EQ(test::field_of(reject, 371), "36");
    EXPECT_EQ(test::field_of(reject, 373), "5");
    EXPECT_EQ(acceptor.store.target, 2U);
    // Nobody answers one that is early, late, or leads on; and a SequenceReset may say what is so.
    static_cast<void>(acceptor.receive_message("4", 1, "43=Y|122=20260301-09:30:00|123=Y|36=1|"));
    static_cast<void>(acceptor.receive_message("4", 2, "36=2|"));
    static_cast<void>(acceptor.receive_message("4", 2, "123=Y|36=3|"));
    EXPECT_EQ(acceptor.wire.frames.size(), 1U);
    EXPECT_EQ(acceptor.store.target, 3U);
}

TEST(SessionPort, DisconnectsALogonTheLibraryRefuses) {
    side acceptor("acceptor", "B", "A");
    acceptor.store.target = 5;
    acceptor.connect();
    const receive_result result = acceptor.receive_message("A", 3, "98=0|108=30|");
    EXPECT_EQ(result.status, receive_status::logon_refused);
    EXPECT_TRUE(result.disconnected);
    EXPECT_FALSE(acceptor.port->is_connected());
}

TEST(SessionPort, IgnoresGarbledFramesAfterLogonAndDisconnectsBefore) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    static_cast<void>(acceptor.store.take_calls());
    std::string garbled = frame_of("35=0|34=2|49=A|52=" + sending_time() + "|56=B|");
    garbled[20] ^= 1;
    const receive_result after = acceptor.receive(garbled);
    EXPECT_EQ(after.status, receive_status::garbled);
    EXPECT_FALSE(after.disconnected);
    EXPECT_TRUE(acceptor.store.take_calls().empty());
    EXPECT_EQ(acceptor.receive_message("0", 2).status, receive_status::ok);
    side fresh("acceptor", "D", "C");
    fresh.connect();
    const receive_result before = fresh.receive(garbled);
    EXPECT_EQ(before.status, receive_status::garbled);
    EXPECT_TRUE(before.disconnected);
}

TEST(SessionPort, AnswersATestRequest) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    EXPECT_EQ(initiator.receive_message("1", 2, "112=PING|").status, receive_status::ok);
    ASSERT_EQ(initiator.wire.frames.size(), 1U);
    EXPECT_EQ(field_of(initiator.wire.frames[0], 35), "0");
    EXPECT_EQ(field_of(initiator.wire.frames[0], 112), "PING");
}

TEST(SessionPort, AsksForWhatIsMissingAndForgetsItsQueueWhenTold) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    EXPECT_EQ(initiator.receive_message("0", 4).status, receive_status::ok);
    ASSERT_EQ(initiator.wire.frames.size(), 1U);
    EXPECT_EQ(field_of(initiator.wire.frames[0], 35), "2");
    EXPECT_EQ(field_of(initiator.wire.frames[0], 7), "2");
    EXPECT_TRUE(initiator.port->state().resend_requested);
    EXPECT_EQ(initiator.port->clear_queue(), call_status::ok);
    EXPECT_EQ(initiator.receive_message("0", 2).status, receive_status::ok);
    EXPECT_EQ(initiator.receive_message("0", 3).status, receive_status::ok);
    EXPECT_EQ(initiator.store.target, 4U);  // the held 4 is gone
}

TEST(SessionPort, LogsOutAPeerWhoseNumberIsTooLow) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    acceptor.store.target = 9;
    const receive_result result = acceptor.receive_message("0", 2);
    EXPECT_TRUE(result.disconnected);
    EXPECT_TRUE(acceptor.listener.heard("MsgSeqNum too low"));
    EXPECT_EQ(acceptor.store.target, 9U);
}

TEST(SessionPort, SurvivesALostConnectionAndLogsOnAgain) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    for (side* one : {&initiator, &acceptor}) {
        one->wire.is_open = false;
        static_cast<void>(one->store.take_calls());
        EXPECT_EQ(one->port->connection_lost(), call_status::ok);
        EXPECT_TRUE(one->store.take_calls().empty());  // the sink is not called again
        EXPECT_FALSE(one->port->is_logged_on());
        EXPECT_EQ(one->listener.logouts, 1);
        EXPECT_EQ(one->receive_message("0", 2).status, receive_status::not_logged_on);
    }
    log_on(initiator, acceptor);
    EXPECT_EQ(initiator.store.sender, 3U);
    EXPECT_EQ(acceptor.store.target, 3U);
}

TEST(SessionPort, RefusesASecondConnection) {
    side acceptor("acceptor", "B", "A");
    acceptor.connect();
    EXPECT_EQ(acceptor.port->connected(acceptor.wire), call_status::failed);
    EXPECT_TRUE(acceptor.port->is_connected());
}

TEST(SessionPort, NeverNumbersAnAdministrativeMessageThatTheStoreRefused) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    initiator.store.is_refusing = true;
    EXPECT_EQ(initiator.port->reset(), call_status::failed);
    EXPECT_TRUE(initiator.wire.frames.empty());
    EXPECT_FALSE(initiator.port->is_connected());
    EXPECT_EQ(initiator.store.sender, 2U);
}

TEST(SessionPort, LeavesTheScheduleToItsOwner) {
    const std::string never =
        "StartDay=Monday\nEndDay=Monday\nLogonDay=Monday\nLogoutDay=Monday\nUseLocalTime=Y\n"
        "StartTime=00:00:00\nEndTime=00:00:01\nLogonTime=00:00:00\nLogoutTime=00:00:01";
    side initiator("initiator", "A", "B", never);
    side acceptor("acceptor", "B", "A", never);
    log_on(initiator, acceptor);
}

TEST(SessionPort, KnowsItsLibrary) {
    EXPECT_STRNE(quickfix_version(), "");
}

TEST(SessionPort, BoundsAndCleansWhatItSays) {
    side initiator("initiator", "A", "B");
    initiator.connect();
    ASSERT_EQ(initiator.tick(), call_status::ok);
    static_cast<void>(initiator.receive_message("5", 1, "58=" + std::string(5000, 'x') + "|"));
    EXPECT_LE(text(initiator).size(), session_listener::event_bytes_max);
}

TEST(SessionPort, RefusesADictionaryThatIsNone) {
    session_spec spec = test::spec_of(test::settings_text("initiator", "A", "B"));
    spec.data_dictionary = std::string(MILLRACE_TEST_DICTIONARIES) + "/CMakeLists.txt";
    test::memory_store store;
    test::recording_listener listener(store);
    try {
        static_cast<void>(session_port::create(spec, store, listener));
        FAIL() << "a CMake file was taken for a dictionary";
    } catch (const settings_error& problem) {
        EXPECT_EQ(problem.file(), spec.data_dictionary);
    }
}

TEST(SessionPort, RunsWithoutADictionaryWhenToldTo) {
    side initiator("initiator", "A", "B", "UseDataDictionary=N");
    side acceptor("acceptor", "B", "A", "UseDataDictionary=N");
    log_on(initiator, acceptor);
    EXPECT_EQ(initiator.send("D", order_body), send_status::sent);
    pump(initiator, acceptor);
    EXPECT_EQ(acceptor.listener.apps_in, 1);
}

}  // namespace
}  // namespace millrace::gateway
