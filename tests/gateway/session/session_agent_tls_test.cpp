// Sessions over TLS, against OpenSSL alone and against our own other side; and what becomes of
// those whose TLS is not right.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gateway/session/session_setup.hpp"
#include "tests/gateway/session/openssl_peer.hpp"
#include "tests/gateway/session/session_test_support.hpp"

namespace millrace::gateway {
namespace {

class SessionAgentTls : public testing::Test {
protected:
    [[nodiscard]] std::string acceptor_keys() const {
        return "ServerCertificateFile=" + venue.certificate_file +
               "\nServerCertificateKeyFile=" + venue.key_file +
               "\nCertificationAuthoritiesFile=" + trusted.file() + "\n";
    }
    [[nodiscard]] std::string initiator_keys(const test::identity& own) const {
        return "ClientCertificateFile=" + own.certificate_file +
               "\nClientCertificateKeyFile=" + own.key_file +
               "\nCertificationAuthoritiesFile=" + trusted.file() + "\nHeartBtInt=30\n";
    }
    void open_acceptor(const std::string& more = "") {
        agent = std::make_unique<test::live_agent>(
            options, test::agent_settings(false, 0, "PEER", acceptor_keys() + more), orders);
        port = agent->inner.listening_ports().front();
    }
    void open_initiator(std::uint16_t to, const test::identity& own, const std::string& more = "") {
        agent = std::make_unique<test::live_agent>(
            options, test::agent_settings(true, to, "PEER", initiator_keys(own) + more), orders);
    }
    template <typename Peer, typename Done>
    [[nodiscard]] bool run_until(Peer& peer, Done done) {
        return test::step_until(
            [&] {
                peer.hear();
                return agent->step();
            },
            done);
    }
    [[nodiscard]] fix_session_counters& counters() { return agent->session().counters; }

