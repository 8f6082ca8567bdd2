// One segment file of a log: created by its writer, mapped by anybody.
//
// Threading  a segment object belongs to one thread; the bytes behind it are shared as format.hpp
//            says
// Errors     opening and creating throw; a file that is not a segment of this log is a damage_error
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/file.hpp"
#include "engine/core/types.hpp"
#include "engine/log/format.hpp"
#include "engine/log/hot_mirror.hpp"
#include "engine/log/hot_registry.hpp"
#include "engine/log/mapped_segments.hpp"
#include "engine/log/record_words.hpp"
#include "engine/log/segment_header.hpp"
#include "engine/log/segment_names.hpp"

namespace millrace::engine {

// Indexes of the segments of a log, ascending: of those a writer has begun, wherever their newest
// bytes are. Other files are ignored; an empty result is no error. Throws io_error where one cannot
// be looked at.
[[nodiscard]] std::vector<std::uint64_t> list_segments(const std::filesystem::path& directory);
namespace detail {
// Of names that were listed, those a writer has begun.
[[nodiscard]] std::vector<std::uint64_t> without_unbegun(const std::filesystem::path& directory,
                                                         std::vector<std::uint64_t> indexes);
}  // namespace detail
// False also where there is none; true where it cannot be looked at, so that whoever goes there is
// told why.
[[nodiscard]] bool is_segment_begun(const std::filesystem::path& directory,
                                    std::uint64_t index) noexcept;
// Reads and checks the header alone.
[[nodiscard]] segment_info read_segment_info(const std::filesystem::path& directory,
                                             std::uint64_t index);

// What a writer knows only when it begins on a segment.
struct segment_start {
    std::uint64_t epoch = 0;
    sequence base_sequence;
    timestamp base_timestamp;
    sequence previous_last_sequence;
    position previous_end;
};

namespace detail {
struct hot_location;
}

class segment {
public:
    segment() = default;
    segment(segment&&) noexcept = default;
    segment& operator=(segment&& other) noexcept;
    segment(const segment&) = delete;
    segment& operator=(const segment&) = delete;
    ~segment() = default;

    // Allocates for real, writes the header, touches every page, and only then gives the file its
    // name.
    [[nodiscard]] static segment create(const std::filesystem::path& directory,
                                        const segment_info& info);
    // A segment of a log in hot mode may be a copy that refresh() carries on, or, in the process
    // that writes it, the memory the writer writes. Its data() stays put and keeps its bytes
    // whatever becomes of the hot file.
    [[nodiscard]] static segment open(const std::filesystem::path& directory, std::uint64_t index,
                                      access mode);

    // Made ahead, in a file of whatever name behind `fd`: allocated, with the static part of its
    // header, of a salt of its own.
    [[nodiscard]] static segment make_ahead(int fd, const std::filesystem::path& path,
                                            segment_info info);
    // Faults every page from offset `from` on in for writing, so that no append pays for it.
    // REQUIRES write access and that nobody writes.
    void touch(const std::filesystem::path& path_for_errors, std::size_t from = 0);
    // From the return on readers find it. No system call, no page fault, no allocation.
    template <class Memory = native_memory>
    void begin(const segment_start& start, const detail::host_identity& host) noexcept;

    // True: there is more in data() than before, or the same from the disk. False at once where
    // data() is the file itself.
    [[nodiscard]] bool refresh() noexcept { return mirror_ != nullptr && refresh_mirror(); }

    // The file behind data() is shorter than what was mapped of it: a touch behind its end would
    // kill this process. One system call; false where data() is a copy, or the file has gone.
    [[nodiscard]] bool is_cut() const noexcept;

    [[nodiscard]] bool is_open() const { return map_.is_mapped(); }
    [[nodiscard]] const segment_info& info() const { return info_; }
    [[nodiscard]] std::byte* data() const { return map_.data(); }
    [[nodiscard]] std::uint32_t seed() const { return seed_; }

private:
    [[nodiscard]] static segment open_file_of(const std::filesystem::path& directory,
                                              std::uint64_t index, access mode);
    [[nodiscard]] static segment open_hot(const std::filesystem::path& directory,
                                          std::uint64_t index, const detail::hot_location& where);
    void take_header(const std::filesystem::path& path, std::uint64_t index);
    [[nodiscard]] bool refresh_mirror() noexcept;

    segment_info info_;
    mapping map_;
    // Behind map_, so that it goes first: nothing is mapped over an address that was given back.
    detail::hot_registration registration_;
    mapped_segment note_;  // likewise
    std::unique_ptr<detail::hot_mirror> mirror_;
    std::filesystem::path disk_path_;  // where data() is the file's, or a mirror's that will be
    std::uint32_t seed_ = 0;
};

template <class Memory>
void segment::begin(const segment_start& start, const detail::host_identity& host) noexcept {
    Memory::writing(this, sizeof *this);
    info_.epoch = start.epoch;
    info_.base_sequence = start.base_sequence;
    info_.base_timestamp = start.base_timestamp;
    info_.previous_last_sequence = start.previous_last_sequence;
    info_.previous_end = start.previous_end;
    seed_ = checksum_seed(info_.salt, info_.epoch);
    detail::store_activation_part<Memory>(map_.data(), detail::make_activation(info_, host));
}

// Up to the last byte that is not zero, at least `from`.
[[nodiscard]] std::size_t used_bytes(std::span<const std::byte> bytes, std::size_t from);

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
    removed_segment,  // retention removed it before the reader came to it
    cut_segment,      // its file is shorter than a segment, or became so while it was read
    bad_archived,     // the compressed file of a segment does not decompress
};
[[nodiscard]] std::string_view describe(damage_kind kind);

enum class record_state : std::uint8_t { absent, valid, damaged };

// What a reader meets.
struct record_probe {
    record_state state = record_state::absent;
    damage_kind kind = damage_kind::none;
    std::uint32_t length = 0;
};
// Looks at the bytes at `offset`; what is valid there may be read.
template <class Memory = native_memory>
[[nodiscard]] record_probe probe_record(const segment& where, std::size_t offset) noexcept;

template <class Memory>
record_probe probe_record(const segment& where, std::size_t offset) noexcept {
    const std::size_t size = where.info().segment_bytes;
    if (offset + record_header_bytes > size) {
        return {};
    }
    const std::byte* record = where.data() + offset;
    const std::uint64_t word = load_commit_word<Memory>(record);
    if (word == 0) {
        return {};
    }
    const std::uint32_t length = commit_length(word);
    if (length < record_header_bytes || length > size - offset ||
        length > record_bytes_limit(size)) {
        return {record_state::damaged, damage_kind::bad_length, 0};
    }
    Memory::reading(record + 8, length - 8);
    if (record_checksum(where.seed(), record, length) != commit_crc(word)) {
        return {record_state::damaged, damage_kind::bad_checksum, length};
    }
    return {record_state::valid, damage_kind::none, length};
}

extern template record_probe probe_record<native_memory>(const segment&, std::size_t) noexcept;

}  // namespace millrace::engine
