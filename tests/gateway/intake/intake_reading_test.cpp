// Clients that read the listener's table: from where, until where, and which rows.
#include <gtest/gtest.h>

#include "engine/stream/archive_log.hpp"
#include "engine/stream/retention.hpp"
#include "engine/table/row_object.hpp"
#include "tests/gateway/intake/reading_test_support.hpp"

namespace millrace::gateway {
namespace {

using engine::test::contains;
using test::client;
using test::json;
using test::row;
using IntakeReading = test::ReadingTest;

TEST_F(IntakeReading, BeginsWhereItIsAsked) {
    start();
    append(1, 20);
    const auto fifth = record(5);
    EXPECT_EQ(read(R"({"@read":"first","@until":"tail"})"), range(1, 20));
    EXPECT_EQ(read(R"({"@read":"tail","@until":"tail"})"), range(1, 0));
    EXPECT_EQ(read(R"({"@read":{"sequence":5},"@until":"tail"})"), range(5, 20));
    EXPECT_EQ(read(R"({"@read":{"sequence":"0"},"@until":"tail"})"), range(1, 20));
    EXPECT_EQ(
        read(R"({"@read":{"offset":)" + std::to_string(fifth.at.value) + R"(},"@until":"tail"})"),
        range(5, 20));
    EXPECT_EQ(read(R"({"@read":{"time":")" + to_string(fifth.time) + R"("},"@until":"tail"})"),
              range(5, 20));
    EXPECT_EQ(
        read(R"({"@read":{"time":)" + std::to_string(fifth.time.ns + 1) + R"(},"@until":"tail"})"),
        range(6, 20));
    EXPECT_EQ(listener->counters.rows_read.value(), 20U + 16 + 20 + 16 + 16 + 15);
}

TEST_F(IntakeReading, EndsWhereItIsAsked) {
    start();
    append(1, 20);
    const auto fifth = record(5);
    const auto until = [&](const std::string& place) {
        return read(R"({"@read":"first","@until":{)" + place + "}}");
    };
    EXPECT_EQ(until(R"("sequence":5)"), range(1, 5));
    EXPECT_EQ(until(R"("offset":)" + std::to_string(fifth.at.value)), range(1, 5));
    EXPECT_EQ(until(R"("time":")" + to_string(fifth.time) + "\""), range(1, 5));
    EXPECT_EQ(until(R"("time":)" + std::to_string(fifth.time.ns - 1) + R"(,"sequence":9)"),
              range(1, 4));
    EXPECT_EQ(read(R"({"@read":"tail","@until":{"sequence":5}})"), range(1, 0)) << "it is past it";
    EXPECT_EQ(read(R"({"@read":{"sequence":4},"@until":{"sequence":4}})"), range(4, 4));
}

TEST_F(IntakeReading, SaysWhereItBeganAndEndedAndGoesOnThere) {
    start();
    append(1, 9);
    client reader(options.path);
    const json begun =
        ask(reader, R"({"@level":"durable","@read":{"sequence":3},"@until":{"sequence":5}})");
    EXPECT_EQ(begun["line"], 1);
    EXPECT_EQ(begun["table"], "T");
    EXPECT_EQ(begun["level"], "durable");
    EXPECT_EQ(begun["@read"]["sequence"], 3);
    EXPECT_EQ(begun["@read"]["offset"], record(3).at.value);
    json last;
    EXPECT_EQ(numbers(reader, last), range(3, 5));
    EXPECT_EQ(last["line"], 1);
    EXPECT_EQ(last["@end"]["sequence"], 5);
    EXPECT_EQ(last["@end"]["offset"], record(5).end.value);
    const json next = ask(
        reader, R"({"@read":{"offset":)" + last["@end"]["offset"].dump() + R"(},"@until":"tail"})");
    EXPECT_EQ(next["line"], 2);
    EXPECT_EQ(next["level"], "committed") << "what was said on a line that reads held for it alone";
    EXPECT_EQ(numbers(reader, last), range(6, 9));
    EXPECT_EQ(last["line"], 2);
}

TEST_F(IntakeReading, WritesRowsAsTheToolsDo) {
    start();
    append(1, 1, R"(,"NOTE":"a \"quoted\" \u00e4","@operation":"modify","@event":"desk")");
    const auto first = record(1);
    std::string expected;
    engine::append_row_object(expected, {first.seq, first.at, first.time},
                              engine::row_view(schema, first.payload),
                              {engine::correlation_log_id(table->log().uuid()), 1});
    client reader(options.path);
    ASSERT_TRUE(ask(reader, R"({"@read":"first"})").contains("@read"));
    const json heard = reader.hear();
    EXPECT_EQ(heard, json::parse(expected));
    EXPECT_EQ(heard["row"]["NOTE"], "a \"quoted\" \u00e4");
    EXPECT_EQ(heard["operation"], "modify");
}

TEST_F(IntakeReading, PassesOverWhatTheConditionDoesNot) {
    start();
    append(1, 200);
    EXPECT_EQ(read(R"({"@read":"first","@until":"tail","@where":"N > 190 and N != 195"})"),
              (std::vector<std::uint64_t>{191, 192, 193, 194, 196, 197, 198, 199, 200}));
    EXPECT_EQ(read(R"({"@read":"first","@until":{"sequence":50},"@where":"N > 190"})"),
              range(1, 0));
    EXPECT_EQ(read(R"({"@read":"first","@until":"tail","@where":"record.event = 'desk'"})"),
              range(1, 0));
    const std::string error = error_of(R"({"@read":"first","@where":"PRICE > 3"})");
    EXPECT_TRUE(contains(error, "PRICE")) << error;
}

TEST_F(IntakeReading, FollowsTheTailWhileOthersAppend) {
    start();
    append(1, 3);
    client live(options.path);
    EXPECT_EQ(ask(live, R"({"@read":"tail"})")["@read"]["sequence"], 4);
    client all(options.path);
    ASSERT_TRUE(ask(all, R"({"@read":"first","@until":{"sequence":40}})").contains("@read"));
    wait_until("both read", [&] { return listener->counters.readers.value() == 2; });
    append(4, 45);
    for (std::uint64_t number = 4; number <= 45; ++number) {
        ASSERT_EQ(live.hear()["row"]["N"], number);
    }
    json last;
    EXPECT_EQ(numbers(all, last), range(1, 40));
    EXPECT_EQ(last["@end"]["sequence"], 40);
    wait_until("one has ended", [&] { return listener->counters.readers.value() == 1; });
}

TEST_F(IntakeReading, BeginsAtARecordThatIsStillToCome) {
    start();
    append(1, 3);
    client reader(options.path);
    EXPECT_EQ(ask(reader, R"({"@read":{"sequence":7}})")["@read"]["sequence"], 7);
    append(4, 8);
    EXPECT_EQ(reader.hear()["row"]["N"], 7);
    EXPECT_EQ(reader.hear()["row"]["N"], 8);
}

TEST_F(IntakeReading, EndsAtATimeOnceALaterRowIsThere) {
    start();
    append(1, 2);
    client reader(options.path);
    const std::int64_t time = record(2).time.ns + 1;
    ask(reader, R"({"@read":"first","@until":{"time":)" + std::to_string(time) + "}}");
    EXPECT_EQ(reader.hear()["row"]["N"], 1);
    EXPECT_EQ(reader.hear()["row"]["N"], 2);
    EXPECT_FALSE(reader.has_anything());
    append(3, 3);
    const json last = reader.hear();
    ASSERT_TRUE(last.contains("@end")) << last;
    EXPECT_EQ(last["@end"]["sequence"], 2);
    EXPECT_EQ(last["@end"]["offset"], record(3).at.value);
}

TEST_F(IntakeReading, HandsOutOnlyWhatIsDurableWhereThatIsAsked) {
    storage.sync_delay_max_ns = 60'000'000'000;
    options.level = engine::ack_level::durable;  // what a reading holds to unless it says otherwise
    start();
    append(1, 3, R"(,"@level":"committed")");
    client durable(options.path);
    EXPECT_EQ(ask(durable, R"({"@read":"first","@until":{"sequence":4}})")["level"], "durable");
    client committed(options.path);
    ask(committed, R"({"@level":"committed","@read":"first"})");
    for (std::uint64_t number = 1; number <= 3; ++number) {
        EXPECT_EQ(committed.hear()["row"]["N"], number);
    }
    EXPECT_FALSE(durable.has_anything()) << "it is not on the disk";
    table->request_sync();
    for (std::uint64_t number = 1; number <= 3; ++number) {
        EXPECT_EQ(durable.hear()["row"]["N"], number);
    }
    append(4, 4, R"(,"@level":"committed")");
    EXPECT_EQ(committed.hear()["row"]["N"], 4);
    EXPECT_FALSE(durable.has_anything());
    table->request_sync();
    EXPECT_EQ(durable.hear()["row"]["N"], 4);
    EXPECT_TRUE(durable.hear().contains("@end"));
}

TEST_F(IntakeReading, RefusesTheGateWhereNothingSaysWhatIsDurable) {
    storage.is_synchronous = true;
    start();
    append(1, 2);
    const std::string error = error_of(R"({"@level":"durable","@read":"first"})");
    EXPECT_TRUE(contains(error, log().native()));
    EXPECT_TRUE(contains(error, "written synchronously"));
    EXPECT_EQ(read(R"({"@read":"first","@until":"tail"})"), range(1, 2));
}

TEST_F(IntakeReading, NamesTheNeighboursOfAPlaceThatIsNone) {
    start();
    append(1, 5);
    const auto third = record(3);
    const std::string nearest = "the nearest are " + std::to_string(third.at.value) + " and " +
                                std::to_string(third.end.value);
    const std::string place = std::to_string(third.at.value + 8);
    EXPECT_TRUE(contains(error_of(R"({"@read":{"offset":)" + place + "}}"), nearest));
    EXPECT_TRUE(
        contains(error_of(R"({"@read":"first","@until":{"offset":)" + place + "}}"), nearest));
    EXPECT_TRUE(contains(error_of(R"({"@read":{"offset":99999999}})"), "lies behind the end"));
    EXPECT_TRUE(contains(error_of(R"({"@read":{"offset":0},"@where":"ID"})"), "character"));
    EXPECT_TRUE(contains(error_of(R"({"@from":"first"})"), "no setting '@from'; expected"));
    EXPECT_TRUE(contains(error_of(R"({"@read":"first","@table":"S"})"), "table 'S'"));
    EXPECT_EQ(listener->counters.refused_lines.value(), 6U);
}

TEST_F(IntakeReading, AppendsOrReadsOnOneConnection) {
    start();
    client writer(options.path);
    writer.say(row(1));
    EXPECT_EQ(writer.hear()["sequence"], 1);
    EXPECT_TRUE(contains(ask(writer, R"({"@read":"first"})")["error"], "this connection appends"));
    writer.say(row(2));
    EXPECT_EQ(writer.hear()["sequence"], 2) << "it goes on";
    client reader(options.path);
    ask(reader, R"({"@read":"tail"})");
    const json wrong = ask(reader, row(3).substr(0, row(3).size() - 1));
    EXPECT_EQ(wrong["line"], 2);
    EXPECT_TRUE(contains(wrong["error"], "this connection reads; append rows over another"));
    EXPECT_TRUE(contains(ask(reader, R"({"@read":"first"})")["error"], "as line 1 asked"));
    append(4, 4);
    EXPECT_EQ(reader.hear()["row"]["N"], 4) << "the reading goes on";
    client strict(options.path);
    EXPECT_TRUE(ask(strict, R"({"@stop_at_error":true,"@read":{"offset":7}})").contains("error"));
    EXPECT_TRUE(strict.hear().is_null());
    EXPECT_TRUE(strict.has_ended);
}

TEST_F(IntakeReading, CrossesSegmentsWhileTheyRoll) {
    storage.segment_bytes = engine::segment_bytes_min;
    start();
    client live(options.path);
    ask(live, R"({"@read":"tail"})");
    append(1, 100, long_note());
    ASSERT_GT(engine::list_segments(log()).size(), 4U);
    for (std::uint64_t number = 1; number <= 100; ++number) {
        ASSERT_EQ(live.hear()["row"]["N"], number);
    }
    EXPECT_EQ(read(R"({"@read":{"sequence":15},"@until":{"sequence":60}})"), range(15, 60));
}

// As a power cut leaves it: half a record stands behind the last, and the next writer begins anew.
TEST_F(IntakeReading, CrossesATornEnd) {
    start();
    append(1, 10);
    const auto tenth = record(10);
    engine::test::copy_log(log(), directory / "kept");
    end();
    std::filesystem::remove_all(log());
    std::filesystem::rename(directory / "kept", log());
    engine::test::overwrite(engine::test::segment_path(log(), 0), tenth.end.value + 8,
                            std::vector<std::byte>(40, std::byte{0x5a}));
    start();
    append(11, 12);
    ASSERT_EQ(engine::list_segments(log()).size(), 2U);
    EXPECT_EQ(read(R"({"@read":"first","@until":"tail"})"), range(1, 12));
    EXPECT_EQ(read(R"({"@read":{"sequence":10},"@until":{"sequence":11}})"), range(10, 11));
}

TEST_F(IntakeReading, ReadsOlderRowsWithTheColumnsOfToday) {
    start();
    append(1, 2);
    end();
    schema = engine::row_schema::parse(
        "table T\ncolumn ID text(20) key\ncolumn N i64\ncolumn PRICE decimal\ncolumn NOTE "
        "vartext\n");
    start();
    client live(options.path);
    ask(live, R"({"@read":"first"})");
    json old = live.hear();
    EXPECT_EQ(old["row"]["ID"], "A1");
    EXPECT_TRUE(old["row"].contains("PRICE"));
    EXPECT_TRUE(old["row"]["PRICE"].is_null());
    EXPECT_EQ(live.hear()["row"]["N"], 2);
    append(3, 3, R"(,"PRICE":1.50)");
    EXPECT_EQ(live.hear()["row"]["PRICE"], 1.5);
}

TEST_F(IntakeReading, BeginsAtWhatIsKept) {
    storage.segment_bytes = engine::segment_bytes_min;
    start();
    append(1, 100, long_note());
    wait_until("the disk has it", [&] { return table->log().durable_sequence().value == 100; });
    const auto plan = engine::plan_retention(log(), {{}, {}, 3}, {}, {}, false);
    ASSERT_FALSE(plan.doomed.empty());
    engine::apply_retention(log(), plan);
    const std::uint64_t oldest = plan.last_doomed.value + 1;
    EXPECT_EQ(read(R"({"@read":"first","@until":"tail"})"), range(oldest, 100));
    EXPECT_TRUE(
        contains(error_of(R"({"@read":{"sequence":2}})"),
                 "sequence 2 is no longer here; the oldest kept is " + std::to_string(oldest)));
    EXPECT_TRUE(contains(error_of(R"({"@read":{"offset":4096}})"), "the oldest segment kept"));
}

// An archived segment is decompressed as a whole: not on the listener's thread.
TEST_F(IntakeReading, BeginsBehindWhatIsArchived) {
    storage.segment_bytes = engine::segment_bytes_min;
    start();
    append(1, 100, long_note());
    engine::archive_options how;
    how.is_deleted = true;
    wait_until("its segments are sealed, and go", [&] {
        return engine::archive_log(log(), directory / "archive", how).deleted_count > 0;
    });
    const std::uint64_t index = engine::list_segments(log()).front();
    const std::uint64_t oldest = engine::read_segment_info(log(), index).base_sequence.value;
    ASSERT_GT(oldest, 1U);
    client reader(options.path);
    const json begun = ask(reader, R"({"@read":"first","@until":"tail"})");
    EXPECT_EQ(begun["@read"]["sequence"], oldest) << "so who reads sees what it does not get";
    json last;
    EXPECT_EQ(numbers(reader, last), range(oldest, 100));
    for (const char* place : {R"({"sequence":1})", R"({"time":1})", R"({"offset":4096})"}) {
        const std::string error = error_of(R"({"@read":)" + std::string(place) + "}");
        EXPECT_TRUE(contains(error, "is archived")) << error;
        EXPECT_TRUE(contains(error, "`millrace log dump` reads the archive too")) << error;
    }
}

}  // namespace
}  // namespace millrace::gateway
