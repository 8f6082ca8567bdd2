// The ledger between the real logs and a library that is played by the test.
#include "gateway/session/session_ledger.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/gateway/session/log_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::logged_row;
using test::received_frame;
using test::sent_frame;
using test::session_name;

class SessionLedger : public testing::Test {
protected:
    // The port gives the ledger its screen and takes the wish to clear its queue; it never runs.
    SessionLedger() : beside("acceptor", "LEDGERA", "LEDGERB") { open(); }

    void open() {
        ledger.reset();
        test::open_logs& logs = files.open();
        ledger = std::make_unique<session_ledger>(session_name, logs.out, logs.in,
                                                  logs.correlations, options);
        logs.out.table().start();
        logs.in.table().start();
        ledger->set_port(beside.port.get());
    }
    void crash() {
        ledger.reset();
        files.crash();
        open();
    }

    // One frame arrives; during() is what the library asks of its store while it looks at it.
    template <typename During>
    bool show(const std::string& bytes, During during) {
        const std::string copy = bytes;  // gone afterwards, as the receive buffer is
        const screened_frame frame =
            screen_frame(copy.data(), copy.size(), beside.port->data_fields(), {});
        EXPECT_TRUE(frame.is_passed()) << to_text(frame.reason());
        ledger->begin_frame(frame, ++received_ns);
        during();
        return ledger->end_frame();
    }
    bool show(const std::string& bytes) {
        return show(bytes, [] {});
    }
    // The library has looked at the message of the expected number and takes it.
    void take(bool is_application = true) {
        ledger->note_incoming(ledger->next_target(), is_application);
        EXPECT_TRUE(ledger->incr_next_target());
    }
    // The library has looked at the SequenceReset of this number and follows it.
    void follow(std::uint32_t number, std::uint32_t new_number) {
        ledger->note_incoming({number}, false);
        EXPECT_TRUE(ledger->set_next_target({new_number}));
    }
    // The frame whose turn it is now is shown again, and taken.
    bool take_next_held(bool is_application = true) {
        const held_frame* const held = ledger->take_held();
        if (held == nullptr) {
            return false;
        }
        ledger->begin_frame(held->screened, held->received_ns);
        take(is_application);
        return ledger->end_frame();
    }
    void receive_order(std::uint32_t number) {
        EXPECT_TRUE(show(order(number), [&] { take(); }));
    }
    bool send(std::string_view type, const std::string& fields = "") {
        const msg_seq_num number = ledger->next_sender();
        const std::string frame = sent_frame(type, number.value, fields);
        return ledger->set(number, frame.data(), frame.size()) && ledger->incr_next_sender();
    }

    static std::string order(std::uint32_t number) {
        return received_frame("D", number, "11=B" + std::to_string(number) + "|55=ABC|");
    }
    [[nodiscard]] std::vector<std::string> in_texts() const {
        return test::texts_of(files.in_rows());
    }
    [[nodiscard]] std::vector<std::string> out_texts() const {
        return test::texts_of(files.out_rows());
    }

    test::side beside;
    test::logs_in_directory files;
    ledger_options options;
    std::unique_ptr<session_ledger> ledger;
    std::int64_t received_ns = 1'000'000'000;
};

TEST_F(SessionLedger, MovesTheExpectedNumberWithTheFrameThatHasIt) {
    EXPECT_TRUE(show(received_frame("A", 1, "98=0|108=30|"), [&] { take(false); }));
    receive_order(2);
    EXPECT_TRUE(show(order(3), [&] { EXPECT_TRUE(ledger->incr_next_target()); }));  // refused
    EXPECT_EQ(ledger->next_target(), msg_seq_num{4});
    EXPECT_EQ(in_texts(),
              (std::vector<std::string>{"admin A 1", "application D 2 B2", "rejected D 3 B3"}));
    const logged_row row = files.in_rows().at(1);
    EXPECT_EQ(row.wire, order(2));
    EXPECT_EQ(row.next_target, 3U);
    EXPECT_EQ(row.next_sender, 1U);
    EXPECT_EQ(row.generation, 1U);
}

