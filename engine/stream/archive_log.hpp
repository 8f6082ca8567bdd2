// Compresses the closed segments of a log into an archive, and proves each before its original may
// go.
//
// Threading  any process, beside the log's writer and its readers; one at a time (a lock)
// Invariant  an original is removed only behind a copy that was read back, decompressed, found
//            equal, synced, and written into the manifest; and behind a link that leads readers
//            there
// Errors     throws: error where no log is, damage_error where a copy disagrees, io_error,
//            locked_error
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "engine/log/archive_manifest.hpp"

namespace millrace::engine {

struct archive_options {
    int level = 3;            // of Zstandard, 1 to 19
    bool is_deleted = false;  // the original, as far as recovery needs it no more
};

struct archive_report {
    std::size_t new_count = 0;      // segments archived now
    std::size_t known_count = 0;    // that were there, and are the same
    std::size_t deleted_count = 0;  // originals
    std::uint64_t plain_bytes = 0;  // of the new ones
    std::uint64_t packed_bytes = 0;
    // Of a sealed log: the first segment that stays with all behind it, because its seals do not
    // reach its end yet. A chain of seals cannot go on behind a segment that is out of reach.
    std::optional<std::uint64_t> unsealed;
};
[[nodiscard]] archive_report archive_log(const std::filesystem::path& directory,
                                         const std::filesystem::path& archive,
                                         const archive_options& options);

}  // namespace millrace::engine
