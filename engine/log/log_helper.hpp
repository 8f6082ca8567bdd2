// The one thread of a process that makes segments ahead for all logs open for writing in it, and
// calibrates the clock their timestamps come from.
//
// Threading  any thread adds and removes; the helper's thread works
// Progress   add returns at once; remove waits until the helper is done with that log
#pragma once

#include <future>
#include <vector>

#include "engine/log/clock_keeper.hpp"
#include "engine/log/cold_sync.hpp"
#include "engine/log/segment_supply.hpp"

namespace millrace::engine::detail {

class log_helper {
public:
    // Of this process: a forked child has its own. Lives until the process ends.
    [[nodiscard]] static log_helper& instance();

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
    ~log_helper() = default;  // never called, see instance

    void give(command next);
    void run() noexcept;
    [[nodiscard]] std::int64_t interval_ns() const noexcept;
    void take_commands() noexcept;

    cold_lock commands_lock_;
    std::vector<command> commands_;  // under the lock
    cold_event bell_;
    std::vector<segment_supply*> supplies_;  // helper
    clock_keeper clock_;                     // helper
};

}  // namespace millrace::engine::detail