TEST_F(SessionLedger, IgnoresAnIncrementThatNoFrameOfThatNumberStandsBehind) {
    receive_order(1);
    for (const char* type : {"5", "3", "2"}) {  // acted upon at once by the library, and not held
        const std::string fields = std::string(type) == "2" ? "7=1|16=0|" : "45=1|58=x|";
        EXPECT_TRUE(show(received_frame(type, 9, fields),
                         [&] { EXPECT_TRUE(ledger->incr_next_target()); }));
    }
    EXPECT_TRUE(ledger->incr_next_target());  // outside of any frame
    EXPECT_EQ(ledger->counters.ignored_increments.value(), 4U);
    EXPECT_EQ(ledger->next_target(), msg_seq_num{2});
    EXPECT_EQ(ledger->held_count(), 0U);
    EXPECT_EQ(in_texts(), std::vector<std::string>{"application D 1 B1"});
    receive_order(2);  // the one that was missing can still come
    EXPECT_EQ(ledger->next_target(), msg_seq_num{3});
}

TEST_F(SessionLedger, KeepsFramesThatCameTooEarlyWithTheirOwnBytes) {
    EXPECT_TRUE(show(received_frame("0", 3, "")));
    EXPECT_TRUE(show(received_frame("1", 4, "112=PING|")));
    EXPECT_TRUE(show(order(6)));
    EXPECT_TRUE(show(order(3)));  // the newest of a number counts
    EXPECT_EQ(ledger->held_count(), 3U);
    EXPECT_EQ(ledger->counters.held_frames.value(), 3U);
    EXPECT_EQ(ledger->counters.held_bytes.value(),
              received_frame("1", 4, "112=PING|").size() + 2 * order(6).size());
    EXPECT_TRUE(in_texts().empty());
    EXPECT_FALSE(take_next_held());  // 1 has not come
    receive_order(1);
    EXPECT_FALSE(take_next_held());
    receive_order(2);
    EXPECT_TRUE(take_next_held());       // 3
    EXPECT_TRUE(take_next_held(false));  // 4
    EXPECT_FALSE(take_next_held());      // 5 is not here
    EXPECT_EQ(ledger->held_count(), 1U);
    receive_order(5);
    EXPECT_TRUE(take_next_held());
    EXPECT_EQ(ledger->held_count(), 0U);
    EXPECT_EQ(ledger->counters.held_bytes.value(), 0U);
    EXPECT_EQ(ledger->next_target(), msg_seq_num{7});
    const std::vector<logged_row> rows = files.in_rows();
    EXPECT_EQ(
        test::texts_of(rows),
        (std::vector<std::string>{"application D 1 B1", "application D 2 B2", "application D 3 B3",
                                  "admin 1 4", "application D 5 B5", "application D 6 B6"}));
    EXPECT_EQ(rows.at(2).wire, order(3));
    EXPECT_EQ(rows.at(3).wire, received_frame("1", 4, "112=PING|"));
    for (const logged_row& row : rows) {
        EXPECT_EQ(row.next_target, row.number + 1);
    }
}

TEST_F(SessionLedger, UsesTheNumberOfAnEarlyLogonThatWasAnsweredWhenItCame) {
    EXPECT_TRUE(show(received_frame("A", 2, "98=0|108=30|")));
    EXPECT_TRUE(show(order(3)));
    receive_order(1);
    const held_frame* const logon = ledger->take_held();
    ASSERT_NE(logon, nullptr);
    EXPECT_TRUE(logon->screened.is_msg_type('A'));
    EXPECT_TRUE(ledger->use_number_of(*logon));
    const held_frame* const refused = ledger->take_held();
    ASSERT_NE(refused, nullptr);
    ledger->begin_frame(refused->screened, refused->received_ns);
    EXPECT_TRUE(ledger->incr_next_target());  // shown to nobody
    EXPECT_TRUE(ledger->end_frame());
    EXPECT_EQ(in_texts(),
              (std::vector<std::string>{"application D 1 B1", "admin A 2", "rejected D 3 B3"}));
}

// The session has answered it already, and did not ask for what is missing because of it.
TEST_F(SessionLedger, DoesNotHoldAnEarlyFrameThatWasRejected) {
    EXPECT_TRUE(show(order(3), [&] { EXPECT_TRUE(send("3", "45=3|58=x|")); }));
    EXPECT_EQ(ledger->held_count(), 0U);
    EXPECT_TRUE(show(order(4)));
    EXPECT_EQ(ledger->held_count(), 1U);
}

