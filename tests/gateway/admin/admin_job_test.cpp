// Requests on their way through a gateway's thread, and what is left of them in the audit log.
#include "gateway/admin/admin_job.hpp"

#include "tests/gateway/admin/admin_support.hpp"

namespace millrace::gateway {
namespace {

using strings = std::vector<std::string>;

class AdminJob : public test::AdministeredGateway {
protected:
    [[nodiscard]] static admin_request wanted(session_verb verb) {
        admin_request request;
        request.verb = verb;
        request.session = test::administered;
        request.reason = "because";
        return request;
    }
    [[nodiscard]] admin_job job_of(const admin_request& request) {
        return {{gateways, &audit, take_timeout_ns}, request, {"alice", 1000}};
    }
    admin_answer carry_out(const admin_request& request) {
        admin_job job = job_of(request);
        EXPECT_EQ(job.misfit(), "");
        EXPECT_TRUE(run_until([&] { return job.turn(engine::monotonic_now_ns()); }));
        return job.answer();
    }
    // No gateway's thread runs meanwhile.
    static void expect_refused_by_silence(admin_job& job) {
        std::int64_t now_ns = engine::monotonic_now_ns();
        while (!job.turn(now_ns)) {
            ++now_ns;
        }
        EXPECT_EQ(job.answer().outcome, audit_outcome::refused);
        EXPECT_EQ(job.answer().text, "nothing was done: the gateway's thread takes no command");
    }
    admin_answer carry_out(session_verb verb) { return carry_out(wanted(verb)); }

