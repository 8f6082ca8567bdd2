#include "engine/stream/streamer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fstream>

#include "engine/core/error.hpp"
#include "engine/counters/counters_file.hpp"
#include "engine/counters/counters_reader.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {
namespace {

class Subscription : public ::testing::Test {
protected:
    Subscription() : table_(path(), tick_table.schema(), tiny_log()) { table_.start(); }

    [[nodiscard]] fs::path path() const { return directory_ / "TICK"; }
    [[nodiscard]] std::size_t mapped_segments() const {
        std::ifstream maps("/proc/self/maps");
        std::size_t count = 0;
        for (std::string line; std::getline(maps, line);) {
            // the writer maps the newest too, readable and writable
            count += line.find(path().native()) != std::string::npos &&
                             line.find(" r--s ") != std::string::npos
                         ? 1
                         : 0;
        }
        return count;
    }
    // Works and takes until nothing comes any more.
    [[nodiscard]] static std::vector<std::uint64_t> run(subscription& client, stream_ring& ring) {
        std::vector<std::uint64_t> all;
        while (true) {
            const int work = client.do_work();
            const auto taken = take(ring);
            all.insert(all.end(), taken.begin(), taken.end());
            if (work == 0 && taken.empty()) {
                return all;
            }
        }
    }

    temporary_directory directory_;
    table_log table_;
};

TEST_F(Subscription, BeginsWithTheFirstRecord) {
    append_ticks(table_, 1, 20);
    stream_ring ring(64);
    subscription client(reading(path()), ring);
    EXPECT_EQ(run(client, ring), sequences_from(1, 20));
    append_ticks(table_, 21, 25);
    EXPECT_EQ(run(client, ring), sequences_from(21, 25));
}

TEST_F(Subscription, BeginsAtAnySequenceEvenOneNotYetWritten) {
    append_ticks(table_, 1, 20);
    for (std::uint64_t first = 1; first <= 23; ++first) {
        stream_ring ring(64);
        subscription client(reading(path(), read_from::at_sequence({first})), ring);
        EXPECT_EQ(run(client, ring), sequences_from(first, 20));
    }
    stream_ring ring(64);
    subscription client(reading(path(), read_from::at_sequence({23})), ring);
    append_ticks(table_, 21, 30);
    EXPECT_EQ(run(client, ring), sequences_from(23, 30));
}

TEST_F(Subscription, BeginsAtTheTail) {
    append_ticks(table_, 1, 20);
    stream_ring ring(64);
    subscription client(reading(path(), read_from::tail()), ring);
    EXPECT_TRUE(run(client, ring).empty());
    append_ticks(table_, 21, 22);
    EXPECT_EQ(run(client, ring), sequences_from(21, 22));
}

TEST_F(Subscription, BeginsAtAnyTimeWithTheFirstRecordNotBeforeIt) {
    append_ticks(table_, 1, 20);
    for (const seen_record& record : read_log(path())) {
        const std::uint64_t n = record.seq.value;
        for (const std::int64_t offset_ns : {-1, 0, 1}) {
            stream_ring ring(64);
            const timestamp from{record.time.ns + offset_ns};
            subscription client(reading(path(), read_from::at_time(from)), ring);
            EXPECT_EQ(run(client, ring), sequences_from(offset_ns > 0 ? n + 1 : n, 20));
        }
    }
    stream_ring ring(64);
    const timestamp behind{read_log(path()).back().time.ns + 1};
    subscription client(reading(path(), read_from::at_time(behind)), ring);
    EXPECT_TRUE(run(client, ring).empty());
    append_ticks(table_, 21, 22);
    EXPECT_EQ(run(client, ring), sequences_from(21, 22)) << "all that is still to come";
}

TEST_F(Subscription, BeginsAtAnyOffsetWhereARecordBegins) {
    append_ticks(table_, 1, 20);
    const auto records = read_log(path());
    for (const seen_record& record : records) {
        stream_ring ring(64);
        subscription client(reading(path(), read_from::at_position(record.at)), ring);
        EXPECT_EQ(run(client, ring), sequences_from(record.seq.value, 20));
        const position inside{record.at.value + record_alignment};
        EXPECT_THROW(subscription(reading(path(), read_from::at_position(inside)), ring), error);
    }
    stream_ring ring(64);
    subscription client(reading(path(), read_from::at_position(records.back().end)), ring);
    EXPECT_TRUE(run(client, ring).empty());
    append_ticks(table_, 21, 22);
    EXPECT_EQ(run(client, ring), sequences_from(21, 22));
}

TEST_F(Subscription, CarriesPositionTimesAndSizeOfEachRecord) {
    append_ticks(table_, 1, 10);
    const auto records = read_log(path());
    stream_ring ring(16);
    subscription client(reading(path()), ring);
    client.do_work();
    const auto view = ring.peek(16);
    ASSERT_EQ(view.count(), 10U);
    for (std::size_t i = 0; i < view.count(); ++i) {
        EXPECT_EQ(view[i].at, records[i].at);
        EXPECT_EQ(view[i].seq, records[i].seq);
        EXPECT_EQ(view[i].time, records[i].time);
        EXPECT_EQ(view[i].payload_size, records[i].payload.size());
        EXPECT_GE(view[i].streamed_ns, view[i].time.ns);
    }
    EXPECT_EQ(client.next_position(), records.back().end);
    EXPECT_EQ(client.log(), table_.log().uuid());
    EXPECT_EQ(client.schema(), tick_table.schema());
}

TEST_F(Subscription, HandsOverNoMoreThanABatchPerTurn) {
    append_ticks(table_, 1, 20);
    stream_ring ring(64);
    subscription client(reading(path(), {}, {}, 3), ring);
    for (std::uint64_t first = 1; first <= 18; first += 3) {
        EXPECT_EQ(client.do_work(), 3);
        EXPECT_EQ(take(ring), sequences_from(first, first + 2));
    }
    EXPECT_EQ(client.do_work(), 2);
    EXPECT_EQ(client.do_work(), 0);
}

TEST_F(Subscription, PassesOnlyRowsThatMatch) {
    append_ticks(table_, 1, 1000);
    stream_ring ring(16);
    subscription client(reading(path(), {}, "SIDE = 'B' and NUMBER > 500", 4), ring);
    std::vector<std::uint64_t> expected;
    for (std::uint64_t number = 502; number <= 1000; number += 2) {
        expected.push_back(number);
    }
    std::vector<std::uint64_t> all;
    // Rows that do not match cost turns, and no turn looks at more than a few of them.
    for (int turn = 0; turn < 2000; ++turn) {
        EXPECT_LE(client.do_work(), 4 * 16);
        const auto taken = take(ring);
        all.insert(all.end(), taken.begin(), taken.end());
    }
    EXPECT_EQ(all, expected);
    EXPECT_EQ(client.counters.filtered.value(), 750U);
    EXPECT_EQ(client.counters.delivered.value(), 250U);
    EXPECT_EQ(client.counters.last_sequence.value(), 1000U);
}

TEST_F(Subscription, GoesOnBehindAFullRingWithoutGapOrDuplicate) {
    append_ticks(table_, 1, 500);
    for (const std::size_t capacity : {2U, 4U, 32U}) {
        for (const std::size_t taken_at_once : {1U, 2U, 3U}) {
            stream_ring ring(capacity);
            subscription client(reading(path()), ring);
            std::vector<std::uint64_t> all;
            for (int turn = 0; turn < 2000 && all.size() < 500; ++turn) {
                client.do_work();
                EXPECT_LE(ring.producer_sequence_estimate() - ring.consumer_sequence_estimate(),
                          capacity);
                const auto taken = take(ring, taken_at_once);
                all.insert(all.end(), taken.begin(), taken.end());
            }
            EXPECT_EQ(all, sequences_from(1, 500));
        }
    }
}

TEST_F(Subscription, SaysWhetherItIsLiveOrCatchingUp) {
    append_ticks(table_, 1, 10);
    stream_ring ring(4);
    subscription client(reading(path()), ring);
    EXPECT_EQ(client.state(), stream_state::catching_up);
    std::vector<std::uint64_t> all;
    while (all.size() < 10) {
        client.do_work();
        if (all.size() + ring.capacity() < 10) {
            EXPECT_EQ(client.state(), stream_state::catching_up) << all.size();
        }
        const auto taken = take(ring, 1);
        all.insert(all.end(), taken.begin(), taken.end());
    }
    client.do_work();
    EXPECT_EQ(client.state(), stream_state::live);
    append_ticks(table_, 11, 20);
    client.do_work();  // fills the ring
    client.do_work();  // finds it full
    EXPECT_EQ(client.state(), stream_state::catching_up) << "a full ring keeps it from the tail";
    EXPECT_EQ(run(client, ring), sequences_from(11, 20));
    EXPECT_EQ(client.state(), stream_state::live);
}

TEST_F(Subscription, PublishesItsState) {
    append_ticks(table_, 1, 3);
    counters_file file = counters_file::create(directory_ / "counters.dat");
    const auto state = [&] {
        return counters_reader::open(directory_ / "counters.dat").list_statuses().at(0).text;
    };
    stream_ring ring(2);
    subscription client(reading(path()), ring);
    client.counters.state = file.add_status("stream.client.state");
    client.do_work();
    EXPECT_EQ(state(), "catching up");
    take(ring);
    client.do_work();
    EXPECT_EQ(state(), "live");
    ASSERT_EQ(take(ring), sequences_from(3, 3));
    append_ticks(table_, 4, 4);
    flip_bit(segment_path(path(), 0), read_log(path()).back().at.value + 40, 0);
    client.do_work();
    EXPECT_EQ(state(), "halted(" + client.halt_reason() + ")");
}

TEST_F(Subscription, KeepsThePayloadsOfSlotsTheClientHoldsWhateverTheLogDoes) {
    stream_ring ring(1024);
    subscription client(reading(path(), {}, {}, 1024), ring);
    append_ticks(table_, 1, 900);
    ASSERT_GE(list_segments(path()).size(), 5U);
    while (client.do_work() > 0) {
    }
    EXPECT_GE(mapped_segments(), list_segments(path()).size());
    append_ticks(table_, 901, 1000);
    client.do_work();
    EXPECT_EQ(take(ring), sequences_from(1, 1000));  // each checked in place
    client.do_work();
    EXPECT_LE(mapped_segments(), 1U) << "what the client gave back is unmapped";
}

TEST_F(Subscription, GivesSegmentsBackAsTheClientGoesOn) {
    append_ticks(table_, 1, 1000);
    const std::size_t segments = list_segments(path()).size();
    ASSERT_GE(segments, 5U);
    stream_ring ring(1024);
    subscription client(reading(path(), {}, {}, 1024), ring);
    std::vector<std::uint64_t> all;
    std::size_t most = 0;
    while (all.size() < 1000) {
        client.do_work();
        most = std::max(most, mapped_segments());
        const auto taken = take(ring, 7);
        all.insert(all.end(), taken.begin(), taken.end());
        client.do_work();
        EXPECT_LE(mapped_segments(), segments);
    }
    EXPECT_EQ(all, sequences_from(1, 1000));
    EXPECT_EQ(most, segments);
    client.do_work();
    EXPECT_LE(mapped_segments(), 1U);
}

TEST_F(Subscription, HoldsNoOldSegmentWhereNothingMatched) {
    append_ticks(table_, 1, 1000);
    stream_ring ring(8);
    subscription client(reading(path(), {}, "NUMBER > 100000"), ring);
    EXPECT_TRUE(run(client, ring).empty());
    client.do_work();
    EXPECT_LE(mapped_segments(), 1U);
}

TEST_F(Subscription, HaltsAtDamageAndSaysWhereAndWhy) {
    append_ticks(table_, 1, 300);
    table_.close();
    const auto records = read_log(path());
    for (const std::size_t index :
         {std::size_t{0}, std::size_t{1}, std::size_t{150}, records.size() - 1}) {
        const fs::path copy = directory_ / ("damaged-" + std::to_string(index)).c_str();
        copy_log(path(), copy);
        const std::uint64_t at = records[index].at.value;
        flip_bit(segment_path(copy, at / tiny_segment_bytes), at % tiny_segment_bytes + 60, 3);
        stream_ring ring(64);
        subscription client(reading(copy), ring);
        EXPECT_EQ(run(client, ring), sequences_from(1, index));
        EXPECT_EQ(client.state(), stream_state::halted);
        EXPECT_TRUE(contains(client.halt_reason(), "position " + std::to_string(at) + ": "));
        EXPECT_GT(client.halt_reason().size(), std::to_string(at).size() + 11);
        EXPECT_EQ(client.do_work(), 0);
        EXPECT_EQ(client.state(), stream_state::halted);
    }
}

TEST_F(Subscription, HaltsAtARecordThatIsNoRow) {
    const fs::path where = directory_ / "foreign";
    log_options options;
    options.segment_bytes = tiny_segment_bytes;
    options.schema = tick_table.schema().to_text();
    log_writer writer(where, options);
    alignas(8) std::array<std::byte, 512> row{};
    const std::size_t size = tick_table.schema().payload_size(note_of(1).size());
    ASSERT_EQ(tick_table.write(std::span(row).first(size), tick_of(1), {}, note_of(1)),
              row_status::ok);
    ASSERT_EQ(writer.try_append(row_record_type, std::span(row).first(size)).status,
              append_status::ok);
    const position at = writer.try_append(9, std::span(row).first(size)).at;
    ASSERT_EQ(writer.try_append(row_record_type, std::span(row).first(size)).status,
              append_status::ok);
    stream_ring ring(8);
    subscription client(reading(where), ring);
    EXPECT_EQ(run(client, ring), sequences_from(1, 1));
    EXPECT_EQ(client.state(), stream_state::halted);
    EXPECT_EQ(client.halt_reason(),
              "position " + std::to_string(at.value) + ": the record is not a row of its table");
}

TEST_F(Subscription, IsRefusedWhereThereIsNothingToRead) {
    stream_ring ring(8);
    EXPECT_THROW(subscription(reading(directory_ / "nowhere"), ring), error);
    EXPECT_THROW(subscription(reading(path(), {}, "COLOUR = 'red'"), ring), config_error);
}

TEST_F(Subscription, LeavesTheOthersAloneWhenOneIsSlowOrHalted) {
    append_ticks(table_, 1, 100);
    stream_ring slow_ring(2);
    stream_ring fast_ring(64);
    streamer all("streamer:TICK");
    subscription& slow = all.add(reading(path()), slow_ring);
    subscription& fast = all.add(reading(path()), fast_ring);
    std::vector<std::uint64_t> seen;
    for (int turn = 0; turn < 20; ++turn) {
        all.do_work();
        const auto taken = take(fast_ring);
        seen.insert(seen.end(), taken.begin(), taken.end());
    }
    EXPECT_EQ(seen, sequences_from(1, 100));
    EXPECT_EQ(fast.state(), stream_state::live);
    EXPECT_EQ(slow.state(), stream_state::catching_up);
    EXPECT_EQ(slow_ring.producer_sequence_estimate(), 2U);
    EXPECT_EQ(all.subscriptions().size(), 2U);
    EXPECT_STREQ(all.name(), "streamer:TICK");
    EXPECT_EQ(run(slow, slow_ring), sequences_from(1, 100)) << "it lagged in the log";
}

}  // namespace
}  // namespace millrace::engine::test
