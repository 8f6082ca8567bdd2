// The shipped rings, in every run the memory model allows: two and four slots, and sixty-four
// bytes, more than once round. Then the same with one memory order weakened at a time: each such
// mutant must be caught.
//
// The number of runs grows about sixfold with each message. MILLRACE_MODEL_FULL=1 goes twice round
// in every program, which takes minutes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <vector>

#include "engine/ring/byte_ring.hpp"
#include "engine/ring/slot_ring.hpp"
#include "tests/model/exploration.hpp"
#include "tests/model/explorer.hpp"
#include "tests/model/mutants.hpp"

namespace millrace::model {
namespace {

using engine::byte_record;
using engine::claim_result;
using engine::poll_action;
using engine::push_status;

using slot_ring = engine::slot_ring<std::uint64_t, explored_memory>;
using byte_ring = engine::basic_byte_ring<explored_memory>;

// A message less where a sanitizer slows each run down and sees nothing that the explorer does not.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t fewer = 1;
#else
constexpr std::uint64_t fewer = 0;
#endif

// Slot ring.

void push_one_by_one(explorer& e, slot_ring& ring, std::uint64_t count) {
    for (std::uint64_t number = 0; number < count;) {
        if (ring.try_push(number) == push_status::ok) {
            ++number;
        } else {
            e.wait_for_change();
        }
    }
}

// Claims three, commits what it got but one.
void push_in_batches(explorer& e, slot_ring& ring, std::uint64_t count) {
    for (std::uint64_t number = 0; number < count;) {
        auto batch = ring.try_claim(std::min<std::uint64_t>(3, count - number));
        if (batch.count() == 0) {
            e.wait_for_change();
            continue;
        }
        const std::size_t used = std::max<std::size_t>(batch.count() - 1, 1);
        for (std::size_t i = 0; i < batch.count(); ++i) {
            batch[i] = number + i;
        }
        batch.commit(used);
        number += used;
    }
}

void poll_slots(explorer& e, slot_ring& ring, std::uint64_t count, std::size_t limit) {
    for (std::uint64_t expected = 0; expected < count;) {
        const std::size_t polled = ring.poll(
            [&](std::uint64_t number) { e.check(number == expected++, "lost or out of order"); },
            limit);
        if (polled == 0) {
            e.wait_for_change();
        }
    }
}

void peek_slots(explorer& e, slot_ring& ring, std::uint64_t count) {
    for (std::uint64_t expected = 0; expected < count;) {
        const auto seen = ring.peek(2);
        if (seen.count() == 0) {
            e.wait_for_change();
            continue;
        }
        for (std::size_t i = 0; i < seen.count(); ++i) {
            e.check(seen[i] == expected + i, "lost or out of order");
        }
        ring.release(1);
        ++expected;
    }
}

template <class Produce, class Consume>
explorer::program slot_program(std::size_t capacity, Produce produce, Consume consume) {
    return [=](explorer& e) {
        const auto ring = std::make_shared<slot_ring>(capacity);
        e.add_thread([=, &e] { produce(e, *ring); });
        e.add_thread([=, &e] { consume(e, *ring); });
        e.at_end([=, &e] { e.check(ring->peek(1).count() == 0, "something is left over"); });
    };
}

std::vector<named_program> slot_programs(std::size_t capacity, std::uint64_t count) {
    const auto pushes = [=](explorer& e, slot_ring& r) { push_one_by_one(e, r, count); };
    const auto batches = [=](explorer& e, slot_ring& r) { push_in_batches(e, r, count); };
    const auto polls_one = [=](explorer& e, slot_ring& r) { poll_slots(e, r, count, 1); };
    const auto polls_all = [=](explorer& e, slot_ring& r) { poll_slots(e, r, count, 9); };
    const auto peeks = [=](explorer& e, slot_ring& r) { peek_slots(e, r, count); };
    const auto observed = [](explorer& e) {
        const auto ring = std::make_shared<slot_ring>(2);
        e.add_thread([=, &e] { push_one_by_one(e, *ring, 3); });
        e.add_thread([=, &e] { poll_slots(e, *ring, 3, 1); });
        e.add_thread([=, &e] {
            const std::uint64_t consumed = ring->consumer_sequence_estimate();
            e.check(consumed <= ring->producer_sequence_estimate(), "negative lag");
        });
    };
    return {{"push, poll 1", slot_program(capacity, pushes, polls_one)},
            {"push, poll all", slot_program(capacity, pushes, polls_all)},
            {"push, peek", slot_program(capacity, pushes, peeks)},
            {"batch, poll 1", slot_program(capacity, batches, polls_one)},
            {"batch, poll all", slot_program(capacity, batches, polls_all)},
            {"push, poll 1, observer", observed}};
}

// Byte ring.

// Payload sizes whose records end short of the end of the buffer, exactly at it, and need padding.
constexpr std::size_t sizes[] = {8, 16, 3, 16, 12, 0, 16, 16};

std::byte byte_of(std::uint64_t number) {
    return static_cast<std::byte>(0xA0 + number);
}

// Each claim is larger than what is committed, and one is aborted.
void write_records(explorer& e, byte_ring& ring, std::uint64_t count) {
    bool has_aborted = false;
    for (std::uint64_t number = 0; number < count;) {
        auto claim = ring.try_claim(static_cast<std::uint32_t>(number), 16);
        if (!claim) {
            e.check(claim.result() == claim_result::back_pressured, "refused for good");
            e.wait_for_change();
            continue;
        }
        std::fill(claim.payload().begin(), claim.payload().end(), byte_of(number));
        if (number == 2 && !has_aborted) {
            has_aborted = true;
            continue;  // the claim's destructor aborts it
        }
        claim.commit(sizes[number]);
        ++number;
    }
}

void check_record(explorer& e, std::uint64_t expected, std::uint32_t type,
                  std::span<const std::byte> payload) {
    e.check(type == expected, "lost or out of order");
    e.check(payload.size() == sizes[expected], "another size");
    for (const std::byte b : payload) {
        e.check(b == byte_of(expected), "other bytes");
    }
}

void poll_records(explorer& e, byte_ring& ring, std::uint64_t count, std::size_t limit) {
    for (std::uint64_t expected = 0; expected < count;) {
        const std::size_t polled = ring.poll(
            [&](std::uint32_t type, std::span<const std::byte> payload) {
                check_record(e, expected, type, payload);
                ++expected;
            },
            limit);
        if (polled == 0) {
            e.wait_for_change();
        }
    }
}

void peek_records(explorer& e, byte_ring& ring, std::uint64_t count) {
    for (std::uint64_t expected = 0; expected < count;) {
        const byte_record record = ring.peek();
        if (record.is_none) {
            e.wait_for_change();
            continue;
        }
        check_record(e, expected, record.type, record.payload);
        ring.release();
        ++expected;
    }
}

template <class Consume>
explorer::program byte_program(std::uint64_t count, Consume consume) {
    return [=](explorer& e) {
        const auto ring = std::make_shared<byte_ring>(64);
        e.add_thread([=, &e] { write_records(e, *ring, count); });
        e.add_thread([=, &e] { consume(e, *ring); });
        e.at_end([=, &e] { e.check(ring->peek().is_none, "something is left over"); });
    };
}

std::vector<named_program> byte_programs(std::uint64_t count) {
    const auto observed = [](explorer& e) {
        const auto ring = std::make_shared<byte_ring>(64);
        e.add_thread([=, &e] { write_records(e, *ring, 3); });
        e.add_thread([=, &e] { poll_records(e, *ring, 3, 1); });
        e.add_thread([=, &e] {
            const std::uint64_t consumed = ring->consumer_position_estimate();
            e.check(consumed <= ring->producer_position_estimate(), "negative lag");
        });
    };
    const auto polls_one = [=](explorer& e, byte_ring& r) { poll_records(e, r, count, 1); };
    const auto polls_all = [=](explorer& e, byte_ring& r) { poll_records(e, r, count, 9); };
    const auto peeks = [=](explorer& e, byte_ring& r) { peek_records(e, r, count); };
    return {{"write, poll 1", byte_program(count, polls_one)},
            {"write, poll all", byte_program(count, polls_all)},
            {"write, peek", byte_program(count, peeks)},
            {"write, poll 1, observer", observed}};
}

using ByteRingExploration = exploration;
using SlotRingExploration = exploration;

TEST_F(SlotRingExploration, EveryRunOfTwoSlotsIsRight) {
    expect_every_run_is_right(slot_programs(2, 4));
}
TEST_F(SlotRingExploration, EveryRunOfFourSlotsIsRight) {
    expect_every_run_is_right(slot_programs(4, is_full() ? 8 : 6 - fewer));
}
// The consumer comes back to each cell while the producer may still be a whole round ahead.
TEST_F(SlotRingExploration, EveryRunTwiceRoundFourSlotsIsRight) {
    const auto programs = slot_programs(4, 8 - fewer);
    expect_every_run_is_right(std::span(programs).first(1));
}
TEST_F(SlotRingExploration, EveryWeakenedOrderIsCaught) {
    expect_every_mutant_is_caught(slot_programs(2, 4), {"engine/ring/slot_ring.hpp"}, {});
}
TEST_F(ByteRingExploration, EveryRunIsRight) {
    expect_every_run_is_right(byte_programs(is_full() ? std::size(sizes) : 5 - fewer));
}
TEST_F(ByteRingExploration, EveryWeakenedOrderIsCaught) {
    expect_every_mutant_is_caught(byte_programs(5 - fewer), {"engine/ring/byte_ring.hpp"}, {});
}

}  // namespace
}  // namespace millrace::model
