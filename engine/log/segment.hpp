// One segment file of a log: created by its writer, mapped by anybody.
//
// Threading  a segment object belongs to one thread; the bytes behind it are shared as format.hpp
//            says
// Errors     opening and creating throw; a file that is not a segment of this log is a damage_error
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/file.hpp"
#include "engine/core/types.hpp"
#include "engine/log/format.hpp"

namespace millrace::engine {

// What a segment's header says, checked.
struct segment_info {
    log_uuid uuid;
    std::uint64_t index = 0;
    std::uint64_t segment_bytes = 0;
    std::uint32_t header_bytes = 0;
    std::uint64_t salt = 0;
    std::uint64_t epoch = 0;
    sequence base_sequence;
    timestamp base_timestamp;
    sequence previous_last_sequence;
    position previous_end;
    log_uuid origin;  // the log this one was salvaged from, if it was
    std::string schema;

    [[nodiscard]] position first_position() const { return {index * segment_bytes}; }
    [[nodiscard]] position first_record() const { return {index * segment_bytes + header_bytes}; }
};

[[nodiscard]] std::string segment_file_name(std::uint64_t index);
// Indexes of the segment files in a directory, ascending. Other files are ignored; an empty result
// is no error.
[[nodiscard]] std::vector<std::uint64_t> list_segments(const std::filesystem::path& directory);
// Reads and checks the header alone.
[[nodiscard]] segment_info read_segment_info(const std::filesystem::path& directory,
                                             std::uint64_t index);

class segment {
public:
    segment() = default;

    // Allocates for real, writes the header, touches every page, and only then gives the file its
    // name.
    [[nodiscard]] static segment create(const std::filesystem::path& directory,
                                        const segment_info& info);
    [[nodiscard]] static segment open(const std::filesystem::path& directory, std::uint64_t index,
                                      access mode);

    [[nodiscard]] bool is_open() const { return map_.is_mapped(); }
    [[nodiscard]] const segment_info& info() const { return info_; }
    [[nodiscard]] std::byte* data() const { return map_.data(); }
    [[nodiscard]] std::uint32_t seed() const { return seed_; }

private:
    segment_info info_;
    mapping map_;
    std::uint32_t seed_ = 0;
};

enum class damage_kind : std::uint8_t {
    none,
    bad_length,       // the commit word's length is impossible here
    bad_checksum,     // length and checksum disagree with the bytes
    bad_sequence,     // not the number that follows
    bad_timestamp,    // not later than the record before
    bad_header,       // a segment header fails its checks
    foreign_segment,  // a segment of another log
    missing_segment,  // a segment that others say exists is gone
    missing_records,  // zeros where the next segment says records are
};
[[nodiscard]] std::string_view describe(damage_kind kind);

enum class record_state : std::uint8_t { absent, valid, damaged };

// Looks at the bytes at `offset` as a reader meets them. `word` is the commit word loaded with
// acquire order.
struct record_probe {
    record_state state = record_state::absent;
    damage_kind kind = damage_kind::none;
    std::uint32_t length = 0;
};
[[nodiscard]] record_probe probe_record(const segment& where, std::size_t offset) noexcept;

[[nodiscard]] inline std::uint64_t load_commit_word(const std::byte* record) noexcept {
    auto* word = const_cast<std::uint64_t*>(reinterpret_cast<const std::uint64_t*>(record));
    // acquire: pairs with log_writer.hpp: publish
    return std::atomic_ref<std::uint64_t>(*word).load(std::memory_order_acquire);
}

}  // namespace millrace::engine
