// Appends records to an audit log. Opening recovers what a crashed writer left.
//
// Threading  one writer per log, enforced across processes by a lock; one thread (checked in debug
//            builds); durable_position, durable_sequence, request_sync, storage and,
//            unless the log is synchronous, wait_durable are for any thread
// Progress   claim and commit are wait-free. So is the roll to a new segment, without a system call
//            or a page fault, unless the log is synchronous: then the roll makes a file
// Invariant  committed records are never altered; sequences have no gaps; timestamps strictly
//            increase
// Units      payload sizes in bytes; a record takes 32 bytes more and is padded to 32
// Errors     open throws (io_error, locked_error, damage_error, config_error); appending returns a
//            status
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/assert.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/file.hpp"
#include "engine/core/thread.hpp"
#include "engine/log/append_place.hpp"
#include "engine/log/clock_record.hpp"
#include "engine/log/log_options.hpp"
#include "engine/log/segment.hpp"

namespace millrace::engine {

class log_writer;
struct recovered_tail;

namespace detail {
class log_storage;
struct stored_segment;
}  // namespace detail

// The owner's state, appended as the first record of every new segment so that recovery reads one
// segment.
class snapshot_source {
public:
    [[nodiscard]] virtual std::size_t snapshot_bytes() const noexcept = 0;
    virtual void write_snapshot(std::span<std::byte> payload) const noexcept = 0;

protected:
    ~snapshot_source() = default;
};

struct append_result {
    append_status status = append_status::closed;
    sequence seq;
    timestamp time;
    position at;
};

// Room for one record; one claim at a time. Not committed, it leaves no trace. It may not outlive
// its writer.
class log_claim {
public:
    log_claim() = default;
    log_claim(log_claim&& other) noexcept
        : writer_(std::exchange(other.writer_, nullptr)),
          payload_(other.payload_),
          type_(other.type_),
          status_(other.status_) {}
    log_claim& operator=(log_claim&&) = delete;
    log_claim(const log_claim&) = delete;
    log_claim& operator=(const log_claim&) = delete;
    ~log_claim() { abort(); }

    [[nodiscard]] append_status status() const { return status_; }
    [[nodiscard]] explicit operator bool() const { return writer_ != nullptr; }
    [[nodiscard]] std::span<std::byte> payload() const { return payload_; }

    // A claim that was refused, committed or aborted returns status(), or closed, and appends
    // nothing.
    append_result commit() noexcept { return commit(payload_.size()); }
    append_result commit(std::size_t payload_bytes) noexcept;  // REQUIRES payload_bytes <= claimed
    void abort() noexcept;

private:
    friend class log_writer;
    log_writer* writer_ = nullptr;
    std::span<std::byte> payload_;
    std::uint16_t type_ = 0;
    append_status status_ = append_status::closed;
};

class log_writer {
public:
    // Opens the log in `directory`, or creates it. `snapshot` may be null; it must outlive the
    // writer, is asked on every new segment, and not before start_snapshots().
    log_writer(std::filesystem::path directory, log_options options,
               const snapshot_source* snapshot = nullptr);
    ~log_writer();
    log_writer(const log_writer&) = delete;
    log_writer& operator=(const log_writer&) = delete;

    [[nodiscard]] log_claim try_claim(std::uint16_t type, std::size_t payload_bytes) noexcept;
    [[nodiscard]] append_result try_append(std::uint16_t type,
                                           std::span<const std::byte> payload) noexcept;
    // Makes room and takes none: one append of so many bytes, or fewer, then finds the log not
    // back-pressured. For who must know it before it takes what it will append.
    [[nodiscard]] append_status try_reserve(std::size_t payload_bytes) noexcept;
    // Appends a snapshot record now. From the first call on, every new segment opens with one too.
    [[nodiscard]] append_status append_snapshot() noexcept;
    // The next thread that appends owns the writer; for logs set up on one thread and written on
    // another.
    void detach() noexcept { owner_.detach(); }
    // Closes in order; the destructor does it too. The next writer goes on in the same segment,
    // or, in hot mode, in a new one. REQUIRES no open claim. A failure to sync is in last_error().
    void close() noexcept;

