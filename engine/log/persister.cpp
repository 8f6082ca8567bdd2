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
constexpr int final_attempts = 3;

bool has_its_name(const stored_segment& one) {
    struct stat open_one {};
    struct stat named {};
    return ::fstat(one.hot.get(), &open_one) == 0 && ::stat(one.hot_path.c_str(), &named) == 0 &&
           open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

void raise(std::atomic<std::uint64_t>& count) {
    // relaxed: a figure for itself, of one writing thread
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

persister::persister(persister_settings settings, segment_supply& supply, durable_mark mark)
    : settings_(std::move(settings)),
      supply_(supply),
      mark_(std::move(mark)),
      interval_ns_(std::clamp(settings_.sync_delay_max_ns / looks_per_delay, interval_ns_min,
                              interval_ns_max)),
      idle_interval_ns_(std::clamp(settings_.sync_delay_max_ns - interval_ns_, interval_ns_,
                                   idle_interval_ns_max)) {}

void persister::start(const std::string& thread_name) {
    thread_ = start_cold_thread(thread_name, [this] { run(); });
}

void persister::push_begun(stored_segment* begun) noexcept {
    const bool has_room = begun_.try_push(begun);
    MILLRACE_ASSERT(has_room, "more segments are begun than there are");
}

void persister::resume(stored_segment* open_one, std::size_t offset) {
    MILLRACE_ASSERT(segments_.empty() && !thread_.joinable(), "resumed in the middle of a life");
    segments_.push_back(open_one);
    enter(*open_one, offset);
}

void persister::stop() noexcept {
    if (!thread_.joinable()) {
        return;
    }
    is_stopping_.store(true, std::memory_order_release);  // pairs with persister.cpp: run
    work_bell_.ring();
    thread_.join();
}

durable_wait persister::wait(position until, std::int64_t timeout_ns) noexcept {
    const std::int64_t deadline = monotonic_now_ns() + timeout_ns;
    while (true) {
        const std::uint32_t ticket = durable_bell_.ticket();
        if (durable_position() >= until) {
            return durable_wait::durable;
        }
        if (is_halted_.load(std::memory_order_acquire)) {
            return durable_wait::halted;
        }
        if (is_stopped_.load(std::memory_order_acquire)) {
            return durable_wait::closed;
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
    is_sync_wanted_.store(true, std::memory_order_release);  // pairs with persister.cpp: run
    work_bell_.ring();
}

void persister::report(storage_report& to) const {
    to.sync_count = sync_count_.load(std::memory_order_relaxed);
    to.sync_failure_count = sync_failure_count_.load(std::memory_order_relaxed);
    to.lost_name_count = lost_name_count_.load(std::memory_order_relaxed);
    to.sync_ns_max = sync_ns_max_.load(std::memory_order_relaxed);
    to.is_durability_halted = is_halted_.load(std::memory_order_acquire);
    const std::lock_guard<cold_lock> held(text_lock_);
    to.text = text_;
}

void persister::run() noexcept {
    while (true) {
        const std::uint32_t ticket = work_bell_.ticket();
        const bool is_stopping = is_stopping_.load(std::memory_order_acquire);
        is_wanted_ = is_sync_wanted_.exchange(false, std::memory_order_acquire);
        const std::uint64_t before = walked_.offset();
        pass(is_stopping);
        if (is_stopping) {
            break;
        }
        idle_pass_count_ = walked_.offset() == before ? idle_pass_count_ + 1 : 0;
        waited_ns_ = idle_pass_count_ < idle_passes ? interval_ns_ : idle_interval_ns_;
        work_bell_.wait(ticket, waited_ns_);
    }
    finish();
    is_stopped_.store(true, std::memory_order_release);  // pairs with persister.cpp: wait
    durable_bell_.ring();
}

// The writer is gone: its last segment has no end record and is done all the same.
void persister::finish() noexcept {
    for (int attempt = 0; attempt < final_attempts; ++attempt) {
        pass(true);
        const bool is_last_durable = segments_.size() == 1 && is_inside_ && !has_pending();
        if (is_last_durable && !is_halted_.load(std::memory_order_relaxed) && !leave_front()) {
            continue;
        }
        if (segments_.empty()) {
            // release: pairs with persister.hpp: is_all_home
            is_all_home_.store(true, std::memory_order_release);
            return;
        }
    }
}

void persister::pass(bool is_forced) noexcept {
    while (stored_segment* next = begun_.try_pop()) {
        segments_.push_back(next);
    }
    look_for_lost_names();
    while (!segments_.empty() && persist_front(is_forced)) {
    }
}

void persister::enter(stored_segment& next, std::size_t offset) noexcept {
    walked_ = segment_cursor(next.bytes);
    record_view record;
    while (walked_.offset() < offset && walked_.next(record) == damage_kind::none &&
           record.payload != nullptr) {
    }
    told_ = walked_;
    written_offset_ = offset;
    durable_offset_ = offset;
    pending_since_ns_ = 0;
    is_inside_ = true;
    is_ended_ = false;
    must_rewrite_ = false;
}

// Returns whether there is more to do now.
bool persister::persist_front(bool is_forced) noexcept {
    if (!is_inside_) {
        enter(*segments_.front(), 0);
    }
    if (is_halted_.load(std::memory_order_relaxed)) {
        return pass_over_front();
    }
    const bool has_more = walk();
    if (has_pending()) {
        if (must_rewrite_) {
            if ((monotonic_now_ns() < rewrite_after_ns_ && !is_forced) || !rewrite_segment()) {
                return false;
            }
        } else {
            if (!write_walked()) {
                return true;
            }
            if (!is_forced && !has_more && !is_sync_due()) {
                return false;
            }
            if (!sync_walked()) {
                return true;  // to what follows a failure
            }
        }
        publish();
        tell_observer();
    }
    return is_ended_ ? leave_front() : has_more;
}

// Durability has halted: the writer goes on, and its old segments are given back as they are.
bool persister::pass_over_front() noexcept {
    const bool has_more = walk();
    written_offset_ = walked_.offset();
    if (!is_ended_ || segments_.front()->is_hot()) {
        return has_more;  // what is only in memory stays there for the next writer to bring home
    }
    supply_.give_back(segments_.front());
    segments_.pop_front();
    is_inside_ = false;
    return true;
}

// Up to the last committed record, or as many bytes as one sync takes. Returns whether more follow.
bool persister::walk() noexcept {
    record_view record;
    while (!is_ended_ && walked_.offset() - written_offset_ < settings_.sync_bytes_max) {
        const damage_kind kind = walked_.next(record);
        if (kind != damage_kind::none) {
            // It fails its checks before it was ever written to the disk.
            fail("a record in memory is damaged (" + std::string(describe(kind)) + ") in", 0);
            is_halted_.store(true, std::memory_order_release);  // pairs with persister.cpp: wait
            durable_bell_.ring();
            return false;
        }
        if (record.payload == nullptr) {
            break;
        }
        is_ended_ = record.is_control(control_type::end);
    }
    if (has_pending() && pending_since_ns_ == 0) {
        // As if the last look had been one interval ago, which is_sync_due reckons with.
        pending_since_ns_ =
            monotonic_now_ns() - std::max<std::int64_t>(waited_ns_ - interval_ns_, 0);
    }
    return !is_ended_ && walked_.offset() - written_offset_ >= settings_.sync_bytes_max;
}

bool persister::is_sync_due() const noexcept {
    return is_wanted_ || is_ended_ ||
           walked_.offset() - durable_offset_ >= settings_.sync_bytes_max ||
           // What is pending was committed up to one look before it was seen.
           monotonic_now_ns() - pending_since_ns_ >= settings_.sync_delay_max_ns - 2 * interval_ns_;
}

bool persister::write_walked() noexcept {
    const stored_segment& front = *segments_.front();
    if (!front.is_hot() || written_offset_ == walked_.offset()) {
        written_offset_ = walked_.offset();
        return true;
    }
    MILLRACE_CRASH_POINT("persist.before_write");
    try {
        write_at(front.disk.get(),
                 {front.bytes.data() + written_offset_, walked_.offset() - written_offset_},
                 written_offset_, front.disk_path.native());
    } catch (const io_error& failure) {
        fail("pwrite failed on", failure.error_number());
        must_rewrite_ = true;
        return false;
    }
    MILLRACE_CRASH_POINT("persist.after_write");
    written_offset_ = walked_.offset();
    return true;
}

// The kernel drops what it could not write and reports it once: to sync again would succeed and
// mean nothing.
bool persister::sync_walked() noexcept {
    const stored_segment& front = *segments_.front();
    const std::int64_t begin = monotonic_now_ns();
    if (::fdatasync(front.disk.get()) != 0) {
        const int number = errno;
        raise(sync_failure_count_);
        if (front.is_hot()) {
            must_rewrite_ = true;
            fail("fdatasync failed; the segment is written again to a fresh file:", number);
        } else {
            fail(
                "fdatasync failed; nothing more of this log becomes durable until it is opened "
                "anew, and appends go on as committed only:",
                number);
            is_halted_.store(true, std::memory_order_release);  // pairs with persister.cpp: wait
            durable_bell_.ring();
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
    stored_segment& front = *segments_.front();
    try {
        front.disk = replace_segment_file(settings_.directory, front.index(),
                                          {front.bytes.data(), walked_.offset()},
                                          front.bytes.info().segment_bytes);
    } catch (const io_error& failure) {
        raise(sync_failure_count_);
        fail("cannot write a fresh file in the place of", failure.error_number());
        rewrite_after_ns_ = monotonic_now_ns() + rewrite_interval_ns;
        return false;
    }
    raise(sync_count_);
    written_offset_ = walked_.offset();
    must_rewrite_ = false;
    return true;
}

void persister::publish() noexcept {
    durable_offset_ = walked_.offset();
    pending_since_ns_ = 0;
    const position first = segments_.front()->bytes.info().first_position();
    mark_.set_durable({first.value + durable_offset_}, walked_.last_sequence());
    durable_bell_.ring();
    MILLRACE_CRASH_POINT("persist.after_publish");
}

// The one place where records pass that have just become durable.
void persister::tell_observer() noexcept {
    record_view record;
    while (settings_.observer != nullptr && told_.offset() < durable_offset_ &&
           told_.next(record) == damage_kind::none && record.payload != nullptr) {
        settings_.observer->on_durable(record);
    }
}

// All of the front is durable and nothing is added to it. False: try again later.
bool persister::leave_front() noexcept {
    stored_segment& front = *segments_.front();
    if (front.is_hot()) {
        (void)has_lost_its_name(front);
        try {
            retire_hot_segment(front.bytes.info().uuid, front.index(), mark_, front.disk.get(),
                               front.disk_path);
        } catch (const io_error& failure) {
            fail("cannot exchange the mappings of", failure.error_number());
            return false;
        }
        free_hot_file(front.hot.get(), front.hot_path);
    }
    if (settings_.observer != nullptr) {
        settings_.observer->on_segment_end(front.index());
    }
    segments_.pop_front();
    is_inside_ = false;
    supply_.give_back(&front);
    return true;
}

void persister::look_for_lost_names() noexcept {
    const std::int64_t now = monotonic_now_ns();
    if (now < name_check_ns_) {
        return;
    }
    name_check_ns_ = now + name_check_interval_ns;
    for (stored_segment* one : segments_) {
        if (has_lost_its_name(*one) && one == segments_.back()) {
            // release: pairs with persister.hpp: segment_to_leave
            segment_to_leave_.store(one->index(), std::memory_order_release);
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
        raise(lost_name_count_);
        alarm(one.hot_path.native() +
              ": somebody removed this file of the log's hot tier; other processes read its "
              "records only once they are durable. Keep cleaners away from the directory");
    }
    return true;
}

void persister::fail(std::string_view what, int error_number) noexcept {
    // relaxed: a figure for itself
    error_number_.store(error_number, std::memory_order_relaxed);
    std::string text(what);
    text += " " + segments_.front()->disk_path.native();
    alarm(error_number == 0 ? text : text + " (" + std::strerror(error_number) + ")");
}

void persister::alarm(const std::string& text) noexcept {
    const std::lock_guard<cold_lock> held(text_lock_);
    text_ = text;
}

}  // namespace millrace::engine::detail
