// A port for a library that cannot say which one it was given.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdint>

#include "engine/core/file.hpp"
#include "gateway/transport/address.hpp"

namespace millrace::test {

// Nobody uses it at the moment; somebody else may take it before it is used.
[[nodiscard]] inline std::uint16_t free_port() {
    const engine::unique_fd socket{::socket(AF_INET, SOCK_STREAM, 0)};
    gateway::socket_address address =
        gateway::resolve("127.0.0.1", 0, gateway::address_use::listen).front();
    EXPECT_EQ(::bind(socket.get(), address.get(), address.size), 0);
    EXPECT_EQ(::getsockname(socket.get(), address.get(), &address.size), 0);
    return address.port();
}

}  // namespace millrace::test
