// The bytes of a segment's file, any of which may be wrong: what its header says, or said before a
// bit of it flipped, and which records are whole.
//
// Threading  pure functions; a walk belongs to one thread and reads bytes that nobody changes but
//            by committing records
// Progress   a walk over damage tries each place a record may begin at; nothing allocates in it
// Errors     none is thrown: damage is the answer
// Units      offsets from the start of the segment; positions in records
#pragma once

#include <span>
#include <string>

#include "engine/log/log_reader.hpp"

namespace millrace::engine {

// What the first bytes of a file say.
struct header_image {
    segment_info info;              // valid if is_usable
    bool is_usable = false;         // the header is whole, or is once one bit is put right
    bool is_damaged = false;        // it is not as it was written
    std::string fault;              // what is wrong with it
    std::size_t padding_fault = 0;  // offset of a byte behind the schema that is not zero; 0: none
};
[[nodiscard]] header_image read_header_image(std::span<const std::byte> bytes);

// The checksum seed of a segment whose header is lost, computed from two records that agree on it.
struct found_seed {
    bool is_found = false;
    std::uint32_t seed = 0;
    record_header first;  // the record at `offset`
    std::size_t offset = 0;
};
[[nodiscard]] found_seed find_seed(std::span<const std::byte> bytes, std::size_t from) noexcept;

// A stretch of bytes where a record should be and no whole one is, or one that does not belong.
struct image_hole {
    damage_kind kind = damage_kind::none;
    std::size_t begin = 0;
    std::size_t end = 0;  // where the next whole record begins
    sequence first_lost;  // numbered records known to be lost: first_lost to last_lost,
    sequence last_lost;   // none where last_lost < first_lost
};

// Where the records of a segment end.
struct image_end {
    std::size_t offset = 0;                // behind the last whole record
    damage_kind kind = damage_kind::none;  // why the bytes there are no record; none: no commit
    std::size_t dirty_begin = 0;           // the first and
    std::size_t dirty_end = 0;             // behind the last byte that is not zero; equal: clean
};

enum class image_step : std::uint8_t { record, hole, padding, end };

// Walks a segment's records and steps over damage to the next whole record that belongs there.
class image_walk {
public:
    // `bytes` may be fewer than the segment has. `seed` is its checksum seed. From
    // `left_from` on, what stands behind a hole was left by a loss of power, and the walk ends
    // before it; 0: nothing says so.
    image_walk(std::span<const std::byte> bytes, const segment_info& info, std::uint32_t seed,
               std::size_t left_from = 0) noexcept;

    // record: record(). hole: hole(), and behind it goes on. padding: the zeros behind record()
    // hold another byte, at padding_offset(). end: where_ended(); so is every call after it.
    [[nodiscard]] image_step next() noexcept;

    [[nodiscard]] const record_view& record() const { return record_; }
    [[nodiscard]] const image_hole& hole() const { return hole_; }
    [[nodiscard]] std::size_t padding_offset() const { return padding_offset_; }
    [[nodiscard]] const image_end& where_ended() const { return end_; }
    [[nodiscard]] std::size_t offset() const { return offset_; }
    [[nodiscard]] sequence last_sequence() const { return last_sequence_; }
    [[nodiscard]] timestamp last_timestamp() const { return last_timestamp_; }

private:
    struct probe {
        record_state state = record_state::absent;
        damage_kind kind = damage_kind::none;
        std::uint32_t length = 0;
        record_header header{};
    };
    [[nodiscard]] probe probe_at(std::size_t offset) const noexcept;
    [[nodiscard]] bool is_later(const record_header& header) const noexcept;
    [[nodiscard]] std::size_t find_later(std::size_t from) const noexcept;
    [[nodiscard]] image_step take(const probe& found) noexcept;
    [[nodiscard]] bool is_left_behind(std::size_t to) const noexcept;
    [[nodiscard]] image_step step_over(damage_kind kind, std::size_t to) noexcept;
    [[nodiscard]] image_step finish(damage_kind kind) noexcept;

    std::span<const std::byte> bytes_;
    std::uint64_t first_position_;
    std::size_t length_max_;
    std::uint32_t seed_;
    std::size_t left_from_;
    std::size_t offset_;
    sequence last_sequence_;
    timestamp last_timestamp_;
    record_view record_;
    image_hole hole_;
    image_end end_;
    std::size_t padding_offset_ = 0;
    bool has_padding_fault_ = false;  // still to be told
    bool is_over_hole_ = false;       // the hole before this offset has been told
};

// The first byte from `from` to `until` that is not zero; `until` if all are.
[[nodiscard]] std::size_t first_nonzero(std::span<const std::byte> bytes, std::size_t from,
                                        std::size_t until) noexcept;

}  // namespace millrace::engine
