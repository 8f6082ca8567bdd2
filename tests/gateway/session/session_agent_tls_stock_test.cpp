// Over TLS against stock QuickFIX, whose own classes speak it: the settings' keys mean the same on
// both sides.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/gateway/quickfix/stock_peer.hpp"
#include "tests/gateway/session/session_test_support.hpp"
#include "tests/gateway/session/stopped_peers.hpp"
#include "tests/gateway/support/certificates.hpp"
#include "tests/gateway/support/free_port.hpp"

namespace millrace::gateway {
namespace {

class SessionAgentTlsStock : public testing::TestWithParam<bool> {
protected:
    [[nodiscard]] std::string keys(bool is_acceptor) const {
        const test::identity& own = is_acceptor ? venue : desk;
        const std::string prefix = is_acceptor ? "ServerCertificate" : "ClientCertificate";
        return prefix + "File=" + own.certificate_file + "\n" + prefix + "KeyFile=" + own.key_file +
               "\nCertificationAuthoritiesFile=" + trusted.file() + "\nCertificateVerifyLevel=2\n";
    }

    test::authority trusted{"Trusted CA"};
    // QuickFIX takes no other keys.
    test::identity venue =
        trusted.issue({"venue", "IP:127.0.0.1", -test::day_s, test::day_s, true});
    test::identity desk = trusted.issue({"desk", "", -test::day_s, test::day_s, true});
    engine::temporary_directory directory;
    test::order_source orders{"orders"};
};

TEST_P(SessionAgentTlsStock, TradesBothWaysAndLogsOut) {
    const bool is_initiator = GetParam();
    const std::string name = is_initiator ? "TLSVENUE" : "TLSDESK";
    test::stock_options wanted;
    wanted.has_tls = true;
    wanted.is_acceptor = is_initiator;
    wanted.port = test::free_port();
    wanted.sender = name;
    wanted.target = "OURS";
    wanted.dictionary = std::string(MILLRACE_TEST_DICTIONARIES) + "/FIX44.xml";
    wanted.more = keys(is_initiator);
    std::unique_ptr<test::stock_peer> peer;
    std::unique_ptr<test::live_agent> agent;
    const session_agent_options options = test::agent_options(directory / "gateway");
    if (is_initiator) {
        peer = std::make_unique<test::stock_peer>(wanted);
        agent = std::make_unique<test::live_agent>(
            options, test::agent_settings(true, wanted.port, name, keys(false) + "HeartBtInt=30\n"),
            orders);
    } else {
        agent = std::make_unique<test::live_agent>(
            options, test::agent_settings(false, 0, name, keys(true)), orders);
        wanted.port = agent->inner.listening_ports().front();
        peer = std::make_unique<test::stock_peer>(wanted);
    }
    const auto run_until = [&](auto done) {
        return test::step_until([&] { return agent->step(); }, done);
    };
    ASSERT_TRUE(run_until([&] { return agent->is_logged_on() && peer->is_logged_on(); }))
        << agent->last_said(9);
    for (std::uint64_t i = 1; i <= 50; ++i) {
        orders.put(i, "A" + std::to_string(i));
    }
    // Each order is answered with a report.
    EXPECT_TRUE(run_until([&] {
        return peer->apps_in().size() == 50 && agent->session().counters.fast_in.value() == 50;
    })) << agent->last_said(9);
    agent->inner.request_stop();
    EXPECT_TRUE(run_until([&] { return agent->inner.is_stopped() && !peer->is_logged_on(); }));
    EXPECT_EQ(agent->session().counters.tls_failures.value(), 0U);
    agent.reset();
    test::stopped_peers::add(std::move(peer));
}

INSTANTIATE_TEST_SUITE_P(Roles, SessionAgentTlsStock, testing::Bool(),
                         [](const auto& role) { return role.param ? "Initiator" : "Acceptor"; });

}  // namespace
}  // namespace millrace::gateway
