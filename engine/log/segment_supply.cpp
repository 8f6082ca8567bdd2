#include "engine/log/segment_supply.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "engine/core/assert.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/segment_round.hpp"

namespace millrace::engine::detail {

namespace fs = std::filesystem;

namespace {

// A spare that was taken is replaced in the time that the other lasts a writer of two bytes a
// nanosecond; where none was taken for long, that both last it.
constexpr std::int64_t bytes_per_ns = 2;
constexpr int looks_until_idle = 100;
constexpr std::int64_t work_interval_ns_min = 1'000'000;
constexpr std::int64_t work_interval_ns_max = 10'000'000;
constexpr std::int64_t retry_interval_ns = 20'000'000;
constexpr std::int64_t space_check_interval_ns = 200'000'000;

fs::path temporary_of(fs::path path) {
    path += ".tmp";
    return path;
}

}  // namespace

segment_supply::segment_supply(supply_settings settings)
    : settings_(std::move(settings)), next_(settings_.first) {
    MILLRACE_ASSERT(settings_.segments_max > spares_max, "no segment is left for the writer");
    MILLRACE_ASSERT(settings_.segments_max <= stored_segments_max, "more than can be handed over");
}

void segment_supply::give_back(stored_segment* done) noexcept {
    hand_over(done, finished_);
}

stored_segment* segment_supply::adopt(std::unique_ptr<stored_segment> existing) {
    segments_.push_back(std::move(existing));
    return segments_.back().get();
}

std::int64_t segment_supply::work_interval_ns() const noexcept {
    if (settings_.can_wait) {
        return work_interval_ns_max;
    }
    const auto lasts_ns = static_cast<std::int64_t>(settings_.first.segment_bytes) / bytes_per_ns;
    const bool is_idle = idle_look_count_ >= looks_until_idle;
    return std::clamp(is_idle ? 2 * lasts_ns : lasts_ns, work_interval_ns_min,
                      work_interval_ns_max);
}

bool segment_supply::work() noexcept {
    bool has_worked = take_back_finished();
    const std::int64_t now = monotonic_now_ns();
    if (now >= space_check_ns_) {
        space_check_ns_ = now + space_check_interval_ns;
        check_space();
    }
    if (spares_.count_estimate() < spares_max && segments_.size() < settings_.segments_max &&
        now >= retry_ns_) {
        has_worked = make_spare() || has_worked;
    }
    const bool is_complete = spares_.count_estimate() == spares_max;
    idle_look_count_ =
        has_worked || !is_complete ? 0 : std::min(idle_look_count_ + 1, looks_until_idle);
    return has_worked;
}

bool segment_supply::take_back_finished() noexcept {
    bool has_taken = false;
    while (stored_segment* done = finished_.try_pop()) {
        const auto held = std::find_if(segments_.begin(), segments_.end(),
                                       [done](const auto& one) { return one.get() == done; });
        MILLRACE_ASSERT(held != segments_.end(), "a segment of another log came back");
        segments_.erase(held);  // unmaps it
        has_taken = true;
    }
    return has_taken;
}

bool segment_supply::make_spare() noexcept {
    try {
        segments_.push_back(make(next_));
    } catch (const io_error& cause) {
        note_failure(cause, cause.error_number());
        return false;
    } catch (const std::exception& cause) {
        note_failure(cause, ENOMEM);
        return false;
    }
    hand_over(segments_.back().get(), spares_);
    error_number_.publish(0);
    ++next_.index;
    return true;
}

void segment_supply::note_failure(const std::exception& cause, int error_number) noexcept {
    retry_ns_ = monotonic_now_ns() + retry_interval_ns;
    try {
        std::string call = "cannot make the next segment";
        call += is_in_memory_ ? " in memory (make room there, or use storage mode \"direct\"): "
                              : " on the disk: ";
        call += cause.what();
        const std::string reason = std::string(": ") + std::strerror(error_number);
        if (call.ends_with(reason)) {
            call.resize(call.size() - reason.size());  // the io_error made of it says it again
        }
        const std::lock_guard<cold_lock> held(failure_lock_);
        failed_call_ = std::move(call);
    } catch (const std::exception&) {
        // Out of memory: the number has to do.
    }
    error_number_.publish(error_number);  // behind the text
}

segment_supply::failure segment_supply::last_failure() const {
    const int error_number = error_number_.read();  // before the text
    const std::lock_guard<cold_lock> held(failure_lock_);
    return {failed_call_, error_number};
}

std::unique_ptr<stored_segment> segment_supply::make(segment_info info) {
    auto made = std::make_unique<stored_segment>();
    made->disk_path = settings_.directory / segment_file_name(info.index);
    is_in_memory_ = !settings_.hot_directory.empty();
    if (settings_.hot_directory.empty()) {
        make_direct(*made, std::move(info));
    } else {
        made->hot_path = settings_.hot_directory / segment_file_name(info.index);
        make_hot(*made, std::move(info));
    }
    MILLRACE_CRASH_POINT("spare.named");
    return made;
}

// The name comes after the bytes, and is durable before the segment is offered: what is synced in
// it later is found again.
void segment_supply::make_direct(stored_segment& made, segment_info info) const {
    const fs::path temporary = temporary_of(made.disk_path);
    try {
        made.disk = open_file(temporary, O_RDWR | O_CREAT | O_TRUNC);
        made.bytes = segment::make_ahead(made.disk.get(), temporary, std::move(info));
        sync_file_whole(made.disk.get(), temporary.native());
        // Behind the sync, which leaves pages clean: the first store to a clean page is a fault.
        made.bytes.touch(temporary);
        rename_file(temporary, made.disk_path);
        sync_directory(settings_.directory);
    } catch (const error&) {
        ::unlink(temporary.c_str());
        ::unlink(made.disk_path.c_str());
        throw;
    }
}

void segment_supply::make_hot(stored_segment& made, segment_info info) {
    const fs::path temporary = temporary_of(made.hot_path);
    try {
        ensure_directory(settings_.hot_directory);  // a cleaner may have taken it
        made.hot = open_file(temporary, O_RDWR | O_CREAT | O_TRUNC);
        made.bytes = segment::make_ahead(made.hot.get(), temporary, std::move(info));
        made.bytes.touch(temporary);
        lock_in_memory(made);
        make_twin(made);
        MILLRACE_CRASH_POINT("spare.twin_named");
        rename_file(temporary, made.hot_path);
        add_hot_segment(made.bytes.info().uuid, made.index(), made.hot.get());
    } catch (const error&) {
        ::unlink(temporary.c_str());
        throw;
    }
}

// Else a host with swap may take pages of it, and the writer waits for the disk in a page fault.
void segment_supply::lock_in_memory(const stored_segment& made) noexcept {
    if (::mlock(made.bytes.data(), made.bytes.info().segment_bytes) == 0) {
        return;
    }
    // relaxed: figures for themselves, of one writing thread
    lock_error_.store(errno, std::memory_order_relaxed);
    unlocked_count_.store(unlocked_count_.load(std::memory_order_relaxed) + 1,
                          std::memory_order_relaxed);
}

// The disk's file with the same header and not begun either, so that the persister needs no space.
void segment_supply::make_twin(stored_segment& made) {
    is_in_memory_ = false;
    const fs::path temporary = temporary_of(made.disk_path);
    try {
        const segment_info& info = made.bytes.info();
        made.disk = open_file(temporary, O_RDWR | O_CREAT | O_TRUNC);
        allocate_file(made.disk.get(), info.segment_bytes, temporary.native());
        write_at(made.disk.get(), {made.bytes.data(), info.header_bytes}, 0, temporary.native());
        sync_file_whole(made.disk.get(), temporary.native());
        rename_file(temporary, made.disk_path);
        sync_directory(settings_.directory);
    } catch (const error&) {
        ::unlink(temporary.c_str());
        ::unlink(made.disk_path.c_str());
        throw;
    }
}

void segment_supply::check_space() noexcept {
    try {
        is_space_low_.store(free_bytes(settings_.directory) < settings_.low_space_bytes,
                            std::memory_order_relaxed);
    } catch (const std::exception&) {
        is_space_low_.store(true, std::memory_order_relaxed);  // nobody knows
    }
}

void segment_supply::discard() noexcept {
    (void)take_back_finished();
    while (stored_segment* spare = spares_.try_pop()) {
        if (spare->is_hot()) {
            ::unlink(spare->hot_path.c_str());
        }
        ::unlink(spare->disk_path.c_str());
    }
    for (const auto& held : segments_) {
        if (held->is_hot()) {
            remove_hot_segment(held->bytes.info().uuid, held->index());
        }
    }
    segments_.clear();
}

}  // namespace millrace::engine::detail
