#include "engine/ring/byte_ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"

namespace millrace::engine {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

using records = std::vector<std::pair<std::uint32_t, std::string>>;

records poll_records(byte_ring& ring, std::size_t limit) {
    records seen;
    const std::size_t count = ring.poll(
        [&](std::uint32_t type, std::span<const std::byte> payload) {
            seen.emplace_back(type, text_of(payload));
        },
        limit);
    EXPECT_EQ(count, seen.size());
    return seen;
}

// Brings both positions to `position` with the ring empty. Claims are smaller than capacity / 4,
// hence the steps.
void advance_to(byte_ring& ring, std::uint64_t position) {
    while (ring.producer_position_estimate() < position) {
        ASSERT_EQ(ring.try_write(0, {}), claim_result::ok);
        ASSERT_EQ(ring.poll([](std::uint32_t, std::span<const std::byte>) {}, 1), 1U);
    }
    ASSERT_EQ(ring.producer_position_estimate(), position);
}

TEST(ByteRing, DeliversTypesAndPayloadsInOrder) {
    byte_ring ring(256);
    EXPECT_EQ(ring.try_write(7, bytes_of("one")), claim_result::ok);
    EXPECT_EQ(ring.try_write(0, {}), claim_result::ok);
    EXPECT_EQ(ring.try_write(0xFFFF'FFFE, bytes_of("twelve bytes")), claim_result::ok);
    EXPECT_EQ(poll_records(ring, 10),
              (records{{7, "one"}, {0, ""}, {0xFFFF'FFFE, "twelve bytes"}}));
    EXPECT_EQ(poll_records(ring, 10), records{});
}

TEST(ByteRing, EmptyRecordOfTypeZeroIsARecord) {
    byte_ring ring(64);
    for (int turn = 0; turn < 100; ++turn) {
        ASSERT_EQ(ring.try_write(0, {}), claim_result::ok);
        ASSERT_EQ(poll_records(ring, 10), (records{{0, ""}}));
    }
}

TEST(ByteRing, PayloadsAreAligned) {
    byte_ring ring(256);
    for (std::size_t size = 0; size < 64; ++size) {
        auto claim = ring.try_claim(1, size);
        ASSERT_TRUE(claim);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(claim.payload().data()) % 8, 0U);
        claim.commit();
        EXPECT_EQ(poll_records(ring, 1).at(0).second.size(), size);
    }
}

TEST(ByteRing, RecordThatEndsExactlyAtTheEndNeedsNoPadding) {
    byte_ring ring(64);
    advance_to(ring, 48);
    ASSERT_EQ(ring.try_write(1, bytes_of("8 bytes.")), claim_result::ok);
    EXPECT_EQ(ring.producer_position_estimate(), 64U);
    EXPECT_EQ(poll_records(ring, 1), (records{{1, "8 bytes."}}));
    EXPECT_EQ(ring.try_write(2, bytes_of("next")), claim_result::ok);
    EXPECT_EQ(poll_records(ring, 1), (records{{2, "next"}}));
}

TEST(ByteRing, RecordOneByteTooLongForTheEndBeginsAtTheFront) {
    byte_ring ring(64);
    advance_to(ring, 48);
    ASSERT_EQ(ring.try_write(1, bytes_of("9 bytes..")), claim_result::ok);
    // 16 bytes of padding, then 8 + 9 bytes, aligned
    EXPECT_EQ(ring.producer_position_estimate(), 48U + 16 + 24);
    EXPECT_EQ(poll_records(ring, 1), (records{{1, "9 bytes.."}}));
    EXPECT_EQ(ring.consumer_position_estimate(), ring.producer_position_estimate());
}

TEST(ByteRing, PaddingOfOneHeaderIsEnough) {
    byte_ring ring(64);
    advance_to(ring, 56);
    ASSERT_EQ(ring.try_write(1, bytes_of("x")), claim_result::ok);
    EXPECT_EQ(ring.producer_position_estimate(), 64U + 16);
    EXPECT_EQ(poll_records(ring, 2), (records{{1, "x"}}));
}

TEST(ByteRing, RefusesWhenThereIsNoRoomAtTheEndAndNoneAtTheFront) {
    byte_ring ring(64);
    advance_to(ring, 24);
    // Unread records from 24 to 56: 8 bytes are left at the end, 24 at the front.
    ASSERT_EQ(ring.try_write(1, bytes_of("a")), claim_result::ok);
    ASSERT_EQ(ring.try_write(2, bytes_of("b")), claim_result::ok);
    const auto refused = ring.try_claim(3, 9);
    EXPECT_EQ(refused.result(), claim_result::back_pressured);
    EXPECT_FALSE(refused);
    EXPECT_TRUE(refused.payload().empty());
    EXPECT_EQ(ring.producer_position_estimate(), 56U) << "a refused claim must not pad";
    EXPECT_EQ(poll_records(ring, 10), (records{{1, "a"}, {2, "b"}}));
    EXPECT_EQ(ring.try_write(3, bytes_of("nine byte")), claim_result::ok);
    EXPECT_EQ(poll_records(ring, 10), (records{{3, "nine byte"}}));
}

TEST(ByteRing, KeepsOneHeaderFreeSoThatFullIsNotEmpty) {
    byte_ring ring(64);
    for (int i = 0; i < 7; ++i) {
        ASSERT_EQ(ring.try_write(1, {}), claim_result::ok);
    }
    EXPECT_EQ(ring.try_write(1, {}), claim_result::back_pressured);
    EXPECT_EQ(poll_records(ring, 1).size(), 1U);
    EXPECT_EQ(ring.try_write(1, {}), claim_result::ok);
    EXPECT_EQ(poll_records(ring, 100).size(), 7U);
}

TEST(ByteRing, LargestRecordFitsAnEmptyRingAtEveryPosition) {
    for (const std::size_t capacity : {64, 128, 4096}) {
        byte_ring ring(capacity);
        const std::string payload(ring.payload_size_max(), 'x');
        for (std::size_t turn = 0; turn < 2 * capacity / 8; ++turn) {
            ASSERT_EQ(ring.try_write(9, bytes_of(payload)), claim_result::ok) << turn;
            ASSERT_EQ(poll_records(ring, 10), (records{{9, payload}}));
            ASSERT_EQ(ring.try_write(9, {}), claim_result::ok);
            ASSERT_EQ(poll_records(ring, 10).size(), 1U);
        }
    }
}

TEST(ByteRing, TooLargeIsNotBackPressure) {
    byte_ring ring(256);
    EXPECT_EQ(ring.payload_size_max(), 64U);
    EXPECT_EQ(ring.try_claim(1, 65).result(), claim_result::too_large);
    EXPECT_EQ(ring.try_claim(1, std::numeric_limits<std::size_t>::max()).result(),
              claim_result::too_large);
    EXPECT_EQ(ring.producer_position_estimate(), 0U);
    EXPECT_TRUE(ring.try_claim(1, 64));
}

TEST(ByteRing, CommitMayShrinkTheClaim) {
    byte_ring ring(256);
    for (std::size_t size = 0; size <= 40; ++size) {
        auto claim = ring.try_claim(5, 40);
        ASSERT_TRUE(claim);
        std::fill(claim.payload().begin(), claim.payload().end(), std::byte{'y'});
        claim.commit(size);
        EXPECT_FALSE(claim);
        ASSERT_EQ(poll_records(ring, 10), (records{{5, std::string(size, 'y')}}));
    }
}

TEST(ByteRing, ClaimThatIsDroppedIsAborted) {
    byte_ring ring(64);
    advance_to(ring, 56);
    for (int turn = 0; turn < 20; ++turn) {
        auto claim = ring.try_claim(5, 16);
        ASSERT_TRUE(claim);
        std::fill(claim.payload().begin(), claim.payload().end(), std::byte{0xFF});
    }
    EXPECT_EQ(poll_records(ring, 10), records{});
    auto claim = ring.try_claim(5, 3);
    claim.abort();
    EXPECT_FALSE(claim);
    claim.abort();
    ASSERT_EQ(ring.try_write(6, bytes_of("kept")), claim_result::ok);
    EXPECT_EQ(poll_records(ring, 10), (records{{6, "kept"}}));
}

TEST(ByteRing, MovedClaimCommitsOnce) {
    byte_ring ring(64);
    auto first = ring.try_claim(5, 4);
    auto second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): this is what is tested
    std::fill(second.payload().begin(), second.payload().end(), std::byte{'m'});
    second.commit();
    EXPECT_EQ(poll_records(ring, 10), (records{{5, "mmmm"}}));
}

TEST(ByteRing, StoppedRecordComesFirstAtTheNextPoll) {
    byte_ring ring(256);
    for (std::uint32_t type = 1; type <= 3; ++type) {
        ASSERT_EQ(ring.try_write(type, {}), claim_result::ok);
    }
    const auto stop_at_two = [](std::uint32_t type, std::span<const std::byte>) {
        return type == 2 ? poll_action::stop : poll_action::consumed;
    };
    EXPECT_EQ(ring.poll(stop_at_two, 10), 1U);
    EXPECT_EQ(ring.poll(stop_at_two, 10), 0U);
    EXPECT_EQ(ring.consumer_position_estimate(), 8U);
    EXPECT_EQ(poll_records(ring, 10), (records{{2, ""}, {3, ""}}));
}

TEST(ByteRing, StopBehindPaddingKeepsTheRecord) {
    byte_ring ring(64);
    advance_to(ring, 56);
    ASSERT_EQ(ring.try_write(4, bytes_of("wrapped")), claim_result::ok);
    EXPECT_EQ(
        ring.poll([](std::uint32_t, std::span<const std::byte>) { return poll_action::stop; }, 10),
        0U);
    EXPECT_EQ(poll_records(ring, 10), (records{{4, "wrapped"}}));
}

TEST(ByteRing, PollLimitCountsRecordsNotPadding) {
    byte_ring ring(64);
    advance_to(ring, 48);
    ASSERT_EQ(ring.try_write(1, {}), claim_result::ok);
    ASSERT_EQ(ring.try_write(2, bytes_of("behind padding")), claim_result::ok);
    EXPECT_EQ(poll_records(ring, 0), records{});
    EXPECT_EQ(poll_records(ring, 2), (records{{1, ""}, {2, "behind padding"}}));
}

TEST(ByteRing, PeekKeepsTheRecordUntilReleased) {
    byte_ring ring(64);
    EXPECT_TRUE(ring.peek().is_none);
    advance_to(ring, 56);
    ASSERT_EQ(ring.try_write(8, bytes_of("peeked")), claim_result::ok);
    for (int turn = 0; turn < 2; ++turn) {
        const byte_record record = ring.peek();
        ASSERT_FALSE(record.is_none);
        EXPECT_EQ(record.type, 8U);
        EXPECT_EQ(text_of(record.payload), "peeked");
    }
    ring.release();
    EXPECT_TRUE(ring.peek().is_none);
    EXPECT_EQ(ring.consumer_position_estimate(), ring.producer_position_estimate());
}

TEST(ByteRing, OldBytesBehindARecordAreNeverTakenForRecords) {
    // Payloads that look like headers, laps of different sizes over them.
    byte_ring ring(128);
    const std::string decoy("\x10\0\0\0\x07\0\0\0\x10\0\0\0\x07\0\0\0\x10\0\0\0\x07\0\0\0", 24);
    for (std::size_t turn = 0; turn < 500; ++turn) {
        const std::string payload = decoy.substr(0, turn * 7 % 25);
        ASSERT_EQ(ring.try_write(3, bytes_of(payload)), claim_result::ok);
        ASSERT_EQ(poll_records(ring, 10), (records{{3, payload}}));
        ASSERT_EQ(poll_records(ring, 10), records{});
    }
}

TEST(ByteRing, RefusesCapacitiesThatAreNoPowerOfTwo) {
    for (const std::size_t capacity :
         {std::size_t{0}, std::size_t{32}, std::size_t{63}, std::size_t{96},
          byte_ring::capacity_max * 2, std::numeric_limits<std::size_t>::max()}) {
        EXPECT_THROW(byte_ring{capacity}, config_error) << capacity;
    }
}

#if defined(MILLRACE_DCHECKS) && MILLRACE_DCHECKS
TEST(ByteRingDeathTest, StopsMisuse) {
    byte_ring ring(64);
    EXPECT_DEATH(ring.release(), "not committed");
    EXPECT_DEATH(static_cast<void>(ring.try_claim(byte_ring::padding_type, 1)), "ring's own");
    auto open = ring.try_claim(1, 4);
    EXPECT_DEATH(open.commit(5), "more committed than claimed");
    EXPECT_DEATH(static_cast<void>(ring.try_claim(1, 4)), "still open");
    open.commit();
    EXPECT_DEATH(open.commit(), "committed once");
}
#endif

}  // namespace
}  // namespace millrace::engine
