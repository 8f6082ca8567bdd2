#include "engine/log/clock_keeper.hpp"

#include <unistd.h>

#include <ctime>
#include <mutex>

#include "engine/log/cold_sync.hpp"
#include "engine/log/cold_thread.hpp"

namespace millrace::engine {

namespace {

void keep_clock_for_ever() noexcept {
    detail::clock_keeper keeper;
    while (true) {
        keeper.work();
        const timespec pause{0, detail::clock_keeper::interval_ns};
        ::nanosleep(&pause, nullptr);
    }
}

}  // namespace

void keep_clock() {
    static detail::cold_lock lock;
    static pid_t kept_process = 0;
    const std::lock_guard<detail::cold_lock> held(lock);
    if (kept_process != ::getpid()) {  // a parent's thread is not in this process
        detail::start_cold_thread("log-clock", keep_clock_for_ever).detach();
        kept_process = ::getpid();
    }
}

namespace detail {

void clock_keeper::work() noexcept {
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
