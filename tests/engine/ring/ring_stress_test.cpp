// Two real threads over small rings, so that they run full, empty and round all the time. Every
// message is checked for its number and its content. MILLRACE_STRESS_FACTOR multiplies the length.
// On a crowded machine each change of threads costs a time slice, so a run also ends by time.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <thread>

#include "engine/ring/byte_ring.hpp"
#include "engine/ring/slot_ring.hpp"

namespace millrace::engine {
namespace {

// A sanitizer sees a race in the tenth part as well, and takes ten times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t message_count_base = 20'000;
#else
constexpr std::uint64_t message_count_base = 200'000;
#endif

constexpr std::uint64_t message_count_min = 2'000;
constexpr std::chrono::seconds time_base{4};

std::uint64_t factor() {
    const char* const given = std::getenv("MILLRACE_STRESS_FACTOR");
    return given == nullptr ? 1 : std::stoull(given);
}

// How many messages there are is known only when the producer has sent the last one.
class run_length {
public:
    // The producer, before message `number`.
    [[nodiscard]] bool goes_on(std::uint64_t number) {
        const bool is_over = number >= count_max_ || (number >= message_count_min &&
                                                      std::chrono::steady_clock::now() >= until_);
        if (is_over) {
            count_.store(number, std::memory_order_relaxed);
        }
        return !is_over;
    }
    // The consumer, which has received so many.
    [[nodiscard]] bool is_incomplete(std::uint64_t number) const {
        return number < count_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }

private:
    const std::uint64_t factor_ = factor();
    const std::uint64_t count_max_ = message_count_base * factor_;
    const std::chrono::steady_clock::time_point until_ =
        std::chrono::steady_clock::now() + time_base * factor_;
    std::atomic<std::uint64_t> count_{UINT64_MAX};
};

std::uint64_t seed() {
    const char* const given = std::getenv("MILLRACE_TEST_SEED");
    const std::uint64_t value = given == nullptr ? std::random_device{}() : std::stoull(given);
    std::cout << "MILLRACE_TEST_SEED=" << value << '\n';
    return value;
}

std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58'476D'1CE4'E5B9;
    return value ^ (value >> 27);
}

// Both threads share the CPUs with whatever else runs: whoever has nothing to do lets the other one
// in.
struct slot {
    std::uint64_t number = 0;
    std::uint64_t words[6] = {};
};

slot make_slot(std::uint64_t number) {
    slot s{number, {}};
    for (std::uint64_t i = 0; i < 6; ++i) {
        s.words[i] = mix(number + i);
    }
    return s;
}

bool is_intact(const slot& s) {
    const slot expected = make_slot(s.number);
    return std::equal(std::begin(s.words), std::end(s.words), std::begin(expected.words));
}

void produce_slots(slot_ring<slot>& ring, run_length& length, std::uint64_t random_seed) {
    std::mt19937_64 random(random_seed);
    std::uint64_t number = 0;
    while (length.goes_on(number)) {
        if (random() % 2 == 0) {
            if (ring.try_push(make_slot(number)) == push_status::ok) {
                ++number;
            } else {
                std::this_thread::yield();
            }
            continue;
        }
        auto batch = ring.try_claim(random() % 7);
        const std::size_t used = batch.count() == 0 ? 0 : random() % (batch.count() + 1);
        for (std::size_t i = 0; i < used; ++i) {
            batch[i] = make_slot(number + i);
        }
        batch.commit(used);
        number += used;
    }
}

class SlotRingStress : public ::testing::TestWithParam<std::size_t> {};

TEST_P(SlotRingStress, EverySlotArrivesOnceIntactInOrder) {
    run_length length;
    const std::uint64_t random_seed = seed();
    slot_ring<slot> ring(GetParam());
    std::thread producer([&] { produce_slots(ring, length, random_seed); });
    std::mt19937_64 random(~random_seed);
    std::uint64_t expected = 0;
    std::uint64_t wrong = 0;
    while (length.is_incomplete(expected)) {
        const std::uint64_t before = expected;
        const auto check = [&](const slot& s) {
            if (random() % 16 == 0) {
                return poll_action::stop;
            }
            wrong += s.number == expected && is_intact(s) ? 0 : 1;
            ++expected;
            return poll_action::consumed;
        };
        if (random() % 2 == 0) {
            ring.poll(check, random() % 9);
        } else {
            const auto seen = ring.peek(random() % 9);
            for (std::size_t i = 0; i < seen.count(); ++i) {
                wrong += seen[i].number == expected && is_intact(seen[i]) ? 0 : 1;
                ++expected;
            }
            ring.release(seen.count());
        }
        if (expected == before) {
            std::this_thread::yield();
        }
    }
    producer.join();
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(ring.peek(1).count(), 0U);
    EXPECT_EQ(expected, length.count());
    EXPECT_EQ(ring.producer_sequence_estimate(), expected);
    EXPECT_EQ(ring.consumer_sequence_estimate(), expected);
}

INSTANTIATE_TEST_SUITE_P(Capacities, SlotRingStress, ::testing::Values(2, 4, 64, 1024));

void fill(std::span<std::byte> payload, std::uint64_t number) {
    for (std::size_t i = 0; i < payload.size(); ++i) {
        payload[i] = static_cast<std::byte>(mix(number + i));
    }
}

bool is_intact(std::span<const std::byte> payload, std::uint64_t number) {
    for (std::size_t i = 0; i < payload.size(); ++i) {
        if (payload[i] != static_cast<std::byte>(mix(number + i))) {
            return false;
        }
    }
    return true;
}

class ByteRingStress : public ::testing::TestWithParam<std::size_t> {};

// The sizes follow from the numbers, so the receiver knows them too.
TEST_P(ByteRingStress, EveryRecordArrivesOnceIntactInOrder) {
    run_length length;
    const std::uint64_t random_seed = seed();
    byte_ring ring(GetParam());
    const std::size_t size_max = std::min<std::size_t>(ring.payload_size_max(), 200);
    const auto size_of = [&](std::uint64_t number) { return mix(number) % (size_max + 1); };
    std::thread producer([&] {
        std::mt19937_64 random(random_seed);
        std::uint64_t number = 0;
        while (length.goes_on(number)) {
            const std::size_t size = size_of(number);
            auto claim = ring.try_claim(static_cast<std::uint32_t>(number % 1000),
                                        std::min(size_max, size + random() % 9));
            if (!claim) {
                std::this_thread::yield();
                continue;
            }
            fill(claim.payload(), number);
            if (random() % 8 != 0) {  // else its destructor aborts it
                claim.commit(size);
                ++number;
            }
        }
    });
    std::mt19937_64 random(~random_seed);
    std::uint64_t expected = 0;
    std::uint64_t wrong = 0;
    const auto check = [&](std::uint32_t type, std::span<const std::byte> payload) {
        const bool is_right = type == expected % 1000 && payload.size() == size_of(expected) &&
                              is_intact(payload, expected);
        wrong += is_right ? 0 : 1;
        ++expected;
    };
    while (length.is_incomplete(expected)) {
        if (random() % 2 == 0) {
            if (ring.poll(check, random() % 9) == 0) {
                std::this_thread::yield();
            }
        } else if (const byte_record record = ring.peek(); !record.is_none) {
            check(record.type, record.payload);
            ring.release();
        }
    }
    producer.join();
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(expected, length.count());
    EXPECT_TRUE(ring.peek().is_none);
    EXPECT_EQ(ring.consumer_position_estimate(), ring.producer_position_estimate());
}

INSTANTIATE_TEST_SUITE_P(Capacities, ByteRingStress, ::testing::Values(64, 128, 1024, 65536));

}  // namespace
}  // namespace millrace::engine
