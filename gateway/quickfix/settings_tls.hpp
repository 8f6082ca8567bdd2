// The keys of a session's TLS: QuickFIX's names, for both roles in one way.
//
// Threading  set-up only
// Errors     settings_error: "file:line: reason"
#pragma once

#include <vector>

#include "gateway/quickfix/settings.hpp"

namespace millrace {
namespace gateway {
namespace detail {

// Fills spec.tls and returns what is to be said about it. Without SocketUseSSL a session has TLS
// if it has a certificate or, an initiator, authorities.
std::vector<settings_note> read_tls_keys(session_spec& spec);

}  // namespace detail
}  // namespace gateway
}  // namespace millrace
