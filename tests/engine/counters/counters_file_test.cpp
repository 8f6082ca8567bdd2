#include "engine/counters/counters_file.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/counters/counters_reader.hpp"
#include "tests/engine/core/temporary_directory.hpp"

namespace millrace::engine {
namespace {

TEST(CountersFile, ReaderSeesLabelsKindsUnitsAndValues) {
    const temporary_directory directory;
    const timestamp before = utc_now();
    counters_file file = counters_file::create(directory / "counters");
    counter records = file.add_counter("streamer.out.records", counter_kind::counter);
    counter lag = file.add_counter("client.a.lag", counter_kind::gauge, counter_unit::bytes);
    counter cycle =
        file.add_counter("hot.longest", counter_kind::maximum, counter_unit::nanoseconds);
    records.add(41);
    records.add(1);
    lag.set(1000);
    lag.set(10);
    cycle.raise_to(5);
    cycle.raise_to(4);
    const counters_reader reader = counters_reader::open(directory / "counters");
    const std::vector<counter_reading> seen = reader.list();
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen[0].label, "streamer.out.records");
    EXPECT_EQ(seen[0].kind, counter_kind::counter);
    EXPECT_EQ(seen[0].unit, counter_unit::items);
    EXPECT_EQ(seen[0].value, 42U);
    EXPECT_EQ(seen[1].value, 10U);
    EXPECT_EQ(seen[1].unit, counter_unit::bytes);
    EXPECT_EQ(seen[2].kind, counter_kind::maximum);
    EXPECT_EQ(seen[2].value, 5U);
    EXPECT_EQ(reader.pid(), ::getpid());
    EXPECT_TRUE(reader.is_writer_alive());
    EXPECT_GE(reader.start_time(), before);
    EXPECT_LE(reader.start_time(), utc_now());
}

TEST(CountersFile, ReaderSeesCountersAddedLater) {
    const temporary_directory directory;
    counters_file file = counters_file::create(directory / "counters");
    const counters_reader reader = counters_reader::open(directory / "counters");
    EXPECT_TRUE(reader.list().empty());
    counter late = file.add_counter("late", counter_kind::counter);
    late.add(9);
    ASSERT_EQ(reader.list().size(), 1U);
    EXPECT_EQ(reader.list()[0].value, 9U);
}

TEST(CountersFile, StatusTextsReachTheReaderCutToTheirSlot) {
    const temporary_directory directory;
    counters_file file = counters_file::create(directory / "counters");
    status_text plain = file.add_status("streamer.out");
    status_text exact = file.add_status("exact");
    status_text longer = file.add_status("longer");
    static_cast<void>(file.add_status("never set"));
    plain.set("a much longer text first, which must leave nothing behind");
    plain.set("halted(bad checksum, 4096)");
    exact.set(std::string(status_text::size_max, 'e'));
    longer.set(std::string(status_text::size_max + 1, 'l'));
    const auto seen = counters_reader::open(directory / "counters").list_statuses();
    ASSERT_EQ(seen.size(), 4U);
    EXPECT_EQ(seen[0].label, "streamer.out");
    EXPECT_EQ(seen[0].text, "halted(bad checksum, 4096)");
    EXPECT_EQ(seen[1].text, std::string(status_text::size_max, 'e'));
    EXPECT_EQ(seen[2].text, std::string(status_text::size_max, 'l'));
    EXPECT_EQ(seen[3].text, "");
    for (const status_reading& reading : seen) {
        EXPECT_TRUE(reading.is_settled);
    }
}

TEST(CountersFile, RefusesMoreThanItsCapacity) {
    const temporary_directory directory;
    counters_file file = counters_file::create(directory / "counters",
                                               {.counter_capacity = 2, .status_capacity = 1});
    static_cast<void>(file.add_counter("a", counter_kind::counter));
    counter last = file.add_counter("b", counter_kind::counter);
    EXPECT_THROW(static_cast<void>(file.add_counter("c", counter_kind::counter)), config_error);
    status_text status = file.add_status("s");
    EXPECT_THROW(static_cast<void>(file.add_status("t")), config_error);
    // The last counter and the first status stand side by side in the file.
    last.set(~std::uint64_t{0});
    status.set(std::string(status_text::size_max, 's'));
    const counters_reader reader = counters_reader::open(directory / "counters");
    EXPECT_EQ(reader.list().at(1).value, ~std::uint64_t{0});
    EXPECT_EQ(reader.list().at(0).value, 0U);
    EXPECT_EQ(reader.list_statuses().at(0).text, std::string(status_text::size_max, 's'));
    EXPECT_EQ(file.counter_count(), 2U);
    EXPECT_EQ(file.status_count(), 1U);
}

TEST(CountersFile, RefusesLabelsThatAreNoLabels) {
    const temporary_directory directory;
    counters_file file = counters_file::create(directory / "counters");
    const std::string longest(counters_file::label_size_max, 'x');
    for (const std::string& label : {std::string(), longest + "x", std::string("tab\there"),
                                     std::string("caf\xc3\xa9"), std::string("zero\0inside", 11)}) {
        EXPECT_THROW(static_cast<void>(file.add_counter(label, counter_kind::gauge)), config_error);
        EXPECT_THROW(static_cast<void>(file.add_status(label)), config_error);
    }
    EXPECT_EQ(file.counter_count(), 0U);
    static_cast<void>(file.add_counter(longest, counter_kind::gauge));
    EXPECT_EQ(counters_reader::open(directory / "counters").list().at(0).label, longest);
}

TEST(CountersFile, RefusesALabelTwice) {
    const temporary_directory directory;
    counters_file file = counters_file::create(directory / "counters");
    static_cast<void>(file.add_counter("same", counter_kind::gauge));
    EXPECT_THROW(static_cast<void>(file.add_counter("same", counter_kind::counter)), config_error);
    EXPECT_THROW(static_cast<void>(file.add_status("same")), config_error);
}

TEST(CountersFile, RefusesCapacitiesOutsideItsLimits) {
    const temporary_directory directory;
    for (const counters_options& options : {counters_options{0, 1}, counters_options{1, 0},
                                            counters_options{counters_file::capacity_max + 1, 1},
                                            counters_options{1, counters_file::capacity_max + 1}}) {
        EXPECT_THROW(static_cast<void>(counters_file::create(directory / "c", options)),
                     config_error);
    }
    EXPECT_FALSE(std::filesystem::exists(directory / "c"));
}

TEST(CountersFile, SecondWriterIsRefusedAtOnce) {
    const temporary_directory directory;
    {
        const counters_file file = counters_file::create(directory / "counters");
        EXPECT_THROW(static_cast<void>(counters_file::create(directory / "counters")),
                     locked_error);
        EXPECT_EQ(counters_reader::open(directory / "counters").pid(), ::getpid());
    }
    EXPECT_NO_THROW(static_cast<void>(counters_file::create(directory / "counters")));
}

TEST(CountersFile, SuccessorDoesNotDisturbReadersOfThePredecessor) {
    const temporary_directory directory;
    {
        counters_file file = counters_file::create(directory / "counters");
        counter old = file.add_counter("old", counter_kind::counter);
        old.add(7);
    }
    const counters_reader post_mortem = counters_reader::open(directory / "counters");
    counters_file next = counters_file::create(directory / "counters");
    static_cast<void>(next.add_counter("new", counter_kind::counter));
    EXPECT_EQ(post_mortem.list().at(0).label, "old");
    EXPECT_EQ(post_mortem.list().at(0).value, 7U);
    EXPECT_EQ(counters_reader::open(directory / "counters").list().at(0).label, "new");
}

TEST(CountersFile, AnotherProcessReadsWhatADeadOneWrote) {
    const temporary_directory directory;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        counters_file file = counters_file::create(directory / "counters");
        counter records = file.add_counter("records", counter_kind::counter);
        records.add(123);
        file.add_status("stage").set("halted(test, 1)");
        ::_exit(0);  // no destructor runs, as after a crash
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    const counters_reader reader = counters_reader::open(directory / "counters");
    EXPECT_EQ(reader.pid(), child);
    EXPECT_FALSE(reader.is_writer_alive());
    EXPECT_EQ(reader.list().at(0).value, 123U);
    EXPECT_EQ(reader.list_statuses().at(0).text, "halted(test, 1)");
}

TEST(CountersFileDeathTest, StatusIsNoCounter) {
    const temporary_directory directory;
    counters_file file = counters_file::create(directory / "counters");
    EXPECT_DEATH(static_cast<void>(file.add_counter("x", counter_kind::status)), "kind is");
    EXPECT_DEATH(static_cast<void>(file.add_counter("x", counter_kind::none)), "kind is");
}

}  // namespace
}  // namespace millrace::engine
