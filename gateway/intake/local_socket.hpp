// Unix-domain stream sockets by the path of a file: one that listens, one that connects, and who is
// at the other end.
//
// Threading  set-up, and any cold thread
// Errors     engine::config_error for a path that cannot be one or is taken; engine::io_error
#pragma once

#include <filesystem>
#include <string>

#include "engine/core/file.hpp"

namespace millrace::gateway {

// Non-blocking. `mode` holds before anybody can connect. A socket file that a killed process left
// is replaced; one that somebody serves, or a file of another kind, is refused.
[[nodiscard]] engine::unique_fd listen_locally(const std::filesystem::path& path, unsigned mode,
                                               int backlog);
// Blocking.
[[nodiscard]] engine::unique_fd connect_locally(const std::filesystem::path& path);
// Who connected, as the kernel knows it: a user's name, or "uid:1000" for one without; cut to 16
// bytes.
[[nodiscard]] std::string peer_user(int fd);

}  // namespace millrace::gateway
