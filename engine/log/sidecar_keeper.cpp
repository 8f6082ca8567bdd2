#include "engine/log/sidecar_keeper.hpp"

#include <algorithm>
#include <mutex>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/cold_thread.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/persister.hpp"

namespace millrace::engine::detail {

namespace {

// A seal is due after a second, an index entry after 64 KiB: nobody waits for either.
constexpr std::int64_t look_interval_ns = 50'000'000;
// Of work at a time, so that a close does not wait for a backlog to be worked off.
constexpr std::int64_t slice_ns_max = 200'000'000;
constexpr std::int64_t retry_interval_ns = 1'000'000'000;
// More than this, written without seals, is not read again for them.
constexpr std::uint64_t unsealed_bytes_max = std::uint64_t{1} << 30;
// What is left then, the next writer seals.
constexpr std::int64_t close_ns_max = 10'000'000'000;
constexpr std::uint32_t records_per_clock_read = 256;

void require(bool is_written, const std::filesystem::path& path, int error_number) {
    if (!is_written) {
        throw io_error("write", path.native(), error_number);
    }
}

}  // namespace

std::uint64_t choose_first_sealed(std::uint64_t oldest, std::uint64_t newest,
                                  std::uint64_t segment_bytes) noexcept {
    return (newest - oldest + 1) * segment_bytes <= unsealed_bytes_max ? oldest : newest;
}

bool sidecar_keeper::follow(position durable, bool is_last, std::int64_t deadline_ns) noexcept {
    is_complete_ = false;
    if (!is_last && monotonic_now_ns() < retry_after_ns_) {
        return false;
    }
    try {
        follow_or_throw(durable, is_last, deadline_ns);
    } catch (const damage_error& failure) {
        start_over(failure.what(), true);
    } catch (const std::exception& failure) {
        start_over(failure.what(), false);
    }
    return is_complete_;
}

void sidecar_keeper::follow_or_throw(position durable, bool is_last, std::int64_t deadline_ns) {
    if (durable.value == 0) {
        is_complete_ = true;  // no segment need be there yet
        return;
    }
    if (!is_started_) {
        find_start(durable);
    }
    while (durable.value > index_ * settings_.segment_bytes) {
        if (!is_inside_) {
            enter();
        }
        if (!walk(durable, deadline_ns)) {
            write_pending(false);
            return;
        }
        if (durable.value < end_of_segment()) {
            break;
        }
        leave();
    }
    if (is_inside_) {
        write_pending(is_last);
    }
    is_complete_ = true;
}

// Behind the newest seal, or where a log without one begins to be sealed.
void sidecar_keeper::find_start(position durable) {
    index_ = settings_.begin_index;
    head_ = {};
    is_started_ = true;
    if (is_sealing_halted_) {
        index_ = durable.value / settings_.segment_bytes;
        return;
    }
    const std::vector<std::uint64_t> indexes = list_segments(settings_.directory);
    for (auto it = indexes.rbegin(); it != indexes.rend(); ++it) {
        if (!std::filesystem::exists(settings_.directory / seal_file_name(*it))) {
            continue;
        }
        const seal_contents contents =
            read_seals(settings_.directory, read_segment_info(settings_.directory, *it));
        if (!contents.fault.empty() && !contents.is_cut) {
            throw damage_error((settings_.directory / seal_file_name(*it)).native() + ": " +
                               contents.fault +
                               "; nothing is sealed over it. Verify the log, then move this file "
                               "away or restore it");
        }
        if (!contents.has_header) {
            continue;  // cut short when it was made
        }
        index_ = *it + (contents.is_finished() ? 1 : 0);
        head_ = contents.is_finished() ? contents.seals.back().hash : contents.header.previous;
        if (!contents.seals.empty()) {
            sealed_sequence_.publish(contents.seals.back().last_sequence);
        }
        return;
    }
    // A chain goes on behind what was archived. Where none is, retention may have removed what the
    // log began with when it was opened.
    head_ = archived_seal_head(settings_.directory, indexes.front());
    index_ = head_ == digest{} ? std::max(index_, indexes.front()) : indexes.front();
}

void sidecar_keeper::enter() {
    where_ = segment::open(settings_.directory, index_, access::read_only);
    if (!is_sealing_halted_) {
        seals_.emplace(settings_.directory, where_, head_,
                       settings_.key ? &*settings_.key : nullptr);
        synced_seal_count_ = seals_->seal_count();
    }
    cursor_ = seals_ ? seals_->cursor_of(where_) : segment_cursor(where_);
    index_writer_.emplace(settings_.directory, where_,
                          position{where_.info().first_position().value + cursor_.offset()});
    is_inside_ = true;
    is_ended_ = false;
    MILLRACE_CRASH_POINT("sidecar.entered");
}

// Up to `durable`, or in a segment that was left to its end. False: the time is over.
bool sidecar_keeper::walk(position durable, std::int64_t deadline_ns) {
    const std::uint64_t first = where_.info().first_position().value;
    const std::uint64_t until = std::min(durable.value, end_of_segment());
    record_view record;
    std::uint32_t count = 0;
    while (first + cursor_.offset() < until) {
        if (++count % records_per_clock_read == 0 && monotonic_now_ns() > deadline_ns) {
            return false;
        }
        if (cursor_.next(record) != damage_kind::none || record.payload == nullptr) {
            if (where_.refresh()) {
                continue;
            }
            break;  // the end of a segment that was left: see check_end
        }
        is_ended_ = record.is_control(control_type::end);
        index_writer_->add(record);
        if (seals_) {
            require(seals_->add(record), settings_.directory / seal_file_name(index_),
                    seals_->last_error());
        }
    }
    if (first + cursor_.offset() < until && durable.value < end_of_segment()) {
        throw damage_error((settings_.directory / segment_file_name(index_)).native() +
                           ": position " + std::to_string(first + cursor_.offset()) +
                           ": what was durable here is damaged, and is not sealed. Verify the log");
    }
    return true;
}

// Where the records of a segment end must be where the next one says they do.
void sidecar_keeper::check_end() const {
    const segment_info next = read_segment_info(settings_.directory, index_ + 1);
    const std::uint64_t end = where_.info().first_position().value + cursor_.offset() -
                              (is_ended_ ? record_header_bytes : 0);
    if (next.previous_end.value != end) {
        throw damage_error(
            (settings_.directory / segment_file_name(index_)).native() + ": position " +
            std::to_string(end) +
            ": the segment is damaged here; what is damaged is not sealed. Verify the log");
    }
}

void sidecar_keeper::leave() {
    check_end();
    flush_index();
    if (seals_) {
        require(seals_->finish_segment(), settings_.directory / seal_file_name(index_),
                seals_->last_error());
        sync_seals();
        head_ = seals_->head();
    }
    remove_if_segment_is_gone();
    MILLRACE_CRASH_POINT("sidecar.left");
    seals_.reset();
    index_writer_.reset();
    where_ = segment();
    is_inside_ = false;
    ++index_;
}

// Retention may have removed the segment meanwhile, first it and then index and seals, as far as
// those were there: whoever comes last takes them away.
void sidecar_keeper::remove_if_segment_is_gone() const {
    const std::filesystem::path segment_path = settings_.directory / segment_file_name(index_);
    if (!std::filesystem::exists(segment_path)) {
        std::filesystem::remove(settings_.directory / index_file_name(index_));
        std::filesystem::remove(settings_.directory / seal_file_name(index_));
    }
}

void sidecar_keeper::flush_index() {
    require(index_writer_->flush(), settings_.directory / index_file_name(index_),
            index_writer_->last_error());
    MILLRACE_CRASH_POINT("sidecar.indexed");
}

void sidecar_keeper::write_pending(bool is_last) {
    flush_index();
    if (!seals_) {
        return;
    }
    if (is_last || seals_->is_due(utc_now())) {
        require(seals_->seal_now(), settings_.directory / seal_file_name(index_),
                seals_->last_error());
    }
    sync_seals();
}

void sidecar_keeper::sync_seals() {
    if (seals_->seal_count() == synced_seal_count_) {
        return;
    }
    MILLRACE_CRASH_POINT("sidecar.sealed");
    require(seals_->sync(), settings_.directory / seal_file_name(index_), seals_->last_error());
    synced_seal_count_ = seals_->seal_count();
    sealed_sequence_.publish(seals_->sealed_sequence().value);
}

// The files say what is done; what this object knew beyond them is dropped.
void sidecar_keeper::start_over(const char* what, bool is_permanent) noexcept {
    seals_.reset();
    index_writer_.reset();
    where_ = segment();
    is_inside_ = false;
    is_started_ = false;
    retry_after_ns_ = monotonic_now_ns() + retry_interval_ns;
    std::string text;
    try {
        text = is_permanent ? "nothing more is sealed until the log is opened anew: "
                            : "index or seals could not be kept, which is tried again: ";
        text += what;
    } catch (const std::exception&) {
        text.clear();  // out of memory: the count has to do
    }
    const std::lock_guard<cold_lock> held(failure_lock_);
    ++failure_count_;
    is_sealing_halted_ = is_sealing_halted_ || is_permanent;
    failure_text_ = std::move(text);
}

void sidecar_keeper::report(storage_report& to) const {
    to.sealed_sequence = sealed_sequence();
    const std::lock_guard<cold_lock> held(failure_lock_);
    to.sidecar_failure_count = failure_count_;
    to.is_sealing_halted = is_sealing_halted_;
    to.sidecar_text = failure_text_;
}

void sidecar_thread::start() {
    thread_ = start_cold_thread("log-sidecars", [this] { run(); });
}

void sidecar_thread::run() noexcept {
    while (true) {
        const std::uint32_t ticket = bell_.ticket();
        if (is_stopping_.read()) {
            return;
        }
        keeper_.follow(source_.durable_position(), false, monotonic_now_ns() + slice_ns_max);
        bell_.wait(ticket, look_interval_ns);
    }
}

void sidecar_thread::stop() noexcept {
    if (!thread_.joinable()) {
        return;
    }
    is_stopping_.publish(true);
    bell_.ring();
    thread_.join();
    keeper_.follow(source_.durable_position(), true, monotonic_now_ns() + close_ns_max);
}

}  // namespace millrace::engine::detail
