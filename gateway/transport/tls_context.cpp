#include "gateway/transport/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <new>

#include "engine/core/error.hpp"
#include "gateway/transport/tls_text.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;
// Before its end a certificate is said to need a new one.
constexpr int renewal_days = 30;

struct bio_free {
    void operator()(BIO* bio) const noexcept { ::BIO_free(bio); }
};
struct key_free {
    void operator()(EVP_PKEY* key) const noexcept { ::EVP_PKEY_free(key); }
};

[[noreturn]] void fail(const std::string& what) {
    const std::string reason = detail::take_openssl_error();
    throw engine::config_error(what + (reason.empty() ? "" : ": " + reason));
}

// OpenSSL would ask the terminal.
int refuse_passphrase(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return 0;
}

void require_file(const std::string& path, const char* what) {
    std::error_code code;
    if (!std::filesystem::is_regular_file(path, code)) {
        throw engine::config_error(path + ": no such file: " + what + " is expected there");
    }
}

void require_directory(const std::string& path, const char* what) {
    std::error_code code;
    if (!std::filesystem::is_directory(path, code)) {
        throw engine::config_error(path + ": no such directory: " + what + " are expected there");
    }
}

}  // namespace

void tls_context::context_free::operator()(ssl_ctx_st* context) const noexcept {
    ::SSL_CTX_free(context);
}

