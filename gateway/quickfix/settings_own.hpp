// The keys of a session that stock QuickFIX does not know, or does not mean as we do: who logs on,
// from where, and what is added to its messages.
//
// Threading  set-up only
// Errors     settings_error: "file:line: reason"
#pragma once

#include <vector>

#include "gateway/quickfix/settings.hpp"

namespace millrace {
namespace gateway {
namespace detail {

// Returns what is to be said about them. A password leaves the session's list of settings.
std::vector<settings_note> read_own_keys(session_spec& spec);

}  // namespace detail
}  // namespace gateway
}  // namespace millrace
