// Where a log's newest segments live while it is written in hot mode, and how they come home.
//
// The log's directory names the place in a small text file, hot.tier, for as long as there is one:
//
//   millrace hot tier 1
//   directory /dev/shm/millrace-1000/8c3f...      of this log alone: segments under their own names
//   uuid 8c3f...
//   boot 5d01...                                  memory does not outlive this boot of the host
//   log 2049:131                                  device and inode of the log's directory
//
// Threading  whoever holds the log's writer lock changes it; anybody reads it
// Invariant  a hot file is retired in one order: its bytes are on stable storage, the mark says so,
//            mappings of this process show the disk's file, and only then its memory is given back.
//            It is punched and unlinked, never truncated, so that no reader meets SIGBUS
// Errors     all throw but free_hot_file. For ignoring it could lose records, a damage_error is: a
//            hot.tier that cannot be understood; a hot tier, or a segment of it, that is gone and
//            no restart of the host took. One that cannot be looked at is an io_error
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "engine/core/file.hpp"
#include "engine/core/types.hpp"
#include "engine/log/durable_mark.hpp"

namespace millrace::engine {

inline constexpr std::string_view hot_tier_name = "hot.tier";
// What hot.tier is called from when the loss of its segments was accepted until the next writer
// opens the log.
inline constexpr std::string_view lost_hot_tier_name = "hot.tier.lost";

// /dev/shm/millrace-UID
[[nodiscard]] std::filesystem::path default_hot_directory();

struct hot_directory_look {
    std::string refusal;  // why no hot tier can be there, for people; empty: it can
    std::uint64_t free_bytes = 0;
};
// Makes nothing: of a directory that is not there yet, the nearest one above is looked at.
[[nodiscard]] hot_directory_look look_at_hot_directory(const std::filesystem::path& directory);

enum class hot_loss : std::uint8_t {
    refused,
    accepted,  // the log is what is on the disk; what cannot be read in order gets the name .lost
};

// Brings to the disk what a writer that died left in memory. Takes the log's lock. Returns what was
// found, for people; empty if nothing was.
std::string recover_hot_tier(const std::filesystem::path& directory, hot_loss loss);

namespace detail {

struct hot_location {
    std::filesystem::path directory;
    log_uuid uuid;
    bool is_of_this_boot = false;  // else its memory is gone
};

// Nothing: the log has no hot tier, or the file is another log's and came here with a copy.
[[nodiscard]] std::optional<hot_location> read_hot_location(const std::filesystem::path& directory);
void write_hot_location(const std::filesystem::path& directory, const hot_location& where);
void remove_hot_location(const std::filesystem::path& directory);

// Of another boot's, this is in order. A place that cannot be looked at throws io_error.
[[nodiscard]] bool is_gone(const hot_location& where);

// Throws config_error, naming `direct` as the way out, unless `directory` lies in memory and
// `bytes_needed` fit there now. Makes the directory.
void check_hot_directory(const std::filesystem::path& directory, std::uint64_t bytes_needed);

// Gives the memory back whoever still maps the file; they see zeros.
void free_hot_file(int fd, const std::filesystem::path& path) noexcept;

// A new file with these bytes and zeros behind them, synced, in the place of a segment's old file.
// What the old one may have lost in a failed sync is gone with it.
[[nodiscard]] unique_fd replace_segment_file(const std::filesystem::path& directory,
                                             std::uint64_t index, std::span<const std::byte> bytes,
                                             std::size_t segment_bytes);

// What a writer that died left in memory goes to the disk. Returns what was found, for people;
// empty if nothing was. REQUIRES the log's writer lock.
std::string join_hot_tier(const std::filesystem::path& directory,
                          hot_loss loss = hot_loss::refused);

// Whether a loss was accepted since a writer last had the log.
[[nodiscard]] bool is_loss_accepted(const std::filesystem::path& directory);
void forget_accepted_loss(const std::filesystem::path& directory);

// The empty directory of one log's hot tier, with its lock file.
void remove_hot_directory(const std::filesystem::path& directory) noexcept;

enum class unbegun_kept : std::uint8_t {
    none,
    // That behind the last one begun. An end record there says that the log goes on: without the
    // next file, readers and verify miss a segment. The next writer's takes its name.
    next,
};
// Segments that were made ahead and never begun, and those half made. REQUIRES the writer lock.
void remove_unbegun_segments(const std::filesystem::path& directory, unbegun_kept kept);

}  // namespace detail

}  // namespace millrace::engine
