#include "gateway/transport/readiness.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "engine/core/file.hpp"

namespace millrace::gateway {
namespace {

struct socket_pair {
    socket_pair() {
        std::array<int, 2> made{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, made.data()), 0);
        ours.reset(made[0]);
        peers.reset(made[1]);
    }
    engine::unique_fd ours;
    engine::unique_fd peers;
};

TEST(Readiness, TellsWhichSocketsHaveSomethingToRead) {
    readiness sockets(3);
    std::array<socket_pair, 3> pairs;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        sockets.watch(i, pairs[i].ours.get());
        EXPECT_TRUE(sockets.is_ready(i)) << "what came before is looked at";
    }
    sockets.poll();
    EXPECT_FALSE(sockets.is_ready(0) || sockets.is_ready(1) || sockets.is_ready(2));
    ASSERT_EQ(::write(pairs[1].peers.get(), "ab", 2), 2);
    sockets.poll();
    EXPECT_FALSE(sockets.is_ready(0) || sockets.is_ready(2));
    EXPECT_TRUE(sockets.is_ready(1));
    char byte = 0;
    ASSERT_EQ(::read(pairs[1].ours.get(), &byte, 1), 1);
    sockets.poll();
    EXPECT_TRUE(sockets.is_ready(1)) << "until all is read";
    ASSERT_EQ(::read(pairs[1].ours.get(), &byte, 1), 1);
    sockets.poll();
    EXPECT_FALSE(sockets.is_ready(1));
}

TEST(Readiness, TellsWhenAPeerHasGoneAndForgetsAClosedSocket) {
    readiness sockets(2);
    socket_pair first;
    sockets.watch(0, first.ours.get());
    sockets.poll();
    first.peers.reset();
    sockets.poll();
    EXPECT_TRUE(sockets.is_ready(0));
    first.ours.reset();
    sockets.poll();
    EXPECT_FALSE(sockets.is_ready(0));
    socket_pair second;
    sockets.watch(0, second.ours.get());
    sockets.poll();
    EXPECT_FALSE(sockets.is_ready(0));
    ASSERT_EQ(::write(second.peers.get(), "a", 1), 1);
    sockets.poll();
    EXPECT_TRUE(sockets.is_ready(0));
}

TEST(Readiness, ReadsWhatItCannotWatch) {
    readiness sockets(1);
    sockets.watch(0, -1);
    sockets.poll();
    EXPECT_TRUE(sockets.is_ready(0));
}

}  // namespace
}  // namespace millrace::gateway
