// Whether a log begins where it should: what lies before its oldest segment may be in an archive
// that is not mounted, or from which a file is gone. Who reads from the first record must be told;
// who begins later, or goes on at the end, needs none of it.
//
// Threading  any thread or process
// Errors     throws io_error where archive.at cannot be read
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "engine/core/types.hpp"

namespace millrace::engine {

struct archive_gap {
    std::string text;         // names archive.at and the archive, and says what to do
    bool is_archived = true;  // false: what is missing never was in the archive
};

// `oldest`: the first of list_readable_segments(). Nothing: the log has no archive, or it begins
// with the oldest segment there is, or what is older was removed on purpose.
[[nodiscard]] std::optional<archive_gap> find_archive_gap(const std::filesystem::path& directory,
                                                          const log_uuid& uuid,
                                                          std::uint64_t oldest);

}  // namespace millrace::engine
