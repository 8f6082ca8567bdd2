// Hands records of any length, up to a limit, from one thread to another.
//
//   record, aligned to 8 bytes:
//
//     0               4               8
//     | length : u32  | type : u32    | payload ...   | to the next multiple of 8
//
// length counts header and payload, so a committed header is never zero; a header that is zero is
// not committed. A record that does not fit before the end of the buffer begins at its front,
// behind a padding record.
//
// Threading  one producer, one consumer (checked by thread_checker in builds with
//            MILLRACE_DCHECKS); *_estimate and capacity from any thread
// Progress   all calls are wait-free; nothing here blocks, allocates or calls the system
// Invariant  consumer_position <= producer_position <= consumer_position + capacity - 8;
//            the header at producer_position is zero
// Units      position: bytes since construction, padding included; capacity: bytes, a power of two
// Errors     full, empty and too large are values; the constructor throws config_error or io_error
// Source     padding record, claim/commit/abort: Aeron; zeroing the next header: MengRao SPSC_Queue
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "engine/core/assert.hpp"
#include "engine/core/native_memory.hpp"
#include "engine/core/thread.hpp"
#include "engine/core/types.hpp"
#include "engine/ring/poll_action.hpp"
#include "engine/ring/ring_memory.hpp"

namespace millrace::engine {

enum class claim_result : std::uint8_t {
    ok,
    back_pressured,  // no room now; nothing was written
    too_large,       // no room ever: more than payload_size_max()
};

// A record in place, valid until it is released. An empty ring yields one that is none.
struct byte_record {
    std::uint32_t type = 0;
    bool is_none = true;
    std::span<const std::byte> payload;
};

template <class Memory = native_memory>
class basic_byte_ring {
public:
    static constexpr std::size_t header_bytes = 8;
    static constexpr std::size_t alignment_bytes = 8;
    static constexpr std::size_t capacity_min = 64;
    static constexpr std::size_t capacity_max = std::size_t{1} << 30;
    static constexpr std::uint32_t padding_type = 0xFFFF'FFFF;  // not for users

    // Room for one record. Aborted by its destructor unless committed; an aborted claim leaves no
    // trace.
    class claim {
    public:
        claim(claim&& other) noexcept
            : ring_(std::exchange(other.ring_, nullptr)),
              type_(other.type_),
              result_(other.result_),
              payload_(other.payload_) {}
        claim& operator=(claim&&) = delete;
        ~claim() { abort(); }

        [[nodiscard]] claim_result result() const noexcept { return result_; }
        [[nodiscard]] explicit operator bool() const noexcept { return ring_ != nullptr; }
        [[nodiscard]] std::span<std::byte> payload() const noexcept { return payload_; }

        // REQUIRES: the claim succeeded and size <= payload().size()
        void commit(std::size_t size) noexcept {
            MILLRACE_DCHECK(ring_ != nullptr, "a claim is committed once");
            MILLRACE_DCHECK(size <= payload_.size(), "more committed than claimed");
            std::exchange(ring_, nullptr)->publish(type_, size);
        }
        void commit() noexcept { commit(payload_.size()); }
        void abort() noexcept {
            if (ring_ != nullptr) {
                std::exchange(ring_, nullptr)->producer_.has_claim = false;
            }
        }

    private:
        friend class basic_byte_ring;
        explicit claim(claim_result refusal) noexcept : result_(refusal) {}
        claim(basic_byte_ring& ring, std::uint32_t type, std::span<std::byte> payload) noexcept
            : ring_(&ring), type_(type), payload_(payload) {}

        basic_byte_ring* ring_ = nullptr;
        std::uint32_t type_ = 0;
        claim_result result_ = claim_result::ok;
        std::span<std::byte> payload_;
    };

    explicit basic_byte_ring(std::size_t capacity)
        : memory_(detail::checked_ring_capacity(capacity, capacity_min, capacity_max, "bytes")),
          bytes_(memory_.data()),
          mask_(capacity - 1) {}
    basic_byte_ring(const basic_byte_ring&) = delete;
    basic_byte_ring& operator=(const basic_byte_ring&) = delete;

    // Producer. One claim at a time. REQUIRES: type != padding_type
    [[nodiscard]] claim try_claim(std::uint32_t type, std::size_t size) noexcept;

