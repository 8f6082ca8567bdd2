// What is sent again, what is filled instead, and what a session refuses to answer.
#include "gateway/session/resend_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/gateway/session/peer_session.hpp"

namespace millrace::gateway {
namespace {

TEST(ResendRules, SendEverythingAgainUnlessAnAgeIsSetForItsType) {
    resend_rules rules;
    EXPECT_FALSE(rules.is_too_old("D", INT64_MAX));
    rules.ages = {{"D", 5}};
    EXPECT_FALSE(rules.is_too_old("D", 5));
    EXPECT_TRUE(rules.is_too_old("D", 6));
    EXPECT_FALSE(rules.is_too_old("F", INT64_MAX));
    rules.ages = {{"*", 10}, {"D", 5}};
    EXPECT_TRUE(rules.is_too_old("D", 6));
    EXPECT_FALSE(rules.is_too_old("F", 10));
    EXPECT_TRUE(rules.is_too_old("F", 11));
    rules.ages = {{"D", 20}, {"*", 10}};
    EXPECT_FALSE(rules.is_too_old("D", 15));
}

TEST(ResendLimit, CountsEqualRequestsOfAWindow) {
    resend_limit limit(2, 100);
    EXPECT_TRUE(limit.take({5}, 0, 1000));
    EXPECT_TRUE(limit.take({5}, 0, 1001));
    EXPECT_FALSE(limit.is_first_refused());
    EXPECT_FALSE(limit.take({5}, 0, 1002));
    EXPECT_TRUE(limit.is_first_refused());
    EXPECT_FALSE(limit.take({5}, 0, 1099));
    EXPECT_FALSE(limit.is_first_refused());
    EXPECT_TRUE(limit.take({5}, 0, 1100));  // a window later
    EXPECT_TRUE(limit.take({5}, 7, 1101));  // another request
    EXPECT_TRUE(limit.take({6}, 7, 1102));
    EXPECT_TRUE(limit.take({6}, 7, 1103));
    EXPECT_FALSE(limit.take({6}, 7, 1104));
    limit.connection_ended();
    EXPECT_TRUE(limit.take({6}, 7, 1105));
}

TEST(ResendLimit, KnowsRangesThatComeInTurnApart) {
    resend_limit limit(2, 1000);
    auto take = [&, now = 0](std::uint32_t begin) mutable {
        return limit.take({begin}, 0, ++now);
    };
    EXPECT_TRUE(take(5) && take(6) && take(5) && take(6));
    EXPECT_FALSE(take(5) || take(6) || take(5));
    // So many others later it has forgotten the one that was asked for least recently.
    for (std::uint32_t other = 10; other < 10 + resend_limit::ranges_max - 1; ++other) {
        EXPECT_TRUE(take(other));
    }
    EXPECT_FALSE(take(5));
    EXPECT_TRUE(take(6));
}

class SessionResend : public test::AcceptorSession {
protected:
    // "D 2", "D 2 dup", "4 2 to 5" ...: what the peer has got since the last call, in order.
    [[nodiscard]] std::vector<std::string> heard() {
        std::vector<std::string> all;
        for (const std::string& frame : peer.frames) {
            std::string text = test::field_of(frame, 35) + " " + test::field_of(frame, 34);
            if (test::field_of(frame, 35) == "4") {
                text += " to " + test::field_of(frame, 36);
            } else if (test::field_of(frame, 43) == "Y") {
                text += " dup";
            }
            all.push_back(text);
        }
        peer.frames.clear();
        return all;
    }
    // All that the session has to say is on its way once it answers this.
    void meet(std::uint32_t number) {
        peer.say("1", number, "112=MEET" + std::to_string(number) + "|");
        ASSERT_TRUE(run_until([&] {
            return std::any_of(peer.frames.begin(), peer.frames.end(), [&](const auto& frame) {
                return test::field_of(frame, 112) == "MEET" + std::to_string(number);
            });
        })) << agent->last_said(10);
        EXPECT_EQ(test::field_of(peer.frames.back(), 112), "MEET" + std::to_string(number));
        peer.frames.pop_back();
    }
    void put_orders() {
        orders.put(1, "A1");
        orders.put_body(2, test::with_soh("11=C1|41=A1|54=1|55=MSFT|60=20260101-00:00:00|"),
                        test::utc_now_ns(), 'F');
        orders.put(3, "A2");
        ASSERT_TRUE(run_until([&] { return peer.frames.size() == 4; })) << agent->last_said(10);
        peer.frames.clear();
    }
    [[nodiscard]] std::vector<test::logged_row> rows_of(std::string_view kind) {
        std::vector<test::logged_row> rows = out_rows();
        std::erase_if(rows, [&](const auto& row) { return row.kind != kind; });
        return rows;
    }
    [[nodiscard]] std::vector<std::string> in_texts() { return test::texts_of(in_rows()); }
};

TEST_F(SessionResend, NotesEachMessageThatGoesOutAgain) {
    open();
    log_on(1);
    put_orders();
    peer.say("2", 2, "7=3|16=4|");
    meet(3);
    EXPECT_EQ(heard(), (std::vector<std::string>{"F 3 dup", "D 4 dup"}));
    const std::vector<test::logged_row> rows = rows_of(kind::resent);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].text(), "resent F 0 C1");
    EXPECT_EQ(rows[0].ref_number, 3U);
    EXPECT_EQ(test::field_of(rows[0].wire, 34), "3");
    EXPECT_EQ(test::field_of(rows[0].wire, 43), "Y");
    EXPECT_EQ(rows[0].envelope.correlation, (engine::correlation{77, 2}));
    EXPECT_FALSE(rows[0].envelope.has_origin());
    EXPECT_EQ(rows[1].text(), "resent D 0 A2");
    EXPECT_EQ(rows[1].ref_number, 4U);

