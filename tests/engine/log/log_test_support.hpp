// What the tests of the audit log share: a directory of their own, patterned payloads, whole reads,
// raw edits.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "engine/core/file.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/log_writer.hpp"

namespace millrace::engine::test {

namespace fs = std::filesystem;

// Memory-backed where there is such a place, since thousands of small logs are made; gone at the
// end.
class temporary_directory {
public:
    temporary_directory() {
        const fs::path memory("/dev/shm");
        const bool is_usable = ::access(memory.c_str(), W_OK | X_OK) == 0;
        std::string name =
            ((is_usable ? memory : fs::temp_directory_path()) / "millrace-XXXXXX").native();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("cannot make a temporary directory like " + name);
        }
        path_ = name;
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    ~temporary_directory() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    [[nodiscard]] const fs::path& path() const { return path_; }
    [[nodiscard]] fs::path operator/(const char* name) const { return path_ / name; }

private:
    fs::path path_;
};

inline std::uint64_t test_seed() {
    static const std::uint64_t seed = [] {
        const char* given = std::getenv("MILLRACE_TEST_SEED");
        const std::uint64_t chosen =
            given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
        std::cout << "MILLRACE_TEST_SEED=" << chosen << '\n';
        return chosen;
    }();
    return seed;
}

// Never zero, and different for every sequence and place, so that a shifted or stale byte shows.
inline std::vector<std::byte> pattern(std::uint64_t seed, std::size_t size) {
    std::vector<std::byte> bytes(size);
    std::uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;
    for (std::byte& byte : bytes) {
        state = state * 6364136223846793005 + 1442695040888963407;
        byte = static_cast<std::byte>((state >> 56) | 1);
    }
    return bytes;
}

inline log_options small_log(std::size_t segment_bytes = segment_bytes_min) {
    log_options options;
    options.segment_bytes = segment_bytes;
    options.schema = "column price";
    options.purpose = "test";
    options.sync_on_close = false;
    return options;
}

// The ways to write a log.
enum class way { synchronous, direct_ahead, hot };

inline std::string to_text(way how) {
    return how == way::hot ? "Hot" : how == way::direct_ahead ? "DirectAhead" : "Synchronous";
}

// The hot tier, if there is one, lies below `directory`.
inline log_options options_of(way how, const fs::path& directory) {
    log_options options = small_log();
    options.is_synchronous = how == way::synchronous;
    options.storage = how == way::hot ? storage_mode::hot : storage_mode::direct;
    options.hot_directory = directory / "hot";
    options.hot_bytes_max = 8 * segment_bytes_min;
    options.sync_delay_max_ns = 1'000'000;
    return options;
}

// How long to wait for what another thread does: long, for the machine may be busy, until that was
// in vain once. Then something is broken, and the tests behind fail soon instead of one by one.
class patience {
public:
    [[nodiscard]] static std::int64_t ns(std::int64_t at_first = 30'000'000'000) {
        return is_lost().load(std::memory_order_relaxed) ? 500'000'000 : at_first;
    }
    static void lose() { is_lost().store(true, std::memory_order_relaxed); }

private:
    static std::atomic<bool>& is_lost() {
        static std::atomic<bool> lost{false};
        return lost;
    }
};

// A writer that outruns its helper is told so, and asks again.
inline log_claim claim_when_ready(log_writer& writer, std::uint16_t type, std::size_t size) {
    const std::int64_t until = monotonic_now_ns() + patience::ns();
    while (true) {
        log_claim claim = writer.try_claim(type, size);
        if (claim.status() != append_status::back_pressured) {
            return claim;
        }
        if (monotonic_now_ns() > until) {
            patience::lose();
            return claim;
        }
        ::usleep(50);
    }
}

// All of it, on stable storage.
inline durable_wait wait_for_the_disk(log_writer& writer) {
    const durable_wait outcome = writer.wait_durable(writer.end(), patience::ns());
    if (outcome == durable_wait::timed_out) {
        patience::lose();
    }
    return outcome;
}

struct seen_record {
    position at;
    position end;
    sequence seq;
    timestamp time;
    std::uint16_t type = 0;
    std::uint8_t flags = 0;
    std::vector<std::byte> payload;

