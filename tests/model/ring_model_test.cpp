// Every short sequence of calls on a tiny ring, held against a queue that is obviously right. One
// thread makes the calls, so the order of the calls is the interleaving of the two ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <iostream>
#include <utility>
#include <vector>

#include "engine/ring/byte_ring.hpp"
#include "engine/ring/slot_ring.hpp"

namespace millrace::engine {
namespace {

// Calls visit(sequence) for each sequence of `length` numbers below `count`.
template <class Visitor>
void for_each_sequence(std::size_t length, std::size_t count, Visitor&& visit) {
    std::vector<std::size_t> sequence(length, 0);
    while (true) {
        visit(sequence);
        std::size_t at = length;
        while (at > 0 && ++sequence[at - 1] == count) {
            sequence[--at] = 0;
        }
        if (at == 0) {
            return;
        }
    }
}

// Slot ring.

struct slot_pair {
    static constexpr std::size_t capacity = 4;
    slot_ring<std::uint64_t> ring{capacity};
    std::deque<std::uint64_t> model;
    std::uint64_t next = 0;
    bool is_right = true;

    void require(bool condition) { is_right = is_right && condition; }

    void push() {
        const bool fits = model.size() < capacity;
        require((ring.try_push(next) == push_status::ok) == fits);
        if (fits) {
            model.push_back(next++);
        }
    }
    void push_batch(std::size_t claim_limit, std::size_t commit_limit) {
        auto batch = ring.try_claim(claim_limit);
        require(batch.count() == std::min(claim_limit, capacity - model.size()));
        const std::size_t used = std::min(commit_limit, batch.count());
        for (std::size_t i = 0; i < batch.count(); ++i) {
            batch[i] = i < used ? next + i : ~std::uint64_t{0};
        }
        batch.commit(used);
        for (std::size_t i = 0; i < used; ++i) {
            model.push_back(next++);
        }
    }
    void poll(std::size_t limit, std::size_t stop_at) {
        std::size_t calls = 0;
        const std::size_t polled = ring.poll(
            [&](std::uint64_t number) {
                require(calls < model.size() && number == model[calls]);
                return calls++ == stop_at ? poll_action::stop : poll_action::consumed;
            },
            limit);
        const std::size_t expected = std::min({limit, stop_at, model.size()});
        require(polled == expected);
        model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(expected));
    }
    void peek_and_release(std::size_t limit, std::size_t release_limit) {
        const auto view = ring.peek(limit);
        require(view.count() == std::min(limit, model.size()));
        for (std::size_t i = 0; i < view.count(); ++i) {
            require(view[i] == model[i]);
        }
        const std::size_t released = std::min(release_limit, view.count());
        ring.release(released);
        model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(released));
    }
    void call(std::size_t number) {
        switch (number) {
            case 0:
                return push();
            case 1:
                return push_batch(3, 2);
            case 2:
                return push_batch(9, 9);
            case 3:
                return poll(1, 9);
            case 4:
                return poll(9, 2);
            default:
                return peek_and_release(3, 1);
        }
    }
    void drain() {
        poll(9, 9);
        require(model.empty());
    }
};

TEST(SlotRingModel, EverySequenceOfCallsMatchesAQueue) {
    slot_pair pair;
    std::size_t count = 0;
    for (std::size_t start = 0; start < slot_pair::capacity; ++start) {
        for_each_sequence(6, 6, [&](const std::vector<std::size_t>& calls) {
            while (pair.next % slot_pair::capacity != start) {
                pair.push();
                pair.drain();
            }
            for (const std::size_t call : calls) {
                pair.call(call);
            }
            pair.drain();
            ++count;
            ASSERT_TRUE(pair.is_right) << "sequence " << count << " from start " << start;
        });
    }
    EXPECT_EQ(count, 4U * 6 * 6 * 6 * 6 * 6 * 6);
}

// Byte ring.

struct byte_pair {
    struct record {
        std::uint32_t type;
        std::size_t size;
        std::byte fill;
        std::size_t padding;  // in front of it
    };
    static constexpr std::size_t capacity = 64;
    byte_ring ring{capacity};
    std::deque<record> model;
    std::uint64_t position = 0;    // the producer's
    std::size_t used = 0;          // bytes, padding included
    std::size_t open_padding = 0;  // written, and no record behind it yet
    std::uint32_t next_type = 0;
    bool is_right = true;

    void require(bool condition) { is_right = is_right && condition; }
    static std::size_t record_bytes(std::size_t size) { return 8 + (size + 7) / 8 * 8; }

