#include "engine/stream/streamer.hpp"

#include <algorithm>
#include <cstdio>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"

namespace millrace::engine {

namespace {

// A `where` that passes nothing must not keep the agent from its other work.
constexpr std::size_t looks_per_slot = 16;
constexpr std::int64_t mark_look_interval_ns = 100'000'000;

}  // namespace

subscription::subscription(subscription_options options, stream_ring& ring)
    : options_(std::move(options)),
      ring_(&ring),
      reader_(options_.directory, options_.from),
      schema_(options_.schema ? *options_.schema : row_schema::parse(reader_.schema())),
      where_(predicate::of(options_.where, schema_, options_.fields)),
      segment_index_(reader_.next_position().value / reader_.segment_bytes()),
      log_id_(correlation_log_id(reader_.original_log())) {
    reader_.keep_from(reader_.next_position());
    if (!follow_schema()) {
        throw config_error(options_.directory.native() + ": " + halt_reason_);
    }
}

// False: the segment's rows cannot be read as the clients want them, and it is halted.
bool subscription::note_segment(position at) noexcept {
    const std::uint64_t index = at.value / reader_.segment_bytes();
    if (index != segment_index_) [[unlikely]] {
        segment_index_ = index;
        log_id_ = correlation_log_id(reader_.original_log());
        marks_.push_back({{index * reader_.segment_bytes()}, delivered_count_});
        return reader_.segment_schema_version() == schema_version_ || follow_schema();
    }
    return true;
}

bool subscription::follow_schema() noexcept {
    schema_version_ = reader_.segment_schema_version();
    map_.reset();
    try {
        segment_schema_ = std::make_unique<row_schema>(row_schema::parse(reader_.segment_schema()));
        if (*segment_schema_ == schema_) {
            segment_schema_.reset();
            return true;
        }
        map_ = std::make_unique<row_map>(*segment_schema_, schema_);
        converted_.resize(ring_->capacity());
        return true;
    } catch (const std::exception& failure) {
        halt(reader_.next_position(),
             std::string("the schema of this segment cannot be followed: ") + failure.what());
        return false;
    }
}

// The record's payload as a row of schema_. False: it is halted.
bool subscription::take_row(record_view& record) noexcept {
    const row_schema& written = map_ == nullptr ? schema_ : *segment_schema_;
    if (record.type != row_record_type ||
        row_view::check(written, record.bytes()) != row_status::ok) [[unlikely]] {
        // The bytes are as written, but not by a writer of this table.
        halt(record.at, "the record is not a row of its table");
        return false;
    }
    if (map_ == nullptr) [[likely]] {
        return true;
    }
    std::vector<std::byte>& room = converted_[delivered_count_ % converted_.size()];
    row_map::result made;
    try {
        room.resize(std::max(room.size(), map_->payload_bytes(record.bytes())));
        made = map_->apply(record.bytes(), room);
    } catch (const std::exception& failure) {
        halt(record.at, failure.what());
        return false;
    }
    if (made.status != row_status::ok) {
        halt(record.at, "column " + schema_.column(made.column).name +
                            " of a row with a later schema does not fit this stream's: " +
                            std::string(to_string(made.status)) +
                            "; start the reader with the new schema");
        return false;
    }
    record.payload = room.data();
    record.payload_size = static_cast<std::uint32_t>(made.size);
    return true;
}

void subscription::release_segments() noexcept {
    const std::uint64_t consumed = ring_->consumer_sequence_estimate();
    while (!marks_.empty() && marks_.front().producer_sequence <= consumed) {
        reader_.keep_from(marks_.front().at);
        marks_.pop_front();
    }
}

void subscription::halt(position at, std::string_view reason) noexcept {
    state_ = stream_state::halted;
    halt_reason_ = "position " + std::to_string(at.value) + ": " + std::string(reason);
    counters.state.set("halted(" + halt_reason_ + ")");
    // release: pairs with streamer.hpp: is_halted
    is_halted_.store(true, std::memory_order_release);
}

void subscription::set_state(stream_state state) noexcept {
    if (state != state_ || !is_state_published_) {
        state_ = state;
        is_state_published_ = true;
        counters.state.set(state == stream_state::live ? "live" : "catching up");
    }
}

// A writer that syncs only when it closes may make the mark late, or never.
bool subscription::is_durable(sequence seq) noexcept {
    if (seq <= durable_last_) {
        return true;
    }
    if (!mark_.is_open()) [[unlikely]] {
        const std::int64_t now_ns = monotonic_now_ns();
        if (now_ns < mark_look_ns_) {
            return false;
        }
        mark_look_ns_ = now_ns + mark_look_interval_ns;
        mark_ = durable_mark::open(options_.directory, reader_.uuid());
    }
    durable_last_ = mark_.durable_sequence();
    return seq <= durable_last_;
}

// One record is looked at ahead of the mark, and kept until that has come to it: only so is known
// that there is something to wait for.
read_status subscription::poll_durable(record_view& record) noexcept {
    if (!is_waiting_) {
        if (const read_status status = reader_.poll(waiting_); status != read_status::record) {
            return status;
        }
    }
    is_waiting_ = !is_durable(waiting_.seq);
    if (is_waiting_) {
        note_wait();
        return read_status::none;
    }
    if (waiting_since_ns_ != 0) {
        end_wait();
    }
    record = waiting_;
    return read_status::record;
}

void subscription::note_wait() noexcept {
    const std::int64_t now_ns = monotonic_now_ns();
    if (waiting_since_ns_ == 0) {
        waiting_since_ns_ = now_ns;
    }
    if (now_ns - waiting_since_ns_ < options_.durable_patience_ns ||
        undurable_sequence() == waiting_.seq) {
        return;
    }
    char text[80];
    std::snprintf(text, sizeof text, "waiting(sequence %llu is not durable)",
                  static_cast<unsigned long long>(waiting_.seq.value));
    counters.state.set(text);
    counters.undurable_sequence.set(waiting_.seq.value);
    // relaxed: a figure for itself
    undurable_sequence_.store(waiting_.seq.value, std::memory_order_relaxed);
}

void subscription::end_wait() noexcept {
    waiting_since_ns_ = 0;
    if (undurable_sequence().value != 0) {
        undurable_sequence_.store(0, std::memory_order_relaxed);
        counters.undurable_sequence.set(0);
        is_state_published_ = false;  // the next state takes the place of the wait
    }
}

int subscription::do_work() noexcept {
    if (state_ == stream_state::halted) [[unlikely]] {
        return 0;
    }
    return options_.is_durable_only ? pump<true>() : pump<false>();
}

template <bool IsDurableOnly>
int subscription::pump() noexcept {
    if (!marks_.empty()) [[unlikely]] {
        release_segments();
    }
    auto batch = ring_->try_claim(options_.batch);
    std::size_t filled = 0;
    std::size_t looked = 0;
    const std::size_t batch_max = batch.count();
    const std::size_t looks_max = batch_max * looks_per_slot;
    read_status status = read_status::record;
    std::int64_t now_ns = 0;
    while (filled < batch_max && looked < looks_max) {
        record_view record;
        if constexpr (IsDurableOnly) {
            status = poll_durable(record);
        } else {
            status = reader_.poll(record);
        }
        if (status != read_status::record) {
            break;
        }
        ++looked;
        if (!note_segment(record.at) || !take_row(record)) [[unlikely]] {
            break;
        }
        if (!where_.is_always_true() &&
            !where_.evaluate(row_view(schema_, record.bytes()), {log_id_, record.seq.value})) {
            counters.filtered.add(1);
            continue;
        }
        if (now_ns == 0) {
            now_ns = utc_now().ns;
        }
        batch[filled++] = {record.at, record.payload,      record.seq, record.time,
                           now_ns,    record.payload_size, 0,          log_id_};
        ++delivered_count_;
    }
    batch.commit(filled);
    if (status == read_status::damaged) [[unlikely]] {
        halt(reader_.damage().at, describe(reader_.damage().kind));
    } else if (status == read_status::none && state_ != stream_state::halted) {
        set_state(stream_state::live);
    } else if (filled == batch_max && state_ != stream_state::halted) {
        set_state(
            stream_state::catching_up);  // a full ring keeps it from the tail, or there is more
    }
    if (looked > 0) {
        counters.delivered.set(delivered_count_);
        counters.next_position.set(reader_.next_position().value);
        counters.last_sequence.set(reader_.last_sequence().value);
    }
    return static_cast<int>(looked);
}

subscription& streamer::add(subscription_options options, stream_ring& ring) {
    subscriptions_.push_back(std::make_unique<subscription>(std::move(options), ring));
    return *subscriptions_.back();
}

}  // namespace millrace::engine
