// What a connection does for a client that reads.
#include "engine/core/error.hpp"
#include "gateway/intake/intake_connection.hpp"

namespace millrace::gateway {

namespace {

std::string place_text_of(engine::sequence seq, engine::position at) {
    return "{\"sequence\":" + std::to_string(seq.value) +
           ",\"offset\":" + std::to_string(at.value) + "}}\n";
}

}  // namespace

std::string intake_connection::reading_refusal() const {
    if (has_appended_) {
        return "this connection appends; read over another one";
    }
    if (is_reading()) {
        return "this connection reads already, as line " + std::to_string(reading_line_) +
               " asked it to; wait for its @end, or read over another one";
    }
    return {};
}

void intake_connection::begin_reading(const row_settings& settings) {
    is_reading_new_ = true;
    read_request request;
    std::string reason = fill_read_request(settings, request);
    if (reason.empty()) {
        reason = reading_refusal();
    }
    row_settings how = settings_;
    how.take(settings);
    const engine::ack_level level = how.level.value();
    request.is_durable_only = level == engine::ack_level::durable;
    if (reason.empty()) {
        try {
            reading_ = std::make_unique<intake_reading>(*ingest_, std::move(request), *counters_);
        } catch (const engine::error& failure) {
            reason = failure.what();
        }
    }
    const bool stops = how.stops_at_error.value();
    if (!reason.empty()) {
        refuse_reading(line_, reason, stops);
        return;
    }
    reading_stops_ = stops;
    reading_line_ = line_;
    has_read_ = true;
    producer_.close();  // its memory is for who appends
    waiting_.push_back(
        {line_, false,
         accepted(level) + ",\"@read\":" + place_text_of(reading_->first(), reading_->next())});
}

int intake_connection::read_rows(std::size_t readers) {
    // An answer goes before the rows that come behind its line.
    if (!is_reading() || !waiting_.empty() || !has_room_for_answers()) {
        return 0;
    }
    const int work = reading_->fill(out_, {sent_ + options_->answer_bytes_max, readers});
    if (reading_->is_over()) {
        end_reading();
    }
    return work;
}

void intake_connection::end_reading() {
    const std::unique_ptr<intake_reading> over = std::move(reading_);
    if (over->failure().empty()) {
        out_ += "{\"line\":" + std::to_string(reading_line_) +
                ",\"@end\":" + place_text_of(over->last(), over->next());
        return;
    }
    refuse_reading(reading_line_, over->failure(), reading_stops_);
}

void intake_connection::refuse_reading(std::uint64_t line, const std::string& reason, bool stops) {
    settings_.stops_at_error = stops || settings_.stops_at_error.value();
    refuse(line, reason);
}

}  // namespace millrace::gateway
