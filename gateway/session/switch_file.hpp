// What an operator switched on and off in a gateway, and what stays so across restarts: the small
// file `switches` in its directory.
//
//   millrace session switches 1
//   disabled FIX.4.4:OURS->PEER
//   enabled FIX.4.4:OURS->OTHER      whatever the configuration says
//   killed FIX.4.4:OURS->PEER        no application message leaves
//   end
//
// Threading  set-up, and cold threads
// Invariant  a file of ours or root's that others have no right to; written whole or not at all
// Errors     damage_error for a file that is not of this form, config_error for one that others
//            may change, io_error
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/session/session_command.hpp"

namespace millrace::gateway {

struct session_switch {
    std::string session;
    std::optional<bool> is_enabled;  // nothing: as the configuration says
    bool is_killed = false;
};

struct switch_state {
    bool is_enabled = true;
    bool is_killed = false;
};

// In no order; sessions that are not configured any more stay in it.
class session_switches {
public:
    [[nodiscard]] const session_switch* find(std::string_view session) const noexcept;
    // `is_enabled`: as the configuration says.
    [[nodiscard]] switch_state state_of(std::string_view session, bool is_enabled) const noexcept;
    // enable, disable, kill and release; other verbs switch nothing.
    void apply(std::string_view session, session_verb verb);
    // As it stood before `verb` was applied, unless it was switched again since.
    void take_back(std::string_view session, session_verb verb, const session_switches& before);
    [[nodiscard]] const std::vector<session_switch>& all() const noexcept { return all_; }

private:
    [[nodiscard]] session_switch& at(std::string_view session);

    std::vector<session_switch> all_;
};

[[nodiscard]] session_switches read_switches(const std::filesystem::path& directory);
void write_switches(const std::filesystem::path& directory, const session_switches& switches);

}  // namespace millrace::gateway
