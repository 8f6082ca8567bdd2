// Hands fixed-size slots from one thread to another.
//
// Threading  one producer, one consumer (checked by thread_checker in builds with
// MILLRACE_DCHECKS);
//            *_estimate and capacity from any thread
// Progress   all calls are wait-free; nothing here blocks, allocates or calls the system
// Invariant  consumer_sequence <= producer_sequence <= consumer_sequence + capacity;
//            a slot is committed when its stamp is its sequence + 1
// Units      sequence: slots since construction, from 0; capacity: slots, a power of two
// Errors     full and empty are values; the constructor throws config_error or io_error
// Source     cached opposite index: Rigtorp SPSCQueue; commit inside the slot: FastForward, MengRao
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "engine/core/assert.hpp"
#include "engine/core/native_memory.hpp"
#include "engine/core/thread.hpp"
#include "engine/core/types.hpp"
#include "engine/ring/poll_action.hpp"
#include "engine/ring/ring_memory.hpp"

namespace millrace::engine {

enum class push_status : std::uint8_t {
    ok,
    back_pressured,  // the ring is full; nothing was written
};

namespace detail {

//   0                    sizeof(Slot)          (a multiple of 64)
//   | slot               | stamp : 8 | unused |
//
// Stamp and slot share a line where the slot has at most 56 bytes: one line moves per hand-over.
template <class Slot, class Memory>
struct alignas(cache_line_bytes) ring_cell {
    Slot slot{};
    typename Memory::template atomic<std::uint64_t> stamp{0};
};

}  // namespace detail

// The largest slot that travels together with its stamp in one cache line; larger ones work, and
// take more lines.
inline constexpr std::size_t one_line_slot_bytes = cache_line_bytes - sizeof(std::uint64_t);

template <class Slot, class Memory = native_memory>
class slot_ring {
    static_assert(std::is_trivially_copyable_v<Slot>, "slots are copied as bytes between threads");
    static_assert(std::default_initializable<Slot>, "empty slots are built at construction");
    static_assert(alignof(Slot) <= cache_line_bytes, "cells are aligned to a cache line");
    using cell = detail::ring_cell<Slot, Memory>;
    static_assert(sizeof(cell) % cache_line_bytes == 0);

public:
    static constexpr std::size_t capacity_min = 2;
    static constexpr std::size_t capacity_max = std::size_t{1} << 28;

    // Slots claimed together; write them, then commit. What is not committed is not visible.
    class batch {
    public:
        [[nodiscard]] std::size_t count() const noexcept { return count_; }
        // The memory holds an older slot until it is assigned.
        [[nodiscard]] Slot& operator[](std::size_t index) noexcept {
            MILLRACE_DCHECK(index < count_, "slot index outside the batch");
            return ring_->slot_to_write(first_ + index);
        }
        // Commits the first `count` slots in order and ends the batch.
        void commit(std::size_t count) noexcept {
            MILLRACE_DCHECK(count <= count_, "more slots committed than claimed");
            ring_->publish(first_, count);
            count_ = 0;
        }

    private:
        friend class slot_ring;
        batch(slot_ring& ring, std::uint64_t first, std::size_t count) noexcept
            : ring_(&ring), first_(first), count_(count) {}

        slot_ring* ring_;
        std::uint64_t first_;
        std::size_t count_;
    };

    // Committed slots in place, valid until release() gives them back.
    class view {
    public:
        [[nodiscard]] std::size_t count() const noexcept { return count_; }
        [[nodiscard]] const Slot& operator[](std::size_t index) const noexcept {
            MILLRACE_DCHECK(index < count_, "slot index outside the view");
            return ring_->slot_to_read(first_ + index);
        }

    private:
        friend class slot_ring;
        view(const slot_ring& ring, std::uint64_t first, std::size_t count) noexcept
            : ring_(&ring), first_(first), count_(count) {}

        const slot_ring* ring_;
        std::uint64_t first_;
        std::size_t count_;
    };

    explicit slot_ring(std::size_t capacity)
        : memory_(detail::checked_ring_capacity(capacity, capacity_min, capacity_max, "slots") *
                  sizeof(cell)),
          cells_(reinterpret_cast<cell*>(memory_.data())),
          mask_(capacity - 1) {
        std::uninitialized_value_construct_n(cells_, capacity);
    }
    ~slot_ring() { std::destroy_n(cells_, capacity()); }
    slot_ring(const slot_ring&) = delete;
    slot_ring& operator=(const slot_ring&) = delete;

    // Producer. Copies the slot in and commits it.
    [[nodiscard]] push_status try_push(const Slot& slot) noexcept {
        producer_.checker.check();
        const std::uint64_t sequence = producer_.next;
        if (free_slots(1) == 0) {
            return push_status::back_pressured;
        }
        slot_to_write(sequence) = slot;
        publish(sequence, 1);
        return push_status::ok;
    }

    // Producer. A batch of up to limit slots, as many as are free; count() is 0 when the ring is
    // full. A batch that is not committed leaves no trace; one batch at a time.
    [[nodiscard]] batch try_claim(std::size_t limit) noexcept {
        producer_.checker.check();
        return {*this, producer_.next, std::min(limit, free_slots(limit))};
    }

