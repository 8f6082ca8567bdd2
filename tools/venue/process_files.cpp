#include "tools/venue/process_files.hpp"

#include <cerrno>
#include <charconv>
#include <filesystem>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace millrace {
namespace tools {

namespace {

// Zero, or the errno.
int bind_port(int fd, int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    const int result = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    return result == 0 ? 0 : errno;
}

}  // namespace

std::shared_ptr<void> lock_directory(const std::string& directory) {
    engine::ensure_directory(directory);
    return std::make_shared<engine::file_lock>(std::filesystem::path(directory) / "lock",
                                               "millrace venue");
}

void write_text_file(const std::string& path, const std::string& text) {
    engine::write_file_atomically(path, text);
}

void remove_file(const std::string& path) {
    std::error_code error;
    std::filesystem::remove(path, error);
    if (error) {
        throw engine::io_error("unlink", path, error.value());
    }
}

int read_port(const std::string& path) {
    if (!std::filesystem::exists(path)) {
        return 0;
    }
    const std::string text = engine::read_whole_file(path);
    int port = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), port);
    return result.ec == std::errc() && port > 0 && port < 65536 ? port : 0;
}

port_reservation::port_reservation(int wanted) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
        throw engine::io_error("socket", "", errno);
    }
    const int on = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    int error = bind_port(fd_, wanted);
    if (error != 0 && wanted != 0) {
        error = bind_port(fd_, 0);
    }
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    if (error == 0 && ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        error = errno;
    }
    if (error != 0) {
        ::close(fd_);
        throw engine::io_error("bind", "port " + std::to_string(wanted), error);
    }
    port_ = ntohs(address.sin_port);
}

port_reservation::~port_reservation() {
    ::close(fd_);
}

void knock(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;  // it wakes by itself within a second
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    static_cast<void>(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
    ::close(fd);
}

void refuse_config(const std::string& path, const std::string& reason) {
    throw engine::config_error(path, 0, reason);
}

void refuse_config(const std::string& sentence) {
    throw engine::config_error(sentence);
}

}  // namespace tools
}  // namespace millrace
