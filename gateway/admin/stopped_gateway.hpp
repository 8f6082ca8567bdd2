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

#include "gateway/session/fix_log.hpp"
#include "gateway/session/session_command.hpp"

namespace millrace::gateway {

struct stopped_gateway {
    std::filesystem::path directory;
    fix_log_options logs;
    std::string boot_id{};  // of the host; empty: ask it
};

// reset, set_sequence, enable, disable, kill and release.
[[nodiscard]] bool works_stopped(session_verb verb) noexcept;

// `is_enabled`: what the configuration says. REQUIRES: works_stopped(command.verb).
[[nodiscard]] session_outcome change_stopped(const stopped_gateway& gateway,
                                             std::string_view session, bool is_enabled,
                                             const session_command& command);

}  // namespace millrace::gateway
