// What the tests of the ingest share: a small table, its rows, and what the log then holds.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/ingest/ingest.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/table/row.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

inline const row_schema& trades() {
    static const row_schema schema = row_schema::parse(
        "table TRADES\ncolumn WHO u32 key\ncolumn NUMBER u64 key\ncolumn NOTE vartext\n");
    return schema;
}

struct trade {
    std::uint32_t who = 0;
    std::uint64_t number = 0;
    friend bool operator==(const trade&, const trade&) = default;
};

inline std::vector<std::byte> row_of(const trade& wanted, std::size_t note_size = 0) {
    std::vector<std::byte> buffer(trades().payload_size(note_size));
    row_builder row(trades(), buffer);
    EXPECT_EQ(row.set_unsigned_integer(0, wanted.who), row_status::ok);
    EXPECT_EQ(row.set_unsigned_integer(1, wanted.number), row_status::ok);
    EXPECT_EQ(row.set_text(2, std::string(note_size, 'n')), row_status::ok);
    return {row.payload().begin(), row.payload().end()};
}

inline std::vector<trade> trades_in(const fs::path& directory) {
    std::vector<trade> found;
    for (const seen_record& record : read_log(directory)) {
        EXPECT_EQ(row_view::check(trades(), record.payload), row_status::ok);
        const row_view row(trades(), record.payload);
        found.push_back(
            {static_cast<std::uint32_t>(row.unsigned_integer(0)), row.unsigned_integer(1)});
    }
    return found;
}

[[nodiscard]] inline table_log_options log_options_of(bool is_synchronous) {
    table_log_options options;
    options.segment_bytes = segment_bytes_min;
    options.purpose = "test";
    options.is_synchronous = is_synchronous;
    return options;
}

// A table whose log rolls often; `is_synchronous` as in table_log_options.
class ingest_table {
public:
    explicit ingest_table(bool is_synchronous = true, ingest_options options = {})
        : directory(scratch_ / "log"),
          log(directory, trades(), log_options_of(is_synchronous)),
          agent((log.start(), log), std::move(options)) {}

    [[nodiscard]] std::vector<ingest_ack> collect(ingest_producer& producer) {
        std::vector<ingest_ack> acks;
        for (ingest_ack ack; producer.poll(ack);) {
            acks.push_back(ack);
        }
        return acks;
    }
    // Turns of the agent until it has nothing more to do.
    void work() {
        while (agent.do_work() > 0) {
        }
    }

private:
    temporary_directory scratch_;

public:
    fs::path directory;
    table_log log;
    ingest agent;
};

}  // namespace millrace::engine::test
