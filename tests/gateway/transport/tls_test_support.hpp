// Two connections with TLS between them, and what lies between them.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "gateway/transport/connection.hpp"
#include "tests/gateway/support/certificates.hpp"
#include "tests/gateway/transport/transport_test_support.hpp"

namespace millrace::test {

[[nodiscard]] inline gateway::tls_options tls_side(gateway::tls_role role, const identity& own,
                                                   const std::string& authorities) {
    gateway::tls_options options;
    options.role = role;
    options.certificate_file = own.certificate_file;
    options.key_file = own.key_file;
    std::ostringstream key;
    key << std::ifstream(own.key_file).rdbuf();
    options.key_text = key.str();
    options.authorities_file = authorities;
    return options;
}

// What both sides of most tests have.
struct tls_names {
    authority trusted{"Trusted CA"};
    authority foreign{"Foreign CA"};
    identity venue = trusted.issue({"venue", "DNS:venue.example,IP:127.0.0.1"});
    identity desk = trusted.issue({"desk"});

    [[nodiscard]] gateway::tls_options server() const {
        return tls_side(gateway::tls_role::server, venue, trusted.file());
    }
    [[nodiscard]] gateway::tls_options client() const {
        return tls_side(gateway::tls_role::client, desk, trusted.file());
    }
};

inline gateway::socket_address peer_of(const engine::unique_fd& socket) {
    gateway::socket_address address;
    address.size = sizeof address.storage;
    EXPECT_EQ(::getpeername(socket.get(), address.get(), &address.size), 0);
    return address;
}

// A client and a server, connected; polled by the test.
struct tls_couple {
    tls_couple(const gateway::tls_options& client_options,
               const gateway::tls_options& server_options,
               const gateway::connection_options& wanted = {},
               const std::string& host = "venue.example")
        : client_context(client_options),
          server_context(server_options),
          client(wanted),
          server(wanted) {
        tcp_pair pair = make_tcp_pair();
        const gateway::socket_address server_address = peer_of(pair.ours);
        const gateway::socket_address client_address = peer_of(pair.theirs);
        server.open(std::move(pair.theirs), client_address, &server_context);
        client.open(std::move(pair.ours), server_address, &client_context, host);
    }

    static void poll(gateway::connection& one, std::vector<std::string>& frames) {
        static_cast<void>(one.flush(engine::monotonic_now_ns()));
        static_cast<void>(one.receive());
        std::string_view frame;
        while (one.next_frame(frame)) {
            frames.emplace_back(frame);
        }
    }
    void poll() {
        poll(client, client_frames);
        poll(server, server_frames);
    }
    [[nodiscard]] bool secure() {
        return eventually([&] {
                   poll();
                   return !client.is_open() || !server.is_open() ||
                          (!client.is_securing() && !server.is_securing());
               }) &&
               client.is_open() && server.is_open();
    }

    gateway::tls_context client_context;
    gateway::tls_context server_context;
    gateway::connection client;
    gateway::connection server;
    std::vector<std::string> client_frames;
    std::vector<std::string> server_frames;
};

// Carries bytes between two sockets, as many at a time as it is told.
class relay {
public:
    relay(engine::unique_fd one, engine::unique_fd other)
        : one_(std::move(one)), other_(std::move(other)) {}

    // At most so many bytes of those that `one` has said, all in all.
    std::size_t limit = ~std::size_t{0};
    std::size_t carried = 0;

    // True if there was something to carry.
    bool step(std::size_t bytes_max) {
        const bool is_forward = carry(one_, other_, std::min(bytes_max, limit - carried), carried);
        std::size_t back = 0;
        return carry(other_, one_, bytes_max, back) || is_forward;
    }
    void cut() {
        one_.reset();
        other_.reset();
    }

private:
    static bool carry(const engine::unique_fd& from, const engine::unique_fd& to,
                      std::size_t bytes_max, std::size_t& carried) {
        std::string bytes(std::min<std::size_t>(bytes_max, 4096), '\0');
        const ssize_t got =
            bytes.empty() ? 0 : ::recv(from.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (got <= 0) {
            return false;
        }
        carried += static_cast<std::size_t>(got);
        EXPECT_EQ(::send(to.get(), bytes.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL), got);
        return true;
    }

    engine::unique_fd one_;
    engine::unique_fd other_;
};

}  // namespace millrace::test
