#include "gateway/session/recent_messages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <utility>

#include "tests/gateway/session/peer_session.hpp"

namespace millrace::gateway {
namespace {

TEST(RecentMessages, KnowTheLastOfThem) {
    recent_messages recent(3);
    EXPECT_FALSE(recent.has("D", "A1"));
    recent.put("D", "A1");
    recent.put("F", "A2");
    recent.put("D", "A3");
    EXPECT_TRUE(recent.has("D", "A1"));
    EXPECT_FALSE(recent.has("F", "A1")) << "of another type";
    EXPECT_FALSE(recent.has("D", "A2"));
    EXPECT_TRUE(recent.has("F", "A2"));
    EXPECT_FALSE(recent.has("D", ""));
    recent.put("D", "A4");
    EXPECT_FALSE(recent.has("D", "A1")) << "three have come since";
    EXPECT_TRUE(recent.has("F", "A2"));
    recent.put("D", "");
    EXPECT_TRUE(recent.has("F", "A2")) << "one without an id takes no place";
}

TEST(RecentMessages, CountOneThatComesAgainFromThen) {
    recent_messages recent(3);
    recent.put("D", "A1");
    recent.put("D", "A2");
    recent.put("D", "A1");
    recent.put("D", "A3");
    EXPECT_TRUE(recent.has("D", "A1"));
    recent.put("D", "A4");
    EXPECT_TRUE(recent.has("D", "A1"));
    recent.put("D", "A5");
    EXPECT_FALSE(recent.has("D", "A1"));
}

TEST(RecentMessages, TellLongIdsApart) {
    recent_messages recent(4);
    const std::string common(44, 'x');
    recent.put("D", common + "1");
    EXPECT_TRUE(recent.has("D", common + "1"));
    EXPECT_FALSE(recent.has("D", common + "2"));
    EXPECT_FALSE(recent.has("D", common));
    EXPECT_FALSE(recent.has("D", common + "11"));
}

TEST(RecentMessages, MayBeNone) {
    recent_messages recent(0);
    recent.put("D", "A1");
    EXPECT_FALSE(recent.has("D", "A1"));
}

// Against a plain list.
TEST(RecentMessages, AreThoseOfAListAtRandom) {
    std::mt19937_64 random(test::test_seed());
    for (const std::size_t capacity : {1U, 2U, 7U, 64U}) {
        recent_messages recent(capacity);
        std::deque<std::pair<std::string, std::string>> list;
        for (int step = 0; step < 20'000; ++step) {
            const std::string type(1, "DFG"[random() % 3]);
            const std::string id = "A" + std::to_string(random() % (3 * capacity));
            const std::pair<std::string, std::string> one{type, id};
            ASSERT_EQ(recent.has(type, id), std::find(list.begin(), list.end(), one) != list.end());
            if (random() % 2 == 0) {
                recent.put(type, id);
                list.push_back(one);
                if (list.size() > capacity) {
                    list.pop_front();
                }
            }
        }
    }
}

class SessionRepeats : public test::AcceptorSession {
protected:
    // An order that the peer may have sent before.
    void order(std::uint32_t number, const std::string& cl_ord_id, bool is_poss_resend,
               const std::string& type = "D") {
        const std::string original = type == "F" ? "41=A0|" : "";
        const std::string rest = type == "F" ? "54=1|55=ABC|60=20260301-09:30:00.000|"
                                             : std::string(test::order_body).substr(6);
        peer.say(type, number,
                 (is_poss_resend ? "97=Y|" : "") + ("11=" + cl_ord_id + "|") + original + rest);
        ASSERT_TRUE(run_until([&] {
            return agent->session().ledger().next_target() == msg_seq_num{number + 1};
        })) << agent->last_said(5);
    }
    [[nodiscard]] std::string last() { return in_rows().back().text(); }
    [[nodiscard]] std::uint64_t counted() {
        return agent->session().ledger().counters.repeated.value();
    }
};

TEST_F(SessionRepeats, MarkWhatHasBeenHereBefore) {
    open();
    log_on(1);
    order(2, "A1", false);
    EXPECT_EQ(last(), "application D 2 A1");
    order(3, "A1", true);
    EXPECT_EQ(last(), "repeated D 3 A1");
    order(4, "A2", true);
    EXPECT_EQ(last(), "application D 4 A2") << "whoever lost it sends it for the first time";
    order(5, "A2", true);
    EXPECT_EQ(last(), "repeated D 5 A2");
    order(6, "A1", true, "F");
    EXPECT_EQ(last(), "application F 6 A1");
    order(7, "A1", false);
    EXPECT_EQ(last(), "application D 7 A1") << "without a mark it is a new message";
    EXPECT_EQ(counted(), 2U);

    agent.reset();
    open();
    log_on(8);
    order(9, "A2", true);
    EXPECT_EQ(last(), "repeated D 9 A2") << "also after a restart";
    EXPECT_EQ(agent->session().ledger().next_target(), msg_seq_num{10});
}

TEST_F(SessionRepeats, HaveAWindow) {
    options.session.ledger.poss_resend_window = 2;
    open();
    log_on(1);
    order(2, "A1", false);
    order(3, "A2", false);
    order(4, "A3", false);
    order(5, "A1", true);
    EXPECT_EQ(last(), "application D 5 A1");
    options.session.ledger.poss_resend_window = 0;
    agent.reset();
    open();
    log_on(6);
    order(7, "A1", true);
    EXPECT_EQ(last(), "application D 7 A1");
    EXPECT_EQ(counted(), 0U);
}

}  // namespace
}  // namespace millrace::gateway
