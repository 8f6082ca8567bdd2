// Which of a log's oldest segments may go, what keeps the others, and their removal.
//
// Whole segments go, oldest first, as far as the policy asks for it. Two kinds of floors stop that:
// what a reader still has to read and a session may have to send again (given up by force alone),
// and what the next opening of the log needs (never given up).
//
// Threading  any process, beside the log's writer and its readers; one retention at a time (a lock)
// Invariant  the segments left are an unbroken run up to the newest one, on the disk too: each
//            removal is durable before the next begins
// Units      age in nanoseconds; bytes as allocated on the disk
// Errors     throws: error where no log is, io_error, damage_error, locked_error beside another
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/types.hpp"

namespace millrace::engine {

// A segment goes if any of them asks for it. Nothing set keeps everything.
struct retention_policy {
    std::optional<std::int64_t> age_max_ns;  // of a segment's newest record
    std::optional<std::uint64_t> bytes_max;
    std::optional<std::uint64_t> segments_max;
    [[nodiscard]] bool is_set() const { return age_max_ns || bytes_max || segments_max; }
};

// What must stay for the sake of somebody.
struct retention_floor {
    std::string who;  // "cursor risk", "route orders-to-venue (FIX_OUT)", for people
    sequence done;    // every record behind it stays
};

struct retention_plan {
    std::vector<std::uint64_t> doomed;  // indexes, ascending
    std::uint64_t first_kept = 0;
    std::uint64_t bytes = 0;            // that the doomed take
    std::uint64_t wanted_count = 0;     // segments the policy would remove were there no floors
    std::string kept_for;               // which floor stopped it short of that; empty: none did
    bool is_forceable = false;          // that floor gives way to force
    std::vector<std::string> given_up;  // floors that force overrode
    sequence last_doomed;               // the last sequence that goes
};

[[nodiscard]] retention_plan plan_retention(const std::filesystem::path& directory,
                                            const retention_policy& policy,
                                            std::span<const retention_floor> floors, timestamp now,
                                            bool is_forced);
// Removes what the plan dooms, each segment before its index and seals, and makes that durable: two
// syncs of the directory and one more for each segment.
// Sidecars of segments that are gone, which a kill may have left, go too.
void apply_retention(const std::filesystem::path& directory, const retention_plan& plan);

// What is older than all that is here or in the log's archive, and is not known to have been
// removed on purpose.
struct missing_beginning {
    log_uuid uuid;
    std::uint64_t first_segment = 0;  // the oldest that is left; 0: none is missing
    sequence last_lost;               // the last before it
    std::string fault;  // of retained.from; empty: it is as it was written, or not there
};
// Nothing: all is accounted for. Throws damage_error where the archive is out of reach, or segments
// between others are missing.
[[nodiscard]] std::optional<missing_beginning> find_missing_beginning(
    const std::filesystem::path& directory);
// From now on it counts as removed on purpose; durable when it returns.
void accept_missing_beginning(const std::filesystem::path& directory,
                              const missing_beginning& missing);

// Segments from this one on are never removed: the newest, what the next opening reads, and what is
// not durable yet.
[[nodiscard]] std::uint64_t removable_below(const std::filesystem::path& directory);

// A floor at the first segment from which a position on must stay: the sequence before it.
[[nodiscard]] sequence last_sequence_before(const std::filesystem::path& directory,
                                            std::uint64_t segment_index);

}  // namespace millrace::engine
