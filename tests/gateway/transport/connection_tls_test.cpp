#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "tests/gateway/transport/tls_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::eventually;
using test::heartbeat;
using test::tls_couple;
using test::tls_names;

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr long day_s = test::day_s;

void say(connection& from, const std::string& bytes) {
    from.send(bytes.data(), bytes.size(), engine::monotonic_now_ns());
}

TEST(ConnectionTls, CarriesFramesBothWays) {
    const tls_names names;
    tls_couple couple(names.client(), names.server());
    EXPECT_TRUE(couple.client.is_securing());
    ASSERT_TRUE(couple.secure()) << couple.client.close_text() << couple.server.close_text();
    say(couple.client, heartbeat(1) + heartbeat(2));
    say(couple.server, heartbeat(3));
    EXPECT_TRUE(eventually([&] {
        couple.poll();
        return couple.server_frames.size() == 2 && couple.client_frames.size() == 1;
    }));
    EXPECT_EQ(couple.server_frames, (std::vector<std::string>{heartbeat(1), heartbeat(2)}));
    EXPECT_EQ(couple.client_frames, (std::vector<std::string>{heartbeat(3)}));
    EXPECT_EQ(couple.client.tls()->describe().substr(0, 9), "TLSv1.3, ");
    EXPECT_NE(couple.client.tls()->describe().find("peer CN=venue"), std::string::npos);
    EXPECT_NE(couple.server.tls()->describe().find("peer CN=desk"), std::string::npos);
}

// What each side says when it comes to nothing; empty: it need not know why.
struct refusal {
    const char* what;
    std::function<void(tls_names&, tls_options& client, tls_options& server)> spoil;
    const char* client_says;
    const char* server_says;
    const char* host = "venue.example";
};

const refusal refusals[] = {
    {"a client whose certificate has expired",
     [](tls_names& names, tls_options& client, tls_options&) {
         client = test::tls_side(tls_role::client,
                                 names.trusted.issue({"desk", "", -9 * day_s, -2 * day_s}),
                                 names.trusted.file());
     },
     "the peer says that our certificate has expired", "(CN=desk) expired 20"},
    {"a client whose certificate is not valid yet",
     [](tls_names& names, tls_options& client, tls_options&) {
         client = test::tls_side(tls_role::client,
                                 names.trusted.issue({"desk", "", 2 * day_s, 9 * day_s}),
                                 names.trusted.file());
     },
     "the peer refuses our certificate", "(CN=desk) is not valid before 20"},
    {"a client of another authority",
     [](tls_names& names, tls_options& client, tls_options&) {
         client =
             test::tls_side(tls_role::client, names.foreign.issue({"desk"}), names.trusted.file());
     },
     "the peer does not know the authority of our certificate",
     "(CN=desk) is of an authority we do not know (CN=Foreign CA)"},
    {"a client without a certificate",
     [](tls_names& names, tls_options& client, tls_options&) {
         client = test::tls_side(tls_role::client, {}, names.trusted.file());
     },
     "", "the peer has no certificate"},
    {"a client whose certificate is revoked",
     [](tls_names& names, tls_options&, tls_options& server) {
         server.revocation_file = names.trusted.revoke({names.desk});
     },
     "the peer says that our certificate is revoked", "(CN=desk) is revoked"},
    {"a server whose certificate has expired",
     [](tls_names& names, tls_options&, tls_options& server) {
         server = test::tls_side(
             tls_role::server,
             names.trusted.issue({"venue", "DNS:venue.example", -9 * day_s, -2 * day_s}),
             names.trusted.file());
     },
     "(CN=venue) expired 20", "the peer says that our certificate has expired"},
    {"a server whose certificate is not valid yet",
     [](tls_names& names, tls_options&, tls_options& server) {
         server = test::tls_side(
             tls_role::server,
             names.trusted.issue({"venue", "DNS:venue.example", 2 * day_s, 9 * day_s}),
             names.trusted.file());
     },
     "(CN=venue) is not valid before 20", "the peer refuses our certificate"},
    {"a server of another authority",
     [](tls_names& names, tls_options&, tls_options& server) {
         server =
             test::tls_side(tls_role::server, names.foreign.issue({"venue", "DNS:venue.example"}),
                            names.trusted.file());
     },
     "(CN=venue) is of an authority we do not know (CN=Foreign CA)",
     "the peer does not know the authority of our certificate"},
    {"a server with another name", [](tls_names&, tls_options&, tls_options&) {},
     "(CN=venue) is for venue.example, 127.0.0.1, and not for exchange.example",
     "the peer refuses our certificate", "exchange.example"},
    {"a server with another address", [](tls_names&, tls_options&, tls_options&) {},
     "(CN=venue) is for venue.example, 127.0.0.1, and not for 127.0.0.2",
     "the peer refuses our certificate", "127.0.0.2"},
    {"a server that is none of the peer names",
     [](tls_names&, tls_options& client, tls_options&) {
         client.peer_names = {"one.example", "two.example"};
     },
     "and not for one.example, two.example", "the peer refuses our certificate"},
    {"a client whose TLS is too old",
     [](tls_names&, tls_options& client, tls_options& server) {
         client.has_tls_1_3 = false;
         server.has_tls_1_2 = false;
     },
     "the peer speaks no TLS version that is allowed here",
     "the peer's TLS is too old for what is allowed here"},
    {"no cipher in common",
     [](tls_names&, tls_options& client, tls_options& server) {
         client.cipher_suites = "TLS_AES_128_GCM_SHA256";
         client.has_tls_1_2 = false;
         server.cipher_suites = "TLS_AES_256_GCM_SHA384";
     },
     "", "the peer has no cipher in common with us"},
};

