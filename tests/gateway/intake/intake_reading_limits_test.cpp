// What a client that reads costs the others, and what becomes of one that goes, or of its log.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "engine/stream/retention.hpp"
#include "tests/gateway/intake/reading_test_support.hpp"

namespace millrace::gateway {
namespace {

using engine::test::contains;
using test::client;
using test::json;
using IntakeReadingLimits = test::ReadingTest;

TEST_F(IntakeReadingLimits, OfASlowOneAreABufferAndNoOtherNotices) {
    options.connections_max = 8;
    storage.segment_bytes = engine::segment_bytes_min;
    start();
    client slow(options.path);
    ask(slow, R"({"@read":"first"})");
    append(1, 1000, long_note());  // three megabytes
    const std::uint64_t taken = listener->counters.rows_read.value();
    EXPECT_LT(taken * 3000, 1'000'000U) << "what fits the buffers of the socket, and ours";
    client quick(options.path);
    ask(quick, R"({"@read":"first"})");
    for (std::uint64_t number = 1; number <= 1000; ++number) {
        ASSERT_EQ(quick.hear()["row"]["N"], number);
    }
    append(1001, 1010);
    for (std::uint64_t number = 1001; number <= 1010; ++number) {
        ASSERT_EQ(quick.hear()["row"]["N"], number);
    }
    EXPECT_EQ(listener->counters.rows_read.value(), taken + 1010)
        << "the slow one got nothing more";
    EXPECT_EQ(listener->counters.readers.value(), 2U);
    for (std::uint64_t number = 1; number <= 1010; ++number) {
        ASSERT_EQ(slow.hear()["row"]["N"], number) << "and loses nothing";
    }
}

TEST_F(IntakeReadingLimits, KeepAppendersGoingBesideOnesThatCatchUp) {
    options.connections_max = 16;
    start();
    append(1, 3000);
    std::vector<std::unique_ptr<client>> readers;
    for (int who = 0; who < 8; ++who) {
        readers.push_back(std::make_unique<client>(options.path));
        ask(*readers.back(), R"({"@read":"first","@where":"N < 0 or N > 2999"})");
    }
    append(3001, 3020);
    for (const auto& one : readers) {
        for (std::uint64_t number = 3000; number <= 3020; ++number) {
            ASSERT_EQ(one->hear()["row"]["N"], number);
        }
    }
}

TEST_F(IntakeReadingLimits, HoldForSeveralReadersAndWritersAtOnce) {
    constexpr std::uint64_t each = 400;
    options.connections_max = 8;
    storage.segment_bytes = engine::segment_bytes_min;
    start();
    std::vector<std::vector<std::string>> seen(2);
    std::vector<std::jthread> threads;
    for (auto& mine : seen) {
        threads.emplace_back([&] {
            client reader(options.path);
            ask(reader,
                R"({"@read":"first","@until":{"sequence":)" + std::to_string(3 * each) + "}}");
            for (json line = reader.hear(); line.contains("row"); line = reader.hear()) {
                mine.push_back(line["row"]["ID"]);
                EXPECT_EQ(line["sequence"], mine.size());
            }
        });
    }
    for (std::uint64_t who = 1; who <= 3; ++who) {
        threads.emplace_back([&, who] { append(who * 1000 + 1, who * 1000 + each); });
    }
    threads.clear();
    EXPECT_EQ(seen[0].size(), 3 * each);
    EXPECT_EQ(seen[0], seen[1]);
    EXPECT_EQ(seen[0], ids());
}

TEST_F(IntakeReadingLimits, LetGoOfOneThatLeaves) {
    storage.segment_bytes = engine::segment_bytes_min;
    start();
    append(1, 200, long_note());
    {
        client at_once(options.path);
        at_once.say("{\"@read\":\"first\"}\n");
    }
    {
        client midway(options.path);
        ask(midway, R"({"@read":"first"})");
        EXPECT_EQ(midway.hear()["row"]["N"], 1);
    }
    {
        client live(options.path);
        ask(live, R"({"@read":"tail"})");
    }
    wait_until("all are gone", [&] { return listener->counters.connections.value() == 0; });
    EXPECT_EQ(listener->counters.readers.value(), 0U);
    append(201, 201);
}

TEST_F(IntakeReadingLimits, AreNotReachedByOneThatOnlyStoppedWriting) {
    start();
    append(1, 2);
    client reader(options.path);
    reader.say("{\"@read\":\"first\",\"@until\":{\"sequence\":4}}\n");
    reader.stop_saying();
    EXPECT_TRUE(reader.hear().contains("@read"));
    EXPECT_EQ(reader.hear()["row"]["N"], 1);
    EXPECT_EQ(reader.hear()["row"]["N"], 2);
    append(3, 4);
    EXPECT_EQ(reader.hear()["row"]["N"], 3);
    EXPECT_EQ(reader.hear()["row"]["N"], 4);
    EXPECT_TRUE(reader.hear().contains("@end"));
    EXPECT_TRUE(reader.hear().is_null());
    EXPECT_TRUE(reader.has_ended);
}

TEST_F(IntakeReadingLimits, EndReadingsWithTheListener) {
    start();
    append(1, 2);
    client reader(options.path);
    ask(reader, R"({"@read":"first"})");
    EXPECT_EQ(reader.hear()["row"]["N"], 1);
    EXPECT_EQ(reader.hear()["row"]["N"], 2);
    stop();
    EXPECT_TRUE(reader.hear().is_null());
    EXPECT_TRUE(reader.has_ended) << "without an @end: there is more to come from the next one";
    EXPECT_EQ(listener->counters.readers.value(), 0U);
}

TEST_F(IntakeReadingLimits, CountReadersAmongTheConnections) {
    start();
    std::vector<std::unique_ptr<client>> open;
    for (std::size_t number = 0; number < options.connections_max; ++number) {
        open.push_back(std::make_unique<client>(options.path));
        ASSERT_TRUE(ask(*open.back(), R"({"@read":"tail"})").contains("@read"));
    }
    client late(
        options.path);  // says nothing: what it said could come after the listener has hung up
    const json told = late.hear();
    ASSERT_TRUE(told.contains("error")) << told;
    EXPECT_TRUE(contains(told["error"], "too many"));
}

TEST_F(IntakeReadingLimits, StopAtDamageAndSayWhere) {
    start();
    append(1, 20);
    const auto tenth = record(10);
    engine::test::flip_bit(engine::test::segment_path(log(), 0), tenth.at.value + 40, 3);
    client reader(options.path);
    ask(reader, R"({"@read":"first"})");
    json last;
    EXPECT_EQ(numbers(reader, last), range(1, 9));
    ASSERT_TRUE(last.contains("error")) << last;
    EXPECT_EQ(last["line"], 1);
    const std::string error = last["error"];
    EXPECT_TRUE(contains(error, engine::test::segment_path(log(), 0).native()));
    EXPECT_TRUE(contains(error, "position " + std::to_string(tenth.at.value)));
    EXPECT_TRUE(contains(error, "record checksum does not match"));
    EXPECT_TRUE(contains(error, "`millrace log verify " + log().native() + "`"));
    ASSERT_TRUE(ask(reader, R"({"@read":{"offset":)" + std::to_string(tenth.end.value) + "}}")
                    .contains("error"))
        << "the way there leads through it";
    client strict(options.path);
    ask(strict, R"({"@read":"first","@stop_at_error":true})");
    EXPECT_EQ(numbers(strict, last), range(1, 9));
    EXPECT_TRUE(last.contains("error"));
    EXPECT_TRUE(strict.hear().is_null());
    append(21, 21);
}

// Retention does not wait for a socket's reader: it is told what it missed, and where to go on.
TEST_F(IntakeReadingLimits, TellOneThatFellBehindWhatIsKept) {
    storage.segment_bytes = engine::segment_bytes_min;
    start();
    client slow(options.path);
    ask(slow, R"({"@read":"first"})");
    append(1, 1000, long_note());
    wait_until("the disk has it", [&] { return table->log().durable_sequence().value == 1000; });
    const auto plan = engine::plan_retention(log(), {{}, {}, 3}, {}, {}, false);
    engine::apply_retention(log(), plan);
    json last;
    EXPECT_LT(numbers(slow, last).size(), 900U);
    const std::string error = last.value("error", last.dump());
    EXPECT_TRUE(contains(error, "removed by retention before this reader came to it"));
    EXPECT_TRUE(contains(error, "{\"@read\":\"first\"}"));
    json begun = ask(slow, R"({"@read":"first","@until":"tail"})");
    EXPECT_EQ(begun["@read"]["sequence"], plan.last_doomed.value + 1);
    EXPECT_EQ(numbers(slow, last), range(plan.last_doomed.value + 1, 1000));
}

}  // namespace
}  // namespace millrace::gateway
