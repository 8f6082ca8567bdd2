#include "engine/log/hot_mirror.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "engine/core/assert.hpp"
#include "engine/log/segment.hpp"

namespace millrace::engine::detail {

namespace {

constexpr std::size_t pull_bytes_max = std::size_t{1} << 20;

}  // namespace

std::size_t hot_mirror::readable_bytes() const noexcept {
    if (kind_ == source_kind::hot_file) {
        return source_.size();
    }
    const std::uint64_t first = index_ * source_.size();
    const std::uint64_t durable = mark_.durable_position().value;
    return durable <= first ? 0 : std::min<std::uint64_t>(durable - first, source_.size());
}

std::size_t hot_mirror::copy_header(std::span<std::byte> to) const noexcept {
    segment_static fixed{};
    std::memcpy(&fixed, source_.data(), sizeof fixed);
    const std::size_t bytes = fixed.header_bytes;
    if (bytes < segment_header_bytes_min || bytes > to.size()) {
        return 0;
    }
    std::memcpy(to.data(), source_.data(), bytes);
    return bytes;
}

std::size_t hot_mirror::copy_records(std::span<std::byte> to, std::size_t from,
                                     std::size_t limit) const noexcept {
    std::size_t end = from;
    while (end + record_header_bytes <= limit && end - from < pull_bytes_max) {
        const std::byte* record = source_.data() + end;
        const std::uint64_t word = load_commit_word(record);
        if (word == 0) {
            break;
        }
        const std::size_t length = commit_length(word);
        if (length < record_header_bytes || length > limit - end) {
            std::memcpy(to.data() + end, record, record_header_bytes);  // the cursor names it
            break;
        }
        const std::size_t bytes = std::min(align_record(length), limit - end);
        std::memcpy(to.data() + end, record, bytes);
        end += bytes;
    }
    return end;
}

pull_outcome hot_mirror::pull(std::span<std::byte> to) noexcept {
    MILLRACE_ASSERT(to.size() == source_.size(), "a mirror is as large as its segment");
    const std::size_t limit = readable_bytes();
    std::size_t end = verified_end_;
    if (end == 0 && limit > 0) {
        end = copy_header(to);
    }
    if (end > 0) {
        end = copy_records(to, end, limit);
    }
    // The look at the mark comes after the copying. As hot_registry.cpp: retire_hot_segment moves
    // the mark before the file's bytes go, zeros are never taken for the segment's.
    std::atomic_thread_fence(std::memory_order_acquire);
    if (mark_.retired_below() > index_) {
        const std::size_t dirty_end = std::min(end + record_header_bytes, to.size());
        std::memset(to.data() + verified_end_, 0, dirty_end - verified_end_);
        return pull_outcome::retired;
    }
    const bool has_grown = end > verified_end_;
    verified_end_ = end;
    return has_grown ? pull_outcome::grew : pull_outcome::unchanged;
}

}  // namespace millrace::engine::detail
