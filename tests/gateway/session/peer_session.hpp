// A session agent with one session and one route, and its peer as bytes.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/gateway/session/raw_peer.hpp"

namespace millrace::test {

class PeerSession : public testing::Test {
protected:
    PeerSession() : orders("orders") {}

    void open_acceptor(const std::string& more = "") {
        agent =
            std::make_unique<live_agent>(options, agent_settings(false, 0, "PEER", more), orders);
    }
    template <typename Done>
    [[nodiscard]] bool run_until(Done done) {
        return step_until(
            [&] {
                peer.hear();
                return agent->step();
            },
            done);
    }
    [[nodiscard]] std::vector<logged_row> out_rows() {
        return read_out(directory / "gateway" / "FIX_OUT");
    }
    [[nodiscard]] std::vector<logged_row> in_rows() {
        return read_in(directory / "gateway" / "FIX_IN");
    }
    [[nodiscard]] gateway::session_ledger& ledger() { return agent->session().ledger(); }
    [[nodiscard]] gateway::fix_session_counters& counters() { return agent->session().counters; }

    engine::temporary_directory directory;
    gateway::session_agent_options options = agent_options(directory / "gateway");
    order_source orders;
    raw_peer peer;
    std::unique_ptr<live_agent> agent;
};

// The session is an acceptor, to which the peer comes.
class AcceptorSession : public PeerSession {
protected:
    void open(const std::string& more = "") { open_acceptor(more); }
    void log_on(std::uint32_t number) {
        peer.come_to(agent->inner.listening_ports().front());
        peer.say("A", number, "98=0|108=30|");
        ASSERT_TRUE(run_until([&] { return agent->is_logged_on() && peer.has_heard("A"); }))
            << agent->last_said(10);
    }
};

}  // namespace millrace::test
