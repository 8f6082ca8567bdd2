#include "gateway/quickfix/settings_tls.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "gateway/quickfix/settings_sections.hpp"

namespace millrace {
namespace gateway {
namespace detail {

namespace {

const char* const shared_keys[] = {"CertificationAuthoritiesFile",
                                   "CertificationAuthoritiesDirectory",
                                   "CertificateRevocationListFile",
                                   "CertificateRevocationListDirectory",
                                   "CertificateVerifyLevel",
                                   "CertificatePeerNames",
                                   "SSLProtocol",
                                   "SSLCipherSuite"};

bool is_ip_address(const std::string& name) {
    in6_addr parsed{};
    return ::inet_pton(AF_INET, name.c_str(), &parsed) == 1 ||
           ::inet_pton(AF_INET6, name.c_str(), &parsed) == 1;
}

class tls_reader : private key_reader {
public:
    explicit tls_reader(session_spec& spec)
        : key_reader(spec),
          is_acceptor_(spec.role == session_role::acceptor),
          prefix_(is_acceptor_ ? "ServerCertificate" : "ClientCertificate") {}

    std::vector<settings_note> read() {
        note_other_side();
        spec_.tls.is_on = is_wanted();
        if (!spec_.tls.is_on) {
            note_without_effect();
            return notes_;
        }
        read_files();
        read_protocol();
        read_ciphers();
        read_verification();
        return notes_;
    }

private:
    void note_other_side();
    bool is_wanted() const;
    void note_without_effect();
    void read_files();
    void read_protocol();
    void read_ciphers();
    void read_verification();

    std::string text_of(const std::string& key) const {
        const setting* const found = spec_.find(key);
        return found == nullptr ? std::string() : found->value;
    }

