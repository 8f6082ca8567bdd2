// Copies every whole record of a damaged log into a new log.
//
// The new log has a uuid of its own and names the old one as its origin. A record keeps its
// sequence, its time, its bytes and its position. Where records were lost stand gap records of the
// same length, so nothing moves. What a dead writer left uncommitted is not copied. Until it is
// whole and durable, the new log has no name (log_copy.hpp).
//
// Threading  one thread; the old log may be read by others, and its writers are kept out
// Errors     throws config_error where the target is in use, locked_error where a writer has the
//            old log, damage_error where nothing says what the log is, io_error
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/types.hpp"

namespace millrace::engine {

// "sequences 3 to 5 were lost", or that none is known to be; for a gap record too.
[[nodiscard]] std::string lost_text(sequence first_lost, sequence last_lost, bool is_unknown);

struct salvage_hole {
    position begin;
    position end;
    sequence first_lost;      // numbered records lost: first_lost to last_lost; none where
    sequence last_lost;       // last_lost < first_lost
    bool is_unknown = false;  // there may have been more
    std::string reason;
    [[nodiscard]] std::string text() const;
};

struct salvage_report {
    log_uuid origin;
    log_uuid uuid;
    std::uint64_t segment_count = 0;
    std::uint64_t record_count = 0;  // numbered ones copied
    std::uint64_t lost_count = 0;    // numbered ones known to be lost
    sequence first_sequence;
    sequence last_sequence;
    std::vector<salvage_hole> holes;
    std::vector<std::string> notes;  // what else was found: bytes in padding, torn ends, names
};

// REQUIRES nothing in `to`, which is made. The new log is closed in order and durable.
[[nodiscard]] salvage_report salvage_log(const std::filesystem::path& from,
                                         const std::filesystem::path& to);

}  // namespace millrace::engine
