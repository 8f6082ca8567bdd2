// A listener beside a running ingest, and clients that behave well, badly, or not at all.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/gateway/intake/listener_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::client;
using test::json;
using test::row;
using IntakeListener = test::ListenerTest;

TEST_F(IntakeListener, AnswersEachLineInOrder) {
    start();
    client one(options.path);
    one.say(row(1) + "\n" + row(2, R"(,"PRICE":1)") + R"({"@level":"durable"})" + "\n" + row(3) +
            row(4, R"(,"@level":"committed")") + "no json\n" + row(5));
    const json first = one.hear();
    EXPECT_EQ(first["line"], 1);
    EXPECT_EQ(first["sequence"], 1);
    EXPECT_EQ(first["level"], "committed");
    EXPECT_TRUE(first["timestamp"].is_string());
    const json wrong = one.hear();
    EXPECT_EQ(wrong["line"], 3) << "the blank line counts, and has no answer";
    EXPECT_NE(wrong["error"].get<std::string>().find("PRICE"), std::string::npos);
    EXPECT_EQ(one.hear(), json::parse(R"({"line":4,"table":"T","level":"durable"})"));
    const json third = one.hear();
    EXPECT_EQ(third["line"], 5);
    EXPECT_EQ(third["level"], "durable");
    EXPECT_GT(table->log().durable_position().value, third["position"].get<std::uint64_t>());
    EXPECT_EQ(one.hear()["level"], "committed");
    EXPECT_EQ(one.hear()["line"], 7);
    EXPECT_EQ(one.hear()["level"], "durable") << "the connection's setting holds";
    one.stop_saying();
    EXPECT_TRUE(one.hear().is_null());
    EXPECT_TRUE(one.has_ended);
    EXPECT_EQ(ids(), (std::vector<std::string>{"A1", "A3", "A4", "A5"}));
    EXPECT_EQ(listener->counters.rows.value(), 4U);
    EXPECT_EQ(listener->counters.refused_lines.value(), 2U);
}

TEST_F(IntakeListener, WritesWhoAndWhatIntoTheRow) {
    start();
    client one(options.path);
    one.say(R"({"@operation":"modify","@event":"desk"})"
            "\n" +
            row(1) + row(2, R"(,"@operation":"delete","@event":"late")"));
    for (int answer = 0; answer < 3; ++answer) {
        ASSERT_FALSE(one.hear().contains("error"));
    }
    const std::string self = peer_user(one.fd());  // both ends are this process's
    const auto records = engine::test::read_log(directory / "log");
    ASSERT_EQ(records.size(), 2U);
    const engine::row_envelope first = engine::row_view(schema, records[0].payload).envelope();
    EXPECT_EQ(first.operation, engine::operation::modify);
    EXPECT_EQ(first.event.view(), "desk");
    EXPECT_EQ(first.user.view(), self);
    const engine::row_envelope second = engine::row_view(schema, records[1].payload).envelope();
    EXPECT_EQ(second.operation, engine::operation::remove);
    EXPECT_EQ(second.event.view(), "late");
}

TEST_F(IntakeListener, TakesNoRowOfAnotherTable) {
    start();
    client one(options.path);
    one.say(row(1, R"(,"@table":"T")") + "{\"@table\":\"S\"}\n" + row(2));
    EXPECT_EQ(one.hear()["sequence"], 1);
    EXPECT_NE(one.hear()["error"].get<std::string>().find("table 'S'"), std::string::npos);
    EXPECT_TRUE(one.hear().is_null());
    EXPECT_TRUE(one.has_ended) << "what follows was meant for the other one";
    client careful(options.path);
    careful.say("{\"@stop_at_error\":true,\"@level\":\"duralbe\"}\n" + row(3));
    EXPECT_TRUE(careful.hear().contains("error"));
    EXPECT_TRUE(careful.hear().is_null()) << "it asked to stop, in the refused line too";
    stop();
    EXPECT_EQ(ids(), (std::vector<std::string>{"A1"}));
}

TEST_F(IntakeListener, StopsAtAnErrorWhereItIsAskedTo) {
    start();
    client one(options.path);
    one.say("{\"@stop_at_error\":true}\n" + row(1) + "oops\n" + row(2));
    EXPECT_EQ(one.hear()["line"], 1);
    EXPECT_EQ(one.hear()["sequence"], 1);
    EXPECT_EQ(one.hear()["line"], 3);
    EXPECT_TRUE(one.hear().is_null());
    EXPECT_TRUE(one.has_ended);
    stop();
    EXPECT_EQ(ids(), (std::vector<std::string>{"A1"}));
}

