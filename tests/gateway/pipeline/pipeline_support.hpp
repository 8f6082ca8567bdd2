// What the tests of running pipelines share: a configuration of two tables, a pipeline that is
// driven and awaited, and what it left.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/counters/counters_reader.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/table/row.hpp"
#include "gateway/pipeline/pipeline.hpp"
#include "tests/gateway/pipeline/config_support.hpp"

namespace millrace::gateway::test {

// 1 MiB is the least with a gateway; every test begins with these tables.
inline constexpr std::string_view tables_text = R"toml([engine]
directory = "data"
segment_bytes = "1MiB"

[[table]]
name = "ORDER_OUT"
columns = [
    {name = "CL_ORD_ID", type = "text(20)", key = true},
    {name = "SYMBOL", type = "text(12)"},
    {name = "SIDE", type = "char"},
    {name = "QUANTITY", type = "decimal"},
    {name = "NOTE", type = "vartext"},
]

[[table]]
name = "COPY"
columns = [
    {name = "CL_ORD_ID", type = "text(20)", key = true},
    {name = "SYMBOL", type = "text(12)"},
    {name = "SIDE", type = "char"},
    {name = "QUANTITY", type = "decimal"},
    {name = "NOTE", type = "vartext"},
]

[[stream]]
name = "ORDERS"
table = "ORDER_OUT"
max_clients = 4

)toml";

inline std::string order_id(std::uint64_t number) {
    return "A" + std::to_string(number);
}

struct order {
    std::uint64_t number = 0;
    char side = '1';  // empty: there is no message without one
    std::size_t note_size = 0;
    engine::operation operation = engine::operation::insert;
};

inline engine::append_result append(engine::table_log& table, const order& wanted) {
    std::vector<std::byte> buffer(table.schema().payload_size(wanted.note_size));
    engine::row_builder row(table.schema(), buffer);
    engine::row_envelope envelope;
    envelope.operation = wanted.operation;
    EXPECT_TRUE(envelope.user.assign("tester"));
    row.set_envelope(envelope);
    EXPECT_EQ(row.set_text(0, order_id(wanted.number)), engine::row_status::ok);
    EXPECT_EQ(row.set_text(1, "ABC"), engine::row_status::ok);
    EXPECT_EQ(row.set_character(2, wanted.side), engine::row_status::ok);
    EXPECT_EQ(row.set_decimal(3, {static_cast<std::int64_t>(wanted.number), -1, 0}),
              engine::row_status::ok);
    EXPECT_EQ(row.set_text(4, std::string(wanted.note_size, 'n')), engine::row_status::ok);
    const engine::append_result result = table.try_append(row.payload());
    EXPECT_EQ(result.status, engine::append_status::ok);
    return result;
}

inline void append_orders(engine::table_log& table, std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t number = first; number <= last; ++number) {
        append(table, {.number = number});
    }
}

inline std::vector<std::uint64_t> range(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t number = first; number <= last; ++number) {
        numbers.push_back(number);
    }
    return numbers;
}

struct kept_row {
    engine::position at;
    engine::sequence seq;
    engine::timestamp time;
    std::vector<std::byte> payload;
    engine::row_envelope envelope;
};

// All rows of a log while others may be writing it; empty if there is none.
inline std::vector<kept_row> read_rows(const std::filesystem::path& directory) {
    std::vector<kept_row> rows;
    if (!std::filesystem::exists(directory) || engine::list_segments(directory).empty()) {
        return rows;
    }
    engine::log_reader reader(directory, engine::read_from::first());
    const engine::row_schema schema = engine::row_schema::parse(reader.schema());
    engine::record_view record;
    engine::read_status status = engine::read_status::none;
    while ((status = reader.poll(record)) == engine::read_status::record) {
        const engine::row_view row(schema, record.bytes());
        rows.push_back({record.at,
                        record.seq,
                        record.time,
                        {record.bytes().begin(), record.bytes().end()},
                        row.envelope()});
    }
    EXPECT_EQ(status, engine::read_status::none) << reader.damage().text();
    return rows;
}

inline std::vector<std::uint64_t> origins_of(const std::vector<kept_row>& rows) {
    std::vector<std::uint64_t> origins;
    for (const kept_row& row : rows) {
        EXPECT_TRUE(row.envelope.has_origin());
        origins.push_back(row.envelope.origin.sequence);
    }
    return origins;
}

// Counts what it was called for, and answers as it is told.
struct recording_handler {
    struct call {
        std::uint64_t sequence = 0;
        bool is_redelivered = false;
    };
    std::function<answer(std::uint64_t)> decide = [](std::uint64_t) { return answer::ack; };

