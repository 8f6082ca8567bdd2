// Preloaded beneath the real program: the n-th call of one kind on a file below a directory fails.
//
//   MILLRACE_FAIL_CALL   fdatasync, fsync, allocate, open (of a new file), write, pwrite or rename
//   MILLRACE_FAIL_AT     which of them, from 1
//   MILLRACE_FAIL_ERROR  its errno
//   MILLRACE_FAIL_BELOW  the directory
//   MILLRACE_FAIL_SAY    a file that is made once the call has failed
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

std::atomic<int> calls{0};

std::string_view setting(const char* name) noexcept {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

// The errno with which this call is to fail; 0: with none.
int fault_of(std::string_view call, std::string_view path) noexcept {
    const std::string_view below = setting("MILLRACE_FAIL_BELOW");
    if (below.empty() || call != setting("MILLRACE_FAIL_CALL") || !path.starts_with(below)) {
        return 0;
    }
    const int at = std::atoi(setting("MILLRACE_FAIL_AT").data());
    if (calls.fetch_add(1, std::memory_order_relaxed) + 1 != at) {
        return 0;
    }
    const long said = ::syscall(SYS_openat, AT_FDCWD, setting("MILLRACE_FAIL_SAY").data(),
                                O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ::syscall(SYS_close, said);
    return std::atoi(setting("MILLRACE_FAIL_ERROR").data());
}

int fault_of(std::string_view call, int fd) noexcept {
    char link[64];
    char path[PATH_MAX];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t size = ::readlink(link, path, sizeof path);
    return size <= 0 ? 0 : fault_of(call, {path, static_cast<std::size_t>(size)});
}

template <class Call>
long call_unless(int fault, Call&& call) {
    if (fault != 0) {
        errno = fault;
        return -1;
    }
    return call();
}

}  // namespace

extern "C" {

int fdatasync(int fd) {
    return static_cast<int>(
        call_unless(fault_of("fdatasync", fd), [&] { return ::syscall(SYS_fdatasync, fd); }));
}

int fsync(int fd) {
    return static_cast<int>(
        call_unless(fault_of("fsync", fd), [&] { return ::syscall(SYS_fsync, fd); }));
}

int posix_fallocate(int fd, off_t offset, off_t length) {
    const long result = call_unless(
        fault_of("allocate", fd), [&] { return ::syscall(SYS_fallocate, fd, 0, offset, length); });
    return result == 0 ? 0 : errno;
}

int open(const char* path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const unsigned mode = (flags & O_CREAT) != 0 ? va_arg(list, unsigned) : 0;
    va_end(list);
    const int fault = (flags & O_CREAT) != 0 ? fault_of("open", path) : 0;
    return static_cast<int>(
        call_unless(fault, [&] { return ::syscall(SYS_openat, AT_FDCWD, path, flags, mode); }));
}

ssize_t write(int fd, const void* bytes, size_t size) {
    return call_unless(fault_of("write", fd),
                       [&] { return ::syscall(SYS_write, fd, bytes, size); });
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
    return call_unless(fault_of("pwrite", fd),
                       [&] { return ::syscall(SYS_pwrite64, fd, bytes, size, offset); });
}

int rename(const char* from, const char* to) noexcept {
    return static_cast<int>(
        call_unless(fault_of("rename", to), [&] { return ::syscall(SYS_rename, from, to); }));
}

}  // extern "C"
