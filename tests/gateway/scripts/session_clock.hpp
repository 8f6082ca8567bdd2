// All clocks that a session asks, as a test sets them: UTC, the monotonic one and the library's.
// Other threads keep the host's monotonic clock.
//
// Threading  the thread that makes it; one at a time in a process
// Units      nanoseconds
#pragma once

#include <cstdint>
#include <memory>

#include "tests/engine/core/manual_clock.hpp"

namespace millrace::test {

class session_clock {
public:
    session_clock();
    ~session_clock();
    session_clock(const session_clock&) = delete;
    session_clock& operator=(const session_clock&) = delete;

    void pass(std::int64_t ns);
    [[nodiscard]] std::int64_t utc_ns() const { return utc_.now().realtime_ns; }
    [[nodiscard]] std::int64_t monotonic_ns() const;
    // What no test sets: for limits on waiting.
    [[nodiscard]] static std::int64_t host_ns();

private:
    void tell();

    engine::test::manual_clock utc_;
};

}  // namespace millrace::test
