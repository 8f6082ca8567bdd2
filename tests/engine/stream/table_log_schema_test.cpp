// A log whose table gets new columns and wider texts: its writer, its streams, its restarts.
#include <gtest/gtest.h>

#include <optional>

#include "engine/core/error.hpp"
#include "engine/log/salvage.hpp"
#include "engine/log/verify.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {
namespace {

const row_schema first_schema =
    row_schema::parse("table T\ncolumn ID u64 key\ncolumn NAME text(6)\ncolumn NOTE vartext\n");
const row_schema second_schema = row_schema::parse(
    "table T\ncolumn ID u64 key\ncolumn NAME text(30)\ncolumn DESK text(4)\ncolumn NOTE "
    "vartext\n");

class TableLogSchema : public ::testing::Test {
protected:
    void open(const row_schema& schema) {
        table_.reset();
        table_ = std::make_unique<table_log>(log(), schema, tiny_log());
        table_->bind_route("copy", uuid_of(7));
        table_->start();
    }
    void append(std::uint64_t count, std::string_view name = "n") {
        const row_schema& schema = table_->schema();
        for (std::uint64_t i = 0; i < count; ++i) {
            ++last_;
            std::vector<std::byte> buffer(schema.payload_size(100));
            row_builder row(schema, buffer);
            row.set_envelope(with_origin("copy", uuid_of(7), last_));
            ASSERT_EQ(row.set_unsigned_integer(0, last_), row_status::ok);
            ASSERT_EQ(row.set_text(1, name), row_status::ok);
            if (const auto desk = schema.find("DESK")) {
                ASSERT_EQ(row.set_text(*desk, "EU"), row_status::ok);
            }
            ASSERT_EQ(row.set_text(schema.index_of("NOTE"), "note " + std::to_string(last_)),
                      row_status::ok);
            ASSERT_EQ(table_->try_append(row.payload()).status, append_status::ok);
        }
    }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    [[nodiscard]] std::uint32_t newest_version() const {
        return read_segment_info(log(), list_segments(log()).back()).schema_version;
    }
    struct seen_row {
        std::uint64_t id;
        std::string name, desk, note;
    };
    // Polls the subscription and its ring until nothing comes any more.
    static std::vector<seen_row> drain(subscription& reading, stream_ring& ring) {
        std::vector<seen_row> seen;
        const row_schema& schema = reading.schema();
        for (int idle = 0; idle < 3;) {
            idle = reading.do_work() == 0 ? idle + 1 : 0;
            ring.poll(
                [&](const stream_slot& slot) {
                    ASSERT_EQ(row_view::check(schema, slot.bytes()), row_status::ok);
                    const row_view row(schema, slot.bytes());
                    const auto desk = schema.find("DESK");
                    seen.push_back({row.unsigned_integer(0), std::string(row.text(1)),
                                    desk ? std::string(row.text(*desk)) : "-",
                                    std::string(row.text(schema.index_of("NOTE")))});
                },
                ring.capacity());
        }
        return seen;
    }

