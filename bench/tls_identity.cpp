#include "bench/tls_identity.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>

#include "bench/bench_run.hpp"

namespace millrace::bench {

namespace {

struct openssl_free {
    void operator()(EVP_PKEY* key) const noexcept { ::EVP_PKEY_free(key); }
    void operator()(X509* certificate) const noexcept { ::X509_free(certificate); }
    void operator()(X509_EXTENSION* extension) const noexcept { ::X509_EXTENSION_free(extension); }
    void operator()(BIO* bio) const noexcept { ::BIO_free(bio); }
};
template <class Object>
using owned = std::unique_ptr<Object, openssl_free>;

void extend(X509* certificate, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    ::X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const owned<X509_EXTENSION> extension(::X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    fail_if_not(extension != nullptr && ::X509_add_ext(certificate, extension.get(), -1) == 1,
                "a certificate cannot be made");
}

owned<X509> make_certificate(EVP_PKEY* key) {
    constexpr long day_s = 24 * 3600;
    owned<X509> made(::X509_new());
    const unsigned char name[] = "millrace bench";
    const bool is_filled =
        ::X509_set_version(made.get(), 2) == 1 &&
        ::ASN1_INTEGER_set(::X509_get_serialNumber(made.get()), 1) == 1 &&
        ::X509_gmtime_adj(::X509_getm_notBefore(made.get()), -day_s) != nullptr &&
        ::X509_gmtime_adj(::X509_getm_notAfter(made.get()), day_s) != nullptr &&
        ::X509_set_pubkey(made.get(), key) == 1 &&
        ::X509_NAME_add_entry_by_txt(::X509_get_subject_name(made.get()), "CN", MBSTRING_ASC, name,
                                     -1, -1, 0) == 1 &&
        ::X509_set_issuer_name(made.get(), ::X509_get_subject_name(made.get())) == 1;
    fail_if_not(is_filled, "a certificate cannot be made");
    extend(made.get(), NID_basic_constraints, "critical,CA:TRUE");
    extend(made.get(), NID_subject_alt_name, "IP:127.0.0.1");
    fail_if_not(::X509_sign(made.get(), key, ::EVP_sha256()) > 0, "a certificate cannot be signed");
    return made;
}

}  // namespace

tls_identity::tls_identity(const std::filesystem::path& directory, tls_key kind) {
    const bool is_rsa = kind == tls_key::rsa2048;
    const owned<EVP_PKEY> key(is_rsa
                                  ? ::EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})
                                  : ::EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    fail_if_not(key != nullptr, "no key can be made");
    const owned<X509> certificate = make_certificate(key.get());
    certificate_file_ = (directory / (is_rsa ? "rsa.pem" : "p256.pem")).native();
    std::FILE* const file = std::fopen(certificate_file_.c_str(), "w");
    fail_if_not(
        file != nullptr && ::PEM_write_X509(file, certificate.get()) == 1 && std::fclose(file) == 0,
        "a certificate cannot be written");
    const owned<BIO> text(::BIO_new(::BIO_s_mem()));
    fail_if_not(::PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                           nullptr) == 1,
                "a key cannot be written");
    const char* bytes = nullptr;
    const long size = ::BIO_ctrl(text.get(), BIO_CTRL_INFO, 0, &bytes);
    key_text_.assign(bytes, static_cast<std::size_t>(size));
}

gateway::tls_options tls_identity::options(gateway::tls_role role) const {
    gateway::tls_options options;
    options.role = role;
    options.certificate_file = certificate_file_;
    options.key_text = key_text_;
    options.key_file = "a key";
    options.authorities_file = certificate_file_;
    return options;
}

}  // namespace millrace::bench
