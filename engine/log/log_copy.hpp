// What copying a log into a new one needs of both: nobody writes the old one meanwhile, and the new
// one has no name before it is whole.
//
//   OUT.tmp/unfinished   held by whoever makes the log OUT; its line says who that is
//   OUT.tmp/log          becomes OUT
//
// So what a kill or a loss of power leaves on the way is no log, and no part of one passes for the
// whole.
//
// Threading  one thread
// Errors     the constructor throws config_error where the target is in use, or something else has
//            the place beside it; locked_error while somebody else makes the same log; io_error
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/core/file.hpp"

namespace millrace::engine {

class new_log {
public:
    // Removes what an attempt that did not come to its end has left beside the target.
    new_log(std::filesystem::path target, std::string_view purpose);
    new_log(const new_log&) = delete;
    new_log& operator=(const new_log&) = delete;
    ~new_log();

    // Where its files go.
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    // Of what was removed, a sentence for people; empty: nothing was.
    [[nodiscard]] const std::string& note() const { return note_; }
    // The log has its name, durably. REQUIRES that the bytes of its files are durable.
    void finish();

private:
    void prepare(std::string_view purpose);
    void clear();

    std::filesystem::path target_;  // without links on the way, so that both are neighbours
    std::filesystem::path staging_;
    std::filesystem::path path_;
    std::string note_;
    file_lock lock_;
    file_lock writer_lock_;  // under its name too: who appends early may lose the name with all
};

// What the constructor asks of the target; before much else is done.
void check_new_log_target(const std::filesystem::path& target);

// While it is held, no writer begins. Nothing is written into the log, but where it never had a
// writer's lock. Throws locked_error where a writer is at work.
[[nodiscard]] file_lock hold_still(const std::filesystem::path& log);

}  // namespace millrace::engine
