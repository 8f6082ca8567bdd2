// How far a log is on stable storage, in a small file that other processes read: durable.mark.
//
//   0       8   12  16      32                  64        72        80
//   +-------+---+---+-------+-------------------+---------+---------+---------+
//   | magic | v |crc| uuid  | zeros             |position | sequence| retired |   4096 bytes
//   +-------+---+---+-------+-------------------+---------+---------+---------+
//
// Threading  one thread at a time writes (the log's persister, or who recovers it); any number read
// Invariant  each value only grows, and is true when it is stored: what lies before `position`, and
//            the records up to `sequence`, have been synced; segments below `retired` are read from
//            the disk, whole and for ever
// Units      position and sequence as in core/types.hpp; retired: an index of a segment
// Errors     opening for writing throws io_error; a file that is not this log's mark reads as none
#pragma once

#include <atomic>
#include <filesystem>

#include "engine/core/file.hpp"
#include "engine/core/types.hpp"

namespace millrace::engine {

class durable_mark {
public:
    durable_mark() = default;

    // A mark of another log, or a damaged one, is begun anew: from zero, which is always true.
    [[nodiscard]] static durable_mark open_for_writing(const std::filesystem::path& directory,
                                                       const log_uuid& uuid);
    // Not open: there is none, or none of this log.
    [[nodiscard]] static durable_mark open(const std::filesystem::path& directory,
                                           const log_uuid& uuid) noexcept;

    [[nodiscard]] bool is_open() const { return map_.is_mapped(); }
    // A later value of one may be read together with an earlier one of another; each holds by
    // itself. Zero if not open.
    [[nodiscard]] position durable_position() const noexcept { return {load(position_word)}; }
    [[nodiscard]] sequence durable_sequence() const noexcept { return {load(sequence_word)}; }
    [[nodiscard]] std::uint64_t retired_below() const noexcept { return load(retired_word); }

    void set_durable(position at, sequence last) noexcept;
    void set_retired_below(std::uint64_t index) noexcept;

private:
    static constexpr std::size_t position_word = 8;
    static constexpr std::size_t sequence_word = 9;
    static constexpr std::size_t retired_word = 10;

    explicit durable_mark(mapping map) : map_(std::move(map)) {}
    [[nodiscard]] std::atomic_ref<std::uint64_t> at(std::size_t word) const noexcept {
        return std::atomic_ref<std::uint64_t>(reinterpret_cast<std::uint64_t*>(map_.data())[word]);
    }
    [[nodiscard]] std::uint64_t load(std::size_t word) const noexcept {
        return is_open() ? at(word).load(std::memory_order_acquire) : 0;
    }

    mapping map_;
};

inline constexpr std::string_view durable_mark_name = "durable.mark";

}  // namespace millrace::engine
