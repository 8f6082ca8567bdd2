// The threads of a process that make segments ahead for the logs open for writing in it: one for
// each file system these are on, so that a slow disk holds up no log on another.
//
// Logs on one file system share its thread, for there each waits for the same disk. A hot log's
// file in memory is made by the thread of its disk too: the spare is of no use without its twin.
//
// Threading  any thread adds and removes; the helper's thread works
// Progress   add returns at once; remove waits until the helper is done with that log
// Errors     of() throws io_error where the directory cannot be looked at
#pragma once

#include <filesystem>
#include <future>
#include <vector>

#include "engine/log/cold_sync.hpp"
#include "engine/log/segment_supply.hpp"

namespace millrace::engine::detail {

class log_helper {
public:
    // Of this process, a forked child has its own, and of the file system the directory is on.
    // Lives until the process ends.
    [[nodiscard]] static log_helper& of(const std::filesystem::path& directory);

    log_helper(const log_helper&) = delete;
    log_helper& operator=(const log_helper&) = delete;

    // The supply must stay until it is removed.
    void add(segment_supply& supply);
    void remove(segment_supply& supply);

private:
    struct command {
        segment_supply* added = nullptr;
        segment_supply* removed = nullptr;
        std::promise<void> done{};
    };

    log_helper();
    ~log_helper() = default;  // never called, see of

    void give(command next);
    void run() noexcept;
    [[nodiscard]] std::int64_t interval_ns() const noexcept;
    void take_commands() noexcept;

    cold_lock commands_lock_;
    std::vector<command> commands_;  // under the lock
    cold_event bell_;
    std::vector<segment_supply*> supplies_;  // helper
};

}  // namespace millrace::engine::detail
