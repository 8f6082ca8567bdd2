// What the threads of an explored log share: segments in real files, and the words between them.
//
// Threading  made_segments and shared_log are of the test; the explorer's fibers use them
// Units      offsets and sizes in bytes
// Errors     the file system's as io_error
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/file.hpp"
#include "engine/core/published_word.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/handover.hpp"
#include "engine/log/persist_walk.hpp"
#include "engine/log/segment_round.hpp"
#include "engine/log/stored_segment.hpp"
#include "tests/model/explorer.hpp"

namespace millrace::model {

using engine::position;
using engine::segment;
using engine::sequence;
using engine::detail::homecoming;
using engine::detail::stored_segment;

using mark_words = engine::detail::mark_words<explored_memory>;
template <std::size_t Capacity>
using handover = engine::detail::handover<stored_segment, Capacity, explored_memory>;
using published_flag = engine::published_word<bool, explored_memory>;

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
            segments_[index].bytes = segment::make_ahead(fd.get(), path, info);
        }
    }
    made_segments(const made_segments&) = delete;
    made_segments& operator=(const made_segments&) = delete;
    ~made_segments() { std::filesystem::remove_all(directory_); }

    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
    [[nodiscard]] stored_segment& operator[](std::size_t index) { return segments_[index]; }
    // As they were made.
    void reset() {
        for (stored_segment& one : segments_) {
            std::memset(one.bytes.data() + sizeof(engine::segment_static), 0,
                        sizeof(engine::segment_activation));
            std::memset(one.bytes.data() + header_bytes, 0, records_room);
        }
    }

private:
    std::filesystem::path directory_;
    std::array<stored_segment, segment_count> segments_;
};

struct shared_log;

// What lies below the persister: a disk that keeps what is brought to it, until it fails. The walk
// itself is the shipped one.
class explored_disk {
public:
    static constexpr int never = 1000;

    // The `failing`-th time that something is brought home, from 0, it fails for good.
    explored_disk(shared_log& log, int failing) : walk(*this, 1), log_(log), left_(failing) {}

    // A record at a time.
    engine::detail::persist_walk<explored_disk, explored_memory> walk;

    // For a reader of the disk: what lies before `end` must have been written before.
    void read_back(position end) const;

    // What the walk asks.
    void look_around() noexcept {}
    void entered() noexcept {}
    void walked() noexcept {}
    void damaged(engine::damage_kind) noexcept {
        explorer::current().check(false, "a damaged record");
    }
    [[nodiscard]] bool is_halted() const noexcept { return left_ < 0; }
    [[nodiscard]] homecoming bring_home(bool has_more, bool is_forced) noexcept;
    void say_durable(position end, sequence last) noexcept;
    [[nodiscard]] bool retire_front() noexcept;
    [[nodiscard]] bool may_drop_front() const noexcept { return true; }
    void free_front() noexcept;
    void give_back(stored_segment* done) noexcept;

private:
    shared_log& log_;
    int left_;
    alignas(8) std::array<std::array<std::byte, records_room>, segment_count> records_{};
};

// What the threads of one run share.
struct shared_log {
    explicit shared_log(made_segments& from, int failing = explored_disk::never)
        : made(&from), disk(*this, failing) {
        made->reset();
    }

    made_segments* made;
    handover<2> spares;
    handover<4> finished;
    alignas(8) std::array<std::uint64_t, 3> mark{};
    bool is_hot = false;
    published_flag is_stopping;
    published_flag is_halted;
    published_flag is_stopped;
    explored_disk disk;
    // Here and not on a reader's stack, which is forgotten when its run comes to nothing.
    std::array<std::array<segment, segment_count>, readers_max> opened;
    std::vector<std::byte> copied;  // of a mirror

    [[nodiscard]] mark_words durable() { return mark_words(mark.data()); }
};

inline homecoming explored_disk::bring_home(bool, bool) noexcept {
    if (left_-- == 0) {
        log_.is_halted.publish(true);
        return homecoming::failed;
    }
    const stored_segment& front = walk.front();
    const std::size_t to = walk.walked().offset();
    if (walk.written_offset() == 0) {
        explored_memory::reading(front.bytes.data(), engine::schema_offset);
    }
    const std::size_t from = std::max(walk.written_offset(), header_bytes);
    explored_memory::reading(front.bytes.data() + from, to - from);
    explored_memory::writing(&records_[front.index()][from - header_bytes], to - from);
    walk.note_written();
    return homecoming::home;
}

inline void explored_disk::say_durable(position end, sequence last) noexcept {
    log_.durable().set_durable(end, last);
}

inline bool explored_disk::retire_front() noexcept {
    explored_memory::reading(&walk.front(), sizeof(stored_segment));
    log_.durable().set_retired_below(walk.front().index() + 1);
    return true;
}

// By the kernel: a hole where the records stood.
inline void explored_disk::free_front() noexcept {
    explored_memory::reading(&walk.front(), sizeof(stored_segment));
    if (log_.is_hot) {
        explorer::current().punch(walk.front().bytes.data() + header_bytes,
                                  walk.walked().offset() - header_bytes);
    }
}

inline void explored_disk::give_back(stored_segment* done) noexcept {
    engine::detail::hand_over(done, log_.finished);
}

inline void explored_disk::read_back(position end) const {
    for (std::size_t index = 0; index < segment_count; ++index) {
        const std::size_t first = index * segment_bytes + header_bytes;
        if (end.value > first) {
            const std::size_t size = std::min<std::size_t>(end.value - first, records_room);
            explored_memory::reading(records_[index].data(), size);
        }
    }
}

}  // namespace millrace::model
