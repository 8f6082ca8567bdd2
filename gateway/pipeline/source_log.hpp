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

}  // namespace millrace::gateway