    answer operator()(const event& happened) noexcept {
        const std::lock_guard hold(mutex);
        calls.push_back({happened.seq.value, happened.is_redelivered});
        return decide(happened.seq.value);
    }
    [[nodiscard]] std::vector<std::uint64_t> seen() {
        const std::lock_guard hold(mutex);
        std::vector<std::uint64_t> sequences;
        for (const call& one : calls) {
            sequences.push_back(one.sequence);
        }
        return sequences;
    }
    [[nodiscard]] std::vector<std::uint64_t> redelivered() {
        const std::lock_guard hold(mutex);
        std::vector<std::uint64_t> sequences;
        for (const call& one : calls) {
            if (one.is_redelivered) {
                sequences.push_back(one.sequence);
            }
        }
        return sequences;
    }

    std::mutex mutex;
    std::vector<call> calls;
};

class PipelineTest : public ::testing::Test {
protected:
    // One run of the configuration; the source is this test's to write.
    class run {
    public:
        run(PipelineTest& test, const std::string& text,
            const std::function<void(pipeline&)>& prepare = {}, bool opens_source = true)
            : pipeline_(parse_config(test.path() / "test.toml", text), options(test)) {
            if (opens_source) {
                source_ = &pipeline_.open_source("ORDER_OUT");
            }
            if (prepare) {
                prepare(pipeline_);
            }
            pipeline_.open();
        }
        void start() { pipeline_.start(); }
        void stop() { pipeline_.stop(); }
        [[nodiscard]] engine::table_log& source() { return *source_; }
        [[nodiscard]] pipeline& operator*() { return pipeline_; }
        [[nodiscard]] pipeline* operator->() { return &pipeline_; }

    private:
        static pipeline_options options(PipelineTest& test) {
            pipeline_options wanted;
            wanted.dictionary_directory = dictionaries();
            wanted.log_line = &PipelineTest::keep_line;
            wanted.log_context = &test;
            return wanted;
        }
        pipeline pipeline_;
        engine::table_log* source_ = nullptr;
    };

    [[nodiscard]] const std::filesystem::path& path() const { return directory_.path(); }
    [[nodiscard]] std::filesystem::path data(std::string_view name) const {
        return path() / "data" / name;
    }
    [[nodiscard]] std::vector<kept_row> rows(std::string_view table) const {
        return read_rows(data(table));
    }
    // How far a route has come, as its counters say it while it runs.
    [[nodiscard]] std::uint64_t counter(const std::string& label) const {
        const auto all = engine::counters_reader::open(data("counters.dat")).list();
        const auto found = std::find_if(all.begin(), all.end(),
                                        [&](const auto& one) { return one.label == label; });
        EXPECT_NE(found, all.end()) << "no counter " << label;
        return found == all.end() ? 0 : found->value;
    }
    [[nodiscard]] std::string status(const std::string& label) const {
        const auto all = engine::counters_reader::open(data("counters.dat")).list_statuses();
        const auto found = std::find_if(all.begin(), all.end(),
                                        [&](const auto& one) { return one.label == label; });
        EXPECT_NE(found, all.end()) << "no status " << label;
        return found == all.end() ? std::string() : found->text;
    }
    [[nodiscard]] std::vector<std::string> lines() {
        const std::lock_guard hold(lines_mutex_);
        return lines_;
    }
    // Bounded, and a failure when it did not come about.
    static void wait_until(const std::string& what, const std::function<bool()>& holds) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!holds()) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "waited in vain: " << what;
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }
    void wait_for_highest(const std::string& route, std::uint64_t sequence) {
        wait_until(route + " at " + std::to_string(sequence),
                   [&] { return counter("route." + route + ".highest") >= sequence; });
    }
    void wait_for_halt(const std::string& route) {
        wait_until(route + " halted",
                   [&] { return status("route." + route + ".state").starts_with("halted("); });
    }

private:
    static void keep_line(void* context, event_level, engine::timestamp, std::string_view text) {
        auto& test = *static_cast<PipelineTest*>(context);
        const std::lock_guard hold(test.lines_mutex_);
        test.lines_.emplace_back(text);
    }

    temporary_directory directory_;
    std::mutex lines_mutex_;
    std::vector<std::string> lines_;
};

inline std::string client_text(std::string_view name, std::string_view more = {}) {
    return "[[client]]\nname = \"" + std::string(name) + "\"\nstream = \"ORDERS\"\n" +
           std::string(more) + "\n";
}
inline std::string route_text(std::string_view lines) {
    return "[[client.route]]\n" + std::string(lines) + "\n";
}

}  // namespace millrace::gateway::test
