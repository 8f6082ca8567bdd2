#include "tools/venue/append_file.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/error.hpp"

namespace millrace {
namespace tools {

append_file::append_file(const std::string& path) : path_(path) {
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd_ < 0) {
        throw engine::io_error("open", path, errno);
    }
    struct stat status {};
    if (::fstat(fd_, &status) != 0) {
        const int error = errno;
        ::close(fd_);
        throw engine::io_error("fstat", path, error);
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
}

append_file::append_file(append_file&& other) noexcept
    : path_(std::move(other.path_)),
      error_(std::move(other.error_)),
      size_(other.size_),
      fd_(std::exchange(other.fd_, -1)) {}

append_file& append_file::operator=(append_file&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(error_, other.error_);
    std::swap(size_, other.size_);
    std::swap(fd_, other.fd_);
    return *this;
}

append_file::~append_file() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

bool append_file::append(const char* bytes, std::size_t size) {
    if (!error_.empty()) {
        return false;
    }
    std::size_t written = 0;
    while (written < size) {
        const ssize_t result = ::write(fd_, bytes + written, size - written);
        if (result > 0) {
            written += static_cast<std::size_t>(result);
            continue;
        }
        if (result < 0 && errno == EINTR) {
            continue;
        }
        error_ = "write " + path_ + ": " + std::strerror(result < 0 ? errno : ENOSPC);
        if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) {
            error_ += "; its torn end stays until the next start";
        }
        return false;
    }
    size_ += size;
    return true;
}

bool append_file::read(std::uint64_t offset, char* bytes, std::size_t size) const {
    std::size_t done = 0;
    while (done < size) {
        const ssize_t result =
            ::pread(fd_, bytes + done, size - done, static_cast<off_t>(offset + done));
        if (result < 0 && errno == EINTR) {
            continue;
        }
        if (result <= 0) {
            return false;
        }
        done += static_cast<std::size_t>(result);
    }
    return true;
}

std::string append_file::read_all() const {
    std::string bytes(size_, '\0');
    if (!read(0, bytes.data(), bytes.size())) {
        throw engine::io_error("read", path_, EIO);
    }
    return bytes;
}

void append_file::cut(std::uint64_t size) {
    if (size >= size_) {
        return;
    }
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) {
        throw engine::io_error("ftruncate", path_, errno);
    }
    size_ = size;
}

}  // namespace tools
}  // namespace millrace
