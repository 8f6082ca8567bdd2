#include "gateway/intake/intake_connection.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "engine/core/error.hpp"
#include "engine/table/json_text.hpp"

namespace millrace::gateway {

namespace {

constexpr std::size_t chunk_bytes = 16 * 1024;

std::string_view name_of(engine::ack_level level) {
    return level == engine::ack_level::durable ? "durable" : "committed";
}

std::string error_answer(std::uint64_t line, std::string_view reason) {
    std::string answer = "{\"line\":" + std::to_string(line) + ",\"error\":";
    engine::append_json_text(answer, reason);
    return answer + "}\n";
}

}  // namespace

intake_connection::intake_connection(const intake_options& options, intake_counters& counters,
                                     engine::ingest& ingest, engine::unique_fd socket,
                                     std::string_view user)
    : options_(&options),
      counters_(&counters),
      ingest_(&ingest),
      schema_(&ingest.schema()),
      socket_(std::move(socket)),
      producer_(ingest.make_producer()),
      parser_(ingest.schema()),
      // A longer trailing value than the line itself cannot come out of it.
      buffer_(schema_->payload_size(options.line_bytes_max)),
      row_(*schema_, buffer_) {
    static_cast<void>(user_.assign(user.substr(0, sizeof user_.bytes)));
    settings_.level = options.level;
    settings_.operation = engine::operation::insert;
    settings_.event = engine::short_name("socket");
    settings_.stops_at_error = false;
}

int intake_connection::turn(const turn_terms& terms) noexcept {
    int work = 0;
    try {
        // Of a client that appends, lines may still be there to be taken.
        is_deaf_ = is_deaf_ || (terms.is_hung_up && has_read_);
        work += send();
        work += answer();
        if (terms.is_readable && is_open() && wants_to_read()) {
            work += receive();
        }
        work += take_lines();
        work += answer();
        work += read_rows(terms.readers);
        work += answer();  // why there are no more
        work += send();
    } catch (const std::exception&) {
        close();  // no memory for this client's lines; the others go on
    }
    close_if_done();
    return work;
}

void intake_connection::finish() noexcept {
    reads_ = false;
    reading_.reset();
}

void intake_connection::close() noexcept {
    socket_.reset();
    reading_.reset();
    producer_.close();
}

int intake_connection::receive() {
    std::array<char, chunk_bytes> chunk;
    const std::size_t room = options_->line_bytes_max + 1 - in_.size();
    const ssize_t size =
        ::recv(socket_.get(), chunk.data(), std::min(chunk.size(), room), MSG_DONTWAIT);
    if (size > 0) {
        in_.append(chunk.data(), static_cast<std::size_t>(size));
        return 1;
    }
    if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        reads_ = false;
        is_deaf_ = is_deaf_ || size < 0;
    }
    return 0;
}

int intake_connection::take_lines() {
    int taken = 0;
    std::size_t at = 0;
    is_back_pressured_ = false;
    is_reading_new_ = false;  // to open one takes longer than a row does: one a turn
    // A client that stopped writing has its whole lines taken; one that was told off has not.
    while (is_open() && waiting_.size() < options_->in_flight_max && !is_reading_new_) {
        const std::size_t end = in_.find('\n', at);
        if (end == std::string::npos || !take_line(std::string_view(in_).substr(at, end - at))) {
            break;
        }
        at = end + 1;
        ++taken;
    }
    in_.erase(0, std::min(at, in_.size()));
    if (in_.find('\n') != std::string::npos) {
        return taken;
    }
    if (in_.size() > options_->line_bytes_max) {
        ++line_;
        refuse("the line is longer than " + std::to_string(options_->line_bytes_max) + " bytes");
        finish();
        in_.clear();
    } else if (!reads_ && !in_.empty()) {
        ++line_;
        refuse("the last line has no end, so it may be cut off");
        in_.clear();
    }
    return taken;
}

