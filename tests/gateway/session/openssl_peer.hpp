// The other side of a session over TLS, as bytes: OpenSSL upon a socket, with nothing of ours.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/gateway/session/session_test_support.hpp"
#include "tests/gateway/support/certificates.hpp"

namespace millrace::test {

class openssl_peer {
public:
    openssl_peer(bool is_server, const identity& own, const std::string& authorities)
        : is_server_(is_server),
          context_(::SSL_CTX_new(is_server ? ::TLS_server_method() : ::TLS_client_method())) {
        if (!own.certificate_file.empty()) {
            EXPECT_EQ(
                ::SSL_CTX_use_certificate_chain_file(context_.get(), own.certificate_file.c_str()),
                1);
            EXPECT_EQ(::SSL_CTX_use_PrivateKey_file(context_.get(), own.key_file.c_str(),
                                                    SSL_FILETYPE_PEM),
                      1);
        }
        EXPECT_EQ(::SSL_CTX_load_verify_file(context_.get(), authorities.c_str()), 1);
        ::SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                             nullptr);
        ::SSL_CTX_set_mode(context_.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        if (is_server) {
            const gateway::socket_address any =
                gateway::resolve("127.0.0.1", 0, gateway::address_use::listen).front();
            entrance_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
            EXPECT_EQ(::bind(entrance_.get(), any.get(), any.size), 0);
            EXPECT_EQ(::listen(entrance_.get(), 4), 0);
        }
    }

    [[nodiscard]] std::uint16_t port() const {
        gateway::socket_address bound;
        bound.size = sizeof bound.storage;
        EXPECT_EQ(::getsockname(entrance_.get(), bound.get(), &bound.size), 0);
        return bound.port();
    }
    void come_to(std::uint16_t port) {
        const gateway::socket_address address = gateway::resolve("127.0.0.1", port).front();
        engine::unique_fd socket{::socket(AF_INET, SOCK_STREAM, 0)};
        ASSERT_EQ(::connect(socket.get(), address.get(), address.size), 0);
        take(std::move(socket));
    }
    // fields: behind 35 and 34, with | for SOH.
    void say(const std::string& type, std::uint32_t number, const std::string& fields) {
        say_bytes(frame_of("35=" + type + "|34=" + std::to_string(number) + "|49=" + name +
                           "|52=" + sending_time() + "|56=OURS|" + fields));
    }
    void say_bytes(const std::string& bytes) { unsent_ += bytes; }
    void hear() {
        if (!is_here()) {
            if (entrance_.is_open()) {
                take(
                    engine::unique_fd{::accept4(entrance_.get(), nullptr, nullptr, SOCK_NONBLOCK)});
            }
            return;
        }
        ::ERR_clear_error();
        if (!is_secure_ && !did(::SSL_do_handshake(ssl_.get()))) {
            return;
        }
        is_secure_ = true;
        while (!unsent_.empty()) {
            const int sent =
                ::SSL_write(ssl_.get(), unsent_.data(), static_cast<int>(unsent_.size()));
            if (!did(sent)) {
                break;
            }
            unsent_.erase(0, static_cast<std::size_t>(sent));
        }
        char bytes[4096];
        for (int got = 1; is_here() && got > 0;) {
            got = ::SSL_read(ssl_.get(), bytes, sizeof bytes);
            if (did(got)) {
                heard_.append(bytes, static_cast<std::size_t>(got));
            }
        }
        cut();
    }
    void leave() {
        if (ssl_ != nullptr) {
            ::SSL_shutdown(ssl_.get());
        }
        ssl_.reset();
        socket_.reset();
    }
    [[nodiscard]] bool is_here() const { return socket_.is_open(); }
    [[nodiscard]] bool is_secure() const { return is_here() && is_secure_; }
    // The CN of whom it speaks with.
    [[nodiscard]] std::string other_name() const {
        char text[64] = "";
        const X509* const certificate = ::SSL_get0_peer_certificate(ssl_.get());
        if (certificate != nullptr) {
            ::X509_NAME_get_text_by_NID(::X509_get_subject_name(certificate), NID_commonName, text,
                                        sizeof text);
        }
        return text;
    }
    [[nodiscard]] std::size_t count(const std::string& type, const std::string& part = "") const {
        std::size_t found = 0;
        for (const std::string& frame : frames) {
            found += field_of(frame, 35) == type && frame.find(part) != std::string::npos ? 1 : 0;
        }
        return found;
    }

    std::string name = "PEER";
    bool is_end_said = false;  // by close_notify, and not just by the socket
    std::vector<std::string> frames;

private:
    struct deleter {
        void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
        void operator()(SSL* ssl) const { ::SSL_free(ssl); }
    };

    void take(engine::unique_fd socket) {
        if (!socket.is_open()) {
            return;
        }
        socket_ = std::move(socket);
        const int flags = ::fcntl(socket_.get(), F_GETFL);
        ASSERT_EQ(::fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK), 0);
        frames.clear();
        heard_.clear();
        unsent_.clear();
        is_secure_ = false;
        ssl_.reset(::SSL_new(context_.get()));
        ASSERT_EQ(::SSL_set_fd(ssl_.get(), socket_.get()), 1);
        is_server_ ? ::SSL_set_accept_state(ssl_.get()) : ::SSL_set_connect_state(ssl_.get());
    }
    // False: it has to wait, or the connection is over.
    bool did(int result) {
        if (result > 0) {
            return true;
        }
        const int error = ::SSL_get_error(ssl_.get(), result);
        is_end_said = is_end_said || error == SSL_ERROR_ZERO_RETURN;
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
            ssl_.reset();
            socket_.reset();
        }
        return false;
    }
    void cut() {
        for (std::size_t end = 0;;) {
            end = heard_.find(
                "\x01"
                "10=");
            if (end == std::string::npos || heard_.size() < end + 8) {
                return;
            }
            frames.push_back(heard_.substr(0, end + 8));
            heard_.erase(0, end + 8);
        }
    }

    bool is_server_;
    std::unique_ptr<SSL_CTX, deleter> context_;
    engine::unique_fd entrance_;
    engine::unique_fd socket_;
    std::unique_ptr<SSL, deleter> ssl_;
    bool is_secure_ = false;
    std::string unsent_;
    std::string heard_;
};

}  // namespace millrace::test
