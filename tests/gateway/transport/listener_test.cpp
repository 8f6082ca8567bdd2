#include "gateway/transport/listener.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "tests/gateway/transport/listener_test_support.hpp"
#include "tests/gateway/transport/transport_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::dial;
using test::eventually;
using test::heartbeat;
using test::loopback;

constexpr std::int64_t second_ns = 1'000'000'000;

void send_all(const engine::unique_fd& socket, std::string_view bytes) {
    ASSERT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
}

listener::first_frame poll_until_frame(listener& listening, std::int64_t now_ns) {
    listener::first_frame found;
    EXPECT_TRUE(eventually([&] {
        found = listening.poll(now_ns);
        return found.link != nullptr;
    }));
    return found;
}

bool is_ended(const engine::unique_fd& socket) {
    char byte = 0;
    const ssize_t got = ::recv(socket.get(), &byte, 1, MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

TEST(Listener, ReportsThePortItWasGiven) {
    listener listening{loopback(0), listener_options{}};
    EXPECT_NE(listening.port(), 0);
}

TEST(Listener, ClosesWhoComesFromElsewhereBeforeItReadsAByte) {
    listener_options options;
    options.allowed.add("10.0.0.0/8");
    listener strict{loopback(0), options};
    const engine::unique_fd stranger = dial(strict);
    send_all(stranger, heartbeat(1));
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(strict.poll(0).link, nullptr);
        return is_ended(stranger);
    }));
    EXPECT_EQ(strict.counters().refused_address, 1U);
    EXPECT_EQ(strict.counters().accepted, 0U);
    EXPECT_EQ(to_string(strict.refused_address()).substr(0, 10), "127.0.0.1:");
    options.allowed.add("127.0.0.1");
    listener open{loopback(0), options};
    const engine::unique_fd known = dial(open);
    send_all(known, heartbeat(1));
    EXPECT_EQ(poll_until_frame(open, 0).frame, heartbeat(1));
}

TEST(Listener, RefusesAPortInUseAndNamesIt) {
    listener listening{loopback(0), listener_options{}};
    try {
        listener second{loopback(listening.port()), listener_options{}};
        FAIL() << "two listeners on one port";
    } catch (const engine::io_error& problem) {
        EXPECT_EQ(problem.error_number(), EADDRINUSE);
        EXPECT_NE(std::string(problem.what()).find(std::to_string(listening.port())),
                  std::string::npos);
    }
}

TEST(Listener, HandsOutAConnectionWithItsFirstFrame) {
    listener listening{loopback(0), listener_options{}};
    const engine::unique_fd peer = dial(listening);
    send_all(peer, heartbeat(1).substr(0, 10));
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(listening.poll(0).link, nullptr);
        return listening.pending_count() == 1;
    }));
    send_all(peer, heartbeat(1).substr(10) + heartbeat(2));
    const listener::first_frame found = poll_until_frame(listening, 0);
    ASSERT_NE(found.link, nullptr);
    connection session{connection_options{}};
    session.swap(*found.link);
    EXPECT_EQ(found.frame, heartbeat(1));
    std::vector<std::string> rest;
    EXPECT_TRUE(eventually([&] {
        std::string_view frame;
        while (session.next_frame(frame)) {
            rest.emplace_back(frame);
        }
        static_cast<void>(session.receive());
        return !rest.empty();
    }));
    EXPECT_EQ(rest, std::vector<std::string>{heartbeat(2)});
    EXPECT_EQ(listening.poll(0).link, nullptr);
    EXPECT_TRUE(session.is_open());
    EXPECT_EQ(listening.pending_count(), 0U);
}

TEST(Listener, ClosesAConnectionNobodyTook) {
    listener listening{loopback(0), listener_options{}};
    const engine::unique_fd peer = dial(listening);
    send_all(peer, heartbeat(1));
    ASSERT_NE(poll_until_frame(listening, 0).link, nullptr);
    EXPECT_EQ(listening.poll(0).link, nullptr);
    EXPECT_TRUE(eventually([&] { return is_ended(peer); }));
    EXPECT_EQ(listening.pending_count(), 0U);
}

TEST(Listener, ClosesAConnectionThatSaysNothing) {
    listener_options options;
    options.logon_timeout_ns = 10 * second_ns;
    listener listening{loopback(0), options};
    const engine::unique_fd peer = dial(listening);
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(listening.poll(0).link, nullptr);
        return listening.pending_count() == 1;
    }));
    EXPECT_EQ(listening.poll(10 * second_ns - 1).link, nullptr);
    EXPECT_EQ(listening.pending_count(), 1U);
    EXPECT_EQ(listening.poll(10 * second_ns).link, nullptr);
    EXPECT_EQ(listening.pending_count(), 0U);
    EXPECT_EQ(listening.counters().timed_out, 1U);
    EXPECT_TRUE(eventually([&] { return is_ended(peer); }));
}

TEST(Listener, RefusesConnectionsBeyondItsLimit) {
    listener_options options;
    options.pending_max = 2;
    listener listening{loopback(0), options};
    std::vector<engine::unique_fd> peers;
    for (int i = 0; i < 5; ++i) {
        peers.push_back(dial(listening));
    }
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(listening.poll(0).link, nullptr);
        return listening.counters().refused_full == 3;
    }));
    EXPECT_EQ(listening.pending_count(), 2U);
    EXPECT_EQ(listening.counters().accepted, 2U);
}

TEST(Listener, CountsConnectionsThatEndBeforeAFrame) {
    listener listening{loopback(0), listener_options{}};
    dial(listening).reset();
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(listening.poll(0).link, nullptr);
        return listening.counters().ended_early == 1;
    }));
}

TEST(Listener, EndsAConnectionWhoseFirstFrameIsTooLong) {
    listener_options options;
    options.connection.framing.body_bytes_max = 1000;
    listener listening{loopback(0), options};
    const engine::unique_fd peer = dial(listening);
    send_all(peer,
             "8=FIX.4.4\x01"
             "9=2000\x01");
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(listening.poll(0).link, nullptr);
        return listening.counters().ended_early == 1;
    }));
    EXPECT_EQ(listening.pending_count(), 0U);
}

TEST(Listener, ServesManyAtOnceWithoutLosingOne) {
    listener listening{loopback(0), listener_options{}};
    std::vector<engine::unique_fd> peers;
    for (int i = 0; i < 10; ++i) {
        peers.push_back(dial(listening));
        send_all(peers.back(), heartbeat(i));
    }
    std::vector<std::string> seen;
    for (int i = 0; i < 10; ++i) {
        const listener::first_frame found = poll_until_frame(listening, 0);
        ASSERT_NE(found.link, nullptr);
        seen.emplace_back(found.frame);
        connection session{connection_options{}};
        session.swap(*found.link);
    }
    std::vector<std::string> expected;
    for (int i = 0; i < 10; ++i) {
        expected.push_back(heartbeat(i));
    }
    std::sort(seen.begin(), seen.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(seen, expected);
}

}  // namespace
}  // namespace millrace::gateway
