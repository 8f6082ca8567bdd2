#include "engine/log/seal_key.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "engine/core/assert.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace millrace::engine {

seal_key::seal_key(std::span<const std::byte> bytes) : bytes_(bytes.begin(), bytes.end()) {
    MILLRACE_ASSERT(bytes.size() >= size_min, "a key is too short");
    MILLRACE_ASSERT(bytes.size() <= size_max, "a key is too long");
}

seal_key::~seal_key() {
    ::OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

seal_key seal_key::load(const std::filesystem::path& path) {
    const unique_fd fd = open_file(path, O_RDONLY);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) {
        throw io_error("fstat", path.native(), errno);
    }
    if (!S_ISREG(status.st_mode)) {
        throw config_error(path.native() + ": a key is kept in a regular file");
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        throw config_error(path.native() +
                           ": others than its owner have a right to this key; chmod 600 it, and "
                           "make a new key if others may have read it");
    }
    if (status.st_uid != ::geteuid() && status.st_uid != 0) {
        throw config_error(path.native() + ": the key belongs to another user");
    }
    std::array<std::byte, size_max + 1> buffer{};
    std::size_t size = 0;
    while (size < buffer.size()) {
        const ssize_t n = ::read(fd.get(), buffer.data() + size, buffer.size() - size);
        if (n < 0 && errno != EINTR) {
            throw io_error("read", path.native(), errno);
        }
        if (n == 0) {
            break;
        }
        size += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    if (size < size_min || size > size_max) {
        ::OPENSSL_cleanse(buffer.data(), buffer.size());
        throw config_error(path.native() + ": a key has " + std::to_string(size_min) + " to " +
                           std::to_string(size_max) + " bytes; head -c 32 /dev/urandom makes one");
    }
    seal_key key(std::span<const std::byte>(buffer).first(size));
    ::OPENSSL_cleanse(buffer.data(), buffer.size());
    return key;
}

}  // namespace millrace::engine
