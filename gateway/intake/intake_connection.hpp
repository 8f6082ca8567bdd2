// One client of a listener: lines of JSON in, one line of JSON back for each, in the same order.
//
//   {"COLUMN": value, ...}          a row     {"line":1,"sequence":7,"timestamp":"...",
//                                              "position":4096,"level":"committed"}
//   {"@level": "durable", ...}      settings  {"line":2,"table":"ORDERS","level":"durable"}
//   what is neither                           {"line":3,"error":"column PRICE: ..."}
//
// Threading  one thread, the listener's
// Progress   turn() waits for nothing: what the socket or the ingest does not take now stays for
//            the next turn
// Invariant  at most in_flight_max lines are unanswered, and line_bytes_max read but not taken
// Errors     none leave it; a connection that cannot go on is closed, and what was submitted is
//            appended all the same
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/file.hpp"
#include "engine/ingest/ingest.hpp"
#include "gateway/intake/intake_options.hpp"
#include "gateway/intake/row_json.hpp"

namespace millrace::gateway {

class intake_connection {
public:
    // REQUIRES: options, counters and the ingest outlive this; a non-blocking socket.
    intake_connection(const intake_options& options, intake_counters& counters,
                      engine::ingest& ingest, engine::unique_fd socket, std::string_view user);

    // Reads, submits, answers; returns how much there was to do.
    [[nodiscard]] int turn(bool is_readable) noexcept;
    // Takes no more lines; is_open() until the last one is answered.
    void finish() noexcept { reads_ = false; }
    void close() noexcept;

    [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }
    [[nodiscard]] int fd() const noexcept { return socket_.get(); }
    [[nodiscard]] bool wants_to_read() const noexcept {
        return reads_ && in_.size() <= options_->line_bytes_max &&
               waiting_.size() < options_->in_flight_max && has_room_for_answers();
    }
    [[nodiscard]] bool wants_to_write() const noexcept { return sent_ < out_.size(); }
    // Something will happen that no socket tells of: an answer of the ingest, or room for a row.
    [[nodiscard]] bool awaits_ingest() const noexcept {
        return producer_.in_flight_count() > 0 || is_back_pressured_;
    }

private:
    struct waiting_line {
        std::uint64_t number = 0;
        bool is_row = false;  // its answer comes from the ingest
        std::string answer;   // else this
    };

    [[nodiscard]] bool has_room_for_answers() const noexcept {
        return out_.size() - sent_ < options_->answer_bytes_max;
    }
    [[nodiscard]] int receive();
    [[nodiscard]] int take_lines();
    // False: not now; the line is to be taken again.
    [[nodiscard]] bool take_line(std::string_view line);
    [[nodiscard]] bool submit(const row_settings& how);
    void apply(const row_settings& settings);
    void refuse(const std::string& reason);
    [[nodiscard]] int answer();
    void append_answer(std::uint64_t line, const engine::ingest_ack& ack);
    [[nodiscard]] int send();
    void drop_unwanted() noexcept;
    void close_if_done() noexcept;

    const intake_options* options_;
    intake_counters* counters_;
    const engine::row_schema* schema_;
    engine::unique_fd socket_;
    engine::short_name user_;
    engine::ingest_producer producer_;
    row_json parser_;
    row_settings settings_;
    std::vector<std::byte> buffer_;  // of the row that is built
    engine::row_builder row_;
    std::string in_;
    std::string out_;
    std::size_t sent_ = 0;  // of out_
    std::deque<waiting_line> waiting_;
    std::uint64_t line_ = 0;  // taken so far
    bool reads_ = true;
    bool is_deaf_ = false;  // answers find nobody; lines are taken on until their end
    bool is_back_pressured_ = false;
};

}  // namespace millrace::gateway
