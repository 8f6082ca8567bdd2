// Keeps the seals of a log in files beside its segments.
//
// Threading  one thread of the process that holds the log's lock
// Progress   a system call for each seal
// Errors     opening throws damage_error for seals that do not fit the segment, io_error; adding
//            keeps the errno, and nothing more is sealed until the file is opened again
#pragma once

#include <filesystem>
#include <optional>

#include "engine/core/file.hpp"
#include "engine/log/seal.hpp"

namespace millrace::engine {

class seal_writer {
public:
    // Makes the segment's file, or goes on behind the last seal in it. `previous` must be what the
    // file says it is, if there is one. A last seal that was cut short is made again.
    seal_writer(const std::filesystem::path& directory, const segment& where,
                const digest& previous, const seal_key* key);

    // The segment's next record, control records too; those already sealed are passed over. A seal
    // is made and written when a range is full. False: see last_error().
    bool add(const record_view& record) noexcept;
    // Seals what was added, for a writer that closes or idles (see is_due).
    bool seal_now() noexcept;
    // The segment was left by its writer; nothing follows in it.
    bool finish_segment() noexcept;
    // Makes the seals durable. The bytes they cover should be so before.
    bool sync() noexcept;
    // Adds what the segment holds beyond the last seal, up to its end or to what is no record.
    bool catch_up(const segment& where) noexcept;
    // At the first record that no seal covers. REQUIRES that nothing was added yet.
    [[nodiscard]] segment_cursor cursor_of(const segment& where) const;

    [[nodiscard]] bool is_due(timestamp now) const { return builder_.is_due(now); }
    [[nodiscard]] bool is_finished() const { return builder_.is_finished(); }
    // Of the last seal made; what the segment before left, where none is made here yet.
    [[nodiscard]] const digest& head() const { return head_; }
    // Of the last seal's last record. REQUIRES a seal.
    [[nodiscard]] sequence sealed_sequence() const { return {builder_.last().last_sequence}; }
    [[nodiscard]] position sealed_to() const { return builder_.sealed_to(); }
    [[nodiscard]] position next_position() const { return builder_.next_position(); }
    [[nodiscard]] std::size_t seal_count() const { return seal_count_; }
    [[nodiscard]] int last_error() const { return last_error_; }

private:
    seal_writer(std::filesystem::path path, const segment& where, const digest& previous,
                const seal_key* key, const seal_contents& contents);
    [[nodiscard]] bool put_seal() noexcept;

    std::filesystem::path path_;
    unique_fd fd_;
    seal_builder builder_;
    digest head_;
    std::size_t seal_count_ = 0;
    int last_error_ = 0;
};

// The seals of a segment's file; no seals and a fault "" where there is no file.
[[nodiscard]] seal_contents read_seals(const std::filesystem::path& directory,
                                       const segment_info& info);

// Where a log's older segments are in an archive: the hash that the last of them leaves to the
// log's own oldest, `first`. Zeros: there is none, or it has no seals. Throws damage_error where
// its seals do not reach its end, for then no chain leads across.
[[nodiscard]] digest archived_seal_head(const std::filesystem::path& directory,
                                        std::uint64_t first);

// The newest seal of a log.
struct seal_head {
    bool is_sealed = false;
    digest hash;
    sequence last_sequence;
    position end;
    timestamp last_timestamp;
    bool is_keyed = false;
};
[[nodiscard]] seal_head read_seal_head(const std::filesystem::path& directory);

// Up to where the seals say that the log was on stable storage, for none is made before the bytes
// it covers are there: the end of the newest seal of a chain unbroken from the oldest file at or
// behind `first_index` on. Zero: nothing says so. A segment whose own bytes are damaged or gone
// counts all the same.
[[nodiscard]] position read_sealed_end(const std::filesystem::path& directory, const log_uuid& uuid,
                                       std::uint64_t segment_bytes, std::uint64_t first_index);

// A file that holds a seal, of whatever log. Nothing is sealed before it is durable.
[[nodiscard]] std::optional<std::filesystem::path> find_any_seal(
    const std::filesystem::path& directory);

struct sealed_log {
    seal_head head;
    std::size_t new_seal_count = 0;
    std::string note;  // of a hot tier that was brought home first, for people
};
// Seals all that a log holds and no seal covers yet. Takes the log's lock: no writer may have it.
// Throws damage_error where the log or its seals are damaged: what is damaged is never sealed.
[[nodiscard]] sealed_log seal_log(const std::filesystem::path& directory, const seal_key* key);

}  // namespace millrace::engine