TEST_F(SessionLedger, RefusesToHoldMoreThanItsLimits) {
    options.held_frames_max = 2;
    open();
    EXPECT_TRUE(show(order(5)));
    EXPECT_TRUE(show(order(6)));
    EXPECT_FALSE(show(order(7)));
    EXPECT_TRUE(show(order(6)));  // this one has its place already
    EXPECT_EQ(ledger->held_count(), 2U);
    ledger->connection_ended();
    EXPECT_EQ(ledger->held_count(), 0U);
    EXPECT_EQ(ledger->counters.held_frames.value(), 0U);
    EXPECT_TRUE(show(order(7)));

    options.held_frames_max = 100;
    options.held_bytes_max = order(5).size() * 2 + 1;
    open();
    EXPECT_TRUE(show(order(5)));
    EXPECT_TRUE(show(order(6)));
    EXPECT_TRUE(show(order(6)));
    EXPECT_FALSE(show(order(7)));
    // What was taken in its turn makes room again.
    EXPECT_TRUE(show(received_frame("4", 1, "123=Y|36=6|"), [&] { follow(1, 6); }));
    EXPECT_EQ(ledger->held_count(), 1U);
    EXPECT_TRUE(show(order(7)));
    EXPECT_FALSE(show(order(8)));
}

TEST_F(SessionLedger, LetsGoOfAHeldFrameWhoseNumberAnotherFrameTook) {
    EXPECT_TRUE(show(order(2)));
    receive_order(1);
    receive_order(2);  // sent again before the library looked into its queue
    EXPECT_EQ(ledger->held_count(), 0U);
    EXPECT_EQ(in_texts(), (std::vector<std::string>{"application D 1 B1", "application D 2 B2"}));
}

TEST_F(SessionLedger, NotesDuplicates) {
    receive_order(1);
    receive_order(2);
    EXPECT_TRUE(show(order(1)));
    EXPECT_EQ(ledger->counters.duplicates.value(), 1U);
    EXPECT_EQ(ledger->next_target(), msg_seq_num{3});
    const std::vector<logged_row> rows = files.in_rows();
    EXPECT_EQ(rows.back().text(), "duplicate D 1 B1");
    EXPECT_EQ(rows.back().next_target, 3U);
}

TEST_F(SessionLedger, KeepsGarbledFramesAsTheyCame) {
    receive_order(1);
    const std::string broken = order(2).substr(0, 60);
    const screened_frame frame =
        screen_frame(broken.data(), broken.size(), beside.port->data_fields(), {});
    ASSERT_FALSE(frame.is_passed());
    ledger->keep_garbled(frame, 5);
    EXPECT_EQ(files.in_rows().back().kind, "garbled");
    EXPECT_EQ(files.in_rows().back().wire, broken);
    EXPECT_EQ(files.in_rows().back().next_target, 2U);
    EXPECT_EQ(ledger->next_target(), msg_seq_num{2});
    open();
    EXPECT_EQ(ledger->next_target(), msg_seq_num{2});
}

TEST_F(SessionLedger, FollowsASequenceResetOfEitherKind) {
    receive_order(1);
    EXPECT_TRUE(show(order(4)));
    EXPECT_TRUE(show(order(8)));
    // A gap fill takes its own number's turn.
    EXPECT_TRUE(show(received_frame("4", 2, "123=Y|36=7|"), [&] { follow(2, 7); }));
    EXPECT_EQ(ledger->next_target(), msg_seq_num{7});
    EXPECT_EQ(ledger->held_count(), 1U);  // 4 lies below now
    // A reset may carry any number.
    EXPECT_TRUE(show(received_frame("4", 1, "36=20|"), [&] { follow(1, 20); }));
    EXPECT_EQ(ledger->held_count(), 0U);
    EXPECT_EQ(ledger->counters.duplicates.value(), 0U);
    const std::vector<logged_row> rows = files.in_rows();
    EXPECT_EQ(test::texts_of(rows),
              (std::vector<std::string>{"application D 1 B1", "admin 4 2", "admin 4 1"}));
    EXPECT_EQ(rows.at(1).next_target, 7U);
    EXPECT_EQ(rows.at(2).next_target, 20U);
    EXPECT_EQ(rows.at(2).wire, received_frame("4", 1, "36=20|"));
    open();
    EXPECT_EQ(ledger->next_target(), msg_seq_num{20});
}

