// How far a reader of a log has come that is no route of ours: a named file in the log's directory,
// which the reader moves after its effect, and which retention does not pass.
//
//   LOG/cursors/NAME: two slots of 128 bytes, written in turn; the valid one with the higher
//   generation counts
//   0      8            16       32         40         48     56        64      72    ... 124
//   | magic | generation | uuid   | position | sequence | time | updated | name  | 0     | crc32c |
//
// A loss of power may take records that a reader has done, and new ones take their sequences. A
// cursor that is opened is held against the log, and goes back behind the last record it has done
// that is still there: its reader may see a record twice, which it must bear anyhow, but passes
// over none.
//
// Threading  a cursor belongs to one thread of one process (its lock); what is read without opening
//            one is for any, beside it
// Progress   update() is one store into a mapped page; nothing waits for a disk
// Invariant  the file gets its name with a valid slot in it
// Units      position: behind the last record done; sequence and time: of that record
// Errors     opening throws: locked_error if it is held, config_error if it is of another log or
//            its name cannot be, damage_error if no slot is valid, and what log_reader throws
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/file.hpp"
#include "engine/core/types.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/read_place.hpp"

namespace millrace::engine {

inline constexpr std::size_t cursor_name_size_max = 64;

struct cursor_state {
    position at;        // the next record begins here
    sequence seq;       // done; 0: nothing yet
    timestamp time;     // when that record was committed; 0: none, or it was not looked up
    timestamp updated;  // when the reader said so
};

// Records that a reader has done, and that its log does not have any more.
struct lost_records {
    sequence first;
    sequence last;  // 0: none
    [[nodiscard]] bool is_none() const noexcept { return last.is_none(); }
};

class reader_cursor {
public:
    // Opens, or creates one that has done nothing of what the log still keeps.
    reader_cursor(const std::filesystem::path& log_directory, std::string_view name);

    [[nodiscard]] const cursor_state& state() const noexcept { return state_; }
    // Where to go on.
    [[nodiscard]] read_from next() const noexcept { return read_from::at_sequence(seq().next()); }
    [[nodiscard]] sequence seq() const noexcept { return state_.seq; }
    // What this opening has found to be lost: the reader goes on at `first`, with other records,
    // and has to take back what it made of those that are gone, if it can.
    [[nodiscard]] const lost_records& lost() const noexcept { return lost_; }
    // After the effect of `done`. REQUIRES: not before state().
    void update(const record_view& done) noexcept;
    // Anywhere, backwards too.
    void set(const cursor_state& to) noexcept;

private:
    void go_back_to_survivor(const std::filesystem::path& log_directory);
    void write_slot() noexcept;

    file_lock lock_;
    mapping map_;
    log_uuid uuid_;
    std::uint64_t name_hash_ = 0;
    std::uint64_t generation_ = 0;
    std::size_t newest_slot_ = 0;  // never the next one written
    cursor_state state_;
    lost_records lost_;
};

// Names, sorted; none is no error.
[[nodiscard]] std::vector<std::string> list_reader_cursors(
    const std::filesystem::path& log_directory);
// As the file says. Takes no lock and needs no right to write.
[[nodiscard]] cursor_state read_reader_cursor(const std::filesystem::path& log_directory,
                                              std::string_view name);
[[nodiscard]] std::filesystem::path reader_cursor_path(const std::filesystem::path& log_directory,
                                                       std::string_view name);
// Whose lock it is: is_lock_held and lock_holder take it.
[[nodiscard]] std::filesystem::path reader_cursor_lock(const std::filesystem::path& log_directory,
                                                       std::string_view name);
// For good: retention waits for it no more, and its reader begins anew. Throws locked_error while
// it is held, error if there is none. The file of its lock stays: somebody may be about to take it.
void remove_reader_cursor(const std::filesystem::path& log_directory, std::string_view name);
// What a cursor that says `state` will be when its reader opens it: the same, if nothing was lost.
[[nodiscard]] cursor_state surviving_state(const std::filesystem::path& log_directory,
                                           const cursor_state& state);
// The cursor that reads on at the first record `from` means; at the end for one still to come.
[[nodiscard]] cursor_state find_cursor_state(const std::filesystem::path& log_directory,
                                             const read_from& from);

}  // namespace millrace::engine
