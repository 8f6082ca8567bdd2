// What a session's settings mean for its parts, worked out before it runs.
//
// Errors  config_error: names that do not fit the FIX tables, hosts that cannot be resolved
#pragma once

#include <memory>

#include "gateway/session/fix_session.hpp"
#include "gateway/transport/address_list.hpp"
#include "gateway/transport/tls_context.hpp"

namespace millrace::gateway::detail {

// The same, once its names are known to fit.
[[nodiscard]] const session_spec& checked(const session_spec& spec);
// What an initiator logs on with: from its PasswordFile, if it has one. config_error also where
// others may read that.
[[nodiscard]] std::string password_of(const session_spec& spec);
// From where an acceptor's peer may come; empty: from anywhere.
[[nodiscard]] address_list allowed_of(const session_spec& spec);
// The same of all sessions that are reached there.
[[nodiscard]] address_list allowed_at(const settings_file& settings, const host_port& endpoint);
// Null for an acceptor.
[[nodiscard]] std::unique_ptr<connector> make_connector(const session_spec& spec,
                                                        const fix_session_options& options);
// Null: its connections are in the clear. config_error also where others may read its key.
[[nodiscard]] std::unique_ptr<tls_context> make_tls(const session_spec& spec);
// Throws config_error where a session is reached at the same address with another TLS.
void check_port_tls(const session_spec& spec, const settings_file& settings);
[[nodiscard]] connection_options connection_of(const session_spec& spec,
                                               const fix_session_options& options);
[[nodiscard]] ledger_options ledger_of(const session_spec& spec,
                                       const fix_session_options& options);
// An initiator whose next Logon begins with 1: at each logon, or because the connection was lost.
[[nodiscard]] bool resets_at_logon(const session_spec& spec) noexcept;

}  // namespace millrace::gateway::detail
