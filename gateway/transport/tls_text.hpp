// What OpenSSL knows, in words for people: dates, names, and why something failed.
//
// Threading  any; OpenSSL keeps its errors for each thread by itself
// Errors     none; what cannot be said is left out
#pragma once

#include <openssl/x509.h>

#include <string>

namespace millrace::gateway::detail {

// "2026-01-01 00:00:00 UTC"
[[nodiscard]] std::string to_text(const ASN1_TIME* time);
// "CN=venue.example", else the whole name in one line.
[[nodiscard]] std::string to_text(const X509_NAME* name);
// What the certificate says it is for: its alternative names, else its CN.
[[nodiscard]] std::string names_of(const X509* certificate);
// The oldest error OpenSSL has noted, and forgets all; empty: none.
[[nodiscard]] std::string take_openssl_error();
// Why `certificate` was not taken: the words behind "certificate of peer 10.1.2.3:9876 (CN=x) ".
[[nodiscard]] std::string verify_text(int verify_error, const X509* certificate);
// What a failed handshake means, by the code of OpenSSL's oldest error; `is_server` is us.
[[nodiscard]] std::string failure_text(unsigned long code, bool is_server);

}  // namespace millrace::gateway::detail
