// Who may log on to the sessions of a gateway: one line a user.
//
//     # comment
//     authentication on
//     FIX.4.4:OURS->THEIRS  alice  $y$j9T$...
//     OURS->THEIRS          bob    !$y$j9T$...     (locked)
//
// A session by its name, or by both CompIDs whatever its version; what stands between it and the
// hash is the name, as Username(553) says it. `authentication off` lets everybody on.
//
// Threading  set-up, and cold threads
// Errors     config_error "file:line: reason"; no reason holds a hash
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/quickfix/settings.hpp"
#include "gateway/session/guarded_file.hpp"

namespace millrace::gateway {

struct logon_user {
    std::string session;  // as the file has it
    std::string name;
    std::string hash;
    bool is_locked = false;
    long line = 0;
};

// What a session may be called in the file.
struct session_names {
    std::string full;      // FIX.4.4:OURS->THEIRS
    std::string comp_ids;  // OURS->THEIRS
};

struct user_file {
    bool is_enabled = true;
    std::vector<logon_user> users;
    file_stamp stamp;

    [[nodiscard]] const logon_user* find(const session_names& session,
                                         std::string_view user) const noexcept;
};

// Of the acceptors, which are the ones that are logged on to.
[[nodiscard]] std::vector<session_names> acceptors_of(const settings_file& settings);

[[nodiscard]] user_file parse_users(const std::filesystem::path& path, std::string_view text,
                                    const std::vector<session_names>& sessions);
[[nodiscard]] user_file load_users(const std::filesystem::path& path,
                                   const std::vector<session_names>& sessions);

}  // namespace millrace::gateway
