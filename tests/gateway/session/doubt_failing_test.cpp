// Makes every call fail, one after the other, that the files of a gateway ask of the file system
// which outlive a loss of power: they are replaced whole or not at all, and one that cannot be read
// is no missing one.
#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "gateway/session/doubt_file.hpp"
#include "gateway/session/life.hpp"
#include "gateway/session/switch_file.hpp"
#include "tests/engine/core/temporary_directory.hpp"
#include "tests/engine/log/failing_nth.hpp"

namespace millrace::gateway {
namespace {

namespace fs = std::filesystem;
using engine::test::fail_each_call;

class DoubtFailing : public ::testing::Test {
protected:
    void SetUp() override {
        if (!engine::test::can_refuse_calls) {
            GTEST_SKIP() << "calls are not refused under a sanitizer";
        }
    }
    [[nodiscard]] fs::path directory() const { return directory_ / "gateway"; }
    void begin_anew() const {
        fs::remove_all(directory());
        fs::create_directories(directory());
    }
    static doubt_entry doubt_of(std::uint64_t after) {
        doubt_entry made;
        made.route = "ORDERS";
        made.session = "FIX.4.4:A->B";
        made.generation = 1;
        made.after = {after};
        made.from = {5};
        made.numbers = 30;
        return made;
    }
    static gateway_life life_of(life_state state) {
        return {state, "another-boot", 66560, {{"ORDERS", "FIX.4.4:A->B"}}};
    }

private:
    engine::temporary_directory directory_;
};

TEST_F(DoubtFailing, ADoubtIsTheLastOneOrTheNewOne) {
    EXPECT_GT(fail_each_call(
                  directory(),
                  [&] {
                      begin_anew();
                      write_doubts(directory(), {doubt_of(40)});
                  },
                  [&] {
                      write_doubts(directory(), {doubt_of(50), doubt_of(60)});
                  },
                  [&](bool has_thrown) {
                      EXPECT_TRUE(has_thrown) << "noted, and it may not be durable";
                      const std::vector<doubt_entry> found = read_doubts(directory());
                      ASSERT_FALSE(found.empty());
                      EXPECT_TRUE(found.size() == 1 ? found[0].after.value == 40
                                                    : found[1].after.value == 60);
                  }),
              8u);
}

TEST_F(DoubtFailing, WhatCannotBeReadIsInDoubtStill) {
    std::size_t found = 0;
    EXPECT_GT(fail_each_call(
                  directory(),
                  [&] {
                      begin_anew();
                      write_doubts(directory(), {doubt_of(40)});
                  },
                  [&] { found = read_doubts(directory()).size(); },
                  [&](bool has_thrown) { EXPECT_TRUE(has_thrown || found == 1); }),
              1u);
    EXPECT_GT(
        fail_each_call(
            directory(),
            [&] {
                begin_anew();
                write_doubts(directory(), {doubt_of(40)});
            },
            [&] { write_doubts(directory(), {}); },
            [&](bool has_thrown) { EXPECT_TRUE(has_thrown) << "resolved, and it may come back"; }),
        2u);
}

TEST_F(DoubtFailing, ADecisionIsTheLastOneOrTheNewOne) {
    const doubt_verdict last{doubt_decision::send, {7}, "an operator"};
    const doubt_verdict next{doubt_decision::withdraw, {9}, "another"};
    EXPECT_GT(fail_each_call(
                  directory(),
                  [&] {
                      begin_anew();
                      write_verdicts(directory(), "ORDERS", {last});
                  },
                  [&] { write_verdicts(directory(), "ORDERS", {next}); },
                  [&](bool has_thrown) {
                      EXPECT_TRUE(has_thrown) << "decided, and it may not be durable";
                      const std::vector<doubt_verdict> all = read_verdicts(directory(), "ORDERS");
                      ASSERT_EQ(all.size(), 1u);
                      const doubt_verdict& found = all.front();
                      EXPECT_TRUE(found.decision == last.decision
                                      ? found.through == last.through
                                      : found.decision == next.decision &&
                                            found.through == next.through && found.by == next.by);
                  }),
              8u);
}

// A kill that was answered holds, and one that cannot be read is no session that was let go.
TEST_F(DoubtFailing, AKillIsTheLastOneOrTheNewOneAndNeverForgotten) {
    session_switches last;
    last.apply("FIX.4.4:A->B", session_verb::kill);
    session_switches next = last;
    next.apply("FIX.4.4:A->C", session_verb::kill);
    const auto is_killed = [](const session_switches& found, const char* session) {
        return found.find(session) != nullptr && found.find(session)->is_killed;
    };
    EXPECT_GT(fail_each_call(
                  directory(),
                  [&] {
                      begin_anew();
                      write_switches(directory(), last);
                  },
                  [&] { write_switches(directory(), next); },
                  [&](bool has_thrown) {
                      EXPECT_TRUE(has_thrown) << "killed, and it may not be durable";
                      EXPECT_TRUE(is_killed(read_switches(directory()), "FIX.4.4:A->B"));
                  }),
              8u);
    bool is_read_killed = false;
    EXPECT_GT(fail_each_call(
                  directory(),
                  [&] {
                      begin_anew();
                      write_switches(directory(), last);
                      is_read_killed = false;
                  },
                  [&] { is_read_killed = is_killed(read_switches(directory()), "FIX.4.4:A->B"); },
                  [&](bool has_thrown) { EXPECT_TRUE(has_thrown || is_read_killed); }),
              1u);
}

// A life that a loss of power ended is never taken for one that went on or closed.
TEST_F(DoubtFailing, ACutLifeIsNeverBegunAsAnother) {
    gateway_life begun;
    EXPECT_GT(fail_each_call(
                  directory(),
                  [&] {
                      begin_anew();
                      write_life(directory(), life_of(life_state::open));
                      begun = {};
                  },
                  [&] { begun = begin_life(directory(), "this-boot"); },
                  [&](bool has_thrown) {
                      EXPECT_TRUE(has_thrown) << "cut, and it may not be noted";
                      const life_state found = read_life(directory()).state;
                      EXPECT_TRUE(found == life_state::open || found == life_state::cut);
                      EXPECT_EQ(begin_life(directory(), "this-boot").state, life_state::cut);
                  }),
              8u);
}

}  // namespace
}  // namespace millrace::gateway
