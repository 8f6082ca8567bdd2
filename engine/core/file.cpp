#include "engine/core/file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"

namespace millrace::engine {

void unique_fd::reset(int fd) noexcept {
    if (fd_ >= 0) {
        ::close(fd_);
    }
    fd_ = fd;
}

mapping::mapping(int fd, std::size_t size, access mode, std::string_view path_for_errors)
    : size_(size) {
    const int protection = mode == access::read_only ? PROT_READ : PROT_READ | PROT_WRITE;
    void* address = ::mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
    if (address == MAP_FAILED) {
        throw io_error("mmap", path_for_errors, errno);
    }
    data_ = static_cast<std::byte*>(address);
}

mapping mapping::anonymous(std::size_t size) {
    void* address =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED) {
        throw io_error("mmap", "anonymous memory", errno);
    }
    mapping made;
    made.data_ = static_cast<std::byte*>(address);
    made.size_ = size;
    return made;
}

void mapping::replace_in_place(int fd, std::string_view path_for_errors) {
    if (::mmap(data_, size_, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
        throw io_error("mmap", path_for_errors, errno);
    }
}

mapping::mapping(mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

mapping& mapping::operator=(mapping&& other) noexcept {
    if (this != &other) {
        mapping old(std::move(*this));
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

mapping::~mapping() {
    if (data_ != nullptr) {
        ::munmap(data_, size_);
    }
}

unique_fd open_file(const std::filesystem::path& path, int flags, unsigned mode) {
    unique_fd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
    if (!fd.is_open()) {
        throw io_error("open", path.native(), errno);
    }
    return fd;
}

std::size_t file_size(int fd, std::string_view path_for_errors) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) {
        throw io_error("fstat", path_for_errors, errno);
    }
    return static_cast<std::size_t>(status.st_size);
}

void allocate_file(int fd, std::size_t size, std::string_view path_for_errors) {
    const int code = ::posix_fallocate(fd, 0, static_cast<off_t>(size));
    if (code != 0) {
        throw io_error("posix_fallocate", path_for_errors, code);
    }
}

bool try_read_at(int fd, void* bytes, std::size_t size, std::size_t offset) noexcept {
    auto* target = static_cast<std::byte*>(bytes);
    while (size > 0) {
        const ssize_t n = ::pread(fd, target, size, static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        target += n;
        offset += static_cast<std::size_t>(n);
        size -= static_cast<std::size_t>(n);
    }
    return true;
}

int try_write_at(int fd, const void* bytes, std::size_t size, std::size_t offset) noexcept {
    const auto* source = static_cast<const std::byte*>(bytes);
    while (size > 0) {
        const ssize_t n = ::pwrite(fd, source, size, static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? errno : EIO;
        }
        source += n;
        offset += static_cast<std::size_t>(n);
        size -= static_cast<std::size_t>(n);
    }
    return 0;
}

void sync_file(int fd, std::string_view path_for_errors) {
    if (::fdatasync(fd) != 0) {
        throw io_error("fdatasync", path_for_errors, errno);
    }
}

void sync_file_whole(int fd, std::string_view path_for_errors) {
    if (::fsync(fd) != 0) {
        throw io_error("fsync", path_for_errors, errno);
    }
}

void write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset,
              std::string_view path_for_errors) {
    if (const int code = try_write_at(fd, bytes.data(), bytes.size(), offset); code != 0) {
        throw io_error("pwrite", path_for_errors, code);
    }
}

std::uint64_t free_bytes(const std::filesystem::path& path) {
    struct statvfs status {};
    if (::statvfs(path.c_str(), &status) != 0) {
        throw io_error("statvfs", path.native(), errno);
    }
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

void rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) {
        throw io_error("rename", to.native(), errno);
    }
}

void sync_directory(const std::filesystem::path& directory) {
    const unique_fd fd = open_file(directory, O_RDONLY | O_DIRECTORY);
    if (::fsync(fd.get()) != 0) {
        throw io_error("fsync", directory.native(), errno);
    }
}

std::string read_whole_file(const std::filesystem::path& path) {
    const unique_fd fd = open_file(path, O_RDONLY);
    std::string text;
    char buffer[65536];
    while (true) {
        const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
        if (n == 0) {
            return text;
        }
        if (n > 0) {
            text.append(buffer, static_cast<std::size_t>(n));
        } else if (errno != EINTR) {
            throw io_error("read", path.native(), errno);
        }
    }
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
    std::filesystem::path temporary = path;
    temporary += ".tmp";
    {
        const unique_fd fd = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
        std::size_t written = 0;
        while (written < bytes.size()) {
            const ssize_t n = ::write(fd.get(), bytes.data() + written, bytes.size() - written);
            if (n < 0 && errno != EINTR) {
                throw io_error("write", temporary.native(), errno);
            }
            written += n > 0 ? static_cast<std::size_t>(n) : 0;
        }
        sync_file(fd.get(), temporary.native());
    }
    rename_file(temporary, path);
    sync_directory(path.has_parent_path() ? path.parent_path() : ".");
}

// What is made durable in a new directory is lost with the directory's own name. As files it is its
// owner's, for the group to read, and nobody else's.
void ensure_directory(const std::filesystem::path& directory) {
    std::error_code ignored;
    // Empty: where a bare file name lies, which is the current directory.
    if (directory.empty() || std::filesystem::is_directory(directory, ignored)) {
        return;
    }
    if (!directory.has_filename()) {  // a name that ends in a slash
        return ensure_directory(directory.parent_path());
    }
    const std::filesystem::path parent =
        directory.has_parent_path() ? directory.parent_path() : ".";
    ensure_directory(parent);
    if (::mkdir(directory.c_str(), 0750) != 0) {
        const int number = errno;
        if (number != EEXIST || !std::filesystem::is_directory(directory, ignored)) {
            throw io_error("mkdir", directory.native(), number);
        }
    }
    try {
        sync_directory(parent);
    } catch (const io_error&) {
        ::rmdir(directory.c_str());  // else the next attempt would take it for durable
        throw;
    }
}

namespace {

std::string process_name() {
    std::ifstream file("/proc/self/comm");
    std::string name;
    std::getline(file, name);
    return name;
}

struct flock lock_request(short type) {
    struct flock request {};
    request.l_type = type;
    request.l_whence = SEEK_SET;
    return request;
}

// Open-file-description locks: two holders inside one process exclude each other too. False:
// somebody else's is in the way.
bool try_lock(int fd, short type, const std::filesystem::path& path) {
    struct flock request = lock_request(type);
    if (::fcntl(fd, F_OFD_SETLK, &request) == 0) {
        return true;
    }
    if (errno != EAGAIN && errno != EACCES) {
        throw io_error("lock", path.native(), errno);
    }
    return false;
}

[[noreturn]] void refuse_locked(const std::filesystem::path& path) {
    const std::string holder = lock_holder(path);
    throw locked_error(path.parent_path().native() + ": already open for writing by " +
                       (holder.empty() ? "another process" : holder) + "; stop it first");
}

}  // namespace

file_lock::file_lock(const std::filesystem::path& path, std::string_view purpose) {
    unique_fd fd = open_file(path, O_RDWR | O_CREAT);
    if (!try_lock(fd.get(), F_WRLCK, path)) {
        if (is_lock_held(path)) {
            refuse_locked(path);
        }
        // Who copies holds it, and the line is an older writer's; or a writer has just let it go.
        if (!try_lock(fd.get(), F_WRLCK, path)) {
            throw locked_error(path.parent_path().native() +
                               ": is being copied, which keeps writers out; try again when that "
                               "has ended");
        }
    }
    char host[256] = "";
    ::gethostname(host, sizeof host - 1);
    const std::string text = "pid " + std::to_string(::getpid()) + ", host " + host + ", since " +
                             to_string(utc_now()) + " (" + process_name() + ": " +
                             std::string(purpose) + ")\n";
    if (::ftruncate(fd.get(), 0) != 0 ||
        ::pwrite(fd.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
        throw io_error("write", path.native(), errno);
    }
    fd_ = std::move(fd);
}

file_lock file_lock::against_writer(const std::filesystem::path& path) {
    unique_fd fd(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0640));
    if (!fd.is_open() && (errno == EACCES || errno == EROFS)) {
        fd.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    }
    if (!fd.is_open() && errno == ENOENT) {
        return {};
    }
    if (!fd.is_open()) {
        throw io_error("open", path.native(), errno);
    }
    if (!try_lock(fd.get(), F_RDLCK, path)) {
        refuse_locked(path);
    }
    file_lock held;
    held.fd_ = std::move(fd);
    return held;
}

bool is_lock_held(const std::filesystem::path& path) {
    const unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.is_open() && errno == ENOENT) {
        return false;
    }
    struct flock request = lock_request(F_RDLCK);  // a writer's alone is in the way of that
    // Who cannot tell must not say no: a log would be changed under its writer.
    if (!fd.is_open() || ::fcntl(fd.get(), F_OFD_GETLK, &request) != 0) {
        throw io_error("look at the lock", path.native(), errno);
    }
    return request.l_type != F_UNLCK;
}

std::string lock_holder(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

}  // namespace millrace::engine
