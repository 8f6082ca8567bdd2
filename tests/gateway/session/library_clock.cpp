#include "tests/gateway/session/library_clock.hpp"

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

std::int64_t library_now_ns = 0;

}  // namespace

// QuickFIX asks these two, by its dynamic symbols: the program's come first.
extern "C" int gettimeofday(timeval* __restrict time, void* __restrict) noexcept {
    if (library_now_ns == 0) {
        return static_cast<int>(::syscall(SYS_gettimeofday, time, nullptr));
    }
    time->tv_sec = library_now_ns / ns_per_s;
    time->tv_usec = library_now_ns % ns_per_s / 1000;
    return 0;
}

extern "C" time_t time(time_t* into) noexcept {
    timeval now{};
    ::gettimeofday(&now, nullptr);
    if (into != nullptr) {
        *into = now.tv_sec;
    }
    return now.tv_sec;
}

namespace millrace::test {

void set_library_time(std::int64_t now_ns) {
    library_now_ns = now_ns;
}

}  // namespace millrace::test
