// The C face of a log: in this process, and from a C program beside a live writer.
#include "engine/capi/millrace_log.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "engine/log/log_writer.hpp"
#include "engine/stream/table_log.hpp"
#include "engine/table/row.hpp"
#include "tests/engine/log/log_test_support.hpp"
#include "tests/engine/stream/host_restart.hpp"

namespace millrace::engine::test {
namespace {

const row_schema& orders() {
    static const row_schema schema = row_schema::parse(
        "table ORDERS\ncolumn ID text(12) key\ncolumn SIDE char\ncolumn PRICE decimal\n"
        "column QUANTITY i32\ncolumn MARK u64\ncolumn DUE timestamp\ncolumn IS_LIVE bool\n"
        "column NOTE bytes\n");
    return schema;
}

// Row `number`; 0 has nothing but its key.
std::vector<std::byte> row_of(std::uint64_t number) {
    std::vector<std::byte> buffer(orders().payload_size(64));
    row_builder row(orders(), buffer);
    row_envelope envelope;
    EXPECT_TRUE(envelope.event.assign("entry"));
    EXPECT_TRUE(envelope.user.assign("sixteen-letters!"));
    envelope.operation = operation::modify;
    envelope.correlation = {7, number};
    row.set_envelope(envelope);
    const auto expect_set = [](row_status status) { EXPECT_EQ(status, row_status::ok); };
    expect_set(row.set_text(0, "A" + std::to_string(number)));
    if (number > 0) {
        const std::string note(number % 40, 'n');
        expect_set(row.set_character(1, '2'));
        expect_set(row.set_decimal(2, {static_cast<std::int64_t>(number), -2, 0}));
        expect_set(row.set_integer(3, -static_cast<std::int64_t>(number)));
        expect_set(row.set_unsigned_integer(4, UINT64_MAX - number));
        expect_set(row.set_timestamp(5, {static_cast<std::int64_t>(number)}));
        expect_set(row.set_boolean(6, true));
        expect_set(row.set_trailing(std::as_bytes(std::span(note))));
    }
    return {row.payload().begin(), row.payload().end()};
}

void append_row(log_writer& writer, std::uint64_t number) {
    const auto row = row_of(number);
    log_claim claim = claim_when_ready(writer, row_record_type, row.size());
    ASSERT_TRUE(bool(claim)) << describe(claim.status());
    std::copy(row.begin(), row.end(), claim.payload().begin());
    claim.commit();
}

log_options table_options(way how, const fs::path& directory) {
    log_options options = options_of(how, directory);
    options.schema = orders().to_text();
    return options;
}

std::string text_of(millrace_log_bytes bytes) {
    return {bytes.data, bytes.size};
}

// A reader that must open.
class opened {
public:
    opened(const fs::path& directory, millrace_log_start start) {
        char reason[256] = "untouched";
        EXPECT_EQ(millrace_log_open(directory.c_str(), start, &reader_, reason, sizeof reason),
                  millrace_log_ok)
            << reason;
        EXPECT_STREQ(reason, "");
    }
    opened(const opened&) = delete;
    opened& operator=(const opened&) = delete;
    ~opened() { millrace_log_close(reader_); }
    [[nodiscard]] millrace_log_reader* get() const { return reader_; }
    // The sequence of the next record, or 0.
    [[nodiscard]] std::uint64_t next() {
        return millrace_log_poll(reader_, &record) == millrace_log_ok ? record.sequence : 0;
    }
    millrace_log_record record{};

private:
    millrace_log_reader* reader_ = nullptr;
};

class CapiLog : public ::testing::Test {
protected:
    CapiLog() : log_(directory_ / "log") {}

    void append_rows(std::uint64_t first, std::uint64_t last) {
        log_writer writer(log_, table_options(way::synchronous, directory_.path()));
        for (std::uint64_t number = first; number <= last; ++number) {
            append_row(writer, number);
        }
    }
    [[nodiscard]] std::pair<millrace_log_status, std::string> refusal(
        millrace_log_start start) const {
        char reason[512];
        millrace_log_reader* reader = nullptr;
        const auto status = millrace_log_open(log_.c_str(), start, &reader, reason, sizeof reason);
        EXPECT_EQ(reader, nullptr);
        return {status, reason};
    }

