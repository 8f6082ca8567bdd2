#include "engine/stream/table_log.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "engine/core/error.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {
namespace {

// A state whose whole content is how many rows there were, and the last of them.
class counting_state final : public table_state {
public:
    [[nodiscard]] std::size_t snapshot_bytes() const noexcept override {
        return snapshot_section_bytes(sizeof count);
    }
    void write_snapshot(std::span<std::byte>& room) const noexcept override {
        const auto content =
            put_snapshot_section(room, snapshot_section::sessions_out, sizeof count);
        std::memcpy(content.data(), &count, sizeof count);
    }
    [[nodiscard]] bool read_snapshot(snapshot_section kind,
                                     std::span<const std::byte> content) override {
        if (kind != snapshot_section::sessions_out || content.size() != sizeof count) {
            return false;
        }
        std::memcpy(&count, content.data(), sizeof count);
        ++snapshots_read;
        return true;
    }
    void replay(position, sequence seq, timestamp, const row_view& row) override {
        ++count;
        ++replayed;
        EXPECT_TRUE(is_tick(row.payload(), seq.value));
    }

    std::uint64_t count = 0;
    std::uint64_t replayed = 0;
    std::uint64_t snapshots_read = 0;
};

class TableLog : public ::testing::Test {
protected:
    std::unique_ptr<table_log> open(table_state* state = nullptr) const {
        return std::make_unique<table_log>(path(), tick_table.schema(), tiny_log(), state);
    }
    [[nodiscard]] fs::path path() const { return directory_ / "TICK"; }
    [[nodiscard]] std::uint64_t highest(const table_log& table, std::string_view route) const {
        return table.origins().highest(route_id(route)).value;
    }
    void append_with_origins(table_log& table, std::string_view route, const log_uuid& source,
                             std::uint64_t first, std::uint64_t last) const {
        for (std::uint64_t number = first; number <= last; ++number) {
            ASSERT_EQ(append_tick(table, number, with_origin(route, source, number * 2)).status,
                      append_status::ok);
        }
    }

