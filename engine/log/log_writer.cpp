#include "engine/log/log_writer.hpp"

#include <cerrno>

#include "engine/core/assert.hpp"
#include "engine/core/error.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/log_storage.hpp"
#include "engine/log/recovery.hpp"

namespace millrace::engine {

namespace {

std::size_t round_up(std::size_t value, std::size_t unit) {
    return (value + unit - 1) / unit * unit;
}

void check_options(const std::filesystem::path& directory, const log_options& options) {
    if (options.segment_bytes < segment_bytes_min || options.segment_bytes > segment_bytes_max ||
        options.segment_bytes % 4096 != 0) {
        throw config_error(
            directory.native() + ": segment_bytes is " + std::to_string(options.segment_bytes) +
            ", expected a multiple of 4096 from " + std::to_string(segment_bytes_min) + " to " +
            std::to_string(segment_bytes_max));
    }
    detail::check_storage_options(directory, options, options.segment_bytes);
    if (schema_offset + options.schema.size() > options.segment_bytes / 8) {
        throw config_error(directory.native() + ": the schema is too long for the segment size");
    }
}

}  // namespace

log_writer::log_writer(std::filesystem::path directory, log_options options,
                       const snapshot_source* snapshot)
    : directory_(std::move(directory)), options_(std::move(options)), snapshot_(snapshot) {
    check_options(directory_, options_);
    ensure_directory(directory_);
    lock_ = file_lock(directory_ / "writer.lock", options_.purpose);
    std::string joined = detail::join_hot_tier(directory_);
    is_behind_loss_ = detail::is_loss_accepted(directory_);
    std::vector<std::uint64_t> indexes = list_segments(directory_);
    if (indexes.empty()) {
        detail::check_no_log_was(directory_);
        detail::remove_unbegun_segments(directory_, detail::unbegun_kept::none);
        create_log();
    } else {
        recover_log(std::move(indexes));
    }
    if (is_behind_loss_) {
        joined =
            "the loss of the log's hot tier was accepted; records that were not durable are lost";
        detail::forget_accepted_loss(directory_);
    }
    if (!joined.empty()) {
        recovery_note_ += (recovery_note_.empty() ? "" : "; ") + joined;
    }
    clock_.begin(last_timestamp());
}

log_writer::~log_writer() {
    close();
}

void log_writer::create_log() {
    detail::sync_name_of(directory_);
    segment_info info;
    info.uuid = random_log_uuid();
    info.segment_bytes = options_.segment_bytes;
    info.header_bytes = static_cast<std::uint32_t>(
        round_up(schema_offset + options_.schema.size(), segment_header_bytes_min));
    info.epoch = 1;
    info.base_sequence = {1};
    info.schema = options_.schema;
    if (options_.is_synchronous) {
        own_segment_ = segment::create(directory_, info);
        adopt(own_segment_, info.header_bytes);
        sync_directory(directory_);
        return;
    }
    open_storage(info, {}, {});
    storage_->start();
    detail::stored_segment* first = storage_->first_segment();
    storage_->begin(first, {info.epoch, info.base_sequence, {}, {}, {}});
    adopt(first->bytes, info.header_bytes);
}

void log_writer::recover_log(std::vector<std::uint64_t> indexes) {
    const detail::unsynced_part unsynced = detail::find_unsynced_part(directory_, indexes);
    const std::string aside = detail::set_aside_behind_gap(directory_, indexes, unsynced);
    if (!aside.empty()) {
        indexes = list_segments(directory_);
    }
    if (indexes.empty()) {  // nothing of it had become durable
        detail::remove_unbegun_segments(directory_, detail::unbegun_kept::none);
        create_log();
        recovery_note_ = aside;
        return;
    }
    recovered_tail tail = detail::recover_listed_tail(directory_, indexes, unsynced.from);
    is_schema_new_ = !options_.schema.empty() && tail.info.schema != options_.schema;
    if (is_schema_new_) {
        const std::string refusal =
            options_.judge != nullptr
                ? options_.judge->refuse(tail.info.schema, options_.schema)
                : "--- in the log\n" + tail.info.schema + "\n--- asked for\n" + options_.schema;
        if (!refusal.empty()) {
            throw config_error(directory_.native() + ": the log holds another schema.\n" + refusal +
                               "\nUse a new directory, or the schema of the log");
        }
    }
    const durable_mark mark = durable_mark::open_if_there(directory_, tail.info.uuid);
    detail::check_durable_is_there(directory_, tail, indexes.front(), mark.durable_position());
    // Not before: one that follows an end record says that a roll did not get to the disk.
    detail::remove_unbegun_segments(directory_, detail::unbegun_kept::next);
    place_.follow(tail.last_sequence, tail.last_timestamp);
    recovery_note_ = tail.is_closed ? std::string() : tail.note;
    recovery_note_ += (aside.empty() || recovery_note_.empty() ? "" : "; ") + aside;
    sync_from_ = std::max(indexes.front(), mark.durable_position().value / tail.info.segment_bytes);
    if (mark.is_open() && mark.durable_position() < tail.read_end()) {
        // Why they are not durable nobody knows: a writer that died, or a sync that failed.
        detail::rewrite_segments(directory_, sync_from_, tail.info.index);
        tail.is_closed = false;  // readers have the old file, so nothing is added to the new one
    }
    if (is_behind_loss_ || tail.info.boot_id != detail::read_host_identity().boot_id) {
        // Each boot of the host, and each loss, has segments of its own: so the headers tell what
        // was left from what was appended since, also where all behind a close record was lost.
        tail.is_closed = false;
    }
    if (!tail.info.origin.is_none()) {
        // Copied from another log, which its segments name: what is new belongs to this one.
        tail.is_closed = false;
    }
    go_on(tail);
}

// In the last segment if that was closed, and can be gone on in; else in a new one.
void log_writer::go_on(const recovered_tail& tail) {
    const std::uint64_t last_index = tail.info.index;
    segment last = segment::open(directory_, last_index, access::read_write);
    if (!options_.is_synchronous) {
        // What a writer before left in the page cache counts as durable from here on: make it so.
        detail::sync_segments(directory_, sync_from_, last_index);
        const bool is_changed = is_schema_new_;
        segment_info next = tail.info;
        ++next.index;
        next.origin = {};
        take_schema(next);
        open_storage(next, tail.end(), tail.last_sequence);
        const bool can_resume =
            tail.is_closed && options_.storage == storage_mode::direct && !is_changed;
        if (can_resume) {
            last.touch(directory_ / segment_file_name(last_index), tail.end_offset);
            adopt(storage_->resume(std::move(last), tail.end_offset)->bytes, tail.end_offset);
            closed_offset_ = tail.end_offset;
        }
        storage_->start();
        if (!can_resume) {
            detail::stored_segment* first = storage_->first_segment();
            storage_->begin(first,
                            {next_epoch(tail.info.epoch, is_behind_loss_), last_sequence().next(),
                             last_timestamp(), last_sequence(), tail.end()});
            adopt(first->bytes, next.header_bytes);
        }
        return;
    }
    own_segment_ = std::move(last);
    adopt(own_segment_, tail.end_offset);
    if (tail.is_closed && !is_schema_new_) {
        closed_offset_ = tail.end_offset;
    } else if (roll(false) != append_status::ok) {
        throw io_error("cannot make a segment after recovery in", directory_.native(), last_error_);
    }
}

// A changed schema stands in the next segment, and in all behind it.
void log_writer::take_schema(segment_info& next) noexcept {
    if (std::exchange(is_schema_new_, false)) {
        next.schema = options_.schema;
        ++next.schema_version;
        next.header_bytes = static_cast<std::uint32_t>(
            round_up(schema_offset + next.schema.size(), segment_header_bytes_min));
    }
}

void log_writer::open_storage(const segment_info& first, position durable, sequence durable_last) {
    detail::check_storage_options(directory_, options_, first.segment_bytes);
    storage_ = std::make_unique<detail::log_storage>(directory_, options_, first, durable,
                                                     durable_last, &records_end_);
}

void log_writer::adopt(segment& next, std::size_t offset) {
    place_.enter(next, offset);
    entered(next);
}

// The place is in `next`; now the rest.
void log_writer::entered(segment& next) noexcept {
    segment_ = &next;
    uuid_ = next.info().uuid;
    segment_bytes_ = next.info().segment_bytes;
    // relaxed: nothing is handed over with it
    records_end_.store(records_end_limit(segment_bytes_), std::memory_order_relaxed);
    payload_bytes_max_ = record_bytes_limit(segment_bytes_) - record_header_bytes;
    closed_offset_ = 0;
}

append_status log_writer::make_room(std::size_t payload_bytes) noexcept {
    if (is_closed_) {
        return append_status::closed;
    }
    if (payload_bytes > payload_bytes_max_) {
        return append_status::too_large;
    }
    if (clock_.is_due()) {
        if (const append_status status = put_clock(); status != append_status::ok) {
            return status;
        }
    }
    return has_room(payload_bytes) ? append_status::ok : find_room(payload_bytes);
}

append_status log_writer::find_room(std::size_t payload_bytes) noexcept {
    if (records_end_.load(std::memory_order_relaxed) == 0) {
        records_end_.store(records_end_limit(segment_bytes_), std::memory_order_relaxed);
        if (has_room(payload_bytes)) {
            if (storage_->must_leave(segment_->info().index)) {
                (void)roll(true);  // with no other segment ready it stays, and is asked again
            }
            return append_status::ok;
        }
    }
    const append_status status = roll(true);
    MILLRACE_ASSERT(
        status != append_status::ok || place_.offset() + record_bytes_max() <= segment_bytes_,
        "a fresh segment must take any record");
    return status;
}

append_result log_writer::put(control_type type, std::size_t payload_bytes) noexcept {
    MILLRACE_ASSERT(place_.offset() + record_header_bytes + payload_bytes <= segment_bytes(),
                    "a control record has no room");
    return checked(
        place_.publish(static_cast<std::uint16_t>(type), record_flag_control, payload_bytes));
}

// Before the record that is appended next. The clock may have gone back: this record's own time
// rises all the same.
append_status log_writer::put_clock() noexcept {
    clock_payload payload{};
    if (!has_room(sizeof payload)) {
        if (const append_status status = find_room(sizeof payload); status != append_status::ok) {
            return status;
        }
    }
    if (clock_.make(payload)) {
        std::memcpy(place_.room(sizeof payload).data(), &payload, sizeof payload);
        put(control_type::clock, sizeof payload);
        clock_.written(payload);
    }
    return append_status::ok;
}

append_status log_writer::put_snapshot() noexcept {
    const std::size_t bytes = snapshot_->snapshot_bytes();
    if (bytes > payload_bytes_max_) {
        return append_status::too_large;
    }
    if (!has_room(bytes)) {
        const std::uint64_t before = place_.first_position();
        const append_status status = make_room(bytes);
        if (status != append_status::ok || place_.first_position() != before) {
            return status;  // the roll wrote one
        }
    }
    snapshot_->write_snapshot(place_.room(bytes));
    put(control_type::snapshot, bytes);
    return append_status::ok;
}

append_status log_writer::append_snapshot() noexcept {
    owner_.check();
    MILLRACE_ASSERT(!has_claim_, "a claim is open");
    if (is_closed_) {
        return append_status::closed;
    }
    snapshots_started_ = snapshot_ != nullptr;
    return snapshots_started_ ? put_snapshot() : append_status::ok;
}

segment_start log_writer::next_start(bool write_end) const noexcept {
    const std::uint64_t epoch = segment_->info().epoch;
    return {write_end ? epoch : next_epoch(epoch, is_behind_loss_), last_sequence().next(),
            last_timestamp(), last_sequence(), end()};
}

append_status log_writer::roll(bool write_end) noexcept {
    MILLRACE_ASSERT(write_end || storage_ == nullptr, "storage begins its first segment itself");
    MILLRACE_ASSERT(place_.offset() + record_header_bytes <= segment_bytes(),
                    "an end record has no room");
    append_status status = append_status::ok;
    if (storage_ == nullptr) {
        status = roll_synchronously(write_end);
    } else if (detail::stored_segment* next = storage_->try_next(status)) {
        last_error_ = 0;
        storage_->roll(place_, *next, next_start(write_end));
        entered(next->bytes);
    } else {
        last_error_ = storage_->error_number();
    }
    if (status == append_status::ok && snapshots_started_ && put_snapshot() != append_status::ok) {
        ++skipped_snapshot_count_;  // recovery then begins at an older one and reads on from there
    }
    return status;
}

append_status log_writer::roll_synchronously(bool write_end) noexcept {
    const segment_start start = next_start(write_end);
    segment_info next = segment_->info();
    next.index += 1;
    next.origin = {};
    take_schema(next);
    next.epoch = start.epoch;
    next.base_sequence = start.base_sequence;
    next.base_timestamp = start.base_timestamp;
    next.previous_last_sequence = start.previous_last_sequence;
    next.previous_end = start.previous_end;
    segment made;
    try {
        made = segment::create(directory_, next);
    } catch (const io_error& failure) {
        last_error_ = failure.error_number();
        return append_status::no_space;
    } catch (const std::exception&) {
        last_error_ = ENOMEM;
        return append_status::no_space;
    }
    // The next segment has its name, so readers may have gone there: from here on the roll must
    // come about.
    try {
        last_error_ = 0;
        sync_directory(directory_);
    } catch (const io_error& failure) {
        last_error_ = durability_error_ = failure.error_number();
    }
    if (write_end) {
        place_.leave_for(made);
    }
    own_segment_ = std::move(made);
    adopt(own_segment_, next.header_bytes);
    return append_status::ok;
}

// Of a synchronous log. A sync that failed is not tried again: it would succeed and mean nothing.
bool log_writer::sync_all() noexcept {
    if (durability_error_ != 0) {
        last_error_ = durability_error_;
        return false;
    }
    try {
        const std::uint64_t current = place_.first_position() / segment_bytes_;
        detail::sync_segments(directory_, sync_from_, current);
        sync_from_ = current;
        durable_position_ = end();
        durable_sequence_ = last_sequence();
        if (durable_mark::open(directory_, uuid_).is_open()) {  // of a writer with threads
            durable_mark::open_for_writing(directory_, uuid_)
                .set_durable(durable_position_, durable_sequence_);
        }
        return true;
    } catch (const io_error& failure) {
        last_error_ = failure.error_number();
    } catch (const std::exception&) {
        last_error_ = ENOMEM;
    }
    durability_error_ = last_error_;
    detail::note_failed_sync(directory_, uuid_, sync_from_);
    return false;
}

position log_writer::durable_position() const noexcept {
    return storage_ != nullptr ? storage_->durable_position() : durable_position_;
}

sequence log_writer::durable_sequence() const noexcept {
    return storage_ != nullptr ? storage_->durable_sequence() : durable_sequence_;
}

void log_writer::request_sync() noexcept {
    if (storage_ != nullptr) {
        storage_->request_sync();
    }
}

durable_wait log_writer::wait_durable(position until, std::int64_t timeout_ns) noexcept {
    if (storage_ != nullptr) {
        return storage_->wait(until, timeout_ns);
    }
    owner_.check();
    if (durable_position_ >= until) {
        return durable_wait::durable;
    }
    if (is_closed_) {
        return durable_wait::closed;
    }
    if (until <= end()) {
        return sync_all() ? durable_wait::durable : durable_wait::halted;
    }
    return durable_wait::timed_out;  // nothing is appended while its only thread waits
}

storage_report log_writer::storage() const {
    storage_report made;
    if (storage_ != nullptr) {
        made = storage_->report();
    } else {
        made.is_durability_halted = durability_error_ != 0;
    }
    made.clock = read_clock_status();
    made.clock_record_count = clock_.count();
    return made;
}

void log_writer::close() noexcept {
    if (is_closed_) {
        return;
    }
    MILLRACE_ASSERT(!has_claim_, "closed with a claim open");
    is_closed_ = true;
    records_end_.store(0, std::memory_order_relaxed);
    if (segment_ == nullptr) {
        return;
    }
    if (place_.offset() != closed_offset_) {
        put(control_type::close, 0);  // else that of the writer before still stands last
    }
    MILLRACE_CRASH_POINT("close.recorded");
    if (storage_ != nullptr) {
        last_error_ = storage_->close();
    } else if (options_.sync_on_close && sync_all()) {
        last_error_ = 0;
    }
    segment_ = nullptr;
    lock_.release();
}

}  // namespace millrace::engine
