// The sparse index of a segment: a file beside it that says where some of its records begin.
//
//   NNNNNNNNNNNN.idx   header (64)  entry (32)  entry (32)  ...
//
// The first numbered record has an entry, then each that stands 64 KiB or 1,024 records behind the
// last one with an entry. Entries are only ever added, so a file may be read while it grows. What
// it says is believed only where the segment agrees: a lost or wrong index costs time, never truth.
// See docs/log-format.md.
//
// Threading  index_writer: the one writer's process, one thread; looking up: any thread or process
// Progress   a look-up reads O(log entries) of the file; add() makes a system call each 128 entries
// Invariant  the entries of a segment follow from its records alone: whoever builds it, same bytes
// Units      offset: bytes from the start of the segment
// Errors     opening a writer throws io_error; adding keeps the errno; a bad index is no error
// Source     Kafka's and LevelDB's sparse indexes
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/core/file.hpp"
#include "engine/log/log_reader.hpp"

namespace millrace::engine {

inline constexpr std::uint64_t index_magic = 0x000a0d1a58444941;  // "AIDX\x1a\r\n\0"
inline constexpr std::uint16_t index_format_version = 1;
inline constexpr std::size_t index_stride_bytes = 64 * 1024;
inline constexpr std::uint32_t index_stride_records = 1024;

struct index_header {
    std::uint64_t magic;
    std::uint16_t format_version;
    std::uint16_t entry_bytes;
    std::uint32_t reserved;
    std::uint8_t uuid[16];  // these four are the segment's
    std::uint64_t segment_index;
    std::uint64_t salt;
    std::uint64_t epoch;
    std::uint32_t reserved_too;
    std::uint32_t crc;  // over the bytes before it
};
static_assert(sizeof(index_header) == 64);
static_assert(offsetof(index_header, uuid) == 16);
static_assert(offsetof(index_header, epoch) == 48);
static_assert(offsetof(index_header, crc) == 60);
static_assert(std::is_trivially_copyable_v<index_header>);

//   0 sequence(8)   8 timestamp(8)   16 offset(8)   24 zero(4)   28 crc32c(4)
struct index_entry {
    std::uint64_t sequence;
    std::int64_t timestamp;
    std::uint64_t offset;
    std::uint32_t reserved;
    std::uint32_t crc;  // over the segment's salt and epoch and the bytes before it
    friend bool operator==(const index_entry&, const index_entry&) = default;
};
static_assert(sizeof(index_entry) == 32);
static_assert(offsetof(index_entry, offset) == 16);
static_assert(offsetof(index_entry, crc) == 28);
static_assert(std::is_trivially_copyable_v<index_entry>);

[[nodiscard]] std::string index_file_name(std::uint64_t segment_index);
[[nodiscard]] index_header make_index_header(const segment_info& info) noexcept;
[[nodiscard]] bool is_index_header_of(const index_header& header,
                                      const segment_info& info) noexcept;
[[nodiscard]] bool is_index_entry_sound(const index_entry& entry, std::uint32_t seed) noexcept;

// Says which records get an entry.
class index_builder {
public:
    explicit index_builder(const segment_info& info)
        : first_position_(info.first_position().value),
          seed_(checksum_seed(info.salt, info.epoch)) {}

    // Records of the segment in order, control records too. True: this one gets entry().
    [[nodiscard]] bool add(const record_view& record) noexcept;
    [[nodiscard]] const index_entry& entry() const { return entry_; }
    // Goes on as if `entry` had been the last one made. The record it names comes again, and is
    // known.
    void resume_at(const index_entry& entry) noexcept;

private:
    std::uint64_t first_position_;
    std::uint32_t seed_;
    std::uint32_t records_behind_ = 0;
    bool has_entry_ = false;
    index_entry entry_{};
};

// Keeps the index file of one segment.
class index_writer {
public:
    // What the file rightly says is kept; what the segment holds beyond it, up to `until`, is added
    // at once. An entry should not say more than what is durable: a loss of power would belie it.
    index_writer(const std::filesystem::path& directory, const segment& where,
                 position until = {UINT64_MAX});

    // The segment's next record. Those behind which the file already is are passed over.
    void add(const record_view& record) noexcept;
    // Entries reach the file in groups, and here. False: see last_error(); the entries are kept.
    bool flush() noexcept;

    [[nodiscard]] position next_position() const { return next_; }
    [[nodiscard]] std::size_t entry_count() const { return entry_count_; }
    [[nodiscard]] int last_error() const { return last_error_; }  // errno, 0 when all went well

private:
    static constexpr std::size_t pending_max = 128;

    [[nodiscard]] std::vector<index_entry> load_confirmed(const segment& where) const;
    void catch_up(const segment& where, segment_cursor cursor, position until);

    std::filesystem::path path_;
    unique_fd fd_;
    index_builder builder_;
    std::array<index_entry, pending_max> pending_{};
    std::size_t pending_count_ = 0;
    std::size_t entry_count_ = 0;  // made, pending ones included
    std::size_t written_bytes_ = 0;
    position next_;
    int last_error_ = 0;
    bool is_short_ = false;  // the disk refused an entry: the index ends there until it is reopened
};

// Makes the index of a segment anew, whatever file is there, and renames it into place. Returns the
// number of entries. It ends where the segment's records end or are damaged.
std::size_t rebuild_index(const std::filesystem::path& directory, const segment& where);

struct indexed_log {
    std::size_t segment_count = 0;
    std::size_t entry_count = 0;
    std::string note;  // of a hot tier that was brought home first, for people
};
// Makes the index of every segment anew. Beside a writer, of every segment but the newest, whose
// index that writer keeps.
[[nodiscard]] indexed_log index_log(const std::filesystem::path& directory);

enum class index_answer : std::uint8_t {
    found,     // begin at the entry
    nothing,   // no entry lies so far ahead, or there is no index: begin at the segment's start
    unusable,  // the index is damaged, foreign, or the segment does not agree: the same
};
struct index_lookup {
    index_answer answer = index_answer::nothing;
    index_entry entry{};
};
// The last entry of the segment's index that does not lie behind what `from` asks for.
[[nodiscard]] index_lookup look_up(const std::filesystem::path& directory, const segment& where,
                                   const read_from& from) noexcept;

// All sound entries from the start on; the rest is cut off at the first that is none. An empty
// result has a reason.
struct index_contents {
    std::vector<index_entry> entries;
    bool is_cut = false;  // the fault is no more than a last entry that was not written to its end
    std::string fault;    // why the file ends before its end; empty if it does not
};
[[nodiscard]] index_contents parse_index(std::span<const std::byte> bytes,
                                         const segment_info& info);

}  // namespace millrace::engine
