// The ingest turn by turn, on one thread.
#include "engine/ingest/ingest.hpp"

#include "engine/core/error.hpp"
#include "tests/engine/ingest/ingest_test_support.hpp"

namespace millrace::engine::test {
namespace {

ingest_options small(std::size_t producers, std::size_t in_flight) {
    ingest_options options;
    options.producers_max = producers;
    options.in_flight_max = in_flight;
    options.ring_bytes = 4096;
    return options;
}

TEST(Ingest, AnswersWhereEachRowStands) {
    ingest_table table;
    ingest_producer producer = table.agent.make_producer();
    for (std::uint64_t number = 1; number <= 3; ++number) {
        ASSERT_EQ(producer.try_submit(row_of({7, number}), 100 + number), submit_status::accepted);
    }
    EXPECT_TRUE(table.collect(producer).empty()) << "nothing is appended yet";
    EXPECT_EQ(producer.in_flight_count(), 3U);
    table.work();
    const auto acks = table.collect(producer);
    const auto records = read_log(table.directory);
    ASSERT_EQ(acks.size(), 3U);
    ASSERT_EQ(records.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(acks[i].ticket, 101 + i);
        EXPECT_EQ(acks[i].status, append_status::ok);
        EXPECT_EQ(acks[i].level, ack_level::committed);
        EXPECT_EQ(acks[i].seq, records[i].seq);
        EXPECT_EQ(acks[i].time, records[i].time);
        EXPECT_EQ(acks[i].at, records[i].at);
    }
    EXPECT_EQ(producer.in_flight_count(), 0U);
    EXPECT_EQ(table.agent.counters.appended.value(), 3U);
    EXPECT_EQ(table.agent.counters.producers.value(), 1U);
}

TEST(Ingest, TellsAProducerThatCollectsNothing) {
    ingest_table table(true, small(2, 4));
    ingest_producer lazy = table.agent.make_producer();
    ingest_producer other = table.agent.make_producer();
    for (std::uint64_t number = 1; number <= 4; ++number) {
        ASSERT_EQ(lazy.try_submit(row_of({1, number}), number), submit_status::accepted);
    }
    EXPECT_EQ(lazy.try_submit(row_of({1, 5}), 5), submit_status::back_pressured);
    table.work();
    EXPECT_EQ(lazy.try_submit(row_of({1, 5}), 5), submit_status::back_pressured)
        << "appended, but not collected";
    for (std::uint64_t number = 1; number <= 20; ++number) {
        ASSERT_EQ(other.try_submit(row_of({2, number}), number), submit_status::accepted)
            << "the other one is not held up";
        table.work();
        ASSERT_EQ(table.collect(other).size(), 1U);
    }
    ingest_ack ack;
    ASSERT_TRUE(lazy.poll(ack));
    EXPECT_EQ(ack.ticket, 1U);
    EXPECT_EQ(lazy.try_submit(row_of({1, 5}), 5), submit_status::accepted);
    table.work();
    EXPECT_EQ(table.collect(lazy).size(), 4U);
    EXPECT_EQ(trades_in(table.directory).size(), 25U);
    EXPECT_EQ(table.agent.counters.back_pressured.value(), 2U);
}

TEST(Ingest, TellsAProducerWhoseRingIsFull) {
    ingest_table table(true, small(1, 64));
    ingest_producer producer = table.agent.make_producer();
    std::uint64_t taken = 0;
    while (producer.try_submit(row_of({1, taken}, 500), taken) == submit_status::accepted) {
        ASSERT_LT(++taken, 64U);
    }
    EXPECT_GE(taken, 4U) << "a quarter of the ring is the largest row";
    table.work();
    EXPECT_EQ(producer.try_submit(row_of({1, taken}, 500), taken), submit_status::accepted);
    table.work();
    EXPECT_EQ(table.collect(producer).size(), taken + 1);
}

TEST(Ingest, RefusesWhatNoLogWouldHold) {
    ingest_table table(true, small(1, 4));
    ingest_producer producer = table.agent.make_producer();
    const std::size_t bare = trades().payload_size();
    EXPECT_EQ(producer.row_bytes_max(), 1024U);
    EXPECT_EQ(producer.try_submit(row_of({1, 1}, 1024 - bare), 1), submit_status::accepted);
    EXPECT_EQ(producer.try_submit(row_of({1, 1}, 1025 - bare), 1), submit_status::too_large);
    auto row = row_of({1, 1});
    EXPECT_EQ(producer.try_submit(std::span(row).first(bare - 1), 1), submit_status::not_a_row);
    row[0] = std::byte{9};
    EXPECT_EQ(producer.try_submit(row, 1), submit_status::not_a_row);
    EXPECT_EQ(producer.try_submit({}, 1), submit_status::not_a_row);
    table.work();
    EXPECT_EQ(trades_in(table.directory).size(), 1U);
}

TEST(Ingest, TakesNoMoreOfARowThanItsTableDoes) {
    ingest_table table;  // rings of 1 MiB, segments of 64 KiB
    ingest_producer producer = table.agent.make_producer();
    EXPECT_EQ(producer.row_bytes_max(), segment_bytes_min / 8 - record_header_bytes);
}

TEST(Ingest, AppendsWhatAProducerThatDiedHadSubmitted) {
    ingest_table table(true, small(1, 8));
    for (std::uint64_t life = 1; life <= 5; ++life) {
        ingest_producer producer = table.agent.make_producer();
        EXPECT_THROW(static_cast<void>(table.agent.make_producer()), config_error);
        for (std::uint64_t number = 1; number <= 3; ++number) {
            ASSERT_EQ(producer.try_submit(row_of({static_cast<std::uint32_t>(life), number}), 0,
                                          ack_level::durable),
                      submit_status::accepted);
        }
        if (life % 2 == 0) {
            table.work();  // appended and answered, and never collected
        }
        producer.close();
        EXPECT_FALSE(producer.is_open());
        table.work();  // gives the place back
    }
    const auto found = trades_in(table.directory);
    ASSERT_EQ(found.size(), 15U);
    for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i], (trade{static_cast<std::uint32_t>(i / 3 + 1), i % 3 + 1}));
    }
    ingest_producer last = table.agent.make_producer();
    EXPECT_TRUE(table.collect(last).empty()) << "acknowledgements of another";
}

