#include "gateway/session/guarded_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

file_stamp to_stamp(const struct stat& status) noexcept {
    return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
            status.st_mtim.tv_sec * ns_per_s + status.st_mtim.tv_nsec,
            status.st_ctim.tv_sec * ns_per_s + status.st_ctim.tv_nsec};
}

void check_mode(const std::filesystem::path& path, const std::string& what,
                const struct stat& status) {
    if (!S_ISREG(status.st_mode)) {
        throw engine::config_error(path.native() + ": " + what + " is a regular file");
    }
    if ((status.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
        char mode[8];
        std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(status.st_mode & 07777U));
        throw engine::config_error(path.native() + ": its mode is " + mode +
                                   ", and nobody but its owner, and its group to read, may have a "
                                   "right to " +
                                   what + ": chmod 640 or 600");
    }
    if (status.st_uid != ::geteuid() && status.st_uid != 0) {
        throw engine::config_error(path.native() + ": " + what + " belongs to another user");
    }
}

}  // namespace

file_stamp stamp_of(const std::filesystem::path& path) noexcept {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? to_stamp(status) : file_stamp{};
}

guarded_text read_guarded_file(const std::filesystem::path& path, const std::string& what,
                               std::size_t bytes_max) {
    const engine::unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (!fd.is_open() || ::fstat(fd.get(), &status) != 0) {
        throw engine::config_error(
            engine::io_error("cannot open " + what + ",", path.native(), errno).what());
    }
    check_mode(path, what, status);
    if (static_cast<std::uint64_t>(status.st_size) > bytes_max) {
        throw engine::config_error(path.native() + ": " + what + " has at most " +
                                   std::to_string(bytes_max) + " bytes");
    }
    guarded_text read{std::string(static_cast<std::size_t>(status.st_size), '\0'),
                      to_stamp(status)};
    if (!engine::try_read_at(fd.get(), read.text.data(), read.text.size(), 0)) {
        throw engine::config_error(path.native() + ": cannot be read, or became shorter meanwhile");
    }
    return read;
}

}  // namespace millrace::gateway
