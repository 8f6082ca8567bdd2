// The log of a table that nobody has written yet, made empty so that it can be read before it has
// a writer.
//
// Threading  any thread, at set-up
// Progress   waits up to a second for a writer that is making the log at this moment
// Errors     locked_error if that writer holds the log and makes nothing; io_error
#pragma once

#include <filesystem>

#include "engine/stream/table_log.hpp"

namespace millrace::gateway {

void create_log_if_missing(const std::filesystem::path& directory, const engine::row_schema& schema,
                           const engine::table_log_options& options);

// Brings to the disk what a writer that died, or one that does not sync, left of a log that
// somebody is to read up to its durable.mark, and makes the mark. Does nothing where that is done,
// where a living writer holds the log and does it itself, and where this process may not write.
void make_source_durable(const std::filesystem::path& directory);

}  // namespace millrace::gateway