TEST_F(IntakeListener, RefusesALineWithoutEnd) {
    start();
    client too_long(options.path);
    too_long.say(row(1) + std::string(options.line_bytes_max + 1, ' '));
    EXPECT_EQ(too_long.hear()["sequence"], 1);
    const json answer = too_long.hear();
    EXPECT_EQ(answer["line"], 2);
    EXPECT_NE(answer["error"].get<std::string>().find("4096"), std::string::npos);
    EXPECT_TRUE(too_long.hear().is_null());
    client cut(options.path);
    cut.say(row(2) + R"({"ID":"A3","N":3})");
    cut.stop_saying();
    EXPECT_EQ(cut.hear()["sequence"], 2);
    EXPECT_NE(cut.hear()["error"].get<std::string>().find("no end"), std::string::npos);
    client exact(options.path);
    const std::string bare = row(4);
    exact.say(std::string(options.line_bytes_max + 1 - bare.size(), ' ') + bare);
    EXPECT_EQ(exact.hear()["sequence"], 3) << "as long as a line may be";
    stop();
    EXPECT_EQ(ids(), (std::vector<std::string>{"A1", "A2", "A4"}));
}

TEST_F(IntakeListener, IsNotHeldUpByWhoDoesNotReadOrSpeak) {
    start();
    const client silent(options.path);
    const client half(options.path);
    half.say(R"({"ID":)");
    client deaf(options.path);
    std::jthread flood([&] {
        for (std::uint64_t number = 1000; number < 6000; ++number) {
            const std::string text = row(number);
            if (::send(deaf.fd(), text.data(), text.size(), MSG_NOSIGNAL) < 0) {
                return;
            }
        }
    });
    client good(options.path);
    for (std::uint64_t number = 1; number <= 200; ++number) {
        good.say(row(number));
        ASSERT_EQ(good.hear()["line"], number);
    }
    for (std::uint64_t line = 1; line <= 5000; ++line) {
        ASSERT_EQ(deaf.hear()["line"], line) << "nothing of the slow one is lost either";
    }
}

TEST_F(IntakeListener, TellsAClientTooMany) {
    start();
    std::vector<std::unique_ptr<client>> open;
    for (std::size_t number = 0; number < options.connections_max; ++number) {
        open.push_back(std::make_unique<client>(options.path));
        open.back()->say(row(number));
        ASSERT_TRUE(open.back()->hear().contains("sequence"));
    }
    client late(options.path);
    EXPECT_NE(late.hear()["error"].get<std::string>().find("too many"), std::string::npos);
    EXPECT_TRUE(late.hear().is_null());
    EXPECT_EQ(listener->counters.refused_connections.value(), 1U);
    open.pop_back();
    wait_until("one has left", [&] { return listener->counters.connections.value() == 3; });
    client next(options.path);
    next.say(row(9));
    EXPECT_TRUE(next.hear().contains("sequence"));
}

TEST_F(IntakeListener, AppendsWhatALeavingClientHadSaid) {
    options.connections_max = 31;
    start();
    for (std::uint64_t number = 1; number <= 30; ++number) {
        const client one(options.path);
        one.say(row(2 * number) + row(2 * number + 1) + R"({"ID":"torn",)");
    }  // gone without a look at the answers
    wait_until("all are appended", [&] { return ingest->counters.appended.value() == 60; });
    stop();
    EXPECT_EQ(ids().size(), 60U);
}

// Answers that are left unread make the socket an error, behind which there are rows to be read.
TEST_F(IntakeListener, AppendsAllOfOneThatReadsNoAnswers) {
    options.connections_max = 8;
    start();
    for (std::uint64_t round = 1; round <= 5; ++round) {
        const client one(options.path);
        one.say(row(1));
        std::string many;
        for (std::uint64_t number = 2; number <= 400; ++number) {
            many += row(number);
        }
        char first = 0;
        ASSERT_EQ(::recv(one.fd(), &first, 1, MSG_PEEK), 1) << "an answer that stays unread";
        one.say(many);
    }
    wait_until("all are appended", [&] { return ingest->counters.appended.value() == 2000; });
}

TEST_F(IntakeListener, TakesNoMoreThanMayBeUnanswered) {
    options.in_flight_max = 8;  // fewer than the ingest would take
    start(false);               // nobody appends
    client one(options.path);
    for (std::uint64_t number = 1; number <= 40; ++number) {
        one.say(row(number));
    }
    wait_until("the limit is reached",
               [&] { return listener->counters.rows.value() == options.in_flight_max; });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(listener->counters.rows.value(), options.in_flight_max);
    writing->start();
    for (std::uint64_t line = 1; line <= 40; ++line) {
        ASSERT_EQ(one.hear()["line"], line);
    }
}

TEST_F(IntakeListener, AnswersWhatItTookBeforeItCloses) {
    options.close_timeout_ns = 20'000'000'000;
    start(false);
    client one(options.path);
    for (std::uint64_t number = 1; number <= 12; ++number) {
        one.say(row(number, R"(,"@level":"durable")"));
    }
    wait_until("all are taken", [&] { return listener->counters.rows.value() == 12; });
    std::jthread closing([&] { reading->stop(); });
    wait_until("it closes", [&] { return !std::filesystem::exists(options.path); });
    writing->start();  // only now is anything appended
    for (std::uint64_t line = 1; line <= 12; ++line) {
        const json answer = one.hear();
        ASSERT_EQ(answer["line"], line);
        ASSERT_EQ(answer["level"], "durable");
    }
    EXPECT_TRUE(one.hear().is_null());
    EXPECT_TRUE(one.has_ended);
    closing.join();
    stop();
    EXPECT_EQ(ids().size(), 12U);
}

}  // namespace
}  // namespace millrace::gateway
