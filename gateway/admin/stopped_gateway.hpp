// What may be done with a session whose gateway does not run: numbers in its logs, switches in its
// file.
//
// Threading  any one thread; the logs' locks keep other processes out
// Invariant  what was done is durable when the call returns
// Errors     throws as opening the logs does; engine::error where the host lost power under the
//            gateway, which only its next start can deal with
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "gateway/quickfix/settings.hpp"
#include "gateway/session/fix_log.hpp"
#include "gateway/session/session_command.hpp"

namespace millrace::gateway {

struct stopped_gateway {
    std::filesystem::path directory;
    fix_log_options logs;
    std::string boot_id{};  // of the host; empty: ask it
};

// reset, set_sequence, enable, disable, kill, release and import_store.
[[nodiscard]] bool works_stopped(session_verb verb) noexcept;

// `is_enabled`: what the configuration says. REQUIRES: works_stopped(command.verb), and it is not
// import_store.
[[nodiscard]] session_outcome change_stopped(const stopped_gateway& gateway,
                                             std::string_view session, bool is_enabled,
                                             const session_command& command);

// Messages and numbers of a QuickFIX engine's FileStore (`store`, its FileStorePath) become the
// session's, so that both sides go on with the numbers they have. Refused where the session has
// used numbers of its own. Throws engine::error also where the store is not whole: then nothing was
// changed.
[[nodiscard]] session_outcome import_stopped(const stopped_gateway& gateway,
                                             const session_spec& session,
                                             const std::filesystem::path& store);

}  // namespace millrace::gateway
