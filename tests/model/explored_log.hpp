// What the threads of an explored log share: segments in real files, and the words between them.
//
// Threading  made_segments and shared_log are of the test; the explorer's fibers use them
// Units      offsets and sizes in bytes
// Errors     the file system's as io_error
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>

#include "engine/core/file.hpp"
#include "engine/log/cold_sync.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/segment.hpp"
#include "tests/model/explorer.hpp"

namespace millrace::model {

using engine::position;
using engine::segment;

using mark_words = engine::detail::mark_words<explored_memory>;
template <std::size_t Capacity>
using handover = engine::detail::handover<segment, Capacity, explored_memory>;

inline constexpr std::size_t segment_count = 2;
inline constexpr std::size_t readers_max = 2;
inline constexpr std::size_t segment_bytes = engine::segment_bytes_min;
inline constexpr std::size_t header_bytes = engine::segment_header_bytes_min;
// Of a segment, what the programs ever touch: the header's two parts, and room for the records.
inline constexpr std::size_t records_room = 1024;

// Records 1 to 3 stand in the first segment, and an end record; record 4 in the second.
inline constexpr std::uint64_t last_of_first = 3;
inline constexpr std::uint64_t last_of_all = 4;
// Each claim is larger than what is committed of it, so that bytes of it would stand where the next
// commit word will.
inline constexpr std::size_t claim_bytes = 72;
inline constexpr std::size_t payload_sizes[last_of_all + 1] = {0, 8, 0, 40, 16};

inline std::byte byte_of(std::uint64_t number) {
    return static_cast<std::byte>(0xA0 + number);
}

// The offset behind record `number` of its segment, or behind the end record.
inline std::size_t end_offset(std::uint64_t first, std::uint64_t last) {
    std::size_t offset = header_bytes;
    for (std::uint64_t number = first; number <= last; ++number) {
        offset += engine::align_record(engine::record_header_bytes + payload_sizes[number]);
    }
    return offset;
}
inline const position end_record_at{end_offset(1, last_of_first)};
inline const position end_of_first{end_record_at.value + engine::record_header_bytes};

// Two segments made ahead, as the helper makes them; their files outlive all runs.
class made_segments {
public:
    made_segments()
        : directory_(std::filesystem::path(::testing::TempDir()) /
                     ("millrace-model-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(directory_);
        for (std::size_t index = 0; index < segment_count; ++index) {
            engine::segment_info info;
            info.uuid.bytes = {1};
            info.index = index;
            info.segment_bytes = segment_bytes;
            info.header_bytes = header_bytes;
            const auto path = directory_ / engine::segment_file_name(index);
            const auto fd = engine::open_file(path, O_RDWR | O_CREAT | O_TRUNC);
            segments_[index] = segment::make_ahead(fd.get(), path, info);
        }
    }
    made_segments(const made_segments&) = delete;
    made_segments& operator=(const made_segments&) = delete;
    ~made_segments() { std::filesystem::remove_all(directory_); }

    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
    [[nodiscard]] segment& operator[](std::size_t index) { return segments_[index]; }
    // As they were made.
    void reset() {
        for (segment& one : segments_) {
            std::memset(one.data() + sizeof(engine::segment_static), 0,
                        sizeof(engine::segment_activation));
            std::memset(one.data() + header_bytes, 0, records_room);
        }
    }

private:
    std::filesystem::path directory_;
    std::array<segment, segment_count> segments_;
};

// What the threads of one run share.
struct shared_log {
    explicit shared_log(made_segments& from) : made(&from) { made->reset(); }

    made_segments* made;
    handover<2> spares;
    handover<4> begun;
    handover<4> finished;
    alignas(8) std::array<std::uint64_t, 3> mark{};
    // Here and not on a reader's stack, which is forgotten when its run comes to nothing.
    std::array<std::array<segment, segment_count>, readers_max> opened;

    [[nodiscard]] mark_words durable() { return mark_words(mark.data()); }
};

}  // namespace millrace::model