    temporary_directory directory_;
    std::unique_ptr<table_log> table_;
    std::uint64_t last_ = 0;
};

TEST_F(TableLogSchema, BeginsANewSegmentWithTheNextVersionAndKeepsOrigins) {
    open(first_schema);
    append(10);
    const log_uuid uuid = table_->log().uuid();
    for (const bool is_closed : {true, false}) {
        SCOPED_TRACE(is_closed);
        const std::size_t before = list_segments(log()).size();
        if (is_closed) {
            open(second_schema);
            EXPECT_EQ(list_segments(log()).size(), before + 1);
        } else {
            open(second_schema);  // unchanged: goes on where it was
            EXPECT_EQ(list_segments(log()).size(), before);
        }
        EXPECT_EQ(newest_version(), 2U);
        EXPECT_EQ(table_->log().uuid(), uuid);
        EXPECT_EQ(table_->origins().highest(route_id("copy")), sequence{last_});
        append(5, "a name of more than six");
    }
    EXPECT_EQ(read_segment_info(log(), 0).schema, first_schema.to_text());
    table_->close();
    const verify_report report = verify_log(log());
    EXPECT_EQ(report.result(), verdict::clean);
    EXPECT_EQ(report.record_count, 20U);
    for (std::uint64_t i = list_segments(log()).size(); i < 4; i = list_segments(log()).size()) {
        open(second_schema);
        append(200);
    }
    EXPECT_EQ(newest_version(), 2U);
}

// Rows that the snapshot does not cover are replayed as rows of the new schema.
TEST_F(TableLogSchema, FollowsBehindAWriterThatDied) {
    open(first_schema);
    append(10);
    const fs::path copy = directory_ / "copy";
    fs::copy(log(), copy, fs::copy_options::recursive);
    table_log after(copy, second_schema, tiny_log());
    EXPECT_EQ(after.origins().highest(route_id("copy")), sequence{10});
    EXPECT_EQ(after.log().last_sequence(), sequence{10});
}

TEST_F(TableLogSchema, RefusesAnyOtherChangeAndChangesNothing) {
    open(second_schema);
    append(3);
    table_->close();
    const std::string text =
        thrown_text<config_error>([&] { table_log(log(), first_schema, tiny_log()); });
    EXPECT_TRUE(contains(text, "column NAME: was text(30), is text(6)"));
    EXPECT_TRUE(contains(text, "column DESK: was text(4), is not there"));
    EXPECT_TRUE(contains(text, "log migrate"));
    EXPECT_EQ(list_segments(log()).size(), 1U);
    EXPECT_EQ(newest_version(), 1U);
}

TEST_F(TableLogSchema, StreamsOldRowsAsRowsOfTheSchemaItsClientsHave) {
    open(first_schema);
    append(300, "old");
    open(second_schema);
    append(300, "a much longer name");
    stream_ring ring(8);
    subscription_options options = reading(log());
    options.schema = second_schema;
    subscription stream(std::move(options), ring);
    const std::vector<seen_row> seen = drain(stream, ring);
    ASSERT_EQ(seen.size(), 600U);
    for (std::size_t i = 0; i < seen.size(); ++i) {
        ASSERT_EQ(seen[i].id, i + 1);
        ASSERT_EQ(seen[i].name, i < 300 ? "old" : "a much longer name");
        ASSERT_EQ(seen[i].desk, i < 300 ? "" : "EU");
        ASSERT_EQ(seen[i].note, "note " + std::to_string(i + 1));
    }
}

TEST_F(TableLogSchema, AConditionOnANewColumnSeesItEmptyInOldRows) {
    open(first_schema);
    append(20);
    open(second_schema);
    append(20);
    stream_ring ring(64);
    subscription stream(reading(log(), {}, "DESK is empty"), ring);
    EXPECT_EQ(drain(stream, ring).size(), 20U);
}

// The engine runs on with its columns while a writer begins to write more.
TEST_F(TableLogSchema, ALiveStreamGoesOnAcrossTheChange) {
    open(first_schema);
    append(10);
    stream_ring ring(64);
    subscription_options options = reading(log());
    options.schema = first_schema;
    subscription stream(std::move(options), ring);
    EXPECT_EQ(drain(stream, ring).size(), 10U);
    open(second_schema);
    append(10, "short");
    std::vector<seen_row> seen;
    for (int i = 0; i < 2000 && seen.size() < 10; ++i) {
        const auto more = drain(stream, ring);
        seen.insert(seen.end(), more.begin(), more.end());
        ::usleep(1000);
    }
    ASSERT_EQ(seen.size(), 10U);
    EXPECT_EQ(seen.back().note, "note 20");
    EXPECT_EQ(seen.back().desk, "-");
    append(1, "longer than six bytes");
    EXPECT_TRUE(drain(stream, ring).empty());
    EXPECT_EQ(stream.state(), stream_state::halted);
    EXPECT_TRUE(contains(stream.halt_reason(), "NAME"));
    EXPECT_TRUE(contains(stream.halt_reason(), "new schema"));
}

// A converted row lives as long as its client holds the slot.
TEST_F(TableLogSchema, AConvertedRowStaysWhileItsSlotIsHeld) {
    open(first_schema);
    append(6, "old");
    open(second_schema);
    append(6, "new");
    stream_ring ring(4);
    subscription stream(reading(log()), ring);
    while (stream.do_work() > 0) {
    }
    std::size_t next = 0;
    for (int i = 0; i < 12; ++i) {
        ring.poll(
            [&](const stream_slot& slot) {
                ++next;
                EXPECT_EQ(row_view(stream.schema(), slot.bytes()).unsigned_integer(0), next);
                EXPECT_EQ(row_view(stream.schema(), slot.bytes()).text(1),
                          next <= 6 ? "old" : "new");
            },
            1);
        stream.do_work();
        stream.do_work();
    }
    EXPECT_EQ(next, 12U);
}

TEST_F(TableLogSchema, SalvageKeepsEachSegmentsSchema) {
    open(first_schema);
    append(10, "old");
    open(second_schema);
    append(10, "a name of more than six");
    table_->close();
    const fs::path out = directory_ / "salvaged";
    EXPECT_EQ(salvage_log(log(), out).record_count, 20U);
    EXPECT_EQ(read_segment_info(out, 0).schema, first_schema.to_text());
    EXPECT_EQ(read_segment_info(out, 1).schema, second_schema.to_text());
    EXPECT_EQ(read_segment_info(out, 1).schema_version, 2U);
    stream_ring ring(64);
    subscription stream(reading(out), ring);
    const std::vector<seen_row> seen = drain(stream, ring);
    ASSERT_EQ(seen.size(), 20U);
    EXPECT_EQ(seen[9].name, "old");
    EXPECT_EQ(seen[19].name, "a name of more than six");
}

TEST_F(TableLogSchema, AWriterWithThreadsFollowsToo) {
    open(first_schema);
    append(10);
    table_->close();
    class permit final : public schema_judge {
    public:
        [[nodiscard]] std::string refuse(const std::string&, const std::string&) const override {
            return {};
        }
    } anything;
    log_options options;
    options.segment_bytes = tiny_segment_bytes;
    options.schema = second_schema.to_text();
    options.is_synchronous = false;
    options.judge = &anything;
    log_writer writer(log(), options);
    EXPECT_EQ(newest_version(), 2U);
    EXPECT_EQ(writer.last_sequence(), sequence{10});
    writer.close();
    EXPECT_EQ(verify_log(log()).result(), verdict::clean);
}

}  // namespace
}  // namespace millrace::engine::test