TEST(Ingest, MovesWithItsProducer) {
    ingest_table table(true, small(1, 8));
    ingest_producer first = table.agent.make_producer();
    ASSERT_EQ(first.try_submit(row_of({1, 1}), 11), submit_status::accepted);
    ingest_producer second = std::move(first);
    ingest_producer third;
    third = std::move(second);
    EXPECT_TRUE(third.is_open());
    table.work();
    ASSERT_EQ(table.collect(third).size(), 1U);
}

class IngestLevels : public ::testing::TestWithParam<bool> {};

TEST_P(IngestLevels, AnswersDurableRowsWhenTheyAre) {
    ingest_table table(GetParam());
    ingest_producer producer = table.agent.make_producer();
    ASSERT_EQ(producer.try_submit(row_of({1, 1}), 1, ack_level::committed),
              submit_status::accepted);
    ASSERT_EQ(producer.try_submit(row_of({1, 2}), 2, ack_level::durable), submit_status::accepted);
    ASSERT_EQ(producer.try_submit(row_of({1, 3}), 3, ack_level::committed),
              submit_status::accepted);
    std::vector<ingest_ack> acks;
    const std::int64_t until = monotonic_now_ns() + 30'000'000'000;
    while (acks.size() < 3 && monotonic_now_ns() < until) {
        table.agent.do_work();
        for (const ingest_ack& ack : table.collect(producer)) {
            if (ack.level == ack_level::durable) {
                EXPECT_GT(table.log.log().durable_position(), ack.at);
            }
            acks.push_back(ack);
        }
    }
    ASSERT_EQ(acks.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(acks[i].ticket, i + 1) << "in the order of submission, whatever the level";
        EXPECT_EQ(acks[i].level, i == 1 ? ack_level::durable : ack_level::committed);
    }
}

INSTANTIATE_TEST_SUITE_P(Logs, IngestLevels, ::testing::Bool(),
                         [](const auto& one) { return one.param ? "Synchronous" : "WithThreads"; });

TEST(Ingest, AppendsAndAnswersBeforeItCloses) {
    for (const bool is_synchronous : {true, false}) {
        ingest_table table(is_synchronous);
        ingest_producer producer = table.agent.make_producer();
        for (std::uint64_t number = 1; number <= 700; ++number) {
            ASSERT_EQ(
                producer.try_submit(row_of({1, number}, 300), number,
                                    number % 3 == 0 ? ack_level::durable : ack_level::committed),
                submit_status::accepted);
        }
        table.agent.on_close();
        EXPECT_EQ(producer.try_submit(row_of({1, 701}), 701), submit_status::closed);
        EXPECT_THROW(static_cast<void>(table.agent.make_producer()), config_error);
        const auto acks = table.collect(producer);
        ASSERT_EQ(acks.size(), 700U);
        for (const ingest_ack& ack : acks) {
            EXPECT_EQ(ack.status, append_status::ok);
            EXPECT_EQ(ack.level, ack.ticket % 3 == 0 ? ack_level::durable : ack_level::committed);
        }
        EXPECT_EQ(trades_in(table.directory).size(), 700U);
    }
}

TEST(Ingest, AnswersWhatItsLogRefused) {
    ingest_table table;
    ingest_producer producer = table.agent.make_producer();
    table.log.close();
    ASSERT_EQ(producer.try_submit(row_of({1, 1}), 1, ack_level::durable), submit_status::accepted);
    table.work();
    const auto acks = table.collect(producer);
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0].status, append_status::closed);
    EXPECT_EQ(table.agent.counters.refused.value(), 1U);
}

TEST(Ingest, RefusesLimitsThatAreNone) {
    for (const ingest_options& wrong : {small(0, 4), small(5000, 4), small(1, 0), small(1, 6)}) {
        EXPECT_THROW(ingest_table(true, wrong), config_error);
    }
    ingest_options no_ring = small(1, 4);
    no_ring.ring_bytes = 1000;
    ingest_table table(true, no_ring);
    EXPECT_THROW(static_cast<void>(table.agent.make_producer()), config_error);
    EXPECT_THROW(static_cast<void>(table.agent.make_producer()), config_error)
        << "the place was given back";
}

}  // namespace
}  // namespace millrace::engine::test
