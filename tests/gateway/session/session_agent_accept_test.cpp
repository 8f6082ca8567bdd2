// What an acceptor's sockets are like.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "tests/gateway/session/raw_peer.hpp"

namespace millrace::gateway {
namespace {

// Of this process's connections that came to the port: the size of their send buffers.
std::vector<int> send_buffers_at(std::uint16_t port) {
    std::vector<int> found;
    for (int fd = 3; fd < 1024; ++fd) {
        socket_address local;
        local.size = sizeof local.storage;
        socket_address peer;
        peer.size = sizeof peer.storage;
        int bytes = 0;
        socklen_t size = sizeof bytes;
        if (::getsockname(fd, local.get(), &local.size) == 0 && local.port() == port &&
            ::getpeername(fd, peer.get(), &peer.size) == 0 &&
            ::getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, &size) == 0) {
            found.push_back(bytes);
        }
    }
    return found;
}

TEST(SessionAgentAccept, GivesItsSocketsTheBuffersOfTheSettings) {
    const engine::temporary_directory directory;
    test::order_source orders("orders");
    test::live_agent agent(test::agent_options(directory / "gateway"),
                           test::agent_settings(false, 0, "PEER", "SocketSendBufferSize=9000\n"),
                           orders);
    const std::uint16_t port = agent.inner.listening_ports().front();
    for (int i = 0; i < 3; ++i) {
        test::raw_peer peer;
        peer.come_to(port);
        peer.say("A", static_cast<std::uint32_t>(i + 1), "98=0|108=30|");
        const auto step = [&] {
            peer.hear();
            return agent.step();
        };
        ASSERT_TRUE(test::step_until(step, [&] { return agent.is_logged_on(); }));
        EXPECT_EQ(send_buffers_at(port), std::vector<int>{18000}) << "the kernel doubles it";
        peer.leave();
        ASSERT_TRUE(test::step_until(step, [&] { return !agent.is_logged_on(); }));
    }
}

}  // namespace
}  // namespace millrace::gateway
