#include "tests/engine/log/failing_calls.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <utility>

namespace millrace::engine::test {

failing_call fdatasync_call;
failing_call fsync_call;
failing_call fallocate_call;
failing_call mlock_call;

namespace {

std::atomic<file_call_observer*> the_observer{nullptr};
thread_local bool is_inside = false;  // the observer's own calls

// Makes the call unless the observer refuses it. `call` answers as the system call does.
template <class Call>
long observed(file_call_site site, Call&& call) {
    file_call_observer* observer = the_observer.load(std::memory_order_acquire);
    if (observer == nullptr || is_inside) {
        return call();
    }
    is_inside = true;
    const int refusal = observer->before(site);
    const long result = refusal == 0 ? call() : -1;
    const int number = refusal == 0 ? errno : refusal;
    if (site.what == file_call::open) {
        site.fd = static_cast<int>(result);
    }
    observer->after(site, result != -1);
    is_inside = false;
    errno = number;
    return result;
}

}  // namespace

int failing_call::pass() noexcept {
    calls.fetch_add(1, std::memory_order_relaxed);
    while (is_held.load(std::memory_order_acquire)) {
        ::usleep(200);
    }
    int left = failures_left.load(std::memory_order_acquire);
    while (left > 0 &&
           !failures_left.compare_exchange_weak(left, left - 1, std::memory_order_acq_rel)) {
    }
    return left > 0 ? error_number.load(std::memory_order_relaxed) : 0;
}

void failing_calls_guard::reset() {
    for (failing_call* one : {&fdatasync_call, &fsync_call, &fallocate_call, &mlock_call}) {
        one->is_held.store(false, std::memory_order_release);
        one->fail(0, 0);
    }
}

std::string_view describe(file_call call) {
    constexpr std::array<std::string_view, 14> names = {
        "open",  "write",    "pwrite", "rename",    "unlink", "mkdir", "allocate",
        "punch", "truncate", "fsync",  "fdatasync", "map",    "read",  "pread"};
    return names[static_cast<std::size_t>(call)];
}

unobserved_calls::unobserved_calls() noexcept : was_inside_(std::exchange(is_inside, true)) {}

unobserved_calls::~unobserved_calls() {
    is_inside = was_inside_;
}

file_call_observation::file_call_observation(file_call_observer& observer) {
    the_observer.store(&observer, std::memory_order_release);
}

file_call_observation::~file_call_observation() {
    the_observer.store(nullptr, std::memory_order_release);
}

}  // namespace millrace::engine::test

using millrace::engine::test::file_call;
using millrace::engine::test::observed;

namespace {

int refuse_or(millrace::engine::test::failing_call& call, long number, file_call what, int fd) {
    if (const int error = call.pass(); error != 0) {
        errno = error;
        return -1;
    }
    return static_cast<int>(observed({what, fd}, [&] { return ::syscall(number, fd); }));
}

}  // namespace

extern "C" {

int fdatasync(int fd) {
    return refuse_or(millrace::engine::test::fdatasync_call, SYS_fdatasync, file_call::fdatasync,
                     fd);
}

int fsync(int fd) {
    return refuse_or(millrace::engine::test::fsync_call, SYS_fsync, file_call::fsync, fd);
}

int posix_fallocate(int fd, off_t offset, off_t length) {
    if (const int error = millrace::engine::test::fallocate_call.pass(); error != 0) {
        return error;
    }
    const long result = observed({file_call::allocate, fd},
                                 [&] { return ::syscall(SYS_fallocate, fd, 0, offset, length); });
    return result == 0 ? 0 : errno;
}

int mlock(const void* address, size_t size) noexcept {
    if (const int error = millrace::engine::test::mlock_call.pass(); error != 0) {
        errno = error;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_mlock, address, size));
}

// The sanitizers' runtimes have these in hand themselves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

int fallocate(int fd, int mode, off_t offset, off_t length) {
    return static_cast<int>(observed({file_call::punch, fd}, [&] {
        return ::syscall(SYS_fallocate, fd, mode, offset, length);
    }));
}

int open(const char* path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    const auto make = [&] { return ::syscall(SYS_openat, AT_FDCWD, path, flags, mode); };
    return static_cast<int>(observed({.what = file_call::open,
                                      .path = path,
                                      .is_creating = (flags & O_CREAT) != 0,
                                      .is_emptying = (flags & O_TRUNC) != 0},
                                     make));
}

ssize_t write(int fd, const void* bytes, size_t size) {
    return observed({.what = file_call::write, .fd = fd, .size = size},
                    [&] { return ::syscall(SYS_write, fd, bytes, size); });
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
    return observed({.what = file_call::pwrite, .fd = fd, .size = size, .offset = offset},
                    [&] { return ::syscall(SYS_pwrite64, fd, bytes, size, offset); });
}

ssize_t read(int fd, void* bytes, size_t size) {
    return observed({.what = file_call::read, .fd = fd, .size = size},
                    [&] { return ::syscall(SYS_read, fd, bytes, size); });
}

ssize_t pread(int fd, void* bytes, size_t size, off_t offset) {
    return observed({.what = file_call::pread, .fd = fd, .size = size, .offset = offset},
                    [&] { return ::syscall(SYS_pread64, fd, bytes, size, offset); });
}

int ftruncate(int fd, off_t size) noexcept {
    return static_cast<int>(
        observed({file_call::truncate, fd}, [&] { return ::syscall(SYS_ftruncate, fd, size); }));
}

int rename(const char* from, const char* to) noexcept {
    return static_cast<int>(observed({file_call::rename, -1, from, to}, [&] {
        return ::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    }));
}

int unlink(const char* path) noexcept {
    return static_cast<int>(observed({file_call::unlink, -1, path},
                                     [&] { return ::syscall(SYS_unlinkat, AT_FDCWD, path, 0); }));
}

int mkdir(const char* path, mode_t mode) noexcept {
    return static_cast<int>(observed({file_call::mkdir, -1, path},
                                     [&] { return ::syscall(SYS_mkdirat, AT_FDCWD, path, mode); }));
}

void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): so the system call answers
    return reinterpret_cast<void*>(observed({file_call::map, fd}, [&] {
        return ::syscall(SYS_mmap, address, size, protection, flags, fd, offset);
    }));
}

#endif

}  // extern "C"
