// What a session's settings mean for its parts, worked out before it runs.
//
// Errors  config_error: names that do not fit the FIX tables, hosts that cannot be resolved
#pragma once

#include <memory>

#include "gateway/session/fix_session.hpp"

namespace millrace::gateway::detail {

// The same, once its names are known to fit.
[[nodiscard]] const session_spec& checked(const session_spec& spec);
// Null for an acceptor.
[[nodiscard]] std::unique_ptr<connector> make_connector(const session_spec& spec,
                                                        const fix_session_options& options);
[[nodiscard]] connection_options connection_of(const session_spec& spec,
                                               const fix_session_options& options);
// An initiator whose next Logon begins with 1: at each logon, or because the connection was lost.
[[nodiscard]] bool resets_at_logon(const session_spec& spec) noexcept;

}  // namespace millrace::gateway::detail
