// Tails one log and hands its records to the clients of its streams, each at its own pace.
//
//                 +-- subscription: cursor -> where -> ring --> client A
//   log --> streamer
//                 +-- subscription: cursor -> where -> ring --> client B
//
// Live is a cursor at the tail: a client that falls behind reads on from the log when its ring has
// room, without a gap and without a duplicate, and without touching another client or the writer.
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

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
        return {payload, payload_size};
    }
};
static_assert(sizeof(stream_slot) <= one_line_slot_bytes);

using stream_ring = slot_ring<stream_slot>;

enum class stream_state : std::uint8_t { catching_up, live, halted };

struct subscription_counters {
    status_text state;  // "catching up", "live" or "halted(position N: reason)"
    counter delivered;
    counter filtered;
    counter next_position;
    counter last_sequence;
};

struct subscription_options {
    std::string name{};
    std::filesystem::path directory{};  // of the log
    read_from from{};
    std::string where{};     // the stream's condition, empty for all rows
    std::size_t batch = 64;  // records per duty cycle at most
    // As its clients read the rows; none: as the newest segment holds them when reading begins.
    // Rows of segments with another schema are handed over as rows of this one.
    std::optional<row_schema> schema{};
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
    [[nodiscard]] position next_position() const noexcept { return reader_.next_position(); }
    subscription_counters counters;

private:
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
    std::deque<segment_mark> marks_;  // one per segment the client still holds
    stream_state state_ = stream_state::catching_up;
    bool is_state_published_ = false;     // its counter is bound after construction
    std::string halt_reason_;             // never changes again
    std::atomic<bool> is_halted_{false};  // writer: the streamer's thread
    std::uint64_t delivered_count_ = 0;
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
