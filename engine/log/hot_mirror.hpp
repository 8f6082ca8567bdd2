// A reader's own copy of a hot segment that another process writes.
//
// The writer's process gives a hot file's memory back without asking its readers, so that none of
// them, slow, stopped or killed, pins it. What is read of the file is therefore copied first, and
// counts only if the segment was not retired by then; else the disk has it.
//
// Threading  one thread
// Progress   a pull without news is one load; with news it copies at most a mebibyte and a record
// Invariant  bytes before the verified end equal the segment's for ever
#pragma once

#include <cstdint>
#include <span>

#include "engine/core/file.hpp"
#include "engine/log/durable_mark.hpp"

namespace millrace::engine::detail {

enum class pull_outcome : std::uint8_t {
    unchanged,
    grew,
    retired,  // nothing was added; all of the segment is on the disk
};

class hot_mirror {
public:
    // `source` maps the hot file. Where that has lost its name it maps the disk's, into which the
    // persister is writing, and which can be trusted up to the durable position only.
    enum class source_kind : std::uint8_t { hot_file, disk_file };

    hot_mirror(mapping source, source_kind kind, durable_mark mark, std::uint64_t index)
        : source_(std::move(source)), mark_(std::move(mark)), index_(index), kind_(kind) {}

    // `to` is as large as the segment.
    [[nodiscard]] pull_outcome pull(std::span<std::byte> to) noexcept;

private:
    [[nodiscard]] std::size_t readable_bytes() const noexcept;
    [[nodiscard]] std::size_t copy_header(std::span<std::byte> to) const noexcept;

    mapping source_;
    durable_mark mark_;
    std::uint64_t index_;
    std::size_t verified_end_ = 0;
    source_kind kind_;
};

}  // namespace millrace::engine::detail
