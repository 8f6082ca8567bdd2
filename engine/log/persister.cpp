#include "engine/log/persister.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "engine/core/assert.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/cold_thread.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/durable_look.hpp"
#include "engine/log/hot_tier.hpp"

namespace millrace::engine::detail {

namespace {

// The writer wakes nobody, so the persister looks: four times in the longest delay, and often
// enough to keep up however long that is.
constexpr std::int64_t looks_per_delay = 4;
constexpr std::int64_t interval_ns_min = 100'000;
constexpr std::int64_t interval_ns_max = 5'000'000;
// A log that nobody appends to is looked at less often, and what is found is synced at once: so its
// delay is kept.
constexpr std::uint32_t idle_passes = 64;
constexpr std::int64_t idle_interval_ns_max = 10'000'000;
constexpr std::int64_t rewrite_interval_ns = 100'000'000;
constexpr std::int64_t name_check_interval_ns = 50'000'000;
constexpr std::int64_t wait_slice_ns = 50'000'000;

bool has_its_name(const stored_segment& one) {
    struct stat open_one {};
    struct stat named {};
    return ::fstat(one.hot.get(), &open_one) == 0 && ::stat(one.hot_path.c_str(), &named) == 0 &&
           open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

void raise(std::atomic<std::uint64_t>& count) {
    // One writing thread; release: behind the text, pairs with persister.cpp: report
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

}  // namespace

persister::persister(persister_settings settings, segment_supply& supply, durable_mark mark)
    : settings_(std::move(settings)),
      supply_(supply),
      mark_(std::move(mark)),
      walk_(*this, settings_.sync_bytes_max),
      interval_ns_(std::clamp(settings_.sync_delay_max_ns / looks_per_delay, interval_ns_min,
                              interval_ns_max)),
      idle_interval_ns_(std::clamp(settings_.sync_delay_max_ns - interval_ns_, interval_ns_,
                                   idle_interval_ns_max)) {}

void persister::start(const std::string& thread_name) {
    thread_ = start_cold_thread(thread_name, [this] { run(); });
}

void persister::resume(stored_segment* open_one, std::size_t offset) {
    MILLRACE_ASSERT(!thread_.joinable(), "resumed in the middle of a life");
    walk_.resume(open_one, offset);
}

void persister::stop() noexcept {
    if (!thread_.joinable()) {
        return;
    }
    is_stopping_.publish(true);
    work_bell_.ring();
    thread_.join();
}

durable_wait persister::wait(position until, std::int64_t timeout_ns) noexcept {
    const std::int64_t deadline = monotonic_now_ns() + timeout_ns;
    while (true) {
        const std::uint32_t ticket = durable_bell_.ticket();
        if (const durable_wait now = look_for_durable(mark_, until, is_halted_, is_stopped_);
            now != durable_wait::timed_out) {
            return now;
        }
        const std::int64_t left = deadline - monotonic_now_ns();
        if (left <= 0) {
            return durable_wait::timed_out;
        }
        request_sync();
        MILLRACE_CRASH_POINT("wait.requested");
        durable_bell_.wait(ticket, std::min(left, wait_slice_ns));
    }
}

void persister::request_sync() noexcept {
    // release: pairs with persister.cpp: run, which then finds what was committed before
    is_sync_wanted_.store(true, std::memory_order_release);
    work_bell_.ring();
}

void persister::report(storage_report& to) const {
    to.sync_count = sync_count_.load(std::memory_order_relaxed);
    // acquire: a failure that is counted is said in the text
    to.sync_failure_count = sync_failure_count_.load(std::memory_order_acquire);
    to.lost_name_count = lost_name_count_.load(std::memory_order_acquire);
    to.sync_ns_max = sync_ns_max_.load(std::memory_order_relaxed);
    to.is_durability_halted = is_halted_.read();
    const std::lock_guard<cold_lock> held(text_lock_);
    to.text = text_;
}

void persister::run() noexcept {
    while (true) {
        const std::uint32_t ticket = work_bell_.ticket();
        const bool is_stopping = is_stopping_.read();
        is_wanted_ = is_sync_wanted_.exchange(false, std::memory_order_acquire);
        const std::uint64_t before = walk_.walked().offset();
        walk_.pass(is_stopping);
        if (is_stopping) {
            break;
        }
        idle_pass_count_ = walk_.walked().offset() == before ? idle_pass_count_ + 1 : 0;
        waited_ns_ = idle_pass_count_ < idle_passes ? interval_ns_ : idle_interval_ns_;
        work_bell_.wait(ticket, waited_ns_);
    }
    is_all_home_ = walk_.finish();
    is_stopped_.publish(true);
    durable_bell_.ring();
}

void persister::entered() noexcept {
    told_ = walk_.walked();
    pending_since_ns_ = 0;
    must_rewrite_ = false;
}

void persister::walked() noexcept {
    if (walk_.has_pending() && pending_since_ns_ == 0) {
        // As if the last look had been one interval ago, which is_sync_due reckons with.
        pending_since_ns_ =
            monotonic_now_ns() - std::max<std::int64_t>(waited_ns_ - interval_ns_, 0);
    }
}

// It fails its checks before it was ever written to the disk.
void persister::damaged(damage_kind kind) noexcept {
    fail("a record in memory is damaged (" + std::string(describe(kind)) + ") in", 0);
    halt();
}

void persister::halt() noexcept {
    is_halted_.publish(true);
    durable_bell_.ring();
}

homecoming persister::bring_home(bool has_more, bool is_forced) noexcept {
    if (must_rewrite_) {
        const bool is_time = is_forced || monotonic_now_ns() >= rewrite_after_ns_;
        return is_time && rewrite_segment() ? homecoming::home : homecoming::later;
    }
    if (!write_walked()) {
        return homecoming::failed;
    }
    if (!is_forced && !has_more && !is_sync_due()) {
        return homecoming::later;
    }
    return sync_walked() ? homecoming::home : homecoming::failed;
}

bool persister::is_sync_due() const noexcept {
    return is_wanted_ || walk_.is_ended() ||
           walk_.walked().offset() - walk_.durable_offset() >= settings_.sync_bytes_max ||
           // What is pending was committed up to one look before it was seen.
           monotonic_now_ns() - pending_since_ns_ >= settings_.sync_delay_max_ns - 2 * interval_ns_;
}

bool persister::write_walked() noexcept {
    const stored_segment& front = walk_.front();
    const std::size_t from = walk_.written_offset();
    const std::size_t to = walk_.walked().offset();
    if (!front.is_hot() || from == to) {
        walk_.note_written();
        return true;
    }
    MILLRACE_CRASH_POINT("persist.before_write");
    try {
        write_at(front.disk.get(), {front.bytes.data() + from, to - from}, from,
                 front.disk_path.native());
    } catch (const io_error& failure) {
        fail("pwrite failed on", failure.error_number());
        must_rewrite_ = true;
        return false;
    }
    MILLRACE_CRASH_POINT("persist.after_write");
    walk_.note_written();
    return true;
}

// The kernel drops what it could not write and reports it once: to sync again would succeed and
// mean nothing.
bool persister::sync_walked() noexcept {
    const stored_segment& front = walk_.front();
    const std::int64_t begin = monotonic_now_ns();
    if (::fdatasync(front.disk.get()) != 0) {
        const int number = errno;
        fail(front.is_hot()
                 ? "fdatasync failed; the segment is written again to a fresh file:"
                 : "fdatasync failed; nothing more of this log becomes durable until it is opened "
                   "anew, and appends go on as committed only:",
             number);
        raise(sync_failure_count_);
        if (front.is_hot()) {
            must_rewrite_ = true;
        } else {
            halt();
        }
        return false;
    }
    raise(sync_count_);
    // relaxed: a figure for itself
    sync_ns_max_.store(
        std::max(sync_ns_max_.load(std::memory_order_relaxed), monotonic_now_ns() - begin),
        std::memory_order_relaxed);
    MILLRACE_CRASH_POINT("persist.after_sync");
    return true;
}

bool persister::rewrite_segment() noexcept {
    stored_segment& front = walk_.front();
    try {
        front.disk = replace_segment_file(settings_.directory, front.index(),
                                          {front.bytes.data(), walk_.walked().offset()},
                                          front.bytes.info().segment_bytes);
    } catch (const io_error& failure) {
        fail("cannot write a fresh file in the place of", failure.error_number());
        raise(sync_failure_count_);
        rewrite_after_ns_ = monotonic_now_ns() + rewrite_interval_ns;
        return false;
    }
    raise(sync_count_);
    walk_.note_written();
    must_rewrite_ = false;
    return true;
}

void persister::say_durable(position end, sequence last) noexcept {
    pending_since_ns_ = 0;
    mark_.set_durable(end, last);
    durable_bell_.ring();
    MILLRACE_CRASH_POINT("persist.after_publish");
    tell_observer();
}

// The one place where records pass that have just become durable.
void persister::tell_observer() noexcept {
    record_view record;
    while (settings_.observer != nullptr && told_.offset() < walk_.durable_offset() &&
           told_.next(record) == damage_kind::none && record.payload != nullptr) {
        settings_.observer->on_durable(record);
    }
}

bool persister::retire_front() noexcept {
    stored_segment& front = walk_.front();
    if (front.is_hot()) {
        (void)has_lost_its_name(front);
        try {
            retire_hot_segment(front.bytes.info().uuid, front.index(), mark_, front.disk.get(),
                               front.disk_path);
        } catch (const io_error& failure) {
            fail("cannot exchange the mappings of", failure.error_number());
            return false;
        }
    }
    return true;
}

void persister::free_front() noexcept {
    const stored_segment& front = walk_.front();
    if (front.is_hot()) {
        free_hot_file(front.hot.get(), front.hot_path);
    }
    if (settings_.observer != nullptr) {
        settings_.observer->on_segment_end(front.index());
    }
}

// Whether the names of the hot files are still theirs.
void persister::look_around() noexcept {
    const std::int64_t now = monotonic_now_ns();
    if (now < name_check_ns_) {
        return;
    }
    name_check_ns_ = now + name_check_interval_ns;
    for (stored_segment* one : walk_.segments()) {
        if (has_lost_its_name(*one) && one == walk_.segments().back()) {
            // relaxed, both: nothing stands behind the wish, and if it is seen later than the bell,
            // the next look rings again
            segment_to_leave_.store(one->index(), std::memory_order_relaxed);
            // relaxed: a bell; whoever hears it looks at segment_to_leave
            settings_.records_end->store(0, std::memory_order_relaxed);
        }
    }
}

// The first time it raises the alarm.
bool persister::has_lost_its_name(stored_segment& one) noexcept {
    if (!one.is_hot() || (!one.is_reported_lost && has_its_name(one))) {
        return false;
    }
    if (!one.is_reported_lost) {
        one.is_reported_lost = true;
        alarm(one.hot_path.native() +
              ": somebody removed this file of the log's hot tier; other processes read its "
              "records only once they are durable. Keep cleaners away from the directory");
        raise(lost_name_count_);
    }
    return true;
}

void persister::fail(std::string_view what, int error_number) noexcept {
    // relaxed: a figure for itself
    error_number_.store(error_number, std::memory_order_relaxed);
    std::string text(what);
    text += " " + walk_.front().disk_path.native();
    alarm(error_number == 0 ? text : text + " (" + std::strerror(error_number) + ")");
}

void persister::alarm(const std::string& text) noexcept {
    const std::lock_guard<cold_lock> held(text_lock_);
    text_ = text;
}

}  // namespace millrace::engine::detail
