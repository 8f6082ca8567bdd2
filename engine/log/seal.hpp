// Seals: a chain of SHA-256 over the bytes of a log, in a file beside each segment.
//
//   NNNNNNNNNNNN.seal   header (128)  seal (128)  seal (128)  ...
//
// A seal covers a range of the segment's bytes, the first one from the segment's start, so the
// header is sealed too. Its hash takes in the hash before it, through all segments: who knows one
// hash of the chain can tell whether a single byte before it was changed, and who has the key can
// tell it without knowing a hash. See docs/log-format.md.
//
// Threading  a builder belongs to one thread
// Progress   add() hashes the record's bytes, some 1 to 3 ns each; not for a writing thread
// Invariant  ranges lie end to end; only the last seal of a segment says that the segment ends
// Units      positions in the log; sequences of the range; last_timestamp of its last record
// Source     journald's sealing; Certificate Transparency's head that is kept elsewhere
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/log/log_reader.hpp"
#include "engine/log/seal_key.hpp"
#include "engine/log/sha256.hpp"

namespace millrace::engine {

inline constexpr std::uint64_t seal_magic = 0x000a0d1a4c414553;  // "SEAL\x1a\r\n\0"
inline constexpr std::uint16_t seal_format_version = 1;
inline constexpr std::uint32_t seal_records_max = 64 * 1024;
inline constexpr std::int64_t seal_interval_ns = 1'000'000'000;

struct seal_header {
    std::uint64_t magic;
    std::uint16_t format_version;
    std::uint16_t seal_bytes;
    std::uint32_t reserved;
    std::uint8_t uuid[16];  // these four are the segment's
    std::uint64_t segment_index;
    std::uint64_t salt;
    std::uint64_t epoch;
    digest previous;  // hash of the last seal of the segment before; zeros where the chain begins
    std::uint8_t reserved_too[36];
    std::uint32_t crc;  // over the bytes before it
};
static_assert(sizeof(seal_header) == 128);
static_assert(offsetof(seal_header, uuid) == 16);
static_assert(offsetof(seal_header, previous) == 56);
static_assert(offsetof(seal_header, crc) == 124);
static_assert(std::is_trivially_copyable_v<seal_header>);

enum seal_flag : std::uint32_t {
    seal_flag_segment_end = 1,  // nothing follows in this segment
    seal_flag_keyed = 2,        // mac was made with a key
};

struct seal {
    std::uint64_t first_sequence;  // last_sequence + 1 where the range holds no numbered record
    std::uint64_t last_sequence;
    std::uint64_t begin;
    std::uint64_t end;
    std::int64_t last_timestamp;
    std::uint32_t flags;
    std::uint32_t reserved;
    digest hash;  // SHA-256(hash before ++ the log's bytes from begin to end ++ bytes 0..47)
    digest mac;   // HMAC-SHA-256(key, bytes 0..79), or zeros
    std::uint8_t reserved_too[12];
    std::uint32_t crc;  // over the segment's salt and epoch and the bytes before it

    [[nodiscard]] bool is_segment_end() const { return (flags & seal_flag_segment_end) != 0; }
    [[nodiscard]] bool is_keyed() const { return (flags & seal_flag_keyed) != 0; }
};
static_assert(sizeof(seal) == 128);
static_assert(offsetof(seal, flags) == 40);
static_assert(offsetof(seal, hash) == 48);
static_assert(offsetof(seal, mac) == 80);
static_assert(offsetof(seal, crc) == 124);
static_assert(std::is_trivially_copyable_v<seal>);

[[nodiscard]] std::string seal_file_name(std::uint64_t segment_index);
[[nodiscard]] seal_header make_seal_header(const segment_info& info,
                                           const digest& previous) noexcept;

// Makes the seals of one segment. `key` may be null; it and the segment must outlive the builder.
class seal_builder {
public:
    // `previous`: the hash of the last seal of the segment before, none where the chain begins.
    seal_builder(const segment& where, const digest& previous, const seal_key* key);
    // Goes on behind a seal of this segment.
    seal_builder(const segment& where, const seal& last, const seal_key* key);

    // The segment's next record, control records too. True: a range is full with it, or the segment
    // is: take last().
    [[nodiscard]] bool add(const record_view& record);
    // Seals what was added since the last seal. With `is_segment_end` also an empty range.
    void close_range(bool is_segment_end);
    // Whether close_range(false) has something to seal, and that is older than the interval.
    [[nodiscard]] bool is_due(timestamp now) const {
        return end_ > begin_ && now.ns - oldest_ns_ >= seal_interval_ns;
    }
    [[nodiscard]] bool has_unsealed() const { return end_ > begin_; }
    [[nodiscard]] const seal& last() const { return last_; }
    [[nodiscard]] position sealed_to() const { return {begin_}; }
    [[nodiscard]] position next_position() const { return {end_}; }
    [[nodiscard]] bool is_finished() const { return is_finished_; }

private:
    sha256 hash_;
    const seal_key* key_;
    std::uint32_t seed_;
    std::uint64_t begin_ = 0;
    std::uint64_t end_ = 0;
    std::uint64_t first_sequence_ = 0;
    std::uint64_t last_sequence_ = 0;
    std::int64_t last_timestamp_ = 0;
    std::int64_t oldest_ns_ = 0;  // of the range's first record
    std::uint32_t record_count_ = 0;
    bool is_finished_ = false;
    digest previous_;
    seal last_{};
};

// The sound seals of a file from its start on.
struct seal_contents {
    seal_header header{};
    std::vector<seal> seals;
    bool has_header = false;
    bool is_cut = false;  // the fault concerns no more than the file's last seal: it was cut short
    std::string fault;    // why the file is not sound to its end; empty if it is

    // Its seals reach the segment's end: nothing is left to be sealed there.
    [[nodiscard]] bool is_finished() const {
        return !seals.empty() && seals.back().is_segment_end();
    }
};
// What can be told without the segment's bytes and the key.
[[nodiscard]] seal_contents parse_seals(std::span<const std::byte> bytes, const segment_info& info);

// Whether the hash is that of the bytes. `bytes` are those from begin to end.
[[nodiscard]] bool is_hash_of(const seal& one, const digest& previous,
                              std::span<const std::byte> bytes);
[[nodiscard]] bool is_mac_of(const seal& one, const seal_key& key);

}  // namespace millrace::engine
