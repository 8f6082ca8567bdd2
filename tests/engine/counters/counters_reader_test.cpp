#include "engine/counters/counters_reader.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <thread>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/counters/counters_file.hpp"
#include "tests/engine/core/temporary_directory.hpp"

namespace millrace::engine {
namespace {

constexpr counters_options small{.counter_capacity = 3, .status_capacity = 2};

void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// A good file, as bytes to damage.
std::string good_bytes(const std::filesystem::path& path) {
    counters_file file = counters_file::create(path, small);
    for (const char* const label : {"a", "b", "c"}) {
        file.add_counter(label, counter_kind::counter).add(5);
    }
    file.add_status("s").set("running");
    file.add_status("t").set("halted");
    return read_whole_file(path);
}

void expect_refused(const std::filesystem::path& path, const char* reason) {
    try {
        static_cast<void>(counters_reader::open(path));
        FAIL() << "accepted, though: " << reason;
    } catch (const damage_error& failure) {
        EXPECT_NE(std::string(failure.what()).find(reason), std::string::npos) << failure.what();
    }
}

TEST(CountersReader, RefusesFilesThatAreNoCountersFiles) {
    const temporary_directory directory;
    const auto path = directory / "file";
    EXPECT_THROW(static_cast<void>(counters_reader::open(directory / "none")), io_error);
    write_bytes(path, "");
    expect_refused(path, "too few");
    write_bytes(path, std::string(127, 'x'));
    expect_refused(path, "too few");
    write_bytes(path, std::string(4096, 'x'));
    expect_refused(path, "not a counters file");
    write_bytes(path, std::string(4096, '\0'));
    expect_refused(path, "not a counters file");
}

TEST(CountersReader, RefusesAnotherVersion) {
    const temporary_directory directory;
    std::string bytes = good_bytes(directory / "good");
    bytes[offsetof(detail::counters_header, version)] = 2;
    write_bytes(directory / "file", bytes);
    expect_refused(directory / "file", "version 2");
}

TEST(CountersReader, RefusesAFileCutShortByOneByte) {
    const temporary_directory directory;
    const std::string bytes = good_bytes(directory / "good");
    write_bytes(directory / "file", bytes);
    EXPECT_EQ(counters_reader::open(directory / "file").list().size(), 3U);
    write_bytes(directory / "file", bytes.substr(0, bytes.size() - 1));
    expect_refused(directory / "file", "promises more");
}

TEST(CountersReader, RefusesCapacitiesThatTheFileDoesNotHold) {
    const temporary_directory directory;
    const std::string bytes = good_bytes(directory / "good");
    for (const std::size_t field : {offsetof(detail::counters_header, counter_capacity),
                                    offsetof(detail::counters_header, status_capacity)}) {
        for (const std::uint32_t capacity : {4U, 65'537U, 0xFFFF'FFFFU}) {
            std::string damaged = bytes;
            std::memcpy(damaged.data() + field, &capacity, sizeof capacity);
            write_bytes(directory / "file", damaged);
            expect_refused(directory / "file", "promises more");
        }
    }
}

TEST(CountersReader, SaysSoWhenTheFileShrinksUnderIt) {
    const temporary_directory directory;
    static_cast<void>(good_bytes(directory / "file"));
    const counters_reader reader = counters_reader::open(directory / "file");
    EXPECT_EQ(reader.list().size(), 3U);
    std::filesystem::resize_file(directory / "file", 100);
    EXPECT_THROW(static_cast<void>(reader.list()), damage_error);
    EXPECT_THROW(static_cast<void>(reader.list_statuses()), damage_error);
}

TEST(CountersReader, CutsAndCleansLabels) {
    const temporary_directory directory;
    std::string bytes = good_bytes(directory / "good");
    const std::size_t label = detail::counters_geometry{3, 2}.descriptors_offset() +
                              offsetof(detail::counter_descriptor, label);
    std::memset(bytes.data() + label, '\x1b', detail::counter_label_bytes);  // never ends
    write_bytes(directory / "file", bytes);
    const auto seen = counters_reader::open(directory / "file").list();
    EXPECT_EQ(seen.at(0).label, std::string(detail::counter_label_bytes, '?'));
    EXPECT_EQ(seen.at(1).label, "b");
}

TEST(CountersReader, StatusWhoseWriterDiedHalfWayIsNotSettled) {
    const temporary_directory directory;
    std::string bytes = good_bytes(directory / "good");
    bytes[detail::counters_geometry{3, 2}.statuses_offset()] = 3;
    write_bytes(directory / "file", bytes);
    const auto seen = counters_reader::open(directory / "file").list_statuses();
    EXPECT_FALSE(seen.at(0).is_settled);
    EXPECT_TRUE(seen.at(1).is_settled);
    EXPECT_EQ(seen.at(1).text, "halted");
}

TEST(CountersReader, SurvivesEveryDamage) {
    const temporary_directory directory;
    const std::string bytes = good_bytes(directory / "good");
    const char* const given = std::getenv("MILLRACE_TEST_SEED");
    const std::uint64_t seed = given == nullptr ? std::random_device{}() : std::stoull(given);
    std::cout << "MILLRACE_TEST_SEED=" << seed << '\n';
    std::mt19937_64 random(seed);
    int accepted = 0;
    constexpr int turns = 400;
    for (int turn = 0; turn < turns; ++turn) {
        std::string damaged = bytes;
        // Half of the changes hit the header, where the geometry stands.
        const std::size_t range = turn % 2 == 0 ? sizeof(detail::counters_header) : bytes.size();
        for (std::size_t change = random() % 4 + 1; change > 0; --change) {
            damaged[random() % range] = static_cast<char>(random());
        }
        damaged.resize(turn % 5 == 0 ? random() % bytes.size() : bytes.size());
        write_bytes(directory / "file", damaged);
        try {
            const counters_reader reader = counters_reader::open(directory / "file");
            ++accepted;
            EXPECT_LE(reader.list().size(), small.counter_capacity);
            EXPECT_LE(reader.list_statuses().size(), small.status_capacity);
        } catch (const damage_error&) {
        }
    }
    EXPECT_GT(accepted, 0);
    EXPECT_LT(accepted, turns);
}

TEST(CountersReader, NeverSeesAMixtureOfTwoTexts) {
    const temporary_directory directory;
    counters_file file = counters_file::create(directory / "counters", small);
    status_text status = file.add_status("stage");
    counter written = file.add_counter("written", counter_kind::counter);
    status.set(std::string(status_text::size_max, 'a'));
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        for (std::uint64_t turn = 0; !stop.load(std::memory_order_relaxed); ++turn) {
            status.set(std::string(status_text::size_max, static_cast<char>('a' + turn % 26)));
            written.add(1);
        }
    });
    const counters_reader reader = counters_reader::open(directory / "counters");
    std::uint64_t previous = 0;
    int mixtures = 0;
    for (int turn = 0; turn < 3000; ++turn) {
        const status_reading reading = reader.list_statuses().at(0);
        const bool is_whole = reading.text == std::string(status_text::size_max, reading.text[0]);
        mixtures += reading.is_settled && !is_whole ? 1 : 0;
        const std::uint64_t value = reader.list().at(0).value;
        EXPECT_GE(value, previous);
        previous = value;
    }
    stop.store(true, std::memory_order_relaxed);
    writer.join();
    EXPECT_EQ(mixtures, 0);
    EXPECT_TRUE(reader.list_statuses().at(0).is_settled);
}

TEST(CountersReader, NamesKindsAndUnits) {
    EXPECT_EQ(to_string(counter_kind::gauge), "gauge");
    EXPECT_EQ(to_string(counter_unit::nanoseconds), "nanoseconds");
    EXPECT_EQ(to_string(static_cast<counter_kind>(77)), "unknown");
    EXPECT_EQ(to_string(static_cast<counter_unit>(77)), "unknown");
}

}  // namespace
}  // namespace millrace::engine
