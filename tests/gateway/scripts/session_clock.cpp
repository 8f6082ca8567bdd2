#include "tests/gateway/scripts/session_clock.hpp"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/gateway/session/library_clock.hpp"

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

thread_local std::int64_t monotonic_now_ns = 0;  // 0: the host's

}  // namespace

// Engine and library ask by dynamic symbols, of which the program's own come first.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
    if (clock != CLOCK_MONOTONIC || monotonic_now_ns == 0) {
        return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
    }
    time->tv_sec = monotonic_now_ns / ns_per_s;
    time->tv_nsec = monotonic_now_ns % ns_per_s;
    return 0;
}

namespace millrace::test {

session_clock::session_clock() {
    tell();
}

session_clock::~session_clock() {
    set_library_time(0);
    monotonic_now_ns = 0;
}

void session_clock::pass(std::int64_t ns) {
    utc_.run(ns);
    tell();
}

std::int64_t session_clock::monotonic_ns() const {
    return utc_.now().monotonic_ns;
}

void session_clock::tell() {
    set_library_time(utc_.now().realtime_ns);
    monotonic_now_ns = utc_.now().monotonic_ns;
}

std::int64_t session_clock::host_ns() {
    timespec now{};
    ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return static_cast<std::int64_t>(now.tv_sec) * ns_per_s + now.tv_nsec;
}

}  // namespace millrace::test