    // Producer. Claims, copies and commits.
    [[nodiscard]] claim_result try_write(std::uint32_t type,
                                         std::span<const std::byte> payload) noexcept {
        claim room = try_claim(type, payload.size());
        if (room) {
            std::copy(payload.begin(), payload.end(), room.payload().begin());
            room.commit();
        }
        return room.result();
    }

    // Consumer. The oldest record, which stays until release(); skips padding.
    [[nodiscard]] byte_record peek() noexcept;
    // Consumer. Gives the record that peek() returned back. REQUIRES: peek() returned one
    void release() noexcept;
    // Consumer. Calls handler(type, payload) for up to limit records, oldest first, then gives
    // those it consumed back at once; returns how many. The handler returns void or poll_action.
    template <class Handler>
    std::size_t poll(Handler&& handler, std::size_t limit) noexcept;

    [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }
    // With padding in front, a record of this size still fits an empty ring, wherever its positions
    // stand.
    [[nodiscard]] std::size_t payload_size_max() const noexcept { return capacity() / 4; }
    // Snapshots that are old when they return. Read the consumer's first where lag must not come
    // out negative.
    [[nodiscard]] std::uint64_t consumer_position_estimate() const noexcept {
        // pairs with byte_ring.hpp: advance_consumer
        return consumer_.position.load(std::memory_order_acquire);
    }
    [[nodiscard]] std::uint64_t producer_position_estimate() const noexcept {
        // relaxed: nothing is reached through it
        return producer_.position.load(std::memory_order_relaxed);
    }

    // The next caller owns that end; for graphs built on one thread and run on another.
    void detach_producer() noexcept { producer_.checker.detach(); }
    void detach_consumer() noexcept { consumer_.checker.detach(); }

private:
    using header_ref = typename Memory::template atomic_ref<std::uint64_t>;
    using atomic_position = typename Memory::template atomic<std::uint64_t>;

