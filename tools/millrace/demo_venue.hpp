// The demo's venue: this program again, as a child that outlives a killed engine.
//
// Errors  io_error, or error with the venue's own words if it does not come up
#pragma once

#include <sys/types.h>

#include "tools/millrace/demo_files.hpp"

namespace millrace::tools {

class demo_venue {
public:
    // Takes over the directory's venue if it still lives, else starts one; returns when its port is
    // open.
    explicit demo_venue(const demo_directory& directory);

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    [[nodiscard]] bool was_running() const noexcept { return was_running_; }
    // Stops the directory's venue in order and waits, also one that somebody restarted meanwhile.
    void stop();

private:
    void spawn();
    void wait_for_port() const;

    demo_directory directory_;
    pid_t pid_ = -1;
    bool was_running_ = false;
};

}  // namespace millrace::tools