    temporary_directory directory_;
    fs::path log_;
};

TEST_F(CapiLog, ReadsEveryTypeOfColumnByName) {
    append_rows(5, 5);
    opened log(log_, {millrace_log_from_first, 0});
    EXPECT_STREQ(millrace_log_table(log.get()), "ORDERS");
    EXPECT_EQ(millrace_log_column_count(log.get()), 8U);
    ASSERT_EQ(log.next(), 1U);
    EXPECT_EQ(log.record.type, row_record_type);
    EXPECT_EQ(log.record.raw.size, row_of(5).size());
    std::array<std::size_t, 8> at{};
    const char* const names[] = {"id",   "SIDE", "Price",   "QUANTITY",
                                 "MARK", "DUE",  "IS_LIVE", "note"};
    for (std::size_t i = 0; i < at.size(); ++i) {
        ASSERT_EQ(millrace_log_find(log.get(), names[i], &at[i]), millrace_log_ok) << names[i];
        EXPECT_EQ(at[i], i);
    }
    millrace_log_bytes text{};
    EXPECT_EQ(millrace_log_text(log.get(), at[0], &text), millrace_log_ok);
    EXPECT_EQ(text_of(text), "A5");
    EXPECT_EQ(millrace_log_text(log.get(), at[1], &text), millrace_log_ok);
    EXPECT_EQ(text_of(text), "2");
    millrace_log_decimal price{};
    EXPECT_EQ(millrace_log_decimal_of(log.get(), at[2], &price), millrace_log_ok);
    EXPECT_EQ(price.mantissa, 5);
    EXPECT_EQ(price.exponent, -2);
    std::int64_t number = 0;
    EXPECT_EQ(millrace_log_integer(log.get(), at[3], &number), millrace_log_ok);
    EXPECT_EQ(number, -5);
    EXPECT_EQ(millrace_log_integer(log.get(), at[4], &number), millrace_log_out_of_range);
    EXPECT_EQ(number, -5);
    std::uint64_t large = 0;
    EXPECT_EQ(millrace_log_unsigned(log.get(), at[4], &large), millrace_log_ok);
    EXPECT_EQ(large, UINT64_MAX - 5);
    EXPECT_EQ(millrace_log_timestamp(log.get(), at[5], &number), millrace_log_ok);
    EXPECT_EQ(number, 5);
    int flag = 0;
    EXPECT_EQ(millrace_log_boolean(log.get(), at[6], &flag), millrace_log_ok);
    EXPECT_EQ(flag, 1);
    EXPECT_EQ(millrace_log_trailing(log.get(), at[7], &text), millrace_log_ok);
    EXPECT_EQ(text_of(text), "nnnnn");
    millrace_log_cause cause{};
    EXPECT_EQ(millrace_log_cause_of(log.get(), &cause), millrace_log_ok);
    EXPECT_EQ(cause.operation, millrace_log_modify);
    EXPECT_EQ(text_of(cause.event), "entry");
    EXPECT_EQ(text_of(cause.user), "sixteen-letters!");
    EXPECT_EQ(cause.correlation_log, 7U);
    EXPECT_EQ(cause.correlation_sequence, 5U);
}

// Its next touch would be of a page that is gone, and end this process by SIGBUS.
TEST_F(CapiLog, StopsAtAFileThatBecameShorterInsteadOfTouchingIt) {
    append_rows(1, 60);
    opened log(log_, {millrace_log_from_tail, 0});
    ASSERT_GT(millrace_log_next_position(log.get()), 4096U);
    EXPECT_EQ(millrace_log_poll(log.get(), &log.record), millrace_log_none);
    EXPECT_EQ(millrace_log_poll(log.get(), &log.record), millrace_log_none);
    const fs::path file = log_ / segment_file_name(0);
    fs::resize_file(file, 4096);
    EXPECT_EQ(millrace_log_poll(log.get(), &log.record), millrace_log_damaged);
    const std::string said = millrace_log_damage(log.get());
    EXPECT_NE(said.find(file.native()), std::string::npos) << said;
    EXPECT_NE(said.find("was cut short"), std::string::npos) << said;
    EXPECT_EQ(millrace_log_poll(log.get(), &log.record), millrace_log_damaged) << "for good";
    EXPECT_EQ(refusal({millrace_log_from_tail, 0}).first, millrace_log_damaged);
}

TEST_F(CapiLog, TellsEmptyFromWrongAndMissing) {
    append_rows(0, 0);
    opened log(log_, {millrace_log_from_first, 0});
    std::int64_t number = 42;
    millrace_log_bytes text{};
    millrace_log_decimal price{};
    EXPECT_EQ(millrace_log_integer(log.get(), 3, &number), millrace_log_no_row) << "none read yet";
    ASSERT_EQ(log.next(), 1U);
    EXPECT_EQ(millrace_log_text(log.get(), 1, &text), millrace_log_none);
    EXPECT_EQ(millrace_log_decimal_of(log.get(), 2, &price), millrace_log_none);
    EXPECT_EQ(millrace_log_timestamp(log.get(), 5, &number), millrace_log_none);
    EXPECT_EQ(number, 42);
    EXPECT_EQ(millrace_log_trailing(log.get(), 7, &text), millrace_log_none);
    EXPECT_EQ(millrace_log_text(log.get(), 3, &text), millrace_log_wrong_type);
    EXPECT_EQ(millrace_log_text(log.get(), 7, &text), millrace_log_wrong_type);
    EXPECT_EQ(millrace_log_text(log.get(), 8, &text), millrace_log_no_column);
    EXPECT_EQ(millrace_log_text(log.get(), 0, nullptr), millrace_log_misuse);
    std::uint64_t large = 0;
    EXPECT_EQ(millrace_log_unsigned(log.get(), 3, &large), millrace_log_wrong_type);
    std::size_t column = 0;
    EXPECT_EQ(millrace_log_find(log.get(), "COLOUR", &column), millrace_log_no_column);
    EXPECT_EQ(millrace_log_column_name(log.get(), 8), nullptr);
    EXPECT_EQ(log.next(), 0U) << "nothing further";
    EXPECT_EQ(millrace_log_text(log.get(), 0, &text), millrace_log_no_row)
        << "the bytes may be gone";
}

TEST_F(CapiLog, BeginsWhereItIsTold) {
    append_rows(1, 50);
    opened first(log_, {millrace_log_from_first, 0});
    for (std::uint64_t i = 1; i <= 20; ++i) {
        ASSERT_EQ(first.next(), i);
    }
    const millrace_log_record twentieth = first.record;
    EXPECT_EQ(millrace_log_next_position(first.get()), twentieth.end);
    EXPECT_EQ(opened(log_, {millrace_log_from_sequence, 20}).next(), 20U);
    EXPECT_EQ(opened(log_, {millrace_log_from_time, twentieth.timestamp_ns}).next(), 20U);
    EXPECT_EQ(opened(log_, {millrace_log_from_time, twentieth.timestamp_ns + 1}).next(), 21U);
    const auto at = static_cast<std::int64_t>(twentieth.position);
    EXPECT_EQ(opened(log_, {millrace_log_from_position, at}).next(), 20U);
    opened tail(log_, {millrace_log_from_tail, 0});
    EXPECT_EQ(tail.next(), 0U);
    append_rows(51, 51);
    EXPECT_EQ(tail.next(), 51U);
    EXPECT_EQ(refusal({millrace_log_from_position, at + 8}).first, millrace_log_no_start);
}

TEST_F(CapiLog, SaysWhyItDoesNotOpen) {
    EXPECT_NE(refusal({millrace_log_from_first, 0}).first, millrace_log_ok);
    EXPECT_TRUE(contains(refusal({millrace_log_from_first, 0}).second, log_.native()));
    append_rows(1, 1);
    EXPECT_EQ(refusal({millrace_log_from_sequence, -1}).first, millrace_log_misuse);
    EXPECT_EQ(refusal({static_cast<millrace_log_start_kind>(7), 0}).first, millrace_log_misuse);
    EXPECT_EQ(millrace_log_open(log_.c_str(), {millrace_log_from_first, 0}, nullptr, nullptr, 0),
              millrace_log_misuse);
    char reason[8];
    millrace_log_reader* reader = nullptr;
    EXPECT_NE(millrace_log_open("/nowhere/at/all", {millrace_log_from_first, 0}, &reader, reason,
                                sizeof reason),
              millrace_log_ok);
    EXPECT_EQ(std::string(reason).size(), 7U) << "cut, and ended by a zero";
}

TEST_F(CapiLog, StopsAtDamageForGoodAndSaysWhere) {
    append_rows(1, 3);
    std::uint64_t at = 0;
    {
        opened log(log_, {millrace_log_from_sequence, 2});
        ASSERT_EQ(log.next(), 2U);
        at = log.record.position;
    }
    flip_bit(segment_path(log_, 0), at + 40, 3);
    opened log(log_, {millrace_log_from_first, 0});
    ASSERT_EQ(log.next(), 1U);
    EXPECT_EQ(millrace_log_poll(log.get(), &log.record), millrace_log_damaged);
    EXPECT_EQ(millrace_log_poll(log.get(), &log.record), millrace_log_damaged);
    EXPECT_TRUE(contains(millrace_log_damage(log.get()), std::to_string(at)));
}

// A record of another writer whose checksum is right, and which is no row.
TEST_F(CapiLog, HandsOutNoRowThatReachesBeyondItsColumns) {
    {
        log_writer writer(log_, table_options(way::synchronous, directory_.path()));
        auto row = row_of(3);
        const std::uint16_t too_long = 13;
        std::memcpy(row.data() + row_envelope_size + orders().column(0).offset, &too_long,
                    sizeof too_long);
        ASSERT_EQ(writer.try_append(row_record_type, row).status, append_status::ok);
    }
    opened log(log_, {millrace_log_from_first, 0});
    EXPECT_EQ(millrace_log_poll(log.get(), &log.record), millrace_log_damaged);
    EXPECT_TRUE(contains(millrace_log_damage(log.get()), "not a row of ORDERS"));
    millrace_log_bytes text{};
    EXPECT_EQ(millrace_log_text(log.get(), 0, &text), millrace_log_no_row);
}

TEST_F(CapiLog, ReadsALogThatIsNoTablesAsBytes) {
    {
        log_writer writer(log_, small_log());
        ASSERT_EQ(append(writer, 77, 9).status, append_status::ok);
    }
    opened log(log_, {millrace_log_from_first, 0});
    EXPECT_STREQ(millrace_log_table(log.get()), "");
    EXPECT_EQ(millrace_log_column_count(log.get()), 0U);
    ASSERT_EQ(log.next(), 1U);
    EXPECT_EQ(log.record.type, 9U);
    EXPECT_EQ(log.record.raw.size, 77U);
    std::int64_t number = 0;
    EXPECT_EQ(millrace_log_integer(log.get(), 0, &number), millrace_log_no_row);
}

// A reader that stores its place, and a log that may lose its end before it is opened again.
class CapiPlace : public CapiLog {
protected:
    // Reads up to record `last` and returns the place behind it.
    [[nodiscard]] millrace_log_place place_behind(std::uint64_t last) const {
        millrace_log_place place{};
        opened log(log_, {millrace_log_from_first, 0});
        while (log.next() != last) {
            if (log.record.sequence > last || log.record.sequence == 0) {
                ADD_FAILURE() << "record " << last << " is not there";
                break;
            }
        }
        EXPECT_EQ(millrace_log_place_of(log.get(), &place), millrace_log_ok);
        return place;
    }
    // The sequence of the first record behind the place; the status if it does not open.
    [[nodiscard]] std::pair<millrace_log_status, std::uint64_t> open_behind(
        millrace_log_place& place) {
        char reason[256];
        millrace_log_reader* reader = nullptr;
        const auto status =
            millrace_log_open_behind(log_.c_str(), &place, &reader, reason, sizeof reason);
        reason_ = reason;
        EXPECT_EQ(reader != nullptr, status == millrace_log_ok);
        millrace_log_record record{};
        static_cast<void>(millrace_log_poll(reader, &record));
        millrace_log_close(reader);
        return {status, record.sequence};
    }
    using opening = std::pair<millrace_log_status, std::uint64_t>;