    temporary_directory directory_;
};

// Other logs note its uuid: a loss of power must not make another log of it.
TEST_F(TableLog, IsDurableBeforeAnybodyLearnsItsUuid) {
    log_options options = tiny_log();
    options.is_synchronous = false;
    options.sync_delay_max_ns = 60'000'000'000;
    const table_log table(path(), tick_table.schema(), options);
    EXPECT_EQ(table.log().durable_position(), table.log().end());
    EXPECT_GT(table.log().storage().sync_count, 0U);
}

TEST_F(TableLog, KeepsItsRowsAndGoesOnBehindThem) {
    std::uint64_t number = 1;
    for (int opening = 0; opening < 4; ++opening) {
        const auto table = open();
        table->start();
        EXPECT_EQ(table->log().last_sequence().value, number - 1);
        const std::uint64_t last = number + 49;
        append_ticks(*table, number, last);
        number = last + 1;
    }
    const auto records = read_log(path());
    ASSERT_EQ(records.size(), number - 1);
    expect_contiguous(records);
    for (const seen_record& record : records) {
        ASSERT_TRUE(is_tick(record.payload, record.seq.value));
    }
}

TEST_F(TableLog, RefusesARowThatCouldNeverFit) {
    schema_column wide;
    wide.name = "WIDE";
    wide.type = column_type::text;
    wide.text_capacity = tiny_segment_bytes / 8;
    const std::string text = thrown_text<config_error>(
        [&] { table_log(path(), row_schema("WIDE_ONE", {wide}), tiny_log()); });
    EXPECT_TRUE(contains(text, "WIDE_ONE"));
    EXPECT_TRUE(contains(text, "segment_bytes = 65536"));
    EXPECT_FALSE(fs::exists(path())) << "nothing is made before the check";
}

TEST_F(TableLog, AnswersTooLargeForARowWhoseTrailingBytesDoNotFit) {
    const auto table = open();
    table->start();
    const std::size_t room =
        table->log().record_bytes_max() - record_header_bytes - tick_table.schema().payload_size();
    const auto envelope = with_origin("orders", uuid_of(1), 3);
    std::vector<std::byte> note(room + 1, std::byte{'n'});
    EXPECT_EQ(tick_table.append(*table, tick_of(1), envelope, note).log.status,
              append_status::too_large);
    EXPECT_EQ(highest(*table, "orders"), 0U) << "what was not appended has no origin";
    note.pop_back();
    EXPECT_EQ(tick_table.append(*table, tick_of(1), envelope, note).log.status, append_status::ok);
    EXPECT_EQ(highest(*table, "orders"), 3U);
}

TEST_F(TableLog, ForgetsAClaimThatIsNotCommitted) {
    const auto table = open();
    table->start();
    {
        const log_claim claim = table->try_claim(tick_table.schema().payload_size(100));
        ASSERT_TRUE(claim);
    }
    append_ticks(*table, 1, 2);
    table->close();
    EXPECT_EQ(read_log(path()).size(), 2U);
}

TEST_F(TableLog, TakesARowBuiltInItsClaimOrBeforeIt) {
    const auto table = open();
    table->start();
    const std::size_t size = tick_table.schema().payload_size(10);
    log_claim claim = table->try_claim(size + 100);
    ASSERT_TRUE(claim);
    const auto note = pattern(1, 10);
    ASSERT_EQ(tick_table.write(claim.payload().first(size), tick_of(1),
                               with_origin("a", uuid_of(1), 4), note),
              row_status::ok);
    EXPECT_EQ(table->commit(claim, size).seq.value, 1U);
    alignas(8) std::array<std::byte, 512> built{};
    ASSERT_EQ(tick_table.write(std::span(built).first(size), tick_of(2),
                               with_origin("a", uuid_of(1), 5), note),
              row_status::ok);
    EXPECT_EQ(table->try_append(std::span(built).first(size)).seq.value, 2U);
    EXPECT_EQ(highest(*table, "a"), 5U);
    table->close();
    EXPECT_EQ(table->try_append(std::span(built).first(size)).status, append_status::closed);
    EXPECT_EQ(highest(*table, "a"), 5U);
}

TEST_F(TableLog, OpensEverySegmentWithASnapshot) {
    const auto table = open();
    table->bind_route("orders", uuid_of(1));
    table->start();
    append_with_origins(*table, "orders", uuid_of(1), 1, 1500);
    table->close();
    const auto segments = list_segments(path());
    ASSERT_GE(segments.size(), 8U);
    for (const std::uint64_t index : segments) {
        const segment one = segment::open(path(), index, access::read_only);
        segment_cursor cursor(one);
        record_view record;
        ASSERT_EQ(cursor.next(record), damage_kind::none);
        ASSERT_NE(record.payload, nullptr);
        EXPECT_TRUE(record.is_control(control_type::snapshot)) << "segment " << index;
    }
    EXPECT_EQ(table->log().skipped_snapshot_count(), 0U);
}

TEST_F(TableLog, KnowsEveryRouteFromItsNewestSegmentAlone) {
    {
        const auto table = open();
        table->bind_route("early", uuid_of(1));
        table->bind_route("silent", uuid_of(3), {77});
        table->start();
        append_with_origins(*table, "early", uuid_of(1), 1, 10);
        append_with_origins(*table, "unnamed", uuid_of(4), 11, 12);
        append_with_origins(*table, "late", uuid_of(2), 13, 1000);
    }
    const auto segments = list_segments(path());
    ASSERT_GE(segments.size(), 5U);
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        fs::remove(segment_path(path(), segments[i]));
    }
    const auto table = open();
    EXPECT_EQ(highest(*table, "early"), 20U);
    EXPECT_EQ(highest(*table, "unnamed"), 24U);
    EXPECT_EQ(highest(*table, "late"), 2000U);
    EXPECT_EQ(highest(*table, "silent"), 77U);
    EXPECT_THROW(table->bind_route("early", uuid_of(9)), config_error);
    EXPECT_THROW(table->bind_route("silent", uuid_of(9)), config_error);
    table->bind_route("early", uuid_of(1), {5000});
    EXPECT_EQ(highest(*table, "early"), 20U);
}