    engine::temporary_directory directory;
    test::authority trusted{"Trusted CA"};
    test::authority foreign{"Foreign CA"};
    test::identity venue = trusted.issue({"venue", "DNS:localhost,IP:127.0.0.1"});
    test::identity desk = trusted.issue({"desk"});
    session_agent_options options = test::agent_options(directory / "gateway");
    test::order_source orders{"orders"};
    std::uint16_t port = 0;
    std::unique_ptr<test::live_agent> agent;
};

TEST_F(SessionAgentTls, AnAcceptorServesAPeerThatIsOpenSslAlone) {
    open_acceptor("CertificatePeerNames=desk\n");
    test::openssl_peer peer(false, desk, trusted.file());
    peer.come_to(port);
    peer.say("A", 1, "98=0|108=30|");
    ASSERT_TRUE(run_until(peer, [&] { return agent->is_logged_on() && peer.count("A") == 1; }))
        << agent->last_said(5);
    EXPECT_TRUE(agent->has_said("FIX.4.4:OURS->PEER: TLSv1.3, "));
    EXPECT_TRUE(agent->has_said("peer CN=desk"));
    for (std::uint64_t i = 1; i <= 20; ++i) {
        orders.put(i, "A" + std::to_string(i));
    }
    ASSERT_TRUE(run_until(peer, [&] { return peer.count("D") == 20; }));
    EXPECT_EQ(counters().fast_out.value(), 20U) << "over TLS too";
    for (std::uint32_t number = 2; number < 12; ++number) {
        peer.say("8", number, "6=1|11=A1|14=1|17=E1|37=V1|39=1|54=1|55=VOD.L|150=F|151=1|");
    }
    ASSERT_TRUE(run_until(peer, [&] { return counters().fast_in.value() == 10; }));
    peer.say("2", 12, "7=2|16=0|");
    ASSERT_TRUE(run_until(peer, [&] { return peer.count("D", "43=Y") == 20; }));
    peer.say("5", 13, "");
    ASSERT_TRUE(run_until(peer, [&] { return peer.count("5") == 1; }));
    EXPECT_TRUE(run_until(peer, [&] { return !peer.is_here() && !agent->is_logged_on(); }));
    EXPECT_TRUE(peer.is_end_said);
    EXPECT_EQ(counters().tls_failures.value(), 0U);
}

TEST_F(SessionAgentTls, AnInitiatorCallsAPeerThatIsOpenSslAlone) {
    test::openssl_peer peer(true, venue, trusted.file());
    open_initiator(peer.port(), desk);
    ASSERT_TRUE(run_until(peer, [&] { return peer.count("A") == 1; })) << agent->last_said(5);
    peer.say("A", 1, "98=0|108=30|");
    ASSERT_TRUE(run_until(peer, [&] { return agent->is_logged_on(); }));
    orders.put(1, "A1");
    ASSERT_TRUE(run_until(peer, [&] { return peer.count("D") == 1; }));
    agent->inner.request_stop();
    ASSERT_TRUE(run_until(peer, [&] { return peer.count("5") == 1; }));
    peer.say("5", 2, "");
    EXPECT_TRUE(run_until(peer, [&] { return agent->inner.is_stopped(); }));
}

TEST_F(SessionAgentTls, BothOursTalkToEachOtherAndLogOut) {
    open_acceptor();
    session_agent_options near_options = test::agent_options(directory / "near");
    test::order_source near_orders("near-orders");
    settings_file near = test::agent_settings(true, port, "OURS", initiator_keys(desk));
    near =
        parse_settings("near.cfg",
                       "[DEFAULT]\nConnectionType=initiator\nStartTime=00:00:00\nEndTime=00:00:00\n"
                       "DataDictionary=FIX44.xml\nSocketConnectHost=localhost\nSocketConnectPort=" +
                           std::to_string(port) + "\n" + initiator_keys(desk) +
                           "[SESSION]\nBeginString=FIX.4.4\nSenderCompID=PEER\nTargetCompID=OURS\n",
                       {MILLRACE_TEST_DICTIONARIES});
    test::live_agent caller(near_options, near, near_orders);
    const auto both = [&] { return agent->step() + caller.step(); };
    ASSERT_TRUE(
        test::step_until(both, [&] { return agent->is_logged_on() && caller.is_logged_on(); }))
        << caller.last_said(5) << agent->last_said(5);
    for (std::uint64_t i = 1; i <= 500; ++i) {
        orders.put(i, "A" + std::to_string(i));
        near_orders.put(i, "B" + std::to_string(i));
    }
    ASSERT_TRUE(test::step_until(both, [&] {
        return counters().messages_in.value() >= 501 &&
               caller.session().counters.messages_in.value() >= 501;
    }));
    caller.inner.request_stop();
    EXPECT_TRUE(test::step_until(
        both, [&] { return caller.inner.is_stopped() && !agent->is_logged_on(); }));
}

TEST_F(SessionAgentTls, AnAcceptorSaysWhomItRefusesAndTakesTheNextOne) {
    open_acceptor("CertificatePeerNames=desk\n");
    const test::identity expired = trusted.issue({"old", "", -9 * test::day_s, -test::day_s});
    const test::identity stranger = foreign.issue({"desk"});
    const test::identity other = trusted.issue({"other"});
    const std::pair<test::identity, const char*> refused[] = {
        {expired, "(CN=old) expired 20"},
        {stranger, "(CN=desk) is of an authority we do not know (CN=Foreign CA)"},
        {{}, "the peer has no certificate"},
        {other,
         "refused a Logon with a certificate that has none of its session's CertificatePeerNames"}};
    for (const auto& [own, text] : refused) {
        test::openssl_peer peer(false, own, trusted.file());
        peer.come_to(port);
        peer.say("A", 1, "98=0|108=30|141=Y|");
        EXPECT_TRUE(run_until(peer, [&] { return !peer.is_here() && agent->has_said(text); }))
            << text << "\n"
            << agent->last_said(5);
    }
    ASSERT_TRUE(test::step_until([&] { return agent->step(); },
                                 [&] {
                                     return agent->inner.counters.tls_failures.value() == 3 &&
                                            agent->inner.counters.refused_connections.value() == 4;
                                 }));
    EXPECT_EQ(agent->session().ledger().next_target(), msg_seq_num{1}) << "no number moved";
    test::openssl_peer peer(false, desk, trusted.file());
    peer.come_to(port);
    peer.say("A", 1, "98=0|108=30|");
    EXPECT_TRUE(run_until(peer, [&] { return agent->is_logged_on(); })) << agent->last_said(5);
}

// A venue with the wrong certificate, then its backup.
TEST_F(SessionAgentTls, AnInitiatorSaysWhomItRefusesAndGoesToTheBackup) {
    test::openssl_peer wrong(true, foreign.issue({"venue", "IP:127.0.0.1"}), trusted.file());
    test::openssl_peer right(true, venue, trusted.file());
    open_initiator(
        wrong.port(), desk,
        "SocketConnectHost1=127.0.0.1\nSocketConnectPort1=" + std::to_string(right.port()) + "\n");
    const auto hear = [&] {
        wrong.hear();
        right.hear();
        return agent->step();
    };
    ASSERT_TRUE(test::step_until(hear, [&] { return right.count("A") == 1; }));
    EXPECT_TRUE(agent->has_said(
        "FIX.4.4:OURS->PEER: certificate of peer 127.0.0.1:" + std::to_string(wrong.port()) +
        " (CN=venue) is of an authority we do not know (CN=Foreign CA)"))
        << agent->last_said(9);
    EXPECT_EQ(counters().tls_failures.value(), 1U);
    EXPECT_EQ(counters().connects.value(), 1U);
    EXPECT_EQ(agent->session().ledger().next_sender(), msg_seq_num{2})
        << "only who is right is given a number";
}

TEST_F(SessionAgentTls, AnInitiatorThatIsRefusedSaysWhyAndPauses) {
    test::openssl_peer peer(true, venue, foreign.file());
    open_initiator(peer.port(), desk);
    const char* const text = ": the peer does not know the authority of our certificate";
    ASSERT_TRUE(run_until(peer, [&] { return counters().tls_failures.value() >= 3; }));
    EXPECT_TRUE(agent->has_said(text)) << agent->last_said(9);
    EXPECT_FALSE(agent->is_logged_on());
}

TEST_F(SessionAgentTls, AHandshakeThatStallsIsOverInTime) {
    options.session.handshake_timeout_ns = 20 * test::ms_ns;
    const engine::unique_fd deaf(::socket(AF_INET, SOCK_STREAM, 0));
    socket_address address = resolve("127.0.0.1", 0, address_use::listen).front();
    ASSERT_EQ(::bind(deaf.get(), address.get(), address.size), 0);
    ASSERT_EQ(::listen(deaf.get(), 64), 0);
    ASSERT_EQ(::getsockname(deaf.get(), address.get(), &address.size), 0);
    open_initiator(address.port(), desk);
    ASSERT_TRUE(test::step_until([&] { return agent->step(); },
                                 [&] { return counters().tls_failures.value() >= 2; }));
    EXPECT_TRUE(agent->has_said("TLS with 127.0.0.1:" + std::to_string(address.port()) +
                                ": the handshake was not over in time"));
    EXPECT_EQ(counters().connects.value(), 0U);
    agent->inner.request_stop();
    EXPECT_TRUE(
        test::step_until([&] { return agent->step(); }, [&] { return agent->inner.is_stopped(); }));
}

TEST_F(SessionAgentTls, StopsInTheMiddleOfAHandshake) {
    const engine::unique_fd deaf(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    socket_address address = resolve("127.0.0.1", 0, address_use::listen).front();
    ASSERT_EQ(::bind(deaf.get(), address.get(), address.size), 0);
    ASSERT_EQ(::listen(deaf.get(), 64), 0);
    ASSERT_EQ(::getsockname(deaf.get(), address.get(), &address.size), 0);
    open_initiator(address.port(), desk);
    engine::unique_fd come;
    ASSERT_TRUE(test::step_until([&] { return agent->step(); },
                                 [&] {
                                     come.reset(
                                         ::accept4(deaf.get(), nullptr, nullptr, SOCK_CLOEXEC));
                                     return come.is_open();
                                 }));
    agent->inner.request_stop();
    EXPECT_TRUE(
        test::step_until([&] { return agent->step(); }, [&] { return agent->inner.is_stopped(); }));
    EXPECT_EQ(counters().tls_failures.value(), 0U);
}

TEST_F(SessionAgentTls, SaysThatOneSideSpeaksInTheClear) {
    open_acceptor();
    session_agent_options near_options = test::agent_options(directory / "near");
    test::order_source near_orders("near-orders");
    {
        test::live_agent caller(
            near_options, test::agent_settings(true, port, "X", "HeartBtInt=30"), near_orders);
        EXPECT_TRUE(test::step_until(
            [&] { return agent->step() + caller.step(); },
            [&] {
                return agent->has_said(
                           "the peer speaks FIX in the clear, and this port takes TLS") &&
                       caller.session().counters.tls_failures.value() > 0;
            }))
            << caller.last_said(9);
        EXPECT_TRUE(caller.has_said("the peer speaks TLS, and this side does not"));
    }
    agent.reset();  // a session is there once in a process
    agent = std::make_unique<test::live_agent>(test::agent_options(directory / "plain"),
                                               test::agent_settings(false, 0, "PEER", ""), orders);
    port = agent->inner.listening_ports().front();
    near_options.directory = directory / "secure";
    test::live_agent caller(
        near_options, test::agent_settings(true, port, "X", initiator_keys(desk)), near_orders);
    EXPECT_TRUE(test::step_until(
        [&] { return agent->step() + caller.step(); },
        [&] {
            return agent->has_said("the peer speaks TLS, and this side does not") &&
                   caller.has_said("the peer closed the connection during the handshake");
        }))
        << caller.last_said(9);
}

// Three sessions are told by one system call which sockets have something to read. What TLS has
// taken from a socket and not given out is not there any more.
TEST_F(SessionAgentTls, ReadsWhatTlsHoldsAlthoughTheSocketHasNothing) {
    options.session.connection.framing.body_bytes_max = 400;
    options.session.connection.framing.buffer_bytes = 0;
    settings_file settings = test::agent_settings(false, 0, "PEER", acceptor_keys());
    for (const char* const absent : {"ABSENT1", "ABSENT2"}) {
        settings.sessions.push_back(
            test::agent_settings(false, 0, absent, acceptor_keys()).sessions.front());
    }
    agent = std::make_unique<test::live_agent>(options, settings, orders);
    test::openssl_peer peer(false, desk, trusted.file());
    peer.come_to(agent->inner.listening_ports().front());
    peer.say("A", 1, "98=0|108=30|");
    ASSERT_TRUE(run_until(peer, [&] { return agent->is_logged_on(); }));
    std::string record;
    for (std::uint32_t number = 2; number < 82; ++number) {
        record += test::frame_of("35=0|34=" + std::to_string(number) +
                                 "|49=PEER|52=" + test::sending_time() + "|56=OURS|");
    }
    ASSERT_GT(record.size(), 4000U);
    peer.say_bytes(record);
    EXPECT_TRUE(run_until(peer, [&] {
        return agent->session().ledger().next_target() == msg_seq_num{82};
    })) << counters().next_target.value();
}

// A new certificate is put in the place of the old one, and then one that is none.
TEST_F(SessionAgentTls, AnAcceptorReadsAgainWhatHasChanged) {
    open_acceptor();
    EXPECT_EQ(agent->inner.tend(), "");
    test::openssl_peer before(false, desk, trusted.file());
    before.come_to(port);
    before.say("A", 1, "98=0|108=30|");
    ASSERT_TRUE(run_until(before, [&] { return agent->is_logged_on(); }));
    EXPECT_EQ(before.other_name(), "venue");
    const test::identity fresh = trusted.issue({"new venue"});
    std::filesystem::rename(fresh.certificate_file, venue.certificate_file);
    EXPECT_NE(
        agent->inner.tend().find(venue.key_file + ": is not the key of " + venue.certificate_file),
        std::string::npos)
        << "half of it is there";
    std::filesystem::rename(fresh.key_file, venue.key_file);
    EXPECT_EQ(agent->inner.tend(), "");
    ASSERT_TRUE(
        run_until(before, [&] { return agent->has_said("TEST: TLS: its files were read again"); }));
    EXPECT_TRUE(agent->is_logged_on()) << "who is connected stays so";
    const auto comes_and_sees = [&] {
        test::openssl_peer after(false, desk, trusted.file());
        after.come_to(port);
        EXPECT_TRUE(run_until(after, [&] { return after.is_secure(); }));
        return after.is_here() ? after.other_name() : "nobody";
    };
    EXPECT_EQ(comes_and_sees(), "new venue");
    std::ofstream(venue.certificate_file) << "rubbish";
    EXPECT_NE(agent->inner.tend().find("FIX.4.4:OURS->PEER: TLS stays as it was read before: "),
              std::string::npos);
    EXPECT_NE(agent->inner.tend(), "") << "as long as it is so";
    EXPECT_EQ(comes_and_sees(), "new venue");
}

TEST_F(SessionAgentTls, AnInitiatorReadsAgainWhatHasChanged) {
    test::openssl_peer peer(true, venue, trusted.file());
    const std::string authorities = (directory / "ca.pem").native();
    std::filesystem::copy_file(foreign.file(), authorities);
    open_initiator(peer.port(), desk, "CertificationAuthoritiesFile=" + authorities + "\n");
    ASSERT_TRUE(run_until(peer, [&] { return counters().tls_failures.value() > 0; }));
    EXPECT_EQ(agent->inner.tend(), "");
    std::filesystem::copy_file(trusted.file(), authorities,
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_EQ(agent->inner.tend(), "");
    ASSERT_TRUE(run_until(peer, [&] { return peer.count("A") == 1; })) << agent->last_said(5);
    EXPECT_TRUE(agent->has_said("FIX.4.4:OURS->PEER: TLS: its files were read again"));
}

TEST_F(SessionAgentTls, RefusesAKeyThatOthersMayRead) {
    ASSERT_EQ(::chmod(venue.key_file.c_str(), 0644), 0);
    try {
        open_acceptor();
        FAIL() << "opened";
    } catch (const engine::config_error& failure) {
        const std::string text = failure.what();
        EXPECT_NE(text.find("test.cfg:"), std::string::npos) << text;
        EXPECT_NE(text.find(venue.key_file + ": its mode is 0644, and nobody but its owner"),
                  std::string::npos)
            << text;
    }
}

TEST_F(SessionAgentTls, OnePortHasOneTls) {
    const std::string sessions =
        "[SESSION]\nBeginString=FIX.4.4\nSenderCompID=OURS\nTargetCompID=A\n"
        "CertificatePeerNames=a\n"
        "[SESSION]\nBeginString=FIX.4.4\nSenderCompID=OURS\nTargetCompID=B\n";
    const auto settings = [&](const std::string& more) {
        return parse_settings("test.cfg",
                              "[DEFAULT]\nConnectionType=acceptor\nStartTime=00:00:00\n"
                              "EndTime=00:00:00\nUseDataDictionary=N\nSocketAcceptPort=0\n" +
                                  acceptor_keys() + sessions + more,
                              {});
    };
    const settings_file same = settings("CertificatePeerNames=b\n");
    EXPECT_NO_THROW(detail::check_port_tls(same.sessions[0], same));
    const settings_file other = settings("SSLProtocol=TLSv1_3\n");
    try {
        detail::check_port_tls(other.sessions[0], other);
        FAIL() << "taken";
    } catch (const engine::config_error& failure) {
        EXPECT_NE(std::string(failure.what())
                      .find("is reached at the port of FIX.4.4:OURS->B, "
                            "with another TLS"),
                  std::string::npos)
            << failure.what();
    }
}

TEST_F(SessionAgentTls, WarnsOfAnOwnCertificateThatHasExpired) {
    venue = trusted.issue({"venue", "", -9 * test::day_s, -test::day_s});
    open_acceptor();
    EXPECT_EQ(agent->step(), 0);
    EXPECT_TRUE(agent->has_said(venue.certificate_file + ": expired 20"));
    const test::identity old = trusted.issue({"desk", "", -9 * test::day_s, -test::day_s});
    options.directory = directory / "other";
    agent.reset();
    open_initiator(1, old);
    agent->step();
    EXPECT_TRUE(agent->has_said("FIX.4.4:OURS->PEER: " + old.certificate_file + ": expired 20"));
}

}  // namespace
}  // namespace millrace::gateway
