// Lets many threads append to one table: each has a producer of its own, one agent writes the log,
// and every row's acknowledgement comes back to who submitted it.
//
//   thread 1: producer --\                     /--> acknowledgements, in order
//   thread 2: producer ---> ingest agent -> log ---> ...
//   thread N: producer --/
//
// Threading  a producer belongs to one thread at a time; make_producer from any thread; the agent's
//            calls on one thread, which alone appends to the table while the ingest lives
// Progress   try_submit and poll are lock-free, and neither allocates nor calls the system; what
//            one producer does, or leaves undone, holds up no other. The agent is wait-free but
//            for the log, and where the log is synchronous and rows shall be durable: then it syncs
// Invariant  the rows of one producer are appended, and answered, in the order of their submission;
//            each accepted row is answered exactly once
// Units      sizes in bytes; in_flight: rows submitted whose acknowledgements were not collected
// Errors     try_submit answers a status; construction and make_producer throw config_error
// Source     moodycamel's ConcurrentQueue, a token per producer, tells the agent whose turn it is
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "engine/counters/counter.hpp"
#include "engine/ingest/ingest_lane.hpp"
#include "engine/stream/table_log.hpp"

namespace millrace::engine {

enum class submit_status : std::uint8_t {
    accepted,
    back_pressured,  // too many rows in flight: collect acknowledgements, then try again
    too_large,       // never fits: the lane or the table takes no row of this size
    not_a_row,       // the bytes are no row of the table
    closed,          // the ingest is closed; nothing more is taken
};
[[nodiscard]] std::string_view describe(submit_status status) noexcept;

struct ingest_options {
    std::string name = "ingest";                    // of the agent
    std::size_t producers_max = 64;                 // at once
    std::size_t in_flight_max = 1024;               // of each producer; a power of two
    std::size_t ring_bytes = std::size_t{1} << 20;  // of each: a row takes a quarter at most
    std::int64_t close_timeout_ns = 5'000'000'000;  // for a log that takes nothing, or a disk
};

// Writer: the agent.
struct ingest_counters {
    counter appended;
    counter refused;             // answered with another status than ok
    counter log_back_pressured;  // turns in which the log took nothing
    counter back_pressured;      // submissions that were told so
    counter producers;           // gauge
};

class ingest_producer;

class ingest {
public:
    // REQUIRES: the table is started, and outlives this; nobody else appends to it.
    ingest(table_log& table, ingest_options options);
    ingest(const ingest&) = delete;
    ingest& operator=(const ingest&) = delete;
    ~ingest();

    // Throws config_error where producers_max have one, and when closed. The producer may not
    // outlive the ingest.
    [[nodiscard]] ingest_producer make_producer();
    [[nodiscard]] const row_schema& schema() const noexcept;
    // Of the table's log. From any thread.
    [[nodiscard]] const std::filesystem::path& directory() const noexcept;
    [[nodiscard]] bool is_synchronous() const noexcept { return table_->is_synchronous(); }

    [[nodiscard]] const char* name() const noexcept;
    void on_start() {}
    int do_work() noexcept;
    // Refuses what comes from now on, and appends and answers what came before.
    void on_close() noexcept;

    ingest_counters counters;

private:
    friend class ingest_producer;
    struct shared;

    [[nodiscard]] std::size_t append_hinted() noexcept;
    [[nodiscard]] std::size_t append_all() noexcept;
    // False: the log takes nothing now.
    [[nodiscard]] bool append_next(detail::ingest_lane& lane, std::size_t& count) noexcept;
    [[nodiscard]] std::size_t answer_all() noexcept;
    void look_at_durability() noexcept;
    void free_if_done(std::size_t index) noexcept;
    void drain(std::int64_t until_ns) noexcept;
    void refuse_rest(append_status status) noexcept;
    template <class Call>
    void for_each_lane(Call&& call) noexcept;

    table_log* table_;
    ingest_options options_;
    // Of the table. Kept for the producers, since the writer's own stands beside what it writes.
    std::size_t row_bytes_max_;
    std::unique_ptr<shared> shared_;
    position durable_;
    bool is_durability_lost_ = false;
    bool awaits_durability_ = false;
    append_status log_status_ = append_status::ok;  // of the last attempt
    std::int64_t next_health_check_ns_ = 0;
    std::uint64_t back_pressured_before_ = 0;  // of producers that are gone
};

// What is not collected when it dies is appended all the same.
class ingest_producer {
public:
    ingest_producer() = default;
    ingest_producer(ingest_producer&& other) noexcept;
    ingest_producer& operator=(ingest_producer&& other) noexcept;
    ingest_producer(const ingest_producer&) = delete;
    ingest_producer& operator=(const ingest_producer&) = delete;
    ~ingest_producer() { close(); }

    // Copies the row: envelope and columns, as row_builder::payload has them. The ticket comes back
    // with the acknowledgement.
    [[nodiscard]] submit_status try_submit(std::span<const std::byte> row, std::uint64_t ticket,
                                           ack_level level = ack_level::committed) noexcept;
    // The next acknowledgement, if it is there.
    [[nodiscard]] bool poll(ingest_ack& ack) noexcept;
    [[nodiscard]] std::uint64_t in_flight_count() const noexcept;
    [[nodiscard]] std::size_t row_bytes_max() const noexcept;
    [[nodiscard]] bool is_open() const noexcept { return lane_ != nullptr; }
    void close() noexcept;

private:
    friend class ingest;
    ingest_producer(ingest& owner, std::size_t index) noexcept;

    ingest* owner_ = nullptr;
    detail::ingest_lane* lane_ = nullptr;
    std::size_t index_ = 0;
};

}  // namespace millrace::engine
