// The host loses power while a venue runs on: numbers jump, and what may have been sent is held,
// marked or withdrawn. A loss of power is played by putting back an older FIX_OUT, under another
// boot.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "engine/log/hot_tier.hpp"
#include "tests/engine/log/log_test_support.hpp"
#include "tests/gateway/quickfix/stock_peer.hpp"
#include "tests/gateway/session/session_test_support.hpp"
#include "tests/gateway/support/free_port.hpp"

namespace millrace::gateway {
namespace {

namespace fs = std::filesystem;
using test::logged_row;

constexpr std::uint32_t numbers_at_risk = 16 + 1024;

class PowerLoss : public testing::Test {
protected:
    PowerLoss() {
        static int peers = 0;
        peer_name = "VENUE" + std::to_string(++peers);
        options.logs.table.is_synchronous = false;
        options.undurable_messages_max = 16;
        options.boot_id = "first-boot";
        options.session.doubt_wait_ns = 1'000'000'000;
        test::stock_options venue;
        venue.port = test::free_port();
        venue.sender = peer_name;
        venue.target = "OURS";
        venue.dictionary = std::string(MILLRACE_TEST_DICTIONARIES) + "/FIX44.xml";
        peer = std::make_unique<test::stock_peer>(venue);
        wire.lead_to(venue.port);
    }
    ~PowerLoss() override {
        agent.reset();
        wire.shut();
        wire.cut();
        EXPECT_TRUE(run_until([&] { return !peer->is_logged_on(); }));
    }

    void open_agent(gate_level gate = gate_level::committed) {
        orders = std::make_unique<test::order_source>("orders");
        orders->before_boot = before_boot;
        agent = std::make_unique<test::live_agent>(
            options, test::agent_settings(true, wire.port(), peer_name, "HeartBtInt=30\n" + more),
            *orders, gate);
    }
    int step() {
        wire.step();
        return agent != nullptr ? agent->step() : 0;
    }
    template <typename Done>
    [[nodiscard]] bool run_until(Done done) {
        return test::step_until([this] { return step(); }, done);
    }
    void log_on() {
        ASSERT_TRUE(run_until([&] { return agent->is_logged_on() && peer->is_logged_on(); }));
    }
    [[nodiscard]] bool peer_has(std::size_t orders_in) {
        return run_until([&] { return peer->apps_in().size() >= orders_in; });
    }
    // All of it: orders, their answers, and FIX_OUT on the disk.
    void settle() {
        ASSERT_TRUE(run_until([&] {
            const engine::log_writer& out = agent->inner.out_table().log();
            return static_cast<int>(next_sender()) == peer->next_target() &&
                   static_cast<int>(agent->session().ledger().next_target().value) ==
                       peer->next_sender() &&
                   out.durable_sequence() == out.last_sequence();
        }));
    }
    [[nodiscard]] std::uint32_t next_sender() {
        return agent->session().ledger().next_sender().value;
    }

    // What the disk holds now is what a loss of power will leave of FIX_OUT.
    void keep_disk() { copy(gateway / "FIX_OUT", directory / "kept"); }
    void keep_disk_of_both() {
        keep_disk();
        copy(gateway / "FIX_IN", directory / "kept_in");
    }
    // The process is gone without a word, and the host too.
    void lose_power(const std::string& boot = "second-boot") {
        copy(gateway, directory / "crashed");
        wire.cut();
        agent.reset();
        copy(directory / "crashed", gateway);
        if (fs::exists(directory / "kept")) {
            copy(directory / "kept", gateway / "FIX_OUT");
        }
        if (fs::exists(directory / "kept_in")) {
            copy(directory / "kept_in", gateway / "FIX_IN");
        }
        options.boot_id = boot;
    }
    // Into the same directories as before, if they are there: a hot log knows its own. A file may
    // lose its temporary name meanwhile.
    static void copy(const fs::path& from, const fs::path& to) {
        for (int i = 0; i < 100; ++i) {
            try {
                copy_once(from, to);
                return;
            } catch (const fs::filesystem_error& failure) {
                ASSERT_EQ(failure.code(), std::errc::no_such_file_or_directory) << failure.what();
            }
        }
        FAIL() << from << " does not stand still";
    }
    static void copy_once(const fs::path& from, const fs::path& to) {
        fs::create_directories(to);
        for (const auto& entry : fs::directory_iterator(to)) {
            if (!fs::is_directory(from / entry.path().filename())) {
                fs::remove_all(entry.path());
            }
        }
        for (const auto& entry : fs::directory_iterator(from)) {
            const fs::path target = to / entry.path().filename();
            entry.is_directory() ? copy_once(entry.path(), target)
                                 : static_cast<void>(fs::copy_file(entry.path(), target));
        }
    }