TEST_F(SessionLedger, TakesTheHeldFrameAfterASequenceResetToItsOwnNumber) {
    receive_order(1);
    EXPECT_TRUE(show(order(9)));
    EXPECT_TRUE(show(received_frame("4", 9, "36=9|"), [&] { follow(9, 9); }));
    EXPECT_TRUE(take_next_held());
    EXPECT_EQ(ledger->next_target(), msg_seq_num{10});
    EXPECT_EQ(in_texts(),
              (std::vector<std::string>{"application D 1 B1", "admin 4 9", "application D 9 B9"}));
}

TEST_F(SessionLedger, KeepsAGapFillThatCameTooEarlyForItsTurn) {
    receive_order(1);
    EXPECT_TRUE(show(received_frame("4", 4, "123=Y|36=8|")));
    EXPECT_TRUE(show(received_frame("4", 9, "123=N|36=5|")));  // a reset is never queued
    EXPECT_EQ(ledger->held_count(), 1U);
    EXPECT_TRUE(show(order(8)));
    // One gap fill leads to the other, and that to an order.
    EXPECT_TRUE(show(received_frame("4", 2, "123=Y|36=4|"), [&] { follow(2, 4); }));
    const held_frame* const fill = ledger->take_held();
    ASSERT_NE(fill, nullptr);
    ledger->begin_frame(fill->screened, fill->received_ns);
    follow(4, 8);
    EXPECT_TRUE(ledger->end_frame());
    EXPECT_TRUE(take_next_held());
    EXPECT_EQ(ledger->held_count(), 0U);
    EXPECT_EQ(ledger->next_target(), msg_seq_num{9});
    const std::vector<logged_row> rows = files.in_rows();
    EXPECT_EQ(test::texts_of(rows), (std::vector<std::string>{"application D 1 B1", "admin 4 2",
                                                              "admin 4 4", "application D 8 B8"}));
    EXPECT_EQ(rows.at(1).next_target, 4U);
    EXPECT_EQ(rows.at(2).next_target, 8U);
    EXPECT_EQ(rows.at(2).wire, received_frame("4", 4, "123=Y|36=8|"));
}

// However the library came to it, the bytes that moved the number are kept.
TEST_F(SessionLedger, KeepsTheBytesOfASequenceResetNobodyWasShown) {
    receive_order(1);
    EXPECT_TRUE(
        show(received_frame("4", 2, "36=5|"), [&] { EXPECT_TRUE(ledger->set_next_target({5})); }));
    EXPECT_EQ(files.in_rows().back().text(), "admin 4 2");
    EXPECT_EQ(files.in_rows().back().wire, received_frame("4", 2, "36=5|"));
}

TEST_F(SessionLedger, KnowsWhatProvesThatThePeerHasEverything) {
    EXPECT_FALSE(ledger->has_unproven());
    EXPECT_TRUE(send("A", "98=0|108=30|"));
    EXPECT_FALSE(ledger->has_unproven());
    EXPECT_TRUE(send("D", "11=A1|"));
    EXPECT_TRUE(ledger->has_unproven());
    const std::string id = ledger->await_proof();
    EXPECT_TRUE(send("1", "112=" + id + "|"));
    const auto heartbeat = [&](std::uint32_t number, const std::string& answered) {
        return show(received_frame("0", number, "112=" + answered + "|"), [&] { take(false); });
    };
    EXPECT_TRUE(heartbeat(1, id + "2"));
    EXPECT_TRUE(heartbeat(2, id.substr(0, id.size() - 1)));
    EXPECT_TRUE(ledger->has_unproven());
    EXPECT_TRUE(send("D", "11=A2|"));  // behind the question: its answer says nothing of this one
    EXPECT_TRUE(heartbeat(3, id));
    EXPECT_EQ(ledger->proven_below(), msg_seq_num{3});
    EXPECT_TRUE(ledger->has_unproven());
    const std::string next_id = ledger->await_proof();
    EXPECT_TRUE(heartbeat(4, id)) << "the answer of before, once more";
    EXPECT_TRUE(ledger->has_unproven());
    ledger->forget_question();
    EXPECT_TRUE(heartbeat(5, next_id)) << "the peer lacked messages when it was asked";
    EXPECT_TRUE(ledger->has_unproven());
    const std::string last_id = ledger->await_proof();
    ledger->connection_ended();  // an answer on another connection would be another question's
    EXPECT_TRUE(heartbeat(6, last_id));
    EXPECT_TRUE(ledger->has_unproven());
    crash();
    EXPECT_TRUE(ledger->has_unproven());
    EXPECT_TRUE(ledger->reset());
    EXPECT_FALSE(ledger->has_unproven());
    EXPECT_EQ(ledger->counters.unproven_resets.value(), 1U);
}

