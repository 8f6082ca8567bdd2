// Producers on threads of their own, some of them slow, some of them dying, beside a running agent.
#include <atomic>
#include <thread>

#include "engine/agent/runner.hpp"
#include "engine/core/error.hpp"
#include "tests/engine/ingest/ingest_test_support.hpp"

namespace millrace::engine::test {
namespace {

struct tally {
    std::uint64_t accepted = 0;
    std::uint64_t answered = 0;
    std::uint64_t back_pressured = 0;
    sequence last;
};

void collect_into(ingest_producer& producer, tally& seen) {
    for (ingest_ack ack; producer.poll(ack);) {
        ASSERT_EQ(ack.ticket, seen.answered + 1) << "in order, each once";
        ASSERT_EQ(ack.status, append_status::ok);
        ASSERT_GT(ack.seq, seen.last);
        seen.last = ack.seq;
        ++seen.answered;
    }
}

bool is_time_up(std::int64_t until) {
    return monotonic_now_ns() > until;
}

// Submits rows 1..count and collects every acknowledgement.
tally submit_all(ingest& agent, std::uint32_t who, std::uint64_t count, bool is_slow) {
    tally seen;
    ingest_producer producer = agent.make_producer();
    const std::int64_t until = monotonic_now_ns() + 60'000'000'000;
    while (seen.answered < count && !is_time_up(until)) {
        if (seen.accepted < count) {
            const auto row = row_of({who, seen.accepted + 1}, seen.accepted % 200);
            const ack_level level =
                seen.accepted % 64 == 0 ? ack_level::durable : ack_level::committed;
            const submit_status status = producer.try_submit(row, seen.accepted + 1, level);
            if (status == submit_status::accepted) {
                ++seen.accepted;
            } else {
                EXPECT_EQ(status, submit_status::back_pressured);
                ++seen.back_pressured;
                std::this_thread::yield();
            }
        }
        if (is_slow && seen.accepted % 50 == 0) {
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
        collect_into(producer, seen);
    }
    return seen;
}

void expect_each_in_order(const std::vector<trade>& found, std::size_t producers) {
    std::vector<std::uint64_t> last(producers, 0);
    for (const trade& one : found) {
        ASSERT_LT(one.who, producers);
        ASSERT_EQ(one.number, last[one.who] + 1) << "producer " << one.who;
        last[one.who] = one.number;
    }
}

class IngestThreads : public ::testing::TestWithParam<bool> {};

TEST_P(IngestThreads, LoseNothingAndKeepEachOnesOrder) {
    constexpr std::uint64_t count = 3000;
    constexpr std::uint32_t producers = 5;
    ingest_options options;
    options.producers_max = producers;
    options.in_flight_max = 64;
    options.ring_bytes = 16384;
    ingest_table table(GetParam(), options);
    runner thread({.name = "ingest", .cpu = -1, .idle = {.kind = idle_kind::yield}}, {table.agent});
    thread.start();
    std::vector<tally> tallies(producers);
    {
        std::vector<std::jthread> threads;
        for (std::uint32_t who = 0; who < producers; ++who) {
            threads.emplace_back(
                [&, who] { tallies[who] = submit_all(table.agent, who, count, who == 0); });
        }
    }
    thread.stop();
    for (const tally& one : tallies) {
        EXPECT_EQ(one.accepted, count);
        EXPECT_EQ(one.answered, count);
    }
    const auto found = trades_in(table.directory);
    EXPECT_EQ(found.size(), count * producers);
    expect_each_in_order(found, producers);
}

TEST_P(IngestThreads, MayDieAndComeAgain) {
    constexpr std::uint32_t threads_count = 3;
    constexpr std::uint32_t lives = 60;
    ingest_options options;
    options.producers_max = threads_count + 1;
    options.in_flight_max = 16;
    options.ring_bytes = 8192;
    ingest_table table(GetParam(), options);
    runner thread({.name = "ingest", .cpu = -1, .idle = {.kind = idle_kind::yield}}, {table.agent});
    thread.start();
    std::atomic<std::uint64_t> accepted{0};
    {
        std::vector<std::jthread> threads;
        for (std::uint32_t who = 0; who < threads_count; ++who) {
            threads.emplace_back([&, who] {
                std::uint64_t number = 0;
                for (std::uint32_t life = 0; life < lives; ++life) {
                    ingest_producer producer;
                    while (!producer.is_open()) {
                        try {
                            producer = table.agent.make_producer();
                        } catch (const config_error&) {
                            std::this_thread::yield();  // those that died are not seen to yet
                        }
                    }
                    for (std::uint32_t row = 0; row < life % 16; ++row) {
                        ASSERT_EQ(producer.try_submit(row_of({who, number + 1}), 0),
                                  submit_status::accepted);
                        ++number;
                    }
                }
                // relaxed: the join orders it
                accepted.fetch_add(number, std::memory_order_relaxed);
            });
        }
    }
    thread.stop();
    const auto found = trades_in(table.directory);
    EXPECT_EQ(found.size(), accepted.load(std::memory_order_relaxed));
}

// Whatever was accepted is answered, and is in the log, however the closing meets the submissions.
TEST_P(IngestThreads, AreClosedInTheMiddle) {
    constexpr std::uint32_t producers = 3;
    ingest_options options;
    options.in_flight_max = 32;
    ingest_table table(GetParam(), options);
    runner thread({.name = "ingest", .cpu = -1, .idle = {.kind = idle_kind::yield}}, {table.agent});
    thread.start();
    std::vector<tally> tallies(producers);
    {
        std::vector<std::jthread> threads;
        for (std::uint32_t who = 0; who < producers; ++who) {
            threads.emplace_back([&, who] {
                tally& seen = tallies[who];
                ingest_producer producer = table.agent.make_producer();
                submit_status status = submit_status::accepted;
                while (status != submit_status::closed) {
                    status =
                        producer.try_submit(row_of({who, seen.accepted + 1}), seen.accepted + 1);
                    seen.accepted += status == submit_status::accepted ? 1 : 0;
                    collect_into(producer, seen);
                }
                const std::int64_t until = monotonic_now_ns() + 30'000'000'000;
                while (seen.answered < seen.accepted && !is_time_up(until)) {
                    collect_into(producer, seen);
                }
            });
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        thread.stop();
    }
    std::uint64_t accepted = 0;
    for (const tally& one : tallies) {
        EXPECT_EQ(one.answered, one.accepted);
        accepted += one.accepted;
    }
    const auto found = trades_in(table.directory);
    EXPECT_EQ(found.size(), accepted);
    EXPECT_GT(accepted, 0U);
    expect_each_in_order(found, producers);
}

INSTANTIATE_TEST_SUITE_P(Logs, IngestThreads, ::testing::Bool(),
                         [](const auto& one) { return one.param ? "Synchronous" : "WithThreads"; });

}  // namespace
}  // namespace millrace::engine::test