    [[nodiscard]] std::vector<logged_row> out_rows() { return test::read_out(gateway / "FIX_OUT"); }
    [[nodiscard]] std::size_t count_rows(std::string_view kind) {
        const std::vector<logged_row> rows = out_rows();
        return static_cast<std::size_t>(std::count_if(
            rows.begin(), rows.end(), [&](const logged_row& row) { return row.kind == kind; }));
    }
    // Orders A1 to A3 are durable; A4 and A5 reach the venue, and FIX_OUT forgets them.
    void lose_two_sent_orders() {
        open_agent();
        log_on();
        for (std::uint64_t i = 1; i <= 3; ++i) {
            orders->put(i, "A" + std::to_string(i));
        }
        ASSERT_TRUE(peer_has(3));
        settle();
        keep_disk();
        kept_next_sender = next_sender();
        orders->put(4, "A4");
        orders->put(5, "A5");
        ASSERT_TRUE(peer_has(5));
        settle();
        lose_power();
    }
    // The route's client begins again behind what FIX_OUT knows.
    void offer(std::initializer_list<std::uint64_t> sequences) {
        for (const std::uint64_t seq : sequences) {
            orders->put(seq, "A" + std::to_string(seq));
        }
    }
    [[nodiscard]] fix_session_counters& counters() { return agent->session().counters; }

