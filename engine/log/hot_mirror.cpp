#include "engine/log/hot_mirror.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "engine/core/assert.hpp"
#include "engine/core/native_memory.hpp"
#include "engine/log/mirror_words.hpp"
#include "engine/log/segment.hpp"

namespace millrace::engine::detail {

namespace {

struct mirror_memory : native_memory {
    static void copy(void* to, const void* from, std::size_t size) noexcept {
        std::memcpy(to, from, size);
    }
    static void acquire_fence() noexcept { std::atomic_thread_fence(std::memory_order_acquire); }
};

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

pull_outcome hot_mirror::pull(std::span<std::byte> to) noexcept {
    MILLRACE_ASSERT(to.size() == source_.size(), "a mirror is as large as its segment");
    const std::size_t limit = readable_bytes();
    std::size_t end = verified_end_;
    if (end == 0 && limit > 0) {
        end = copy_header(to);
    }
    if (end > 0) {
        end = copy_records<mirror_memory>(source_.data(), to, end, limit);
    }
    if (!was_there<mirror_memory>(mark_, index_)) {
        const std::size_t dirty_end = std::min(end + record_header_bytes, to.size());
        std::memset(to.data() + verified_end_, 0, dirty_end - verified_end_);
        return pull_outcome::retired;
    }
    const bool has_grown = end > verified_end_;
    verified_end_ = end;
    return has_grown ? pull_outcome::grew : pull_outcome::unchanged;
}

}  // namespace millrace::engine::detail
