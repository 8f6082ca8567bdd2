// Numbers and switches of sessions that nobody runs.
#include "gateway/admin/stopped_gateway.hpp"

#include "engine/core/error.hpp"
#include "gateway/session/life.hpp"
#include "tests/gateway/admin/admin_support.hpp"

namespace millrace::gateway {
namespace {

class StoppedGateway : public test::AdministeredGateway {
protected:
    StoppedGateway() {
        EXPECT_TRUE(log_on());
        agent.reset();
        peer.leave();
        stopped.directory = options.directory;
        stopped.logs = options.logs;
    }
    session_outcome change(session_command command) {
        return change_stopped(stopped, test::administered, true, command);
    }
    session_outcome change(session_verb verb) {
        session_command command;
        command.verb = verb;
        return change(command);
    }

    stopped_gateway stopped;
};

TEST_F(StoppedGateway, BeginsAnew) {
    const session_outcome reset = change(session_verb::reset);
    EXPECT_TRUE(reset.is_done) << reset.said();
    EXPECT_EQ(reset.before.next_sender, msg_seq_num{2});
    EXPECT_EQ(reset.before.next_target, msg_seq_num{2});
    EXPECT_EQ(reset.after.generation, 2U);
    EXPECT_EQ(reset.after.next_sender, msg_seq_num{1});
    open();
    EXPECT_EQ(view().generation, 2U);
    EXPECT_EQ(view().next_target, msg_seq_num{1});
    EXPECT_TRUE(log_on());
}

TEST_F(StoppedGateway, SetsNumbers) {
    session_command command;
    command.verb = session_verb::set_sequence;
    command.next_target = {90};
    EXPECT_TRUE(change(command).is_done);
    command.next_target = {};
    command.next_sender = {80};
    EXPECT_TRUE(change(command).is_done);
    open();
    EXPECT_EQ(view().next_sender, msg_seq_num{80});
    EXPECT_EQ(view().next_target, msg_seq_num{90});
}

TEST_F(StoppedGateway, IsSwitchedForItsNextStart) {
    EXPECT_TRUE(change(session_verb::disable).is_done);
    const session_outcome killed = change(session_verb::kill);
    EXPECT_FALSE(killed.after.is_enabled);
    EXPECT_TRUE(killed.after.is_killed);
    open();
    EXPECT_FALSE(view().is_enabled);
    EXPECT_TRUE(view().is_killed);
}

TEST_F(StoppedGateway, IsLeftAloneWhileItRuns) {
    open();
    // A switch above all: the engine would not look at it, and orders would leave behind a kill.
    for (const session_verb verb :
         {session_verb::reset, session_verb::kill, session_verb::enable}) {
        EXPECT_THROW(static_cast<void>(change(verb)), engine::locked_error);
    }
}

// A reset would hide the numbers that may have been used.
TEST_F(StoppedGateway, IsLeftAloneBehindALossOfPower) {
    stopped.boot_id = "another";
    open();
    agent.reset();
    gateway_life life = read_life(options.directory);
    ASSERT_EQ(life.state, life_state::closed);
    EXPECT_TRUE(change(session_verb::reset).is_done) << "it had closed in order";
    life.state = life_state::open;
    write_life(options.directory, life);
    EXPECT_THROW(static_cast<void>(change(session_verb::reset)), engine::error);
    life.state = life_state::cut;
    write_life(options.directory, life);
    EXPECT_THROW(static_cast<void>(change(session_verb::reset)), engine::error);
}

}  // namespace
}  // namespace millrace::gateway
