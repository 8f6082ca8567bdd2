// How a log is written: what it is made of, who makes its segments, and when it is durable.
//
// Units  sizes in bytes, times in nanoseconds
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/core/process_clock.hpp"
#include "engine/core/types.hpp"

namespace millrace::engine {

struct record_view;

// Byte for byte the same segments.
enum class storage_mode : std::uint8_t {
    direct,  // the writer maps the disk's file
    hot,     // the writer maps a file in memory, and a persister thread copies it to the disk's
};

// Told of every record once it is on stable storage, in order, each once in a writer's life.
// Called on the persister's thread, which syncs nothing meanwhile. Only where a persister is.
class durable_observer {
public:
    virtual void on_durable(const record_view& record) noexcept = 0;
    // Everything of the segment has been passed on, and nothing is added to it.
    virtual void on_segment_end(std::uint64_t index) noexcept = 0;

protected:
    ~durable_observer() = default;
};

// Says whether a log may go on with another schema than it has.
class schema_judge {
public:
    // Empty: it may; else why not, for people.
    [[nodiscard]] virtual std::string refuse(const std::string& in_log,
                                             const std::string& asked) const = 0;

protected:
    ~schema_judge() = default;
};

struct log_options {
    std::size_t segment_bytes = std::size_t{64} << 20;  // fixed when the log is created
    std::string schema{};  // text kept in the log; when opening again it must be equal, or
    const schema_judge* judge = nullptr;  // this lets the log go on with it, in a new segment
    std::string purpose{};                // who writes, for the lock file
    bool sync_on_close = true;
    // True: no thread beside the writer's. It makes a segment itself when it rolls, and only
    // wait_durable and close wait for the disk. For tools that append a few rows and end.
    bool is_synchronous = true;
    storage_mode storage = storage_mode::direct;  // hot needs is_synchronous = false

    std::filesystem::path hot_directory{};  // of all logs; empty: /dev/shm/millrace-UID
    std::size_t hot_bytes_max = 0;  // of this log, at least three segments; 0: hot_bytes_limit
    std::int64_t sync_delay_max_ns = 5'000'000;  // from the commit to the beginning of its sync
    std::size_t sync_bytes_max = std::size_t{8} << 20;       // a sync begins earlier for so many
    std::uint64_t low_space_bytes = std::uint64_t{1} << 30;  // less free: is_space_low
    // True: the writer of few records waits for a segment, so that one made ahead within 10 ms will
    // do, however small it is, and wakes its file system's helper less.
    bool can_wait = false;
    durable_observer* observer = nullptr;  // must outlive the writer

    // Index and seals of each segment, kept behind what is durable by a thread of their own. A
    // synchronous log has none: `millrace log index` and `millrace log seal` make them.
    bool keeps_sidecars = true;
    std::filesystem::path seal_key_file{};  // seals made with this key; empty: without one
};

// What a hot log may take of its memory file system: what is not on the disk yet, and the segments
// made ahead. In step with the segments by default, so that a slow disk is outlasted alike.
[[nodiscard]] constexpr std::size_t hot_bytes_limit(std::size_t hot_bytes_max,
                                                    std::size_t segment_bytes) {
    constexpr std::size_t least = std::size_t{128} << 20;
    return hot_bytes_max != 0          ? hot_bytes_max
           : 8 * segment_bytes > least ? 8 * segment_bytes
                                       : least;
}

enum class append_status : std::uint8_t {
    ok,
    too_large,       // more than record_bytes_max
    no_space,        // the next segment could not be made; nothing was appended; try again when
                     // space is freed
    back_pressured,  // the next segment is not ready yet; nothing was appended; try again
    closed,
};
[[nodiscard]] std::string_view describe(append_status status);

enum class durable_wait : std::uint8_t {
    durable,
    timed_out,
    halted,  // a sync failed, and nothing more of this log becomes durable in this writer's life
    closed,  // the log was closed before
};
[[nodiscard]] std::string_view describe(durable_wait outcome);

// What a log's threads met; counts since it was opened.
struct storage_report {
    std::uint64_t back_pressured_count = 0;
    std::uint64_t no_space_count = 0;
    std::uint64_t sync_count = 0;
    std::uint64_t sync_failure_count = 0;
    std::uint64_t lost_name_count = 0;  // hot files that somebody else removed
    std::int64_t sync_ns_max = 0;
    bool is_space_low = false;
    // Hot: no memory the writer writes can be swapped out. False where the process may not lock so
    // much (RLIMIT_MEMLOCK); `text` says so where the host has swap.
    bool is_memory_locked = false;
    std::uint64_t unlocked_count = 0;  // segments that could not be locked
    bool is_durability_halted = false;
    std::string text;          // the last alarm, a sentence for people; empty if there was none
    sequence sealed_sequence;  // of the last record a seal on stable storage covers
    std::uint64_t sidecar_failure_count = 0;  // of index and seals; the log itself went on
    bool is_sealing_halted = false;           // the log or its seals are damaged
    std::string sidecar_text;                 // the last failure of index or seals
    clock_status clock;                       // of the process, so the same for all its logs
    std::uint64_t clock_record_count = 0;     // written to this log
};

}  // namespace millrace::engine
