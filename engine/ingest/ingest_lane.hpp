// One producer's way into an ingest: its rows one way, their acknowledgements the other.
//
//   producer --rows (byte ring)--> ingest --append--> log
//   producer <--tickets, by number------'
//
// Threading  one producer, and the ingest's thread; each member says whose it is
// Progress   all calls are wait-free and allocate nothing
// Invariant  collected <= answered <= appended <= submitted <= collected + capacity
// Units      submitted, appended, answered, collected: rows since the lane was opened
// Errors     the constructor throws config_error or io_error
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/core/types.hpp"
#include "engine/log/log_writer.hpp"
#include "engine/ring/byte_ring.hpp"

namespace millrace::engine {

enum class ack_level : std::uint8_t {
    committed,  // readers see it
    durable,    // it is on stable storage
};

// What became of one row, in the order of its producer's submissions.
struct ingest_ack {
    std::uint64_t ticket = 0;                      // as try_submit was given it
    append_status status = append_status::closed;  // ok, or why the row is not in the log
    ack_level level = ack_level::committed;        // reached: less than wanted if a sync failed
    sequence seq;
    timestamp time;
    position at;
};

namespace detail {

enum class lane_state : std::uint8_t {
    unused,
    taken,      // being opened
    open,       // has a producer
    abandoned,  // its producer is gone; what it submitted is still appended
};

// REQUIRES: capacity is a power of two.
class ingest_lane {
public:
    ingest_lane(std::size_t capacity, std::size_t ring_bytes)
        : rows_(ring_bytes), tickets_(capacity), mask_(capacity - 1) {}

    // Producer.
    [[nodiscard]] bool is_full() const noexcept { return submitted_ - collected_ > mask_; }
    [[nodiscard]] claim_result submit(std::span<const std::byte> row, std::uint64_t ticket,
                                      ack_level level) noexcept;
    [[nodiscard]] bool collect(ingest_ack& ack) noexcept;
    [[nodiscard]] std::uint64_t in_flight_count() const noexcept { return submitted_ - collected_; }
    [[nodiscard]] std::size_t row_bytes_max() const noexcept { return rows_.payload_size_max(); }

    // The ingest's thread. The oldest row that is not appended, which stays until settle().
    [[nodiscard]] byte_record next() noexcept { return rows_.peek(); }
    // What the log said to that row; `end` is where the log then ended.
    void settle(const append_result& result, position end) noexcept;
    // Answers what may be answered now; returns how many rows that were.
    [[nodiscard]] std::size_t answer(position durable, bool is_durability_lost) noexcept;
    [[nodiscard]] bool awaits_durability() const noexcept { return answered_here_ < appended_; }

    // Whoever owns both ends: before the lane has a producer again.
    void reset() noexcept;

    std::atomic<bool> is_submitting{false};        // writer: the producer
    std::atomic<std::uint64_t> back_pressured{0};  // writer: the producer

private:
    // The producer writes ticket and wanted before the row's ring hands it over; the ingest writes
    // the rest before `answered_` gives it back.
    struct ticket_slot {
        std::uint64_t ticket = 0;
        ack_level wanted = ack_level::committed;
        ack_level reached = ack_level::committed;
        append_result result;
        position end;
    };

    byte_ring rows_;
    std::vector<ticket_slot> tickets_;
    std::uint64_t mask_;
    alignas(no_sharing_bytes) std::uint64_t submitted_ = 0;             // writer: the producer
    std::uint64_t collected_ = 0;                                       // writer: the producer
    alignas(no_sharing_bytes) std::uint64_t appended_ = 0;              // writer: the ingest
    std::uint64_t answered_here_ = 0;                                   // writer: the ingest
    alignas(no_sharing_bytes) std::atomic<std::uint64_t> answered_{0};  // writer: the ingest
};

}  // namespace detail

}  // namespace millrace::engine
