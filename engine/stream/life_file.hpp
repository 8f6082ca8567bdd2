// What the last life of a log's owner left of itself: under which boot of the host it ran, and
// whether it ended in order. Tells a killed process, which loses nothing, from a loss of power,
// which takes whatever was not durable.
//
//   millrace life 1
//   log 1f0c9a3e-...       the log the owner's state is about
//   epoch 7                of that log when the life began; 0 where the owner keeps none
//   boot 5b2d7c10-...      of the host; empty where the system has none
//   state open             or closed
//
// Threading  one thread; one owner at a time (who holds the lock of what the file stands beside)
// Progress   begin() and close() replace the file and wait for the disk
// Invariant  on the disk stands one whole note, the old or the new; construction changes nothing,
//            so an owner mends what a loss of power broke, durably, before it begins
// Errors     throws io_error, and damage_error for a file that holds no such note
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/core/types.hpp"

namespace millrace::engine {

struct life_note {
    log_uuid log;
    std::uint64_t epoch = 0;
    std::string boot;
    bool is_closed = false;
    friend bool operator==(const life_note&, const life_note&) = default;
};

enum class life_end : std::uint8_t {
    none,        // there was no life before
    closed,      // in order
    killed,      // not in order, and the host has run on: what was committed is there
    lost_power,  // not in order, and under another boot: what was not durable may be gone
};

class life_file {
public:
    // Reads what the life before left at `path`, if there was one.
    explicit life_file(std::filesystem::path path);

    [[nodiscard]] const std::optional<life_note>& previous() const noexcept { return previous_; }
    // Whether the host was started anew since, however the life ended: an owner that closed in
    // order says nothing of other logs. False where there was no life before.
    [[nodiscard]] bool is_of_other_boot() const noexcept;
    [[nodiscard]] life_end previous_end() const noexcept;

    // From here on a crash is this life's. The file is durable on return.
    void begin(const log_uuid& log, std::uint64_t epoch = 0);
    // REQUIRES: begun, and everything the owner wrote is durable. A second call does nothing.
    void close();

private:
    void write() const;

    std::filesystem::path path_;
    std::string boot_;  // of the host now
    std::optional<life_note> previous_;
    std::optional<life_note> current_;
};

// Without a file: nothing. For who looks on beside the owner.
[[nodiscard]] std::optional<life_note> read_life(const std::filesystem::path& path);
// Of the host now, as a note holds it.
[[nodiscard]] std::string current_boot();

}  // namespace millrace::engine