// Neither side holds on to a connection that the other refuses, and both say whose it was.
void expect_refused(const refusal& one, bool has_tls_1_3) {
    tls_names names;
    tls_options client_options = names.client();
    tls_options server_options = names.server();
    one.spoil(names, client_options, server_options);
    client_options.has_tls_1_3 = client_options.has_tls_1_3 && has_tls_1_3;
    tls_couple couple(client_options, server_options, {}, one.host);
    const std::string server_peer = to_string(couple.server.peer());
    const std::string client_peer = to_string(couple.client.peer());
    bool has_spoken = false;
    EXPECT_TRUE(eventually([&] {
        couple.poll();
        if (couple.client.is_open() && !couple.client.is_securing() && !has_spoken) {
            say(couple.client, heartbeat(1));  // of TLS 1.3 it learns only now that it is refused
            has_spoken = true;
        }
        return !couple.client.is_open() && !couple.server.is_open();
    }));
    EXPECT_TRUE(couple.server_frames.empty());
    EXPECT_EQ(couple.client.reason(), close_reason::tls_failed);
    EXPECT_EQ(couple.server.reason(), close_reason::tls_failed);
    const std::string client_text(couple.client.close_text());
    const std::string server_text(couple.server.close_text());
    EXPECT_NE(client_text.find(one.client_says), std::string::npos) << client_text;
    EXPECT_NE(server_text.find(one.server_says), std::string::npos) << server_text;
    EXPECT_NE(client_text.find(client_peer), std::string::npos) << client_text;
    EXPECT_NE(server_text.find(server_peer), std::string::npos) << server_text;
}

TEST(ConnectionTls, RefusesWhatIsWrongOnBothSidesAndSaysWhy) {
    for (const refusal& one : refusals) {
        SCOPED_TRACE(one.what);
        expect_refused(one, true);
    }
}

TEST(ConnectionTls, RefusesTheSameInTls12) {
    for (const refusal& one : refusals) {
        const std::string what = one.what;
        if (what == "no cipher in common" || what == "a client whose TLS is too old") {
            continue;  // they are about versions
        }
        SCOPED_TRACE(what);
        expect_refused(one, false);
    }
}

