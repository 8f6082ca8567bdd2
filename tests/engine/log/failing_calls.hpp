// System calls that fail, or wait, when a test wants them to, and are seen by who wants to see
// them. The program's own definitions of open, write, rename and the like come before the C
// library's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::engine::test {

struct failing_call {
    std::atomic<int> failures_left{0};  // fail so many times, with
    std::atomic<int> error_number{0};   // this
    std::atomic<bool> is_held{false};   // wait while it is set
    std::atomic<std::uint64_t> calls{0};

    void fail(int times, int number) {
        error_number.store(number, std::memory_order_relaxed);
        failures_left.store(times, std::memory_order_release);
    }
    // 0: go on.
    [[nodiscard]] int pass() noexcept;
};

extern failing_call fdatasync_call;
extern failing_call fsync_call;
extern failing_call fallocate_call;
extern failing_call mlock_call;

// Puts all of them right again, whatever a test did.
class failing_calls_guard {
public:
    failing_calls_guard() { reset(); }
    failing_calls_guard(const failing_calls_guard&) = delete;
    failing_calls_guard& operator=(const failing_calls_guard&) = delete;
    ~failing_calls_guard() { reset(); }

private:
    static void reset();
};

// What changes files, their names, or what stands behind a mapping; and what reads them.
enum class file_call : std::uint8_t {
    open,
    write,
    pwrite,
    rename,
    unlink,
    mkdir,
    allocate,
    punch,
    truncate,
    fsync,
    fdatasync,
    map,
    read,
    pread,
};
[[nodiscard]] std::string_view describe(file_call call);
// Leaves all as it is.
[[nodiscard]] constexpr bool is_read(file_call call) {
    return call == file_call::read || call == file_call::pread;
}

struct file_call_site {
    file_call what = file_call::open;
    int fd = -1;               // of calls on an open file; of a successful open, afterwards
    const char* path = "";     // of calls on a name
    const char* target = "";   // of rename
    bool is_creating = false;  // of open: O_CREAT
    bool is_emptying = false;  // of open: O_TRUNC
    std::size_t size = 0;      // of read and write, pread and pwrite
    std::int64_t offset = 0;   // of pread and pwrite
};

// Sees every call on the thread that makes it. Its own calls are not seen.
class file_call_observer {
public:
    // 0: go on; else the call fails with this errno.
    virtual int before(const file_call_site& site) noexcept = 0;
    virtual void after(const file_call_site& site, bool is_done) noexcept = 0;

protected:
    ~file_call_observer() = default;
};

// While it lives, the calls of this thread are not seen: a test's own looks at files.
class unobserved_calls {
public:
    unobserved_calls() noexcept;
    unobserved_calls(const unobserved_calls&) = delete;
    unobserved_calls& operator=(const unobserved_calls&) = delete;
    ~unobserved_calls();

private:
    bool was_inside_;
};

// One at a time. Takes it away at the end; REQUIRES that no other thread makes calls then.
class file_call_observation {
public:
    explicit file_call_observation(file_call_observer& observer);
    file_call_observation(const file_call_observation&) = delete;
    file_call_observation& operator=(const file_call_observation&) = delete;
    ~file_call_observation();
};

}  // namespace millrace::engine::test
