// What the tests of streams share: a table of numbered ticks, and a client that checks what it
// gets.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/stream/streamer.hpp"
#include "engine/stream/table_log.hpp"
#include "engine/table/typed.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

struct tick {
    std::uint64_t number = 0;
    text<14> symbol{};
    char side = 0;
};
inline const auto tick_table =
    table_of<tick>("TICK", key("NUMBER", &tick::number), column("SYMBOL", &tick::symbol),
                   column("SIDE", &tick::side), trailing_bytes("NOTE"));

inline constexpr std::size_t tiny_segment_bytes = segment_bytes_min;

inline table_log_options tiny_log(std::size_t segment_bytes = tiny_segment_bytes) {
    table_log_options options;
    options.segment_bytes = segment_bytes;
    options.purpose = "test";
    return options;
}

inline log_uuid uuid_of(std::uint8_t first) {
    log_uuid uuid;
    uuid.bytes[0] = first;
    uuid.bytes[15] = static_cast<std::uint8_t>(first + 1);
    return uuid;
}

inline row_envelope with_origin(std::string_view route, const log_uuid& source,
                                std::uint64_t sequence) {
    row_envelope envelope;
    envelope.set_origin({route_id(route), source, sequence});
    return envelope;
}

inline tick tick_of(std::uint64_t number) {
    tick row;
    row.number = number;
    row.side = number % 2 == 0 ? 'B' : 'S';
    EXPECT_TRUE(row.symbol.assign("S" + std::to_string(number % 10)));
    return row;
}

// The note of tick `number`, which is also how the client knows that the bytes are those written.
inline std::vector<std::byte> note_of(std::uint64_t number, std::size_t size_max = 500) {
    return pattern(number, number * 37 % (size_max + 1));
}

inline append_result append_tick(table_log& table, std::uint64_t number,
                                 const row_envelope& envelope = {}, std::size_t note_max = 500) {
    const auto result =
        tick_table.append(table, tick_of(number), envelope, note_of(number, note_max));
    EXPECT_EQ(result.row, row_status::ok);
    return result.log;
}

// Ticks first..last; their numbers are their sequences where the log began with 1.
inline void append_ticks(table_log& table, std::uint64_t first, std::uint64_t last,
                         std::size_t note_max = 500) {
    for (std::uint64_t number = first; number <= last; ++number) {
        ASSERT_EQ(append_tick(table, number, {}, note_max).status, append_status::ok);
    }
}

inline ::testing::AssertionResult is_tick(std::span<const std::byte> payload, std::uint64_t number,
                                          std::size_t note_max = 500) {
    if (row_view::check(tick_table.schema(), payload) != row_status::ok) {
        return ::testing::AssertionFailure() << "not a tick";
    }
    const tick& row = as<tick>(payload);
    const tick expected = tick_of(number);
    const auto note = row_view(tick_table.schema(), payload).trailing();
    const auto expected_note = note_of(number, note_max);
    if (row.number != number || row.symbol != expected.symbol || row.side != expected.side ||
        !std::equal(note.begin(), note.end(), expected_note.begin(), expected_note.end())) {
        return ::testing::AssertionFailure() << "not tick " << number << " but " << row.number;
    }
    return ::testing::AssertionSuccess();
}

// Takes up to `limit` slots and checks each in place; returns their sequences.
inline std::vector<std::uint64_t> take(stream_ring& ring, std::size_t limit = SIZE_MAX,
                                       std::size_t note_max = 500) {
    std::vector<std::uint64_t> sequences;
    ring.poll(
        [&](const stream_slot& slot) {
            EXPECT_TRUE(is_tick(slot.bytes(), slot.seq.value, note_max));
            sequences.push_back(slot.seq.value);
        },
        std::min(limit, ring.capacity()));
    return sequences;
}

inline std::vector<std::uint64_t> sequences_from(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> sequences;
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
        sequences.push_back(sequence);
    }
    return sequences;
}

inline subscription_options reading(const fs::path& directory, read_from from = {},
                                    std::string where = {}, std::size_t batch = 64) {
    subscription_options options;
    options.name = "client";
    options.directory = directory;
    options.from = from;
    options.where = std::move(where);
    options.batch = batch;
    return options;
}

}  // namespace millrace::engine::test
