// Frames, socket pairs and a bounded wait for the transport's tests.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "engine/core/clock.hpp"
#include "engine/core/file.hpp"
#include "gateway/transport/address.hpp"

namespace millrace::test {

// Fields written with | for SOH; 9 and 10 are computed.
[[nodiscard]] inline std::string frame_of(std::string_view fields) {
    std::string body;
    for (const char byte : fields) {
        body += byte == '|' ? '\x01' : byte;
    }
    std::string frame =
        "8=FIX.4.4\x01"
        "9=" +
        std::to_string(body.size()) + "\x01" + body;
    unsigned sum = 0;
    for (const char byte : frame) {
        sum += static_cast<unsigned char>(byte);
    }
    const std::string digits = std::to_string(1000 + sum % 256).substr(1);
    return frame + "10=" + digits + "\x01";
}

[[nodiscard]] inline std::string heartbeat(int number) {
    return frame_of("35=0|34=" + std::to_string(number) + "|49=A|56=B|");
}

// A connected pair over loopback TCP: `ours` goes into the connection under test.
struct tcp_pair {
    engine::unique_fd ours;
    engine::unique_fd theirs;
};

[[nodiscard]] inline tcp_pair make_tcp_pair() {
    tcp_pair pair;
    const gateway::socket_address any =
        gateway::resolve("127.0.0.1", 0, gateway::address_use::listen).front();
    engine::unique_fd listening{::socket(AF_INET, SOCK_STREAM, 0)};
    EXPECT_EQ(::bind(listening.get(), any.get(), any.size), 0);
    EXPECT_EQ(::listen(listening.get(), 1), 0);
    gateway::socket_address bound;
    bound.size = sizeof bound.storage;
    EXPECT_EQ(::getsockname(listening.get(), bound.get(), &bound.size), 0);
    pair.ours.reset(::socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_EQ(::connect(pair.ours.get(), bound.get(), bound.size), 0);
    pair.theirs.reset(::accept(listening.get(), nullptr, nullptr));
    EXPECT_TRUE(pair.theirs.is_open());
    return pair;
}

// Repeats until done() or five seconds have passed; true if done.
template <typename Done>
[[nodiscard]] bool eventually(Done done) {
    const std::int64_t end_ns = engine::monotonic_now_ns() + 5'000'000'000;
    while (engine::monotonic_now_ns() < end_ns) {
        if (done()) {
            return true;
        }
    }
    return false;
}

}  // namespace millrace::test