    std::string reason_;
};

TEST_F(CapiPlace, IsGoneOnBehind) {
    append_rows(1, 30);
    millrace_log_place place = place_behind(20);
    EXPECT_EQ(place.sequence, 20U);
    EXPECT_EQ(open_behind(place), opening(millrace_log_ok, 21));
    place = place_behind(30);
    EXPECT_EQ(open_behind(place), opening(millrace_log_ok, 0));
    append_rows(31, 31);
    EXPECT_EQ(open_behind(place), opening(millrace_log_ok, 31));
    millrace_log_place tail{};
    opened at_tail(log_, {millrace_log_from_tail, 0});
    ASSERT_EQ(millrace_log_place_of(at_tail.get(), &tail), millrace_log_ok);
    EXPECT_EQ(tail.sequence, 31U);
    append_rows(32, 32);
    EXPECT_EQ(open_behind(tail), opening(millrace_log_ok, 32));
}

TEST_F(CapiPlace, IsRefusedWhereItsRecordIsLostAndPointsBehindTheLastThatSurvives) {
    append_rows(1, 30);
    millrace_log_place place = place_behind(30);
    lose_records_behind(log_, 22);
    append_rows(23, 60);
    EXPECT_EQ(open_behind(place), opening(millrace_log_lost, 0));
    EXPECT_TRUE(contains(reason_, "records 23 to 30 were read and are gone"));
    EXPECT_EQ(place.sequence, 22U);
    EXPECT_EQ(open_behind(place), opening(millrace_log_ok, 23));
}

TEST_F(CapiPlace, IsOfOneLogAndOfOneThatWasRead) {
    append_rows(1, 3);
    millrace_log_place place = place_behind(3);
    millrace_log_place other = place;
    other.log[0] = other.log[0] == '0' ? '1' : '0';
    EXPECT_EQ(open_behind(other).first, millrace_log_no_start);
    EXPECT_TRUE(contains(reason_, "the reader's place is in log "));
    millrace_log_place none{};
    EXPECT_EQ(open_behind(none).first, millrace_log_misuse);
    EXPECT_EQ(millrace_log_open_behind(log_.c_str(), &place, nullptr, nullptr, 0),
              millrace_log_misuse);
    EXPECT_EQ(millrace_log_place_of(nullptr, &place), millrace_log_misuse);
}

// A table that gets columns and a wider text: what is new stands before the trailing column, and
// the wider text moves all behind it.
const char* const narrow_orders =
    "table ORDERS\ncolumn ID text(4) key\ncolumn SIDE char\ncolumn NOTE vartext\n";
const char* const wide_orders =
    "table ORDERS\ncolumn ID text(20) key\ncolumn SIDE char\ncolumn SIZE i64\n"
    "column LEFT u32\ncolumn IS_LIVE bool\ncolumn DESK text(6)\ncolumn NOTE vartext\n";

class CapiSchema : public CapiLog {
protected:
    // Each in a segment of its own where the schema is another than before.
    void append_order(const char* schema_text, const std::string& id) const {
        const row_schema schema = row_schema::parse(schema_text);
        table_log_options options = table_options(way::synchronous, directory_.path());
        table_log table(log_, schema, options);
        std::vector<std::byte> buffer(schema.payload_size(64));
        row_builder row(schema, buffer);
        ASSERT_EQ(row.set_text(0, id), row_status::ok);
        ASSERT_EQ(row.set_character(1, '2'), row_status::ok);
        ASSERT_EQ(row.set_text(schema.index_of("NOTE"), "of " + id), row_status::ok);
        if (schema.find("SIZE")) {
            ASSERT_EQ(row.set_integer(2, -7), row_status::ok);
            ASSERT_EQ(row.set_unsigned_integer(3, 8), row_status::ok);
            ASSERT_EQ(row.set_boolean(4, true), row_status::ok);
            ASSERT_EQ(row.set_text(5, "EU"), row_status::ok);
        }
        ASSERT_EQ(table.try_append(row.payload()).status, append_status::ok);
    }
    // The columns of the last record, those of `wide_orders` that there are.
    static std::string line_of(millrace_log_reader* log) {
        std::string line;
        for (const char* const name : {"ID", "SIDE", "DESK", "NOTE"}) {
            std::size_t column = 0;
            millrace_log_bytes text{};
            if (millrace_log_find(log, name, &column) == millrace_log_ok) {
                const auto status = millrace_log_text(log, column, &text);
                line += status == millrace_log_ok ? text_of(text) + " " : "- ";
            }
        }
        std::size_t column = 0;
        if (millrace_log_find(log, "SIZE", &column) == millrace_log_ok) {
            std::int64_t size = 99;
            std::uint64_t left = 99;
            int flag = 99;
            EXPECT_EQ(millrace_log_integer(log, column, &size), millrace_log_ok);
            EXPECT_EQ(millrace_log_unsigned(log, column + 1, &left), millrace_log_ok);
            EXPECT_EQ(millrace_log_boolean(log, column + 2, &flag), millrace_log_ok);
            line += std::to_string(size) + " " + std::to_string(left) + " " + std::to_string(flag);
        }
        return line;
    }
};

TEST_F(CapiSchema, ReadsOldRowsByTheColumnsOfTheNewestSegment) {
    append_order(narrow_orders, "A1");
    append_order(wide_orders, "a-longer-order");
    opened log(log_, {millrace_log_from_first, 0});
    EXPECT_EQ(millrace_log_column_count(log.get()), 7U);
    ASSERT_EQ(log.next(), 1U);
    EXPECT_EQ(line_of(log.get()), "A1 2 - of A1 0 0 0");
    EXPECT_EQ(millrace_log_take_columns(log.get()), millrace_log_none);
    ASSERT_EQ(log.next(), 2U) << millrace_log_damage(log.get());
    EXPECT_EQ(line_of(log.get()), "a-longer-order 2 EU of a-longer-order -7 8 1");
    EXPECT_EQ(millrace_log_take_columns(log.get()), millrace_log_none);
}

TEST_F(CapiSchema, FollowsALiveChangeByTheColumnsItKnowsAndTakesUpTheNew) {
    append_order(narrow_orders, "A1");
    opened log(log_, {millrace_log_from_first, 0});
    ASSERT_EQ(log.next(), 1U);
    EXPECT_EQ(log.next(), 0U);
    const char* const name = millrace_log_column_name(log.get(), 2);
    append_order(wide_orders, "a-longer-order");
    ASSERT_TRUE(comes_true([&] { return log.next() == 2U; })) << millrace_log_damage(log.get());
    EXPECT_EQ(millrace_log_column_count(log.get()), 3U);
    EXPECT_EQ(line_of(log.get()), "a-longer-order 2 of a-longer-order ");
    EXPECT_EQ(millrace_log_take_columns(log.get()), millrace_log_ok);
    EXPECT_EQ(millrace_log_column_count(log.get()), 7U);
    EXPECT_EQ(line_of(log.get()), "a-longer-order 2 EU of a-longer-order -7 8 1");
    EXPECT_EQ(millrace_log_take_columns(log.get()), millrace_log_none);
    EXPECT_STREQ(name, "NOTE") << "names live as long as the reader";
    append_order(wide_orders, "A3");
    EXPECT_EQ(log.next(), 3U);
    EXPECT_EQ(line_of(log.get()), "A3 2 EU of A3 -7 8 1");
}

TEST_F(CapiSchema, StopsWhereASegmentsColumnsAreNotTheTables) {
    class lenient final : public schema_judge {
        [[nodiscard]] std::string refuse(const std::string&, const std::string&) const override {
            return {};
        }
    };
    append_order(narrow_orders, "A1");
    opened log(log_, {millrace_log_from_first, 0});
    ASSERT_EQ(log.next(), 1U);
    {
        const lenient judge;
        log_options options = table_options(way::synchronous, directory_.path());
        options.judge = &judge;
        log_writer writer(log_, options);
        append_row(writer, 3);
    }
    millrace_log_status status = millrace_log_none;
    ASSERT_TRUE(comes_true([&] {
        status = millrace_log_poll(log.get(), &log.record);
        return status != millrace_log_none;
    }));
    EXPECT_EQ(status, millrace_log_damaged);
    EXPECT_TRUE(contains(millrace_log_damage(log.get()), "cannot be followed"));
    EXPECT_TRUE(contains(millrace_log_damage(log.get()), "column ID: was text(4) key"));
}

TEST(CapiMisuse, IsAnswered) {
    millrace_log_close(nullptr);
    EXPECT_EQ(millrace_log_poll(nullptr, nullptr), millrace_log_misuse);
    EXPECT_STREQ(millrace_log_uuid(nullptr), "");
    EXPECT_STREQ(millrace_log_damage(nullptr), "");
    EXPECT_EQ(millrace_log_column_count(nullptr), 0U);
    EXPECT_EQ(millrace_log_take_columns(nullptr), millrace_log_misuse);
    EXPECT_EQ(millrace_log_cause_of(nullptr, nullptr), millrace_log_misuse);
    for (int status = 0; status <= millrace_log_lost; ++status) {
        EXPECT_STRNE(millrace_log_describe(static_cast<millrace_log_status>(status)),
                     "no status of this library");
    }
}

// Lines of a program's output; its exit status is checked.
std::vector<std::string> lines_of(std::FILE* pipe) {
    std::vector<std::string> lines;
    std::string line;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
        if (c == '\n') {
            lines.push_back(std::exchange(line, {}));
        } else {
            line += static_cast<char>(c);
        }
    }
    EXPECT_EQ(::pclose(pipe), 0);
    return lines;
}

TEST_F(CapiSchema, TheExampleShowsTheColumnsOfBothSchemasAsTheyCome) {
    append_order(narrow_orders, "A1");
    const std::string command =
        std::string(MILLRACE_FOLLOW_LOG) + " " + log_.native() + " first 2 2>/dev/null";
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::string first;  // it has opened the log, and shown the row
    for (int c = std::fgetc(pipe); c != EOF && c != '\n'; c = std::fgetc(pipe)) {
        first += static_cast<char>(c);
    }
    EXPECT_TRUE(contains(first, " ID=A1 SIDE=2 NOTE=of A1"));
    append_order(wide_orders, "A2");
    const auto lines = lines_of(pipe);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(contains(lines[0], " ID=A2 SIDE=2 SIZE=-7 LEFT=8 IS_LIVE=true DESK=EU NOTE=of A2"));
}

TEST_F(CapiPlace, TheExampleGoesOnAtItsPlaceAndSaysWhatIsLost) {
    const auto follow = [this](int count) {
        const std::string command = std::string(MILLRACE_FOLLOW_LOG) + " " + log_.native() +
                                    " place:" + (directory_ / "place").native() + " " +
                                    std::to_string(count) + " 2>&1";
        std::FILE* const pipe = ::popen(command.c_str(), "r");
        return pipe == nullptr ? std::vector<std::string>{} : lines_of(pipe);
    };
    const auto sequence_of = [](const std::string& line) { return std::stoull(line); };
    append_rows(1, 30);
    auto lines = follow(12);
    ASSERT_EQ(lines.size(), 13U);
    EXPECT_EQ(sequence_of(lines[12]), 12U);
    lines = follow(13);
    ASSERT_EQ(lines.size(), 14U);
    EXPECT_EQ(sequence_of(lines[1]), 13U);
    lose_records_behind(log_, 22);
    append_rows(23, 60);
    lines = follow(1);
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_TRUE(contains(lines[0], "records 23 to 25 were read and are gone"));
    EXPECT_EQ(sequence_of(lines[2]), 23U);
}

class FollowLog : public CapiLog, public ::testing::WithParamInterface<way> {};

TEST_P(FollowLog, ReadsBesideALiveWriterInAnotherProcess) {
    constexpr std::uint64_t rows = 3000;  // over several segments
    log_writer writer(log_, table_options(GetParam(), directory_.path()));
    append_row(writer, 1);
    const std::string command = std::string(MILLRACE_FOLLOW_LOG) + " " + log_.native() + " first " +
                                std::to_string(rows) + " 2>/dev/null";
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    for (std::uint64_t number = 2; number <= rows; ++number) {
        append_row(writer, number);
        if (number % 500 == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
    const auto lines = lines_of(pipe);
    ASSERT_EQ(lines.size(), rows);
    for (std::uint64_t number = 1; number <= rows; ++number) {
        const std::string& line = lines[number - 1];
        ASSERT_TRUE(line.starts_with(std::to_string(number) + " ")) << line;
        ASSERT_TRUE(contains(line, " modify user=sixteen-letters! ID=A" + std::to_string(number) +
                                       " SIDE=2 PRICE=" + std::to_string(number) +
                                       "e-2 QUANTITY=-" + std::to_string(number) + " MARK="));
    }
}

INSTANTIATE_TEST_SUITE_P(Ways, FollowLog,
                         ::testing::Values(way::synchronous, way::direct_ahead, way::hot),
                         [](const auto& one) { return to_text(one.param); });

}  // namespace
}  // namespace millrace::engine::test
