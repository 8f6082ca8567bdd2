#include "gateway/transport/connector.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "gateway/transport/listener.hpp"
#include "tests/gateway/transport/transport_test_support.hpp"

namespace millrace::gateway {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

socket_address loopback(std::uint16_t port) {
    return resolve("127.0.0.1", port).front();
}

// A port where nobody listens: taken, so that nobody else gets it, but not listened on.
struct deaf_port {
    deaf_port() : socket(::socket(AF_INET, SOCK_STREAM, 0)) {
        const socket_address any = loopback(0);
        EXPECT_EQ(::bind(socket.get(), any.get(), any.size), 0);
        address.size = sizeof address.storage;
        EXPECT_EQ(::getsockname(socket.get(), address.get(), &address.size), 0);
    }
    engine::unique_fd socket;
    socket_address address;
};

connector_state poll_until_news(connector& connecting, std::int64_t now_ns,
                                engine::unique_fd& socket) {
    connector_state state = connector_state::connecting;
    EXPECT_TRUE(test::eventually([&] {
        state = connecting.poll(now_ns, socket);
        return state != connector_state::connecting;
    }));
    return state;
}

TEST(Connector, ConnectsToThePrimary) {
    listener primary{loopback(0), listener_options{}};
    listener backup{loopback(0), listener_options{}};
    connector connecting{{{loopback(primary.port())}, {loopback(backup.port())}}, {}};
    engine::unique_fd socket;
    EXPECT_EQ(connecting.poll(0, socket), connector_state::stopped);
    connecting.start(0);
    EXPECT_EQ(poll_until_news(connecting, 0, socket), connector_state::connected);
    EXPECT_TRUE(socket.is_open());
    EXPECT_EQ(connecting.endpoint_index(), 0U);
    EXPECT_EQ(connecting.attempts(), 1U);
}

TEST(Connector, GoesToTheBackupWithoutAPauseWhenThePrimaryRefuses) {
    const deaf_port primary;
    listener backup{loopback(0), listener_options{}};
    connector connecting{{{primary.address}, {loopback(backup.port())}}, {}};
    engine::unique_fd socket;
    connecting.start(0);
    EXPECT_EQ(poll_until_news(connecting, 0, socket), connector_state::failed);
    EXPECT_EQ(connecting.last_errno(), ECONNREFUSED);
    EXPECT_EQ(poll_until_news(connecting, 0, socket), connector_state::connected);
    EXPECT_EQ(connecting.endpoint_index(), 1U);
}

TEST(Connector, PausesLongerAfterEachRoundUpToTheLimit) {
    const deaf_port only;
    connector_options options;
    options.retry_min_ns = second_ns;
    options.retry_max_ns = 3 * second_ns;
    connector connecting{{{only.address}}, options};
    engine::unique_fd socket;
    connecting.start(0);
    std::int64_t now_ns = 0;
    for (const std::int64_t pause_ns : {second_ns, 2 * second_ns, 3 * second_ns, 3 * second_ns}) {
        EXPECT_EQ(poll_until_news(connecting, now_ns, socket), connector_state::failed);
        EXPECT_EQ(connecting.next_attempt_ns(), now_ns + pause_ns);
        EXPECT_EQ(connecting.poll(now_ns + pause_ns - 1, socket), connector_state::waiting);
        now_ns += pause_ns;
    }
}

TEST(Connector, ReturnsToThePrimaryAfterAGoodConnection) {
    const deaf_port primary;
    listener backup{loopback(0), listener_options{}};
    connector connecting{{{primary.address}, {loopback(backup.port())}}, {}};
    engine::unique_fd socket;
    connecting.start(0);
    EXPECT_EQ(poll_until_news(connecting, 0, socket), connector_state::failed);
    EXPECT_EQ(poll_until_news(connecting, 0, socket), connector_state::connected);
    connecting.connection_ended(true, 10 * second_ns);
    EXPECT_EQ(connecting.endpoint_index(), 0U);
    EXPECT_EQ(connecting.next_attempt_ns(), 11 * second_ns);
}

TEST(Connector, HasAnotherPrimaryWhenItIsToldSo) {
    listener first{loopback(0), listener_options{}};
    const deaf_port second;
    connector connecting{{{loopback(first.port())}, {second.address}}, {}};
    EXPECT_EQ(connecting.endpoint_count(), 2U);
    engine::unique_fd socket;
    connecting.start(0);
    EXPECT_EQ(poll_until_news(connecting, 0, socket), connector_state::connected);
    connecting.prefer_next();
    EXPECT_EQ(connecting.endpoint_index(), 0U) << "the connection is where it was";
    connecting.stop();
    connecting.start(0);
    EXPECT_EQ(connecting.endpoint_index(), 1U);
    EXPECT_EQ(poll_until_news(connecting, 0, socket), connector_state::failed);
    // The other one is the backup now, and behind it comes the pause.
    EXPECT_EQ(poll_until_news(connecting, 0, socket), connector_state::connected);
    EXPECT_EQ(connecting.endpoint_index(), 0U);
    connecting.connection_ended(false, 0);
    EXPECT_EQ(connecting.endpoint_index(), 1U);
    EXPECT_GT(connecting.next_attempt_ns(), 0);
    EXPECT_EQ(connector({{second.address}}, {}).endpoint_count(), 1U);
}

TEST(Connector, TriesTheNextAddressAfterAConnectionThatWasNoGood) {
    listener primary{loopback(0), listener_options{}};
    listener backup{loopback(0), listener_options{}};
    connector connecting{{{loopback(primary.port())}, {loopback(backup.port())}}, {}};
    engine::unique_fd socket;
    connecting.start(0);
    EXPECT_EQ(poll_until_news(connecting, 0, socket), connector_state::connected);
    connecting.connection_ended(false, 5);
    EXPECT_EQ(poll_until_news(connecting, 5, socket), connector_state::connected);
    EXPECT_EQ(connecting.endpoint_index(), 1U);
}

TEST(Connector, GivesUpAnAttemptThatTakesTooLong) {
    // A listener whose backlog is full leaves further connections without an answer.
    engine::unique_fd full{::socket(AF_INET, SOCK_STREAM, 0)};
    const socket_address any = loopback(0);
    ASSERT_EQ(::bind(full.get(), any.get(), any.size), 0);
    ASSERT_EQ(::listen(full.get(), 0), 0);
    socket_address address;
    address.size = sizeof address.storage;
    ASSERT_EQ(::getsockname(full.get(), address.get(), &address.size), 0);
    std::vector<engine::unique_fd> fillers;
    connector_options options;
    options.connect_timeout_ns = second_ns;
    for (int i = 0; i < 8; ++i) {
        fillers.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        static_cast<void>(::connect(fillers.back().get(), address.get(), address.size));
    }
    connector connecting{{{address}}, options};
    engine::unique_fd socket;
    connecting.start(0);
    ASSERT_EQ(connecting.poll(0, socket), connector_state::connecting);
    EXPECT_EQ(connecting.poll(second_ns - 1, socket), connector_state::connecting);
    EXPECT_EQ(connecting.poll(second_ns, socket), connector_state::failed);
    EXPECT_EQ(connecting.last_errno(), ETIMEDOUT);
}

TEST(Connector, DoesNothingAfterAStop) {
    listener primary{loopback(0), listener_options{}};
    connector connecting{{{loopback(primary.port())}}, {}};
    engine::unique_fd socket;
    connecting.start(0);
    connecting.stop();
    EXPECT_EQ(connecting.poll(100 * second_ns, socket), connector_state::stopped);
    EXPECT_EQ(connecting.attempts(), 0U);
}

TEST(Connector, BindsTheSourceAddress) {
    listener primary{loopback(0), listener_options{}};
    connector_options options;
    options.source = resolve("127.0.0.2", 0).front();
    connector connecting{{{loopback(primary.port())}}, options};
    engine::unique_fd socket;
    connecting.start(0);
    ASSERT_EQ(poll_until_news(connecting, 0, socket), connector_state::connected);
    socket_address local;
    local.size = sizeof local.storage;
    ASSERT_EQ(::getsockname(socket.get(), local.get(), &local.size), 0);
    EXPECT_EQ(to_string(local).substr(0, 10), "127.0.0.2:");
}

TEST(Connector, RefusesToExistWithoutAnAddress) {
    EXPECT_THROW((connector{{}, {}}), engine::config_error);
    EXPECT_THROW((connector{{{}}, {}}), engine::config_error);
}

}  // namespace
}  // namespace millrace::gateway
