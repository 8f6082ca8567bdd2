#include "tests/gateway/scripts/scripted_session.hpp"

#include <unistd.h>

#include <algorithm>

namespace millrace::test {

namespace {

// With nobody to do anything, time goes on by so much a turn; while bytes move, it all but stands.
constexpr std::int64_t idle_turn_ns = 100'000;
constexpr std::int64_t busy_turn_ns = 1'000;
constexpr std::int64_t delay_turn_ns = 100'000'000;
// What was sent over loopback has arrived.
constexpr int settled_turns = 2;
// Of the host's: once somebody has waited in vain, the others do not wait as long.
constexpr std::int64_t patience_ns = 60'000 * ms_ns;
constexpr std::int64_t short_patience_ns = 1'000 * ms_ns;
bool has_waited_in_vain = false;

}  // namespace

std::string script_setting::text() const {
    return std::string(version.begin_string) + (is_initiator ? " initiator" : " acceptor") +
           (is_slow ? " slow" : " fast") +
           (write_bytes_max == 0 ? std::string(" whole frames")
                                 : " writes of up to " + std::to_string(write_bytes_max) +
                                       " bytes, seed " + std::to_string(seed));
}

scripted_session::scripted_session(const tools::script& played, const script_setting& setting)
    : setting_(setting), player_(played, player_options()) {
    open_agent(played);
}

tools::script_options scripted_session::player_options() {
    tools::script_options options;
    options.listens = setting_.is_initiator;
    options.begin_string = setting_.version.begin_string;
    options.write_bytes_max = setting_.write_bytes_max;
    options.seed = setting_.seed;
    options.timeout_ns = std::int64_t{1} << 60;  // the host's clock decides
    options.calls["publish"] = [this](words headline) { return publish(headline); };
    options.calls["said"] = [this](words text) { return has_said(text); };
    options.calls["kept"] = [this](words row) { return has_kept(row); };
    options.calls["expects"] = [this](words number) { return expects(number); };
    options.calls["stop"] = [this](words) {
        agent_->inner.request_stop();
        return std::string();
    };
    return options;
}

gateway::settings_file scripted_session::settings(const tools::script& played) const {
    std::string text =
        "[DEFAULT]\nStartTime=00:00:00\nEndTime=00:00:00\nHeartBtInt=30\nConnectionType=";
    text += setting_.is_initiator ? "initiator\nSocketConnectHost=127.0.0.1\nSocketConnectPort=" +
                                        std::to_string(player_.port()) + "\n"
                                  : "acceptor\nSocketAcceptHost=127.0.0.1\nSocketAcceptPort=0\n";
    text += setting_.version.dictionaries;
    for (const auto& [key, value] : played.needs) {
        text += key + "=" + value + "\n";
    }
    text += std::string("[SESSION]\nBeginString=") + setting_.version.begin_string +
            "\nSenderCompID=OURS\nTargetCompID=PEER\n";
    return gateway::parse_settings("test.cfg", text, {MILLRACE_TEST_DICTIONARIES});
}

void scripted_session::open_agent(const tools::script& played) {
    gateway::session_agent_options options = agent_options(directory_ / "gateway");
    options.session.reconnect_min_ns = ms_ns;
    options.session.reconnect_max_ns = ms_ns;
    if (setting_.is_slow) {
        options.slow_sessions.push_back(std::string(setting_.version.begin_string) + ":OURS->PEER");
    }
    agent_ = std::make_unique<live_agent>(options, settings(played), orders_);
    if (!setting_.is_initiator) {
        player_.lead_to(agent_->inner.listening_ports().front());
    }
}

script_outcome scripted_session::play() {
    script_outcome outcome;
    const std::int64_t end_ns =
        session_clock::host_ns() + (has_waited_in_vain ? short_patience_ns : patience_ns);
    tools::script_state state = tools::script_state::playing;
    while (state == tools::script_state::playing && session_clock::host_ns() < end_ns) {
        const int work = agent_->step();
        state = player_.poll({clock_.monotonic_ns(), clock_.utc_ns()});
        pass_time(work);
    }
    has_waited_in_vain = has_waited_in_vain || state == tools::script_state::playing;
    outcome.failure =
        state == tools::script_state::playing ? player_.whereabouts() : player_.failure();
    outcome.fast_in = agent_->session().counters.fast_in.value();
    outcome.fast_out = agent_->session().counters.fast_out.value();
    outcome.transcript = player_.transcript();
    if (!outcome.failure.empty()) {
        outcome.failure += "\n" + setting_.text() + "\n";
        for (const std::string& line : outcome.transcript) {
            outcome.failure += "  " + line + "\n";
        }
        outcome.failure += "the session said\n" + agent_->last_said(12);
    }
    return outcome;
}

void scripted_session::pass_time(int work) {
    idle_ = work == 0 ? idle_ + 1 : 0;
    if (player_.wakes_at_ns() != 0) {
        if (idle_ > settled_turns) {
            idle_ = 0;
            clock_.pass(std::clamp(player_.wakes_at_ns() - clock_.monotonic_ns(), busy_turn_ns,
                                   delay_turn_ns));
        }
        return;
    }
    clock_.pass(work == 0 ? idle_turn_ns : busy_turn_ns);
    if (idle_ > 100) {
        ::usleep(50);  // it waits for a thread of the logs, or for the kernel
    }
}

// What an application sends: a News.
std::string scripted_session::publish(words headline) {
    orders_.put_body(++published_, with_soh("148=" + headline + "|33=1|58=text|"), clock_.utc_ns(),
                     'B');
    return "";
}

std::string scripted_session::has_said(words text) const {
    return agent_->has_said(text) ? "" : "the session has not said '" + text + "'";
}

// "application B 2", as a row of FIX_IN.
std::string scripted_session::has_kept(words row) const {
    std::string all;
    for (const std::string& each : texts_of(read_in(directory_ / "gateway" / "FIX_IN"))) {
        if (each == row) {
            return "";
        }
        all += "\n  " + each;
    }
    return "FIX_IN has no row '" + row + "'; it has" + all;
}

std::string scripted_session::expects(words number) const {
    const std::string due = std::to_string(agent_->session().ledger().next_target().value);
    return due == number ? "" : "the session expects number " + due;
}

}  // namespace millrace::test
