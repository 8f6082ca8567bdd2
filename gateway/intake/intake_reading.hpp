// A reading of the listener's table for one client: rows of its log as lines of JSON, from where
// the client asked on, live once it has come to the end.
//
// The log is the queue: what the client does not take yet is not read yet. So a slow one costs a
// buffer, and no other client waits for it, nor the writer, which knows of none.
//
// Threading  one thread, the listener's
// Progress   fill() looks at a bounded number of records and bytes, and waits for nothing. Opening
//            reads headers, an index, and from there on to the place
// Invariant  each row from the beginning on that meets the condition comes once and in order
// Errors     the constructor throws engine::error: what, where, what to do; fill() ends the reading
//            and failure() says so
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "engine/ingest/ingest.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/stream/row_follower.hpp"
#include "engine/table/predicate.hpp"
#include "gateway/intake/intake_options.hpp"
#include "gateway/intake/read_request.hpp"

namespace millrace::gateway {

class intake_reading {
public:
    // REQUIRES: the counters outlive this.
    intake_reading(const engine::ingest& ingest, read_request request, intake_counters& counters);
    intake_reading(const intake_reading&) = delete;
    intake_reading& operator=(const intake_reading&) = delete;

    struct limits {
        std::size_t bytes_max = 0;  // of `out`, which may exceed it by one row
        std::size_t readers = 1;    // that share a turn
    };
    // Appends whole lines; returns how much there was to do.
    [[nodiscard]] int fill(std::string& out, const limits& room);

    // Its end was reached, or something failed: then nothing more comes.
    [[nodiscard]] bool is_over() const noexcept { return is_over_; }
    // Empty: its end was reached.
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    // All there is was handed out when it was last filled.
    [[nodiscard]] bool is_at_tail() const noexcept { return is_at_tail_; }
    [[nodiscard]] bool is_durable_only() const noexcept { return request_.is_durable_only; }

    // The last record that was handed out or passed over, and the place behind it.
    [[nodiscard]] engine::sequence last() const noexcept { return last_; }
    [[nodiscard]] engine::position next() const noexcept { return next_; }
    // The first sequence that may come; meant for before the first fill().
    [[nodiscard]] engine::sequence first() const noexcept;

private:
    void find_end();
    [[nodiscard]] bool is_end_reached() const noexcept;
    [[nodiscard]] engine::read_status look() noexcept;
    [[nodiscard]] bool is_held_back() const noexcept;
    [[nodiscard]] bool is_next_archived() const;
    // False: the condition does not hold.
    [[nodiscard]] bool take(std::string& out);
    [[noreturn]] void refuse_damage() const;
    [[nodiscard]] int fill_or_throw(std::string& out, const limits& room);

    read_request request_;
    intake_counters* counters_;
    engine::log_reader reader_;
    engine::row_follower rows_;
    engine::predicate where_;
    engine::durable_mark mark_;      // where only durable rows are wanted
    engine::position tail_;          // where the log ended, if the reading ends there
    engine::record_view looked_at_;  // and not taken: it is not durable yet, or lies past the end
    bool is_holding_ = false;
    engine::sequence last_;
    engine::position next_;
    bool is_at_tail_ = false;
    bool is_over_ = false;
    std::string failure_;
};

}  // namespace millrace::gateway
