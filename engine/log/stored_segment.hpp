// A segment and its files while a writer's process has to do with it.
//
// Threading  one thread at a time: helper, writer, persister and helper again, by segment_round.hpp
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "engine/core/file.hpp"
#include "engine/log/segment.hpp"

namespace millrace::engine::detail {

inline constexpr std::size_t stored_segments_max = 256;  // of one log; a power of two

struct stored_segment {
    segment bytes;  // the mapping the writer writes: of the hot file, or else of the disk's
    unique_fd disk;
    unique_fd hot;  // open in hot mode alone
    std::filesystem::path disk_path;
    std::filesystem::path hot_path;
    bool is_reported_lost = false;  // persister

    [[nodiscard]] std::uint64_t index() const { return bytes.info().index; }
    [[nodiscard]] bool is_hot() const { return hot.is_open(); }
};

}  // namespace millrace::engine::detail
