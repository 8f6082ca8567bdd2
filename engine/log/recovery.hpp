// Finds the end of a log as its next writer must see it.
//
// Errors  a contradiction anywhere but in the torn tail of the last segment is a damage_error
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/log/segment.hpp"

namespace millrace::engine {

struct recovered_tail {
    segment_info info;            // of the last segment
    std::size_t end_offset = 0;   // behind its last valid record, an end record not counted
    std::size_t read_offset = 0;  // the same, an end record counted
    sequence last_sequence;
    timestamp last_timestamp;
    bool is_closed =
        false;  // the last record says the writer closed in order and nothing follows it
    [[nodiscard]] position end() const { return {info.first_position().value + end_offset}; }
    [[nodiscard]] position read_end() const { return {info.first_position().value + read_offset}; }
    std::string note;  // what was found, for people, when it was not
};

// REQUIRES at least one segment file. Checks the chain of headers, then every record of the last
// segment. Behind `unsynced_from` a loss of power may have kept later bytes and lost earlier ones:
// what stands behind a gap there counts as torn, not as damage.
[[nodiscard]] recovered_tail recover_tail(const std::filesystem::path& directory,
                                          position unsynced_from = {UINT64_MAX});

// Whether records that were committed and not durable went with the memory they were in: the host
// was started anew since, or somebody removed the log's hot tier or a part of it and that was
// accepted. Before the log is opened for writing, which forgets it. Throws io_error where the tier
// cannot be looked at.
[[nodiscard]] bool has_lost_hot_tier(const std::filesystem::path& directory);

namespace detail {

// As list_segments() has them. Handed on, because a listing takes several system calls per file and
// whoever opens a log needs it at every step.
using segment_indexes = std::vector<std::uint64_t>;

// What a loss of power may have touched. Only where the host was started anew since the newest
// segment was begun and the log has a mark; else nothing.
struct unsynced_part {
    position from{UINT64_MAX};  // behind what is durable: gaps may stand from here on
    position marked;            // what the mark says, which may lag behind the seals
    std::uint64_t segment_bytes = 0;
};

[[nodiscard]] unsynced_part find_unsynced_part(const std::filesystem::path& directory,
                                               const segment_indexes& indexes);
[[nodiscard]] position find_unsynced(const std::filesystem::path& directory);  // its `from`

// What must be there: up to the mark, which may lag after a loss of power, and up to what the seals
// prove. REQUIRES a segment; `first` is the oldest one.
[[nodiscard]] position find_durable(const std::filesystem::path& directory, const log_uuid& uuid,
                                    std::uint64_t segment_bytes, std::uint64_t first,
                                    position marked);

// Throws damage_error where the log ends before that. REQUIRES the writer lock.
void check_durable_is_there(const std::filesystem::path& directory, const recovered_tail& tail,
                            std::uint64_t first, position marked);

// After a loss of power: segments behind a gap in an earlier one hold what was never durable and
// cannot be read in order. They are kept under another name (.lost). Returns what was done, for
// people; empty if nothing was. REQUIRES the writer lock.
std::string set_aside_behind_gap(const std::filesystem::path& directory,
                                 const segment_indexes& indexes, const unsynced_part& unsynced);

// For whoever would begin a log in a directory without begun segments. Throws where one was: an
// archive, or what is left of a log whose own segments are gone.
void check_no_log_was(const std::filesystem::path& directory);

// As recover_tail.
[[nodiscard]] recovered_tail recover_listed_tail(const std::filesystem::path& directory,
                                                 const segment_indexes& indexes,
                                                 position unsynced_from);

}  // namespace detail

}  // namespace millrace::engine
