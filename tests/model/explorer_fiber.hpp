// A thread of an explored program. For the explorer's own sources.
//
// Threading  switched by the explorer alone
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <vector>

#include "tests/model/explorer.hpp"

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace millrace::model {

inline constexpr std::size_t fiber_stack_bytes = 256 * 1024;

struct explorer::fiber {
    std::vector<char> stack = std::vector<char>(fiber_stack_bytes);
    ucontext_t context{};
    std::function<void()> body;
    bool is_done = false;
    const location* waits_for = nullptr;  // until it has more stores than `waits_beyond`
    std::size_t waits_beyond = 0;
    bool waits_by_choice = false;
    location* last_read = nullptr;
    std::size_t last_index = 0;
    std::uint64_t last_plain_writes = 0;
    clock seen{};
    clock behind_a_fence{};  // what relaxed loads have read the releases of
    bool punches = false;
    std::vector<pending_store> delayed;
#if defined(__SANITIZE_THREAD__)
    void* tsan_fiber = __tsan_create_fiber(0);
    fiber() = default;
    fiber(const fiber&) = delete;
    fiber& operator=(const fiber&) = delete;
    ~fiber() {
        __tsan_destroy_fiber(tsan_fiber);
    }
#endif
};

}  // namespace millrace::model