    bool is_acceptor_;
    std::string prefix_;
};

void tls_reader::note_other_side() {
    const std::string other = is_acceptor_ ? "ClientCertificate" : "ServerCertificate";
    for (const char* const part : {"File", "KeyFile"}) {
        if (const setting* const found = spec_.find(other + part)) {
            note(note_level::notice, found->line,
                 "'" + found->key + "' has no meaning for an " +
                     (is_acceptor_ ? "acceptor" : "initiator"));
        }
    }
}

bool tls_reader::is_wanted() const {
    const bool has_certificate = !text_of(prefix_ + "File").empty();
    const bool has_authorities = !text_of("CertificationAuthoritiesFile").empty() ||
                                 !text_of("CertificationAuthoritiesDirectory").empty();
    return spec_.is_on("SocketUseSSL", has_certificate || (!is_acceptor_ && has_authorities));
}

// Nobody who wrote such a key expects a connection in the clear.
void tls_reader::note_without_effect() {
    if (spec_.find("SocketUseSSL") != nullptr) {
        return;
    }
    for (const char* const key : shared_keys) {
        if (const setting* const found = spec_.find(key)) {
            note(note_level::warning, found->line,
                 "'" + found->key + "' has no effect on session " + spec_.name +
                     ": its connection is in the clear. TLS needs " +
                     (is_acceptor_ ? "ServerCertificateFile" : "SocketUseSSL=Y"));
        }
    }
}

void tls_reader::read_files() {
    tls_spec& tls = spec_.tls;
    tls.certificate_file = text_of(prefix_ + "File");
    tls.key_file = text_of(prefix_ + "KeyFile");
    if (tls.certificate_file.empty()) {
        const setting* const lone = spec_.find(prefix_ + "KeyFile");
        const setting* const wanted = spec_.find("SocketUseSSL");
        if (lone != nullptr && !lone->value.empty()) {
            fail(lone->line, prefix_ + "File is missing: the certificate that this key is for");
        }
        if (is_acceptor_) {
            fail(wanted == nullptr ? spec_.line : wanted->line,
                 "ServerCertificateFile is missing: an acceptor with TLS needs a certificate");
        }
    } else if (tls.key_file.empty()) {
        tls.key_file = tls.certificate_file;
    }
    tls.authorities_file = text_of("CertificationAuthoritiesFile");
    tls.authorities_directory = text_of("CertificationAuthoritiesDirectory");
    tls.revocation_file = text_of("CertificateRevocationListFile");
    tls.revocation_directory = text_of("CertificateRevocationListDirectory");
}

void tls_reader::read_protocol() {
    const setting* const found = spec_.find("SSLProtocol");
    if (found == nullptr) {
        return;
    }
    tls_spec& tls = spec_.tls;
    tls.has_tls_1_2 = tls.has_tls_1_3 = false;
    for (const std::string& word : words_of(found->value, false)) {
        const bool is_taken_away = word[0] == '-';
        std::string name = upper_case(word.substr(word[0] == '-' || word[0] == '+' ? 1 : 0));
        std::replace(name.begin(), name.end(), '.', '_');
        if (name == "ALL" || name == "TLSV1_2") {
            tls.has_tls_1_2 = !is_taken_away;
        }
        if (name == "ALL" || name == "TLSV1_3") {
            tls.has_tls_1_3 = !is_taken_away;
        }
        const bool is_old =
            name == "SSLV2" || name == "SSLV3" || name == "TLSV1" || name == "TLSV1_1";
        if (is_old && !is_taken_away) {
            note(note_level::warning, found->line,
                 "'SSLProtocol' names " + word + ", which is broken and never spoken here");
        } else if (!is_old && name != "ALL" && name != "TLSV1_2" && name != "TLSV1_3") {
            fail(found->line, "SSLProtocol=" + found->value + ": unknown protocol '" + word +
                                  "'; expected TLSv1_2, TLSv1_3 or all, with + or - before it");
        }
    }
    if (!tls.has_tls_1_2 && !tls.has_tls_1_3) {
        fail(found->line, "SSLProtocol=" + found->value +
                              ": leaves neither TLSv1_2 nor TLSv1_3, and no other is spoken here");
    }
}

void tls_reader::read_ciphers() {
    for (const std::string& name : words_of(text_of("SSLCipherSuite"), true)) {
        // OpenSSL has two lists; only names of TLS 1.3 begin so.
        const bool is_of_tls_1_3 = name.compare(0, 4, "TLS_") == 0;
        std::string& list = is_of_tls_1_3 ? spec_.tls.cipher_suites : spec_.tls.ciphers;
        list += (list.empty() ? "" : ":") + name;
    }
}

void tls_reader::read_verification() {
    tls_spec& tls = spec_.tls;
    const setting* const level = spec_.find("CertificateVerifyLevel");
    if (level != nullptr) {
        tls.verify_level = static_cast<std::uint32_t>(level->value[0] - '0');
    }
    const setting* const names = spec_.find("CertificatePeerNames");
    if (names != nullptr) {
        tls.peer_names = words_of(names->value, false);
        if (tls.peer_names.empty()) {
            fail(names->line, names->key + " is empty: nobody could log on");
        }
        // OpenSSL wants an address besides the names, and not instead of them.
        if (!is_acceptor_ && tls.peer_names.size() > 1 &&
            std::any_of(tls.peer_names.begin(), tls.peer_names.end(), is_ip_address)) {
            fail(names->line, names->key +
                                  ": an initiator's peer is called by one IP address, or by one of "
                                  "several names, not by either");
        }
        if (tls.verify_level == 0) {
            fail(names->line,
                 names->key + " needs certificates, and CertificateVerifyLevel=0 asks for none");
        }
    }
    if (is_acceptor_ && tls.verify_level != 0 && tls.authorities_file.empty() &&
        tls.authorities_directory.empty()) {
        fail(spec_.find("ServerCertificateFile")->line,
             "CertificationAuthoritiesFile is missing: whose certificates an acceptor takes. "
             "CertificateVerifyLevel=0 asks nobody for one");
    }
    if (level != nullptr && tls.verify_level == 0) {
        note(note_level::warning, level->line,
             is_acceptor_ ? "CertificateVerifyLevel=0: whoever connects needs no certificate"
                          : "CertificateVerifyLevel=0: whoever answers is taken for the venue");
    } else if (level != nullptr && tls.verify_level == 1 && is_acceptor_) {
        note(note_level::warning, level->line,
             "CertificateVerifyLevel=1: who has no certificate may log on all the same");
    }
}

}  // namespace

std::vector<settings_note> read_tls_keys(session_spec& spec) {
    return tls_reader(spec).read();
}

}  // namespace detail
}  // namespace gateway
}  // namespace millrace
