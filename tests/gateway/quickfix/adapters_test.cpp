// The order in which the library calls the store: the gateway's rules of numbers rest on it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/gateway/quickfix/port_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::log_on;
using test::order_body;
using test::pump;
using test::side;
using calls = std::vector<std::string>;

TEST(StoreAdapter, StoresBeforeItCountsAndCountsBeforeItSends) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    EXPECT_EQ(initiator.store.take_calls(),
              (calls{"admin_out(1,A)", "set(1,A)", "incr_next_sender", "wire(A,1)", "admin_in(1,A)",
                     "incr_next_target"}));
    EXPECT_EQ(acceptor.store.take_calls(),
              (calls{"admin_in(1,A)", "admin_out(1,A)", "set(1,A)", "incr_next_sender", "wire(A,1)",
                     "incr_next_target"}));
    EXPECT_EQ(initiator.send("D", order_body), send_status::sent);
    pump(initiator, acceptor);
    EXPECT_EQ(initiator.store.take_calls(),
              (calls{"app_out(2,D)", "set(2,D)", "incr_next_sender", "wire(D,2)"}));
    EXPECT_EQ(acceptor.store.take_calls(), (calls{"app_in(2,D)", "incr_next_target"}));
}

TEST(StoreAdapter, ReadsAndStoresNothingOnAResend) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    ASSERT_EQ(initiator.send("D", order_body), send_status::sent);
    pump(initiator, acceptor);
    static_cast<void>(initiator.store.take_calls());
    static_cast<void>(initiator.receive_message("2", 2, "7=1|16=0|"));
    EXPECT_EQ(initiator.store.take_calls(),
              (calls{"admin_in(2,2)", "get(1,2)", "app_out(2,D,dup)", "admin_out(1,4,dup)",
                     "wire(4,1)", "wire(D,2)", "incr_next_target"}));
}

TEST(StoreAdapter, ResetsTwiceWhenAnInitiatorResetsOnLogon) {
    side initiator("initiator", "A", "B", "ResetOnLogon=Y");
    initiator.connect();
    ASSERT_EQ(initiator.tick(), call_status::ok);
    EXPECT_EQ(initiator.store.take_calls(), (calls{"reset", "admin_out(1,A)", "reset", "set(1,A)",
                                                   "incr_next_sender", "wire(A,1)"}));
    EXPECT_EQ(test::field_of(initiator.wire.frames.at(0), 141), "Y");
}

TEST(StoreAdapter, ResetsTwiceWhenAnAcceptorIsAskedToAndResetsOnLogonItself) {
    side acceptor("acceptor", "B", "A", "ResetOnLogon=Y");
    acceptor.connect();
    EXPECT_EQ(acceptor.receive_message("A", 1, "98=0|108=30|141=Y|").status, receive_status::ok);
    EXPECT_EQ(acceptor.store.take_calls(),
              (calls{"reset", "reset", "admin_in(1,A)", "admin_out(1,A)", "set(1,A)",
                     "incr_next_sender", "wire(A,1)", "incr_next_target"}));
}

TEST(StoreAdapter, ResetsOnceForAPlainAcceptorThatIsAskedTo) {
    side acceptor("acceptor", "B", "A");
    acceptor.connect();
    EXPECT_EQ(acceptor.receive_message("A", 1, "98=0|108=30|141=Y|").status, receive_status::ok);
    EXPECT_EQ(acceptor.store.take_calls(),
              (calls{"reset", "admin_in(1,A)", "admin_out(1,A)", "set(1,A)", "incr_next_sender",
                     "wire(A,1)", "incr_next_target"}));
}

TEST(StoreAdapter, ResetsAfterTheLogoutOnResetOnLogout) {
    side initiator("initiator", "A", "B", "ResetOnLogout=Y");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    static_cast<void>(initiator.store.take_calls());
    static_cast<void>(initiator.receive_message("5", 2));
    EXPECT_EQ(initiator.store.take_calls(),
              (calls{"admin_in(2,5)", "admin_out(2,5)", "set(2,5)", "incr_next_sender", "wire(5,2)",
                     "incr_next_target", "reset", "disconnect"}));
}

TEST(StoreAdapter, NumbersALogoutBeforeAnOperatorsReset) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    static_cast<void>(initiator.store.take_calls());
    EXPECT_EQ(initiator.port->reset(), call_status::ok);
    EXPECT_EQ(initiator.store.take_calls(), (calls{"admin_out(2,5)", "set(2,5)", "incr_next_sender",
                                                   "wire(5,2)", "disconnect", "reset"}));
}

