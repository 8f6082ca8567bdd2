// STAMPS, the side log of stage stamps, and the rings it is filled from.
//
// Threading  set up on one thread, then driven and closed by the cold thread
// Progress   write() appends what the rings hold, at most their capacity; its log is synchronous,
//            so it may make a file
// Errors     the constructor throws as opening a log does; stamps the log refuses are counted
#pragma once

#include <array>
#include <filesystem>
#include <vector>

#include "engine/log/log_writer.hpp"
#include "gateway/session/stage_stamps.hpp"

namespace millrace::gateway {

class stamp_log {
public:
    stamp_log(const std::filesystem::path& directory, std::size_t segment_bytes);

    // REQUIRES: the ring outlives this.
    void add(stamp_ring& ring) { rings_.push_back(&ring); }
    // Returns the number of stamps taken from the rings.
    std::size_t write() noexcept;
    void close() noexcept;

    engine::counter written;
    engine::counter refused;  // by the log: no space

private:
    static constexpr std::size_t batch_stamps =
        128;  // 4 KiB: an eighth of the least segment holds it

    void flush() noexcept;

    engine::log_writer log_;
    std::vector<stamp_ring*> rings_;
    std::array<stage_stamp, batch_stamps> batch_;
    std::size_t batch_count_ = 0;
};

}  // namespace millrace::gateway
