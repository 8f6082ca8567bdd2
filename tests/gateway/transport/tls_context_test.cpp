#include "gateway/transport/tls_context.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "engine/core/error.hpp"
#include "tests/gateway/transport/tls_test_support.hpp"

namespace millrace::gateway {
namespace {

std::string refusal_of(const tls_options& options) {
    try {
        const tls_context made(options);
        return {};
    } catch (const engine::config_error& failure) {
        return failure.what();
    }
}

bool begins_with(const std::string& text, const std::string& begin) {
    EXPECT_EQ(text.substr(0, begin.size()), begin);
    return text.compare(0, begin.size(), begin) == 0;
}

TEST(TlsContext, NamesTheFileThatIsWrong) {
    test::tls_names names;
    EXPECT_EQ(refusal_of(names.server()), "");
    tls_options options = names.server();
    options.certificate_file = "nowhere.pem";
    EXPECT_EQ(refusal_of(options), "nowhere.pem: no such file: a certificate is expected there");
    options = names.server();
    options.certificate_file = names.venue.key_file;
    EXPECT_TRUE(
        begins_with(refusal_of(options), names.venue.key_file + ": is no certificate in PEM"));
    options = names.server();
    options.key_text = "rubbish";
    EXPECT_TRUE(
        begins_with(refusal_of(options), names.venue.key_file + ": holds no private key in PEM"));
    options.key_text = names.client().key_text;
    EXPECT_TRUE(begins_with(refusal_of(options), names.venue.key_file + ": is not the key of " +
                                                     names.venue.certificate_file));
    options = names.server();
    options.authorities_file = names.venue.key_file;
    EXPECT_TRUE(begins_with(refusal_of(options),
                            names.venue.key_file + ": holds no certificate of an authority"));
    options.authorities_file.clear();
    EXPECT_TRUE(begins_with(refusal_of(options), "whose certificates a server takes"));
    options.authorities_directory = names.venue.key_file;
    EXPECT_TRUE(begins_with(refusal_of(options), names.venue.key_file + ": no such directory"));
    options = names.server();
    options.revocation_file = names.venue.certificate_file;
    EXPECT_TRUE(begins_with(refusal_of(options), names.venue.certificate_file +
                                                     ": holds no list of revoked certificates"));
    options = names.server();
    options.ciphers = "NOT-A-CIPHER";
    EXPECT_TRUE(begins_with(refusal_of(options), "none of the ciphers 'NOT-A-CIPHER'"));
    options = names.server();
    options.cipher_suites = "TLS_NONE";
    EXPECT_TRUE(begins_with(refusal_of(options), "not all of the cipher suites 'TLS_NONE'"));
}

TEST(TlsContext, AsksNobodyForAPassphrase) {
    test::tls_names names;
    names.trusted.encrypt_key(names.venue);
    EXPECT_TRUE(begins_with(refusal_of(names.server()),
                            names.venue.key_file + ": the key is encrypted, and nobody is there"));
}

TEST(TlsContext, WarnsOfACertificateNobodyWillTake) {
    test::tls_names names;
    const std::int64_t now_ns = engine::utc_now().ns;
    const auto warning_of = [&](const test::certificate_wish& wish) {
        const test::identity own = names.trusted.issue(wish);
        const std::string text =
            tls_context(test::tls_side(tls_role::client, own, names.trusted.file()))
                .certificate_warning(now_ns);
        EXPECT_TRUE(text.empty() || begins_with(text, own.certificate_file + ": "));
        return text.empty() ? text : text.substr(own.certificate_file.size() + 2, 10);
    };
    const long day_s = test::day_s;
    EXPECT_EQ(warning_of({"desk"}), "");
    EXPECT_EQ(warning_of({"desk", "", -day_s, 31 * day_s}), "");
    EXPECT_EQ(warning_of({"desk", "", -day_s, 29 * day_s}), "expires 20");
    EXPECT_EQ(warning_of({"desk", "", -9 * day_s, -day_s}), "expired 20");
    EXPECT_EQ(warning_of({"desk", "", day_s, 90 * day_s}), "is not val");
    EXPECT_EQ(tls_context(test::tls_side(tls_role::client, {}, names.trusted.file()))
                  .certificate_warning(now_ns),
              "");
}

}  // namespace
}  // namespace millrace::gateway
