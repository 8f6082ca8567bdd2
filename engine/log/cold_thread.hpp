// Starts a named thread that no signal of the process is delivered to.
#pragma once

#include <signal.h>

#include <string>
#include <thread>
#include <utility>

#include "engine/core/thread.hpp"

namespace millrace::engine::detail {

template <class Run>
[[nodiscard]] std::thread start_cold_thread(const std::string& name, Run run) {
    // A thread inherits the mask, so that none slips in before its first line. What a fault of the
    // thread itself raises stays open.
    sigset_t all{};
    sigset_t before{};
    ::sigfillset(&all);
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF}) {
        ::sigdelset(&all, number);
    }
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    std::thread started;
    try {
        started = std::thread([name, run = std::move(run)]() mutable noexcept {
            name_current_thread(name);
            run();
        });
    } catch (...) {
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw;
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return started;
}

}  // namespace millrace::engine::detail
