// A gateway with one live session, its peer, and an audit log beside it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "gateway/admin/admin_job.hpp"
#include "tests/gateway/admin/audit_rows.hpp"
#include "tests/gateway/session/raw_peer.hpp"

namespace millrace::test {

inline constexpr const char* administered = "FIX.4.4:OURS->PEER";

class AdministeredGateway : public testing::Test {
protected:
    AdministeredGateway() : orders("orders"), audit(directory / "ADMIN", std::size_t{1} << 16) {
        peer.listen();
        open();
    }

    void open() {
        agent.reset();
        agent = std::make_unique<live_agent>(
            options, agent_settings(true, peer.port(), "PEER", "HeartBtInt=30\n"), orders);
        gateways = {&agent->inner};
    }
    // One turn of everybody. The peer answers Logons and Logouts, if it is to.
    int step() {
        peer.hear();
        if (!peer.is_here()) {
            peer.frames.clear();
            answered = 0;
        }
        for (; answers && answered < peer.frames.size(); ++answered) {
            const std::string type = field_of(peer.frames[answered], 35);
            if (type == "A" && field_of(peer.frames[answered], 34) == "1") {
                peer_number = 1;  // it resets when we do
            }
            if (type == "A" || type == "5") {
                peer.say(type, peer_number++, type == "A" ? "98=0|108=30|" : "");
            }
        }
        return agent->step();
    }
    template <typename Done>
    [[nodiscard]] bool run_until(Done done) {
        return step_until([&] { return step(); }, done);
    }
    [[nodiscard]] bool log_on() {
        return run_until([&] { return agent->is_logged_on(); });
    }
    [[nodiscard]] gateway::session_view view() { return agent->session().view(); }
    [[nodiscard]] std::vector<audit_row> audited() const { return read_audit(directory / "ADMIN"); }
    // Where it would be written, something else stands.
    void keep_switches_from_being_written() {
        std::filesystem::create_directories(directory / "gateway" / "switches.tmp");
    }

    engine::temporary_directory directory;
    gateway::session_agent_options options = agent_options(directory / "gateway");
    order_source orders;
    raw_peer peer;
    bool answers = true;
    std::size_t answered = 0;  // of the peer's frames
    std::uint32_t peer_number = 1;
    std::unique_ptr<live_agent> agent;
    std::vector<gateway::session_agent*> gateways;
    gateway::audit_log audit;
};

}  // namespace millrace::test