    // It moved no number, then and after a restart.
    const msg_seq_num next = agent->session().ledger().next_sender();
    agent.reset();
    open();
    EXPECT_EQ(agent->session().ledger().next_sender(), next);
    EXPECT_EQ(agent->inner.highest_origin("orders"), engine::sequence{3});
    log_on(4);
    peer.say("2", 5, "7=1|16=4|");
    meet(6);
    EXPECT_EQ(heard(),
              (std::vector<std::string>{"A 6", "4 1 to 2", "D 2 dup", "F 3 dup", "D 4 dup"}));
    // The gap fill before the first of them is no message, and takes no one's record.
    const std::vector<test::logged_row> again = rows_of(kind::resent);
    ASSERT_EQ(again.size(), 5U);
    for (const test::logged_row& row : again) {
        EXPECT_EQ(test::field_of(row.wire, 34), std::to_string(row.ref_number));
        EXPECT_NE(test::field_of(row.wire, 35), "4");
    }
}

TEST_F(SessionResend, FillsWhatIsTooOldForItsTypeAndSaysSo) {
    options.session.resends.ages = {{"D", 0}};  // every age is more
    open();
    log_on(1);
    put_orders();
    peer.say("2", 2, "7=2|16=0|");
    meet(3);
    EXPECT_EQ(heard(), (std::vector<std::string>{"4 2 to 3", "F 3 dup", "4 4 to 5"}));
    const std::vector<test::logged_row> rows = rows_of(kind::undelivered);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].text(), "undelivered D 0 A1");
    EXPECT_EQ(rows[0].ref_number, 2U);
    EXPECT_EQ(rows[0].reason, "too old");
    EXPECT_TRUE(rows[0].wire.empty());
    EXPECT_EQ(rows[0].envelope.correlation, (engine::correlation{77, 1}));
    EXPECT_EQ(rows[1].text(), "undelivered D 0 A2");
    EXPECT_EQ(counters().undelivered.value(), 2U);
    EXPECT_EQ(counters().resent.value(), 1U);
    EXPECT_TRUE(agent->has_said("message 2 (35=D) is asked for and not sent again: too old"));
    EXPECT_FALSE(agent->has_said("message 4 (35=D)"));  // one line a request
}

TEST_F(SessionResend, SaysWhatPersistMessagesNDoesNotSendAgain) {
    open("PersistMessages=N\n");
    log_on(1);
    put_orders();
    peer.say("2", 2, "7=2|16=0|");
    meet(3);
    EXPECT_EQ(heard(), (std::vector<std::string>{"4 2 to 5"}));
    EXPECT_EQ(test::texts_of(rows_of(kind::undelivered)),
              (std::vector<std::string>{"undelivered D 0 A1", "undelivered F 0 C1",
                                        "undelivered D 0 A2"}));
    EXPECT_EQ(rows_of(kind::undelivered)[0].reason, "PersistMessages=N");
}

TEST_F(SessionResend, RejectsRequestsForWhatCannotBeThere) {
    open();
    log_on(1);
    put_orders();
    std::uint32_t number = 2;
    std::uint32_t rejects = 0;
    for (const auto& [range, tag] :
         {std::pair<const char*, const char*>{"7=5|16=0|", "7"},  // not sent yet
          {"7=900|16=901|", "7"},
          {"7=0|16=0|", "7"},
          {"7=4|16=3|", "16"}}) {
        peer.say("2", number++, range);
        meet(number++);
        ASSERT_EQ(peer.frames.size(), 1U) << range;
        EXPECT_EQ(test::field_of(peer.frames[0], 35), "3") << range;
        EXPECT_EQ(test::field_of(peer.frames[0], 371), tag) << range;
        EXPECT_EQ(test::field_of(peer.frames[0], 373), "5") << range;
        EXPECT_EQ(test::field_of(peer.frames[0], 45), std::to_string(number - 2)) << range;
        peer.frames.clear();
        // Its own Reject and Heartbeat have numbers too.
        EXPECT_EQ(counters().refused_requests.value(), ++rejects);
    }
    EXPECT_EQ(in_texts()[1], "rejected 2 2");
    EXPECT_TRUE(agent->is_logged_on());
    // What there is, is answered as ever; an end beyond the last means the last.
    peer.say("2", number, "7=4|16=4000|");
    meet(number + 1);
    EXPECT_EQ(heard().front(), "D 4 dup");
}