// What lies before it in number was said on an earlier connection, and is asked for again.
TEST_F(SessionLedger, TakesAnAnswerBeforeItsTurnForProof) {
    EXPECT_TRUE(send("D", "11=A1|"));
    const std::string id = ledger->await_proof();
    EXPECT_TRUE(show(received_frame("0", 5, "112=" + id + "2|"), [] {}));
    EXPECT_TRUE(ledger->has_unproven());
    EXPECT_TRUE(show(received_frame("0", 6, "112=" + id + "|"), [] {}));
    EXPECT_FALSE(ledger->has_unproven());
    EXPECT_EQ(ledger->held_count(), 2U);
}

TEST_F(SessionLedger, TakesTheAnswerToItsLogoutForProofAndNotThePeersOwn) {
    received_ns = engine::utc_now().ns;
    EXPECT_TRUE(send("D", "11=A1|"));
    EXPECT_TRUE(show(received_frame("5", 1, ""), [&] {  // the peer began; we answer
        ledger->note_incoming({1}, false);
        EXPECT_TRUE(send("5"));
        EXPECT_TRUE(ledger->incr_next_target());
    }));
    EXPECT_TRUE(ledger->has_unproven());
    crash();
    EXPECT_TRUE(ledger->has_unproven());
    EXPECT_TRUE(send("5"));
    received_ns = engine::utc_now().ns;
    EXPECT_TRUE(show(received_frame("5", 2, ""), [&] { take(false); }));
    EXPECT_FALSE(ledger->has_unproven());
    crash();
    EXPECT_FALSE(ledger->has_unproven());
    EXPECT_TRUE(send("D", "11=A2|"));
    EXPECT_TRUE(ledger->has_unproven());
}

TEST_F(SessionLedger, NotesANumberThatAnOperatorMoved) {
    EXPECT_TRUE(ledger->set_next_target({40}));
    EXPECT_TRUE(ledger->set_next_sender({30}));
    EXPECT_EQ(in_texts(), std::vector<std::string>{"set 0"});
    EXPECT_EQ(out_texts(), (std::vector<std::string>{"reset 0", "set 0"}));
    EXPECT_EQ(files.out_rows().back().next_sender, 30U);
    crash();
    EXPECT_EQ(ledger->next_target(), msg_seq_num{40});
    EXPECT_EQ(ledger->next_sender(), msg_seq_num{30});
}

TEST_F(SessionLedger, UsesANumberOnceWhetherOrNotItsMessageWasStored) {
    EXPECT_TRUE(send("A", "98=0|108=30|"));
    EXPECT_EQ(ledger->next_sender(), msg_seq_num{2});
    EXPECT_TRUE(ledger->incr_next_sender());  // of a message that is not to be persisted
    EXPECT_EQ(ledger->next_sender(), msg_seq_num{3});
    EXPECT_TRUE(send("D", "11=A3|"));
    EXPECT_EQ(out_texts(),
              (std::vector<std::string>{"reset 0", "admin A 1", "set 0", "application D 3 A3"}));
    test::collecting_sink sink;
    EXPECT_TRUE(ledger->get({1}, {3}, sink));
    EXPECT_EQ(sink.numbers(), (std::vector<std::uint32_t>{1, 3}));
    crash();
    EXPECT_EQ(ledger->next_sender(), msg_seq_num{4});
}

