#include "engine/log/log_writer.hpp"

#include <sys/mman.h>

#include <cerrno>

#include "engine/core/assert.hpp"
#include "engine/core/error.hpp"
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
    if (schema_offset + options.schema.size() > options.segment_bytes / 8) {
        throw config_error(directory.native() + ": the schema is too long for the segment size");
    }
}

}  // namespace

std::string_view describe(append_status status) {
    switch (status) {
        case append_status::ok:
            return "ok";
        case append_status::too_large:
            return "record is larger than an eighth of a segment";
        case append_status::no_space:
            return "no space for the next segment";
        case append_status::closed:
            return "log is closed";
    }
    return "unknown";
}

log_writer::log_writer(std::filesystem::path directory, log_options options,
                       const snapshot_source* snapshot)
    : directory_(std::move(directory)), options_(std::move(options)), snapshot_(snapshot) {
    check_options(directory_, options_);
    ensure_directory(directory_);
    lock_ = file_lock(directory_ / "writer.lock", options_.purpose);
    const std::vector<std::uint64_t> indexes = list_segments(directory_);
    if (indexes.empty()) {
        create_log();
    } else {
        recover_log(indexes.back());
    }
}

log_writer::~log_writer() {
    close();
}

void log_writer::create_log() {
    segment_info info;
    info.uuid = random_log_uuid();
    info.segment_bytes = options_.segment_bytes;
    info.header_bytes = static_cast<std::uint32_t>(
        round_up(schema_offset + options_.schema.size(), segment_header_bytes_min));
    info.epoch = 1;
    info.base_sequence = {1};
    info.schema = options_.schema;
    adopt(segment::create(directory_, info), info.header_bytes);
    sync_directory(directory_);
}

void log_writer::recover_log(std::uint64_t last_index) {
    const recovered_tail tail = recover_tail(directory_);
    MILLRACE_ASSERT(tail.info.index == last_index, "recovery looked at another segment");
    if (!options_.schema.empty() && tail.info.schema != options_.schema) {
        throw config_error(directory_.native() +
                           ": the log holds another schema.\n--- in the log\n" + tail.info.schema +
                           "\n--- asked for\n" + options_.schema +
                           "\nUse a new directory, or the schema of the log");
    }
    last_sequence_ = tail.last_sequence;
    last_timestamp_ = tail.last_timestamp;
    adopt(segment::open(directory_, last_index, access::read_write), tail.end_offset);
    if (tail.is_closed) {
        closed_offset_ = tail.end_offset;
        return;
    }
    recovery_note_ = tail.note;
    if (!roll(false)) {
        throw io_error("cannot make a segment after recovery in", directory_.native(), last_error_);
    }
}

void log_writer::adopt(segment next, std::size_t offset) {
    segment_ = std::move(next);
    data_ = segment_.data();
    offset_ = offset;
    records_end_ = records_end_limit(segment_bytes());
    payload_bytes_max_ = record_bytes_limit(segment_bytes()) - record_header_bytes;
    first_position_ = segment_.info().first_position().value;
    seed_ = segment_.seed();
    closed_offset_ = 0;
}

append_status log_writer::make_room(std::size_t payload_bytes) noexcept {
    if (is_closed_) {
        return append_status::closed;
    }
    if (payload_bytes > payload_bytes_max_) {
        return append_status::too_large;
    }
    if (!roll(true)) {
        return append_status::no_space;
    }
    MILLRACE_ASSERT(has_room(payload_bytes), "a fresh segment must take any record");
    return append_status::ok;
}

void log_writer::put_control(control_type type) noexcept {
    MILLRACE_ASSERT(offset_ + record_header_bytes <= segment_bytes(),
                    "a control record has no room");
    publish(static_cast<std::uint16_t>(type), record_flag_control, 0);
}

append_status log_writer::put_snapshot() noexcept {
    const std::size_t bytes = snapshot_->snapshot_bytes();
    if (bytes > payload_bytes_max_) {
        return append_status::too_large;
    }
    if (!has_room(bytes)) {
        return roll(true) ? append_status::ok : append_status::no_space;  // the roll wrote one
    }
    snapshot_->write_snapshot({data_ + offset_ + record_header_bytes, bytes});
    publish(static_cast<std::uint16_t>(control_type::snapshot), record_flag_control, bytes);
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

bool log_writer::roll(bool write_end) noexcept {
    segment_info next = segment_.info();
    next.index += 1;
    next.epoch += write_end ? 0 : 1;
    next.base_sequence = last_sequence_.next();
    next.base_timestamp = last_timestamp_;
    next.previous_last_sequence = last_sequence_;
    next.previous_end = end();
    segment made;
    try {
        made = segment::create(directory_, next);
    } catch (const io_error& failure) {
        last_error_ = failure.error_number();
        return false;
    } catch (const std::exception&) {
        last_error_ = ENOMEM;
        return false;
    }
    // The next segment has its name, so readers may have gone there: from here on the roll must
    // come about.
    try {
        last_error_ = 0;
        sync_directory(directory_);
    } catch (const io_error& failure) {
        last_error_ = failure.error_number();
    }
    if (write_end) {
        put_control(control_type::end);
    }
    const std::size_t header_bytes = next.header_bytes;
    adopt(std::move(made), header_bytes);
    if (snapshots_started_ && put_snapshot() != append_status::ok) {
        ++skipped_snapshot_count_;  // recovery then begins at an older one and reads on from there
    }
    return true;
}

void log_writer::close() noexcept {
    if (is_closed_) {
        return;
    }
    MILLRACE_ASSERT(!has_claim_, "closed with a claim open");
    is_closed_ = true;
    records_end_ = 0;
    if (!segment_.is_open()) {
        return;
    }
    if (offset_ !=
        closed_offset_) {  // else the close record of the writer before still stands last
        put_control(control_type::close);
    }
    if (options_.sync_on_close && ::msync(data_, offset_, MS_SYNC) != 0) {
        last_error_ = errno;
    }
    lock_.release();
}

}  // namespace millrace::engine