bool intake_connection::take_line(std::string_view line) {
    ++line_;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
        return true;
    }
    row_settings found;
    std::string reason = parser_.fill(line, row_, &found);
    const bool is_foreign = found.table.has_value() && *found.table != schema_->table_name();
    if (is_foreign) {
        reason = "the row is for table '" + *found.table + "', and this socket serves '" +
                 schema_->table_name() + "'";
    }
    if (!reason.empty()) {
        // Rows behind a line that is wrong must not be taken for what that line forbids.
        const bool stops = is_foreign || found.stops_at_error.value_or(false);
        settings_.stops_at_error = stops || settings_.stops_at_error.value();
        refuse(reason);
        return true;
    }
    if (found.read || found.until || found.where) {
        begin_reading(found);
        return true;
    }
    if (!found.has_row) {
        apply(found);
        return true;
    }
    if (has_read_) {
        refuse("this connection reads; append rows over another one");
        return true;
    }
    row_settings how = settings_;
    how.take(found);
    if (!submit(how)) {
        --line_;
        return false;
    }
    return true;
}

bool intake_connection::submit(const row_settings& how) {
    engine::row_envelope envelope;
    envelope.operation = how.operation.value();
    envelope.event = how.event.value();
    envelope.user = user_;
    row_.set_envelope(envelope);
    const auto finished = row_.finish();
    if (finished.status != engine::row_status::ok) {
        refuse(std::string(engine::to_string(finished.status)));
        return true;
    }
    const auto status =
        producer_.try_submit(std::span(buffer_).first(finished.size), line_, how.level.value());
    switch (status) {
        case engine::submit_status::accepted:
            counters_->rows.add(1);
            has_appended_ = true;
            waiting_.push_back({line_, true, {}});
            return true;
        case engine::submit_status::back_pressured:
            counters_->back_pressured.add(1);
            is_back_pressured_ = true;
            return false;
        default:
            refuse(std::string(describe(status)));
            return true;
    }
}

void intake_connection::apply(const row_settings& settings) {
    settings_.take(settings);
    waiting_.push_back({line_, false, accepted(settings_.level.value()) + "}\n"});
}

std::string intake_connection::accepted(engine::ack_level level) const {
    std::string answer = "{\"line\":" + std::to_string(line_) + ",\"table\":";
    engine::append_json_text(answer, schema_->table_name());
    return answer + ",\"level\":\"" + std::string(name_of(level)) + "\"";
}

void intake_connection::refuse(std::uint64_t line, const std::string& reason) {
    counters_->refused_lines.add(1);
    waiting_.push_back({line, false, error_answer(line, reason)});
    if (settings_.stops_at_error.value()) {
        finish();
        in_.clear();
    }
}

int intake_connection::answer() {
    int answered = 0;
    while (is_open() && !waiting_.empty() && has_room_for_answers()) {
        waiting_line& first = waiting_.front();
        engine::ingest_ack ack;
        if (!first.is_row) {
            out_ += first.answer;
        } else if (producer_.poll(ack)) {
            append_answer(first.number, ack);
        } else {
            break;
        }
        waiting_.pop_front();
        ++answered;
    }
    drop_unwanted();
    return answered;
}

void intake_connection::append_answer(std::uint64_t line, const engine::ingest_ack& ack) {
    if (ack.status != engine::append_status::ok) {
        counters_->refused_lines.add(1);
        out_ += error_answer(line, engine::describe(ack.status));
        return;
    }
    out_ += "{\"line\":" + std::to_string(line) + ",\"sequence\":" + std::to_string(ack.seq.value) +
            ",\"timestamp\":\"" + to_string(ack.time) +
            "\",\"position\":" + std::to_string(ack.at.value) + ",\"level\":\"" +
            std::string(name_of(ack.level)) + "\"}\n";
}

int intake_connection::send() {
    if (!is_open() || !wants_to_write()) {
        return 0;
    }
    const ssize_t size = ::send(socket_.get(), out_.data() + sent_, out_.size() - sent_,
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0) {
        is_deaf_ = errno != EAGAIN && errno != EINTR;
        drop_unwanted();
        return 0;
    }
    sent_ += static_cast<std::size_t>(size);
    if (sent_ == out_.size()) {
        out_.clear();
        sent_ = 0;
    } else if (sent_ >= options_->answer_bytes_max / 2) {
        out_.erase(0, sent_);
        sent_ = 0;
    }
    return 1;
}

void intake_connection::drop_unwanted() noexcept {
    if (is_deaf_) {
        out_.clear();
        sent_ = 0;
        reading_.reset();
    }
}

void intake_connection::close_if_done() noexcept {
    if (is_open() && !reads_ && !is_reading() && in_.empty() && waiting_.empty() &&
        !wants_to_write()) {
        close();
    }
}

}  // namespace millrace::gateway
