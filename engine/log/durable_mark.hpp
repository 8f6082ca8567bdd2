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
// Errors     all but open() throw io_error; a file that is not this log's mark reads as none
#pragma once

#include <atomic>
#include <filesystem>

#include "engine/core/file.hpp"
#include "engine/core/native_memory.hpp"
#include "engine/core/types.hpp"
#include "engine/log/crash_point.hpp"

namespace millrace::engine {

namespace detail {

// The three words of a mark: all that is written of it once it is made.
template <class Memory = native_memory>
class mark_words {
public:
    explicit mark_words(std::uint64_t* words) : words_(words) {}

    [[nodiscard]] position durable_position() const noexcept {
        // acquire: pairs with durable_mark.hpp: set_durable
        return {at(position_word).load(std::memory_order_acquire)};
    }
    [[nodiscard]] sequence durable_sequence() const noexcept {
        // acquire: pairs with durable_mark.hpp: set_durable
        return {at(sequence_word).load(std::memory_order_acquire)};
    }
    [[nodiscard]] std::uint64_t retired_below() const noexcept {
        // acquire: pairs with durable_mark.hpp: set_retired_below
        return at(retired_word).load(std::memory_order_acquire);
    }
    void set_durable(position to, sequence last) noexcept {
        // release: pairs with durable_mark.hpp: durable_sequence
        at(sequence_word).store(last.value, std::memory_order_release);
        MILLRACE_CRASH_POINT("mark.half_stored");
        // release: pairs with durable_mark.hpp: durable_position
        at(position_word).store(to.value, std::memory_order_release);
    }
    void set_retired_below(std::uint64_t index) noexcept {
        // release: pairs with durable_mark.hpp: retired_below
        at(retired_word).store(index, std::memory_order_release);
    }

private:
    static constexpr std::size_t position_word = 0;
    static constexpr std::size_t sequence_word = 1;
    static constexpr std::size_t retired_word = 2;

    using word_ref = typename Memory::template atomic_ref<std::uint64_t>;
    [[nodiscard]] word_ref at(std::size_t word) const noexcept { return word_ref(words_[word]); }

    std::uint64_t* words_;
};

}  // namespace detail

class durable_mark {
public:
    durable_mark() = default;

    // A mark of another log, or a damaged one, is begun anew: from zero, which is always true.
    [[nodiscard]] static durable_mark open_for_writing(const std::filesystem::path& directory,
                                                       const log_uuid& uuid);
    // Not open: there is none, or none of this log. One that is there and cannot be read throws
    // io_error: for whoever would lose records if it passed for none.
    [[nodiscard]] static durable_mark open_if_there(const std::filesystem::path& directory,
                                                    const log_uuid& uuid);
    // The same, and not open either where it cannot be read.
    [[nodiscard]] static durable_mark open(const std::filesystem::path& directory,
                                           const log_uuid& uuid) noexcept;

    // What the directory's mark says, of whatever log it is. Zero: there is none, or a damaged one.
    [[nodiscard]] static position position_of_any(const std::filesystem::path& directory);

    [[nodiscard]] bool is_open() const { return map_.is_mapped(); }
    // A later value of one may be read together with an earlier one of another; each holds by
    // itself, and who reads one finds the records it speaks of. A sequence read after a position is
    // not older than that, nor a position read after retired. Zero if not open.
    [[nodiscard]] position durable_position() const noexcept {
        return is_open() ? words().durable_position() : position{};
    }
    [[nodiscard]] sequence durable_sequence() const noexcept {
        return is_open() ? words().durable_sequence() : sequence{};
    }
    [[nodiscard]] std::uint64_t retired_below() const noexcept {
        return is_open() ? words().retired_below() : 0;
    }

    void set_durable(position at, sequence last) noexcept;
    void set_retired_below(std::uint64_t index) noexcept;

private:
    static constexpr std::size_t words_offset = 64;

    explicit durable_mark(mapping map) : map_(std::move(map)) {}
    [[nodiscard]] detail::mark_words<> words() const noexcept {
        return detail::mark_words<>(reinterpret_cast<std::uint64_t*>(map_.data() + words_offset));
    }

    mapping map_;
};

inline constexpr std::string_view durable_mark_name = "durable.mark";

}  // namespace millrace::engine
