// The demo's venue: this program again, as a child that outlives a killed engine. Whoever holds the
// lock of the directory's venue folder is its venue, whoever started it.
//
// Threading  one thread
// Errors     io_error, or error with the place of the venue's own words if it does not come up; no
//            venue is left running then
#pragma once

#include <sys/types.h>

#include "tools/millrace/demo_files.hpp"

namespace millrace::tools {

class demo_venue {
public:
    // Takes over the directory's venue if it still lives, else starts one; returns when its port is
    // open.
    explicit demo_venue(const demo_directory& directory);
    ~demo_venue();  // stops it
    demo_venue(const demo_venue&) = delete;
    demo_venue& operator=(const demo_venue&) = delete;

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    [[nodiscard]] bool was_running() const noexcept { return was_running_; }
    [[nodiscard]] bool is_alive() const;
    // When it has died: takes over the one that somebody has started since. False: there is none.
    [[nodiscard]] bool adopt();
    // Starts another; returns when its port is open.
    void restart() { open(); }
    // Stops the directory's venue in order and waits, also one that somebody restarted meanwhile;
    // kills one that does not stop, which loses nothing.
    void stop();

private:
    void open();
    void spawn();
    [[nodiscard]] bool wait_for_port();

    demo_directory directory_;
    pid_t pid_ = -1;
    bool was_running_ = false;
    bool is_stopped_ = false;
};

}  // namespace millrace::tools