    std::int64_t take_timeout_ns = 60'000 * test::ms_ns;
};

TEST_F(AdminJob, LooksWithoutATrace) {
    ASSERT_TRUE(log_on());
    const admin_answer answer = carry_out(session_verb::look);
    EXPECT_EQ(answer.outcome, audit_outcome::done);
    ASSERT_EQ(answer.sessions.size(), 1U);
    EXPECT_EQ(answer.sessions[0].name, test::administered);
    EXPECT_EQ(answer.sessions[0].gateway, "TEST");
    EXPECT_EQ(answer.sessions[0].after.state_text(), "logged on");
    EXPECT_TRUE(audited().empty());
    admin_request all;
    EXPECT_EQ(carry_out(all).sessions.size(), 1U);
}

TEST_F(AdminJob, ResetsALiveSessionAndLetsItLogOnAgain) {
    ASSERT_TRUE(log_on());
    orders.put(1, "A1");
    ASSERT_TRUE(run_until([&] { return view().messages_out == 1; }));
    const admin_answer answer = carry_out(session_verb::reset);
    EXPECT_EQ(answer.outcome, audit_outcome::done) << answer.text;
    EXPECT_EQ(answer.text, "next numbers are 1, and 1 expected, of generation 2");
    const answered_session& one = answer.sessions.front();
    EXPECT_TRUE(one.before.is_logged_on);
    EXPECT_EQ(one.before.generation, 1U);
    EXPECT_EQ(one.after.generation, 2U);
    EXPECT_FALSE(one.after.is_down());
    ASSERT_TRUE(log_on());
    EXPECT_EQ(view().next_sender, msg_seq_num{2});
    EXPECT_EQ(agent->session().ledger().counters.unproven_resets.value(), 0U)
        << "our Logout was answered first";
    const auto rows = audited();
    ASSERT_EQ(test::whats_of(rows), (strings{"reset asked", "reset done"}));
    EXPECT_EQ(rows[1].user, "alice");
    EXPECT_EQ(rows[1].uid, 1000U);
    EXPECT_EQ(rows[1].session, test::administered);
    EXPECT_EQ(rows[1].gateway, "TEST");
    EXPECT_EQ(rows[1].reason, "because");
    EXPECT_EQ(rows[1].before, "logged on; next 3, expected 2 of generation 1");
    EXPECT_NE(rows[1].after.find("next 1, expected 1 of generation 2"), std::string::npos);
    EXPECT_EQ(rows[1].envelope.correlation.sequence, rows[0].sequence);
}

TEST_F(AdminJob, SetsNumbersAndLeavesDownWhatWasDown) {
    ASSERT_TRUE(log_on());
    EXPECT_EQ(carry_out(session_verb::logout).outcome, audit_outcome::done);
    ASSERT_TRUE(run_until([&] { return !view().is_connected; }));
    admin_request request = wanted(session_verb::set_sequence);
    request.session = "OURS->PEER";
    request.next_sender = {40};
    const admin_answer answer = carry_out(request);
    EXPECT_EQ(answer.outcome, audit_outcome::done) << answer.text;
    EXPECT_EQ(view().next_sender, msg_seq_num{40});
    EXPECT_TRUE(view().is_logged_out);
    EXPECT_EQ(answer.sessions.front().name, test::administered);
}

TEST_F(AdminJob, KillsAtOnceAndForTheNextStart) {
    ASSERT_TRUE(log_on());
    admin_request all = wanted(session_verb::kill);
    all.session.clear();
    const admin_answer answer = carry_out(all);
    EXPECT_EQ(answer.outcome, audit_outcome::done) << answer.text;
    ASSERT_TRUE(answer.latency_ns.has_value());
    EXPECT_GE(*answer.latency_ns, 0);
    EXPECT_TRUE(view().is_killed);
    EXPECT_EQ(test::whats_of(audited()), (strings{"kill done"})) << "nothing came before it";
    open();
    EXPECT_TRUE(view().is_killed);
    EXPECT_EQ(carry_out(session_verb::release).outcome, audit_outcome::done);
    open();
    EXPECT_FALSE(view().is_killed);
}

TEST_F(AdminJob, KillsEvenWhatCannotBeKept) {
    ASSERT_TRUE(log_on());
    keep_switches_from_being_written();
    const admin_answer killed = carry_out(session_verb::kill);
    EXPECT_EQ(killed.outcome, audit_outcome::failed);
    EXPECT_NE(killed.text.find("only until the gateway restarts"), std::string::npos)
        << killed.text;
    EXPECT_TRUE(view().is_killed);
    // But lets nothing go that a restart would stop again.
    const admin_answer released = carry_out(session_verb::release);
    EXPECT_EQ(released.outcome, audit_outcome::refused);
    EXPECT_TRUE(view().is_killed);
    EXPECT_EQ(test::whats_of(audited()),
              (strings{"kill failed", "release asked", "release refused"}));
}

TEST_F(AdminJob, DisablesAndEnablesForTheNextStart) {
    ASSERT_TRUE(log_on());
    EXPECT_EQ(carry_out(session_verb::disable).outcome, audit_outcome::done);
    ASSERT_TRUE(run_until([&] { return !view().is_connected; }));
    open();
    EXPECT_FALSE(view().is_enabled);
    EXPECT_EQ(carry_out(session_verb::enable).outcome, audit_outcome::done);
    EXPECT_TRUE(log_on());
    open();
    EXPECT_TRUE(view().is_enabled);
}

TEST_F(AdminJob, SaysWhyASessionRefuses) {
    const admin_answer answer = carry_out(session_verb::switch_endpoint);
    EXPECT_EQ(answer.outcome, audit_outcome::refused);
    EXPECT_NE(answer.text.find("one endpoint"), std::string::npos);
    EXPECT_EQ(test::whats_of(audited()), (strings{"switch asked", "switch refused"}));
}

TEST_F(AdminJob, KnowsItsSessions) {
    admin_request request = wanted(session_verb::kill);
    request.session = "FIX.4.4:OURS->PERE";
    const admin_job job = job_of(request);
    EXPECT_NE(job.misfit().find("no session 'FIX.4.4:OURS->PERE'"), std::string::npos);
    EXPECT_NE(job.misfit().find(test::administered), std::string::npos) << "it names the nearest";
}

TEST_F(AdminJob, GivesUpOnAThreadThatTakesNothing) {
    take_timeout_ns = 1;
    admin_job job = job_of(wanted(session_verb::disable));
    expect_refused_by_silence(job);
    step();
    EXPECT_TRUE(view().is_enabled) << "it was taken back";
    EXPECT_EQ(test::whats_of(audited()), (strings{"disable asked", "disable refused"}));
}

TEST_F(AdminJob, LeavesAKillAsked) {
    take_timeout_ns = 1;
    admin_job job = job_of(wanted(session_verb::kill));
    EXPECT_FALSE(job.turn(1'000));
    EXPECT_FALSE(job.turn(2'000));
    step();
    EXPECT_TRUE(view().is_killed);
    EXPECT_TRUE(job.turn(3'000));
    EXPECT_EQ(job.answer().outcome, audit_outcome::done);
}

TEST_F(AdminJob, NotesAKillThatNoThreadCarriesOut) {
    take_timeout_ns = 1;
    admin_job job = job_of(wanted(session_verb::kill));
    std::int64_t now_ns = engine::monotonic_now_ns();
    EXPECT_FALSE(job.turn(now_ns));
    EXPECT_FALSE(job.turn(now_ns + 1));
    EXPECT_TRUE(agent->inner.noted_switches().state_of(test::administered, true).is_killed);
    job.give_up("the engine stops");
    EXPECT_EQ(job.answer().outcome, audit_outcome::failed);
    EXPECT_EQ(job.answer().text,
              "the engine stops before it was carried out; it is noted, and holds from the next "
              "start on");
    open();
    EXPECT_TRUE(view().is_killed);
    EXPECT_EQ(test::whats_of(audited()), (strings{"kill failed"}));

    // The same of one that the engine's end meets first.
    EXPECT_EQ(carry_out(session_verb::release).outcome, audit_outcome::done);
    take_timeout_ns = 60'000 * test::ms_ns;
    admin_job last = job_of(wanted(session_verb::kill));
    EXPECT_FALSE(last.turn(engine::monotonic_now_ns()));
    EXPECT_FALSE(agent->inner.noted_switches().state_of(test::administered, true).is_killed);
    last.give_up("the engine stops");
    open();
    EXPECT_TRUE(view().is_killed);
}

TEST_F(AdminJob, TakesBackTheNoteOfWhatWasNotDone) {
    EXPECT_EQ(carry_out(session_verb::kill).outcome, audit_outcome::done);
    take_timeout_ns = 1;
    admin_job job = job_of(wanted(session_verb::release));
    expect_refused_by_silence(job);
    open();
    EXPECT_TRUE(view().is_killed) << "the answer said that nothing was done";

    EXPECT_EQ(carry_out(session_verb::disable).outcome, audit_outcome::done);
    agent->inner.request_stop();
    ASSERT_TRUE(run_until([&] { return agent->inner.is_stopped(); }));
    take_timeout_ns = 60'000 * test::ms_ns;
    const admin_answer refused = carry_out(session_verb::enable);
    EXPECT_EQ(refused.outcome, audit_outcome::refused);
    EXPECT_EQ(refused.text, "the gateway is stopping");
    open();
    EXPECT_FALSE(view().is_enabled);
}

TEST_F(AdminJob, LeavesAResetOffWhereSomebodyLogsOnMeanwhile) {
    ASSERT_TRUE(log_on());
    answers = false;
    admin_job reset = job_of(wanted(session_verb::reset));
    ASSERT_TRUE(run_until([&] {
        EXPECT_FALSE(reset.turn(engine::monotonic_now_ns()));
        return peer.has_heard("5");
    }));
    // Both share the slot: the other comes in between two looks.
    admin_job logon = job_of(wanted(session_verb::logon));
    ASSERT_TRUE(run_until([&] {
        return logon.turn(engine::monotonic_now_ns()) || reset.turn(engine::monotonic_now_ns());
    }));
    ASSERT_TRUE(run_until([&] { return reset.turn(engine::monotonic_now_ns()); }));
    EXPECT_EQ(logon.answer().outcome, audit_outcome::done);
    EXPECT_EQ(reset.answer().outcome, audit_outcome::failed);
    EXPECT_EQ(reset.answer().text, "no reset: somebody lets it log on again meanwhile");
    EXPECT_EQ(view().generation, 1U);
}

// A script ends where it stands: logged out, and the numbers as they were.
TEST_F(AdminJob, EndsWithTheEngineAndSaysHowFarItCame) {
    ASSERT_TRUE(log_on());
    answers = false;
    admin_job job = job_of(wanted(session_verb::reset));
    ASSERT_TRUE(run_until([&] {
        EXPECT_FALSE(job.turn(engine::monotonic_now_ns()));
        return peer.has_heard("5");
    }));
    job.give_up("the engine stops");
    EXPECT_TRUE(job.turn(engine::monotonic_now_ns()));
    EXPECT_EQ(job.answer().outcome, audit_outcome::failed);
    EXPECT_EQ(job.answer().text, "logged out, and no reset: the engine stops");
    EXPECT_EQ(view().generation, 1U);
    EXPECT_EQ(test::whats_of(audited()), (strings{"reset asked", "reset failed"}));
    step();
    EXPECT_FALSE(agent->inner.commands().is_asked());
}

}  // namespace
}  // namespace millrace::gateway
