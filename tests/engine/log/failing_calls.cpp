#include "tests/engine/log/failing_calls.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace millrace::engine::test {

failing_call fdatasync_call;
failing_call fsync_call;
failing_call fallocate_call;

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
    for (failing_call* one : {&fdatasync_call, &fsync_call, &fallocate_call}) {
        one->is_held.store(false, std::memory_order_release);
        one->fail(0, 0);
    }
}

}  // namespace millrace::engine::test

namespace {

int refuse_or(millrace::engine::test::failing_call& call, long number, int fd) {
    if (const int error = call.pass(); error != 0) {
        errno = error;
        return -1;
    }
    return static_cast<int>(::syscall(number, fd));
}

}  // namespace

extern "C" int fdatasync(int fd) {
    return refuse_or(millrace::engine::test::fdatasync_call, SYS_fdatasync, fd);
}

extern "C" int fsync(int fd) {
    return refuse_or(millrace::engine::test::fsync_call, SYS_fsync, fd);
}

extern "C" int posix_fallocate(int fd, off_t offset, off_t length) {
    if (const int error = millrace::engine::test::fallocate_call.pass(); error != 0) {
        return error;
    }
    return ::fallocate(fd, 0, offset, length) == 0 ? 0 : errno;
}
