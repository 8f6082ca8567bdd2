// One client of a listener: lines of JSON in, one line of JSON back for each, in the same order.
//
//   {"COLUMN": value, ...}          a row     {"line":1,"sequence":7,"timestamp":"...",
//                                              "position":4096,"level":"committed"}
//   {"@level": "durable", ...}      settings  {"line":2,"table":"ORDERS","level":"durable"}
//   {"@read": "first", ...}         a reading {"line":3,"table":"ORDERS","level":"durable",
//                                              "@read":{"sequence":1,"offset":4096}}
//                                             and then rows, each as the tools print it, until
//                                             {"line":3,"@end":{"sequence":9,"offset":8192}}
//   what is none of these                     {"line":4,"error":"column PRICE: ..."}
//
// A connection appends or reads: its rows would come among its answers, and its answers late.
//
// Threading  one thread, the listener's
// Progress   turn() waits for nothing: what the socket or the ingest does not take now stays for
//            the next turn
// Invariant  at most in_flight_max lines are unanswered, line_bytes_max read but not taken, and
//            answer_bytes_max and a row not sent
// Errors     none leave it; a connection that cannot go on is closed, and what was submitted is
//            appended all the same
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/file.hpp"
#include "engine/ingest/ingest.hpp"
#include "gateway/intake/intake_options.hpp"
#include "gateway/intake/intake_reading.hpp"
#include "gateway/intake/row_json.hpp"

namespace millrace::gateway {

class intake_connection {
public:
    // REQUIRES: options, counters and the ingest outlive this; a non-blocking socket.
    intake_connection(const intake_options& options, intake_counters& counters,
                      engine::ingest& ingest, engine::unique_fd socket, std::string_view user);

    struct turn_terms {
        bool is_readable = false;
        bool is_hung_up = false;  // nobody takes what is sent
        std::size_t readers = 1;  // of the listener, that share the turn
    };
    // Receives, submits, answers, hands out rows; returns how much there was to do.
    [[nodiscard]] int turn(const turn_terms& terms) noexcept;
    // Takes no more lines and reads no more rows; is_open() until the last line is answered.
    void finish() noexcept;
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
    [[nodiscard]] bool is_reading() const noexcept { return reading_ != nullptr; }
    // There are rows for it, and it takes them.
    [[nodiscard]] bool has_more_to_read() const noexcept {
        return is_reading() && !reading_->is_at_tail() && has_room_for_answers();
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
    void begin_reading(const row_settings& settings);
    // Why this connection does not read now; empty: it may.
    [[nodiscard]] std::string reading_refusal() const;
    [[nodiscard]] int read_rows(std::size_t readers);
    void end_reading();
    void refuse_reading(std::uint64_t line, const std::string& reason, bool stops);
    [[nodiscard]] std::string accepted(engine::ack_level level) const;
    void refuse(const std::string& reason) { refuse(line_, reason); }
    void refuse(std::uint64_t line, const std::string& reason);
    [[nodiscard]] int answer();
    void append_answer(std::uint64_t line, const engine::ingest_ack& ack);
    [[nodiscard]] int send();
    void drop_unwanted() noexcept;
    void close_if_done() noexcept;

    const intake_options* options_;
    intake_counters* counters_;
    const engine::ingest* ingest_;
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
    std::unique_ptr<intake_reading> reading_;
    std::uint64_t reading_line_ = 0;  // that asked for it
    bool reading_stops_ = false;      // the connection, where it fails
    bool has_appended_ = false;
    bool has_read_ = false;
    bool is_reading_new_ = false;  // was asked for in this turn
    bool reads_ = true;
    bool is_deaf_ = false;  // answers find nobody; lines are taken on until their end
    bool is_back_pressured_ = false;
};

}  // namespace millrace::gateway