    // Consumer. Up to limit committed slots, oldest first, not yet given back.
    [[nodiscard]] view peek(std::size_t limit) const noexcept {
        consumer_.checker.check();
        const std::uint64_t first = consumer_.next;
        const std::size_t bound = std::min(limit, capacity());
        std::size_t count = 0;
        while (count < bound && is_committed(first + count)) {
            ++count;
        }
        return {*this, first, count};
    }

    // Consumer. Gives the oldest `count` slots back to the producer. REQUIRES: they were peeked.
    void release(std::size_t count) noexcept {
        consumer_.checker.check();
        MILLRACE_DCHECK(count <= capacity(), "more slots released than the ring has");
        MILLRACE_DCHECK(count == 0 || is_committed(consumer_.next + count - 1),
                        "released a slot that was not committed");
        advance_consumer(consumer_.next + count);
    }

    // Consumer. Calls handler(const Slot&) for up to limit slots, oldest first, then gives those it
    // consumed back at once; returns how many. The handler returns void or poll_action.
    template <class Handler>
    std::size_t poll(Handler&& handler, std::size_t limit) noexcept {
        consumer_.checker.check();
        const std::uint64_t first = consumer_.next;
        const std::uint64_t end = first + std::min(limit, capacity());
        std::uint64_t next = first;
        while (next != end && is_committed(next) &&
               detail::call_handler(handler, slot_to_read(next)) == poll_action::consumed) {
            ++next;
        }
        if (next != first) {
            advance_consumer(next);
        }
        return static_cast<std::size_t>(next - first);
    }

    [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }
    // Snapshots that are old when they return. Read the consumer's first where lag must not come
    // out negative.
    [[nodiscard]] std::uint64_t consumer_sequence_estimate() const noexcept {
        // pairs with slot_ring.hpp: advance_consumer
        return consumer_.sequence.load(std::memory_order_acquire);
    }
    [[nodiscard]] std::uint64_t producer_sequence_estimate() const noexcept {
        // relaxed: nothing is reached through it
        return producer_.sequence.load(std::memory_order_relaxed);
    }

    // The next caller owns that end; for graphs built on one thread and run on another.
    void detach_producer() noexcept { producer_.checker.detach(); }
    void detach_consumer() noexcept { consumer_.checker.detach(); }

private:
    [[nodiscard]] Slot& slot_to_write(std::uint64_t sequence) noexcept {
        Slot& slot = cells_[sequence & mask_].slot;
        Memory::writing(&slot, sizeof(Slot));
        return slot;
    }
    [[nodiscard]] const Slot& slot_to_read(std::uint64_t sequence) const noexcept {
        const Slot& slot = cells_[sequence & mask_].slot;
        Memory::reading(&slot, sizeof(Slot));
        return slot;
    }

    // At least min(wanted, what is free); looks at the consumer's line only when the cached value
    // does not do.
    [[nodiscard]] std::size_t free_slots(std::size_t wanted) noexcept {
        std::uint64_t used = producer_.next - producer_.consumer_sequence_cached;
        if (capacity() - used < wanted) {
            // pairs with slot_ring.hpp: advance_consumer
            producer_.consumer_sequence_cached = consumer_.sequence.load(std::memory_order_acquire);
            used = producer_.next - producer_.consumer_sequence_cached;
            MILLRACE_DCHECK(used <= capacity(), "the consumer is ahead of the producer");
        }
        return capacity() - used;
    }

    void publish(std::uint64_t first, std::size_t count) noexcept {
        MILLRACE_DCHECK(first == producer_.next, "a batch was committed twice or out of turn");
        producer_.next = first + count;
        // relaxed, and before the stamps: their release publishes it, so that whoever has seen the
        // consumer behind a slot sees the producer behind it too
        producer_.sequence.store(producer_.next, std::memory_order_relaxed);
        for (std::uint64_t sequence = first; sequence != first + count; ++sequence) {
            // pairs with slot_ring.hpp: is_committed
            cells_[sequence & mask_].stamp.store(sequence + 1, std::memory_order_release);
        }
    }

    [[nodiscard]] bool is_committed(std::uint64_t sequence) const noexcept {
        // pairs with slot_ring.hpp: publish
        return cells_[sequence & mask_].stamp.load(std::memory_order_acquire) == sequence + 1;
    }

    void advance_consumer(std::uint64_t next) noexcept {
        consumer_.next = next;
        // pairs with slot_ring.hpp: free_slots, consumer_sequence_estimate
        consumer_.sequence.store(next, std::memory_order_release);
    }

    using atomic_sequence = typename Memory::template atomic<std::uint64_t>;

    struct alignas(no_sharing_bytes) producer_side {  // writer: producer
        std::uint64_t next = 0;
        std::uint64_t consumer_sequence_cached = 0;
        atomic_sequence sequence{0};  // for observers; the consumer never reads it
        thread_checker checker;
    };
    struct alignas(no_sharing_bytes) consumer_side {  // writer: consumer
        std::uint64_t next = 0;
        atomic_sequence sequence{0};
        mutable thread_checker checker;
    };

    // Written at construction only.
    ring_memory memory_;
    cell* cells_;
    std::size_t mask_;
    producer_side producer_;
    consumer_side consumer_;
};

}  // namespace millrace::engine
