// All segments of a log as they lie there, whatever is wrong with them: which belong to the log,
// which under another name, and which are missing. Those made ahead and not begun are none of them.
// What a hot tier holds is read there, and left as it is.
//
// Threading  immutable once opened; many threads may read it
// Errors     open_log_image() throws error where there is no segment, damage_error where no segment
//            has a readable header, io_error
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/file.hpp"
#include "engine/log/segment_image.hpp"

namespace millrace::engine {

enum class segment_identity : std::uint8_t {
    own,       // what its name says
    foreign,   // of another log
    swapped,   // under the name of another segment, which lies under its own
    doubled,   // a copy of a segment that is there under its own name too
    misnamed,  // under the name of another segment, and its own is free
    unknown,   // its header cannot be read, and nothing else says what it is
};

struct segment_file {
    std::filesystem::path path;
    std::uint64_t name_index = 0;
    mapping map;          // the disk's file, or a copy of the hot tier's
    mapped_segment note;  // of map, where that is the disk's file
    segment followed;     // of a log that is being written in hot mode: stands for `map`
    bool is_hot = false;  // its newest bytes are in the hot tier alone
    header_image header;
    segment_identity identity = segment_identity::unknown;
    bool is_usable = false;    // info and seed are known: its records can be walked
    bool is_unpacked = true;   // false: it is archived, and does not decompress
    bool is_inferred = false;  // info was put together from other segments and from records
    segment_info info;
    std::uint32_t seed = 0;
    // Where the next segment's header says that the log went on without what stands behind, after a
    // loss of power; 0: it says no such thing.
    std::size_t left_from = 0;

    [[nodiscard]] std::span<const std::byte> bytes() const {
        return followed.is_open()
                   ? std::span<const std::byte>(followed.data(), followed.info().segment_bytes)
                   : std::span<const std::byte>(map.data(), map.size());
    }
    // Belongs to this log and is the one that stands for its index.
    [[nodiscard]] bool is_in_place() const {
        return is_usable && identity != segment_identity::foreign &&
               identity != segment_identity::doubled;
    }
};

struct log_image {
    std::filesystem::path directory;
    log_uuid uuid;  // of most of its segments
    std::uint64_t segment_bytes = 0;
    std::uint32_t header_bytes = 0;
    std::string schema;
    std::vector<segment_file> files;  // by name
    std::size_t spare_count = 0;      // made ahead, not begun
    std::size_t hot_count = 0;        // files whose newest bytes are in the hot tier
    std::string hot_text;           // of the hot tier, a sentence for people; empty: there is none
    std::uint64_t first_index = 0;  // of the segments that should be here: the oldest
    std::uint64_t last_index = 0;   // and the newest
    std::string retained_fault;     // why nobody knows what retention removed; empty: it is known

    // The file that is segment `index`, under whatever name; null: none is.
    [[nodiscard]] const segment_file* find(std::uint64_t index) const;
};
// `is_live`: a writer is at work.
[[nodiscard]] log_image open_log_image(const std::filesystem::path& directory,
                                       bool is_live = false);

}  // namespace millrace::engine
