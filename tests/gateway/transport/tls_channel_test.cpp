#include "gateway/transport/tls_channel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "tests/gateway/transport/tls_test_support.hpp"

namespace millrace::gateway {
namespace {

// One channel, and what it wants to be sent.
struct side {
    explicit side(const tls_options& options) : context(options) {
        EXPECT_TRUE(channel.begin(context, resolve("127.0.0.1", 9).front(), "venue.example"));
    }

    [[nodiscard]] tls_output output() { return {{room.data(), room.size()}, 0}; }
    void keep(const tls_output& output) { sent.append(room.data(), output.used); }
    void advance() {
        tls_output made = output();
        static_cast<void>(channel.advance(made));
        keep(made);
    }
    void write(const std::string& bytes) {
        tls_output made = output();
        EXPECT_EQ(channel.write(bytes, made), tls_state::ok);
        keep(made);
    }
    void say_end() {
        tls_output made = output();
        channel.say_end(made);
        keep(made);
    }
    void hear(std::string& bytes) {
        const std::span<char> input = channel.input_room();
        const std::size_t size = std::min(input.size(), bytes.size());
        std::memcpy(input.data(), bytes.data(), size);
        channel.commit_input(size);
        bytes.erase(0, size);
    }
    [[nodiscard]] tls_state read(std::string& into) {
        std::array<char, 4096> plain{};
        std::size_t size = 0;
        tls_output made = output();
        const tls_state state = channel.read(plain, size, made);
        keep(made);
        into.assign(plain.data(), size);
        return state;
    }

    tls_context context;
    tls_channel channel;
    std::array<char, 65536> room{};
    std::string sent;
};

class TlsChannel : public testing::Test {
protected:
    TlsChannel() : client(names.client()), server(names.server()) {
        for (int round = 0; round < 10; ++round) {
            if (!client.channel.is_established()) {
                client.advance();
            }
            server.hear(client.sent);
            if (!server.channel.is_established()) {
                server.advance();
            }
            client.hear(server.sent);
        }
        EXPECT_TRUE(client.channel.is_established() && server.channel.is_established());
    }

    test::tls_names names;
    side client;
    side server;
    std::string plain;
};

TEST_F(TlsChannel, GivesOutWhatCameBeforeTheEndAndThenTheEnd) {
    client.write("abc");
    client.say_end();
    server.hear(client.sent);
    EXPECT_EQ(server.read(plain), tls_state::ok);
    EXPECT_EQ(plain, "abc");
    EXPECT_TRUE(server.channel.has_unread())
        << "the socket has nothing, and there is an end to say";
    EXPECT_EQ(server.read(plain), tls_state::ended);
    EXPECT_EQ(plain, "");
}

TEST_F(TlsChannel, RefusesARecordThatWasAlteredAndGivesOutWhatCameBeforeIt) {
    client.write("abc");
    const std::size_t first = client.sent.size();
    client.write("def");
    client.sent[first + 8] = static_cast<char>(client.sent[first + 8] ^ 1);
    server.hear(client.sent);
    EXPECT_EQ(server.read(plain), tls_state::ok);
    EXPECT_EQ(plain, "abc");
    EXPECT_TRUE(server.channel.has_unread());
    EXPECT_EQ(server.read(plain), tls_state::failed);
    EXPECT_EQ(plain, "");
    EXPECT_EQ(server.channel.text().substr(0, 22), "TLS with 127.0.0.1:9: ");
    EXPECT_FALSE(server.sent.empty()) << "an alert says so to the peer";
    client.hear(server.sent);
    EXPECT_EQ(client.read(plain), tls_state::failed);
    EXPECT_NE(client.channel.text().find("the peer ended it: "), std::string_view::npos)
        << client.channel.text();
}

TEST_F(TlsChannel, WantsMoreOfARecordThatIsNotWhole) {
    client.write("abc");
    std::string begin = client.sent.substr(0, client.sent.size() - 1);
    std::string end = client.sent.substr(client.sent.size() - 1);
    server.hear(begin);
    EXPECT_EQ(server.read(plain), tls_state::wanted);
    EXPECT_FALSE(server.channel.has_unread()) << "without another byte there is nothing to say";
    server.hear(end);
    EXPECT_EQ(server.read(plain), tls_state::ok);
    EXPECT_EQ(plain, "abc");
}

TEST_F(TlsChannel, SaysThatThereIsNoRoomForWhatItWouldSend) {
    std::array<char, 8> small{};
    tls_output made{{small.data(), small.size()}, 0};
    EXPECT_EQ(client.channel.write("abc", made), tls_state::wanted);
}

TEST_F(TlsChannel, BeginsAnewWithoutAnythingOfBefore) {
    client.write("abc");
    server.hear(client.sent);
    ASSERT_TRUE(server.channel.begin(server.context, resolve("127.0.0.1", 10).front(), ""));
    EXPECT_FALSE(server.channel.is_established());
    EXPECT_FALSE(server.channel.has_unread());
    EXPECT_EQ(server.channel.text(), "");
}

}  // namespace
}  // namespace millrace::gateway
