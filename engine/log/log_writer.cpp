#include "engine/log/log_writer.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>

#include "engine/core/assert.hpp"
#include "engine/core/error.hpp"
#include "engine/log/recovery.hpp"

namespace millrace::engine {

namespace {

std::size_t round_up(std::size_t value, std::size_t unit) { return (value + unit - 1) / unit * unit; }

void check_options(const std::filesystem::path& directory, const log_options& options) {
    if (options.segment_bytes < segment_bytes_min || options.segment_bytes > segment_bytes_max ||
        options.segment_bytes % 4096 != 0) {
        throw config_error(directory.native() + ": segment_bytes is " +
                           std::to_string(options.segment_bytes) + ", expected a multiple of 4096 from " +
                           std::to_string(segment_bytes_min) + " to " +
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

log_writer::~log_writer() { close(); }

void log_writer::create_log() {
    segment_info info;
    info.uuid = random_log_uuid();
    info.segment_bytes = options_.segment_bytes;
    info.header_bytes = static_cast<std::uint32_t>(
        round_up(schema_offset + options_.schema.size(), segment_header_bytes_min));
    info.epoch = 1;
    info.base_sequence = {1};
    info.schema = options_.schema;
    segment_ = segment::create(directory_, info);
    sync_directory(directory_);
    info_ = segment_.info();
    offset_ = info_.header_bytes;
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
    info_ = tail.info;
    offset_ = tail.end_offset;
    if (tail.is_closed) {
        segment_ = segment::open(directory_, last_index, access::read_write);
        return;
    }
    recovery_note_ = tail.note;
    if (!roll(false)) {
        throw io_error("cannot make a segment after recovery in", directory_.native(), last_error_);
    }
}

bool log_writer::has_room(std::size_t payload_bytes) const noexcept {
    // An end record must always fit behind.
    return offset_ + align_record(record_header_bytes + payload_bytes) + record_header_bytes <=
           info_.segment_bytes;
}

log_claim log_writer::try_claim(std::uint16_t type, std::size_t payload_bytes) noexcept {
    owner_.check();
    MILLRACE_DCHECK(type < control_type_first, "this type belongs to the log itself");
    log_claim claim;
    if (is_closed_) {
        return claim;
    }
    if (record_header_bytes + payload_bytes > record_bytes_max()) {
        claim.status_ = append_status::too_large;
        return claim;
    }
    if (!has_room(payload_bytes) && (!roll(true) || !has_room(payload_bytes))) [[unlikely]] {
        claim.status_ = append_status::no_space;
        return claim;
    }
    claim.writer_ = this;
    claim.type_ = type;
    claim.payload_ = {segment_.data() + offset_ + record_header_bytes, payload_bytes};
    claim.status_ = append_status::ok;
    return claim;
}

append_result log_writer::try_append(std::uint16_t type,
                                     std::span<const std::byte> payload) noexcept {
    log_claim claim = try_claim(type, payload.size());
    if (!claim) {
        return {claim.status(), {}, {}, {}};
    }
    std::memcpy(claim.payload().data(), payload.data(), payload.size());
    return claim.commit();
}

append_result log_writer::publish(std::uint16_t type, std::uint8_t flags,
                                  std::size_t payload_bytes) noexcept {
    const auto length = static_cast<std::uint32_t>(record_header_bytes + payload_bytes);
    std::byte* record = segment_.data() + offset_;
    const bool is_control = (flags & record_flag_control) != 0;
    const sequence seq = is_control ? last_sequence_ : last_sequence_.next();
    const timestamp time = std::max(utc_now(), timestamp{last_timestamp_.ns + 1});

    record_header header{};
    header.sequence = seq.value;
    header.timestamp = time.ns;
    header.type = type;
    header.flags = flags;
    header.header_words = record_header_bytes / 8;
    std::memcpy(record + 8, reinterpret_cast<const std::byte*>(&header) + 8, record_header_bytes - 8);
    const std::uint32_t crc = record_checksum(segment_.seed(), record, length);

    const std::size_t next = offset_ + align_record(length);
    MILLRACE_DCHECK(next + 8 > info_.segment_bytes || load_commit_word(segment_.data() + next) == 0,
                    "the next commit word is not zero");
    const position at = end();
    // release: pairs with segment.hpp: load_commit_word
    std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(record))
        .store(make_commit_word(length, crc), std::memory_order_release);
    offset_ = next;
    last_sequence_ = seq;
    last_timestamp_ = time;
    return {append_status::ok, seq, time, at};
}

// Zeroes what a claim may have dirtied, so that no leftover byte can be read as a commit word.
void log_writer::clear_claim(std::size_t payload_bytes) noexcept {
    std::memset(segment_.data() + offset_ + record_header_bytes, 0, payload_bytes);
}

append_status log_writer::put_snapshot() noexcept {
    if (snapshot_ == nullptr || !snapshots_started_) {
        return append_status::ok;
    }
    const std::size_t bytes = snapshot_->snapshot_bytes();
    if (record_header_bytes + bytes > record_bytes_max()) {
        return append_status::too_large;
    }
    if (!has_room(bytes)) {
        return roll(true) ? append_status::ok : append_status::no_space;  // the roll wrote one
    }
    snapshot_->write_snapshot({segment_.data() + offset_ + record_header_bytes, bytes});
    publish(static_cast<std::uint16_t>(control_type::snapshot), record_flag_control, bytes);
    return append_status::ok;
}

append_status log_writer::append_snapshot() noexcept {
    owner_.check();
    if (is_closed_) {
        return append_status::closed;
    }
    snapshots_started_ = true;
    return put_snapshot();
}

bool log_writer::roll(bool write_end) noexcept {
    segment_info next = info_;
    next.index = info_.index + 1;
    next.epoch = write_end ? info_.epoch : info_.epoch + 1;
    next.base_sequence = last_sequence_.next();
    next.base_timestamp = last_timestamp_;
    next.previous_last_sequence = last_sequence_;
    next.previous_end = end();
    segment made;
    try {
        made = segment::create(directory_, next);
        sync_directory(directory_);
    } catch (const io_error& failure) {
        last_error_ = failure.error_number();
        return false;
    } catch (...) {
        last_error_ = EIO;
        return false;
    }
    if (write_end) {
        // The next segment has its name already, so a reader that sees this record finds it.
        publish(static_cast<std::uint16_t>(control_type::end), record_flag_control, 0);
    }
    segment_ = std::move(made);
    info_ = segment_.info();
    offset_ = info_.header_bytes;
    last_error_ = 0;
    return put_snapshot() == append_status::ok;
}

void log_writer::close() noexcept {
    if (is_closed_) {
        return;
    }
    is_closed_ = true;
    if (segment_.is_open() && has_room(0)) {
        publish(static_cast<std::uint16_t>(control_type::close), record_flag_control, 0);
    }
    if (options_.sync_on_close && segment_.is_open()) {
        ::msync(segment_.data(), info_.segment_bytes, MS_SYNC);
    }
    lock_.release();
}

append_result log_claim::commit(std::size_t payload_bytes) noexcept {
    MILLRACE_DCHECK(writer_ != nullptr, "commit of an empty claim");
    MILLRACE_DCHECK(payload_bytes <= payload_.size(), "commit of more than was claimed");
    log_writer* writer = std::exchange(writer_, nullptr);
    if (payload_bytes < payload_.size()) {
        std::memset(payload_.data() + payload_bytes, 0, payload_.size() - payload_bytes);
    }
    return writer->publish(type_, 0, payload_bytes);
}

void log_claim::abort() noexcept {
    if (writer_ != nullptr) {
        std::exchange(writer_, nullptr)->clear_claim(payload_.size());
    }
}

}  // namespace millrace::engine
