// The bytes of an audit log, format version 1: segment header and record header.
//
// A log is a directory of segments, files of one fixed size named by their 12-digit index:
//
//   000000000000.alog  000000000001.alog  ...          position = index * segment_bytes + offset
//
// A segment is a header (static part, activation part, schema text; padded to header_bytes), then
// records back to back, each aligned to 32 bytes, then zeros. Little-endian throughout. See
// docs/log-format.md.
//
//   record   0        4        8            16             24     26 27   28       30     32
//            +--------+--------+------------+--------------+------+--+--+--------+------+---------
//            | length | crc32c | sequence   | timestamp ns | type |fl|hw| source | user | payload
//            +--------+--------+------------+--------------+------+--+--+--------+------+---------
//            \-- commit word --/
//
// Invariant  the commit word is stored last, by one aligned 8-byte release store; zero means
//            "nothing here yet"
// Invariant  whenever a commit word is stored, the 8 bytes where the next one will sit are zero
// Invariant  behind every record but close and end there is room for both of these
// Units      length: header and payload, without the padding to the alignment
// Source     checksum covers salt, epoch, length and bytes 8..length, so stale or foreign bytes
//            never validate
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "engine/core/crc32c.hpp"
#include "engine/core/types.hpp"

namespace millrace::engine {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

inline constexpr std::uint64_t segment_magic = 0x000a0d1a474f4c41;  // "ALOG\x1a\r\n\0"
inline constexpr std::uint16_t log_format_version = 1;
inline constexpr std::size_t record_alignment = 32;
inline constexpr std::size_t record_header_bytes = 32;
inline constexpr std::size_t segment_header_bytes_min = 4096;
inline constexpr std::size_t segment_bytes_min = 64 * 1024;
inline constexpr std::size_t segment_bytes_max = std::size_t{1} << 30;
inline constexpr std::size_t schema_offset = 256;

// Types below control_type_first belong to the log's owner.
inline constexpr std::uint16_t control_type_first = 0xff00;
enum class control_type : std::uint16_t {
    end = 0xff01,       // nothing follows in this segment; the next one exists
    snapshot = 0xff02,  // the owner's state as of here; opens a segment
    close = 0xff03,     // the writer closed in order; the next writer may go on behind it
    clock = 0xff04,     // the clock that timestamps come from moved
    gap = 0xff05,       // stands where records were lost; its sequence is that of the last of them
};

// The payload of a gap record, where there is room for one. The record stands where the lost ones
// stood, so its own begin and end are theirs.
struct gap_payload {
    std::uint64_t first_sequence;  // lost
    std::uint64_t last_sequence;   // first_sequence - 1: no sequence is known to be lost
    std::uint32_t reason;          // a damage_kind, as the record's source field
    std::uint32_t flags;           // bit 0: how much was lost is not known
    std::uint64_t reserved;
};
static_assert(sizeof(gap_payload) == 32);
static_assert(std::is_trivially_copyable_v<gap_payload>);
inline constexpr std::uint32_t gap_flag_unknown = 1;

// The payload of a clock record. An offset is the time of records minus the monotonic clock.
struct clock_payload {
    std::int64_t realtime_ns;    // the host's real-time clock, and
    std::int64_t monotonic_ns;   // its monotonic clock at the same instant
    std::int64_t old_offset_ns;  // of the records before this one
    std::int64_t new_offset_ns;  // of those behind it, once it has caught up with them
    std::uint64_t number;        // counts the moves of this clock in the life of its process
    std::uint32_t reason;        // a clock_reason
    std::uint32_t reserved;
};
static_assert(sizeof(clock_payload) == 48);
static_assert(offsetof(clock_payload, number) == 32);
static_assert(std::is_trivially_copyable_v<clock_payload>);

enum record_flag : std::uint8_t {
    record_flag_control =
        1,  // takes no sequence, is not streamed; the sequence field repeats the last one
};

struct record_header {
    std::uint64_t commit;
    std::uint64_t sequence;
    std::int64_t timestamp;
    std::uint16_t type;
    std::uint8_t flags;
    std::uint8_t header_words;  // 4: the header's 8-byte words
    std::uint16_t source;       // owner's, 0 by default
    std::uint16_t user;         // owner's, 0 by default
};
static_assert(sizeof(record_header) == record_header_bytes);
static_assert(offsetof(record_header, sequence) == 8);
static_assert(offsetof(record_header, timestamp) == 16);
static_assert(offsetof(record_header, type) == 24);
static_assert(offsetof(record_header, source) == 28);
static_assert(std::is_trivially_copyable_v<record_header>);

// Written once, before the segment gets its final name.
struct segment_static {
    std::uint64_t magic;
    std::uint16_t format_version;
    std::uint16_t alignment;
    std::uint32_t header_bytes;
    std::uint32_t compatible_flags;    // unknown bits may be ignored
    std::uint32_t incompatible_flags;  // unknown bits: refuse the segment
    std::uint64_t segment_bytes;
    std::uint64_t segment_index;
    std::uint8_t uuid[16];
    std::uint64_t salt;  // random per segment
    std::uint32_t schema_bytes;
    std::uint32_t schema_version;
    std::int64_t created_ns;
    std::uint8_t origin[16];  // uuid of the log this one was salvaged from, else zeros
    std::uint8_t reserved[28];
    std::uint32_t crc;  // over the bytes before it and the schema text
};
static_assert(sizeof(segment_static) == 128);
static_assert(offsetof(segment_static, salt) == 56);
static_assert(offsetof(segment_static, origin) == 80);
static_assert(offsetof(segment_static, crc) == 124);

// The upper half of an epoch counts how often somebody accepted that the log's hot tier is lost;
// then the lower half begins anew.
inline constexpr std::uint64_t epochs_per_loss = std::uint64_t{1} << 32;
[[nodiscard]] constexpr std::uint64_t accepted_losses(std::uint64_t epoch) {
    return epoch / epochs_per_loss;
}
[[nodiscard]] constexpr std::uint64_t next_epoch(std::uint64_t epoch, bool is_behind_loss) {
    return is_behind_loss ? (accepted_losses(epoch) + 1) * epochs_per_loss + 1 : epoch + 1;
}

// Written by the writer when it starts on the segment; never changed afterwards.
struct segment_activation {
    std::uint64_t epoch;  // raised by every start of a writer that could not go on behind a close
    std::uint64_t base_sequence;  // of the first sequenced record here
    std::int64_t base_timestamp;  // every timestamp here is greater
    std::uint64_t previous_last_sequence;
    std::uint64_t
        previous_end;  // position behind the last record of the segment before; 0 in the first
    std::int64_t clock_realtime_ns;
    std::int64_t clock_monotonic_ns;
    std::uint8_t boot_id[16];
    std::uint32_t process_id;
    std::uint8_t reserved[48];
    std::uint32_t crc;  // over the bytes before it
};
static_assert(sizeof(segment_activation) == 128);
static_assert(offsetof(segment_activation, crc) == 124);
static_assert(sizeof(segment_static) + sizeof(segment_activation) == schema_offset);

[[nodiscard]] constexpr std::size_t align_record(std::size_t length) {
    return (length + record_alignment - 1) & ~(record_alignment - 1);
}

// Header included. Eight of the largest records need no more than two segments.
[[nodiscard]] constexpr std::size_t record_bytes_limit(std::size_t segment_bytes) {
    return segment_bytes / 8;
}

// Where the last record of a segment ends at the latest: a close and an end record must fit behind
// it.
[[nodiscard]] constexpr std::size_t records_end_limit(std::size_t segment_bytes) {
    return segment_bytes - 2 * record_header_bytes;
}

[[nodiscard]] constexpr std::uint64_t make_commit_word(std::uint32_t length, std::uint32_t crc) {
    return (static_cast<std::uint64_t>(crc) << 32) | length;
}
[[nodiscard]] constexpr std::uint32_t commit_length(std::uint64_t word) {
    return static_cast<std::uint32_t>(word);
}
[[nodiscard]] constexpr std::uint32_t commit_crc(std::uint64_t word) {
    return static_cast<std::uint32_t>(word >> 32);
}

// The header's last eight bytes, from `type` on, with source and user 0.
[[nodiscard]] constexpr std::uint64_t make_kind_word(std::uint16_t type, std::uint8_t flags) {
    constexpr std::uint64_t header_words = record_header_bytes / 8;
    return type | (std::uint64_t{flags} << 16) | (header_words << 24);
}

// The part of the checksum that is the same for every record of a segment.
[[nodiscard]] inline std::uint32_t checksum_seed(std::uint64_t salt, std::uint64_t epoch) noexcept {
    const std::uint64_t words[2] = {salt, epoch};
    return crc32c(0, words, sizeof words);
}

// `record` points at the record header; its bytes 8..length must be in place.
[[nodiscard]] inline std::uint32_t record_checksum(std::uint32_t seed, const std::byte* record,
                                                   std::uint32_t length) noexcept {
    return crc32c_prefixed(seed, length, record + 8, length - 8);
}

}  // namespace millrace::engine