    // The rule in words: a record begins where the last one ended, or at the front if it does not
    // fit before the end; it fits if its bytes, the padding and one header more are free.
    void write(std::size_t claimed, std::size_t size, bool commits) {
        const std::size_t to_end = capacity - position % capacity;
        const std::size_t padding = record_bytes(claimed) <= to_end ? 0 : to_end;
        const bool fits = used + padding + record_bytes(claimed) + 8 <= capacity;
        auto claim = ring.try_claim(next_type, claimed);
        require((claim.result() == claim_result::ok) == fits);
        if (!fits) {
            return;
        }
        const auto fill = static_cast<std::byte>(next_type);
        std::fill(claim.payload().begin(), claim.payload().end(), fill);
        position += padding;
        used += padding;
        open_padding += padding;
        if (commits) {
            claim.commit(size);
            model.push_back({next_type++, size, fill, std::exchange(open_padding, 0)});
            position += record_bytes(size);
            used += record_bytes(size);
        }
    }
    void check(const record& expected, std::uint32_t type, std::span<const std::byte> payload) {
        require(type == expected.type);
        require(payload.size() == expected.size);
        for (const std::byte b : payload) {
            require(b == expected.fill);
        }
    }
    void pop() {
        used -= model.front().padding + record_bytes(model.front().size);
        model.pop_front();
    }
    // Padding that no record follows yet is skipped by a reader that comes so far.
    void skip_open_padding() {
        if (model.empty()) {
            used -= std::exchange(open_padding, 0);
        }
    }
    void poll(std::size_t limit) {
        const std::size_t expected = std::min(limit, model.size());
        std::size_t calls = 0;
        const std::size_t polled = ring.poll(
            [&](std::uint32_t type, std::span<const std::byte> payload) {
                if (model.empty()) {
                    return require(false);
                }
                check(model.front(), type, payload);
                pop();
                ++calls;
            },
            limit);
        require(polled == expected && calls == expected);
        if (polled < limit) {
            skip_open_padding();
        }
        require(ring.consumer_position_estimate() + used == position);
    }
    void peek_and_release() {
        skip_open_padding();
        const byte_record seen = ring.peek();
        require(seen.is_none == model.empty());
        if (!seen.is_none && !model.empty()) {
            check(model.front(), seen.type, seen.payload);
            ring.release();
            pop();
        }
    }
    void call(std::size_t number) {
        switch (number) {
            case 0:
                return write(0, 0, true);
            case 1:
                return write(8, 5, true);
            case 2:
                return write(16, 16, true);
            case 3:
                return write(16, 1, true);
            case 4:
                return write(9, 0, false);
            case 5:
                return poll(1);
            case 6:
                return poll(9);
            default:
                return peek_and_release();
        }
    }
    void drain() {
        poll(99);
        require(model.empty() && used == 0);
    }
    void advance_to(std::size_t offset) {
        while (position % capacity != offset) {
            write(0, 0, true);
            drain();
        }
    }
};

void check_byte_ring(std::size_t length) {
    byte_pair pair;
    std::size_t count = 0;
    for (std::size_t start = 0; start < byte_pair::capacity; start += 8) {
        for_each_sequence(length, 8, [&](const std::vector<std::size_t>& calls) {
            pair.drain();
            pair.advance_to(start);
            for (const std::size_t call : calls) {
                pair.call(call);
            }
            pair.drain();
            ++count;
            ASSERT_TRUE(pair.is_right) << "sequence " << count << " from offset " << start;
        });
    }
    std::cout << count << " sequences\n";
}

TEST(ByteRingModel, EverySequenceOfCallsMatchesAQueue) {
    check_byte_ring(5);
}

// Filling the ring with the smallest records takes seven calls, and a full ring is where the
// defects were.
TEST(ByteRingModel, EverySequenceOfCallsFromEachFillMatchesAQueue) {
    for (std::size_t fill = 1; fill <= 7; ++fill) {
        byte_pair pair;
        for (std::size_t start = 0; start < byte_pair::capacity; start += 8) {
            for_each_sequence(4, 8, [&](const std::vector<std::size_t>& calls) {
                pair.drain();
                pair.advance_to(start);
                for (std::size_t i = 0; i < fill; ++i) {
                    pair.call(0);
                }
                for (const std::size_t call : calls) {
                    pair.call(call);
                }
                pair.drain();
                ASSERT_TRUE(pair.is_right) << "fill " << fill << ", offset " << start;
            });
        }
    }
}

}  // namespace
}  // namespace millrace::engine
