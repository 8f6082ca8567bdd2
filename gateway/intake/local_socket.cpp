#include "gateway/intake/local_socket.hpp"

#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/table/record.hpp"

namespace millrace::gateway {

namespace {

sockaddr_un address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& name = path.native();
    if (name.empty() || name.size() >= sizeof address.sun_path) {
        throw engine::config_error(name + ": the path of a socket has 1 to " +
                                   std::to_string(sizeof address.sun_path - 1) +
                                   " bytes, and this one " + std::to_string(name.size()));
    }
    std::memcpy(address.sun_path, name.data(), name.size());
    return address;
}

const sockaddr* as_any(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

engine::unique_fd make_socket(const std::filesystem::path& path, int flags) {
    engine::unique_fd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    if (!made.is_open()) {
        throw engine::io_error("socket", path.native(), errno);
    }
    return made;
}

void remove_stale(const std::filesystem::path& path, const sockaddr_un& address) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) {
        return;  // nothing is there, or bind() says what is wrong
    }
    if (!S_ISSOCK(found.st_mode)) {
        throw engine::config_error(path.native() +
                                   ": a file that is no socket stands there; move "
                                   "it, or give the socket another path");
    }
    const engine::unique_fd probe = make_socket(path, SOCK_NONBLOCK);
    if (::connect(probe.get(), as_any(address), sizeof address) == 0 || errno == EAGAIN) {
        throw engine::config_error(path.native() +
                                   ": another process serves this socket; stop it, or give the "
                                   "socket another path");
    }
    if (errno == ECONNREFUSED && ::unlink(path.c_str()) != 0) {
        throw engine::io_error("unlink", path.native(), errno);
    }
}

// A user in more groups is known by the first alone.
constexpr std::size_t groups_max = 4096;

// Nothing: the kernel does not know.
std::optional<ucred> kernel_peer(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? std::optional(peer)
                                                                        : std::nullopt;
}

constexpr std::string_view unknown_peer = "unknown";

}  // namespace

engine::unique_fd listen_locally(const std::filesystem::path& path, unsigned mode, int backlog) {
    const sockaddr_un address = address_of(path);
    engine::ensure_directory(path.parent_path());
    remove_stale(path, address);
    engine::unique_fd made = make_socket(path, SOCK_NONBLOCK);
    if (::bind(made.get(), as_any(address), sizeof address) != 0) {
        throw engine::io_error("bind", path.native(), errno);
    }
    // Until it listens nobody can connect, whatever the file's first mode was.
    if (::chmod(path.c_str(), mode) != 0) {
        throw engine::io_error("chmod", path.native(), errno);
    }
    if (::listen(made.get(), backlog) != 0) {
        throw engine::io_error("listen", path.native(), errno);
    }
    return made;
}

engine::unique_fd connect_locally(const std::filesystem::path& path) {
    const sockaddr_un address = address_of(path);
    engine::unique_fd made = make_socket(path, 0);
    int result = 0;
    do {
        result = ::connect(made.get(), as_any(address), sizeof address);
    } while (result != 0 && errno == EINTR);
    if (result != 0) {
        throw engine::io_error("connect", path.native(), errno);
    }
    return made;
}

engine::unique_fd accept_locally(int listening) noexcept {
    return engine::unique_fd(::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

void tell_off(int fd, std::string_view line) noexcept {
    // Fits an empty socket buffer; who cannot take it sees the end all the same.
    static_cast<void>(::send(fd, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

void close_locally(engine::unique_fd& listening, const std::filesystem::path& path) noexcept {
    if (listening.is_open()) {
        ::unlink(path.c_str());
        listening.reset();
    }
}

std::string user_name(uid_t uid) {
    std::array<char, 4096> buffer;
    passwd entry{};
    passwd* found = nullptr;
    const bool is_known =
        ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
    return is_known ? entry.pw_name : "uid:" + std::to_string(uid);
}

peer_credentials credentials_of(int fd) {
    peer_credentials found;
    const std::optional<ucred> peer = kernel_peer(fd);
    if (!peer) {
        found.name = unknown_peer;
        return found;
    }
    found.is_known = true;
    found.uid = peer->uid;
    found.pid = peer->pid;
    found.groups.push_back(peer->gid);
    std::vector<gid_t> others(groups_max);
    auto size = static_cast<socklen_t>(others.size() * sizeof(gid_t));
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, others.data(), &size) == 0) {
        others.resize(size / sizeof(gid_t));
        found.groups.insert(found.groups.end(), others.begin(), others.end());
    }
    found.name = user_name(peer->uid);
    return found;
}

std::string peer_user(int fd) {
    const std::optional<ucred> peer = kernel_peer(fd);
    std::string name = peer ? user_name(peer->uid) : std::string(unknown_peer);
    name.resize(std::min(name.size(), sizeof(engine::short_name::bytes)));
    return name;
}

}  // namespace millrace::gateway