TEST_F(SessionResend, AnswersARequestThatComesAgainAndAgainOnlySoOften) {
    options.session.resends.repeats_max = 2;
    options.session.resends.window_ns = 3600 * 1000 * test::ms_ns;
    open();
    log_on(1);
    put_orders();
    std::uint32_t number = 2;
    for (int i = 0; i < 5; ++i) {
        peer.say("2", number++, "7=2|16=2|");
        meet(number++);
        EXPECT_EQ(heard().size(), i < 2 ? 1U : 0U) << i;
    }
    EXPECT_EQ(counters().resent.value(), 2U);
    EXPECT_EQ(counters().refused_requests.value(), 3U);
    EXPECT_TRUE(agent->has_said("the peer has asked 2 times within 3600 s"));
    EXPECT_EQ(agent->session().ledger().next_target(), msg_seq_num{number});
    EXPECT_EQ(in_texts().back(), "admin 1 " + std::to_string(number - 1));
    EXPECT_EQ(in_texts()[in_texts().size() - 2], "admin 2 " + std::to_string(number - 2));
    // Another request, and the same after a new logon, are answered.
    peer.say("2", number++, "7=3|16=3|");
    meet(number++);
    EXPECT_EQ(heard(), (std::vector<std::string>{"F 3 dup"}));
    peer.leave();
    ASSERT_TRUE(run_until([&] { return !agent->is_logged_on(); }));
    log_on(number++);
    peer.frames.clear();
    peer.say("2", number++, "7=2|16=2|");
    meet(number++);
    EXPECT_EQ(heard(), (std::vector<std::string>{"D 2 dup"}));
}

TEST_F(SessionResend, AsksForAPartAtATimeIfToldSo) {
    options.session.resends.request_chunk = 2;
    open();
    log_on(1);
    peer.frames.clear();
    const auto asked = [&] {
        std::vector<std::string> ranges;
        for (const std::string& frame : peer.frames) {
            if (test::field_of(frame, 35) == "2") {
                ranges.push_back(test::field_of(frame, 7) + " " + test::field_of(frame, 16));
            }
        }
        return ranges;
    };
    const auto answer_and_hear = [&](std::uint32_t from, std::uint32_t next, std::size_t requests) {
        peer.say("4", from,
                 "43=Y|122=" + test::sending_time() + "|123=Y|36=" + std::to_string(next) + "|");
        ASSERT_TRUE(run_until([&] { return asked().size() == requests; })) << agent->last_said(9);
    };
    peer.say("0", 7, "");  // 2 to 6 are missing
    ASSERT_TRUE(run_until([&] { return asked().size() == 1; }));
    peer.say("0", 8, "");  // asks for nothing more
    answer_and_hear(2, 4, 2);
    answer_and_hear(4, 6, 3);
    EXPECT_EQ(asked(), (std::vector<std::string>{"2 3", "4 5", "6 6"}));
    answer_and_hear(6, 7, 3);
    ASSERT_TRUE(
        run_until([&] { return agent->session().ledger().next_target() == msg_seq_num{9}; }));
    // The library knows that it has all, and a small gap is asked for as ever.
    peer.frames.clear();
    peer.say("0", 10, "");
    ASSERT_TRUE(run_until([&] { return asked().size() == 1; }));
    EXPECT_EQ(asked(), std::vector<std::string>{"9 0"});
}

// With another's name on it QuickFIX has the last word, however often it comes.
TEST_F(SessionResend, LeavesTheHeaderOfARepeatedRequestToTheLibrary) {
    options.session.resends.repeats_max = 1;
    open();
    log_on(1);
    put_orders();
    peer.say("2", 2, "7=2|16=2|");
    meet(3);
    peer.frames.clear();
    peer.name = "OTHER";
    peer.say("2", 4, "7=2|16=2|");
    EXPECT_TRUE(run_until([&] { return !agent->is_logged_on(); }));
    EXPECT_TRUE(peer.has_heard("3"));  // CompID problem
    EXPECT_TRUE(peer.has_heard("5"));
}

}  // namespace
}  // namespace millrace::gateway
