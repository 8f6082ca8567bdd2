#include "gateway/transport/connection.hpp"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/gateway/transport/transport_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::eventually;
using test::heartbeat;

struct linked {
    explicit linked(const connection_options& options = {}) : link(options) {
        test::tcp_pair pair = test::make_tcp_pair();
        peer = std::move(pair.theirs);
        link.open(std::move(pair.ours), socket_address{});
    }

    void peer_sends(std::string_view bytes) const {
        ASSERT_EQ(::send(peer.get(), bytes.data(), bytes.size(), 0),
                  static_cast<ssize_t>(bytes.size()));
    }

    std::string peer_reads_some() const {
        std::string bytes(65536, '\0');
        const ssize_t size = ::recv(peer.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        return bytes;
    }

    // Receives until `count` frames are there.
    std::vector<std::string> take_frames(std::size_t count) {
        std::vector<std::string> frames;
        EXPECT_TRUE(eventually([&] {
            static_cast<void>(link.receive());
            std::string_view frame;
            while (link.next_frame(frame)) {
                frames.emplace_back(frame);
            }
            return frames.size() >= count;
        }));
        return frames;
    }

    connection link;
    engine::unique_fd peer;
};

TEST(Connection, ReceivesByteByByte) {
    linked pair;
    const std::string bytes = heartbeat(1) + heartbeat(2);
    std::vector<std::string> frames;
    for (const char byte : bytes) {
        pair.peer_sends({&byte, 1});
        ASSERT_TRUE(eventually([&] { return pair.link.receive() == receive_state::received; }));
        std::string_view frame;
        while (pair.link.next_frame(frame)) {
            frames.emplace_back(frame);
        }
    }
    EXPECT_EQ(frames, (std::vector<std::string>{heartbeat(1), heartbeat(2)}));
    EXPECT_EQ(pair.link.counters().bytes_in, bytes.size());
    EXPECT_EQ(pair.link.counters().frames_in, 2U);
}

TEST(Connection, IsIdleWhenNothingCame) {
    linked pair;
    EXPECT_EQ(pair.link.receive(), receive_state::idle);
    EXPECT_TRUE(pair.link.is_open());
}

TEST(Connection, SetsNoDelay) {
    test::tcp_pair sockets = test::make_tcp_pair();
    const int fd = sockets.ours.get();
    connection link{connection_options{}};
    link.open(std::move(sockets.ours), socket_address{});
    int value = 0;
    socklen_t size = sizeof value;
    ASSERT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
    EXPECT_EQ(value, 1);
}

TEST(Connection, DeliversFramesThatCameBeforeTheEnd) {
    linked pair;
    pair.peer_sends(heartbeat(1));
    pair.peer.reset();
    EXPECT_EQ(pair.take_frames(1), std::vector<std::string>{heartbeat(1)});
    EXPECT_TRUE(eventually([&] { return pair.link.receive() == receive_state::closed; }));
    EXPECT_EQ(pair.link.reason(), close_reason::peer_closed);
    EXPECT_EQ(pair.link.send("x", 1, 0), send_state::closed);
}

TEST(Connection, NamesABrokenConnection) {
    linked pair;
    const linger hard{1, 0};
    ASSERT_EQ(::setsockopt(pair.peer.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    pair.peer.reset();
    EXPECT_TRUE(eventually([&] { return pair.link.receive() == receive_state::closed; }));
    EXPECT_EQ(pair.link.reason(), close_reason::reset);
    EXPECT_EQ(pair.link.close_errno(), ECONNRESET);
}

TEST(Connection, EndsOnAFrameBeyondTheLimit) {
    connection_options options;
    options.framing.body_bytes_max = 1000;
    linked pair{options};
    pair.peer_sends(
        "8=FIX.4.4\x01"
        "9=1001\x01"
        "35=0\x01");
    EXPECT_TRUE(eventually([&] {
        static_cast<void>(pair.link.receive());
        std::string_view frame;
        EXPECT_FALSE(pair.link.next_frame(frame));
        return !pair.link.is_open();
    }));
    EXPECT_EQ(pair.link.reason(), close_reason::frame_too_long);
}

// Frames of different sizes, so that a lost or repeated byte cannot go unseen.
std::string numbered(std::size_t number) {
    return std::to_string(number) + ":" + std::string(number % 977, 'b') + ";";
}

TEST(Connection, KeepsTheOrderOfBytesThroughPartialWrites) {
    connection_options options;
    options.send_buffer_bytes = 4096;
    // More than all that is sent: how much of it the kernel takes differs from run to run.
    options.pending_bytes_max = 4U << 20U;
    linked pair{options};
    std::string expected;
    std::string received;
    for (std::size_t number = 0; number < 3000; ++number) {
        const std::string bytes = numbered(number);
        expected += bytes;
        ASSERT_NE(pair.link.send(bytes.data(), bytes.size(), 0), send_state::closed);
        if (pair.link.pending_bytes() > 500000) {
            received += pair.peer_reads_some();
            ASSERT_NE(pair.link.flush(0), send_state::closed);
        }
    }
    EXPECT_GT(pair.link.counters().partial_sends, 0U);
    EXPECT_GT(pair.link.counters().pending_bytes_high, 0U);
    EXPECT_TRUE(eventually([&] {
        EXPECT_NE(pair.link.flush(0), send_state::closed);
        received += pair.peer_reads_some();
        return received.size() >= expected.size();
    }));
    EXPECT_EQ(pair.link.pending_bytes(), 0U);
    EXPECT_TRUE(received == expected);
    EXPECT_EQ(pair.link.counters().bytes_out, expected.size());
}

TEST(Connection, EndsWhenThePendingTailOutgrowsItsLimit) {
    connection_options options;
    options.send_buffer_bytes = 4096;
    options.pending_bytes_max = 10000;
    linked pair{options};
    const std::string bytes(1000, 'x');
    int sends = 0;
    while (pair.link.send(bytes.data(), bytes.size(), 0) != send_state::closed) {
        ASSERT_LT(++sends, 100000);
        ASSERT_LE(pair.link.pending_bytes(), 10000U);
    }
    EXPECT_EQ(pair.link.reason(), close_reason::slow_consumer);
    EXPECT_FALSE(pair.link.is_open());
}

TEST(Connection, EndsWhenThePendingTailStalls) {
    connection_options options;
    options.send_buffer_bytes = 4096;
    options.pending_stall_ns_max = 1000;
    linked pair{options};
    const std::string bytes(4000, 'x');
    while (pair.link.send(bytes.data(), bytes.size(), 100) == send_state::sent) {
    }
    ASSERT_GT(pair.link.pending_bytes(), 0U);
    // The kernel may still take a little before it is full.
    send_state state = send_state::pending;
    std::size_t before = pair.link.pending_bytes() + 1;
    while (pair.link.pending_bytes() < before) {
        before = pair.link.pending_bytes();
        state = pair.link.flush(100);
    }
    ASSERT_EQ(state, send_state::pending);
    EXPECT_EQ(pair.link.flush(1099), send_state::pending);
    EXPECT_EQ(pair.link.flush(1100), send_state::closed);
    EXPECT_EQ(pair.link.reason(), close_reason::slow_consumer);
}

TEST(Connection, LetsThePeerReadWhatWasSentBeforeTheClose) {
    linked pair;
    pair.peer_sends(heartbeat(1));  // never read by us: a plain close would become a reset
    ASSERT_EQ(pair.link.send("goodbye", 7, 0), send_state::sent);
    pair.link.close(close_reason::local);
    std::string received;
    EXPECT_TRUE(eventually([&] {
        received += pair.peer_reads_some();
        return received.size() >= 7;
    }));
    EXPECT_EQ(received, "goodbye");
}

TEST(Connection, SwapsWithBufferedBytes) {
    linked pair;
    pair.peer_sends(heartbeat(1) + heartbeat(2));
    EXPECT_TRUE(eventually([&] {
        static_cast<void>(pair.link.receive());
        return pair.link.framing().buffered_bytes() == 2 * heartbeat(1).size();
    }));
    std::string_view first;
    ASSERT_TRUE(pair.link.next_frame(first));
    connection session{connection_options{}};
    session.swap(pair.link);
    EXPECT_EQ(first, heartbeat(1));
    EXPECT_FALSE(pair.link.is_open());
    std::string_view second;
    ASSERT_TRUE(session.next_frame(second));
    EXPECT_EQ(second, heartbeat(2));
}

TEST(Connection, OpensAgainAfterAnEnd) {
    linked pair;
    pair.peer_sends("8=FIX.4.4");
    EXPECT_TRUE(eventually([&] { return pair.link.receive() == receive_state::received; }));
    pair.link.close(close_reason::local);
    test::tcp_pair again = test::make_tcp_pair();
    pair.link.open(std::move(again.ours), socket_address{});
    pair.peer = std::move(again.theirs);
    pair.peer_sends(heartbeat(7));
    EXPECT_EQ(pair.take_frames(1), std::vector<std::string>{heartbeat(7)});
    EXPECT_EQ(pair.link.reason(), close_reason::none);
}

// Who may set it has it set; who may not is told.
TEST(Connection, SetsSoBusyPollWhereTheSystemAllowsIt) {
    const test::tcp_pair tried = test::make_tcp_pair();
    const int wanted_us = 123;
    const bool is_allowed =
        ::setsockopt(tried.ours.get(), SOL_SOCKET, SO_BUSY_POLL, &wanted_us, sizeof wanted_us) == 0;
    connection_options options;
    options.busy_poll_us = wanted_us;
    const linked polled(options);
    int set_us = 0;
    socklen_t size = sizeof set_us;
    ASSERT_EQ(::getsockopt(polled.link.descriptor(), SOL_SOCKET, SO_BUSY_POLL, &set_us, &size), 0);
    EXPECT_EQ(set_us == wanted_us, is_allowed);
    EXPECT_EQ(polled.link.is_busy_poll_refused(), !is_allowed);
    EXPECT_FALSE(linked().link.is_busy_poll_refused());
}

}  // namespace
}  // namespace millrace::gateway