tls_context::tls_context(const tls_options& options)
    : options_(options),
      context_(::SSL_CTX_new(options.role == tls_role::server ? ::TLS_server_method()
                                                              : ::TLS_client_method())) {
    ::ERR_clear_error();
    if (context_ == nullptr) {
        fail("TLS cannot be set up");
    }
    // Every connection is verified as the first one was: nothing of it is taken up again.
    ::SSL_CTX_set_options(context_.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                              SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    ::SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_num_tickets(context_.get(), 0);
    ::SSL_CTX_set_dh_auto(context_.get(), 1);
    set_versions();
    set_ciphers();
    if (!options_.certificate_file.empty()) {
        load_certificate();
        load_key();
    }
    if (options_.verify != tls_verify::none) {
        load_authorities();
        load_revocations();
    }
    options_.key_text.clear();
}

tls_context::~tls_context() = default;

void tls_context::set_versions() {
    const int least = options_.has_tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
    const int most = options_.has_tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
    if (::SSL_CTX_set_min_proto_version(context_.get(), least) != 1 ||
        ::SSL_CTX_set_max_proto_version(context_.get(), most) != 1) {
        fail("this OpenSSL does not speak the TLS versions that are wanted");
    }
}

void tls_context::set_ciphers() {
    if (!options_.ciphers.empty() &&
        ::SSL_CTX_set_cipher_list(context_.get(), options_.ciphers.c_str()) != 1) {
        fail("none of the ciphers '" + options_.ciphers + "' is known to OpenSSL");
    }
    if (!options_.cipher_suites.empty() &&
        ::SSL_CTX_set_ciphersuites(context_.get(), options_.cipher_suites.c_str()) != 1) {
        fail("not all of the cipher suites '" + options_.cipher_suites + "' are known to OpenSSL");
    }
}

void tls_context::load_certificate() {
    require_file(options_.certificate_file, "a certificate");
    if (::SSL_CTX_use_certificate_chain_file(context_.get(), options_.certificate_file.c_str()) !=
        1) {
        fail(options_.certificate_file + ": is no certificate in PEM");
    }
}

void tls_context::load_key() {
    const std::unique_ptr<BIO, bio_free> text(
        ::BIO_new_mem_buf(options_.key_text.data(), static_cast<int>(options_.key_text.size())));
    bool is_encrypted = false;
    const std::unique_ptr<EVP_PKEY, key_free> key(
        ::PEM_read_bio_PrivateKey(text.get(), nullptr, refuse_passphrase, &is_encrypted));
    if (is_encrypted) {
        ::ERR_clear_error();
        throw engine::config_error(options_.key_file +
                                   ": the key is encrypted, and nobody is there to type its "
                                   "passphrase: store it without one, readable by us alone");
    }
    if (key == nullptr) {
        fail(options_.key_file + ": holds no private key in PEM");
    }
    if (::SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1) {
        fail(options_.key_file + ": is not the key of " + options_.certificate_file);
    }
}

void tls_context::load_authorities() {
    const std::string& file = options_.authorities_file;
    const std::string& directory = options_.authorities_directory;
    if (!file.empty()) {
        require_file(file, "certificates of authorities");
        if (::SSL_CTX_load_verify_file(context_.get(), file.c_str()) != 1) {
            fail(file + ": holds no certificate of an authority in PEM");
        }
    }
    if (!directory.empty()) {
        require_directory(directory, "certificates of authorities, named by their hashes,");
        if (::SSL_CTX_load_verify_dir(context_.get(), directory.c_str()) != 1) {
            fail(directory + ": cannot be read");
        }
    }
    if (file.empty() && directory.empty()) {
        if (options_.role == tls_role::server) {
            throw engine::config_error(
                "whose certificates a server takes has to be said: it has no authorities");
        }
        if (::SSL_CTX_set_default_verify_paths(context_.get()) != 1) {
            fail("the host's list of authorities cannot be used");
        }
    }
    if (options_.role == tls_role::server && !file.empty()) {
        // A client with several certificates sees by this which to use.
        ::SSL_CTX_set_client_CA_list(context_.get(), ::SSL_load_client_CA_file(file.c_str()));
        ::ERR_clear_error();
    }
}

void tls_context::load_revocations() {
    const std::string& file = options_.revocation_file;
    const std::string& directory = options_.revocation_directory;
    if (file.empty() && directory.empty()) {
        return;
    }
    X509_STORE* const store = ::SSL_CTX_get_cert_store(context_.get());
    if (!file.empty()) {
        require_file(file, "a list of revoked certificates");
        X509_LOOKUP* const lookup = ::X509_STORE_add_lookup(store, ::X509_LOOKUP_file());
        if (lookup == nullptr ||
            ::X509_load_crl_file(lookup, file.c_str(), X509_FILETYPE_PEM) < 1) {
            fail(file + ": holds no list of revoked certificates in PEM");
        }
    }
    if (!directory.empty()) {
        require_directory(directory, "lists of revoked certificates, named by their hashes,");
        X509_LOOKUP* const lookup = ::X509_STORE_add_lookup(store, ::X509_LOOKUP_hash_dir());
        if (lookup == nullptr || ::X509_LOOKUP_ctrl(lookup, X509_L_ADD_DIR, directory.c_str(),
                                                    X509_FILETYPE_PEM, nullptr) != 1) {
            fail(directory + ": cannot be read");
        }
    }
    ::X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
}

std::string tls_context::certificate_warning(std::int64_t utc_ns) const noexcept {
    const X509* const own = ::SSL_CTX_get0_certificate(context_.get());
    if (own == nullptr) {
        return {};
    }
    std::time_t now = static_cast<std::time_t>(utc_ns / ns_per_s);
    std::time_t soon = now + std::time_t{renewal_days} * 24 * 3600;
    const ASN1_TIME* const begin = ::X509_get0_notBefore(own);
    const ASN1_TIME* const end = ::X509_get0_notAfter(own);
    try {
        const std::string& file = options_.certificate_file;
        if (::X509_cmp_time(begin, &now) > 0) {
            return file + ": is not valid before " + detail::to_text(begin) +
                   ": no peer will take it";
        }
        if (::X509_cmp_time(end, &now) < 0) {
            return file + ": expired " + detail::to_text(end) + ": no peer will take it";
        }
        if (::X509_cmp_time(end, &soon) < 0) {
            return file + ": expires " + detail::to_text(end) + ": have a new one made";
        }
    } catch (const std::bad_alloc&) {
        return {};
    }
    return {};
}

}  // namespace millrace::gateway
