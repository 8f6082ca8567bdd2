// The other side of a session, as bytes.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/gateway/session/session_test_support.hpp"

namespace millrace::test {

class raw_peer {
public:
    raw_peer() : link_({}) {}

    void listen() {
        entrance_ = std::make_unique<gateway::listener>(
            gateway::resolve("127.0.0.1", 0, gateway::address_use::listen).front(),
            gateway::listener_options{});
    }
    [[nodiscard]] std::uint16_t port() const { return entrance_->port(); }
    // With `tls` the handshake goes on as it is heard.
    void come_to(std::uint16_t port, const gateway::tls_context* tls = nullptr) {
        const gateway::socket_address address = gateway::resolve("127.0.0.1", port).front();
        engine::unique_fd socket{::socket(AF_INET, SOCK_STREAM, 0)};
        ASSERT_EQ(::connect(socket.get(), address.get(), address.size), 0);
        frames.clear();
        link_.open(std::move(socket), address, tls, "127.0.0.1");
    }
    // fields: behind 35 and 34, with | for SOH.
    void say(const std::string& type, std::uint32_t number, const std::string& fields) {
        say_bytes(frame_of("35=" + type + "|34=" + std::to_string(number) + "|49=" + name +
                           "|52=" + sending_time() + "|56=OURS|" + fields));
    }
    void say_bytes(const std::string& bytes) {
        link_.send(bytes.data(), bytes.size(), engine::monotonic_now_ns());
    }
    void hear() {
        if (!link_.is_open() && entrance_ != nullptr) {
            const auto found = entrance_->poll(engine::monotonic_now_ns());
            if (found.link != nullptr) {
                frames.emplace_back(found.frame);
                link_.swap(*found.link);
            }
            return;
        }
        static_cast<void>(link_.flush(engine::monotonic_now_ns()));
        static_cast<void>(link_.receive());
        std::string_view frame;
        while (link_.next_frame(frame)) {
            frames.emplace_back(frame);
        }
    }
    void leave() { link_.close(gateway::close_reason::local); }
    [[nodiscard]] bool is_here() const { return link_.is_open(); }
    [[nodiscard]] bool is_securing() const { return link_.is_securing(); }
    [[nodiscard]] bool has_heard(const std::string& type) const {
        for (const std::string& frame : frames) {
            if (field_of(frame, 35) == type) {
                return true;
            }
        }
        return false;
    }

    std::string name = "PEER";
    std::vector<std::string> frames;

private:
    std::unique_ptr<gateway::listener> entrance_;
    gateway::connection link_;
};

}  // namespace millrace::test
