// Tails one log and hands its records to the clients of its streams, each at its own pace.
//
//                 +-- subscription: cursor -> where -> ring --> client A
//   log --> streamer
//                 +-- subscription: cursor -> where -> ring --> client B
//
// Live is a cursor at the tail: a client that falls behind reads on from the log when its ring has
// room, without a gap and without a duplicate, and without touching another client or the writer.
//
// A subscription may be told to hand over only what is durable; it then waits at the first record
// that is not, so that its clients never act on one that a loss of power could take back.
//
// Threading  the streamer and its subscriptions belong to one agent; a ring's consumer is another
// Progress   do_work never waits; a full ring is skipped until it has room
// Invariant  a slot's payload stays mapped until the client gave the slot back
// Errors     construction throws; damage halts the one subscription that met it, and is published
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/counters/counter.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/ring/slot_ring.hpp"
#include "engine/table/predicate.hpp"
#include "engine/table/row.hpp"
#include "engine/table/schema_change.hpp"

namespace millrace::engine {

// One record on its way to a client. The payload is the row in the mapped segment: read it in
// place.
struct stream_slot {
    position at;
    const std::byte* payload = nullptr;
    sequence seq;
    timestamp time;                // when it was committed
    std::int64_t streamed_ns = 0;  // UTC; when the streamer handed it over
    std::uint32_t payload_size = 0;
    std::uint32_t reserved = 0;
    std::uint64_t log_id = 0;  // as correlations name the log it was first written to

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
        return {payload, payload_size};
    }
};
static_assert(sizeof(stream_slot) <= one_line_slot_bytes);

using stream_ring = slot_ring<stream_slot>;

enum class stream_state : std::uint8_t { catching_up, live, halted };

struct subscription_counters {
    // "catching up", "live", "waiting(sequence N is not durable)" or "halted(position N: reason)"
    status_text state;
    counter delivered;
    counter filtered;
    counter next_position;
    counter last_sequence;
    counter undurable_sequence;  // what it waits for beyond its patience; 0: nothing
};

struct subscription_options {
    std::string name{};
    std::filesystem::path directory{};  // of the log
    read_from from{};
    std::string where{};  // the stream's condition, empty for all rows
    const row_fields* fields =
        nullptr;             // what `where` may ask for beside columns; it outlives this
    std::size_t batch = 64;  // records per duty cycle at most
    // As its clients read the rows; none: as the newest segment holds them when reading begins.
    // Rows of segments with another schema are handed over as rows of this one.
    std::optional<row_schema> schema{};
    // Hands over what the log's durable.mark says is on stable storage, and no more.
    bool is_durable_only = false;
    // A sync takes milliseconds. A wait for one that lasts longer is published.
    std::int64_t durable_patience_ns = 1'000'000'000;
};

class subscription {
public:
    // Reads the row schema from the log. REQUIRES: the ring outlives this.
    subscription(subscription_options options, stream_ring& ring);

    int do_work() noexcept;

    [[nodiscard]] const std::string& name() const noexcept { return options_.name; }
    [[nodiscard]] const row_schema& schema() const noexcept { return schema_; }
    [[nodiscard]] const log_uuid& log() const noexcept { return reader_.uuid(); }
    [[nodiscard]] stream_state state() const noexcept { return state_; }
    // From any thread.
    [[nodiscard]] bool is_halted() const noexcept {
        return is_halted_.load(std::memory_order_acquire);  // pairs with streamer.cpp: halt
    }
    // Why it is halted: "position N: reason". From any thread, once it is_halted().
    [[nodiscard]] const std::string& halt_reason() const noexcept { return halt_reason_; }
    // The record it waits for, beyond its patience, to become durable; none: it does not. From any
    // thread.
    [[nodiscard]] sequence undurable_sequence() const noexcept {
        return {undurable_sequence_.load(std::memory_order_relaxed)};
    }
    // Behind the last record looked at; one that is not durable yet counts as looked at.
    [[nodiscard]] position next_position() const noexcept { return reader_.next_position(); }
    subscription_counters counters;

private:
    template <bool IsDurableOnly>
    [[nodiscard]] int pump() noexcept;
    [[nodiscard]] read_status poll_durable(record_view& record) noexcept;
    [[nodiscard]] bool is_durable(sequence seq) noexcept;
    void note_wait() noexcept;
    void end_wait() noexcept;
    void set_state(stream_state state) noexcept;
    void halt(position at, std::string_view reason) noexcept;
    [[nodiscard]] bool note_segment(position at) noexcept;
    [[nodiscard]] bool follow_schema() noexcept;
    [[nodiscard]] bool take_row(record_view& record) noexcept;
    void release_segments() noexcept;

    // When the consumer has come to `producer_sequence`, no slot refers to bytes before `at` any
    // more.
    struct segment_mark {
        position at;
        std::uint64_t producer_sequence;
    };

    subscription_options options_;
    stream_ring* ring_;
    log_reader reader_;
    row_schema schema_;
    // While the reader's segment has another schema than the clients: its own, and the way to
    // theirs. A converted row stays until its client gave the slot back.
    std::uint32_t schema_version_ = 0;
    std::unique_ptr<row_schema> segment_schema_;
    std::unique_ptr<row_map> map_;
    std::vector<std::vector<std::byte>> converted_;
    predicate where_;
    std::uint64_t segment_index_ = 0;
    std::uint64_t log_id_ = 0;        // of the records of the segment at hand
    std::deque<segment_mark> marks_;  // one per segment the client still holds
    stream_state state_ = stream_state::catching_up;
    bool is_state_published_ = false;     // its counter is bound after construction
    std::string halt_reason_;             // never changes again
    std::atomic<bool> is_halted_{false};  // writer: the streamer's thread
    std::uint64_t delivered_count_ = 0;

    // Of one that hands over only what is durable.
    durable_mark mark_;
    sequence durable_last_;  // as of the last look at the mark
    record_view waiting_;    // the first record that is not durable
    bool is_waiting_ = false;
    std::int64_t waiting_since_ns_ = 0;
    std::int64_t mark_look_ns_ = 0;                     // when to look for a mark that is not there
    std::atomic<std::uint64_t> undurable_sequence_{0};  // writer: the streamer's thread
};

class streamer {
public:
    explicit streamer(std::string name) : name_(std::move(name)) {}

    // Before the agent starts. The subscription must read the streamer's log.
    subscription& add(subscription_options options, stream_ring& ring);

    [[nodiscard]] const char* name() const noexcept { return name_.c_str(); }
    void on_start() {}
    int do_work() noexcept {
        int work = 0;
        for (const auto& one : subscriptions_) {
            work += one->do_work();
        }
        return work;
    }
    void on_close() noexcept {}

    [[nodiscard]] const std::vector<std::unique_ptr<subscription>>& subscriptions() const noexcept {
        return subscriptions_;
    }

private:
    std::string name_;
    std::vector<std::unique_ptr<subscription>> subscriptions_;
};

}  // namespace millrace::engine
