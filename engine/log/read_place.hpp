// How far a reader has come, as it notes it somewhere itself, held against the log it goes on with.
//
// A loss of power takes from a log what was not durable, and new records take the sequences of
// those that are gone; so does a log that was put back from an older copy. A sequence alone then
// stands behind records that its reader never saw. With the record's time and place it is told.
//
// Threading  any process, beside the log's writer
// Progress   cold: looks up one record; only where that is gone, headers and some more
// Errors     throws config_error for a place in another log; error, io_error and damage_error as
//            log_reader does
#pragma once

#include <filesystem>

#include "engine/core/types.hpp"

namespace millrace::engine {

struct read_place {
    log_uuid log;
    sequence done;   // the last record done; 0: nothing yet
    timestamp time;  // of that record, or later, but before the next one; 0: not known
    position end;    // behind that record, and not behind the beginning of the next one
};

// The place itself, if its record is still there, or the log begins behind it, or damage lies in
// front of it. Else behind the last record that was done and survives: what follows that one is
// new to the reader. Where times tell nothing, because they are not known or the clock was set back
// over a start of the host, rather too far back than a record passed over.
[[nodiscard]] read_place surviving_place(const std::filesystem::path& directory,
                                         const read_place& place);

// Behind the record `done`, with what is known of it. REQUIRES: the next one is not removed.
[[nodiscard]] read_place place_behind(const std::filesystem::path& directory, sequence done);

}  // namespace millrace::engine
