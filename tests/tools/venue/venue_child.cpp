// A venue in a process of its own, so that tests can kill it: venue_child CONFIG.cfg
#include <csignal>
#include <cstdio>
#include <exception>

#include "tools/venue/venue.hpp"

namespace {
volatile std::sig_atomic_t stop_requested = 0;
void request_stop(int) {
    stop_requested = 1;
}
}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: venue_child CONFIG.cfg\n");
        return 2;
    }
    std::signal(SIGTERM, request_stop);
    std::signal(SIGINT, request_stop);
    try {
        millrace::tools::venue_controls controls;
        controls.stop = &stop_requested;
        return millrace::tools::run_venue(argv[1], controls);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "venue_child: %s\n", error.what());
        return 1;
    }
}
