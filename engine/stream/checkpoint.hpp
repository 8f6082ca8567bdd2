// How far a route has come whose destination keeps no log of ours: the last contiguous completed sequence.
//
//   file: two slots of 128 bytes, written in turn; the valid one with the higher generation counts
//   0      8            16        24            40        48        ... 120  124
//   | magic | generation | route   | source uuid | highest | zeros       | 0 | crc32c |
//
// Threading  one thread
// Progress   update() is one store into a mapped page; nothing waits for a disk
// Errors     opening throws; a file that exists with no valid slot is damage, never a first start
#pragma once

#include <filesystem>
#include <string_view>

#include "engine/core/file.hpp"
#include "engine/core/types.hpp"

namespace millrace::engine {

class checkpoint {
public:
    // Opens or creates. Throws config_error if the file belongs to another route or another source log.
    checkpoint(const std::filesystem::path& path, std::string_view route_name,
               const log_uuid& source);

    [[nodiscard]] sequence highest() const noexcept { return highest_; }
    // REQUIRES: not below highest().
    void update(sequence completed) noexcept;

private:
    void write_slot() noexcept;

    file_lock lock_;
    mapping map_;
    std::uint64_t route_ = 0;
    log_uuid source_;
    std::uint64_t generation_ = 0;
    sequence highest_;
};

}  // namespace millrace::engine