    engine::test::temporary_directory hot;
    engine::temporary_directory directory;
    fs::path gateway = directory / "gateway";
    session_agent_options options = test::agent_options(gateway);
    std::unique_ptr<test::order_source> orders;
    test::lossy_wire wire;
    std::string peer_name;
    std::unique_ptr<test::live_agent> agent;
    std::unique_ptr<test::stock_peer> peer;
    std::uint32_t kept_next_sender = 0;
    std::string more;                 // settings
    engine::sequence before_boot{5};  // of the source, once power was lost
};

using names = std::vector<std::string>;

TEST_F(PowerLoss, NumbersJumpAndWhatIsInDoubtWaitsForTheOperator) {
    lose_two_sent_orders();
    open_agent();
    EXPECT_EQ(agent->inner.highest_origin("orders"), engine::sequence{3});
    EXPECT_EQ(next_sender(), kept_next_sender + numbers_at_risk);
    offer({4, 5, 6});
    log_on();
    ASSERT_TRUE(run_until([&] { return agent->has_said("may have been sent"); }));
    EXPECT_EQ(counters().in_doubt_routes.value(), 1U);
    EXPECT_EQ(peer->apps_in(), (names{"A1", "A2", "A3", "A4", "A5"})) << "nothing twice";

    EXPECT_EQ(agent->inner.tend(), "");
    const std::vector<doubt_entry> doubts = read_doubts(gateway);
    ASSERT_EQ(doubts.size(), 1U);
    EXPECT_EQ(doubts[0].route, "orders");
    EXPECT_EQ(doubts[0].after, engine::sequence{3});
    EXPECT_EQ(doubts[0].from, msg_seq_num{kept_next_sender});
    EXPECT_EQ(doubts[0].numbers, numbers_at_risk);
    EXPECT_EQ(doubts[0].asked_from, msg_seq_num{kept_next_sender + 2}) << "the venue has two more";

    write_verdicts(gateway, "orders", {{doubt_decision::withdraw, {4}, "anna"}});
    EXPECT_EQ(agent->inner.tend(), "");
    ASSERT_TRUE(run_until([&] { return counters().withdrawn.value() == 1; }));
    EXPECT_EQ(peer->apps_in().size(), 5U) << "decided up to 4, and 5 waits";
    write_verdicts(
        gateway, "orders",
        {{doubt_decision::withdraw, {4}, "anna"}, {doubt_decision::withdraw, {5}, "ben"}});
    EXPECT_EQ(agent->inner.tend(), "");
    ASSERT_TRUE(peer_has(6));
    EXPECT_EQ(peer->apps_in().back(), "A6");
    EXPECT_EQ(counters().in_doubt_routes.value(), 0U);
    settle();
    EXPECT_EQ(agent->inner.tend(), "");
    EXPECT_TRUE(read_doubts(gateway).empty());
    EXPECT_TRUE(read_verdicts(gateway, "orders").empty());

    const std::vector<logged_row> rows = out_rows();
    const auto withdrawn = std::find_if(
        rows.begin(), rows.end(), [](const logged_row& row) { return row.kind == "withdrawn"; });
    ASSERT_NE(withdrawn, rows.end());
    EXPECT_EQ(withdrawn->envelope.origin.sequence, 4U);
    EXPECT_EQ(withdrawn->number, 0U);
    // And once more in order: nothing is in doubt any more, and the numbers go on.
    const std::uint32_t last = next_sender();
    agent.reset();
    open_agent();
    EXPECT_EQ(next_sender(), last);
    EXPECT_EQ(agent->inner.highest_origin("orders"), engine::sequence{6});
}

// Its number lies before the second jump, so the venue's next request says nothing of it.
TEST_F(PowerLoss, ARecordWhoseWithdrawalWasLostIsInDoubtAgain) {
    lose_two_sent_orders();
    options.logs.table.sync_delay_max_ns = 60'000'000'000;
    open_agent();
    keep_disk();
    offer({4, 5, 6});
    log_on();
    write_verdicts(gateway, "orders", {{doubt_decision::withdraw, {5}, "anna"}});
    EXPECT_EQ(agent->inner.tend(), "");
    ASSERT_TRUE(peer_has(6));
    EXPECT_EQ(agent->inner.tend(), "");
    EXPECT_EQ(read_doubts(gateway).size(), 1U) << "the disk does not have the withdrawals yet";
    lose_power("third-boot");

    before_boot = {6};
    open_agent();
    offer({4, 5, 6});
    log_on();
    ASSERT_TRUE(run_until([&] { return agent->has_said("may have been sent"); }));
    EXPECT_EQ(peer->apps_in(), (names{"A1", "A2", "A3", "A4", "A5", "A6"})) << "nothing twice";
    write_verdicts(gateway, "orders", {{doubt_decision::withdraw, {6}, "ben"}});
    EXPECT_EQ(agent->inner.tend(), "");
    ASSERT_TRUE(run_until([&] { return counters().withdrawn.value() == 3; }));
    for (std::uint64_t seq = 7; seq <= 6 + 2 * options.undurable_messages_max; ++seq) {
        offer({seq});  // more than may be sent without a sync
    }
    ASSERT_TRUE(run_until([&] {
        const engine::log_writer& out = agent->inner.out_table().log();
        return peer->apps_in().size() > 6 && out.durable_sequence().value > 12;
    }));
    EXPECT_EQ(agent->inner.tend(), "");
    EXPECT_TRUE(read_doubts(gateway).empty());
}

TEST_F(PowerLoss, WhatThePeerProvesItHasNotIsSentAsIfNothingHadHappened) {
    open_agent();
    log_on();
    orders->put(1, "A1");
    ASSERT_TRUE(peer_has(1));
    settle();
    keep_disk();
    wire.forward.losses = 2;
    orders->put(2, "A2");
    orders->put(3, "A3");
    ASSERT_TRUE(run_until([&] { return wire.forward.losses == 0; }));
    lose_power();

    open_agent();
    offer({2, 3, 4});
    log_on();
    ASSERT_TRUE(peer_has(4));
    EXPECT_EQ(peer->apps_in(), (names{"A1", "A2", "A3", "A4"}));
    EXPECT_EQ(counters().poss_resent.value(), 0U);
    EXPECT_EQ(wire.forward.count("\x01"
                                 "97=Y\x01"),
              0U);
    EXPECT_FALSE(agent->has_said("may have been sent"));
    EXPECT_FALSE(agent->has_said("has lost some or all"));
}

// The source lost them too: no record is left that could be in doubt.
TEST_F(PowerLoss, WhatThePeerHasAndBothLogsLostIsSaid) {
    lose_two_sent_orders();
    before_boot = {3};
    open_agent();
    offer({4});
    log_on();
    ASSERT_TRUE(peer_has(6));
    const std::string lost = "the peer has messages " + std::to_string(kept_next_sender) + " to " +
                             std::to_string(kept_next_sender + 1) + " of ours";
    ASSERT_TRUE(run_until([&] { return agent->has_said(lost); })) << agent->last_said(20);
    EXPECT_EQ(counters().in_doubt_routes.value(), 0U);
}

TEST_F(PowerLoss, ThePolicyPossresendSendsThemAgainMarked) {
    options.in_doubt = in_doubt_policy::possresend;
    lose_two_sent_orders();
    open_agent();
    offer({4, 5, 6});
    log_on();
    ASSERT_TRUE(peer_has(8));
    EXPECT_EQ(peer->apps_in(), (names{"A1", "A2", "A3", "A4", "A5", "A4", "A5", "A6"}));
    EXPECT_EQ(counters().poss_resent.value(), 2U);
    EXPECT_EQ(wire.forward.count("\x01"
                                 "97=Y\x01"),
              2U);
    EXPECT_EQ(wire.forward.count("\x01"
                                 "97=Y\x01"
                                 "11=A6"),
              0U);
}

// A mark of its source's own is not made two.
TEST_F(PowerLoss, WhatIsMarkedAlreadyIsSentAgainWithOneMark) {
    options.in_doubt = in_doubt_policy::possresend;
    lose_two_sent_orders();
    open_agent();
    std::string body(test::order_body);
    body.replace(0, 5, "97=Y|11=A4");
    orders->put_body(4, test::with_soh(body));
    log_on();
    ASSERT_TRUE(peer_has(6));
    EXPECT_EQ(counters().poss_resent.value(), 1U);
    EXPECT_EQ(wire.forward.count("\x01"
                                 "97=Y\x01"),
              1U);
    EXPECT_EQ(wire.forward.count("97=Y\x01"
                                 "97=Y\x01"),
              0U);
}

TEST_F(PowerLoss, OneRecordOfEachIsDecidedByTheOperator) {
    lose_two_sent_orders();
    open_agent();
    offer({4, 5});
    log_on();
    write_verdicts(
        gateway, "orders",
        {{doubt_decision::possresend, {4}, "anna"}, {doubt_decision::send, {5}, "anna"}});
    EXPECT_EQ(agent->inner.tend(), "");
    ASSERT_TRUE(peer_has(6));
    // The second follows the first, once that is carried out.
    ASSERT_TRUE(run_until([&] {
        EXPECT_EQ(agent->inner.tend(), "");
        return peer->apps_in().size() >= 7;
    }));
    EXPECT_EQ(wire.forward.count("\x01"
                                 "97=Y\x01"),
              1U);
    EXPECT_EQ(counters().poss_resent.value(), 1U);
}

// Both sides lack something: the venue sees our jump, and we its new numbers, so our ResendRequest
// goes out behind our Logon, and the venue keeps only the Logon. 66,560 numbers are a multiple of
// a resend's slices.
TEST_F(PowerLoss, TheSessionGoesOnWhereBothSidesAskForMessages) {
    options.undurable_messages_max = 65536;
    before_boot = {1};
    open_agent();
    log_on();
    offer({1});
    ASSERT_TRUE(peer_has(1));
    settle();
    keep_disk_of_both();
    ASSERT_TRUE(peer->send_order("B1"));
    ASSERT_TRUE(run_until([&] {
        return static_cast<int>(agent->session().ledger().next_target().value) ==
               peer->next_sender();
    }));
    lose_power();
    open_agent();
    log_on();
    offer({2, 3});
    ASSERT_TRUE(peer_has(3)) << agent->last_said(20);
    EXPECT_EQ(peer->apps_in(), (names{"A1", "A2", "A3"}));
    settle();
}

// Nothing of the generation survived but its beginning: whether the venue has messages of it nobody
// here knows, so it is let ask before the numbers are reset.
TEST_F(PowerLoss, ASessionThatResetsAtItsLogonLetsThePeerAskFirst) {
    more = "ResetOnLogon=Y\n";
    open_agent();
    log_on();
    settle();
    keep_disk();
    offer({4, 5});
    ASSERT_TRUE(peer_has(2));
    settle();
    lose_power();
    open_agent();
    ASSERT_TRUE(run_until([&] { return agent->has_said("logging on with the old numbers"); }));
    offer({4, 5, 6});
    ASSERT_TRUE(run_until([&] { return agent->has_said("may have been sent"); }));
    EXPECT_EQ(peer->apps_in(), (names{"A4", "A5"})) << "nothing twice";
    EXPECT_EQ(agent->inner.tend(), "");
    EXPECT_FALSE(read_doubts(gateway).front().asked_from.is_none());
}

// The host ran on, but the memory of FIX_OUT is gone: a container made anew, a cleaner, a logout.
TEST_F(PowerLoss, AHotTierThatIsGoneUnderTheSameBootIsALossToo) {
    options.logs.table.storage = engine::storage_mode::hot;
    options.logs.table.hot_directory = hot.path();
    lose_two_sent_orders();
    options.boot_id = "first-boot";
    EXPECT_THROW(open_agent(), engine::damage_error) << "somebody must accept that";
    for (const char* log : {"FIX_OUT", "FIX_IN"}) {
        static_cast<void>(engine::recover_hot_tier(gateway / log, engine::hot_loss::accepted));
    }
    open_agent();
    EXPECT_EQ(next_sender(), kept_next_sender + numbers_at_risk);
    offer({4, 5, 6});
    log_on();
    ASSERT_TRUE(run_until([&] { return agent->has_said("may have been sent"); }));
    EXPECT_EQ(peer->apps_in().size(), 5U) << "nothing twice";
}

TEST_F(PowerLoss, AKilledProcessAndAnOrderlyEndMoveNoNumber) {
    open_agent();
    log_on();
    orders->put(1, "A1");
    ASSERT_TRUE(peer_has(1));
    settle();
    const std::uint32_t last = next_sender();
    lose_power("first-boot");  // the host runs on
    open_agent();
    EXPECT_EQ(next_sender(), last);
    agent.reset();  // in order
    options.boot_id = "second-boot";
    open_agent();
    EXPECT_EQ(next_sender(), last);
    EXPECT_EQ(count_rows(kind::set), 0U);
}

TEST_F(PowerLoss, AJumpThatWasCutShortIsMadeAgain) {
    lose_two_sent_orders();
    {
        test::order_source unused("orders");
        session_agent half(options,
                           test::agent_settings(true, wire.port(), peer_name, "HeartBtInt=30\n"));
        EXPECT_EQ(half.sessions().front()->ledger().next_sender().value,
                  kept_next_sender + numbers_at_risk);
    }  // never opened, as if it had been killed here
    EXPECT_EQ(read_life(gateway).state, life_state::cut);
    open_agent();
    EXPECT_EQ(next_sender(), kept_next_sender + 2 * numbers_at_risk);
    const std::vector<doubt_entry> doubts = read_doubts(gateway);
    ASSERT_EQ(doubts.size(), 1U);
    EXPECT_EQ(doubts[0].from, msg_seq_num{kept_next_sender});
    EXPECT_EQ(doubts[0].numbers, 2 * numbers_at_risk);
    EXPECT_EQ(read_life(gateway).state, life_state::open);
}

// The gate itself: what the wire carries, the disk already holds.
TEST_F(PowerLoss, ADurableRouteSendsNothingBeforeTheDiskHasIt) {
    for (const gate_level gate : {gate_level::durable, gate_level::committed}) {
        open_agent(gate);
        log_on();
        const std::size_t had = peer->apps_in().size();
        std::size_t early = 0;
        for (std::uint64_t i = 1; i <= 200; ++i) {
            const std::uint64_t seq = had + i;
            orders->put(seq, "A" + std::to_string(seq));
            const std::size_t passed = wire.forward.passed.size();
            ASSERT_TRUE(run_until([&] { return wire.forward.passed.size() > passed; }));
            const engine::log_writer& out = agent->inner.out_table().log();
            early += out.durable_sequence() < out.last_sequence() ? 1 : 0;
        }
        ASSERT_TRUE(peer_has(had + 200));
        if (gate == gate_level::durable) {
            EXPECT_EQ(early, 0U);
        } else {
            EXPECT_GT(early, 0U) << "else this test shows nothing";
        }
        agent.reset();
        ASSERT_TRUE(run_until([&] { return !peer->is_logged_on(); }));
    }
}

// What the peer said under the old numbers it never says again, so the disk has it first.
TEST_F(PowerLoss, AResetLeavesBehindWhatWasReceivedBefore) {
    options.logs.table.sync_delay_max_ns = 60'000'000'000;
    more = "ResetOnLogon=Y\n";
    open_agent();
    log_on();
    const std::uint32_t generation = agent->session().ledger().generation();
    ASSERT_TRUE(peer->send_order("B1"));
    ASSERT_TRUE(run_until([&] {
        return static_cast<int>(agent->session().ledger().next_target().value) ==
               peer->next_sender();
    }));
    const engine::log_writer& in = agent->inner.in_table().log();
    EXPECT_LT(in.durable_sequence(), in.last_sequence()) << "else this test shows nothing";
    wire.cut();
    engine::sequence received;
    const std::size_t resets = wire.forward.count(
        "\x01"
        "141=Y");
    ASSERT_TRUE(run_until([&] {
        if (agent->session().ledger().generation() == generation) {
            received = in.last_sequence();
        }
        return wire.forward.count(
                   "\x01"
                   "141=Y") > resets;
    }));
    EXPECT_GE(in.durable_sequence(), received);
}

TEST_F(PowerLoss, ManyMessagesWaitForOneSync) {
    open_agent(gate_level::durable);
    log_on();
    const std::uint64_t syncs = agent->inner.out_table().log().storage().sync_count;
    constexpr std::uint64_t count = 500;
    for (std::uint64_t i = 1; i <= count; ++i) {
        orders->put(i, "A" + std::to_string(i));
    }
    ASSERT_TRUE(peer_has(count));
    EXPECT_LT(agent->inner.out_table().log().storage().sync_count - syncs, count / 2);
    EXPECT_EQ(peer->apps_in().back(), "A500");
}

TEST_F(PowerLoss, RoutesNeverRunFurtherAheadOfTheDiskThanAllowed) {
    options.logs.table.sync_delay_max_ns = 1'000'000'000;
    open_agent();
    log_on();
    constexpr std::uint64_t count = 400;
    for (std::uint64_t i = 1; i <= count; ++i) {
        orders->put(i, "A" + std::to_string(i));
    }
    std::uint64_t ahead_max = 0;
    ASSERT_TRUE(run_until([&] {
        const engine::log_writer& out = agent->inner.out_table().log();
        const std::uint64_t durable = out.durable_sequence().value;
        ahead_max = std::max(ahead_max, out.last_sequence().value - durable);
        return peer->apps_in().size() >= count;
    }));
    EXPECT_GT(ahead_max, 1U);
    EXPECT_LE(ahead_max, 16U + 2U) << "a message of the session's own may come on top";
    EXPECT_GT(counters().disk_waits.value(), 0U);
}

TEST_F(PowerLoss, ADamagedNoteOfTheLastLifeIsSaid) {
    open_agent();
    agent.reset();
    engine::write_file_atomically(gateway / "life", "millrace gateway life 1\nstate wild\nend\n");
    try {
        open_agent();
        FAIL() << "opened";
    } catch (const engine::damage_error& failure) {
        EXPECT_NE(
            std::string(failure.what()).find("life: does not say how the gateway's last life"),
            std::string::npos)
            << failure.what();
    }
}

}  // namespace
}  // namespace millrace::gateway
