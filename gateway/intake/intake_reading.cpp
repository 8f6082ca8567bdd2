#include "gateway/intake/intake_reading.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/table/row_object.hpp"

namespace millrace::gateway {

namespace {

namespace fs = std::filesystem;
using engine::read_from;
using engine::read_status;
using engine::read_until;

// Of one turn of the listener, whose readers share it: so little that a client that appends beside
// them notices nothing.
constexpr std::size_t rows_max = 128;
constexpr std::size_t records_max = 1024;
constexpr std::size_t log_bytes_max = std::size_t{512} << 10;
// Of it, at least so much is each one's.
constexpr std::size_t rows_min = 4;
constexpr std::size_t records_min = 32;
constexpr std::size_t log_bytes_min = std::size_t{16} << 10;

[[noreturn]] void refuse_archived(const fs::path& directory, const std::string& what) {
    throw engine::error(directory.native() + ": " + what +
                        " is archived, and a socket hands out what lies in the log's directory; "
                        "`millrace log dump` reads the archive too");
}

// Segments of an archive are decompressed as a whole, which takes the listener too long and each
// client too much memory; so a reading begins at what is not archived.
read_from begin_of(const fs::path& directory, const read_from& from) {
    const std::vector<std::uint64_t> here = engine::list_segments(directory);
    const std::vector<std::uint64_t> readable = engine::list_readable_segments(directory);
    if (here.empty() || readable.empty() || readable.front() >= here.front()) {
        return from;
    }
    const engine::segment_info oldest = engine::read_segment_info(directory, here.front());
    switch (from.what) {
        case read_from::kind::first:
            return read_from::at_position(oldest.first_position());
        case read_from::kind::at_sequence:
            if (from.seq < oldest.base_sequence) {
                refuse_archived(directory, "sequence " + std::to_string(from.seq.value));
            }
            return from;
        case read_from::kind::at_time:
            if (from.time <= oldest.base_timestamp) {
                refuse_archived(directory, "what was committed at " + to_string(from.time));
            }
            return from;
        case read_from::kind::at_position:
            if (from.at < oldest.first_position()) {
                refuse_archived(directory, "offset " + std::to_string(from.at.value));
            }
            return from;
        default:
            return from;
    }
}

}  // namespace

intake_reading::intake_reading(const engine::ingest& ingest, read_request request,
                               intake_counters& counters)
    : request_(std::move(request)),
      counters_(&counters),
      reader_(ingest.directory(), begin_of(ingest.directory(), request_.from)),
      rows_(reader_, ingest.schema()),
      where_(engine::predicate::of(request_.where, rows_.schema())),
      last_(reader_.last_sequence()),
      next_(reader_.next_position()) {
    if (request_.is_durable_only) {
        mark_ = engine::durable_mark::open(reader_.directory(), reader_.uuid());
        if (ingest.is_synchronous() || !mark_.is_open()) {
            throw engine::error(reader_.directory().native() +
                                ": the log is written synchronously, and does not say what of it "
                                "is durable; read it with \"@level\":\"committed\"");
        }
    }
    find_end();
}

// The end may still be to come. If it is in the log it must be a place there, or the reading would
// end one record too early or too late and say nothing.
void intake_reading::find_end() {
    const read_until& until = request_.until;
    if (!until.is_tail && !until.at) {
        return;
    }
    const engine::log_reader end(reader_.directory(), read_from::tail());
    if (until.is_tail) {
        tail_ = end.next_position();
    } else if (*until.at >= reader_.next_position() && *until.at < end.next_position()) {
        static_cast<void>(
            engine::log_reader(reader_.directory(), read_from::at_position(*until.at), true));
    }
}

engine::sequence intake_reading::first() const noexcept {
    const bool is_to_come = request_.from.what == read_from::kind::at_sequence;
    return is_to_come ? std::max(last_.next(), request_.from.seq) : last_.next();
}

// By what was read, control records too.
bool intake_reading::is_end_reached() const noexcept {
    const read_until& until = request_.until;
    return (until.seq && reader_.last_sequence() >= *until.seq) ||
           (until.at && reader_.next_position() > *until.at) ||
           (until.is_tail && reader_.next_position() >= tail_);
}

// One record is looked at ahead of what is taken: whether it is past the end, or not durable yet.
read_status intake_reading::look() noexcept {
    if (is_holding_) {
        return read_status::record;
    }
    // A file that was cut is told from one that does not grow.
    if (is_at_tail_ && !reader_.check_file()) {
        return read_status::damaged;
    }
    const read_status status = reader_.poll(looked_at_);
    is_holding_ = status == read_status::record;
    return status;
}

bool intake_reading::is_held_back() const noexcept {
    return request_.is_durable_only && looked_at_.seq > mark_.durable_sequence();
}

bool intake_reading::is_next_archived() const {
    const std::uint64_t next = (reader_.next_position().value - 1) / reader_.segment_bytes() + 1;
    return engine::segment_home(reader_.directory(), next) != reader_.directory();
}

int intake_reading::fill(std::string& out, const limits& room) {
    try {
        return fill_or_throw(out, room);
    } catch (const engine::error& failure) {
        failure_ = failure.what();
        is_over_ = true;
        return 1;
    }
}

int intake_reading::fill_or_throw(std::string& out, const limits& room) {
    // It fell so far behind that its next segment has left the log's directory.
    if (!is_at_tail_ && is_next_archived()) {
        refuse_archived(reader_.directory(),
                        "what comes behind sequence " + std::to_string(last_.value));
    }
    std::size_t rows = std::max(rows_max / room.readers, rows_min);
    const std::size_t records_end = std::max(records_max / room.readers, records_min);
    const std::uint64_t log_end =
        reader_.next_position().value + std::max(log_bytes_max / room.readers, log_bytes_min);
    std::size_t records = 0;
    while (out.size() < room.bytes_max && rows > 0 && records < records_end &&
           reader_.next_position().value < log_end) {
        const bool is_at_end = !is_holding_ && is_end_reached();
        const read_status status = is_at_end ? read_status::none : look();
        if (status == read_status::damaged) {
            refuse_damage();
        }
        is_at_tail_ = status == read_status::none;
        is_over_ = is_at_tail_ ? is_end_reached() : request_.until.is_past(looked_at_);
        if (is_over_) {
            return static_cast<int>(records) + 1;
        }
        is_at_tail_ = is_at_tail_ || is_held_back();
        if (is_at_tail_) {
            break;
        }
        rows -= take(out) ? 1U : 0U;
        ++records;
    }
    return static_cast<int>(records);
}

bool intake_reading::take(std::string& out) {
    const engine::row_view row = rows_.row(looked_at_);
    const engine::correlation own{engine::correlation_log_id(reader_.original_log()),
                                  looked_at_.seq.value};
    const bool is_wanted = where_.evaluate(row, own);
    if (is_wanted) {
        engine::append_row_object(out, {looked_at_.seq, looked_at_.at, looked_at_.time}, row, own);
        counters_->rows_read.add(1);
    }
    last_ = looked_at_.seq;
    next_ = looked_at_.end;
    is_holding_ = false;
    return is_wanted;
}

void intake_reading::refuse_damage() const {
    const bool is_removed = reader_.damage().kind == engine::damage_kind::removed_segment;
    throw engine::error(reader_.damage().text() +
                        (is_removed ? "; begin anew at what is kept, with {\"@read\":\"first\"}"
                                    : "; `millrace log verify " + reader_.directory().native() +
                                          "` says more, and `millrace log salvage` keeps what is "
                                          "whole"));
}

}  // namespace millrace::gateway
