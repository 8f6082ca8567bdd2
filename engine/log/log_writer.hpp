// Appends records to an audit log. Opening recovers what a crashed writer left.
//
// Threading  one writer per log, enforced across processes by a lock; one thread (checked in debug builds)
// Progress   claim and commit are wait-free but for the roll to a new segment, which makes a file
// Invariant  committed records are never altered; sequences have no gaps; timestamps strictly increase
// Units      payload sizes in bytes; a record takes 32 bytes more and is padded to 32
// Errors     open throws (io_error, locked_error, damage_error, config_error); appending returns a status
#pragma once

#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "engine/core/clock.hpp"
#include "engine/core/file.hpp"
#include "engine/core/thread.hpp"
#include "engine/log/segment.hpp"

namespace millrace::engine {

class log_writer;

// The owner's state, appended as the first record of every new segment so that recovery reads one segment.
class snapshot_source {
public:
    [[nodiscard]] virtual std::size_t snapshot_bytes() const noexcept = 0;
    virtual void write_snapshot(std::span<std::byte> payload) const noexcept = 0;

protected:
    ~snapshot_source() = default;
};

struct log_options {
    std::size_t segment_bytes = std::size_t{64} << 20;  // fixed when the log is created
    std::string schema;          // text kept in the log; when opening again it must be equal
    std::string purpose;         // who writes, for the lock file
    bool sync_on_close = true;
};

enum class append_status : std::uint8_t {
    ok,
    too_large,  // more than record_bytes_max
    no_space,   // the next segment could not be made; nothing was appended; try again when space is freed
    closed,
};
[[nodiscard]] std::string_view describe(append_status status);

struct append_result {
    append_status status = append_status::closed;
    sequence seq;
    timestamp time;
    position at;
};

// Room for one record. Not committed, it leaves no trace.
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
    // Opens the log in `directory`, or creates it. `snapshot` may be null; it must outlive the writer, is asked
    // on every new segment, and not before start_snapshots().
    log_writer(std::filesystem::path directory, log_options options,
               const snapshot_source* snapshot = nullptr);
    ~log_writer();
    log_writer(const log_writer&) = delete;
    log_writer& operator=(const log_writer&) = delete;

    [[nodiscard]] log_claim try_claim(std::uint16_t type, std::size_t payload_bytes) noexcept;
    [[nodiscard]] append_result try_append(std::uint16_t type,
                                           std::span<const std::byte> payload) noexcept;
    // Appends a snapshot record now. From the first call on, every new segment opens with one too.
    [[nodiscard]] append_status append_snapshot() noexcept;
    // Closes in order: the next writer goes on in the same segment. The destructor does it too.
    void close() noexcept;

    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
    [[nodiscard]] const log_uuid& uuid() const { return info_.uuid; }
    [[nodiscard]] sequence last_sequence() const { return last_sequence_; }
    [[nodiscard]] timestamp last_timestamp() const { return last_timestamp_; }
    [[nodiscard]] position end() const { return {info_.first_position().value + offset_}; }
    [[nodiscard]] std::size_t record_bytes_max() const { return info_.segment_bytes / 8; }
    [[nodiscard]] std::size_t segment_bytes() const { return info_.segment_bytes; }
    // What recovery found when it opened the log; empty after a close in order.
    [[nodiscard]] const std::string& recovery_note() const { return recovery_note_; }
    // errno of the last failure behind append_status::no_space, else 0.
    [[nodiscard]] int last_error() const { return last_error_; }

private:
    friend class log_claim;

    void create_log();
    void recover_log(std::uint64_t last_index);
    [[nodiscard]] bool roll(bool write_end) noexcept;
    [[nodiscard]] bool has_room(std::size_t payload_bytes) const noexcept;
    append_result publish(std::uint16_t type, std::uint8_t flags, std::size_t payload_bytes) noexcept;
    void clear_claim(std::size_t payload_bytes) noexcept;
    [[nodiscard]] append_status put_snapshot() noexcept;

    std::filesystem::path directory_;
    log_options options_;
    const snapshot_source* snapshot_;
    file_lock lock_;
    segment segment_;
    segment_info info_;  // of segment_
    std::size_t offset_ = 0;
    sequence last_sequence_;
    timestamp last_timestamp_;
    std::string recovery_note_;
    int last_error_ = 0;
    bool snapshots_started_ = false;
    bool is_closed_ = false;
    thread_checker owner_;
};

}  // namespace millrace::engine
