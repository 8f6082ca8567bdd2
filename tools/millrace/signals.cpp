#include "tools/millrace/signals.hpp"

#include <unistd.h>

#include <chrono>
#include <thread>

namespace millrace::tools {

namespace {

volatile std::sig_atomic_t asked = 0;

extern "C" void ask_to_stop(int signal) {
    if (asked != 0) {
        ::_exit(128 + signal);
    }
    asked = signal;
}

}  // namespace

void install_signal_handlers() {
    static const bool is_installed = [] {
        struct sigaction action {};
        action.sa_handler = &ask_to_stop;
        ::sigaction(SIGINT, &action, nullptr);
        ::sigaction(SIGTERM, &action, nullptr);
        return true;
    }();
    static_cast<void>(is_installed);
}

volatile std::sig_atomic_t& stop_flag() {
    install_signal_handlers();
    return asked;
}

bool is_stop_asked() {
    return stop_flag() != 0;
}

bool wait_for_stop(int milliseconds) {
    constexpr int step = 20;
    for (int waited = 0; waited < milliseconds && !is_stop_asked(); waited += step) {
        std::this_thread::sleep_for(std::chrono::milliseconds(step));
    }
    return is_stop_asked();
}

}  // namespace millrace::tools