    static constexpr std::uint64_t make_header(std::size_t length, std::uint32_t type) noexcept {
        return static_cast<std::uint64_t>(type) << 32 | static_cast<std::uint64_t>(length);
    }
    static constexpr std::size_t header_length(std::uint64_t header) noexcept {
        return static_cast<std::size_t>(header & 0xFFFF'FFFF);
    }
    static constexpr std::uint32_t header_type(std::uint64_t header) noexcept {
        return static_cast<std::uint32_t>(header >> 32);
    }
    static constexpr std::size_t aligned(std::size_t size) noexcept {
        return (size + (alignment_bytes - 1)) & ~(alignment_bytes - 1);
    }

    [[nodiscard]] header_ref header_at(std::uint64_t position) const noexcept {
        // aligned: the buffer is page-aligned and positions are multiples of 8
        return header_ref(*reinterpret_cast<std::uint64_t*>(bytes_ + (position & mask_)));
    }
    [[nodiscard]] std::byte* payload_at(std::uint64_t position) const noexcept {
        return bytes_ + (position & mask_) + header_bytes;
    }

    // Whether `needed` bytes from producer_position on, and the header behind them, are the
    // producer's.
    [[nodiscard]] bool has_room(std::size_t needed) noexcept {
        const std::uint64_t end = producer_.next + needed + header_bytes;
        if (end - producer_.consumer_position_cached <= capacity()) {
            return true;
        }
        // pairs with byte_ring.hpp: advance_consumer
        producer_.consumer_position_cached = consumer_.position.load(std::memory_order_acquire);
        return end - producer_.consumer_position_cached <= capacity();
    }

    // Zeroes the header that follows, then commits this one; in that order, so that a consumer
    // which sees this record never takes older bytes behind it for another.
    void commit_header(std::uint64_t position, std::size_t length, std::uint32_t type) noexcept {
        const std::uint64_t next = position + aligned(length);
        // relaxed: the release below publishes it
        header_at(next).store(0, std::memory_order_relaxed);
        producer_.next = next;
        // relaxed, and before the header: its release publishes it, so that whoever has seen the
        // consumer behind a record sees the producer behind it too
        producer_.position.store(next, std::memory_order_relaxed);
        // pairs with byte_ring.hpp: peek, poll
        header_at(position).store(make_header(length, type), std::memory_order_release);
    }

    void publish(std::uint32_t type, std::size_t size) noexcept {
        commit_header(producer_.next, header_bytes + size, type);
        producer_.has_claim = false;
    }

    void advance_consumer(std::uint64_t next) noexcept {
        consumer_.next = next;
        // pairs with byte_ring.hpp: has_room, consumer_position_estimate
        consumer_.position.store(next, std::memory_order_release);
    }

    struct alignas(no_sharing_bytes) producer_side {  // writer: producer
        std::uint64_t next = 0;
        std::uint64_t consumer_position_cached = 0;
        atomic_position position{0};  // for observers; the consumer never reads it
        bool has_claim = false;
        thread_checker checker;
    };
    struct alignas(no_sharing_bytes) consumer_side {  // writer: consumer
        std::uint64_t next = 0;
        atomic_position position{0};
        thread_checker checker;
    };

    // Written at construction only.
    ring_memory memory_;
    std::byte* bytes_;
    std::size_t mask_;
    producer_side producer_;
    consumer_side consumer_;
};

using byte_ring = basic_byte_ring<>;

template <class Memory>
auto basic_byte_ring<Memory>::try_claim(std::uint32_t type, std::size_t size) noexcept -> claim {
    producer_.checker.check();
    MILLRACE_DCHECK(type != padding_type, "this type is the ring's own");
    MILLRACE_DCHECK(!producer_.has_claim, "the previous claim is still open");
    if (size > payload_size_max()) {
        return claim(claim_result::too_large);
    }
    const std::size_t record_bytes = aligned(header_bytes + size);
    const std::size_t to_end = capacity() - static_cast<std::size_t>(producer_.next & mask_);
    const std::size_t padding = record_bytes <= to_end ? 0 : to_end;
    // One condition over monotonic positions covers the end of the buffer and its front: there is
    // no case in which one has room, the other has not, and something is written all the same.
    if (!has_room(padding + record_bytes)) {
        return claim(claim_result::back_pressured);
    }
    if (padding != 0) {
        commit_header(producer_.next, padding, padding_type);
    }
    producer_.has_claim = true;
    std::byte* const payload = payload_at(producer_.next);
    Memory::writing(payload, size);
    return claim(*this, type, {payload, size});
}

template <class Memory>
byte_record basic_byte_ring<Memory>::peek() noexcept {
    consumer_.checker.check();
    // pairs with byte_ring.hpp: commit_header
    std::uint64_t header = header_at(consumer_.next).load(std::memory_order_acquire);
    if (header != 0 && header_type(header) == padding_type) {
        advance_consumer(consumer_.next + header_length(header));
        // pairs with byte_ring.hpp: commit_header
        header = header_at(consumer_.next).load(std::memory_order_acquire);
    }
    if (header == 0) {
        return {};
    }
    const std::size_t size = header_length(header) - header_bytes;
    MILLRACE_DCHECK(size <= payload_size_max(), "a record is longer than any that can be claimed");
    const std::byte* const payload = payload_at(consumer_.next);
    Memory::reading(payload, size);
    return {header_type(header), false, {payload, size}};
}

template <class Memory>
void basic_byte_ring<Memory>::release() noexcept {
    consumer_.checker.check();
    // relaxed: peek() has acquired this very header
    const std::uint64_t header = header_at(consumer_.next).load(std::memory_order_relaxed);
    MILLRACE_DCHECK(header != 0, "released a record that was not committed");
    MILLRACE_DCHECK(header_type(header) != padding_type, "released without a peek");
    advance_consumer(consumer_.next + aligned(header_length(header)));
}

template <class Memory>
template <class Handler>
std::size_t basic_byte_ring<Memory>::poll(Handler&& handler, std::size_t limit) noexcept {
    consumer_.checker.check();
    const std::uint64_t first = consumer_.next;
    std::uint64_t next = first;
    std::size_t count = 0;
    while (count < limit) {
        // pairs with byte_ring.hpp: commit_header
        const std::uint64_t header = header_at(next).load(std::memory_order_acquire);
        if (header == 0) {
            break;
        }
        const std::size_t length = header_length(header);
        if (header_type(header) != padding_type) {
            const std::span<const std::byte> payload(payload_at(next), length - header_bytes);
            Memory::reading(payload.data(), payload.size());
            if (detail::call_handler(handler, header_type(header), payload) == poll_action::stop) {
                break;
            }
            ++count;
        }
        next += aligned(length);
    }
    if (next != first) {
        advance_consumer(next);
    }
    return count;
}

}  // namespace millrace::engine