TEST_F(SessionLedger, GivesARouteItsOriginWithTheMessageThatCameByIt) {
    outbound_header cause;
    cause.origin = {engine::route_id("orders"), {{1}}, 12};
    cause.correlation = {3, 4};
    ledger->begin_send(cause, gate_level::committed);
    EXPECT_TRUE(send("D", "11=A1|"));
    ledger->end_send();
    EXPECT_TRUE(send("0"));
    const std::vector<logged_row> rows = files.out_rows();
    EXPECT_EQ(rows.at(1).envelope.origin.sequence, 12U);
    EXPECT_FALSE(rows.at(2).envelope.has_origin());
    // Its report finds what it began with, by 11 or by 41.
    EXPECT_TRUE(show(received_frame("8", 1, "11=A1|"), [&] { take(); }));
    EXPECT_TRUE(show(received_frame("8", 2, "11=C1|41=A1|"), [&] { take(); }));
    EXPECT_EQ(files.in_rows().at(0).envelope.correlation, (engine::correlation{3, 4}));
    EXPECT_EQ(files.in_rows().at(1).envelope.correlation, (engine::correlation{3, 4}));
}

TEST_F(SessionLedger, CoalescesResetsUntilSomethingIsNumbered) {
    EXPECT_TRUE(ledger->reset());  // nothing was numbered in the first generation
    EXPECT_EQ(ledger->generation(), 1U);
    EXPECT_TRUE(send("A"));
    EXPECT_TRUE(ledger->reset());
    EXPECT_TRUE(ledger->reset());
    EXPECT_EQ(ledger->generation(), 2U);
    EXPECT_EQ(ledger->next_sender(), msg_seq_num{1});
    receive_order(1);  // a received number counts as well
    EXPECT_TRUE(ledger->reset());
    EXPECT_EQ(ledger->generation(), 3U);
    EXPECT_EQ(ledger->next_target(), msg_seq_num{1});
    EXPECT_TRUE(ledger->set_next_sender({5}));
    EXPECT_TRUE(ledger->reset());
    EXPECT_EQ(ledger->generation(), 4U);
    EXPECT_EQ(out_texts(), (std::vector<std::string>{"reset 0", "admin A 1", "reset 0", "reset 0",
                                                     "set 0", "reset 0"}));
    crash();
    EXPECT_EQ(ledger->generation(), 4U);
    EXPECT_TRUE(ledger->reset());  // as a session that resets on logon does after its restart
    EXPECT_EQ(ledger->generation(), 4U);
}

