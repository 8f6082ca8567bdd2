// The rings that ring_bench compares, behind one face: push one message, pop up to limit through a
// visitor.
//
// Threading  one pusher, one popper, like the rings behind it
// Invariant  a ring holds ring_capacity messages; rivals that only round up or grow say so
#pragma once

#include <atomic_queue/atomic_queue.h>
#include <concurrentqueue/concurrentqueue.h>
#include <readerwriterqueue/readerwriterqueue.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "engine/core/types.hpp"
#include "engine/ring/byte_ring.hpp"
#include "engine/ring/slot_ring.hpp"

namespace millrace::bench {

inline constexpr std::size_t ring_capacity = 1024;
inline constexpr std::size_t batch_limit = 32;

struct message {
    std::uint64_t number = 0;
    std::uint64_t words[6] = {};
};
static_assert(sizeof(message) == engine::one_line_slot_bytes);

inline message make_message(std::uint64_t number) {
    return {number, {0, 0, 0, 0, 0, ~number}};
}

inline bool is_intact(const message& m, std::uint64_t number) {
    return m.number == number && m.words[5] == ~number;
}

struct slot_ring_face {
    engine::slot_ring<message> ring{ring_capacity};
    bool push(std::uint64_t number) {
        auto batch = ring.try_claim(1);
        if (batch.count() == 0) {
            return false;
        }
        batch[0] = make_message(number);
        batch.commit(1);
        return true;
    }
    template <class Visitor>
    std::size_t pop(Visitor&& visit, std::size_t limit) {
        return ring.poll(visit, limit);
    }
};

struct byte_ring_face {
    engine::byte_ring ring{ring_capacity * engine::cache_line_bytes};
    bool push(std::uint64_t number) {
        auto claim = ring.try_claim(1, sizeof(message));
        if (!claim) {
            return false;
        }
        *reinterpret_cast<message*>(claim.payload().data()) = make_message(number);
        claim.commit();
        return true;
    }
    template <class Visitor>
    std::size_t pop(Visitor&& visit, std::size_t limit) {
        return ring.poll(
            [&](std::uint32_t, std::span<const std::byte> payload) {
                visit(*reinterpret_cast<const message*>(payload.data()));
            },
            limit);
    }
};

// The option not taken for slots: the reader watches the writer's index, then fetches the slot.
struct slot_index_face {
    struct alignas(engine::no_sharing_bytes) side {
        std::atomic<std::uint64_t> sequence{0};
        std::uint64_t next = 0;
        std::uint64_t opposite_cached = 0;
    };
    std::vector<message> slots{ring_capacity};
    side producer;
    side consumer;

    bool push(std::uint64_t number) {
        if (producer.next - producer.opposite_cached == ring_capacity) {
            producer.opposite_cached = consumer.sequence.load(std::memory_order_acquire);
            if (producer.next - producer.opposite_cached == ring_capacity) {
                return false;
            }
        }
        slots[producer.next % ring_capacity] = make_message(number);
        producer.sequence.store(++producer.next, std::memory_order_release);
        return true;
    }
    template <class Visitor>
    std::size_t pop(Visitor&& visit, std::size_t limit) {
        if (consumer.opposite_cached == consumer.next) {
            consumer.opposite_cached = producer.sequence.load(std::memory_order_acquire);
        }
        const std::uint64_t count =
            std::min<std::uint64_t>(limit, consumer.opposite_cached - consumer.next);
        for (std::uint64_t i = 0; i < count; ++i) {
            visit(slots[consumer.next++ % ring_capacity]);
        }
        if (count != 0) {
            consumer.sequence.store(consumer.next, std::memory_order_release);
        }
        return count;
    }
};

// The option not taken for bytes: no header is zeroed, the writer's position alone publishes.
struct byte_index_face {
    static constexpr std::size_t capacity = ring_capacity * engine::cache_line_bytes;
    static constexpr std::size_t record_bytes =
        8 + sizeof(message);  // divides capacity: no padding needed
    slot_index_face::side producer;
    slot_index_face::side consumer;
    engine::ring_memory memory{capacity};

    bool push(std::uint64_t number) {
        if (producer.next + record_bytes - producer.opposite_cached > capacity) {
            producer.opposite_cached = consumer.sequence.load(std::memory_order_acquire);
            if (producer.next + record_bytes - producer.opposite_cached > capacity) {
                return false;
            }
        }
        std::byte* const record = memory.data() + producer.next % capacity;
        const std::uint64_t header = std::uint64_t{1} << 32 | record_bytes;
        std::memcpy(record, &header, sizeof header);
        *reinterpret_cast<message*>(record + sizeof header) = make_message(number);
        producer.next += record_bytes;
        producer.sequence.store(producer.next, std::memory_order_release);
        return true;
    }
    template <class Visitor>
    std::size_t pop(Visitor&& visit, std::size_t limit) {
        if (consumer.opposite_cached == consumer.next) {
            consumer.opposite_cached = producer.sequence.load(std::memory_order_acquire);
        }
        std::size_t count = 0;
        while (count < limit && consumer.next != consumer.opposite_cached) {
            const std::byte* const record = memory.data() + consumer.next % capacity;
            std::uint64_t header = 0;
            std::memcpy(&header, record, sizeof header);
            visit(*reinterpret_cast<const message*>(record + sizeof header));
            consumer.next += header & 0xFFFF'FFFF;
            ++count;
        }
        if (count != 0) {
            consumer.sequence.store(consumer.next, std::memory_order_release);
        }
        return count;
    }
};

struct boost_face {
    boost::lockfree::spsc_queue<message, boost::lockfree::capacity<ring_capacity>> queue;
    bool push(std::uint64_t number) { return queue.push(make_message(number)); }
    template <class Visitor>
    std::size_t pop(Visitor&& visit, std::size_t limit) {
        return limit == 1 ? queue.consume_one(visit) : queue.consume_all(visit);
    }
};

// The queue that this project uses where there are many producers; here with one. It grows.
struct moodycamel_face {
    moodycamel::ConcurrentQueue<message> queue{2 * ring_capacity};
    moodycamel::ProducerToken producer{queue};
    moodycamel::ConsumerToken consumer{queue};
    bool push(std::uint64_t number) { return queue.try_enqueue(producer, make_message(number)); }
    template <class Visitor>
    std::size_t pop(Visitor&& visit, std::size_t limit) {
        std::array<message, batch_limit> batch;
        const std::size_t count = queue.try_dequeue_bulk_from_producer(
            producer, batch.data(), std::min<std::size_t>(limit, batch_limit));
        for (std::size_t i = 0; i < count; ++i) {
            visit(batch[i]);
        }
        return count;
    }
};

struct readerwriter_face {
    moodycamel::ReaderWriterQueue<message> queue{ring_capacity};
    bool push(std::uint64_t number) { return queue.try_enqueue(make_message(number)); }
    template <class Visitor>
    std::size_t pop(Visitor&& visit, std::size_t limit) {
        std::size_t count = 0;
        message m;
        while (count < limit && queue.try_dequeue(m)) {
            visit(m);
            ++count;
        }
        return count;
    }
};

// One producer, one consumer, element state beside the element.
struct atomic_queue_face {
    atomic_queue::AtomicQueue2<message, ring_capacity, true, true, false, true> queue;
    bool push(std::uint64_t number) { return queue.try_push(make_message(number)); }
    template <class Visitor>
    std::size_t pop(Visitor&& visit, std::size_t limit) {
        std::size_t count = 0;
        message m;
        while (count < limit && queue.try_pop(m)) {
            visit(m);
            ++count;
        }
        return count;
    }
};

}  // namespace millrace::bench