TEST(StoreAdapter, MovesTheNumberOnceForASequenceReset) {
    for (const char* fields : {"36=9|123=Y|", "36=9|"}) {
        side initiator("initiator", "A", "B");
        side acceptor("acceptor", "B", "A");
        log_on(initiator, acceptor);
        static_cast<void>(initiator.store.take_calls());
        static_cast<void>(initiator.receive_message("4", 2, fields));
        EXPECT_EQ(initiator.store.take_calls(), (calls{"admin_in(2,4)", "set_next_target(9)"}));
    }
}

TEST(StoreAdapter, HandsOutQueuedMessagesOnceTheGapIsFilled) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    static_cast<void>(initiator.store.take_calls());
    static_cast<void>(initiator.receive_message("D", 4, order_body));
    EXPECT_EQ(initiator.store.take_calls(),
              (calls{"admin_out(2,2)", "set(2,2)", "incr_next_sender", "wire(2,2)"}));
    static_cast<void>(
        initiator.receive_message("4", 2, "43=Y|122=" + test::sending_time() + "|36=4|123=Y|"));
    const calls after = initiator.store.take_calls();
    EXPECT_EQ(after, (calls{"admin_in(2,4,dup)", "set_next_target(4)", "app_in(4,D)",
                            "incr_next_target"}));
    EXPECT_EQ(initiator.store.target, 5U);
}

TEST(StoreAdapter, ForgetsHeldMessagesOnAReset) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    static_cast<void>(initiator.receive_message("0", 4));
    EXPECT_TRUE(initiator.port->state().resend_requested);
    // A reset in mid-session, asked for by the other side.
    static_cast<void>(initiator.receive_message("A", 1, "98=0|108=30|141=Y|"));
    EXPECT_FALSE(initiator.port->state().resend_requested);
    EXPECT_EQ(initiator.store.target, 2U);
    static_cast<void>(initiator.receive_message("0", 2));
    static_cast<void>(initiator.receive_message("0", 3));
    EXPECT_EQ(initiator.store.target, 4U);  // not 5: the held 4 belonged to the old numbers
}

// The library would fill such a gap from the request's first number on, over messages just sent.
TEST(StoreAdapter, FillsTheGapOfALastNumberThatHasNoMessageFromThatNumberOn) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    EXPECT_EQ(initiator.send("D", order_body), send_status::sent);
    initiator.store.sender = 5;  // 3 and 4 were used without a message
    EXPECT_EQ(initiator.send("D", order_body), send_status::sent);
    initiator.wire.frames.clear();
    static_cast<void>(initiator.receive_message("2", 2, "7=2|16=4|"));
    ASSERT_EQ(initiator.wire.frames.size(), 2U);
    EXPECT_EQ(test::field_of(initiator.wire.frames[0], 34), "2");
    EXPECT_EQ(test::field_of(initiator.wire.frames[1], 35), "4");
    EXPECT_EQ(test::field_of(initiator.wire.frames[1], 34), "3");
    EXPECT_EQ(test::field_of(initiator.wire.frames[1], 36), "5");
}

TEST(StoreAdapter, SendsNothingThatTheStoreRefused) {
    side initiator("initiator", "A", "B");
    side acceptor("acceptor", "B", "A");
    log_on(initiator, acceptor);
    initiator.store.is_refusing = true;
    static_cast<void>(initiator.store.take_calls());
    EXPECT_EQ(initiator.send("D", order_body), send_status::store_failed);
    EXPECT_EQ(initiator.store.take_calls(), (calls{"app_out(2,D)", "set(2,D)"}));
    EXPECT_NE(std::string(initiator.port->last_text()).find("refused"), std::string::npos);
    EXPECT_EQ(initiator.store.sender, 2U);
    // A heartbeat that cannot be stored is not sent either.
    static_cast<void>(initiator.receive_message("1", 2, "112=T|"));
    EXPECT_TRUE(initiator.wire.frames.empty());
}

TEST(StoreAdapter, LeavesAStoreAloneWhileTheSessionIsMade) {
    test::memory_store store;
    test::recording_listener listener(store);
    store.sender = 7;
    store.is_refusing = true;
    const session_spec spec = test::spec_of(
        test::settings_text("initiator", "A", "B", "StartTime=09:00:00\nEndTime=09:00:01"));
    EXPECT_NO_THROW(static_cast<void>(session_port::create(spec, store, listener)));
    EXPECT_EQ(store.take_calls(), calls{});
    EXPECT_EQ(store.sender, 7U);
}

}  // namespace
}  // namespace millrace::gateway