TEST_F(SessionLedger, IsCreatedAnewByAResetThatAddsNoRow) {
    session_numbers& numbers = files.logs->out.open_session(session_name);
    numbers.creation_time.ns -= 24 * 3600 * std::int64_t{1'000'000'000};
    const engine::timestamp began{engine::utc_now().ns - 5};
    EXPECT_TRUE(ledger->reset_at(began));
    EXPECT_EQ(ledger->creation_time_ns(), began.ns);
    EXPECT_EQ(out_texts(), std::vector<std::string>{"reset 0"});
    EXPECT_TRUE(send("A"));
    const std::int64_t created_ns = ledger->creation_time_ns();
    crash();
    EXPECT_EQ(ledger->creation_time_ns(), created_ns);
}

TEST_F(SessionLedger, KeepsWhenTheNumbersBegan) {
    EXPECT_TRUE(send("A"));
    const engine::timestamp began{1'772'355'600'000'000'000};
    EXPECT_TRUE(ledger->reset_at(began));
    EXPECT_EQ(files.out_rows().back().creation_ns, began.ns);
    crash();
    EXPECT_EQ(ledger->creation_time_ns(), began.ns);
    EXPECT_EQ(ledger->generation(), 2U);
}

TEST_F(SessionLedger, CountsTheLogonThatResetTheNumbersInTheNewGeneration) {
    EXPECT_TRUE(send("A"));
    for (std::uint32_t number = 1; number <= 5; ++number) {
        receive_order(number);
    }
    EXPECT_TRUE(show(order(9)));
    EXPECT_TRUE(show(received_frame("A", 1, "98=0|108=30|141=Y|"), [&] {
        EXPECT_TRUE(ledger->reset());
        EXPECT_EQ(ledger->held_count(), 0U);
        ledger->note_incoming({1}, false);
        EXPECT_TRUE(send("A", "98=0|108=30|141=Y|"));
        EXPECT_TRUE(ledger->incr_next_target());
    }));
    EXPECT_EQ(ledger->counters.duplicates.value(), 0U);
    EXPECT_EQ(ledger->next_sender(), msg_seq_num{2});
    EXPECT_EQ(ledger->next_target(), msg_seq_num{2});
    EXPECT_EQ(files.in_rows().back().text(), "admin A 1");
    EXPECT_EQ(files.in_rows().back().generation, 2U);
    EXPECT_EQ(files.out_rows().back().generation, 2U);
    crash();
    EXPECT_EQ(ledger->generation(), 2U);
    EXPECT_EQ(ledger->next_sender(), msg_seq_num{2});
    EXPECT_EQ(ledger->next_target(), msg_seq_num{2});
}

TEST_F(SessionLedger, DoesNotBelieveWhatFixInSaysOfAnOlderGeneration) {
    EXPECT_TRUE(send("A"));
    receive_order(1);
    receive_order(2);
    EXPECT_TRUE(ledger->reset());
    crash();  // between the reset and the next record
    EXPECT_EQ(ledger->generation(), 2U);
    EXPECT_EQ(ledger->next_sender(), msg_seq_num{1});
    EXPECT_EQ(ledger->next_target(), msg_seq_num{1});
    EXPECT_EQ(files.in_rows().back().generation, 1U);
    receive_order(1);
    EXPECT_EQ(files.in_rows().back().generation, 2U);
}

TEST_F(SessionLedger, TakesTheHigherGenerationWhereFixOutLostItsTail) {
    EXPECT_TRUE(send("A"));
    const std::filesystem::path out = files.directory / files.current.c_str() / "FIX_OUT";
    std::filesystem::copy(out, files.directory / "kept");
    EXPECT_TRUE(ledger->reset());
    receive_order(1);
    receive_order(2);
    ledger.reset();
    files.logs.reset();
    std::filesystem::remove_all(out);
    std::filesystem::copy(files.directory / "kept", out);
    open();
    EXPECT_EQ(ledger->generation(), 2U);
    EXPECT_EQ(ledger->next_sender(), msg_seq_num{1});
    EXPECT_EQ(ledger->next_target(), msg_seq_num{3});
    EXPECT_EQ(out_texts(), (std::vector<std::string>{"reset 0", "admin A 1", "reset 0"}));
    crash();
    EXPECT_EQ(ledger->generation(), 2U);
    EXPECT_EQ(ledger->next_target(), msg_seq_num{3});
}

TEST_F(SessionLedger, GoesOnWithItsNumbersOverManySegments) {
    for (std::uint32_t number = 1; number <= 400; ++number) {
        ASSERT_TRUE(send("D", "11=A" + std::to_string(number) + "|"));
        receive_order(number);
    }
    EXPECT_GT(engine::list_segments(files.logs->out.table().log().directory()).size(), 3U);
    EXPECT_GT(engine::list_segments(files.logs->in.table().log().directory()).size(), 3U);
    const std::int64_t created_ns = ledger->creation_time_ns();
    crash();
    EXPECT_EQ(ledger->next_sender(), msg_seq_num{401});
    EXPECT_EQ(ledger->next_target(), msg_seq_num{401});
    EXPECT_EQ(ledger->creation_time_ns(), created_ns);
    test::collecting_sink sink;
    EXPECT_TRUE(ledger->get({2}, {399}, sink));
    EXPECT_EQ(sink.numbers().size(), 398U);
    EXPECT_EQ(sink.numbers().front(), 2U);
    EXPECT_EQ(sink.numbers().back(), 399U);
}

TEST_F(SessionLedger, MovesNothingThatALogRefused) {
    EXPECT_TRUE(send("A"));
    receive_order(1);
    const std::string long_text = "58=" + std::string(9000, 'x') + "|";  // more than a record holds
    EXPECT_FALSE(send("D", long_text));
    EXPECT_EQ(ledger->next_sender(), msg_seq_num{2});
    EXPECT_TRUE(show(received_frame("D", 2, long_text), [&] {
        ledger->note_incoming({2}, true);
        EXPECT_FALSE(ledger->incr_next_target());
    }));
    EXPECT_EQ(ledger->next_target(), msg_seq_num{2});
    EXPECT_FALSE(show(received_frame("D", 1, "43=Y|" + long_text)));  // a duplicate nobody kept
    EXPECT_EQ(ledger->counters.refused_appends.value(), 3U);
    EXPECT_TRUE(send("D", "11=A2|"));
    receive_order(2);
    crash();
    EXPECT_EQ(ledger->next_sender(), msg_seq_num{3});
    EXPECT_EQ(ledger->next_target(), msg_seq_num{3});
}

}  // namespace
}  // namespace millrace::gateway
