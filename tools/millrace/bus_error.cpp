#include "tools/millrace/bus_error.hpp"

#include <unistd.h>

#include <csignal>
#include <cstring>

#include "engine/log/mapped_segments.hpp"
#include "tools/millrace/exit_code.hpp"

namespace millrace::tools {

namespace {

// The longest path that is noted, and what it stands in.
char message[1024];

// Async-signal-safe, as all below.
std::size_t append(std::size_t at, const char* text) {
    const std::size_t size = std::strlen(text);
    if (at + size <= sizeof message) {
        std::memcpy(message + at, text, size);
        at += size;
    }
    return at;
}

extern "C" void say_what_was_lost(int signal, siginfo_t* info, void*) {
    if (info->si_code != BUS_ADRERR) {  // no missing page: what the system does by itself
        ::signal(signal, SIG_DFL);
        ::raise(signal);
        return;
    }
    char path[300];
    std::size_t size = append(0, "millrace: ");
    if (engine::name_mapped_segment(info->si_addr, path)) {
        size = append(size, path);
        size = append(size, ": a page of this log file cannot be read");
    } else {
        size = append(size, "a page of a mapped file cannot be read");
    }
    size = append(size,
                  ": the file was truncated while it was in use, or its disk failed to give the "
                  "page. Stop what uses the log; `millrace log verify` of its directory says what "
                  "is whole. Restore the rest from a copy\n");
    static_cast<void>(!::write(STDERR_FILENO, message, size));
    ::_exit(exit_damaged);
}

}  // namespace

void install_bus_error_handler() {
    struct sigaction action {};
    action.sa_sigaction = &say_what_was_lost;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace millrace::tools
