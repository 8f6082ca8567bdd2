#include "tests/golden/fixed_inputs.hpp"

#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

namespace millrace::golden {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

std::atomic<bool> is_fixed{false};
std::atomic<std::int64_t> elapsed_ns{0};
std::atomic<std::int64_t> set_ns{0};
std::atomic<std::uint64_t> state{0};

// Source: splitmix64, Steele, Lea, Flood
std::uint64_t next_random() {
    std::uint64_t word = state.fetch_add(0x9e3779b97f4a7c15, std::memory_order_relaxed);
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    return word ^ (word >> 31);
}

}  // namespace

fixed_inputs::fixed_inputs(std::uint64_t seed) {
    elapsed_ns.store(0, std::memory_order_relaxed);
    set_ns.store(0, std::memory_order_relaxed);
    state.store(seed, std::memory_order_relaxed);
    is_fixed.store(true, std::memory_order_release);
}

fixed_inputs::~fixed_inputs() {
    is_fixed.store(false, std::memory_order_release);
}

void fixed_inputs::pass(std::int64_t ns) noexcept {
    elapsed_ns.fetch_add(ns, std::memory_order_relaxed);
}

void fixed_inputs::set_by(std::int64_t ns) noexcept {
    set_ns.fetch_add(ns, std::memory_order_relaxed);
}

}  // namespace millrace::golden

// The program's own definitions come before the C library's.

extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
    using namespace millrace::golden;
    if (!is_fixed.load(std::memory_order_acquire)) {
        return static_cast<int>(::syscall(SYS_clock_gettime, clock, now));
    }
    const std::int64_t begin = clock == CLOCK_REALTIME
                                   ? first_moment_ns + set_ns.load(std::memory_order_relaxed)
                                   : 5 * ns_per_s;
    const std::int64_t ns = begin + elapsed_ns.fetch_add(look_ns, std::memory_order_relaxed);
    *now = {ns / ns_per_s, ns % ns_per_s};
    return 0;
}

extern "C" ssize_t getrandom(void* bytes, size_t size, unsigned flags) {
    using namespace millrace::golden;
    if (!is_fixed.load(std::memory_order_acquire)) {
        return ::syscall(SYS_getrandom, bytes, size, flags);
    }
    for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
        const std::uint64_t word = next_random();
        std::memcpy(static_cast<char*>(bytes) + at, &word, std::min(sizeof word, size - at));
    }
    return static_cast<ssize_t>(size);
}
