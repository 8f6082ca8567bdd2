// SIGINT and SIGTERM as a flag; the second one ends the process at once.
#pragma once

#include <csignal>

namespace millrace::tools {

// Before anything is started that must be stopped in order; the functions below do it too.
void install_signal_handlers();
[[nodiscard]] volatile std::sig_atomic_t& stop_flag();
[[nodiscard]] bool is_stop_asked();
// Waits for a signal or the time, whichever comes first; true: a stop was asked for.
bool wait_for_stop(int milliseconds);

}  // namespace millrace::tools
