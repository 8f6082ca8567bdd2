// Who comes to a listener.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "engine/core/file.hpp"
#include "gateway/transport/listener.hpp"

namespace millrace::test {

[[nodiscard]] inline gateway::socket_address loopback(std::uint16_t port) {
    return gateway::resolve("127.0.0.1", port, gateway::address_use::listen).front();
}

[[nodiscard]] inline engine::unique_fd dial(const gateway::listener& to) {
    engine::unique_fd socket{::socket(AF_INET, SOCK_STREAM, 0)};
    const gateway::socket_address address = loopback(to.port());
    EXPECT_EQ(::connect(socket.get(), address.get(), address.size), 0);
    return socket;
}

}  // namespace millrace::test