    friend bool operator==(const seen_record&, const seen_record&) = default;
    [[nodiscard]] bool is_control(control_type which) const {
        return (flags & record_flag_control) != 0 && type == static_cast<std::uint16_t>(which);
    }
};

inline seen_record copy_record(const record_view& view) {
    return {view.at,
            view.end,
            view.seq,
            view.time,
            view.type,
            view.flags,
            {view.payload, view.payload + view.payload_size}};
}

// Reads until the reader says none or damaged, and returns which.
inline read_status drain(log_reader& reader, std::vector<seen_record>& records) {
    record_view view;
    read_status status = read_status::none;
    while ((status = reader.poll(view)) == read_status::record) {
        records.push_back(copy_record(view));
    }
    return status;
}

inline std::vector<seen_record> read_log(const fs::path& directory, read_from from = {},
                                         bool with_control = false) {
    log_reader reader(directory, from, with_control);
    std::vector<seen_record> records;
    EXPECT_EQ(drain(reader, records), read_status::none) << reader.damage().text();
    return records;
}

// Sequences from 1 without a gap, times strictly rising.
inline void expect_contiguous(const std::vector<seen_record>& records) {
    for (std::size_t i = 0; i < records.size(); ++i) {
        ASSERT_EQ(records[i].seq.value, i + 1);
        if (i > 0) {
            ASSERT_GT(records[i].time, records[i - 1].time);
            ASSERT_GE(records[i].at, records[i - 1].end);
        }
    }
}

inline append_result append(log_writer& writer, std::size_t payload_bytes, std::uint16_t type = 1) {
    return writer.try_append(type, pattern(writer.last_sequence().value + 1, payload_bytes));
}

inline append_result append_when_ready(log_writer& writer, std::size_t payload_bytes,
                                       std::uint16_t type = 1) {
    log_claim claim = claim_when_ready(writer, type, payload_bytes);
    if (!claim) {
        return {claim.status(), {}, {}, {}};
    }
    const auto bytes = pattern(writer.last_sequence().value + 1, payload_bytes);
    std::copy(bytes.begin(), bytes.end(), claim.payload().begin());
    return claim.commit();
}

inline fs::path segment_path(const fs::path& directory, std::uint64_t index) {
    return directory / segment_file_name(index);
}

// As a crash leaves a log: what the open writer has stored so far, without its lock.
inline void copy_log(const fs::path& from, const fs::path& to) {
    fs::create_directories(to);
    for (const std::uint64_t index : list_segments(from)) {
        fs::copy_file(segment_path(from, index), segment_path(to, index),
                      fs::copy_options::overwrite_existing);
    }
}

inline void overwrite(const fs::path& file, std::uint64_t offset,
                      std::span<const std::byte> bytes) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(static_cast<std::streamoff>(offset));
    stream.write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
    ASSERT_TRUE(stream.good()) << file;
}

inline void flip_bit(const fs::path& file, std::uint64_t offset, unsigned bit) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(offset));
    const int old = stream.get();
    ASSERT_NE(old, EOF) << file;
    stream.seekp(static_cast<std::streamoff>(offset));
    stream.put(static_cast<char>(old ^ (1 << bit)));
    ASSERT_TRUE(stream.good()) << file;
}

// The text of what `action` throws, which must be an Exception; empty if it throws nothing.
template <class Exception, class Action>
std::string thrown_text(Action&& action) {
    try {
        action();
    } catch (const Exception& failure) {
        return failure.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

inline ::testing::AssertionResult contains(const std::string& text, const std::string& part) {
    if (text.find(part) != std::string::npos) {
        return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << "\"" << text << "\" lacks \"" << part << "\"";
}

// Looks again for a while: for what a thread beside the test does in its own time.
template <class Condition>
bool comes_true(Condition&& condition) {
    const std::int64_t until = monotonic_now_ns() + patience::ns();
    while (!condition()) {
        if (monotonic_now_ns() > until) {
            patience::lose();
            return false;
        }
        ::usleep(500);
    }
    return true;
}

}  // namespace millrace::engine::test
