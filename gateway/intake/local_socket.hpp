// Unix-domain stream sockets by the path of a file: one that listens, one that connects, and who is
// at the other end.
//
// Threading  set-up, and any cold thread
// Errors     engine::config_error for a path that cannot be one or is taken; engine::io_error
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/file.hpp"

namespace millrace::gateway {

// Non-blocking. `mode` holds before anybody can connect. A socket file that a killed process left
// is replaced; one that somebody serves, or a file of another kind, is refused.
[[nodiscard]] engine::unique_fd listen_locally(const std::filesystem::path& path, unsigned mode,
                                               int backlog);
// Blocking.
[[nodiscard]] engine::unique_fd connect_locally(const std::filesystem::path& path);
// Non-blocking; closed where nobody waits.
[[nodiscard]] engine::unique_fd accept_locally(int listening) noexcept;
// Says a last line to who is not admitted.
void tell_off(int fd, std::string_view line) noexcept;
// Listens no more, and takes the file away.
void close_locally(engine::unique_fd& listening, const std::filesystem::path& path) noexcept;
// "uid:1000" for a user without a name.
[[nodiscard]] std::string user_name(uid_t uid);
// Who connected, as the kernel knew it then.
struct peer_credentials {
    bool is_known = false;  // false: the rest says nothing
    uid_t uid = 0;
    pid_t pid = 0;
    std::vector<gid_t> groups;  // its own first
    std::string name;           // of the user, or "uid:1000" for one without
};
[[nodiscard]] peer_credentials credentials_of(int fd);
// The name alone, cut to 16 bytes.
[[nodiscard]] std::string peer_user(int fd);

}  // namespace millrace::gateway
