// How far a route has come whose destination keeps no log of ours: the last contiguous completed
// sequence.
//
//   file: two slots of 128 bytes, written in turn; the valid one with the higher generation counts
//   0      8            16        24            40        48        ... 120  124
//   | magic | generation | route   | source uuid | highest | zeros       | 0 | crc32c |
//
// Threading  one thread
// Progress   update() is one store into a mapped page; nothing waits for a disk
// Invariant  the file gets its name with a valid slot in it, so that no crash leaves one without
// Errors     opening throws; a file that exists with no valid slot is damage, never a first start
#pragma once

#include <filesystem>
#include <string_view>

#include "engine/core/file.hpp"
#include "engine/core/types.hpp"

namespace millrace::engine {

class checkpoint {
public:
    // Opens, or creates with `start_after` done. Throws config_error if the file belongs to another
    // route or another source log.
    checkpoint(const std::filesystem::path& path, std::string_view route_name,
               const log_uuid& source, sequence start_after = {});

    [[nodiscard]] sequence highest() const noexcept { return highest_; }
    // REQUIRES: not below highest().
    void update(sequence completed) noexcept;
    // Anywhere, backwards too: for whoever mends what no reader holds.
    void set(sequence completed) noexcept;

private:
    void read_slots(std::string_view path_for_errors, std::string_view route_name);
    void write_slot() noexcept;

    file_lock lock_;
    mapping map_;
    std::uint64_t route_ = 0;
    log_uuid source_;
    std::uint64_t generation_ = 0;
    std::size_t newest_slot_ = 0;  // never the next one written
    sequence highest_;
};

struct checkpoint_state {
    std::uint64_t route = 0;  // route_id() of its name
    log_uuid source;
    sequence highest;
};
// Takes no lock and needs no right to write.
[[nodiscard]] checkpoint_state read_checkpoint(const std::filesystem::path& path);

}  // namespace millrace::engine