    // What lies before it is on stable storage. A synchronous log looks only when it is asked to
    // wait, and when it is closed.
    [[nodiscard]] position durable_position() const noexcept;
    [[nodiscard]] sequence durable_sequence() const noexcept;
    // Until durable_position() >= until, for cold callers: end() after an append waits for it.
    // A synchronous log syncs at once, on this thread, which must be the writer's.
    [[nodiscard]] durable_wait wait_durable(position until, std::int64_t timeout_ns) noexcept;
    // Asks for what is committed to become durable soon, and does not wait: one system call. A
    // synchronous log has nobody to ask.
    void request_sync() noexcept;
    [[nodiscard]] storage_report storage() const;

    // No thread syncs it unless it is asked to wait.
    [[nodiscard]] bool is_synchronous() const { return options_.is_synchronous; }
    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
    [[nodiscard]] const log_uuid& uuid() const { return uuid_; }
    [[nodiscard]] sequence last_sequence() const { return place_.last_sequence(); }
    [[nodiscard]] timestamp last_timestamp() const { return place_.last_timestamp(); }
    [[nodiscard]] position end() const { return place_.end(); }
    [[nodiscard]] std::size_t record_bytes_max() const {
        return payload_bytes_max_ + record_header_bytes;
    }
    [[nodiscard]] std::size_t segment_bytes() const { return segment_bytes_; }
    // What recovery found when it opened the log; empty after a close in order.
    [[nodiscard]] const std::string& recovery_note() const { return recovery_note_; }
    // errno of the last roll or close: why there was no_space, or why a sync failed; 0 when all
    // went well.
    [[nodiscard]] int last_error() const { return last_error_; }
    // Segments that opened without a snapshot because it was larger than record_bytes_max.
    [[nodiscard]] std::uint64_t skipped_snapshot_count() const { return skipped_snapshot_count_; }

private:
    friend class log_claim;

    void create_log();
    void recover_log(std::vector<std::uint64_t> indexes);
    void go_on(const recovered_tail& tail);
    void take_schema(segment_info& next) noexcept;
    void open_storage(const segment_info& first, position durable, sequence durable_last);
    void adopt(segment& next, std::size_t offset);
    void entered(segment& next) noexcept;
    [[nodiscard]] append_status make_room(std::size_t payload_bytes) noexcept;
    [[nodiscard]] append_status find_room(std::size_t payload_bytes) noexcept;
    [[nodiscard]] append_status put_clock() noexcept;
    [[nodiscard]] append_status roll(bool write_end) noexcept;
    [[nodiscard]] append_status roll_synchronously(bool write_end) noexcept;
    [[nodiscard]] segment_start next_start(bool write_end) const noexcept;
    [[nodiscard]] bool sync_all() noexcept;
    [[nodiscard]] bool has_room(std::size_t payload_bytes) const noexcept;
    using place = detail::append_place<>;
    append_result commit(std::uint16_t type, std::span<std::byte> claimed,
                         std::size_t used) noexcept;
    append_result put(control_type type, std::size_t payload_bytes) noexcept;
    append_result checked(const place::appended& made) const noexcept;
    [[nodiscard]] append_status put_snapshot() noexcept;

    // What an append touches stands together.
    alignas(cache_line_bytes) place place_;  // in *segment_
    // 0 sends every append the slow way: once closed, and when the persister wants to be heard. The
    // slow way puts it right again.
    std::atomic<std::size_t> records_end_{0};
    std::size_t payload_bytes_max_ = 0;
    bool has_claim_ = false;
    bool is_closed_ = false;
    thread_checker owner_;
    detail::clock_notes clock_;  // count() for any thread