// Our close must not become a reset, which could take from the peer what it has not read yet.
TEST(ConnectionTls, EndsInOrderAlthoughMuchOfThePeersIsUnread) {
    const tls_names names;
    const tls_context context(names.server());
    test::tcp_pair pair = test::make_tcp_pair();
    connection_options options;
    options.receive_buffer_bytes = 512 * 1024;
    connection server(options);
    const socket_address peer = test::peer_of(pair.theirs);
    server.open(std::move(pair.theirs), peer, &context);
    const std::string bytes = heartbeat(1) + std::string(100'000, 'x');
    std::size_t sent = 0;
    int unread = 0;
    ASSERT_TRUE(eventually([&] {  // until all of it lies there
        const ssize_t more = ::send(pair.ours.get(), bytes.data() + sent, bytes.size() - sent,
                                    MSG_NOSIGNAL | MSG_DONTWAIT);
        sent += more > 0 ? static_cast<std::size_t>(more) : 0;
        return ::ioctl(server.descriptor(), FIONREAD, &unread) == 0 &&
               static_cast<std::size_t>(unread) == bytes.size();
    })) << unread;
    EXPECT_EQ(server.receive(), receive_state::closed);
    char alert[16];
    EXPECT_EQ(::recv(pair.ours.get(), alert, sizeof alert, 0), 7);
    EXPECT_EQ(::recv(pair.ours.get(), alert, sizeof alert, 0), 0) << std::strerror(errno);
}

// Of TLS 1.3 a client may be refused when it has begun to speak, and find that out by a send.
TEST(ConnectionTls, SaysWhyThePeerWentThatASendFindsGone) {
    const tls_names names;
    tls_couple couple(test::tls_side(tls_role::client, {}, names.trusted.file()), names.server());
    ASSERT_TRUE(eventually([&] {
        static_cast<void>(couple.server.receive());
        if (couple.client.is_securing()) {
            tls_couple::poll(couple.client, couple.client_frames);
        }
        return !couple.server.is_open();
    }));
    ASSERT_TRUE(couple.client.is_open() && !couple.client.is_securing());
    EXPECT_TRUE(eventually([&] {
        return couple.client.send(heartbeat(1).data(), heartbeat(1).size(), 0) ==
               send_state::closed;
    }));
    EXPECT_EQ(couple.client.reason(), close_reason::tls_failed);
    EXPECT_NE(couple.client.close_text().find("the peer wants a certificate, and we showed none"),
              std::string_view::npos)
        << couple.client.close_text();
}

TEST(ConnectionTls, TakesAPeerByItsAddressOrByOneOfItsNames) {
    const tls_names names;
    tls_couple by_address(names.client(), names.server(), {}, "127.0.0.1");
    EXPECT_TRUE(by_address.secure()) << by_address.client.close_text();
    tls_options client = names.client();
    client.peer_names = {"other.example", "venue.example"};
    tls_couple by_name(client, names.server(), {}, "10.9.8.7");
    EXPECT_TRUE(by_name.secure()) << by_name.client.close_text();
    EXPECT_TRUE(by_name.server.tls()->is_peer_named({"nobody", "desk"}));
    EXPECT_FALSE(by_name.server.tls()->is_peer_named({"nobody", "desktop", "des"}));
    EXPECT_FALSE(by_name.server.tls()->is_peer_named({}));
}

TEST(ConnectionTls, AsksForNoMoreThanItIsTold) {
    const tls_names names;
    tls_options client = test::tls_side(tls_role::client, {}, names.foreign.file());
    client.verify = tls_verify::none;
    tls_options server = names.server();
    server.verify = tls_verify::optional;
    tls_couple couple(client, server, {}, "exchange.example");
    EXPECT_TRUE(couple.secure()) << couple.client.close_text() << couple.server.close_text();
    EXPECT_EQ(couple.client.tls()->text(), "");
    EXPECT_FALSE(couple.server.tls()->is_peer_named({"desk"}));
    server.verify = tls_verify::none;
    server.authorities_file.clear();
    tls_couple unasked(names.client(), server);
    EXPECT_TRUE(unasked.secure()) << unasked.client.close_text() << unasked.server.close_text();
}

TEST(ConnectionTls, KnowsAPeerThatSpeaksInTheClear) {
    const tls_names names;
    const tls_context server_context(names.server());
    test::tcp_pair pair = test::make_tcp_pair();
    connection server({});
    const socket_address peer = test::peer_of(pair.theirs);
    server.open(std::move(pair.theirs), peer, &server_context);
    const std::string logon = heartbeat(1);
    ASSERT_EQ(::send(pair.ours.get(), logon.data(), 1, MSG_NOSIGNAL), 1);
    EXPECT_TRUE(eventually([&] { return server.receive() == receive_state::closed; }));
    EXPECT_EQ(server.reason(), close_reason::tls_failed);
    EXPECT_EQ(server.close_text(), "TLS with " + to_string(peer) +
                                       ": the peer speaks FIX in the clear, and this port takes "
                                       "TLS alone");
    const tls_context client_context(names.client());
    pair = test::make_tcp_pair();
    connection client({});
    client.open(std::move(pair.ours), test::peer_of(pair.theirs), &client_context, "venue.example");
    ASSERT_EQ(::send(pair.theirs.get(), logon.data(), logon.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(logon.size()));
    EXPECT_TRUE(eventually([&] { return client.receive() == receive_state::closed; }));
    EXPECT_NE(client.close_text().find("what answers speaks FIX in the clear"),
              std::string_view::npos);
}

TEST(ConnectionTls, SaysSoWhenTheHandshakeEndsEarly) {
    const tls_names names;
    const tls_context context(names.client());
    test::tcp_pair pair = test::make_tcp_pair();
    connection client({});
    client.open(std::move(pair.ours), test::peer_of(pair.ours), &context, "venue.example");
    pair.theirs.reset();
    EXPECT_TRUE(eventually([&] { return client.receive() == receive_state::closed; }));
    EXPECT_EQ(client.reason(), close_reason::tls_failed);
}

// A couple with a relay between the two.
struct relayed_couple {
    explicit relayed_couple(const tls_names& names)
        : client_context(names.client()), server_context(names.server()), client({}), server({}) {
        test::tcp_pair near = test::make_tcp_pair();
        test::tcp_pair far = test::make_tcp_pair();
        const socket_address near_peer = test::peer_of(near.ours);
        const socket_address far_peer = test::peer_of(far.theirs);
        between = std::make_unique<test::relay>(std::move(near.theirs), std::move(far.ours));
        client.open(std::move(near.ours), near_peer, &client_context, "venue.example");
        server.open(std::move(far.theirs), far_peer, &server_context);
    }
    void poll() {
        tls_couple::poll(client, frames);
        tls_couple::poll(server, frames);
    }

    tls_context client_context;
    tls_context server_context;
    connection client;
    connection server;
    std::unique_ptr<test::relay> between;
    std::vector<std::string> frames;
};

TEST(ConnectionTls, ComesUpByteForByte) {
    const tls_names names;
    relayed_couple couple(names);
    EXPECT_TRUE(eventually([&] {
        couple.poll();
        static_cast<void>(couple.between->step(1));
        return !couple.client.is_securing() && !couple.server.is_securing();
    }));
    ASSERT_TRUE(couple.client.is_open() && couple.server.is_open());
    say(couple.client, heartbeat(1));
    EXPECT_TRUE(eventually([&] {
        couple.poll();
        static_cast<void>(couple.between->step(1));
        return !couple.frames.empty();
    }));
}

TEST(ConnectionTls, EndsCleanlyWhereverAHandshakeIsCut) {
    const tls_names names;
    std::size_t whole = 0;
    for (std::size_t at = 0; whole == 0 || at < whole; at += 37) {
        relayed_couple couple(names);
        couple.between->limit = at == 0 ? ~std::size_t{0} : at;
        EXPECT_TRUE(eventually([&] {
            couple.poll();
            const bool has_carried = couple.between->step(4096);
            return at == 0 ? !couple.client.is_securing() && !couple.server.is_securing()
                           : couple.between->carried == at && !has_carried;
        }));
        if (at == 0) {
            whole = couple.between->carried;
            continue;
        }
        couple.between->cut();
        EXPECT_TRUE(eventually([&] {
            couple.poll();
            return !couple.server.is_open() && !couple.client.is_open();
        })) << at;
        EXPECT_TRUE(couple.server.reason() == close_reason::tls_failed) << at;
        EXPECT_TRUE(couple.frames.empty());
    }
    EXPECT_GT(whole, 500U);
}

TEST(ConnectionTls, CarriesMuchThroughSmallSockets) {
    const tls_names names;
    connection_options options;
    options.send_buffer_bytes = 4096;
    options.receive_buffer_bytes = 4096;
    tls_couple couple(names.client(), names.server(), options);
    ASSERT_TRUE(couple.secure());
    std::vector<std::string> said;
    std::string bytes;
    for (int i = 0; i < 4000; ++i) {
        said.push_back(heartbeat(i));
        bytes += said.back();
    }
    ASSERT_GT(bytes.size(), 8 * tls_channel::record_bytes_max);
    say(couple.client, bytes);
    EXPECT_GT(couple.client.pending_bytes(), 0U);
    EXPECT_EQ(couple.client.counters().partial_sends, 1U);
    say(couple.client, heartbeat(4000));  // queues behind
    said.push_back(heartbeat(4000));
    EXPECT_TRUE(eventually([&] {
        couple.poll();
        return couple.server_frames.size() == said.size();
    }));
    EXPECT_EQ(couple.server_frames, said);
    EXPECT_EQ(couple.client.pending_bytes(), 0U);
}

TEST(ConnectionTls, EndsASlowConsumerByBytesAndByTime) {
    const tls_names names;
    connection_options options;
    options.send_buffer_bytes = 4096;
    options.receive_buffer_bytes = 4096;
    options.pending_bytes_max = 64 * 1024;
    options.pending_stall_ns_max = 10 * second_ns;
    tls_couple by_bytes(names.client(), names.server(), options);
    ASSERT_TRUE(by_bytes.secure());
    const std::string bytes(16 * 1024, 'x');
    int sent = 0;
    while (by_bytes.client.is_open() && sent < 1000) {
        by_bytes.client.send(bytes.data(), bytes.size(), 0);
        ++sent;
    }
    EXPECT_EQ(by_bytes.client.reason(), close_reason::slow_consumer);
    EXPECT_LT(sent, 100);
    tls_couple by_time(names.client(), names.server(), options);
    ASSERT_TRUE(by_time.secure());
    send_state state = send_state::sent;
    for (int i = 0; i < 1000 && state == send_state::sent; ++i) {
        state = by_time.client.send(bytes.data(), 4096, second_ns);
    }
    ASSERT_EQ(state, send_state::pending);
    std::size_t before = 0;
    while (before != by_time.client.pending_bytes()) {  // what the sockets still take
        before = by_time.client.pending_bytes();
        state = by_time.client.flush(2 * second_ns);
    }
    ASSERT_EQ(state, send_state::pending);
    EXPECT_EQ(by_time.client.flush(11 * second_ns - 1), send_state::pending);
    EXPECT_EQ(by_time.client.flush(12 * second_ns), send_state::closed);
    EXPECT_EQ(by_time.client.reason(), close_reason::slow_consumer);
}

// Many messages, one record, one send.
TEST(ConnectionTls, PutsWhatIsSentTogetherIntoOneRecord) {
    const tls_names names;
    relayed_couple couple(names);
    ASSERT_TRUE(eventually([&] {
        couple.poll();
        static_cast<void>(couple.between->step(4096));
        return !couple.client.is_securing() && !couple.server.is_securing();
    }));
    const std::uint64_t before = couple.client.counters().bytes_out;
    std::string batch;
    for (int i = 0; i < 50; ++i) {
        batch += heartbeat(i);
    }
    say(couple.client, batch);
    EXPECT_EQ(couple.client.pending_bytes(), 0U);
    const std::uint64_t size = couple.client.counters().bytes_out - before;
    EXPECT_GT(size, batch.size());
    EXPECT_LE(size, batch.size() + 5 + 1 + 16);  // a record's head, its type and its tag, once
}

// A record has more than the framer has room for: what is left waits in OpenSSL, not in the socket.
TEST(ConnectionTls, HasUnreadBytesThatTheSocketHasNot) {
    const tls_names names;
    connection_options options;
    options.framing.body_bytes_max = 300;
    options.framing.buffer_bytes = 0;
    tls_couple couple(names.client(), names.server(), options);
    ASSERT_TRUE(couple.secure());
    EXPECT_FALSE(couple.server.has_unread());
    std::string batch;
    for (int i = 0; i < 200; ++i) {
        batch += heartbeat(i);
    }
    ASSERT_LT(batch.size(), tls_channel::record_bytes_max);
    say(couple.client, batch);
    ASSERT_TRUE(eventually([&] { return couple.server.receive() == receive_state::received; }));
    std::size_t frames = 0;
    std::string_view frame;
    const auto take = [&] {
        while (couple.server.next_frame(frame)) {
            ++frames;
        }
    };
    take();
    EXPECT_LT(frames, 200U);
    while (couple.server.has_unread()) {
        char byte = 0;
        EXPECT_LT(::recv(couple.server.descriptor(), &byte, 1, MSG_PEEK | MSG_DONTWAIT), 0);
        ASSERT_EQ(couple.server.receive(), receive_state::received);
        take();
    }
    EXPECT_EQ(frames, 200U);
    EXPECT_EQ(couple.server.receive(), receive_state::idle);
}

TEST(ConnectionTls, GivesOutWhatCameBeforeTheEnd) {
    const tls_names names;
    tls_couple couple(names.client(), names.server());
    ASSERT_TRUE(couple.secure());
    say(couple.client, heartbeat(1));
    couple.client.close(close_reason::local);
    EXPECT_TRUE(eventually([&] {
        couple.poll();
        return !couple.server.is_open();
    }));
    EXPECT_EQ(couple.server_frames, (std::vector<std::string>{heartbeat(1)}));
    EXPECT_EQ(couple.server.reason(), close_reason::peer_closed);
}

// A session takes the connection of a listener, and the listener's place is used again.
TEST(ConnectionTls, MovesWithASwapAndOpensAgain) {
    const tls_names names;
    tls_couple couple(names.client(), names.server());
    ASSERT_TRUE(couple.secure());
    connection session({});
    session.swap(couple.server);
    say(couple.client, heartbeat(1));
    std::vector<std::string> frames;
    EXPECT_TRUE(eventually([&] {
        tls_couple::poll(session, frames);
        return !frames.empty();
    }));
    say(session, heartbeat(2));
    EXPECT_TRUE(eventually([&] {
        tls_couple::poll(couple.client, couple.client_frames);
        return !couple.client_frames.empty();
    }));
    EXPECT_EQ(couple.server.tls(), nullptr);
    test::tcp_pair pair = test::make_tcp_pair();
    const socket_address peer = test::peer_of(pair.ours);
    session.open(std::move(pair.ours), peer);  // in the clear, where TLS was before
    say(session, heartbeat(3));
    char bytes[5] = {};
    EXPECT_EQ(::recv(pair.theirs.get(), bytes, sizeof bytes, MSG_WAITALL), 5);
    EXPECT_EQ(std::string(bytes, 5), "8=FIX");
}

}  // namespace
}  // namespace millrace::gateway
