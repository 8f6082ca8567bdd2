// Reads single records of a log by their position, in any order.
//
// Threading  one thread
// Progress   maps a segment on its first use and keeps the last few
// Errors     false: no valid record begins there
#pragma once

#include <deque>
#include <filesystem>

#include "engine/log/log_reader.hpp"

namespace millrace::engine {

class record_lookup {
public:
    record_lookup(std::filesystem::path directory, std::uint64_t segment_bytes)
        : directory_(std::move(directory)), segment_bytes_(segment_bytes) {}

    // The payload stays valid until the second next call.
    [[nodiscard]] bool read(position at, record_view& record) noexcept;

private:
    [[nodiscard]] segment* find_segment(std::uint64_t index) noexcept;

    static constexpr std::size_t segments_max = 4;

    std::filesystem::path directory_;
    std::uint64_t segment_bytes_;
    std::deque<segment> segments_;
};

}  // namespace millrace::engine
