#include "gateway/transport/tls_text.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

#include <ctime>
#include <memory>

namespace millrace::gateway::detail {

namespace {

struct names_free {
    void operator()(GENERAL_NAMES* names) const noexcept { ::GENERAL_NAMES_free(names); }
};

std::string bytes_of(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(::ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(::ASN1_STRING_length(text))};
}

std::string address_of(const ASN1_STRING* bytes) {
    char text[INET6_ADDRSTRLEN] = "";
    const int family = ::ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
    if (::ASN1_STRING_length(bytes) != 4 && ::ASN1_STRING_length(bytes) != 16) {
        return {};
    }
    return ::inet_ntop(family, ::ASN1_STRING_get0_data(bytes), text, sizeof text) == nullptr ? ""
                                                                                             : text;
}

// What an alert of the peer says about us.
const char* alert_text(int alert) {
    switch (alert) {
        case SSL_AD_CERTIFICATE_EXPIRED:
            return "the peer says that our certificate has expired";
        case SSL_AD_CERTIFICATE_REVOKED:
            return "the peer says that our certificate is revoked";
        case SSL_AD_UNKNOWN_CA:
            return "the peer does not know the authority of our certificate";
        case SSL_AD_CERTIFICATE_REQUIRED:
            return "the peer wants a certificate, and we showed none";
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
        case SSL_AD_CERTIFICATE_UNKNOWN:
        case SSL_AD_ACCESS_DENIED:
            return "the peer refuses our certificate";
        case SSL_AD_PROTOCOL_VERSION:
            return "the peer speaks no TLS version that is allowed here";
        case SSL_AD_HANDSHAKE_FAILURE:
            return "the peer refuses our certificate, or has no cipher in common with us";
        case SSL_AD_UNRECOGNIZED_NAME:
            return "the peer does not go by the name we call it";
        default:
            return nullptr;
    }
}

}  // namespace

std::string to_text(const ASN1_TIME* time) {
    std::tm parts{};
    char text[32] = "at an unknown time";
    if (::ASN1_TIME_to_tm(time, &parts) == 1) {
        std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
    }
    return text;
}

std::string to_text(const X509_NAME* name) {
    const int at = ::X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at >= 0) {
        return "CN=" + bytes_of(::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(name, at)));
    }
    char line[256] = "";
    ::X509_NAME_oneline(name, line, sizeof line);
    return line;
}

std::string names_of(const X509* certificate) {
    std::string all;
    const auto add = [&](const std::string& one) {
        if (!one.empty() && all.size() < 128) {
            all += (all.empty() ? "" : ", ") + one;
        }
    };
    const std::unique_ptr<GENERAL_NAMES, names_free> names(static_cast<GENERAL_NAMES*>(
        ::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    // The header's macros for this cast as C does.
    const auto* const stack = reinterpret_cast<const OPENSSL_STACK*>(names.get());
    for (int i = 0; names != nullptr && i < ::OPENSSL_sk_num(stack); ++i) {
        int type = 0;
        const void* const value = ::GENERAL_NAME_get0_value(
            static_cast<const GENERAL_NAME*>(::OPENSSL_sk_value(stack, i)), &type);
        if (type == GEN_DNS) {
            add(bytes_of(static_cast<const ASN1_STRING*>(value)));
        } else if (type == GEN_IPADD) {
            add(address_of(static_cast<const ASN1_STRING*>(value)));
        }
    }
    if (all.empty()) {
        add(to_text(::X509_get_subject_name(certificate)));
    }
    return all;
}

std::string take_openssl_error() {
    const unsigned long code = ::ERR_get_error();
    ::ERR_clear_error();
    if (code == 0) {
        return {};
    }
    const char* const reason = ::ERR_reason_error_string(code);
    if (reason != nullptr) {
        return reason;
    }
    char line[160];
    ::ERR_error_string_n(code, line, sizeof line);
    return line;
}

std::string verify_text(int verify_error, const X509* certificate) {
    switch (verify_error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "expired " + to_text(::X509_get0_notAfter(certificate));
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "is not valid before " + to_text(::X509_get0_notBefore(certificate));
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return "is of an authority we do not know (" +
                   to_text(::X509_get_issuer_name(certificate)) + ")";
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return "is signed by itself, and by no authority we know";
        case X509_V_ERR_CERT_REVOKED:
            return "is revoked";
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "is for " + names_of(certificate);
        default:
            return std::string("is refused: ") + ::X509_verify_cert_error_string(verify_error);
    }
}

std::string failure_text(unsigned long code, bool is_server) {
    const int reason = ERR_GET_REASON(code);
    if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
        if (reason >= SSL_AD_REASON_OFFSET) {
            const int alert = reason - SSL_AD_REASON_OFFSET;
            const char* const known = alert_text(alert);
            return known != nullptr
                       ? known
                       : std::string("the peer ended it: ") + ::SSL_alert_desc_string_long(alert);
        }
        switch (reason) {
            case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
                return "the peer has no certificate";
            case SSL_R_UNSUPPORTED_PROTOCOL:
            case SSL_R_VERSION_TOO_LOW:
            case SSL_R_WRONG_SSL_VERSION:
            case SSL_R_NO_PROTOCOLS_AVAILABLE:
                return "the peer's TLS is too old for what is allowed here";
            case SSL_R_NO_SHARED_CIPHER:
                return "the peer has no cipher in common with us";
            case SSL_R_WRONG_VERSION_NUMBER:
            case SSL_R_HTTP_REQUEST:
            case SSL_R_HTTPS_PROXY_REQUEST:
                return is_server ? "what the peer sends is no TLS" : "what answers speaks no TLS";
            default:
                break;
        }
    }
    const char* const text = ::ERR_reason_error_string(code);
    return text == nullptr ? "for a reason that OpenSSL does not name" : text;
}

}  // namespace millrace::gateway::detail
