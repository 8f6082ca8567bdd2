// When the calling thread last handed bytes to a socket, whoever's code did it: the program's own
// send() stands in front of the C library's.
//
// Threading  each thread watches itself; a thread that does not watch pays one comparison
// Units      monotonic ns, at the entry of send()
#pragma once

#include <cstdint>

namespace millrace::bench {

struct send_watch {
    bool is_on = false;
    std::uint64_t count = 0;
    std::int64_t last_ns = 0;
};
// The calling thread's.
[[nodiscard]] send_watch& own_sends() noexcept;

}  // namespace millrace::bench