    alignas(cache_line_bytes) std::filesystem::path directory_;
    log_options options_;
    const snapshot_source* snapshot_;
    file_lock lock_;
    log_uuid uuid_;
    std::size_t segment_bytes_ = 0;
    segment own_segment_;                           // of a synchronous log
    segment* segment_ = nullptr;                    // the current one; null once closed
    std::unique_ptr<detail::log_storage> storage_;  // null: synchronous
    std::uint64_t sync_from_ = 0;  // synchronous: segments before it have been synced
    position durable_position_;    // synchronous
    sequence durable_sequence_;    // synchronous
    int durability_error_ = 0;     // synchronous: errno of the sync that failed, for good
    std::string recovery_note_;
    std::size_t closed_offset_ =
        0;  // where the close record ends behind which this writer goes on, or 0
    std::uint64_t skipped_snapshot_count_ = 0;
    int last_error_ = 0;
    bool snapshots_started_ = false;
    bool is_schema_new_ = false;   // the next segment brings it
    bool is_behind_loss_ = false;  // of a hot tier, which the first segment it begins then says
};

inline bool log_writer::has_room(std::size_t payload_bytes) const noexcept {
    // relaxed: the other thread that writes it hands nothing over with it
    return place_.offset() + align_record(record_header_bytes + payload_bytes) <=
           records_end_.load(std::memory_order_relaxed);
}

inline log_claim log_writer::try_claim(std::uint16_t type, std::size_t payload_bytes) noexcept {
    owner_.check();
    MILLRACE_DCHECK(type < control_type_first, "this type belongs to the log itself");
    MILLRACE_DCHECK(!has_claim_, "a claim is open already");
    log_claim claim;
    if (payload_bytes > payload_bytes_max_ || !has_room(payload_bytes) || clock_.is_due())
        [[unlikely]] {
        claim.status_ = make_room(payload_bytes);
        if (claim.status_ != append_status::ok) {
            return claim;
        }
    }
    has_claim_ = true;
    claim.writer_ = this;
    claim.type_ = type;
    claim.payload_ = place_.room(payload_bytes);
    claim.status_ = append_status::ok;
    return claim;
}

inline append_status log_writer::try_reserve(std::size_t payload_bytes) noexcept {
    owner_.check();
    MILLRACE_DCHECK(!has_claim_, "a claim is open already");
    return payload_bytes > payload_bytes_max_ || !has_room(payload_bytes) || clock_.is_due()
               ? make_room(payload_bytes)
               : append_status::ok;
}

inline append_result log_writer::try_append(std::uint16_t type,
                                            std::span<const std::byte> payload) noexcept {
    log_claim claim = try_claim(type, payload.size());
    if (!claim) [[unlikely]] {
        return {claim.status(), {}, {}, {}};
    }
    if (!payload.empty()) {
        std::memcpy(claim.payload().data(), payload.data(), payload.size());
    }
    return claim.commit();
}

inline append_result log_writer::checked(const place::appended& made) const noexcept {
    MILLRACE_DCHECK(place_.offset() + 8 > segment_bytes() ||
                        load_commit_word(place_.data() + place_.offset()) == 0,
                    "the next commit word is not zero");
    return {append_status::ok, made.seq, made.time, made.at};
}

inline append_result log_writer::commit(std::uint16_t type, std::span<std::byte> claimed,
                                        std::size_t used) noexcept {
    has_claim_ = false;
    return checked(place_.commit(type, claimed, used));
}

inline append_result log_claim::commit(std::size_t payload_bytes) noexcept {
    MILLRACE_DCHECK(payload_bytes <= payload_.size(), "commit of more than was claimed");
    if (writer_ == nullptr) [[unlikely]] {
        const bool was_refused = status_ != append_status::ok;
        return {was_refused ? status_ : append_status::closed, {}, {}, {}};
    }
    return std::exchange(writer_, nullptr)->commit(type_, payload_, payload_bytes);
}

inline void log_claim::abort() noexcept {
    if (writer_ != nullptr) {
        log_writer::place::abort(payload_);
        std::exchange(writer_, nullptr)->has_claim_ = false;
    }
}

}  // namespace millrace::engine
