#include "engine/log/clock_keeper.hpp"

#include "engine/core/clock.hpp"
#include "engine/log/log_helper.hpp"

namespace millrace::engine {

void keep_clock() {
    static_cast<void>(detail::log_helper::instance());
}

namespace detail {

void clock_keeper::work() noexcept {
    const std::int64_t now_ns = monotonic_now_ns();
    if (now_ns < next_ns_) {
        return;
    }
    next_ns_ = now_ns + interval_ns;
    // Never waits: in a child forked while it was held, it is held for good, and UTC is
    // CLOCK_REALTIME there.
    if (the_clock.is_held.test_and_set(std::memory_order_acquire)) {
        return;
    }
    calibrate(source_, discipline_);
    the_clock.is_held.clear(std::memory_order_release);  // pairs with clock_keeper.cpp: work
}

}  // namespace detail

}  // namespace millrace::engine
