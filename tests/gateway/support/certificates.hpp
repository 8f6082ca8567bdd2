// Certificates made while a test runs: authorities, and what they issue, good and bad.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/engine/core/temporary_directory.hpp"

namespace millrace::test {

inline constexpr long day_s = 24 * 3600;

// A certificate and its key, as files.
struct identity {
    std::string certificate_file;
    std::string key_file;
};

struct certificate_wish {
    std::string common_name;
    std::string names{};  // as OpenSSL writes them: "DNS:venue.example,IP:127.0.0.1"; empty: none
    long begins_in_s = -day_s;
    long ends_in_s = 365 * day_s;
    bool is_rsa = false;  // its key; which takes a while to find
};

class authority {
public:
    explicit authority(const std::string& name) : key_(make_key()) {
        certificate_ = make(key_.get(), {name}, true);
        file_ = write(name + ".crt", certificate_.get());
    }

    // PEM files below a directory that lives as long as this.
    [[nodiscard]] identity issue(const certificate_wish& wish) {
        const key_ptr key = make_key(wish.is_rsa);
        const certificate_ptr made = make(key.get(), wish, false);
        const std::string stem = "issued" + std::to_string(serial_);
        identity files{write(stem + ".crt", made.get()),
                       (directory_ / (stem + ".key").c_str()).native()};
        const file_ptr out(std::fopen(files.key_file.c_str(), "w"));
        EXPECT_EQ(
            ::PEM_write_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
        EXPECT_EQ(::fchmod(::fileno(out.get()), 0600), 0);
        return files;
    }
    // The same key, where only a passphrase opens it.
    void encrypt_key(const identity& of) {
        const file_ptr in(std::fopen(of.key_file.c_str(), "r"));
        const key_ptr key(::PEM_read_PrivateKey(in.get(), nullptr, nullptr, nullptr));
        const file_ptr out(std::fopen(of.key_file.c_str(), "w"));
        const unsigned char phrase[] = {'x', 'y', 'z', 'z', 'y'};
        EXPECT_EQ(::PEM_write_PrivateKey(out.get(), key.get(), ::EVP_aes_128_cbc(), phrase,
                                         sizeof phrase, nullptr, nullptr),
                  1);
    }
    // A list of what is no longer good, of this authority.
    [[nodiscard]] std::string revoke(const std::vector<identity>& revoked) {
        const std::unique_ptr<X509_CRL, decltype(&::X509_CRL_free)> list(::X509_CRL_new(),
                                                                         &::X509_CRL_free);
        EXPECT_EQ(::X509_CRL_set_version(list.get(), 1), 1);
        EXPECT_EQ(
            ::X509_CRL_set_issuer_name(list.get(), ::X509_get_subject_name(certificate_.get())), 1);
        const time_ptr begin(::X509_gmtime_adj(nullptr, -day_s));
        const time_ptr end(::X509_gmtime_adj(nullptr, 30 * day_s));
        EXPECT_EQ(::X509_CRL_set1_lastUpdate(list.get(), begin.get()), 1);
        EXPECT_EQ(::X509_CRL_set1_nextUpdate(list.get(), end.get()), 1);
        for (const identity& one : revoked) {
            const file_ptr in(std::fopen(one.certificate_file.c_str(), "r"));
            const certificate_ptr read(::PEM_read_X509(in.get(), nullptr, nullptr, nullptr));
            X509_REVOKED* const entry = ::X509_REVOKED_new();
            EXPECT_EQ(::X509_REVOKED_set_serialNumber(entry, ::X509_get_serialNumber(read.get())),
                      1);
            EXPECT_EQ(::X509_REVOKED_set_revocationDate(entry, begin.get()), 1);
            EXPECT_EQ(::X509_CRL_add0_revoked(list.get(), entry), 1);
        }
        EXPECT_GT(::X509_CRL_sign(list.get(), key_.get(), ::EVP_sha256()), 0);
        const std::string path = (directory_ / "revoked.crl").native();
        const file_ptr out(std::fopen(path.c_str(), "w"));
        EXPECT_EQ(::PEM_write_X509_CRL(out.get(), list.get()), 1);
        return path;
    }

    // Its own certificate: what who trusts it has.
    [[nodiscard]] const std::string& file() const { return file_; }

private:
    struct deleter {
        void operator()(EVP_PKEY* key) const { ::EVP_PKEY_free(key); }
        void operator()(X509* certificate) const { ::X509_free(certificate); }
        void operator()(ASN1_TIME* time) const { ::ASN1_TIME_free(time); }
        void operator()(std::FILE* file) const { std::fclose(file); }
        void operator()(X509_EXTENSION* extension) const { ::X509_EXTENSION_free(extension); }
    };
    using key_ptr = std::unique_ptr<EVP_PKEY, deleter>;
    using certificate_ptr = std::unique_ptr<X509, deleter>;
    using time_ptr = std::unique_ptr<ASN1_TIME, deleter>;
    using file_ptr = std::unique_ptr<std::FILE, deleter>;

    [[nodiscard]] static key_ptr make_key(bool is_rsa = false) {
        return key_ptr(is_rsa ? ::EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})
                              : ::EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    }

    [[nodiscard]] certificate_ptr make(EVP_PKEY* key, const certificate_wish& wish, bool is_root) {
        certificate_ptr made(::X509_new());
        EXPECT_EQ(::X509_set_version(made.get(), 2), 1);
        EXPECT_EQ(::ASN1_INTEGER_set(::X509_get_serialNumber(made.get()), ++serial_), 1);
        EXPECT_NE(::X509_gmtime_adj(::X509_getm_notBefore(made.get()), wish.begins_in_s), nullptr);
        EXPECT_NE(::X509_gmtime_adj(::X509_getm_notAfter(made.get()), wish.ends_in_s), nullptr);
        EXPECT_EQ(::X509_set_pubkey(made.get(), key), 1);
        X509_NAME* const name = ::X509_get_subject_name(made.get());
        EXPECT_EQ(::X509_NAME_add_entry_by_txt(
                      name, "CN", MBSTRING_UTF8,
                      reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1, -1, 0),
                  1);
        X509* const issuer = is_root ? made.get() : certificate_.get();
        EXPECT_EQ(::X509_set_issuer_name(made.get(), ::X509_get_subject_name(issuer)), 1);
        extend(made.get(), issuer, NID_basic_constraints,
               is_root ? "critical,CA:TRUE" : "critical,CA:FALSE");
        if (!wish.names.empty()) {
            extend(made.get(), issuer, NID_subject_alt_name, wish.names);
        }
        EXPECT_GT(::X509_sign(made.get(), key_.get(), ::EVP_sha256()), 0);
        return made;
    }
    static void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
        X509V3_CTX context;
        X509V3_set_ctx_nodb(&context);
        ::X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
        const std::unique_ptr<X509_EXTENSION, deleter> extension(
            ::X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
        EXPECT_EQ(::X509_add_ext(certificate, extension.get(), -1), 1);
    }
    [[nodiscard]] std::string write(const std::string& name, X509* certificate) {
        const std::string path = (directory_ / name.c_str()).native();
        const file_ptr out(std::fopen(path.c_str(), "w"));
        EXPECT_EQ(::PEM_write_X509(out.get(), certificate), 1);
        return path;
    }

    engine::temporary_directory directory_;
    long serial_ = 0;
    key_ptr key_;
    certificate_ptr certificate_;
    std::string file_;
};

}  // namespace millrace::test