TEST_F(TableLog, KnowsItsRoutesAfterACrashAtAnyRecord) {
    const auto table = open();
    table->bind_route("orders", uuid_of(1), {1});
    table->start();
    for (std::uint64_t number = 1; number <= 400; ++number) {
        ASSERT_EQ(
            append_tick(*table, number, with_origin("orders", uuid_of(1), number + 10)).status,
            append_status::ok);
        if (number % 23 == 0) {
            const fs::path crashed = directory_ / ("crashed-" + std::to_string(number)).c_str();
            copy_log(path(), crashed);
            const table_log next(crashed, tick_table.schema(), tiny_log());
            ASSERT_EQ(highest(next, "orders"), number + 10);
            ASSERT_EQ(next.log().last_sequence().value, number);
            ASSERT_EQ(next.origins().route_name(route_id("orders")), "orders");
        }
    }
}

TEST_F(TableLog, KeepsTheStateOfItsOwnerInTheSameSnapshots) {
    {
        counting_state state;
        const auto table = open(&state);
        table->bind_route("orders", uuid_of(1));
        table->start();
        for (std::uint64_t number = 1; number <= 600; ++number) {
            ASSERT_EQ(append_tick(*table, number, with_origin("orders", uuid_of(1), number)).status,
                      append_status::ok);
            ++state.count;
        }
        EXPECT_EQ(state.replayed, 0U) << "its own appends are the owner's to count";
    }
    counting_state recovered;
    const auto table = open(&recovered);
    EXPECT_EQ(recovered.count, 600U);
    EXPECT_GE(recovered.snapshots_read, 1U);
    EXPECT_LT(recovered.replayed, 200U) << "one segment is read, not all";
    EXPECT_EQ(highest(*table, "orders"), 600U);
}

TEST_F(TableLog, RefusesASnapshotOfAStateItDoesNotHave) {
    {
        counting_state state;
        const auto table = open(&state);
        table->start();
    }
    const std::string text = thrown_text<damage_error>([&] { open(); });
    EXPECT_TRUE(contains(text, path().native()));
    EXPECT_TRUE(contains(text, "position 4096"));
    EXPECT_TRUE(contains(text, "does not know"));
}

TEST_F(TableLog, RefusesARecordThatIsNotItsRow) {
    for (const bool is_of_row_type : {false, true}) {
        const fs::path where = directory_ / (is_of_row_type ? "short" : "foreign");
        std::uint64_t at = 0;
        {
            log_options options;
            options.segment_bytes = tiny_segment_bytes;
            options.schema = tick_table.schema().to_text();
            log_writer writer(where, options);
            const auto bytes = pattern(1, 40);
            at = writer.try_append(is_of_row_type ? row_record_type : 7, bytes).at.value;
        }
        const std::string text =
            thrown_text<damage_error>([&] { table_log(where, tick_table.schema(), tiny_log()); });
        EXPECT_TRUE(contains(text, "position " + std::to_string(at)));
        EXPECT_TRUE(contains(text, "not a row of TICK"));
    }
}

TEST_F(TableLog, RefusesAMalformedSnapshot) {
    struct broken_source final : snapshot_source {
        [[nodiscard]] std::size_t snapshot_bytes() const noexcept override { return 12; }
        void write_snapshot(std::span<std::byte> payload) const noexcept override {
            std::memset(payload.data(), 0x11, payload.size());
        }
    };
    {
        const broken_source broken;
        log_options options;
        options.segment_bytes = tiny_segment_bytes;
        options.schema = tick_table.schema().to_text();
        log_writer writer(path(), options, &broken);
        ASSERT_EQ(writer.append_snapshot(), append_status::ok);
    }
    EXPECT_TRUE(contains(thrown_text<damage_error>([&] { open(); }), "malformed snapshot"));
}

TEST_F(TableLog, RefusesToOpenADamagedLog) {
    {
        const auto table = open();
        table->start();
        append_ticks(*table, 1, 20);
    }
    const auto records = read_log(path());
    flip_bit(segment_path(path(), 0), records[10].at.value + record_header_bytes + 4, 1);
    EXPECT_THROW(open(), damage_error);
}

TEST_F(TableLog, RefusesOtherColumnsThanTheLogHas) {
    open()->start();
    schema_column only;
    only.name = "NUMBER";
    only.type = column_type::u64;
    EXPECT_THROW(table_log(path(), row_schema("TICK", {only}), tiny_log()), config_error);
}

TEST_F(TableLog, HasOneWriter) {
    auto table = open();
    EXPECT_TRUE(
        contains(thrown_text<locked_error>([&] { open(); }), "pid " + std::to_string(::getpid())));
    table.reset();
    table = open();
}

}  // namespace
}  // namespace millrace::engine::test
