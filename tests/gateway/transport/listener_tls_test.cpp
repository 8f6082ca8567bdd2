#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/transport/listener.hpp"
#include "tests/gateway/transport/listener_test_support.hpp"
#include "tests/gateway/transport/tls_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::dial;
using test::eventually;
using test::heartbeat;
using test::loopback;

constexpr std::int64_t second_ns = 1'000'000'000;

class ListenerTls : public testing::Test {
protected:
    ListenerTls() : server(names.server()), client(names.client()) {
        options.tls = &server;
        options.handshake_timeout_ns = 5 * second_ns;
    }

    test::tls_names names;
    tls_context server;
    tls_context client;
    listener_options options;
};

TEST_F(ListenerTls, HandsOutTheFirstFrameAndServesItsPlaceAgain) {
    options.pending_max = 1;
    listener listening(loopback(0), options);
    for (int i = 0; i < 3; ++i) {
        connection peer({});
        peer.open(dial(listening), loopback(listening.port()), &client, "127.0.0.1");
        bool has_spoken = false;
        listener::first_frame found;
        std::vector<std::string> answers;
        EXPECT_TRUE(eventually([&] {
            test::tls_couple::poll(peer, answers);
            if (!has_spoken && peer.is_open() && !peer.is_securing()) {
                peer.send(heartbeat(i).data(), heartbeat(i).size(), 0);
                has_spoken = true;
            }
            found = listening.poll(0);
            return found.link != nullptr;
        })) << peer.close_text();
        ASSERT_NE(found.link, nullptr);
        EXPECT_EQ(found.frame, heartbeat(i));
        connection session({});
        session.swap(*found.link);
        EXPECT_EQ(found.frame, heartbeat(i));
        session.send(heartbeat(7).data(), heartbeat(7).size(), 0);
        EXPECT_TRUE(eventually([&] {
            test::tls_couple::poll(peer, answers);
            return !answers.empty();
        }));
    }
    EXPECT_EQ(listening.counters().tls_failed, 0U);
}

TEST_F(ListenerTls, SaysWhoSpeaksInTheClear) {
    listener listening(loopback(0), options);
    const engine::unique_fd peer = dial(listening);
    ASSERT_GT(::send(peer.get(), heartbeat(1).data(), heartbeat(1).size(), MSG_NOSIGNAL), 0);
    std::string failure;
    EXPECT_TRUE(eventually([&] {
        const listener::first_frame found = listening.poll(0);
        EXPECT_EQ(found.link, nullptr);
        failure = found.failure;
        return !failure.empty();
    }));
    EXPECT_EQ(failure.substr(0, 19), "TLS with 127.0.0.1:");
    EXPECT_NE(failure.find("the peer speaks FIX in the clear"), std::string::npos);
    EXPECT_EQ(listening.counters().tls_failed, 1U);
    EXPECT_EQ(listening.counters().ended_early, 1U);
    EXPECT_EQ(listening.pending_count(), 0U);
    EXPECT_EQ(listening.poll(0).failure, "") << "said once";
}

TEST_F(ListenerTls, SaysWhoSpeaksTlsWhereNobodyDoes) {
    options.tls = nullptr;
    listener listening(loopback(0), options);
    connection peer({});
    peer.open(dial(listening), loopback(listening.port()), &client, "127.0.0.1");
    std::string failure;
    EXPECT_TRUE(eventually([&] {
        failure = listening.poll(0).failure;
        return !failure.empty();
    }));
    EXPECT_EQ(failure.substr(0, 10), "127.0.0.1:");
    EXPECT_NE(failure.find(": the peer speaks TLS, and this side does not"), std::string::npos);
    EXPECT_EQ(listening.counters().tls_failed, 1U);
    EXPECT_TRUE(eventually([&] { return peer.receive() == receive_state::closed; }));
    EXPECT_NE(peer.close_text().find("the peer closed the connection during the handshake"),
              std::string_view::npos);
}

TEST_F(ListenerTls, EndsAHandshakeThatStalls) {
    listener listening(loopback(0), options);
    const engine::unique_fd peer = dial(listening);
    const char hello[] = {0x16, 0x03};  // and no more
    ASSERT_EQ(::send(peer.get(), hello, sizeof hello, MSG_NOSIGNAL), 2);
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(listening.poll(0).failure, "");
        return listening.pending_count() == 1;
    }));
    EXPECT_EQ(listening.poll(5 * second_ns - 1).failure, "");
    EXPECT_EQ(listening.pending_count(), 1U);
    const std::string failure(listening.poll(5 * second_ns).failure);
    EXPECT_NE(failure.find("the handshake was not over in time"), std::string::npos) << failure;
    EXPECT_EQ(listening.pending_count(), 0U);
    EXPECT_EQ(listening.counters().tls_failed, 1U);
}

}  // namespace
}  // namespace millrace::gateway
