// One connection's TLS, between bytes as the socket has them and bytes as the session has them. It
// touches no socket: who owns one feeds it, and sends what it makes.
//
//   socket -> input_room() -> read() -> plain          plain -> write() -> output -> socket
//
// Threading  one thread
// Progress   nothing waits; a handshake allocates and computes (about a millisecond with RSA);
//            afterwards OpenSSL takes two small blocks for each record and gives them back
// Invariant  at most input_bytes_max bytes wait to be read, beside one record of OpenSSL's
// Errors     statuses; after failed, text() says what and whose
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/transport/address.hpp"
#include "gateway/transport/tls_context.hpp"

struct ssl_st;
struct x509_store_ctx_st;

namespace millrace::gateway {

// Where a call puts bytes that are to be sent.
struct tls_output {
    std::span<char> room;
    std::size_t used = 0;
};

enum class tls_state : std::uint8_t {
    ok,      // read: something came; write: all went
    wanted,  // more has to come from the peer first, or there is no room for what is to be sent
    ended,   // the peer has said that nothing more comes
    failed
};

class tls_channel {
public:
    static constexpr std::size_t input_bytes_max = std::size_t{64} << 10;
    // A record holds so many plain bytes, and is at most so much longer than they are.
    static constexpr std::size_t record_bytes_max = 16384;
    static constexpr std::size_t record_overhead_max = 128;
    static constexpr std::size_t text_bytes_max = 400;

    tls_channel();
    ~tls_channel();
    tls_channel(const tls_channel&) = delete;
    tls_channel& operator=(const tls_channel&) = delete;

    // A new connection. `host`: whom a client calls; the context's peer_names go before it. False:
    // failed, for want of memory.
    [[nodiscard]] bool begin(const tls_context& context, const socket_address& peer,
                             std::string_view host) noexcept;
    // Keeps text(), forgets the rest.
    void end() noexcept;

    [[nodiscard]] std::span<char> input_room() noexcept;
    void commit_input(std::size_t size) noexcept;

    // ok: the handshake is over.
    [[nodiscard]] tls_state advance(tls_output& output) noexcept;
    // REQUIRES of the rest: is_established(). What came before the end is given out before it.
    [[nodiscard]] tls_state read(std::span<char> plain, std::size_t& size,
                                 tls_output& output) noexcept;
    // REQUIRES: bytes.size() <= record_bytes_max; room for them and record_overhead_max.
    [[nodiscard]] tls_state write(std::string_view bytes, tls_output& output) noexcept;
    // Says that nothing more comes of us.
    void say_end(tls_output& output) noexcept;

    [[nodiscard]] bool is_established() const noexcept { return is_established_; }
    // read() has something to say without another byte from the peer.
    [[nodiscard]] bool has_unread() const noexcept { return has_unread_; }
    // Whether the peer's certificate has one of these names, as CN or alternative name.
    [[nodiscard]] bool is_peer_named(const std::vector<std::string>& names) const noexcept;
    // "TLSv1.3, TLS_AES_256_GCM_SHA384, peer CN=venue.example"; empty for want of memory.
    [[nodiscard]] std::string describe() const noexcept;
    // Why it failed: "certificate of peer 10.1.2.3:9876 (CN=x) expired 2026-01-01 00:00:00 UTC"
    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    void fail(std::string_view reason) noexcept;  // "TLS with PEER: reason"

private:
    struct ssl_free {
        void operator()(ssl_st* ssl) const noexcept;
    };
    struct pipe;  // what OpenSSL reads and writes through

    [[nodiscard]] bool attach_pipe() noexcept;
    [[nodiscard]] bool expect(const tls_context& context, std::string_view host);
    [[nodiscard]] tls_state failed(int result) noexcept;
    void note_verify_error(x509_store_ctx_st* store) noexcept;

    std::unique_ptr<ssl_st, ssl_free> ssl_;
    std::unique_ptr<char[]> input_;
    std::size_t input_begin_ = 0;
    std::size_t input_end_ = 0;
    tls_output* output_ = nullptr;  // of the present call
    bool is_server_ = false;
    bool is_established_ = false;
    bool is_first_input_ = true;
    bool has_unread_ = false;
    tls_state end_ = tls_state::ok;  // what read() answers once all before it is given out
    std::string peer_;               // as text
    std::string expected_name_;      // of the peer's certificate; empty: any
    std::string text_;
};

}  // namespace millrace::gateway
