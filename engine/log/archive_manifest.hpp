// What an archive says of itself: manifest.txt, a line for each file, by name.
//
//   millrace archive 1
//   log 8c3f2c1e-...
//   segment_bytes 67108864
//   000000000000.alog.zst bytes N sha256 HEX segment_bytes N segment_sha256 HEX
//   000000000000.idx bytes N sha256 HEX
//
// Threading  one thread; whoever archives holds the archive's lock
// Errors     load throws damage_error, with the line, for a text that is no manifest, and io_error
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/types.hpp"
#include "engine/log/sha256.hpp"

namespace millrace::engine {

struct verify_report;
struct log_image;

inline constexpr std::string_view archive_manifest_name = "manifest.txt";
inline constexpr std::string_view archive_lock_name = "archive.lock";

struct archived_file {
    std::uint64_t bytes = 0;
    digest hash;
    // Of a segment: what its file holds.
    std::optional<std::uint64_t> segment_bytes{};
    digest segment_hash{};
};

struct archive_manifest {
    log_uuid uuid;
    std::uint64_t segment_bytes = 0;
    std::map<std::string, archived_file> files;  // by name

    [[nodiscard]] static archive_manifest load(const std::filesystem::path& path);
    [[nodiscard]] std::string text() const;
};

namespace detail {

// Holds every file of the archives that are, or belong to, this log against their manifests.
void check_archives(const log_image& image, verify_report& report);

}  // namespace detail

}  // namespace millrace::engine
