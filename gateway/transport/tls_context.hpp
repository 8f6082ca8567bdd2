// One side's certificate, whose certificates it takes, and how TLS is spoken: what all connections
// of a session or of a port share.
//
// Threading  made on any thread; then read by the one that opens connections
// Errors     the constructor throws engine::config_error that names the file
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct ssl_ctx_st;

namespace millrace::gateway {

enum class tls_role : std::uint8_t { client, server };

enum class tls_verify : std::uint8_t {
    none,      // the peer needs no certificate; a server's is not looked at
    optional,  // a client may have none; a server always has one
    required
};

struct tls_options {
    tls_role role = tls_role::client;
    std::string certificate_file;  // ours, and those between it and its authority; empty: none
    std::string key_text;          // PEM, of a file that only we can read
    std::string key_file;          // as messages call it
    std::string authorities_file;  // a client without any takes the host's
    std::string authorities_directory;
    std::string revocation_file;
    std::string revocation_directory;
    tls_verify verify = tls_verify::required;
    bool has_tls_1_2 = true;
    bool has_tls_1_3 = true;
    std::string ciphers;        // of TLS 1.2; empty: OpenSSL's choice
    std::string cipher_suites;  // of TLS 1.3; the same
    // One of these has to be the peer's. Empty: for a client the host it calls; a server takes any.
    std::vector<std::string> peer_names;
};

class tls_context {
public:
    explicit tls_context(const tls_options& options);
    ~tls_context();
    tls_context(const tls_context&) = delete;
    tls_context& operator=(const tls_context&) = delete;

    [[nodiscard]] tls_role role() const noexcept { return options_.role; }
    [[nodiscard]] tls_verify verify() const noexcept { return options_.verify; }
    [[nodiscard]] const std::vector<std::string>& peer_names() const noexcept {
        return options_.peer_names;
    }
    // What is wrong, or soon will be, with our own certificate at that time; empty: nothing.
    [[nodiscard]] std::string certificate_warning(std::int64_t utc_ns) const noexcept;
    [[nodiscard]] ssl_ctx_st* get() const noexcept { return context_.get(); }

private:
    struct context_free {
        void operator()(ssl_ctx_st* context) const noexcept;
    };

    void set_versions();
    void set_ciphers();
    void load_certificate();
    void load_key();
    void load_authorities();
    void load_revocations();

    tls_options options_;
    std::unique_ptr<ssl_ctx_st, context_free> context_;
};

}  // namespace millrace::gateway
